//! The CloudFormation engine.
//!
//! This crate owns everything between a template and a deployed stack: the clients, the checks before a deploy,
//! the assets bucket, plans read from change sets, following an operation until it ends, recovery from every
//! stuck state, deletion with its guards and its final check, and reading a live system. CloudFormation owns
//! state, locking, ordering, and rollback. Nothing here prints, prompts, or reads a clock: progress, approval,
//! and time are arguments.

mod action;
mod activities;
mod adopt_service;
mod assets;
mod attempts;
mod change_set;
mod clients;
mod cloudwatch;
mod code;
mod consequence;
mod count_history;
mod counts;
mod credentials;
mod dead_letters;
mod delete;
mod deletion_protection;
mod deploy;
mod deploy_stack;
mod deployed_services;
mod deployed_stack;
mod deploys;
mod described;
mod destroy;
mod drift;
mod error;
mod exec;
mod executable;
mod explanation;
mod finding;
mod fixed_counts;
mod flips;
mod follow;
mod function_logs;
mod functions;
mod history;
mod http;
mod ignored;
mod import;
mod inspect;
mod invoke;
mod logs;
mod measure;
mod messages;
mod named;
mod objective_share;
mod observe;
mod ownership;
mod pause;
mod plan;
mod preflight;
mod prepare;
mod region;
mod released;
mod remains;
mod resource;
mod retain;
mod reviewed;
mod run;
mod schedules;
mod session;
mod set_count;
mod stacks;
mod status;
mod stored;
mod stray_instances;
mod stray_tasks;
mod suspension;
mod targets;
mod tasks;
#[cfg(test)]
mod tests;
mod track_record;
mod unreadable;
mod verify;
mod wait;
mod why;

pub use action::Action;
pub use adopt_service::{AdoptRequest, read_adopted};
pub use assets::Asset;
pub use change_set::{Import, Source, TemplateSource};
pub use clients::{Clients, Connection};
pub use cloudwatch::Datapoint;
pub use code::{BuiltFunctions, FunctionCode};
pub use consequence::{Consequence, Effect};
pub use count_history::{ChangeSource, CountChange, CountHistory, count_history};
pub use counts::desired_counts;
pub use dead_letters::{
    DeadLetter, DeadLetterQueue, DeadLetterSource, DeadLetters, Kept, LONGEST_LOOK, Look, MoveTask,
    RedriveOptions, RedriveState, RedriveWay, Redriven, cancel_redrive, list_dead_letters,
    purge_dead_letters, redrive_dead_letters, show_dead_letters,
};
pub use deploy::{Approve, Deployed, deploy_template, plan};
pub use deploy_stack::{DeployRequest, Deployment, deploy_stack};
pub use deployed_services::DeployedService;
pub use deployed_stack::DeployedStack;
pub use deploys::{PastDeploy, RollbackRequest, RollbackTo, RolledBack, list_deploys, roll_back};
pub use destroy::{DestroyOptions, Destroyed, Doomed, destroy};
pub use drift::find_drift;
pub use error::{Error, Kind, Result, aws};
pub use exec::{ExecRequest, ExecSession, OpenedExec, open_exec, pick_container};
pub use executable::{check_executable, newest_glibc};
pub use explanation::Explanation;
pub use finding::{Drift, Finding, Problem, Unchecked};
pub use follow::Cause;
pub use functions::{Function, FunctionKind, ScalingPolicy, ScalingSetup, ServiceName, functions};
pub use history::{Between, SentHistory, deployed_queues, sent_histories, sent_history};
pub use http::is_loopback;
pub use import::{ImportRequest, Imported, NotImported, import_resources};
pub use inspect::{
    Activity, Alarm, AlarmMetric, AlarmStepsState, ClusterState, DemandMeasurements, DemandState,
    Inspection, LiveSnapshot, PolicyState, PolicyStep, QueueState, ServiceState, StepAlarmState,
    explain_stack, inspect, inspect_stack, oldest_messages, refresh,
};
pub use invoke::{Invocation, invoke};
pub use logs::{LogLine, LogQuery, LogSource, follow_logs, read_logs};
pub use messages::QueueMessages;
pub use objective_share::{QueueShares, ServiceShares, Share, objective_shares};
pub use observe::{Observed, resources};
pub use ownership::{deployed_template, observe_ours};
pub use pause::{
    PauseRequest, Paused, PausedService, Resumed, ResumedService, Unreminded, confirm_pauses,
    name_caller, pause, resume,
};
pub use plan::{Change, Plan, Recovering};
pub use preflight::{Identity, identify_for};
pub use prepare::{BuildFunctions, StackDiff, diff_stack};
pub use region::{list_regions, require_partition};
pub use remains::{Remains, remains};
pub use resource::Resource;
pub use reviewed::{DeployedState, Inputs, Reviewed, read_state};
pub use run::name_run;
pub use session::{DeployStep, Pace, Progress, Session};
pub use set_count::{PlannedCount, plan_count, set_count};
pub use stacks::{StackSummary, list_stacks};
pub use status::{NextStep, Operation, Recovery, Status, next_step};
pub use track_record::{QueueRecord, RecordSubject, TrackRecord, read_track_record};
pub use why::{Cause as WhyCause, Why};
