//! How a sandbox behaves: the speed of its minutes, the programs that its tasks run, and the start time of its
//! tasks.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use scaling::TrackingBehavior;
use serde::{Deserialize, Serialize};

/// How many times faster than real time the loop's minutes are, 1 to 30.
///
/// Applies to alarms, rules, cooldowns, and task starts. Messages are real, so their processing time and their
/// acceptable latency don't change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Speed(u32);

/// The reason why a sandbox can't behave in this way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BehaviorError {
    /// The speed is out of range.
    #[error(
        "the speed is a whole number from 1 to {max}, not {0}: datapoints are kept by the second, and a minute must last at least 2 s",
        max = Speed::MAX
    )]
    Speed(String),
    /// The start delay can't be parsed.
    #[error("a start is a time such as 40s, or a range such as 23s..60s, not {0:?}")]
    TaskStart(String),
    /// The behavior of target tracking can't be parsed.
    #[error(
        "target tracking is written as base=…, cooldown=…, datapoint=…, scale_in=… or flapping_guard=… with the \
         values of --assume tracking_…, separated by commas, not {0:?}"
    )]
    Tracking(String),
    /// The program can't be parsed.
    #[error("a program is NAME=PATH, the container's name and what runs for it, not {0:?}")]
    Program(String),
}

impl Speed {
    /// The maximum speed.
    pub const MAX: u32 = 30;
    /// Real time.
    pub const REAL: Self = Self(1);

    /// Returns the number of model seconds per real second.
    #[must_use]
    pub fn factor(self) -> u32 {
        self.0
    }

    /// Returns how long a time of the loop lasts in real time.
    #[must_use]
    pub fn compress(self, time: Duration) -> Duration {
        time / self.0
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self::REAL
    }
}

impl TryFrom<u32> for Speed {
    type Error = BehaviorError;

    fn try_from(factor: u32) -> Result<Self, BehaviorError> {
        if (1..=Self::MAX).contains(&factor) {
            Ok(Self(factor))
        } else {
            Err(BehaviorError::Speed(factor.to_string()))
        }
    }
}

impl From<Speed> for u32 {
    fn from(speed: Speed) -> Self {
        speed.0
    }
}

impl FromStr for Speed {
    type Err = BehaviorError;

    fn from_str(text: &str) -> Result<Self, BehaviorError> {
        let factor: u32 = text
            .parse()
            .map_err(|_| BehaviorError::Speed(text.to_owned()))?;
        Self::try_from(factor)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The start time of a task, from being desired to running: uniformly distributed over the range. A time of the
/// loop, so [`Speed`] compresses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskStart {
    /// The fastest start.
    pub shortest: Duration,
    /// The slowest start, at least `shortest`.
    pub longest: Duration,
}

impl TaskStart {
    /// Returns the start time at this share of the range, from 0 to 1.
    #[must_use]
    pub fn at(self, share: f64) -> Duration {
        let range = self.longest.saturating_sub(self.shortest);
        self.shortest + range.mul_f64(share.clamp(0.0, 1.0))
    }
}

impl FromStr for TaskStart {
    type Err = BehaviorError;

    fn from_str(text: &str) -> Result<Self, BehaviorError> {
        let wrong = || BehaviorError::TaskStart(text.to_owned());
        let time = |text: &str| {
            let text = text.trim();
            if text == "0" {
                return Ok(Duration::ZERO);
            }
            humantime::parse_duration(text).map_err(|_| wrong())
        };
        let (shortest, longest) = match text.split_once("..") {
            Some((shortest, longest)) => (time(shortest)?, time(longest)?),
            None => (time(text)?, time(text)?),
        };
        if shortest > longest || longest > Duration::from_secs(3600) {
            return Err(wrong());
        }
        Ok(Self { shortest, longest })
    }
}

impl TryFrom<String> for TaskStart {
    type Error = BehaviorError;

    fn try_from(text: String) -> Result<Self, BehaviorError> {
        text.parse()
    }
}

impl From<TaskStart> for String {
    fn from(start: TaskStart) -> Self {
        start.to_string()
    }
}

impl fmt::Display for TaskStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shortest, longest) = (self.shortest, self.longest);
        let shown = humantime::format_duration;
        if shortest == longest {
            shown(shortest).fmt(f)
        } else {
            write!(f, "{}..{}", shown(shortest), shown(longest))
        }
    }
}

/// How target tracking behaves: the variants that differ from the defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tracking(pub TrackingBehavior);

impl Tracking {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for Tracking {
    type Err = BehaviorError;

    fn from_str(text: &str) -> Result<Self, BehaviorError> {
        let mut behavior = TrackingBehavior::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let wrong = || BehaviorError::Tracking(text.to_owned());
            let (key, value) = part.split_once('=').ok_or_else(wrong)?;
            let read = behavior.set(key.trim(), value.trim());
            read.map_err(|_| wrong())?;
        }
        Ok(Self(behavior))
    }
}

impl TryFrom<String> for Tracking {
    type Error = BehaviorError;

    fn try_from(text: String) -> Result<Self, BehaviorError> {
        text.parse()
    }
}

impl From<Tracking> for String {
    fn from(Tracking(behavior): Tracking) -> Self {
        let parts = TrackingBehavior::PARTS.into_iter();
        let written = parts.filter_map(|part| Some(format!("{part}={}", behavior.get(part)?)));
        written.collect::<Vec<_>>().join(",")
    }
}

/// A program that replaces the image of the containers with one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Container name.
    pub container: String,
    /// Executable.
    pub path: PathBuf,
}

impl FromStr for Program {
    type Err = BehaviorError;

    fn from_str(text: &str) -> Result<Self, BehaviorError> {
        match text.split_once('=') {
            Some((container, path)) if !container.is_empty() && !path.is_empty() => Ok(Self {
                container: container.to_owned(),
                path: path.into(),
            }),
            _ => Err(BehaviorError::Program(text.to_owned())),
        }
    }
}

/// How a sandbox behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Behavior {
    /// The speed of its minutes.
    pub speed: Speed,
    /// Programs by container name. Other containers are placeholders: they count, but run nothing.
    pub programs: BTreeMap<String, PathBuf>,
    /// How long a task takes to start.
    pub task_start: TaskStart,
    /// How target tracking behaves where AWS doesn't document it.
    #[serde(skip_serializing_if = "Tracking::is_default")]
    pub tracking: Tracking,
}

/// The requested behavior of a sandbox. `None` keeps the current value, or uses the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// See [`Behavior::speed`].
    pub speed: Option<Speed>,
    /// See [`Behavior::programs`].
    pub programs: Option<BTreeMap<String, PathBuf>>,
    /// See [`Behavior::task_start`].
    pub task_start: Option<TaskStart>,
    /// See [`Behavior::tracking`].
    pub tracking: Option<Tracking>,
}

impl Wanted {
    /// Returns `present` with the requested changes.
    #[must_use]
    pub fn apply_to(&self, present: &Behavior) -> Behavior {
        let present = present.clone();
        Behavior {
            speed: self.speed.unwrap_or(present.speed),
            programs: self.programs.clone().unwrap_or(present.programs),
            task_start: self.task_start.unwrap_or(present.task_start),
            tracking: self.tracking.unwrap_or(present.tracking),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_keeps_a_minute_of_two_seconds() {
        let speed: Speed = "20".parse().unwrap();
        assert_eq!(
            speed.compress(Duration::from_secs(60)),
            Duration::from_secs(3)
        );
        for wrong in ["0", "31", "1.5", "-1", "fast"] {
            let error = wrong.parse::<Speed>().unwrap_err().to_string();
            assert!(error.contains("from 1 to 30"), "{error}");
        }
        assert_eq!(serde_json::to_string(&speed).unwrap(), "20");
        assert!(serde_json::from_str::<Speed>("99").is_err());
    }

    #[test]
    fn a_start_is_a_time_or_a_range() {
        let range: TaskStart = "23s..1m".parse().unwrap();
        assert_eq!(range.at(0.0), Duration::from_secs(23));
        assert_eq!(range.at(0.5), Duration::from_millis(41_500));
        assert_eq!(range.at(1.0), Duration::from_secs(60));
        assert_eq!(range.to_string(), "23s..1m");
        assert_eq!("0".parse(), Ok(TaskStart::default()));
        assert_eq!(
            "40s".parse::<TaskStart>().unwrap().at(0.7),
            Duration::from_secs(40)
        );
        for wrong in ["", "60s..23s", "..", "1d", "a..b"] {
            assert!(wrong.parse::<TaskStart>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn variants_of_target_tracking_are_read_as_they_are_written() {
        let tracking: Tracking = "base=running, scale_in=10%".parse().unwrap();
        assert_eq!(tracking.0.base, scaling::TrackingBase::Running);
        assert_eq!(tracking.0.scale_in, scaling::ScaleInStep::Percent(10));
        let text = String::from(tracking);
        assert_eq!(text.parse(), Ok(tracking));
        assert_eq!("".parse(), Ok(Tracking::default()));
        for wrong in ["base", "base=both", "step=1"] {
            assert!(wrong.parse::<Tracking>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_program_is_a_name_and_a_path() {
        let program: Program = "worker=/bin/a=b".parse().unwrap();
        assert_eq!(program.container, "worker");
        assert_eq!(program.path, PathBuf::from("/bin/a=b"));
        for wrong in ["worker", "=x", "worker="] {
            assert!(wrong.parse::<Program>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_what_is_asked_for_changes() {
        let present = Behavior {
            speed: Speed(5),
            ..Behavior::default()
        };
        assert_eq!(Wanted::default().apply_to(&present), present);
        let wanted = Wanted {
            task_start: Some("1s".parse().unwrap()),
            ..Wanted::default()
        };
        assert_eq!(wanted.apply_to(&present).speed, Speed(5));
        assert_ne!(wanted.apply_to(&present), present);
    }
}
