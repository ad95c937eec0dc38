//! The subject of a simulation: a service with its queues, its tasks, and its policy.

mod from_stack;
mod policies;

pub use from_stack::distinguishes_queues;

use std::sync::Arc;
use std::time::Duration;

use scaling::{Bounds, QueueSettings, Schedule};

use crate::assumptions::{Assumption, Assumptions};
use crate::compare::OtherPolicy;
use crate::control::MOST_QUEUES;
use crate::cost::{Billing, PriceTable};
use crate::load::Load;
use crate::policy::Policy;
use crate::random::Distribution;
use crate::time::{Nanos, nanos};

/// Maximum number of tasks of a scenario.
pub(crate) const MOST_TASKS: u32 = 100_000;

/// A service to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name, for people.
    pub name: String,
    /// The latency objective: how long a message can wait until its processing starts.
    pub slo: Duration,
    /// Processing time of a message, if the load doesn't contain it.
    pub processing: Distribution,
    /// Its queues, if there are several: at most 10. If empty, there is one queue with the numbers above. Otherwise,
    /// the objective above is the shortest one.
    pub queues: Vec<QueueScenario>,
    /// Messages that a task processes in parallel, at least 1.
    pub concurrency: u32,
    /// Messages that a task requests at once: 1 to 10, as SQS allows. Messages that it doesn't start immediately are
    /// hidden, and no other task can start them.
    pub batch: u32,
    /// Whether a task receives the next messages while it processes the previous ones.
    pub prefetch: bool,
    /// Minimum number of tasks.
    pub min: u32,
    /// Maximum number of tasks, at least `min`.
    pub max: u32,
    /// Weekly periods with other bounds.
    pub schedule: Option<Schedule>,
    /// Tasks that run at the start, limited to the bounds at that time.
    pub initial: u32,
    /// Delivery delay: how long a new message stays hidden. Its waiting time includes the delay.
    pub delay: Duration,
    /// Visibility timeout: how long a received message stays hidden.
    pub visibility_timeout: Duration,
    /// Retention period of the queue.
    pub retention: Duration,
    /// Number of receives after which a message moves to the dead-letter queue, if there is one.
    pub max_receives: Option<u32>,
    /// Time between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
    /// Whether a task protects itself from scale-in while it processes a message.
    pub protect: bool,
    /// Whether a task extends the visibility timeout of a message while it processes it.
    pub heartbeat: bool,
    /// Deployments of new versions, if there are any.
    pub deployments: Option<Deployments>,
    /// How the desired count is set.
    pub policy: Policy,
    /// Size of a task, for its cost.
    pub size: TaskSize,
    /// The assumptions.
    pub assumptions: Assumptions,
    /// Values of the service that override the definition.
    pub given: Vec<Assumption>,
    /// The basis of its bill.
    pub billing: Billing,
    /// Assumptions and omissions, one sentence each.
    pub notes: Vec<String>,
}

/// A queue of a service with several queues. Tasks receive messages from all queues in turn, like workers that poll
/// them without priority.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueScenario {
    /// Its name, which a load uses.
    pub name: String,
    /// The latency objective: how long a message can wait until its processing starts.
    pub slo: Duration,
    /// Share of the messages that must meet it, if one is set.
    pub share: Option<f64>,
    /// Processing time of a message, if the load doesn't contain it.
    pub processing: Distribution,
    /// The settings of the queue for demand scaling. `None`: the policy's.
    pub settings: Option<QueueSettings>,
}

/// Rolling deployments of a service: ECS starts new tasks, and stops old ones once the new ones are running.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deployments {
    /// Time between deployments.
    pub every: Duration,
    /// Percentage of the desired count that keeps running, rounded up (ECS's `minimumHealthyPercent`).
    pub min_healthy: u32,
    /// Maximum number of old and new tasks as a percentage of the desired count, rounded down (ECS's
    /// `maximumPercent`).
    pub max: u32,
}

impl Deployments {
    /// Deployments with ECS's defaults: at least the desired number of tasks, and at most twice as many.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            min_healthy: 100,
            max: 200,
        }
    }

    /// Returns the minimum number of running tasks.
    pub(crate) fn least(self, desired: u32) -> u32 {
        desired.saturating_mul(self.min_healthy).div_ceil(100)
    }

    /// Returns the maximum number of tasks, including old ones.
    pub(crate) fn most(self, desired: u32) -> u32 {
        desired.saturating_mul(self.max) / 100
    }
}

/// Size of a Fargate task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskSize {
    /// CPU units. 1,024 units are one vCPU.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Whether it runs on ARM.
    pub arm: bool,
}

/// Values that the definition doesn't set, or that should differ from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// A policy that no definition can have, instead of the definition's.
    pub policy: Option<OtherPolicy>,
    /// The latency objective to evaluate: how long a message can wait. The policy still aims for the
    /// definition's value.
    pub slo: Option<Duration>,
    /// Processing time of a message. `None`: exponential, with the definition's mean.
    pub processing: Option<Distribution>,
    /// Messages that a task processes in parallel. `None`: 1.
    pub concurrency: Option<u32>,
    /// Messages that a task requests at once. `None`: 1.
    pub batch: Option<u32>,
    /// Whether a task receives the next messages while it processes the previous ones. `None`: no.
    pub prefetch: Option<bool>,
    /// Time between deployments. `None`: no deployments.
    pub deploy_every: Option<Duration>,
    /// The assumptions.
    pub assumptions: Option<Assumptions>,
    /// Prices. `None`: the built-in table.
    pub prices: Option<Arc<PriceTable>>,
    /// Region of the prices. `None`: the definition's.
    pub region: Option<String>,
}

/// Why a service can't be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// No such service.
    #[error("the definition has no service \"{name}\": it has {known}")]
    Service {
        /// The requested name.
        name: String,
        /// The existing names.
        known: String,
    },
    /// It doesn't consume a queue.
    #[error("service \"{0}\" consumes no queue, so there are no messages to simulate")]
    NoQueue(String),
    /// The processing time isn't known.
    #[error("the processing time of service \"{0}\" isn't known: set it")]
    Processing(String),
    /// The latency objective isn't known.
    #[error("the latency objective of service \"{0}\" isn't known: set it")]
    Objective(String),
    /// Its policy can't be simulated.
    #[error("service \"{service}\" scales by {by}, which a load of messages doesn't include")]
    Policy {
        /// Service.
        service: String,
        /// Metric.
        by: String,
    },
    /// The load contains a queue that the service doesn't consume.
    #[error("the load names the queue \"{name}\", and the service consumes {known}")]
    Queue {
        /// The queue in the load.
        name: String,
        /// The queues of the service.
        known: String,
    },
    /// A number that isn't valid.
    #[error("{0}")]
    Value(&'static str),
}

impl Scenario {
    /// Creates a service of 1 to 100 tasks (256 CPU units and 512 MiB on ARM each), with 1 at the start, each
    /// processing one message at a time; a queue with SQS's defaults (visibility timeout of 30 s, retention of
    /// 4 days, no dead-letter queue); ECS's default stop timeout of 30 s; and the defaults of all assumptions.
    #[must_use]
    pub fn new(name: &str, slo: Duration, processing: Distribution, policy: Policy) -> Self {
        Self {
            name: name.to_owned(),
            slo,
            processing,
            queues: Vec::new(),
            concurrency: 1,
            batch: 1,
            prefetch: false,
            min: 1,
            max: 100,
            schedule: None,
            initial: 1,
            delay: Duration::ZERO,
            visibility_timeout: Duration::from_secs(30),
            retention: Duration::from_secs(4 * 86_400),
            max_receives: None,
            stop_timeout: Duration::from_secs(30),
            billing: Billing::new(&policy),
            protect: false,
            heartbeat: false,
            deployments: None,
            policy,
            size: TaskSize {
                cpu: 256,
                memory: 512,
                arm: true,
            },
            assumptions: Assumptions::default(),
            given: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Returns the objectives of its queues.
    pub(crate) fn slos(&self) -> Vec<Nanos> {
        match self.queues.as_slice() {
            [] => vec![nanos(self.slo)],
            queues => queues.iter().map(|queue| nanos(queue.slo)).collect(),
        }
    }

    /// Whether its queues have settings that differ from the service's, so that no objective holds for all of them.
    #[must_use]
    pub fn has_own_settings(&self) -> bool {
        self.queues.iter().any(|queue| queue.settings.is_some())
    }

    /// Returns the same scenario with this objective, also for its queues.
    pub(crate) fn with_objective(&self, slo: Duration) -> Self {
        let mut other = self.clone();
        other.slo = slo;
        other.queues.iter_mut().for_each(|queue| queue.slo = slo);
        other
    }

    /// Returns the index of a queue. 0 for an unknown name.
    pub(crate) fn place(&self, name: &str) -> u8 {
        let place = self.queues.iter().position(|queue| queue.name == name);
        u8::try_from(place.unwrap_or_default()).unwrap_or_default()
    }

    /// Returns the smallest minimum and the largest maximum at any time.
    #[must_use]
    pub fn widest(&self) -> (u32, u32) {
        let base = Bounds::new(self.min, self.max).ok();
        let widest = self.schedule.as_ref().zip(base);
        let widest = widest.map(|(schedule, base)| schedule.envelope(base));
        widest.map_or((self.min, self.max), |bounds| (bounds.min(), bounds.max()))
    }

    /// Whether it can have zero tasks at a time when work can scale it from zero.
    #[must_use]
    pub fn can_sleep(&self) -> bool {
        let sleeps = |schedule: &Schedule| {
            let mut periods = schedule.periods.iter();
            periods.any(|period| period.min == Some(0) && period.max != Some(0))
        };
        self.min == 0 || self.schedule.as_ref().is_some_and(sleeps)
    }

    /// Returns the time at which a load starts for the schedule, since the Unix epoch: by its dates, or otherwise on
    /// a Monday at midnight in the schedule's time zone.
    pub(crate) fn origin(&self, load: &Load) -> Duration {
        let monday = || self.schedule.as_ref().map(Schedule::monday);
        load.begins_at(|| monday().unwrap_or_default())
    }

    /// Returns the bounds at a time since the Unix epoch.
    pub(crate) fn bounds_at(&self, base: Bounds, at: Duration) -> Bounds {
        let schedule = self.schedule.as_ref();
        schedule.map_or(base, |schedule| schedule.bounds_at(base, at))
    }

    /// Returns all assumptions: the given values of the service, and all constants.
    #[must_use]
    pub fn list_assumptions(&self) -> Vec<Assumption> {
        let mut all = self.given.clone();
        all.extend(self.assumptions.list());
        all
    }

    /// Returns the same scenario with another policy, and a bill for the resources that it needs.
    #[must_use]
    pub fn with_policy(&self, policy: Policy) -> Self {
        Self {
            billing: self.billing.clone().for_policy(&policy),
            policy,
            ..self.clone()
        }
    }

    /// # Errors
    /// If a number of it isn't valid.
    pub(crate) fn check(&self) -> Result<Bounds, ScenarioError> {
        let wrong = |wrong: bool, text| {
            if wrong {
                Err(ScenarioError::Value(text))
            } else {
                Ok(())
            }
        };
        wrong(
            self.queues.len() > MOST_QUEUES,
            "a service with settings per queue can consume at most 10 queues",
        )?;
        let instant =
            |queue: &QueueScenario| queue.slo.is_zero() || queue.processing.mean().is_zero();
        wrong(
            self.queues.iter().any(instant),
            "the objective and the processing time of a queue must be longer than zero",
        )?;
        wrong(self.max == 0, "the maximum number of tasks is 0")?;
        wrong(
            self.max > MOST_TASKS,
            "the maximum number of tasks is more than 100,000",
        )?;
        wrong(
            self.concurrency == 0,
            "a task must process at least one message at a time",
        )?;
        wrong(
            self.concurrency > 10_000,
            "a task can process at most 10,000 messages at a time",
        )?;
        wrong(
            !(1..=10).contains(&self.batch),
            "SQS returns 1 to 10 messages at once",
        )?;
        wrong(
            self.slo.is_zero(),
            "the latency objective must be longer than zero",
        )?;
        wrong(
            self.processing.mean().is_zero(),
            "the processing time must be longer than zero",
        )?;
        let cv = match self.processing {
            Distribution::Lognormal { cv, .. } => cv,
            _ => 1.0,
        };
        wrong(
            !(0.0..=100.0).contains(&cv),
            "a coefficient of variation must be from 0 to 100",
        )?;
        wrong(
            self.assumptions.launches_per_minute == 0,
            "ECS must launch at least one task per minute",
        )?;
        wrong(
            self.max_receives == Some(0),
            "a message must be received at least once",
        )?;
        Bounds::new(self.min, self.max).map_err(|_| {
            ScenarioError::Value("the minimum number of tasks is larger than the maximum")
        })
    }
}
