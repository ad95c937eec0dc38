//! The input of a function that scales by demand: the services whose desired count it sets.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::policy::DemandPolicy;

/// The constant input of the rule that invokes a function that scales by demand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandOrder {
    /// The action to perform.
    pub action: DemandAction,
    /// One check of each service instead of checks until the rule's period is over: for a manual
    /// invocation, or for a deploy that verifies the function.
    #[serde(default, skip_serializing_if = "is_false")]
    pub once: bool,
    /// How many functions share the account's request rates.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub functions: u32,
    /// How many times faster than real time the minutes of rules and metrics pass; more than 1 only in a
    /// sandbox.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub speed: u32,
    /// The services; empty if an object holds them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<DemandPolicy>,
    /// The object with the services, if they don't fit into an input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<FleetObject>,
}

/// An S3 object that holds a [`FleetDocument`], and the values that the document lacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetObject {
    /// The bucket.
    pub bucket: String,
    /// The key, which contains the hash of the content.
    pub key: String,
    /// The values of the document's references, in the document's order.
    pub values: Vec<String>,
}

/// The services of a function, with references to names that are known once the stack is deployed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetDocument {
    /// The references: `${REFERENCE}` in a name is replaced by a value of the object.
    pub references: Vec<String>,
    /// The services.
    pub services: Vec<DemandPolicy>,
}

/// Why a document and the values of its references don't match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// The number of values differs from the number of references.
    #[error("there are {values} values for {references} references")]
    Values {
        /// Number of values.
        values: usize,
        /// Number of references.
        references: usize,
    },
    /// A name has a reference without a value.
    #[error("the value of {0} is missing")]
    Unknown(String),
}

impl FleetDocument {
    /// The services with their names.
    ///
    /// # Errors
    /// If a reference has no value.
    pub fn complete(mut self, values: &[String]) -> Result<Vec<DemandPolicy>, FleetError> {
        let (count, references) = (values.len(), self.references.len());
        if count != references {
            return Err(FleetError::Values {
                values: count,
                references,
            });
        }
        let known = self.references.iter().map(String::as_str);
        let known: HashMap<&str, &str> = known.zip(values.iter().map(String::as_str)).collect();
        for service in &mut self.services {
            for text in service.texts_mut() {
                *text = complete_text(text, &known)?;
            }
        }
        Ok(self.services)
    }
}

/// The text with its references replaced by values. `${!TEXT}` is a literal `${TEXT}`, as in
/// CloudFormation's `Fn::Sub`.
fn complete_text(text: &str, known: &HashMap<&str, &str>) -> Result<String, FleetError> {
    let mut completed = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        completed.push_str(before);
        let Some((reference, after)) = after.split_once('}') else {
            completed.push_str("${");
            rest = after;
            continue;
        };
        match (reference.strip_prefix('!'), known.get(reference)) {
            (Some(literal), _) => completed.push_str(&format!("${{{literal}}}")),
            (None, Some(value)) => completed.push_str(value),
            (None, None) => return Err(FleetError::Unknown(reference.to_owned())),
        }
        rest = after;
    }
    completed.push_str(rest);
    Ok(completed)
}

/// The actions of a function that scales by demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DemandAction {
    /// Check the services, and set their desired counts.
    ScaleByDemand,
}

impl DemandOrder {
    /// An order to scale these services.
    #[must_use]
    pub fn new(services: Vec<DemandPolicy>) -> Self {
        Self {
            action: DemandAction::ScaleByDemand,
            once: false,
            functions: one(),
            speed: one(),
            services,
            object: None,
        }
    }
}

impl DemandPolicy {
    /// Every text that can contain a name that is known only once the stack is deployed.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let queues = self.queues.iter_mut();
        let queues = queues.flat_map(|queue| [&mut queue.name, &mut queue.url]);
        [&mut self.namespace, &mut self.cluster, &mut self.service]
            .into_iter()
            .chain(queues)
    }

    /// The policy in a sandbox whose minutes pass `speed` times faster: every time of the loop in real
    /// time, rounded up. Processing times and latency objectives don't change.
    #[must_use]
    pub fn compress(mut self, speed: u32) -> Self {
        let speed = u64::from(speed.max(1));
        let law = &mut self.law;
        for time in [
            &mut self.every_ms,
            &mut self.period_ms,
            &mut self.cooldown_out_ms,
            &mut self.cooldown_in_ms,
            &mut law.task_start_ms,
            &mut law.window_ms,
        ] {
            *time = time.div_ceil(speed);
        }
        self
    }
}

fn one() -> u32 {
    1
}

// Serde passes references.
fn is_one(number: &u32) -> bool {
    *number == one()
}

fn is_false(once: &bool) -> bool {
    !once
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order() -> serde_json::Value {
        json!({"action": "scale-by-demand", "services": [{
            "namespace": "n", "cluster": "c", "service": "s", "queues": [], "min": 1, "max": 5,
            "every_ms": 10_000, "period_ms": 60_000, "cooldown_out_ms": 0, "cooldown_in_ms": 50_001,
            "law": {"acceptable_latency_ms": 10_000, "processing_time_ms": 100, "concurrency": 1,
                    "task_start_ms": 40_000, "window_ms": 120_000}}]})
    }

    #[test]
    fn an_order_is_written_as_short_as_it_is_read() {
        let read: DemandOrder = serde_json::from_value(order()).unwrap();
        assert_eq!((read.once, read.functions, read.speed), (false, 1, 1));
        assert_eq!(serde_json::to_value(&read).unwrap(), order());
        assert_eq!(DemandOrder::new(read.services.clone()), read);
    }

    #[test]
    fn a_document_is_completed_as_cloudformation_would() {
        let mut read: DemandOrder = serde_json::from_value(order()).unwrap();
        let service = &mut read.services[0];
        service.namespace = "odd ${!Name} $ {x} ${".to_owned();
        service.service = "${WorkerService.Name}".to_owned();
        service.cluster = "a-${AWS::Region}-${AWS::Region}".to_owned();
        let references = ["AWS::Region", "WorkerService.Name"].map(str::to_owned);
        let document = FleetDocument {
            references: references.to_vec(),
            services: read.services,
        };
        let values = ["us-west-2", "shop-${x}"].map(str::to_owned);
        let [one] = document
            .clone()
            .complete(&values)
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!(one.namespace, "odd ${Name} $ {x} ${");
        assert_eq!(one.service, "shop-${x}", "values are literal");
        assert_eq!(one.cluster, "a-us-west-2-us-west-2");
        let short = document.clone().complete(&values[..1]);
        assert_eq!(
            short,
            Err(FleetError::Values {
                values: 1,
                references: 2
            })
        );
        let mut lacking = document;
        lacking.references = vec!["AWS::Region".to_owned()];
        let unknown = FleetError::Unknown("WorkerService.Name".to_owned());
        assert_eq!(lacking.complete(&values[..1]), Err(unknown));
    }

    #[test]
    fn a_fast_sandbox_keeps_the_times_of_messages() {
        let mut read: DemandOrder = serde_json::from_value(order()).unwrap();
        let fast = read.services.remove(0).compress(20);
        assert_eq!((fast.every_ms, fast.period_ms), (500, 3_000));
        assert_eq!((fast.cooldown_out_ms, fast.cooldown_in_ms), (0, 2_501));
        let law = fast.law;
        assert_eq!(
            (law.acceptable_latency_ms, law.processing_time_ms),
            (10_000, Some(100))
        );
        assert_eq!((law.task_start_ms, law.window_ms), (2_000, 6_000));
    }
}
