//! Turned knobs as values of the definition and as assumptions.

use std::time::Duration;

use serde_json::{Map, Value, json};
use stack::Service;

use super::scales::percent;
use super::{FIXED, Turns, main_key, written, yaml};
use crate::compare::OtherPolicy;
use crate::experiment::Refused;
use crate::random::Distribution;
use crate::scenario::Scenario;
use crate::simulation::Simulation;

/// What turned knobs change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turned {
    /// Paths in the definition with their new values; null removes a key.
    pub(super) values: Vec<(Vec<String>, Value)>,
    /// Assumptions as `KEY=VALUE`.
    pub(super) assumed: Vec<String>,
}

impl Turned {
    /// The change of a simulation, whose scenario is given.
    ///
    /// # Errors
    /// If a knob has no such value.
    pub(crate) fn new(
        simulation: &Simulation<'_>,
        scenario: &Scenario,
        turns: &Turns,
    ) -> Result<Self, Refused> {
        let Some(service) = simulation.stack.services.get(simulation.service) else {
            return Ok(Self::default());
        };
        let own = main_key(service);
        let mut turned = Self::default();
        let mut policy = turns.get("policy").map_or(own, String::as_str);
        // No definition can have it, so the definition stays as it is.
        if own != FIXED && OtherPolicy::parse(policy).is_ok() {
            turned.assumed.push(format!("policy={policy}"));
            policy = own;
        }
        let turning = Turning {
            simulation,
            scenario,
            service,
            turns,
            own,
            policy,
        };
        turning.policy(&mut turned)?;
        turning.objective(&mut turned)?;
        turning.queues(&mut turned)?;
        turning.tasks(&mut turned)?;
        turning.times(&mut turned)?;
        turning.schedule(&mut turned)?;
        Ok(turned)
    }

    /// Values for `--set`.
    pub(crate) fn set(&self) -> Vec<String> {
        let values = self.values.iter();
        values
            .map(|(path, value)| format!("{}={}", path.join("."), yaml::flow(value)))
            .collect()
    }

    /// Values for `--assume`.
    pub(crate) fn assume(&self) -> &[String] {
        &self.assumed
    }

    /// The arguments of the command that simulates the same.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let set = self
            .set()
            .into_iter()
            .map(|value| ["--set".to_owned(), value]);
        let assumed = self.assumed.iter().cloned();
        let assume = assumed.map(|value| ["--assume".to_owned(), value]);
        set.chain(assume).flatten().collect()
    }

    /// The changed keys of the definition. Assumptions are comments, because no definition has them.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut text = yaml::write(&self.values);
        for assumed in &self.assumed {
            text.push_str(&format!("# simulated with --assume {assumed}\n"));
        }
        text
    }
}

/// The knobs of one change.
pub(super) struct Turning<'t> {
    pub(super) simulation: &'t Simulation<'t>,
    pub(super) scenario: &'t Scenario,
    pub(super) service: &'t Service,
    turns: &'t Turns,
    /// The key of the definition's policy.
    pub(super) own: &'static str,
    /// The key of the chosen policy.
    pub(super) policy: &'t str,
}

impl<'t> Turning<'t> {
    /// The path of a key of the service.
    pub(super) fn path<'p>(&'p self, keys: &'p [&'p str]) -> impl Iterator<Item = &'p str> {
        let service = ["services", self.simulation.service];
        service.into_iter().chain(keys.iter().copied())
    }

    /// Sets a key of the service.
    pub(super) fn set(&self, turned: &mut Turned, keys: &[&str], value: Value) {
        let path = self.path(keys).map(str::to_owned).collect();
        turned.values.push((path, value));
    }

    pub(super) fn turned(&self, knob: &str) -> Option<&'t str> {
        self.turns.get(knob).map(String::as_str)
    }

    pub(super) fn time(&self, knob: &str) -> Result<Option<Duration>, Refused> {
        let Some(text) = self.turned(knob) else {
            return Ok(None);
        };
        let time = crate::time::parse_duration(text);
        time.map(Some).ok_or_else(|| refuse(knob, text))
    }

    fn count(&self, knob: &str) -> Result<Option<u32>, Refused> {
        let Some(text) = self.turned(knob) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| refuse(knob, text))
    }

    /// The objective. A policy's own aim follows it if it was the same, and never exceeds it.
    fn objective(&self, turned: &mut Turned) -> Result<(), Refused> {
        let (latency, share) = (self.time("slo")?, self.turned("share"));
        if latency.is_none() && share.is_none() {
            return Ok(());
        }
        let present = self
            .service
            .latency_objective()
            .unwrap_or(self.scenario.slo);
        let slo = latency.unwrap_or(present);
        let own = self.service.slo.and_then(|slo| slo.share).map(percent);
        let share = share.map_or(own, |share| Some(share.to_owned()));
        let text = match share.filter(|share| !share.is_empty()) {
            Some(share) => format!("{share} within {}", written(slo)),
            None => written(slo),
        };
        self.set(turned, &["slo"], json!(text));
        if self.simulation.overrides.slo.is_some() && latency.is_some() {
            turned.assumed.push(format!("slo={}", written(slo)));
        }
        let aim = ["scaling", self.own, "acceptable_latency"];
        let is_written = self.policy == self.own && self.is_written(&aim);
        let differs = |aim: Duration| aim != slo && (aim == present || aim > slo);
        if is_written && self.service.acceptable_latency().is_some_and(differs) {
            self.set(turned, &aim, json!(written(slo)));
        }
        Ok(())
    }

    /// Whether the definition has a key of the service.
    fn is_written(&self, keys: &[&str]) -> bool {
        let definition = self.simulation.stack.written.definition();
        let mut path = self.path(keys);
        definition.is_some_and(|root| path.try_fold(root, |value, key| value.get(key)).is_some())
    }

    fn tasks(&self, turned: &mut Turned) -> Result<(), Refused> {
        let min = self.count("min")?;
        if let Some(min) = min {
            self.set(turned, &["tasks", "min"], json!(min));
        }
        let max = self.count("max")?.filter(|_| self.policy != FIXED);
        if let Some(max) = max {
            self.set(turned, &["tasks", "max"], json!(max));
        }
        Ok(())
    }

    /// Processing time, start of tasks, and cooldowns.
    fn times(&self, turned: &mut Turned) -> Result<(), Refused> {
        if let Some(mean) = self.time("processing_time")? {
            let path = ["scaling", self.own, "processing_time"];
            // A measured time has no number in the definition.
            let is_given = self.service.processing_time().is_some() && self.is_written(&path);
            if self.policy == self.own && is_given {
                self.set(turned, &path, json!(written(mean)));
            }
            // Otherwise the scenario follows the definition.
            let follows = match self.policy {
                FIXED | "steps" | "alarm_steps" | "cdk" | "articles" => false,
                policy => policy != self.own || is_given,
            };
            if self.simulation.overrides.processing.is_some() || !follows {
                let spread = with_mean(self.scenario.processing, mean);
                turned.assumed.push(format!("processing_time={spread}"));
            }
        }
        if let Some(mean) = self.time("task_start")? {
            let spread = with_mean(self.scenario.assumptions.task_start, mean);
            turned.assumed.push(format!("task_start={spread}"));
        }
        for (knob, key) in [("cooldown_out", "out"), ("cooldown_in", "in")] {
            // Another policy has other cooldowns.
            if let Some(time) = self.time(knob)?.filter(|_| self.policy == self.own) {
                let path = ["scaling", self.own, "cooldown", key];
                self.set(turned, &path, json!(written(time)));
            }
        }
        Ok(())
    }

    fn schedule(&self, turned: &mut Turned) -> Result<(), Refused> {
        let min = self.count("schedule_min")?;
        let hours = match self.turned("schedule") {
            Some(hours) if self.policy != FIXED && hours != "own" => hours,
            _ => return Ok(()),
        };
        let path = ["tasks", "schedule"];
        if hours == "none" {
            if self.service.schedule.is_some() {
                self.set(turned, &path, Value::Null);
            }
            return Ok(());
        }
        let mut period = Map::new();
        if let Some(schedule) = &self.service.schedule {
            period.insert("timezone".to_owned(), json!(schedule.timezone.name()));
        }
        let min = min.unwrap_or_else(|| super::schedule_minimum(self.service));
        period.insert("min".to_owned(), json!(min));
        period.insert("when".to_owned(), json!(hours));
        self.set(turned, &path, json!([period]));
        Ok(())
    }
}

/// A distribution of the same form with another mean, as `--assume` accepts it.
pub(super) fn with_mean(spread: Distribution, mean: Duration) -> String {
    match spread {
        Distribution::Fixed(_) => format!("fixed:{}", written(mean)),
        Distribution::Exponential(_) => format!("exponential:{}", written(mean)),
        Distribution::Lognormal { cv, .. } => format!("lognormal:{},{cv}", written(mean)),
        Distribution::Uniform(from, to) => {
            let times = mean.as_secs_f64() / spread.mean().as_secs_f64().max(1e-9);
            let [from, to] = [from, to]
                .map(|end| Duration::try_from_secs_f64(end.as_secs_f64() * times).unwrap_or(mean));
            format!("uniform:{}..{}", written(from), written(to))
        }
    }
}

pub(super) fn refuse(knob: &str, value: &str) -> Refused {
    let value: String = value.chars().take(40).collect();
    Refused::new(format!("{knob} can't be \"{value}\""))
}
