//! What is simulated: a service with its queue, its tasks and its policy.

mod from_stack;
mod policies;

use std::sync::Arc;
use std::time::Duration;

use scaling::{Bounds, QueueSettings, Schedule};

use crate::assumptions::{Assumption, Assumptions};
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
    /// How long a message may wait until its processing begins.
    pub slo: Duration,
    /// Processing time of a message, where the load doesn't say.
    pub processing: Distribution,
    /// Its queues, if their objectives or processing times differ: at most 10. Without any, it has one queue, with the
    /// numbers above; with some, the objective above is the shortest.
    pub queues: Vec<QueueScenario>,
    /// Messages that a task works on at once, at least 1.
    pub concurrency: u32,
    /// Messages that a task asks for at once, 1 to 10 as SQS allows. Those that it doesn't begin at once are hidden, and
    /// no other task can begin them.
    pub batch: u32,
    /// Whether a task receives the next messages while it works on the last ones.
    pub prefetch: bool,
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks, at least `min`.
    pub max: u32,
    /// Periods of the week with other bounds.
    pub schedule: Option<Schedule>,
    /// Tasks that run at the beginning, brought within the bounds that hold then.
    pub initial: u32,
    /// How long a new message stays hidden. Its waiting time counts from its sending.
    pub delay: Duration,
    /// How long a received message stays hidden.
    pub visibility_timeout: Duration,
    /// How long the queue keeps a message.
    pub retention: Duration,
    /// Receives after which a message goes to the dead-letter queue, if there is one.
    pub max_receives: Option<u32>,
    /// Time between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
    /// Whether a task protects itself while it works on a message, so that no scale-in stops it then.
    pub protect: bool,
    /// Whether a task extends the visibility timeout of a message while it works on it.
    pub heartbeat: bool,
    /// Deployments of new versions, if there are any.
    pub deployments: Option<Deployments>,
    /// How the desired count follows the work.
    pub policy: Policy,
    /// Size of a task, for its cost.
    pub size: TaskSize,
    /// What is taken for granted.
    pub assumptions: Assumptions,
    /// What was given of the service in place of what the definition says.
    pub given: Vec<Assumption>,
    /// What it is billed by.
    pub billing: Billing,
    /// What was assumed or left out, a sentence each.
    pub notes: Vec<String>,
}

/// A queue among several of a service. Tasks take the messages of all queues in turn, as workers do that poll them without
/// priority.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueScenario {
    /// Its name, by which a load names it.
    pub name: String,
    /// How long a message may wait until its processing begins.
    pub slo: Duration,
    /// Share of the messages that must meet it, if one is set.
    pub share: Option<f64>,
    /// Processing time of a message, where the load doesn't say.
    pub processing: Distribution,
    /// What a policy by demand is told of it.
    pub settings: QueueSettings,
}

/// Rolling deployments of a service: ECS starts new tasks, and stops old ones as the new ones run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deployments {
    /// Time from one to the next.
    pub every: Duration,
    /// Percentage of the desired count that keeps running, rounded up (ECS's `minimumHealthyPercent`).
    pub min_healthy: u32,
    /// Percentage of the desired count that old and new tasks are at most, rounded down (ECS's `maximumPercent`).
    pub max: u32,
}

impl Deployments {
    /// As ECS does it by default: no fewer tasks than desired, and up to twice as many.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            min_healthy: 100,
            max: 200,
        }
    }

    /// Tasks that keep running.
    pub(crate) fn least(self, desired: u32) -> u32 {
        desired.saturating_mul(self.min_healthy).div_ceil(100)
    }

    /// Most tasks, old ones included.
    pub(crate) fn most(self, desired: u32) -> u32 {
        desired.saturating_mul(self.max) / 100
    }
}

/// Size of a Fargate task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaskSize {
    /// CPU units, of which 1,024 are one vCPU.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Whether it runs on ARM.
    pub arm: bool,
}

/// What a definition doesn't say, or what is to differ from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// How long a message can wait: what is judged. What a policy aims at stays as the definition has it.
    pub slo: Option<Duration>,
    /// Processing time of a message. Without it: exponential, with the definition's mean.
    pub processing: Option<Distribution>,
    /// Messages that a task works on at once. Without it: 1.
    pub concurrency: Option<u32>,
    /// Messages that a task asks for at once. Without it: 1.
    pub batch: Option<u32>,
    /// Whether a task receives the next messages while it works on the last ones. Without it: it doesn't.
    pub prefetch: Option<bool>,
    /// Time from one deployment to the next. Without it: there is none.
    pub deploy_every: Option<Duration>,
    /// What is taken for granted.
    pub assumptions: Option<Assumptions>,
    /// Prices. Without them: the built-in table.
    pub prices: Option<Arc<PriceTable>>,
    /// Region of the prices. Without it: the definition's.
    pub region: Option<String>,
}

/// Why a service can't be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// No such service.
    #[error("the definition has no service \"{name}\": it has {known}")]
    Service {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// It consumes no queue.
    #[error("service \"{0}\" consumes no queue, so there are no messages to simulate")]
    NoQueue(String),
    /// Nothing says how long a message takes.
    #[error("nothing says how long service \"{0}\" takes for a message: give its processing time")]
    Processing(String),
    /// Nothing says how long a message may wait.
    #[error(
        "nothing says how long a message for service \"{0}\" may wait: give the latency objective"
    )]
    Objective(String),
    /// Its policy is not one that can be simulated.
    #[error("service \"{service}\" scales by {by}, which a load of messages doesn't tell")]
    Policy {
        /// Service.
        service: String,
        /// Metric.
        by: String,
    },
    /// A load names a queue that the service doesn't consume.
    #[error("the load names the queue \"{name}\", and the service consumes {known}")]
    Queue {
        /// What it names.
        name: String,
        /// What there is.
        known: String,
    },
    /// A number that makes no sense.
    #[error("{0}")]
    Value(&'static str),
}

impl Scenario {
    /// A service of 1 to 100 tasks (256 CPU units and 512 MiB of ARM each), of which 1 runs at first and each
    /// works on one message at a time; a queue of SQS's defaults (30 s of visibility, 4 days, no dead
    /// letters); ECS's default stop timeout of 30 s; every assumption as it is by default.
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

    /// The objectives of its queues.
    pub(crate) fn slos(&self) -> Vec<Nanos> {
        match self.queues.as_slice() {
            [] => vec![nanos(self.slo)],
            queues => queues.iter().map(|queue| nanos(queue.slo)).collect(),
        }
    }

    /// The place of a queue; the first for a name that isn't one.
    pub(crate) fn place(&self, name: &str) -> u8 {
        let place = self.queues.iter().position(|queue| queue.name == name);
        u8::try_from(place.unwrap_or_default()).unwrap_or_default()
    }

    /// The smallest minimum and the largest maximum that ever hold.
    #[must_use]
    pub fn widest(&self) -> (u32, u32) {
        let base = Bounds::new(self.min, self.max).ok();
        let widest = self.schedule.as_ref().zip(base);
        let widest = widest.map(|(schedule, base)| schedule.envelope(base));
        widest.map_or((self.min, self.max), |bounds| (bounds.min(), bounds.max()))
    }

    /// Whether it can have no task at a time when work can wake it.
    #[must_use]
    pub fn can_sleep(&self) -> bool {
        let sleeps = |schedule: &Schedule| {
            let mut periods = schedule.periods.iter();
            periods.any(|period| period.min == Some(0) && period.max != Some(0))
        };
        self.min == 0 || self.schedule.as_ref().is_some_and(sleeps)
    }

    /// The moment since the Unix epoch at which a load begins for the schedule: by its dates, or else on a Monday at
    /// midnight by the schedule's clock.
    pub(crate) fn origin(&self, load: &Load) -> Duration {
        let monday = || self.schedule.as_ref().map(Schedule::monday);
        load.begins_at(|| monday().unwrap_or_default())
    }

    /// The bounds that hold at a moment since the Unix epoch.
    pub(crate) fn bounds_at(&self, base: Bounds, at: Duration) -> Bounds {
        let schedule = self.schedule.as_ref();
        schedule.map_or(base, |schedule| schedule.bounds_at(base, at))
    }

    /// Everything that is assumed: of the service what was given, and all constants.
    #[must_use]
    pub fn list_assumptions(&self) -> Vec<Assumption> {
        let mut all = self.given.clone();
        all.extend(self.assumptions.list());
        all
    }

    /// The same with another policy, and billed for what that needs.
    #[must_use]
    pub fn with_policy(&self, policy: Policy) -> Self {
        Self {
            billing: self.billing.clone().for_policy(&policy),
            policy,
            ..self.clone()
        }
    }

    /// # Errors
    /// When a number of it makes no sense.
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
            "a service with objectives per queue consumes 10 queues at most",
        )?;
        let instant =
            |queue: &QueueScenario| queue.slo.is_zero() || queue.processing.mean().is_zero();
        wrong(
            self.queues.iter().any(instant),
            "the objective and the processing time of a queue must be longer than zero",
        )?;
        wrong(self.max == 0, "the most tasks are none")?;
        wrong(
            self.max > MOST_TASKS,
            "the most tasks are more than 100,000",
        )?;
        wrong(
            self.concurrency == 0,
            "a task must work on one message at least",
        )?;
        wrong(
            self.concurrency > 10_000,
            "a task works on 10,000 messages at most",
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
            "the processing time must be longer than nothing",
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
            "ECS must launch one task a minute at least",
        )?;
        wrong(
            self.max_receives == Some(0),
            "a message must be received once at least",
        )?;
        Bounds::new(self.min, self.max)
            .map_err(|_| ScenarioError::Value("the fewest tasks are more than the most"))
    }
}
