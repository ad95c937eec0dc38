//! EC2 instance types: the capacity that they have for tasks.

/// The capacity that an instance has for tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceRoom {
    /// CPU units; 1,024 are one vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
}

impl InstanceRoom {
    /// The capacity of an instance type, or `None` if its size isn't known.
    #[must_use]
    pub fn of(instance_type: &str) -> Option<Self> {
        room_of(instance_type)
    }

    /// Number of tasks of this many CPU units and MiB that fit onto the instance.
    #[must_use]
    pub fn tasks(self, cpu: u32, memory: u32) -> u32 {
        (self.cpu / cpu.max(1)).min(self.memory / memory.max(1))
    }
}

/// The capacity of the usual types: `c`, `m`, and `r` since their fifth generation, `t2` to `t4g`, and `a1`. The
/// kernel needs 1/64 of the memory for its page table alone. Source: "Amazon EC2 instance types".
fn room_of(instance_type: &str) -> Option<InstanceRoom> {
    let (family, size) = instance_type.split_once('.')?;
    let (vcpus, mebibytes) = match family {
        "t2" | "t3" | "t3a" | "t4g" => burstable(family, size)?,
        "a1" => (vcpus(size)?, 2 * 1_024 * vcpus(size)?),
        // Has more memory than similar types.
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
    Some(InstanceRoom {
        cpu: vcpus * 1_024,
        memory: mebibytes - mebibytes / 64,
    })
}

/// vCPUs of a size. They are the same in all families except the burstable ones.
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
