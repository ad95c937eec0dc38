//! The systems that the demo can show.

use std::time::Duration;

use sandbox::Speed;
use stack::{LoadError, Selection, Stack};

use crate::error::Result;
use crate::load::LoadText;

/// A system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum System {
    /// Backlog per task and demand, side by side on the same load.
    #[default]
    Race,
    /// Backlog per task: queue, metric function, target tracking.
    Backlog,
    /// Demand: queue, and a scaling function that checks every few seconds.
    Demand,
    /// Alarm steps: an alarm on requests, topic, and scaling function.
    AlarmSteps,
}

impl System {
    /// Reads its definition, which this program contains.
    pub(crate) fn definition(self) -> Result<Stack> {
        let (name, text) = match self {
            Self::Race => forecast::RACE,
            Self::Backlog => (
                "stacks/voucher-worker.yaml",
                include_str!("../../../stacks/voucher-worker.yaml"),
            ),
            Self::Demand => (
                "stacks/voucher-worker-demand.yaml",
                include_str!("../../../stacks/voucher-worker-demand.yaml"),
            ),
            Self::AlarmSteps => (
                "stacks/sample-webapp.yaml",
                include_str!("../../../stacks/sample-webapp.yaml"),
            ),
        };
        let selection = Selection {
            set: self.changes(),
            ..Selection::default()
        };
        let loaded = stack::parse_selected(name, text, &selection).map_err(LoadError::Invalid)?;
        Ok(loaded.stack)
    }

    /// Returns changes to the shipped definition: `demand` uses the objective of the other system with the same
    /// load, so that both can be compared.
    fn changes(self) -> Vec<String> {
        let change = "services.voucher-worker.scaling.demand.acceptable_latency=10s";
        Vec::from_iter((self == Self::Demand).then(|| change.to_owned()))
    }

    /// Whether its tasks are the example's workers. Otherwise, tasks are only counted and run nothing.
    #[must_use]
    pub fn has_workers(self) -> bool {
        self != Self::AlarmSteps
    }

    /// Returns a burst that starts suddenly and ends slowly, in the loop's time: its rates are real, and its
    /// times are shorter by the speed of the loop.
    ///
    /// # Errors
    /// If the generator's text isn't valid.
    pub fn load(self, speed: Speed) -> Result<LoadText> {
        let time = |at| forecast::time_of_load(at, speed.factor());
        let text = match self {
            Self::Race | Self::Backlog | Self::Demand => forecast::burst(speed.factor()),
            // Requests per second: the alarm's threshold is 100 per minute of the loop.
            Self::AlarmSteps => format!(
                "step:from={base}/s,to={peak}/s,at={},for={}",
                time(9.0),
                time(30.0),
                base = 0.1 * f64::from(speed.factor()),
                peak = 4.0 * f64::from(speed.factor()),
            ),
        };
        Ok(text.parse()?)
    }

    /// Returns the maximum duration of the story after the load has ended. The queue must be drained, and the
    /// alarm that removes tasks evaluates 15 minutes, after which a cooldown can follow.
    pub(crate) fn patience(self, speed: Speed) -> Duration {
        let minutes = match self {
            Self::Race | Self::Backlog => 50,
            Self::Demand | Self::AlarmSteps => 30,
        };
        speed.compress(Duration::from_secs(60 * minutes)) + Duration::from_secs(20)
    }
}
