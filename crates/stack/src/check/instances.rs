//! How many tasks fit onto the EC2 instances.

use crate::findings::{Finding, Findings};
use crate::model::{ServiceSpec, Tasks};

const MAX: &str = "cluster.capacity.ec2.max";

/// What an instance offers its tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    /// CPU units.
    cpu: u32,
    /// MiB.
    memory: u32,
}

/// A service with its path.
pub(super) type Placed<'s> = (String, &'s ServiceSpec, Tasks);

/// Whether the tasks of the services fit onto at most `max` instances of a type. Says nothing of types whose size
/// isn't known.
pub(super) fn check(
    instance_type: &str,
    max: u32,
    services: &[Placed<'_>],
    findings: &mut Findings,
) {
    let Some(room) = room_of(instance_type) else {
        return;
    };
    let errors = findings.error_count();
    for placed in services {
        service(instance_type, room, max, placed, findings);
    }
    if errors == findings.error_count() {
        together(instance_type, room, max, services, findings);
    }
}

fn service(
    instance_type: &str,
    room: Room,
    max: u32,
    (path, spec, tasks): &Placed<'_>,
    findings: &mut Findings,
) {
    let each = room.tasks(spec);
    let most = each.saturating_mul(max);
    let (tasks_path, wanted) = if tasks.min > most {
        (format!("{path}.tasks.min"), tasks.min)
    } else {
        (format!("{path}.tasks.max"), tasks.max)
    };
    if wanted <= most && each > 0 {
        return;
    }
    let size = format!("{} CPU units and {} MiB", spec.cpu, spec.memory);
    let has = format!(
        "{instance_type} has {} CPU units and {} MiB for tasks",
        room.cpu, room.memory
    );
    let finding = if each == 0 {
        Finding::error("a task is larger than an instance")
            .at(format!("{path}.cpu"), format!("a task has {size}"))
            .at("cluster.capacity.ec2.instance_type", has)
            .help("choose a larger instance type, or make the task smaller")
    } else {
        let message = format!("{most} of {wanted} tasks fit onto the instances");
        let finding = if tasks.min > most {
            Finding::error(message)
        } else {
            Finding::warning(message)
        };
        finding
            .at(tasks_path, format!("{wanted} tasks of {size}"))
            .at(MAX, format!("{max} × {each} tasks"))
            .help(format!(
                "{has}, so ECS places {each} tasks on each and the others wait: raise `max` of `ec2` to {}, choose a larger type, or lower `tasks`",
                wanted.div_ceil(each)
            ))
    };
    findings.report(finding);
}

/// The fewest tasks of all services run at the same time.
fn together(
    instance_type: &str,
    room: Room,
    max: u32,
    services: &[Placed<'_>],
    findings: &mut Findings,
) {
    let sum = |of: fn(&ServiceSpec) -> u32| -> u64 {
        let needs = services
            .iter()
            .map(|(_, spec, tasks)| u64::from(of(spec)) * u64::from(tasks.min));
        needs.sum()
    };
    let (cpu, memory) = (sum(|spec| spec.cpu), sum(|spec| spec.memory));
    let instances =
        (cpu.div_ceil(u64::from(room.cpu))).max(memory.div_ceil(u64::from(room.memory)));
    if instances <= u64::from(max) {
        return;
    }
    let finding = Finding::error("the fewest tasks of all services don't fit onto the instances")
        .at(MAX, format!("at most {max} of {instance_type}"))
        .help(format!(
            "together they need {cpu} CPU units and {memory} MiB: raise `max` to at least {instances}, choose a larger type, or lower `tasks.min`"
        ));
    findings.report(finding);
}

impl Room {
    /// As many tasks of a service as an instance holds.
    fn tasks(self, spec: &ServiceSpec) -> u32 {
        (self.cpu / spec.cpu.max(1)).min(self.memory / spec.memory.max(1))
    }
}

/// The room of the usual types: `c`, `m` and `r` since their fifth generation, `t2` to `t4g`, and `a1`. Of the
/// memory the kernel needs a 64th for its page table alone.
/// Source: "Amazon EC2 instance types".
fn room_of(instance_type: &str) -> Option<Room> {
    let (family, size) = instance_type.split_once('.')?;
    let (vcpus, mebibytes) = match family {
        "t2" | "t3" | "t3a" | "t4g" => burstable(family, size)?,
        "a1" => (vcpus(size)?, 2 * 1_024 * vcpus(size)?),
        // Has more memory than its like.
        "c5n" => return None,
        _ => {
            let mut letters = family.chars();
            let per_vcpu = match letters.next()? {
                'c' => 2,
                'm' => 4,
                'r' => 8,
                _ => return None,
            };
            let generation = letters.next()?.to_digit(10)?;
            if generation < 5 {
                return None;
            }
            (vcpus(size)?, per_vcpu * 1_024 * vcpus(size)?)
        }
    };
    Some(Room {
        cpu: vcpus * 1_024,
        memory: mebibytes - mebibytes / 64,
    })
}

/// vCPUs of a size, which are alike in all families but the burstable ones.
fn vcpus(size: &str) -> Option<u32> {
    match size {
        "medium" => Some(1),
        "large" => Some(2),
        "xlarge" => Some(4),
        _ => {
            let times: u32 = size.strip_suffix("xlarge")?.parse().ok()?;
            (times <= 96).then_some(4 * times)
        }
    }
}

/// vCPUs and MiB.
fn burstable(family: &str, size: &str) -> Option<(u32, u32)> {
    let small = if family == "t2" { 1 } else { 2 };
    Some(match size {
        "nano" => (small, 512),
        "micro" => (small, 1_024),
        "small" => (small, 2_048),
        "medium" => (2, 4_096),
        "large" => (2, 8_192),
        "xlarge" => (4, 16_384),
        "2xlarge" => (8, 32_768),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_follows_family_and_size() {
        let offered = |instance_type: &str| {
            room_of(instance_type).map(|room| (room.cpu / 1_024, room.memory.div_ceil(1_008)))
        };
        for (instance_type, expected) in [
            ("t4g.small", (2, 2)),
            ("t2.micro", (1, 1)),
            ("t3.2xlarge", (8, 32)),
            ("m7g.medium", (1, 4)),
            ("m5.24xlarge", (96, 384)),
            ("c6gn.xlarge", (4, 8)),
            ("c7i-flex.large", (2, 4)),
            ("r8g.48xlarge", (192, 1_536)),
            ("a1.2xlarge", (8, 16)),
        ] {
            assert_eq!(offered(instance_type), Some(expected), "{instance_type}");
        }
        for unknown in [
            "c4.large",
            "c5n.large",
            "m5.metal",
            "p4d.24xlarge",
            "t4g.4xlarge",
            "x",
        ] {
            assert_eq!(room_of(unknown), None, "{unknown}");
        }
    }
}
