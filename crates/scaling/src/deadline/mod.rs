//! The deadline algorithm: the minimum number of tasks with which every message can start within its
//! latency objective.
//!
//! ```text
//! need = max(tasks that keep up with the arrivals, tasks that meet every deadline, warm tasks)
//! ```
//! - [`arrivals`]: when messages were sent, from the queues' counts (Little's law);
//! - [`rate`]: the arrival rate since it last changed (change-point detection), with the [`dispersion`] of
//!   arrivals, and the part of it that has lasted ([`rise`]);
//! - [`demand`]: the work due by each deadline ÷ the time that new tasks have for it (processor demand);
//! - [`keep_up`]: the tasks that random variation needs (Erlang C), if a task starts too slowly to follow
//!   the backlog;
//! - [`insurance`]: warm tasks, if a task starts slower than the objective (ski rental);
//! - [`starts`] and [`processing`]: task start and processing time, measured while the service runs;
//! - [`pool`]: queues with different objectives or processing times, which share the tasks, with the turns
//!   ([`workload`]) that these and queues with equal settings take;
//! - [`delivered`]: the share of the messages that started in time; a lower share makes the algorithm more
//!   cautious.
//!
//! The larger of the two needs is enough, not their sum: the objective itself absorbs a backlog, as long as
//! each message meets its own deadline. `docs/demand.md` has the experiment.

mod arrivals;
mod delivered;
mod demand;
mod dispersion;
mod insurance;
mod keep_up;
mod pool;
mod processing;
mod rate;
mod recent;
mod rise;
mod scaler;
mod settings;
mod starts;
mod tuning;
mod watch;
mod workload;

pub use insurance::WarmFloor;
pub use keep_up::KeepUpTuning;
pub use pool::QueueEstimate;
pub use scaler::DeadlineScaler;
pub use settings::{DeadlineSettings, QueueSettings, Sharing, Warm};
pub use tuning::DeadlineTuning;
pub use watch::DeadlineEstimate;

#[cfg(test)]
mod tests;
