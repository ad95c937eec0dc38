//! The parameters to search: read from a definition, applied to one, and as edits of its text.

use std::time::Duration;

use scaling::{DEMAND_INTERVAL, DEMAND_TASK_START, DEMAND_WINDOW};
use serde::{Serialize, Serializer};
use stack::{Actuator, Cooldown, Demand, Edit, Scaling, Service, Slo, Stack, Warm};

/// A policy whose parameters can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// `scaling.backlog_per_task`.
    BacklogPerTask,
    /// `scaling.demand`.
    Demand,
}

/// A parameter that the user can exclude from the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `acceptable_latency`, which determines the policy's target.
    AcceptableLatency,
    /// `cooldown`, for scale-out and scale-in.
    Cooldown,
    /// `window` of the demand policy.
    Window,
    /// `tasks.min`.
    Min,
    /// `tasks.max`.
    Max,
}

/// The searched parameters of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Settings {
    /// The policy.
    #[serde(rename = "policy")]
    pub law: Law,
    /// The latency that the policy aims for, at most the objective. In JSON, seconds.
    #[serde(serialize_with = "as_seconds")]
    pub acceptable_latency: Duration,
    /// Cooldown after a scale-out. In JSON, seconds.
    #[serde(serialize_with = "as_seconds")]
    pub cooldown_out: Duration,
    /// Cooldown after a scale-in. In JSON, seconds.
    #[serde(serialize_with = "as_seconds")]
    pub cooldown_in: Duration,
    /// Window of the demand policy. Backlog per task ignores it. In JSON, seconds.
    #[serde(serialize_with = "as_seconds")]
    pub window: Duration,
    /// Minimum number of tasks.
    pub min: u32,
    /// Maximum number of tasks.
    pub max: u32,
}

/// A value of the definition that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Path in the definition.
    pub key: String,
    /// The current value, which can be a default.
    pub old: String,
    /// Its new value.
    pub new: String,
}

fn as_seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

impl Law {
    /// Its key under `scaling`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::BacklogPerTask => "backlog_per_task",
            Self::Demand => "demand",
        }
    }
}

/// Returns the definition's processing time.
pub(super) fn processing_time(service: &Service) -> Option<Duration> {
    let scaling = service.scaling.as_ref()?;
    match (&scaling.backlog_per_task, &scaling.demand) {
        (Some(backlog), _) => Some(backlog.processing_time),
        (None, Some(demand)) => demand.processing_time,
        (None, None) => None,
    }
}

/// Copies one parameter from the second settings to the first.
type Back = fn(Settings, Settings) -> Settings;

impl Settings {
    /// Each replaces one parameter with another's, the least important first.
    pub(super) const BACK: [Back; 6] = [
        |one, other| Self {
            cooldown_out: other.cooldown_out,
            ..one
        },
        |one, other| Self {
            cooldown_in: other.cooldown_in,
            ..one
        },
        |one, other| Self {
            window: other.window,
            ..one
        },
        |one, other| Self {
            acceptable_latency: other.acceptable_latency,
            ..one
        },
        |one, other| Self {
            max: other.max,
            ..one
        },
        |one, other| Self {
            min: other.min,
            ..one
        },
    ];

    /// Returns the service's current parameters. `None` if it has another policy.
    pub(super) fn from_service(service: &Service) -> Option<Self> {
        let scaling = service.scaling.as_ref()?;
        let (law, latency, cooldown, window) = match (&scaling.backlog_per_task, &scaling.demand) {
            (Some(backlog), _) => (
                Law::BacklogPerTask,
                backlog.acceptable_latency,
                backlog.cooldown,
                DEMAND_WINDOW,
            ),
            (None, Some(demand)) => (
                Law::Demand,
                demand.acceptable_latency,
                demand.cooldown,
                demand.window,
            ),
            (None, None) => return None,
        };
        Some(Self {
            law,
            acceptable_latency: latency,
            cooldown_out: cooldown.out,
            cooldown_in: cooldown.r#in,
            window,
            min: service.tasks.min,
            max: service.tasks.max,
        })
    }

    /// Returns the demand policy's defaults with the same objective and bounds.
    pub(super) fn with_demand_defaults(self) -> Self {
        Self {
            law: Law::Demand,
            cooldown_out: Duration::ZERO,
            cooldown_in: Duration::ZERO,
            window: DEMAND_WINDOW,
            ..self
        }
    }

    fn cooldown(self) -> Cooldown {
        Cooldown {
            out: self.cooldown_out,
            r#in: self.cooldown_in,
        }
    }

    /// Returns the definition with these parameters for a service whose tasks process `concurrency` messages in
    /// parallel, and the objective to evaluate. If the policy's aim changes and the service has no `slo`, the
    /// previous objective becomes its `slo`, so that the evaluation stays the same.
    pub(super) fn apply(
        self,
        stack: &Stack,
        service: &str,
        slo: Duration,
        concurrency: u32,
    ) -> Stack {
        let mut applied = stack.clone();
        let objective = self.new_objective(stack, service, slo);
        let Some(found) = applied.services.get_mut(service) else {
            return applied;
        };
        if let Some(latency) = objective {
            found.slo = Some(Slo {
                share: None,
                latency,
            });
        }
        found.tasks.min = self.min;
        found.tasks.max = self.max;
        let Some(scaling) = &mut found.scaling else {
            return applied;
        };
        match self.law {
            Law::BacklogPerTask => {
                if let Some(backlog) = &mut scaling.backlog_per_task {
                    backlog.acceptable_latency = self.acceptable_latency;
                    backlog.cooldown = self.cooldown();
                }
            }
            Law::Demand => self.apply_demand(scaling, concurrency),
        }
        applied
    }

    fn apply_demand(self, scaling: &mut Scaling, concurrency: u32) {
        let processing_time = scaling
            .backlog_per_task
            .take()
            .map(|backlog| backlog.processing_time);
        let demand = scaling.demand.get_or_insert(Demand {
            acceptable_latency: self.acceptable_latency,
            processing_time,
            concurrency,
            actuator: Actuator::Function,
            every: DEMAND_INTERVAL,
            warm: Warm::Auto,
            task_start: DEMAND_TASK_START,
            window: self.window,
            cooldown: self.cooldown(),
        });
        demand.acceptable_latency = self.acceptable_latency;
        demand.window = self.window;
        demand.cooldown = self.cooldown();
    }

    /// Returns the `slo` that the service needs for the evaluation to stay the same.
    fn new_objective(self, stack: &Stack, service: &str, slo: Duration) -> Option<Duration> {
        let found = stack.services.get(service)?;
        let present = Self::from_service(found)?;
        let aims_elsewhere = self.acceptable_latency != present.acceptable_latency;
        (found.slo.is_none() && aims_elsewhere).then_some(slo)
    }

    /// Returns the differences between the text of the definition and these parameters: each edit, and the
    /// current value.
    fn differences(
        self,
        stack: &Stack,
        service: &str,
        slo: Duration,
        concurrency: u32,
    ) -> Vec<(Edit, String)> {
        let Some(present) = stack.services.get(service).and_then(Self::from_service) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let law = self.law.key();
        let turned = self.law != present.law;
        let scaling = ["services", service, "scaling"];
        let under = |keys: &[&'static str]| -> Vec<&str> {
            let keys = std::iter::once(law).chain(keys.iter().copied());
            scaling.into_iter().chain(keys).collect()
        };
        if turned {
            let old = present.law.key();
            let path: Vec<&str> = scaling.into_iter().chain([old]).collect();
            found.push((Edit::rename(&path, law), old.to_owned()));
            for gone in ["count", "source"] {
                found.push((Edit::remove(&under(&[gone])), String::new()));
            }
            if concurrency != 1 {
                let edit = Edit::number(&under(&["concurrency"]), concurrency);
                found.push((edit, "1".to_owned()));
            }
        }
        let latency: (&[&'static str], _, _, _) = (
            &["acceptable_latency"],
            self.acceptable_latency,
            present.acceptable_latency,
            false,
        );
        let times = [
            latency,
            (&["window"], self.window, present.window, false),
            (
                &["cooldown", "out"],
                self.cooldown_out,
                present.cooldown_out,
                turned,
            ),
            (
                &["cooldown", "in"],
                self.cooldown_in,
                present.cooldown_in,
                turned,
            ),
        ];
        for (keys, now, before, always) in times {
            if now != before || always {
                let time = |time| Edit::duration(&under(keys), time);
                found.push((time(now), time(before).written()));
            }
        }
        for (key, now, before) in [
            ("min", self.min, present.min),
            ("max", self.max, present.max),
        ] {
            if now != before {
                let edit = Edit::number(&["services", service, "tasks", key], now);
                found.push((edit, before.to_string()));
            }
        }
        if let Some(latency) = self.new_objective(stack, service, slo) {
            let edit = Edit::duration(&["services", service, "slo"], latency);
            found.push((edit, "the acceptable latency".to_owned()));
        }
        found
    }

    /// Returns the edits of the definition's text that set these parameters.
    pub(super) fn edits(
        self,
        stack: &Stack,
        service: &str,
        slo: Duration,
        concurrency: u32,
    ) -> Vec<Edit> {
        let differences = self.differences(stack, service, slo, concurrency);
        differences.into_iter().map(|(edit, _)| edit).collect()
    }

    /// Returns the same for people.
    pub(super) fn changes(
        self,
        stack: &Stack,
        service: &str,
        slo: Duration,
        concurrency: u32,
    ) -> Vec<Change> {
        let differences = self.differences(stack, service, slo, concurrency);
        differences
            .into_iter()
            .filter(|(_, old)| !old.is_empty())
            .map(|(edit, old)| Change {
                key: edit.path(),
                new: edit.written(),
                old,
            })
            .collect()
    }
}
