//! Roles and their permissions: statements that name each resource, packed into IAM's limits.

use serde_json::{Value, json};
use stack::Stack;

use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::policy::policy_document;
use crate::text::{Text, reference};
use crate::{limits, names};

/// A statement that allows actions on resources.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// Empty if several statements of a policy are alike.
    pub(crate) sid: &'static str,
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<Text>,
    pub(crate) conditions: Vec<Condition>,
}

/// A condition of a statement: operator, key, and the values of which one must match.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) operator: String,
    pub(crate) key: String,
    pub(crate) values: Vec<Text>,
}

/// A role that an AWS service assumes.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) principal: &'static str,
    /// Conditions for assuming the role.
    pub(crate) trust: Vec<Condition>,
    pub(crate) statements: Vec<Statement>,
    /// ARNs of existing policies.
    pub(crate) managed: Vec<Text>,
}

impl Statement {
    pub(crate) fn new<A: AsRef<str>>(
        sid: &'static str,
        actions: &[A],
        resources: Vec<Text>,
    ) -> Self {
        let actions = actions.iter().map(|action| action.as_ref().to_owned());
        Self {
            sid,
            actions: actions.collect(),
            resources,
            conditions: Vec::new(),
        }
    }

    pub(crate) fn when(
        mut self,
        operator: impl Into<String>,
        key: impl Into<String>,
        values: Vec<Text>,
    ) -> Self {
        self.conditions.push(Condition {
            operator: operator.into(),
            key: key.into(),
            values,
        });
        self
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({
            "Effect": "Allow",
            "Action": self.actions,
            "Resource": one_or_many(&self.resources),
        });
        if let Some(map) = json.as_object_mut() {
            if !self.sid.is_empty() {
                map.insert("Sid".into(), self.sid.into());
            }
            if !self.conditions.is_empty() {
                map.insert("Condition".into(), render_conditions(&self.conditions));
            }
        }
        json
    }

    /// Maximum number of characters without the resources.
    fn overhead(&self) -> usize {
        let frame =
            r#"{"Sid":"","Effect":"Allow","Action":[],"Resource":[],"Condition":{}},"#.len();
        let actions: usize = self
            .actions
            .iter()
            .map(|action| action.len() + QUOTES)
            .sum();
        let conditions: usize = self.conditions.iter().map(Condition::longest).sum();
        frame + self.sid.len() + actions + conditions
    }
}

impl Condition {
    pub(crate) fn new(operator: impl Into<String>, key: impl Into<String>, value: Text) -> Self {
        Self {
            operator: operator.into(),
            key: key.into(),
            values: vec![value],
        }
    }

    fn longest(&self) -> usize {
        let frame = r#""":{"":[]},"#.len();
        let values: usize = self.values.iter().map(item_length).sum();
        frame + self.operator.len() + self.key.len() + values
    }
}

impl Role {
    /// Adds the role. Statements that don't fit into its inline policy go into managed policies. The role refers to
    /// them, so resources that wait for the role also wait for all of its permissions.
    pub(crate) fn add(self, builder: &mut Builder, stack: &Stack) -> Result<(), SynthesisError> {
        let mut policies = pack_statements(&self.statements, self.managed.len())
            .ok_or_else(|| SynthesisError::PolicyTooLarge {
                role: self.id.clone(),
            })?
            .into_iter();
        let inline = policies.next().unwrap_or_default();
        let mut managed: Vec<Value> = self.managed.iter().map(Text::value).collect();
        for (position, statements) in policies.enumerate() {
            let id = names::managed_policy(&self.id, position + 1);
            let properties = json!({ "PolicyDocument": render_document(&statements) });
            managed.push(reference(&id));
            builder.add(id, Resource::new(types::MANAGED_POLICY, properties))?;
        }
        let mut properties = json!({
            "Description": self.description,
            "AssumeRolePolicyDocument": self.trust_policy(),
        });
        if let Some(map) = properties.as_object_mut() {
            if !inline.is_empty() {
                let policy = json!({ "PolicyName": "permissions", "PolicyDocument": render_document(&inline) });
                map.insert("Policies".into(), json!([policy]));
            }
            if !managed.is_empty() {
                map.insert("ManagedPolicyArns".into(), managed.into());
            }
            if stack.role_path != "/" {
                map.insert("Path".into(), stack.role_path.as_str().into());
            }
            if let Some(boundary) = &stack.permissions_boundary {
                map.insert("PermissionsBoundary".into(), boundary.as_str().into());
            }
        }
        builder.add(self.id, Resource::new(types::ROLE, properties))
    }

    fn trust_policy(&self) -> Value {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": { "Service": self.principal },
            "Action": "sts:AssumeRole",
        });
        if let (Some(map), false) = (statement.as_object_mut(), self.trust.is_empty()) {
            map.insert("Condition".into(), render_conditions(&self.trust));
        }
        policy_document(vec![statement])
    }
}

/// Reads metrics. CloudWatch supports no resources for this action; the region limits it.
pub(crate) fn read_metrics() -> Statement {
    let read = Statement::new(
        "ReadMetric",
        &["cloudwatch:GetMetricData"],
        vec!["*".into()],
    );
    read.when("StringEquals", "aws:RequestedRegion", vec![Text::region()])
}

/// Publishes metrics. CloudWatch supports no resources for this action; the namespace limits it.
pub(crate) fn publish_metrics(sid: &'static str, namespace: &str) -> Statement {
    let publish = Statement::new(sid, &["cloudwatch:PutMetricData"], vec!["*".into()]);
    publish.when(
        "StringEquals",
        "cloudwatch:namespace",
        vec![namespace.into()],
    )
}

/// Quotation marks and comma around an item of a list.
const QUOTES: usize = 3;
/// `{"Version":"2012-10-17","Statement":[]}`
const DOCUMENT: usize = 39;

/// Divides statements between the inline policy, which is filled first, and managed policies. A statement that
/// doesn't fit continues in the next policy. `None` if a role can't hold them all in addition to `others` managed
/// policies.
fn pack_statements(statements: &[Statement], others: usize) -> Option<Vec<Vec<Statement>>> {
    let mut policies = vec![Vec::new()];
    let mut room = limits::INLINE_POLICIES - DOCUMENT;
    for statement in statements {
        let overhead = statement.overhead();
        let mut part: Option<Statement> = None;
        for resource in &statement.resources {
            let need = item_length(resource) + if part.is_none() { overhead } else { 0 };
            if need > room {
                policies.last_mut()?.extend(part.take());
                policies.push(Vec::new());
                room = limits::MANAGED_POLICY - DOCUMENT;
                let need = item_length(resource) + overhead;
                room = room.checked_sub(need)?;
                part = Some(Statement {
                    resources: vec![resource.clone()],
                    ..statement.clone()
                });
                continue;
            }
            room -= need;
            match &mut part {
                Some(part) => part.resources.push(resource.clone()),
                None => {
                    part = Some(Statement {
                        resources: vec![resource.clone()],
                        ..statement.clone()
                    })
                }
            }
        }
        policies.last_mut()?.extend(part);
    }
    (policies.len() + others <= 1 + limits::MANAGED_POLICIES_PER_ROLE).then_some(policies)
}

/// Whether one role can hold these statements.
pub(crate) fn fit_role(statements: &[Statement]) -> bool {
    pack_statements(statements, 0).is_some()
}

fn render_document(statements: &[Statement]) -> Value {
    policy_document(statements.iter().map(Statement::to_json).collect())
}

/// `{operator: {key: value}}` of all conditions.
pub(crate) fn render_conditions(all: &[Condition]) -> Value {
    let mut json = json!({});
    for condition in all {
        if let Some(map) = json.as_object_mut() {
            let keys = map
                .entry(condition.operator.as_str())
                .or_insert_with(|| json!({}));
            if let Some(keys) = keys.as_object_mut() {
                keys.insert(condition.key.clone(), one_or_many(&condition.values));
            }
        }
    }
    json
}

fn one_or_many(texts: &[Text]) -> Value {
    match texts {
        [text] => text.value(),
        texts => texts.iter().map(Text::value).collect(),
    }
}

/// Characters of a text as an item of a list.
fn item_length(text: &Text) -> usize {
    text.longest() + QUOTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(resources: usize, length: usize) -> Statement {
        let resources = (0..resources)
            .map(|n| format!("{n:0>length$}").into())
            .collect();
        Statement::new("Read", &["sqs:GetQueueAttributes"], resources)
    }

    #[test]
    fn packs_keep_every_resource_and_every_limit() {
        for (resources, length) in [(1, 50), (100, 120), (200, 120), (20, 2_000)] {
            let policies =
                pack_statements(&[statement(resources, length), statement(3, 50)], 0).unwrap();
            let packed: usize = policies
                .iter()
                .flatten()
                .map(|part| part.resources.len())
                .sum();
            assert_eq!(packed, resources + 3);
            for (position, policy) in policies.iter().enumerate() {
                let limit = if position == 0 {
                    limits::INLINE_POLICIES
                } else {
                    limits::MANAGED_POLICY
                };
                let size = render_document(policy).to_string().len();
                assert!(size <= limit, "policy {position} has {size} characters");
                assert!(policy.iter().all(|part| !part.resources.is_empty()));
            }
        }
    }

    #[test]
    fn more_than_a_role_holds_is_refused() {
        assert!(pack_statements(&[statement(2_000, 120)], 0).is_none());
        assert!(pack_statements(&[statement(2, 20_000)], 0).is_none());
    }
}
