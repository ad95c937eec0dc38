//! Scaling algorithms as pure functions: no I/O, no clock, no randomness.
//!
//! This crate owns the calculations: the backlog per task and its acceptable value, the next desired count
//! with target tracking and with steps, cooldowns, and the decision for an alarm in ALARM. It also owns the
//! input of the functions: the metric function's request and the scaling function's policy.

mod alarm;
mod alarm_steps;
mod backlog;
mod cooldown;
mod deadline;
mod demand;
mod evaluation;
mod parsed;
mod pause;
mod queue_request;
mod reconcile;
mod request;
mod scalable_target;
mod schedule;
mod side;
mod step_record;
mod steps;
mod target_tracking;
mod timestamp;
mod tracking_behavior;
mod tracking_policy;

pub use alarm::{Comparison, MissingData};
pub use alarm_steps::{
    AlarmScaling, AlarmSteps, AlarmStepsPolicy, LAST_STEP_TAG, POLICY_VARIABLE, PolicyError,
    ScalingRequest,
};
pub use backlog::{acceptable_backlog_per_task, backlog_per_task, held_backlog};
pub use cooldown::{Allowed, TakenStep, allowed};
pub use deadline::{
    DeadlineEstimate, DeadlineScaler, DeadlineSettings, DeadlineTuning, KeepUpTuning,
    QueueEstimate, QueueSettings, Sharing, Warm, WarmFloor,
};
pub use demand::{
    DEMAND_INTERVAL, DEMAND_TASK_START, DEMAND_WINDOW, Decision, DecisionReason, DemandAction,
    DemandOrder, DemandPolicy, DemandPolicyError, DemandRequest, FleetDocument, FleetError,
    FleetObject, NEED_PER_TASK_METRIC, PROCESSING_TIME_METRIC, QueueCounts,
    RECOMMENDED_TASKS_METRIC, ServiceReading, TASK_START_METRIC, TASKS_NEEDED_METRIC,
    TRACKING_COOLDOWN, WARM_TASKS_METRIC, WITHIN_OBJECTIVE_METRIC, tasks_for,
};
pub use evaluation::{AlarmState, EXTRA_DATAPOINTS, Evaluation};
pub use parsed::{ActivityStatus, Parsed, UnknownText};
pub use pause::{Pause, pause_parameter, pause_path, paused_service};
pub use queue_request::QueueRequest;
pub use reconcile::{
    HoldReason, Situation, StateChange, StepDecision, StepRecord, Trigger, ringing, within_bounds,
};
pub use request::{Count, METRIC_NAME, MetricRequest, ServiceRequest, WAKE_METRIC_NAME};
pub use scalable_target::{Change, PolicyPosition, ScalableTarget, StepRequest};
pub use schedule::{
    CronError, Days, Hours, HoursError, Period, Schedule, ScheduleError, ScheduledBounds,
    WeeklyCron, Zone, ZoneError,
};
pub use side::{PerSide, Side};
pub use step_record::StepRecordError;
pub use steps::{AdjustmentType, Step, Steps, StepsError};
pub use target_tracking::{
    Bounds, BoundsError, LOW_SHARE, TrackingAlarm, TrackingAlarms, next_desired_count,
    tracking_alarms,
};
pub use timestamp::format_timestamp;
pub use tracking_behavior::{
    FlappingGuard, OutCooldown, ScaleInStep, TrackingBase, TrackingBehavior, TrackingDatapoint,
};
pub use tracking_policy::{ServiceCounts, TargetTracking, TrackingPolicy, TrackingReading};

use timestamp::parse_timestamp;
