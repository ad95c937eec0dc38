//! How Application Auto Scaling follows a target tracking policy, where AWS doesn't document it.
//!
//! Each open question is a named assumption with its variants. The defaults fit every event of the public
//! scaling logs that we know: see `tracking_policy/log.json` and the tests that replay it.

use std::fmt;
use std::str::FromStr;

/// The assumptions about target tracking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackingBehavior {
    /// The count that is multiplied by metric ÷ target outside of a scale-out cooldown.
    pub base: TrackingBase,
    /// What a high alarm does during a scale-out cooldown.
    pub cooldown: OutCooldown,
    /// Which datapoint of the high alarm counts.
    pub datapoint: TrackingDatapoint,
    /// How many tasks one scale-in removes.
    pub scale_in: ScaleInStep,
    /// Whether a scale-in waits if it would bring the metric above the target.
    pub flapping_guard: FlappingGuard,
}

impl TrackingBehavior {
    /// The names of its parts, for [`Self::get`] and [`Self::set`].
    pub const PARTS: [&str; 5] = [
        "base",
        "cooldown",
        "datapoint",
        "scale_in",
        "flapping_guard",
    ];

    /// The value of a part, as text. `None` if there is no part with this name.
    #[must_use]
    pub fn get(&self, part: &str) -> Option<String> {
        Some(match part {
            "base" => self.base.to_string(),
            "cooldown" => self.cooldown.to_string(),
            "datapoint" => self.datapoint.to_string(),
            "scale_in" => self.scale_in.to_string(),
            "flapping_guard" => self.flapping_guard.to_string(),
            _ => return None,
        })
    }

    /// Sets a part to a value in text form.
    ///
    /// # Errors
    /// If there is no part with this name, or the value isn't valid for the part. The text lists the valid
    /// values.
    pub fn set(&mut self, part: &str, value: &str) -> Result<(), &'static str> {
        match part {
            "base" => self.base = value.parse()?,
            "cooldown" => self.cooldown = value.parse()?,
            "datapoint" => self.datapoint = value.parse()?,
            "scale_in" => self.scale_in = value.parse()?,
            "flapping_guard" => self.flapping_guard = value.parse()?,
            _ => return Err("base, cooldown, datapoint, scale_in or flapping_guard"),
        }
        Ok(())
    }
}

/// The count that is multiplied by metric ÷ target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrackingBase {
    /// The desired count at the time of the decision. Probability in our judgment: 55%.
    #[default]
    Desired,
    /// The running count at the datapoint's time, by which the metric was divided (30%).
    RunningThen,
    /// The running count at the time of the decision (15%).
    Running,
}

/// What a high alarm does during a scale-out cooldown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutCooldown {
    /// The base is the count before the scale-out that started the cooldown. A result above the current
    /// count raises it; any other result changes nothing.
    #[default]
    LargerPasses,
    /// Nothing.
    Blocks,
    /// Running count × metric ÷ target again, minus the tasks already added. A public log refutes it; it
    /// was our own assumption until November 2026.
    Repeats,
}

/// Which of the high alarm's datapoints counts. Scale-in always uses the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrackingDatapoint {
    /// The latest.
    #[default]
    Latest,
    /// The average of the ones that put the alarm into ALARM.
    Average,
    /// The minimum of them.
    Minimum,
}

/// Maximum number of tasks that one scale-in removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleInStep {
    /// This percentage of the desired count, rounded down, and at least one task.
    Percent(u32),
    /// As many as metric ÷ target allows.
    ToTarget,
}

/// Whether a scale-in waits if it would bring the metric above the target. AWS documents that target
/// tracking then doesn't scale in, and returns the reason `AutoScalingAnticipatedFlapping`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlappingGuard {
    /// It waits.
    #[default]
    On,
    /// It doesn't; the low alarm alone decides.
    Off,
}

impl Default for ScaleInStep {
    /// One task at a time, as in every public log of an ECS service.
    fn default() -> Self {
        Self::Percent(0)
    }
}

impl ScaleInStep {
    /// The smallest count that one scale-in can set.
    #[must_use]
    pub fn lowest(self, desired: u32) -> u32 {
        match self {
            Self::Percent(percent) => {
                let share = u64::from(desired) * u64::from(percent) / 100;
                desired.saturating_sub(u32::try_from(share).unwrap_or(desired).max(1))
            }
            Self::ToTarget => 0,
        }
    }
}

impl TrackingDatapoint {
    /// The value that counts, from the datapoints that put the high alarm into ALARM, oldest first. `None`
    /// without a datapoint.
    #[must_use]
    pub fn choose(self, datapoints: &[f64]) -> Option<f64> {
        let latest = *datapoints.last()?;
        Some(match self {
            Self::Latest => latest,
            #[expect(
                clippy::cast_precision_loss,
                reason = "an alarm has fewer than 2^52 datapoints"
            )]
            Self::Average => datapoints.iter().sum::<f64>() / datapoints.len() as f64,
            Self::Minimum => datapoints.iter().copied().fold(latest, f64::min),
        })
    }
}

/// Implements `Display` and `FromStr` for an assumption with one word per variant.
macro_rules! words {
    ($of:ident: $($variant:ident = $word:literal),+; $form:literal) => {
        impl fmt::Display for $of {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),+ })
            }
        }

        impl FromStr for $of {
            /// The valid values.
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($form),
                }
            }
        }
    };
}

words!(TrackingBase: Desired = "desired", RunningThen = "running_then", Running = "running";
    "desired, running_then or running");
words!(OutCooldown: LargerPasses = "larger_passes", Blocks = "blocks", Repeats = "repeats";
    "larger_passes, blocks or repeats");
words!(TrackingDatapoint: Latest = "latest", Average = "average", Minimum = "minimum";
    "latest, average or minimum");
words!(FlappingGuard: On = "on", Off = "off"; "on or off");

impl fmt::Display for ScaleInStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(0) => f.write_str("one_task"),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::ToTarget => f.write_str("to_target"),
        }
    }
}

impl FromStr for ScaleInStep {
    /// The valid values.
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let percent = || text.strip_suffix('%')?.parse().ok();
        match text {
            "one_task" => Ok(Self::default()),
            "to_target" => Ok(Self::ToTarget),
            _ => percent()
                .filter(|percent| (1..=100).contains(percent))
                .map(Self::Percent)
                .ok_or("one_task, a percentage such as 5%, or to_target"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_removes_at_least_one_task_and_at_most_its_share() {
        let lowest = |percent, desired| ScaleInStep::Percent(percent).lowest(desired);
        assert_eq!(lowest(0, 40), 39);
        assert_eq!(lowest(5, 40), 38, "5% of 40 is 2");
        assert_eq!(lowest(25, 7), 6, "25% of 7 is 1.75");
        assert_eq!(lowest(5, 1), 0);
        assert_eq!(lowest(5, 0), 0);
        assert_eq!(ScaleInStep::ToTarget.lowest(40), 0);
    }

    #[test]
    fn every_variant_is_read_as_it_is_written() {
        for step in [
            ScaleInStep::default(),
            ScaleInStep::Percent(5),
            ScaleInStep::ToTarget,
        ] {
            assert_eq!(step.to_string().parse(), Ok(step));
        }
        assert_eq!("running_then".parse(), Ok(TrackingBase::RunningThen));
        assert_eq!(TrackingBase::Running.to_string(), "running");
        assert!("0%".parse::<ScaleInStep>().is_err());
        assert!("101%".parse::<ScaleInStep>().is_err());
        assert!("both".parse::<FlappingGuard>().is_err());
    }

    #[test]
    fn every_part_is_set_and_read_by_its_name() {
        let mut behavior = TrackingBehavior::default();
        let other = ["running", "blocks", "average", "10%", "off"];
        for (part, value) in TrackingBehavior::PARTS.into_iter().zip(other) {
            assert_ne!(behavior.get(part).as_deref(), Some(value));
            behavior.set(part, value).unwrap();
            assert_eq!(behavior.get(part).as_deref(), Some(value));
        }
        let expected = TrackingBehavior {
            base: TrackingBase::Running,
            cooldown: OutCooldown::Blocks,
            datapoint: TrackingDatapoint::Average,
            scale_in: ScaleInStep::Percent(10),
            flapping_guard: FlappingGuard::Off,
        };
        assert_eq!(behavior, expected);
        assert_eq!(behavior.get("step"), None);
        assert!(behavior.set("step", "on").is_err());
        assert!(behavior.set("base", "both").is_err());
        assert_eq!(behavior, expected, "a wrong value changes nothing");
    }

    #[test]
    fn a_datapoint_is_chosen() {
        let datapoints = [30.0, 20.0, 25.0];
        assert_eq!(TrackingDatapoint::Latest.choose(&datapoints), Some(25.0));
        assert_eq!(TrackingDatapoint::Average.choose(&datapoints), Some(25.0));
        assert_eq!(TrackingDatapoint::Minimum.choose(&datapoints), Some(20.0));
        assert_eq!(TrackingDatapoint::Latest.choose(&[]), None);
    }
}
