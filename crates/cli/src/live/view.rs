//! The displayed state of a stack, as data.

use deployer::{Alarm, Datapoint, LiveSnapshot, QueueState, ServiceState};
use scaling::{AlarmState, Bounds, Comparison, METRIC_NAME, Parsed};
use serde::Serialize;
use simulator::Sample;

use crate::words::number;

use super::actions::{Action, list_actions};
use super::history::{History, Past};

/// The state of an alarm that doesn't exist.
const GONE: &str = "gone";
/// The state of an alarm that is in ALARM only because it is too new to have data.
const NEW: &str = "new";

/// The displayed state of a stack. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct View {
    pub stack: String,
    /// CloudFormation's status.
    pub status: String,
    /// When this was read.
    pub at: f64,
    /// The operation in progress, as the caller describes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// The keys that do something; not for programs.
    #[serde(skip)]
    pub keys: Option<String>,
    /// Why the refreshes since then have failed, or a note about the data.
    pub notice: Option<String>,
    pub services: Vec<ServiceView>,
    /// Dead-letter queues, and queues that aren't measured.
    pub others: Vec<QueueView>,
    /// Operational alarms.
    pub alarms: Vec<AlarmView>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ServiceView {
    pub cluster: String,
    pub name: String,
    /// ECS's status.
    pub status: String,
    /// Tasks. `None` if the service can't be read.
    pub desired: Option<u32>,
    pub running: Option<u32>,
    pub pending: Option<u32>,
    /// Minimum and maximum number of tasks.
    pub bounds: Option<Bounds>,
    /// Who has paused its scaling, in a clause.
    pub paused: Option<String>,
    /// Target of `BacklogPerTask`, if it is tracked.
    pub target: Option<f64>,
    /// Why it has its number of tasks, if that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub queues: Vec<QueueView>,
    /// The alarms that scale it.
    pub alarms: Vec<AlarmView>,
    /// The last scaling actions, newest first.
    pub actions: Vec<Action>,
    /// The refreshes so far. Not for programs.
    #[serde(skip)]
    pub history: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct QueueView {
    pub name: String,
    /// Messages. `None` if the queue can't be read.
    pub visible: Option<u64>,
    pub in_flight: Option<u64>,
    pub delayed: Option<u64>,
    /// Waiting messages per running task, with at least one task.
    pub waiting_per_task: Option<f64>,
    /// The last published `BacklogPerTask`.
    pub published: Option<Datapoint>,
    /// Age of the oldest message in seconds, from the last measurement.
    pub oldest: Option<Datapoint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct AlarmView {
    pub name: String,
    /// Its condition, such as `BacklogPerTask > 100`.
    pub condition: String,
    /// Its meaning.
    pub description: String,
    /// Its state, `gone`, or `new`.
    pub state: Parsed<AlarmState>,
    /// CloudWatch's reason.
    pub reason: String,
}

impl View {
    /// Creates the view of a refresh at `at`, with the previous history.
    pub(crate) fn new(
        stack: &str,
        snapshot: &LiveSnapshot,
        at: f64,
        history: &mut History,
    ) -> Self {
        let inspection = &snapshot.inspection;
        let others = inspection.queues.iter().chain(&inspection.dead_letters);
        let services = inspection.services.iter();
        let service = |state| ServiceView::new(state, snapshot, history.note(state, at));
        Self {
            stack: stack.to_owned(),
            status: inspection.stack.status_name.clone(),
            at,
            headline: snapshot.headline.clone(),
            keys: None,
            notice: (!snapshot.notes.is_empty()).then(|| snapshot.notes.join("; ")),
            services: services.map(service).collect(),
            others: others
                .map(|queue| QueueView::new(queue, None, snapshot))
                .collect(),
            alarms: inspection
                .alarms
                .iter()
                .map(|alarm| AlarmView::operational(alarm, at))
                .collect(),
        }
    }
}

impl ServiceView {
    fn new(state: &ServiceState, snapshot: &LiveSnapshot, past: &Past) -> Self {
        let tracking = state
            .policies
            .iter()
            .find(|policy| policy.metric.as_deref() == Some(METRIC_NAME));
        Self {
            cluster: state.cluster.clone(),
            name: state.service.clone(),
            status: state.status.clone(),
            desired: state.desired,
            running: state.running,
            pending: state.pending,
            bounds: state.task_bounds(),
            paused: state.pause.as_ref().map(scaling::Pause::describe),
            target: tracking.and_then(|policy| policy.target),
            why: state.why.as_ref().map(|why| why.sentence.clone()),
            queues: state
                .queues
                .iter()
                .map(|queue| QueueView::new(queue, state.running, snapshot))
                .collect(),
            alarms: scaling_alarms(state),
            actions: [list_actions(state), past.changes.iter().cloned().collect()].concat(),
            history: past.samples.iter().copied().collect(),
        }
    }
}

impl QueueView {
    fn new(queue: &QueueState, running: Option<u32>, snapshot: &LiveSnapshot) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "no queue holds 2^53 messages")]
        let per_task = |running: u32| Some(queue.visible? as f64 / f64::from(running.max(1)));
        Self {
            name: queue.name.clone(),
            visible: queue.visible,
            in_flight: queue.in_flight,
            delayed: queue.delayed,
            waiting_per_task: running.and_then(per_task),
            published: queue.backlog_per_task,
            oldest: snapshot.oldest.get(&queue.name).copied(),
        }
    }
}

impl AlarmView {
    /// Whether the alarm is in ALARM.
    pub(crate) fn is_in_alarm(&self) -> bool {
        self.state.is(AlarmState::Alarm)
    }

    /// Whether the alarm doesn't exist.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(&self.state, Parsed::Unknown(state) if state == GONE)
    }

    fn new(alarm: &Alarm) -> Self {
        Self {
            name: alarm.name.clone(),
            condition: format_condition(alarm),
            description: alarm.description.clone(),
            state: alarm.state.clone(),
            reason: alarm.reason.clone(),
        }
    }

    /// Creates the view of an alarm that notifies people, at `at`.
    fn operational(alarm: &Alarm, at: f64) -> Self {
        let view = Self::new(alarm);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds since 1970"
        )]
        if alarm.waits_for_data(at as u64) {
            let state = Parsed::Unknown(NEW.to_owned());
            return Self { state, ..view };
        }
        view
    }

    fn gone(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            condition: name.to_owned(),
            description: String::new(),
            state: Parsed::Unknown(GONE.to_owned()),
            reason: String::new(),
        }
    }
}

/// Returns the alarms of its policies, and the alarms that notify its scaling function.
fn scaling_alarms(state: &ServiceState) -> Vec<AlarmView> {
    let policies = state.policies.iter().flat_map(|policy| &policy.alarms);
    let sides = state.alarm_steps.iter();
    let sides = sides
        .flat_map(|steps| [&steps.scale_out, &steps.scale_in])
        .flatten();
    let stepped = sides.map(|side| match &side.alarm {
        Some(alarm) => AlarmView::new(alarm),
        None => AlarmView::gone(&side.name),
    });
    // Application Auto Scaling's description doesn't contain the condition.
    let tracking = policies.map(|alarm| AlarmView {
        description: String::new(),
        ..AlarmView::new(alarm)
    });
    tracking.chain(stepped).collect()
}

/// Formats the condition of an alarm, such as `BacklogPerTask Average > 100`.
pub(crate) fn format_condition(alarm: &Alarm) -> String {
    let threshold = alarm.threshold.map(number).unwrap_or_default();
    let sign = match &alarm.comparison {
        Parsed::Known(Comparison::Above) => ">",
        Parsed::Known(Comparison::AtOrAbove) => "≥",
        Parsed::Known(Comparison::Below) => "<",
        Parsed::Known(Comparison::AtOrBelow) => "≤",
        Parsed::Unknown(other) => other,
    };
    let metric = alarm.metric.as_ref();
    let metric = metric
        .map(|metric| format!("{} {} ", metric.name, metric.statistic))
        .unwrap_or_default();
    format!("{metric}{sign} {threshold}")
}
