//! The task sizes that Fargate offers.
//!
//! Source: "Task CPU and memory", Amazon ECS Developer Guide, Linux tasks.

use crate::findings::{Finding, Findings};
use crate::model::ServiceSpec;

/// The memory sizes that are possible with a number of CPU units, in MiB.
struct Size {
    cpu: u32,
    least: u32,
    most: u32,
    step: u32,
}

const GIB: u32 = 1_024;

/// The memory sizes of the smallest CPU size double: 512, 1,024, and 2,048 MiB. The others have equal steps.
const SIZES: [Size; 7] = [
    Size {
        cpu: 256,
        least: 512,
        most: 2 * GIB,
        step: 512,
    },
    Size {
        cpu: 512,
        least: GIB,
        most: 4 * GIB,
        step: GIB,
    },
    Size {
        cpu: 1_024,
        least: 2 * GIB,
        most: 8 * GIB,
        step: GIB,
    },
    Size {
        cpu: 2_048,
        least: 4 * GIB,
        most: 16 * GIB,
        step: GIB,
    },
    Size {
        cpu: 4_096,
        least: 8 * GIB,
        most: 30 * GIB,
        step: GIB,
    },
    Size {
        cpu: 8_192,
        least: 16 * GIB,
        most: 60 * GIB,
        step: 4 * GIB,
    },
    Size {
        cpu: 16_384,
        least: 32 * GIB,
        most: 120 * GIB,
        step: 8 * GIB,
    },
];

pub(super) fn check(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
    let Some(size) = SIZES.iter().find(|size| size.cpu == spec.cpu) else {
        return check_cpu(path, spec.cpu, findings);
    };
    let offered = size.memory();
    if offered.contains(&spec.memory) {
        return;
    }
    let near = offered
        .iter()
        .min_by_key(|memory| memory.abs_diff(spec.memory));
    let near = near.map_or_else(String::new, u32::to_string);
    let finding = Finding::error(format!(
        "Fargate doesn't support {} MiB with {} CPU units",
        spec.memory, spec.cpu
    ))
    .at(format!("{path}.memory"), format!("{} MiB", spec.memory))
    .at(format!("{path}.cpu"), format!("{} units", spec.cpu))
    .help(format!("{}; the nearest is {near}", size.offer()));
    findings.report(finding);
}

fn check_cpu(path: &str, cpu: u32, findings: &mut Findings) {
    let near = SIZES.iter().min_by_key(|size| size.cpu.abs_diff(cpu));
    let near = near.map_or(0, |size| size.cpu);
    let offered: Vec<String> = SIZES.iter().map(|size| size.cpu.to_string()).collect();
    let finding = Finding::error(format!("Fargate doesn't support {cpu} CPU units"))
        .at(format!("{path}.cpu"), "not supported")
        .help(format!(
            "use one of {}; the nearest is {near}",
            offered.join(", ")
        ));
    findings.report(finding);
}

impl Size {
    /// All memory sizes in MiB.
    fn memory(&self) -> Vec<u32> {
        let steps = (self.least..=self.most).step_by(self.step as usize);
        steps
            .filter(|memory| self.cpu > 256 || memory.is_power_of_two())
            .collect()
    }

    fn offer(&self) -> String {
        if self.cpu == 256 {
            return "with 256 CPU units, use 512, 1024, or 2048 MiB".to_owned();
        }
        format!(
            "with {} CPU units, use {} to {} MiB in steps of {}",
            self.cpu, self.least, self.most, self.step
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offer_is_that_of_the_developer_guide() {
        let count: Vec<(u32, usize)> = SIZES
            .iter()
            .map(|size| (size.cpu, size.memory().len()))
            .collect();
        // 512–2,048 MiB; 1–4, 2–8, 4–16, and 8–30 GiB in steps of 1; 16–60 in steps of 4; 32–120 in steps of 8.
        assert_eq!(
            count,
            [
                (256, 3),
                (512, 4),
                (1_024, 7),
                (2_048, 13),
                (4_096, 23),
                (8_192, 12),
                (16_384, 12)
            ]
        );
        assert_eq!(SIZES[0].memory(), [512, 1_024, 2_048]);
        assert_eq!(SIZES[6].memory().last(), Some(&122_880));
    }
}
