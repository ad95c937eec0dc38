//! A plan that was reviewed before its execution, and everything that must still be the same then.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::primitives::DateTimeFormat;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stack::{Stack, ValueChange};

use crate::assets::digest;
use crate::change_set::Source;
use crate::error::{Error, Result};
use crate::explanation::Explanation;
use crate::observe::{self, reread};
use crate::plan::Plan;
use crate::preflight::Identity;
use crate::session::Session;

/// A reviewed plan and its complete input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    /// The stack's name.
    pub stack: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The deployed stack; `None` if there was none.
    pub deployed: Option<DeployedState>,
    /// SHA-256 of the template to deploy, in hexadecimal digits.
    pub template_sha256: String,
    /// That template.
    pub template: Value,
    /// Its parameters. They include the hashes of the functions' code.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// Whether termination protection is on.
    pub termination_protection: bool,
    /// The role that CloudFormation assumes, if one was named.
    pub role_arn: Option<String>,
    /// Whether the review allowed the loss of messages or work.
    pub allow_loss: bool,
    /// The plan; `None` if nothing changes.
    pub plan: Option<Value>,
}

/// The state of a deployed stack at one point in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployedState {
    /// The stack's ID.
    pub id: String,
    /// CloudFormation's name for its status.
    pub status: String,
    /// When it was last updated or created, in AWS's format.
    pub updated: Option<String>,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// SHA-256 of its template, in hexadecimal digits.
    pub template_sha256: String,
}

/// Reads the state of a stack. `None` if there is none, or only the placeholder that a change set creates.
///
/// # Errors
/// If CloudFormation can't be reached.
pub async fn read_state(session: &Session<'_>, name: &str) -> Result<Option<DeployedState>> {
    let found = reread(session, || observe::describe(session, name)).await?;
    let word = |stack: &aws_sdk_cloudformation::types::Stack| {
        stack
            .stack_status()
            .map(|status| status.as_str().to_owned())
    };
    let is_there = |status: &str| !matches!(status, "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE");
    let Some((stack, status)) = found
        .and_then(|stack| word(&stack).map(|status| (stack, status)))
        .filter(|(_, status)| is_there(status))
    else {
        return Ok(None);
    };
    let id = stack.stack_id().unwrap_or(name).to_owned();
    let template = observe::template(session, &id, None).await?;
    let updated = stack.last_updated_time().or(stack.creation_time());
    let parameters = stack.parameters().iter().filter_map(|one| {
        let value = one.parameter_value()?;
        Some((one.parameter_key()?.to_owned(), value.to_owned()))
    });
    Ok(Some(DeployedState {
        status,
        updated: updated.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok()),
        parameters: parameters.collect(),
        template_sha256: digest(template.unwrap_or_default().as_bytes()),
        id,
    }))
}

/// What a change set is made from, as far as it can differ between a review and a deploy.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The template as text.
    pub body: String,
    /// See [`Source::parameters`].
    pub parameters: BTreeMap<String, String>,
    /// See [`Source::tags`].
    pub tags: BTreeMap<String, String>,
}

impl Inputs {
    pub(crate) fn of(source: &Source, body: &str) -> Self {
        Self {
            body: body.to_owned(),
            parameters: source.parameters.clone(),
            tags: source.tags.clone(),
        }
    }
}

impl Reviewed {
    /// Describes a plan. `deployed` is the state that was read before the plan was made.
    #[must_use]
    pub fn new(
        session: &Session<'_>,
        (stack, identity): (&Stack, &Identity),
        deployed: Option<DeployedState>,
        (inputs, plan): (&Inputs, Option<&Plan>),
        allow_loss: bool,
    ) -> Self {
        Self {
            stack: stack.name.clone(),
            account: identity.account.clone(),
            region: identity.region.clone(),
            deployed,
            template_sha256: digest(inputs.body.as_bytes()),
            template: serde_json::from_str(&inputs.body).unwrap_or_default(),
            parameters: inputs.parameters.clone(),
            tags: inputs.tags.clone(),
            termination_protection: stack.termination_protection,
            role_arn: session.role_arn.clone(),
            allow_loss,
            plan: plan.map(as_reviewed),
        }
    }

    /// Refuses another stack, account, or region.
    pub(crate) fn require_target(&self, stack: &str, identity: &Identity) -> Result<()> {
        let pairs = [
            ("stack", &*self.stack, stack),
            ("account", &self.account, &identity.account),
            ("region", &self.region, &identity.region),
        ];
        let other = pairs.iter().find(|(_, theirs, ours)| theirs != ours);
        match other {
            None => Ok(()),
            Some((what, theirs, ours)) => Err(Error::refused(format!(
                "the reviewed plan is for the {what} {theirs}, but this deploy is for {ours}"
            ))
            .hint("use the definition, environment, and cloud of the reviewed plan")),
        }
    }

    /// Refuses a stack that was changed since the review.
    pub(crate) async fn require_state(&self, session: &Session<'_>) -> Result<()> {
        let now = read_state(session, &self.stack).await?;
        let differs = match (&self.deployed, &now) {
            (None, None) => return Ok(()),
            (None, Some(now)) => vec![format!("the stack exists now ({})", now.status)],
            (Some(_), None) => vec!["the stack no longer exists".to_owned()],
            (Some(before), Some(now)) => before.list_differences(now),
        };
        refuse(&differs)
    }

    /// Refuses to deploy anything other than the reviewed input.
    pub(crate) fn require_inputs(
        &self,
        session: &Session<'_>,
        stack: &Stack,
        inputs: &Inputs,
    ) -> Result<()> {
        let mut differs = Vec::new();
        if digest(inputs.body.as_bytes()) != self.template_sha256 {
            let now = serde_json::from_str(&inputs.body).unwrap_or_default();
            differs.extend(list_changes(&self.template, &now));
        }
        list_pairs(
            "parameter",
            &self.parameters,
            &inputs.parameters,
            &mut differs,
        );
        list_pairs("tag", &self.tags, &inputs.tags, &mut differs);
        if self.termination_protection != stack.termination_protection {
            differs.push("termination_protection is different".to_owned());
        }
        if self.role_arn != session.role_arn {
            differs.push("--role-arn is different".to_owned());
        }
        refuse(&differs)
    }

    /// Refuses any plan but the reviewed one.
    pub(crate) fn require_plan(&self, plan: &Plan) -> Result<()> {
        let now = as_reviewed(plan);
        match &self.plan {
            Some(reviewed) if *reviewed == now => Ok(()),
            reviewed => refuse(&list_plan(reviewed.as_ref(), plan, &now)),
        }
    }
}

impl DeployedState {
    fn list_differences(&self, now: &Self) -> Vec<String> {
        let text = |time: &Option<String>| time.clone().unwrap_or_else(|| "unknown".to_owned());
        let mut differs = Vec::new();
        if self.id != now.id {
            differs.push("the stack was deleted and created again".to_owned());
        }
        if self.status != now.status {
            differs.push(format!(
                "the stack was in {}, and is in {}",
                self.status, now.status
            ));
        }
        if self.updated != now.updated {
            let (before, now) = (text(&self.updated), text(&now.updated));
            differs.push(format!(
                "the stack was last updated at {now}; at the review, that was {before}"
            ));
        }
        list_pairs(
            "deployed parameter",
            &self.parameters,
            &now.parameters,
            &mut differs,
        );
        if differs.is_empty() && self.template_sha256 != now.template_sha256 {
            differs.push("a different template is deployed now".to_owned());
        }
        differs
    }
}

/// Returns a plan as JSON after a round trip, in a fixed order, because AWS can list changes in any order.
fn as_reviewed(plan: &Plan) -> Value {
    let mut plan = plan.clone();
    plan.changes.sort_by(|one, other| {
        one.logical_id
            .cmp(&other.logical_id)
            .then(one.action.cmp(&other.action))
    });
    let text = serde_json::to_string(&plan).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Lists the differences between two templates, by the definition's keys if both contain their definition.
fn list_changes(reviewed: &Value, now: &Value) -> Vec<String> {
    let show = |value: &Option<Value>| match value {
        None => "not set".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let line = |change: &ValueChange| {
        let (before, now) = (show(&change.old), show(&change.new));
        format!("{}: reviewed {before}, now {now}", change.path)
    };
    let Explanation { words, values, .. } = Explanation::of(reviewed, now);
    if !words.is_empty() {
        return words.iter().map(line).collect();
    }
    let changes = values.iter().flat_map(|(id, values)| {
        let of_resource = move |value: &ValueChange| format!("{id}: {}", line(value));
        values.iter().map(of_resource).collect::<Vec<_>>()
    });
    let changes: Vec<String> = changes.collect();
    match changes.is_empty() {
        true => vec!["the template is different".to_owned()],
        false => changes,
    }
}

fn list_pairs(
    what: &str,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    differs: &mut Vec<String>,
) {
    let names = before
        .keys()
        .chain(now.keys().filter(|name| !before.contains_key(*name)));
    let other = names.filter(|name| before.get(*name) != now.get(*name));
    differs.extend(other.map(|name| format!("the {what} {name} is different")));
}

fn list_plan(reviewed: Option<&Value>, plan: &Plan, now: &Value) -> Vec<String> {
    let mut differs = Vec::new();
    let has_drift = reviewed.is_some_and(|plan| plan["drift"] == now["drift"]);
    if !plan.drift.is_empty() && !has_drift {
        let parts: Vec<&str> = plan.drift.iter().map(|one| &*one.logical_id).collect();
        let parts = parts.join(", ");
        differs.push(format!(
            "parts were changed manually, and the reviewed plan doesn't revert them: {parts}"
        ));
    }
    let empty = Vec::new();
    let changes = |plan: Option<&Value>| plan.and_then(|plan| plan["changes"].as_array().cloned());
    let (before, after) = (changes(reviewed), changes(Some(now)));
    let (before, after) = (
        before.as_ref().unwrap_or(&empty),
        after.as_ref().unwrap_or(&empty),
    );
    let name = |change: &Value| {
        let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {} ({})",
            text("action"),
            text("logical_id"),
            text("resource_type")
        )
    };
    let missing = |from: &[Value], list: &[Value], word: &str| {
        let other = list.iter().filter(|change| !from.contains(change));
        other
            .map(|change| format!("{word}: {}", name(change)))
            .collect::<Vec<_>>()
    };
    differs.extend(missing(after, before, "only reviewed"));
    differs.extend(missing(before, after, "only in the current plan"));
    if differs.is_empty() {
        differs.push("the plan is different, because the stack is in another state".to_owned());
    }
    differs
}

/// Maximum number of differences in an error.
const LISTED: usize = 12;

fn refuse(differs: &[String]) -> Result<()> {
    if differs.is_empty() {
        return Ok(());
    }
    let mut text = "nothing was changed: this differs from the reviewed plan".to_owned();
    for one in differs.iter().take(LISTED) {
        text.push_str(&format!("\n  {one}"));
    }
    if let Some(more @ 1..) = differs.len().checked_sub(LISTED) {
        text.push_str(&format!("\n  and {more} more"));
    }
    Err(Error::refused(text).hint("review it again: `diff --out FILE`, then `deploy --plan FILE`"))
}
