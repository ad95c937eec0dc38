//! The constants of the deadline algorithm, one set for every service.

use super::keep_up::KeepUpTuning;
use super::settings::Sharing;

/// Constants, chosen by the experiment in `docs/demand.md`. Times are in seconds of the loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeadlineTuning {
    /// The tasks that keep up with the arrivals.
    pub keep_up: KeepUpTuning,
    /// Logarithm of the likelihood ratio at which the arrival rate counts as changed.
    pub change_threshold: f64,
    /// Maximum time over which the rate is averaged.
    pub longest_segment: f64,
    /// Length of a block of arrivals; two blocks are compared for the dispersion.
    pub dispersion_block: f64,
    /// Part of a rise of the arrival rate that isn't planned for at first.
    pub rise_doubt: f64,
    /// Time in which that part decays to 1/e, in mean task starts.
    pub rise_decay: f64,
    /// Dispersion of the arrivals from which on less of a rise is left out, in proportion.
    pub rise_dispersion: f64,
    /// How long the tasks that keep up with the arrivals remain wanted.
    pub hold_rate: f64,
    /// How long the tasks that deadlines need remain wanted if tasks only follow the backlog, in task
    /// starts.
    pub hold_deadline: f64,
    /// Minimum share of the tasks to remove at once, if more than one stays.
    pub least_removed: f64,
    /// Cost of one late message in task-seconds, with seconds of the loop.
    pub late_price: f64,
    /// Part of the share that can be late. Beyond it, the price rises in proportion, up to 4 times.
    pub late_part: f64,
    /// Time in which the insurance's observations decay to 1/e.
    pub insurance_decay: f64,
    /// Time in which a measured processing time decays to 1/e.
    pub processing_decay: f64,
    /// How queues with different objectives share tasks.
    pub sharing: Sharing,
}

impl Default for DeadlineTuning {
    fn default() -> Self {
        Self {
            keep_up: KeepUpTuning::default(),
            change_threshold: 9.0,
            longest_segment: 480.0,
            dispersion_block: 20.0,
            rise_doubt: 0.4,
            rise_decay: 2.0,
            rise_dispersion: 2.0,
            hold_rate: 10.0,
            hold_deadline: 1.5,
            least_removed: 0.05,
            late_price: 50.0,
            late_part: 0.8,
            insurance_decay: 3.0 * 86_400.0,
            processing_decay: 300.0,
            sharing: Sharing::Turns,
        }
    }
}
