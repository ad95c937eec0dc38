//! Scaling by demand: the functions' input and readings, and the count that results from a need.
//! [`crate::DeadlineScaler`] estimates the need.

mod decision;
mod order;
mod policy;
mod reading;
mod request;
mod restraint;
mod staffing;

pub use decision::{Decision, DecisionReason, tasks_for};
pub use order::{DemandAction, DemandOrder, FleetDocument, FleetError, FleetObject};
pub use policy::{
    DEMAND_INTERVAL, DEMAND_TASK_START, DEMAND_WINDOW, DemandPolicy, NEED_PER_TASK_METRIC,
    PROCESSING_TIME_METRIC, RECOMMENDED_TASKS_METRIC, TASK_START_METRIC, TASKS_NEEDED_METRIC,
    TRACKING_COOLDOWN, WARM_TASKS_METRIC, WITHIN_OBJECTIVE_METRIC,
};
pub use reading::{QueueCounts, ServiceReading};
pub use request::{DemandPolicyError, DemandRequest};

pub(crate) use decision::{decide_between, whole_tasks};
pub(crate) use restraint::Restraint;
pub(crate) use staffing::required_places;

#[cfg(test)]
mod tests;
