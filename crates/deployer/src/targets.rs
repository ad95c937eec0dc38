//! What the stack's rules send to which function.

use aws_sdk_eventbridge::types::Target as EventTarget;
use futures::stream::{self, StreamExt, TryStreamExt};

use scaling::{DemandOrder, MetricRequest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use template::contract::types;

use crate::error::{Error, Result, aws};
use crate::named::list_rule_targets;
use crate::resource::Resource;
use crate::session::Session;

/// A target of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub rule: String,
    /// ARN of what the rule invokes.
    pub arn: String,
    /// Its constant input; empty when the rule sends its event.
    pub input: String,
}

/// What a rule's target is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Measures.
    Measure,
    /// Lets a scaling function check its alarms again.
    ReEvaluate,
    /// Has a scaling function check the queues of its services.
    ScaleByDemand,
}

impl Target {
    pub(crate) fn purpose(&self) -> Purpose {
        let action: Result<Action, _> = serde_json::from_str(&self.input);
        let action = action.map(|action| action.action);
        match action.as_deref() {
            Ok(RE_EVALUATE) => Purpose::ReEvaluate,
            Ok(_) => Purpose::ScaleByDemand,
            Err(_) => Purpose::Measure,
        }
    }

    /// The services that it has a function scale by demand.
    ///
    /// # Errors
    /// When the input is none of ours.
    pub(crate) fn order(&self) -> Result<DemandOrder> {
        self.parse("scales")
    }

    /// What it asks the metric function to measure.
    ///
    /// # Errors
    /// When the input is none of ours.
    pub(crate) fn request(&self) -> Result<MetricRequest> {
        self.parse("measures")
    }

    fn parse<T: DeserializeOwned>(&self, does: &str) -> Result<T> {
        serde_json::from_str(&self.input).map_err(|error| {
            Error::failed(format!(
                "failed to read what the rule {} {does}: {error}",
                self.rule
            ))
            .hint(
                "somebody else has changed a target of this rule: put it back as `synth` shows it",
            )
        })
    }
}

/// What every input of a scaling function says.
#[derive(Deserialize)]
struct Action {
    action: String,
}

const RE_EVALUATE: &str = "re-evaluate";

/// Requests at once.
const AT_ONCE: usize = 8;

/// The targets of the rules among the resources, in the order of the resources. A rule that is not there
/// yet, or no more, has none.
pub(crate) async fn read_targets(
    session: &Session<'_>,
    resources: &[Resource],
) -> Result<Vec<Target>> {
    let rules = physical_ids(resources, types::RULE);
    let found: Vec<Vec<Target>> = stream::iter(rules)
        .map(|rule| of_rule(session, rule))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn of_rule(session: &Session<'_>, rule: &str) -> Result<Vec<Target>> {
    let found = match list_rule_targets(session, rule).await {
        Ok(found) => found,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_not_found_exception()) =>
        {
            Vec::new()
        }
        Err(error) => return Err(aws(format!("read what the rule {rule} measures"))(error)),
    };
    let target = |target: &EventTarget| Target {
        rule: rule.to_owned(),
        arn: target.arn().to_owned(),
        input: target.input().unwrap_or_default().to_owned(),
    };
    Ok(found.iter().map(target).collect())
}

/// What AWS calls the resources of a type, those left out that were never made.
pub(crate) fn physical_ids<'a>(
    resources: &'a [Resource],
    kind: &'a str,
) -> impl Iterator<Item = &'a str> {
    resources
        .iter()
        .filter(move |resource| resource.resource_type == kind && !resource.physical_id.is_empty())
        .map(|resource| resource.physical_id.as_str())
}
