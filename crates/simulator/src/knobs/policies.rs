//! Another policy in the place of the definition's.

use std::time::Duration;

use serde_json::{Map, Value, json};
use stack::Service;

use super::turned::{Turned, Turning, refuse, with_mean};
use super::{Choice, FIXED, Knob, first_max, keys, main_key, written};
use crate::compare::OtherPolicy;
use crate::experiment::Refused;
use crate::simulation::Simulation;

/// Policies of [`crate::compare()`] that a definition can have as values of these keys, and their names.
pub(super) const KNOWN: [(&str, &str, &str); 3] = [
    ("copilot", "backlog_per_task", "Copilot’s defaults"),
    ("cdk", "steps", "The CDK’s queue pattern"),
    (
        "articles",
        "alarm_steps",
        "Alarm steps, 100 and 20 messages per minute",
    ),
];

/// The knob of the policy.
pub(super) fn list(simulation: &Simulation<'_>, service: &Service) -> Knob {
    let own = main_key(service);
    let named = [
        ("backlog_per_task", "Backlog per task"),
        ("demand", "Demand"),
        ("steps", "Steps"),
        ("alarm_steps", "Alarm steps"),
        (FIXED, "Fixed count"),
    ];
    let offered = named
        .into_iter()
        .filter(|(key, _)| !key.ends_with("steps") || *key == own);
    let mut values: Vec<Choice> = offered.map(|(key, text)| Choice::new(key, text)).collect();
    let known = KNOWN.into_iter().filter(|(_, key, _)| {
        // Steps are about one queue.
        !key.ends_with("steps") || service.consumes.len() == 1
    });
    values.extend(known.map(|(name, _, text)| Choice::new(name, text)));
    // Without a policy, no definition has room to scale.
    if own != FIXED && simulation.overrides.policy.is_none() {
        values.push(Choice::new(OtherPolicy::Keda.name(), "KEDA’s SQS scaler"));
        // The first forecast is made after a day.
        if simulation.load.duration() > Duration::from_secs(86_400) {
            let text = "Predictive scaling, our own forecast";
            values.push(Choice::new(OtherPolicy::Predictive.name(), text));
        }
    }
    let now = values.iter().position(|one| one.value == own);
    Knob::new("policy", "Policy", values, now.unwrap_or_default())
}

impl Turning<'_> {
    /// Puts the chosen policy in the place of the definition's.
    pub(super) fn policy(&self, turned: &mut Turned) -> Result<(), Refused> {
        if self.policy == self.own {
            return Ok(());
        }
        match self.policy {
            FIXED => {
                self.set(turned, &["scaling"], Value::Null);
                self.set(turned, &["tasks", "max"], Value::Null);
                if self.service.schedule.is_some() {
                    self.set(turned, &["tasks", "schedule"], Value::Null);
                }
                self.keep_subject(turned);
            }
            policy => {
                let (key, values) = self.replacement(policy)?;
                for own in keys(self.service) {
                    self.set(turned, &["scaling", own], Value::Null);
                }
                self.set(turned, &["scaling", key], Value::Object(values));
                if key.ends_with("steps") {
                    self.keep_subject(turned);
                }
                if self.own == FIXED && self.turned("max").is_none() {
                    let max = first_max(self.own, self.scenario);
                    self.set(turned, &["tasks", "max"], json!(max));
                }
            }
        }
        Ok(())
    }

    /// The processing time and the objective, where they were those of a policy that goes.
    fn keep_subject(&self, turned: &mut Turned) {
        let is_known = self.simulation.overrides.processing.is_some();
        if !is_known && self.turned("processing_time").is_none() {
            let own = self.scenario.processing;
            let spread = with_mean(own, own.mean());
            turned.assumed.push(format!("processing_time={spread}"));
        }
        let is_turned = ["slo", "share"].map(|knob| self.turned(knob).is_some());
        if self.service.slo.is_none() && is_turned == [false; 2] {
            let slo = self.scenario.slo;
            self.set(turned, &["slo"], json!(written(slo)));
        }
    }

    /// The key and the values of another policy.
    fn replacement(&self, policy: &str) -> Result<(&'static str, Map<String, Value>), Refused> {
        let queue = self.service.consumes.first().map_or("", String::as_str);
        let steps = |values: Value| match values {
            Value::Object(values) => values,
            _ => Map::new(),
        };
        Ok(match policy {
            "backlog_per_task" => ("backlog_per_task", self.new_policy()?),
            "demand" => ("demand", self.new_policy()?),
            "copilot" => {
                let mut values = self.new_policy()?;
                values.insert("cooldown".to_owned(), json!({"out": "60s", "in": "120s"}));
                ("backlog_per_task", values)
            }
            // The values of `StepPolicy::cdk_queue_processing`.
            "cdk" => (
                "steps",
                steps(json!({
                    "metric": {"queue": queue, "name": "ApproximateNumberOfMessagesVisible", "statistic": "Maximum"},
                    "period": "5m",
                    "cooldown": {"out": "300s", "in": "300s"},
                    "scale_out": {"at_or_above": 100, "steps": [{"from": 0, "add": 1}, {"from": 400, "add": 5}]},
                    "scale_in": {"at_or_below": 0, "remove": 1},
                })),
            ),
            // The values of `StepPolicy::articles_alarm_steps`.
            "articles" => (
                "alarm_steps",
                steps(json!({
                    "metric": {"queue": queue, "name": "NumberOfMessagesSent", "statistic": "Sum"},
                    "period": "60s",
                    "missing": "not_breaching",
                    "cooldown": {"out": "60s", "in": "300s"},
                    "scale_out": {"at_or_above": 100, "add": 1},
                    "scale_in": {"below": 20, "for": 5, "remove": 1},
                })),
            ),
            other => return Err(refuse("policy", other)),
        })
    }

    /// The keys of a policy that the definition doesn't have.
    fn new_policy(&self) -> Result<Map<String, Value>, Refused> {
        let mut values = Map::new();
        if self.service.slo.is_none() && self.turned("slo").is_none() {
            let aim = self
                .service
                .acceptable_latency()
                .unwrap_or(self.scenario.slo);
            values.insert("acceptable_latency".to_owned(), json!(written(aim)));
        }
        let mean = self.time("processing_time")?;
        let mean = mean.unwrap_or_else(|| self.scenario.processing.mean());
        values.insert("processing_time".to_owned(), json!(written(mean)));
        if self.scenario.concurrency != 1 {
            values.insert("concurrency".to_owned(), json!(self.scenario.concurrency));
        }
        Ok(values)
    }
}
