//! Scaling by demand with target tracking: how many tasks the work needs. Where a function sets the count,
//! [`crate::DeadlineScaler`] decides.

mod algorithm;
mod arrivals;
mod decision;
mod order;
mod policy;
mod request;
mod restraint;
mod staffing;
mod watch;

pub use algorithm::{DemandAlgorithm, Workload, tasks_for};
pub use arrivals::{MEASURED_MINUTES, QueueHistory, QueueSample, measured_processing_time};
pub use decision::{Decision, DecisionReason, NeedHistory};
pub use order::{DemandAction, DemandOrder, FleetDocument, FleetError, FleetObject};
pub use policy::{
    DEMAND_INTERVAL, DEMAND_TASK_START, DEMAND_WINDOW, DemandPolicy, NEED_PER_TASK_METRIC,
    PROCESSING_TIME_METRIC, TASK_START_METRIC, TASKS_NEEDED_METRIC, WARM_TASKS_METRIC,
    WITHIN_OBJECTIVE_METRIC,
};
pub use request::{DemandPolicyError, DemandRequest, LATE_SHARE};
pub use watch::{
    DemandEstimate, DemandWatch, DemandWatchSettings, QueueCounts, RATE_DEVIATIONS, RATE_OVER,
    ServiceReading,
};

pub(crate) use algorithm::whole_tasks;
pub(crate) use decision::decide_between;
pub(crate) use restraint::Restraint;
pub(crate) use staffing::required_places;

#[cfg(test)]
mod tests;
