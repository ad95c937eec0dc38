//! The stack and its change sets.

use std::collections::VecDeque;

use aws_sdk_cloudformation::types::{Change, ChangeAction, ResourceChange, StackEvent, Tag};
use aws_smithy_types::DateTime;

use super::NAME;

#[derive(Clone, Default)]
pub(in crate::tests) struct FakeStack {
    pub id: String,
    pub status: String,
    pub reason: Option<String>,
    /// The result of each further request for the stack.
    pub steps: VecDeque<Step>,
    /// Oldest first.
    pub events: Vec<StackEvent>,
    /// Type, logical ID, physical ID.
    pub resources: Vec<(String, String, String)>,
    /// Logical IDs of the resources that couldn't be deleted.
    pub undeleted: Vec<&'static str>,
    /// Logical IDs that the last deletion should retain.
    pub retained: Vec<String>,
    pub parameters: Vec<(&'static str, &'static str)>,
    pub change_set: Option<String>,
    pub protected: bool,
    pub tags: Vec<Tag>,
    /// Rollback is off: CloudFormation accepts an update after a failed operation.
    pub keeps: bool,
    pub template: String,
}

/// A status, and its events: logical ID, status, reason.
#[derive(Clone)]
pub(in crate::tests) struct Step(
    pub &'static str,
    pub Vec<(&'static str, &'static str, &'static str)>,
);

pub(in crate::tests) fn steps(statuses: &[&'static str]) -> Vec<Step> {
    statuses.iter().map(|status| Step(status, vec![])).collect()
}

pub(in crate::tests) enum FakePlan {
    Adds(usize),
    /// Type and action.
    Changes(Vec<(&'static str, ChangeAction)>),
    Fails(&'static str),
    /// Completed without a change; the stack then has this template.
    Empty(&'static str),
}

#[derive(Clone)]
pub(in crate::tests) struct FakeChangeSet {
    pub id: String,
    pub creates: bool,
    pub execution: &'static str,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) changes: Vec<Change>,
    pub(in crate::tests) template: String,
    pub(in crate::tests) tags: Vec<Tag>,
    /// Whether it is drift-aware.
    pub(super) reverts_drift: bool,
}

impl FakeStack {
    pub(super) fn enter(&mut self, step: &Step) {
        let Step(status, events) = step;
        for (logical, status, reason) in events {
            let physical = format!("physical-{logical}");
            self.event(logical, "AWS::SQS::Queue", &physical, status, reason);
        }
        if *status != self.status {
            let id = self.id.clone();
            let reason = if status.ends_with("_FAILED") {
                "The following resource(s) failed"
            } else {
                ""
            };
            self.event(NAME, "AWS::CloudFormation::Stack", &id, status, reason);
        }
        self.status = (*status).to_owned();
    }

    fn event(&mut self, logical: &str, kind: &str, physical: &str, status: &str, reason: &str) {
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        let event = StackEvent::builder()
            .event_id(format!("event-{}", self.events.len()))
            .stack_id(&self.id)
            .stack_name(NAME)
            .timestamp(DateTime::from_secs(0))
            .logical_resource_id(logical)
            .resource_type(kind)
            .physical_resource_id(physical)
            .resource_status(status.into())
            .set_resource_status_reason(reason)
            .build();
        self.events.push(event);
    }

    /// Adds a resource with this type, logical ID, and physical ID.
    pub(in crate::tests) fn holds(
        &mut self,
        kind: &str,
        logical: &str,
        physical: &str,
    ) -> &mut Self {
        let names = (kind.to_owned(), logical.to_owned(), physical.to_owned());
        self.resources.push(names);
        self
    }

    /// Adds events of earlier operations.
    pub(in crate::tests) fn history(&mut self, events: usize) {
        for number in 0..events {
            self.event(
                "Old",
                "AWS::SQS::Queue",
                "old",
                "CREATE_FAILED",
                &format!("old {number}"),
            );
        }
    }
}

impl FakeChangeSet {
    pub(super) fn new(id: &str, creates: bool, tags: Vec<Tag>, plan: FakePlan) -> Self {
        let mut set = Self {
            id: id.to_owned(),
            creates,
            execution: "AVAILABLE",
            status: "CREATE_IN_PROGRESS",
            reason: None,
            changes: Vec::new(),
            template: "{\"new\": 1}".to_owned(),
            tags,
            reverts_drift: false,
        };
        match plan {
            FakePlan::Adds(n) => {
                let adds = (0..n).map(|i| change("AWS::IAM::Role", ChangeAction::Add, i));
                set.changes = adds.collect();
            }
            FakePlan::Changes(changes) => {
                let all = changes.into_iter().enumerate();
                set.changes = all
                    .map(|(i, (kind, action))| change(kind, action, i))
                    .collect();
            }
            FakePlan::Fails(reason) => set.reason = Some(reason.to_owned()),
            FakePlan::Empty(template) => set.template = template.to_owned(),
        }
        set
    }
}

pub(super) fn change(kind: &str, action: ChangeAction, number: usize) -> Change {
    let id = format!("R{number}");
    let physical = (action == ChangeAction::Remove).then(|| format!("physical-{id}"));
    let change = ResourceChange::builder()
        .resource_type(kind)
        .logical_resource_id(id)
        .set_physical_resource_id(physical)
        .action(action)
        .build();
    Change::builder().resource_change(change).build()
}
