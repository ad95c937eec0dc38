//! Policy documents: statements, and how they are packed into policies that IAM accepts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::limits;
use crate::policy::policy_document;

/// A statement of a policy.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    sid: String,
    effect: &'static str,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Statement {
    /// Allows the actions on the resources.
    pub(super) fn allow(
        sid: impl Into<String>,
        actions: &[impl AsRef<str>],
        resources: impl IntoIterator<Item = String>,
    ) -> Self {
        let actions = actions.iter().map(|action| action.as_ref().to_owned());
        Self {
            sid: sid.into(),
            effect: "Allow",
            actions: actions.collect(),
            resources: resources.into_iter().collect(),
            conditions: BTreeMap::new(),
        }
    }

    /// Denies the actions on the resources, even if another statement allows them.
    pub(super) fn deny(
        sid: impl Into<String>,
        actions: &[impl AsRef<str>],
        resources: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            effect: "Deny",
            ..Self::allow(sid, actions, resources)
        }
    }

    /// Adds a condition: the operator, the key, and the value, or several values of which one must match.
    pub(super) fn when(mut self, operator: &str, key: &str, value: impl Into<Value>) -> Self {
        let keys = self.conditions.entry(operator.to_owned()).or_default();
        keys.insert(key.to_owned(), value.into());
        self
    }

    /// Only if CloudFormation makes the request for the caller.
    pub(super) fn by_cloudformation(self) -> Self {
        self.when(
            "ForAnyValue:StringEquals",
            "aws:CalledVia",
            "cloudformation.amazonaws.com",
        )
    }

    /// Whether services other than CloudFormation make the request. ecs-scaler creates service-linked roles itself.
    /// After a request from CloudFormation, Application Auto Scaling makes requests for its alarms, EC2 Auto
    /// Scaling for its instances, and Lambda for its code and network. AWS doesn't document whether such a request
    /// still names CloudFormation. A denial applies to everyone.
    pub(super) fn is_asked_by_others(&self) -> bool {
        const OTHERS: [&str; 5] = [
            "ConnectFunctions",
            "LaunchInstances",
            "MakeAlarms",
            "MakeServiceLinkedRoles",
            "ReadFunctionCode",
        ];
        self.effect == "Deny" || OTHERS.contains(&self.sid.as_str())
    }

    /// Keeps the needed actions; `None` if there is none, or if there is no resource.
    pub(super) fn narrowed(mut self, needed: &BTreeSet<&str>) -> Option<Self> {
        if self.effect == "Allow" {
            self.actions
                .retain(|action| needed.contains(action.as_str()));
        }
        (!self.actions.is_empty() && !self.resources.is_empty()).then_some(self)
    }

    /// The statement as JSON; several statements if it has many resources.
    fn render(&self) -> Vec<Value> {
        let parts = self.resources.chunks(MOST_RESOURCES).enumerate();
        parts
            .map(|(part, resources)| self.render_part(part, resources))
            .collect()
    }

    fn render_part(&self, part: usize, resources: &[String]) -> Value {
        let sid = match part {
            0 => self.sid.clone(),
            part => format!("{}{}", self.sid, part + 1),
        };
        let mut map = Map::new();
        map.insert("Sid".into(), sid.into());
        map.insert("Effect".into(), self.effect.into());
        map.insert(
            "Action".into(),
            one_or_many(self.actions.iter().map(String::as_str)),
        );
        let resources = resources.iter().map(String::as_str);
        map.insert("Resource".into(), one_or_many(resources));
        if !self.conditions.is_empty() {
            map.insert("Condition".into(), json!(self.conditions));
        }
        map.into()
    }
}

fn one_or_many<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    let texts: BTreeSet<&str> = texts.collect();
    match texts.len() {
        1 => texts.into_iter().next().into(),
        _ => texts.into_iter().collect(),
    }
}

/// Maximum number of resources in a statement: with its actions, it then fits into a document.
const MOST_RESOURCES: usize = 25;

/// Documents with the statements, each within IAM's limit for a managed policy.
pub(super) fn pack(statements: Vec<Statement>) -> Vec<Value> {
    let mut documents: Vec<Vec<Value>> = Vec::new();
    for json in statements.iter().flat_map(Statement::render) {
        match documents.last_mut() {
            Some(last) if size(last) + json.to_string().len() < limits::MANAGED_POLICY => {
                last.push(json);
            }
            _ => documents.push(vec![json]),
        }
    }
    documents.into_iter().map(policy_document).collect()
}

/// Number of characters that IAM counts, with space for one more comma.
fn size(statements: &[Value]) -> usize {
    policy_document(statements.to_vec()).to_string().len() + 1
}
