//! Closed-loop simulation: how a service performs under a load, before it is deployed.
//!
//! This crate owns the discrete-event model of queue, tasks, metric, alarms, and autoscaler ([`simulate`]), the
//! loads ([`Load`]), the policies to compare ([`Policy`]), and the results ([`RunOutcome`], and [`Report`] for
//! people). The algorithms come from the crate `scaling`, which also run in AWS and in the functions.
//! Everything uncertain about AWS is a field of [`Assumptions`]. The crate does no I/O, reads no clock, and
//! generates its random numbers from a seed.

mod assume;
mod assumptions;
mod assumptions_file;
pub mod calibration;
mod compare;
mod comparison;
mod compress;
mod control;
mod cost;
mod elasticity;
mod engine;
mod experiment;
mod frontier;
mod knobs;
mod late;
mod load;
mod measurement;
mod number;
mod outcome;
mod policy;
mod progress;
mod random;
mod report;
mod scenario;
mod score;
mod simulate;
mod simulation;
mod survey;
mod time;
mod tune;
mod warm;

#[cfg(test)]
mod tests;

pub use assume::{AssumeError, renamed_assumption};
pub use assumptions::{Assumption, Assumptions, OldReceipt};
pub use compare::{Compared, KnownPolicy, OtherPolicy, compare};
pub use comparison::{Comparison, Difference, Prediction, Unit};
pub use cost::{
    Bill, BillItem, Billing, Cost, CostItem, Guesses, Hosting, Inventory, MONTH_HOURS, PriceError,
    PriceTable, Prices, RegionPrices,
};
pub use elasticity::Elasticity;
pub use engine::{Point, ScalingAction};
pub use experiment::{
    Assumed, AssumedError, Changed, CommandLine, Experiment, Refused, Share, public_definition,
    quote,
};
pub use frontier::{Frontier, FrontierIdeal, FrontierPolicy, FrontierRun, frontier};
pub use knobs::{Choice, Knob, Turned, Turns, list_knobs};
pub use late::{Cut, LatePoint, LateTime, LateTimes};
pub use load::{
    Arrival, Arrivals, DateOrder, GeneratorError, LimitError, Load, LoadLimits, PartError, Place,
    ReadError, ReadOptions, RowProblem, Rows,
};
pub use measurement::{MeasuredAction, Measurement, Processing, Sample};
pub use number::{format_dollars, format_duration, format_share};
pub use outcome::{
    Backlog, MaxLimit, Messages, QueueOutcome, RunOutcome, ScalingFigures, TaskFigures, TaskLimits,
    Waiting,
};
pub use policy::{
    BacklogPolicy, DeadlinePolicy, DemandPolicy, KedaPolicy, Policy, PredictivePolicy, QueueMetric,
    Statistic, StepPolicy, StepSide,
};
pub use progress::Progress;
pub use random::Distribution;
pub use report::{
    Advice, Cause, CauseKind, Commands, ComparedPolicy, Figure, Inputs, Knobs, Parts, Piece, Report,
};
pub use scenario::{
    Deployments, Overrides, QueueScenario, Scenario, ScenarioError, TaskSize, distinguishes_queues,
};
pub use simulate::simulate;
pub use simulation::{Extent, Simulation, required_share};
pub use survey::{Phases, Range, Survey, Variant, simulate_phases, survey};
pub use tune::{
    Alternative, Change, Figures, Known, Law, LiftedLimit, Limits, Parameter, Part, Period,
    Rejected, Settings, TuneError, TuneOptions, Tuned, Tuning, tune,
};
pub use warm::{WarmNeed, find_warm_need};
