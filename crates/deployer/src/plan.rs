//! A plan: the effects of a change set, as data.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::{
    Change as SdkChange, ChangeAction, Replacement, ResourceChange, ResourceChangeDetail,
};
use serde::Serialize;
use stack::ValueChange;

use crate::action::Action;
use crate::consequence::{Consequence, Effect, SHORTER_RETENTION};
use crate::finding::{Finding, Problem};
use crate::resource::Resource;
use crate::status::Recovery;

/// What a deploy will do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// Whether the stack is created.
    pub creates_stack: bool,
    /// The changes in the definition, by its keys. Empty if the stack is created, or if the deployed stack has no
    /// record of its definition.
    pub words: Vec<ValueChange>,
    /// The recovery of a stuck stack that comes first.
    pub recovery: Option<Recovering>,
    /// Manual changes that the deploy reverts.
    pub drift: Vec<Finding>,
    /// One entry per resource, in CloudFormation's order.
    pub changes: Vec<Change>,
}

/// The recovery of a stuck stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recovering {
    /// How it is recovered.
    pub step: Recovery,
    /// CloudFormation's name for the status of the stuck stack.
    pub status: String,
    /// Whether this run has already done it.
    pub done: bool,
}

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The action.
    pub action: Action,
    /// Logical ID in the template.
    pub logical_id: String,
    /// CloudFormation's type.
    pub resource_type: String,
    /// Its current ID in AWS. `None` if it doesn't exist yet.
    pub physical_id: Option<String>,
    /// The properties that change, such as `TargetTrackingScalingPolicyConfiguration`.
    pub properties: Vec<String>,
    /// The changes in the template's properties. Empty for a dashboard, and for a change with another cause, such as
    /// the change of another resource. For an import, what the next deploy changes.
    pub values: Vec<ValueChange>,
    /// Whether deleting it is never a loss, regardless of its type: the dead-letter queue of a function of the
    /// stack.
    pub expendable: bool,
    /// Its effect on the running system, if that is more than a change in place.
    pub consequence: Option<Consequence>,
}

impl Plan {
    /// Returns the changes that delete messages, or that stop a service and its work. A possible replacement
    /// counts, because it can't be undone.
    pub fn losses(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_loss())
    }

    /// Returns the changes that make a service unavailable for a time, or at its old address.
    pub fn interruptions(&self) -> impl Iterator<Item = &Change> {
        let interrupts = |change: &&Change| change.has_effect(Effect::Interrupts);
        self.changes.iter().filter(interrupts)
    }

    /// Returns the changes that can't succeed.
    pub fn failures(&self) -> impl Iterator<Item = &Change> {
        let fails = |change: &&Change| change.has_effect(Effect::Fails);
        self.changes.iter().filter(fails)
    }
}

impl Plan {
    /// Adds the deletion of each resource that exists.
    pub(crate) fn remove_all(&mut self, resources: &[Resource]) {
        self.end_all(Action::Remove, resources);
    }

    /// Adds the release of each resource that was created.
    pub(crate) fn release_all(&mut self, resources: &[Resource]) {
        self.end_all(Action::Release, resources);
    }

    fn end_all(&mut self, action: Action, resources: &[Resource]) {
        let there = resources.iter().filter(|one| !one.physical_id.is_empty());
        self.changes.extend(there.map(|one| Change {
            physical_id: Some(one.physical_id.clone()),
            ..Change::of(action, &one.logical_id, &one.resource_type)
        }));
    }

    /// Adds the creation of each resource, given by logical ID and type.
    pub(crate) fn add_all(&mut self, resources: &BTreeMap<String, String>) {
        let added = resources.iter();
        self.changes
            .extend(added.map(|(id, kind)| Change::of(Action::Add, id, kind)));
    }

    /// Marks these queues, which are changed in place: they lose their oldest messages.
    pub(crate) fn mark_shortened(&mut self, queues: &[String]) {
        for change in &mut self.changes {
            if change.action == Action::Change && queues.contains(&change.logical_id) {
                change.consequence = Some(SHORTER_RETENTION);
            }
        }
    }

    /// Marks the creation of these resources: their names are taken by those that stay.
    pub(crate) fn mark_taken(&mut self, taken: &[Resource]) {
        for change in &mut self.changes {
            let is_it = |one: &Resource| one.logical_id == change.logical_id;
            if change.action == Action::Add && taken.iter().any(is_it) {
                change.consequence = Some(Consequence::fails(&change.resource_type));
            }
        }
    }

    /// Marks these resources, if they are removed: CloudFormation doesn't delete them.
    pub(crate) fn mark_released(&mut self, retained: &BTreeSet<String>) {
        for change in &mut self.changes {
            if change.action == Action::Remove && retained.contains(&change.logical_id) {
                change.action = Action::Release;
                change.consequence = None;
            }
        }
    }

    /// Whether the plan imports resources. Then it does nothing else.
    #[must_use]
    pub fn is_import(&self) -> bool {
        let mut changes = self.changes.iter();
        changes.any(|change| change.action == Action::Import)
    }

    /// Whether an approved recovery included this plan: it creates the stack again and does nothing else.
    pub(crate) fn is_included_in(&self, recovered: &Plan) -> bool {
        let adds = |change: &Change| change.action == Action::Add;
        recovered.creates_stack && self.creates_stack && self.changes.iter().all(adds)
    }

    /// Returns this recovery as part of the plan that follows it.
    pub(crate) fn recovering(&self) -> Option<Recovering> {
        self.recovery.clone().map(|recovering| Recovering {
            done: true,
            ..recovering
        })
    }

    /// Adds the manual changes that the deploy reverts. A missing resource can't be lost again.
    pub(crate) fn revert(&mut self, findings: &[Finding]) {
        self.drift = findings.to_vec();
        let is_missing = |id: &str| {
            let mut named = findings.iter().filter(|finding| finding.logical_id == id);
            named.any(|finding| finding.problem == Problem::Missing)
        };
        for change in &mut self.changes {
            change.expendable |= is_missing(&change.logical_id);
        }
    }

    /// Returns the deletions in the plan.
    pub(crate) fn removals(&self) -> impl Iterator<Item = &Change> {
        let removes = |change: &&Change| change.action == Action::Remove;
        self.changes.iter().filter(removes)
    }
}

impl Change {
    pub(crate) fn of(action: Action, logical_id: &str, resource_type: &str) -> Self {
        Self {
            action,
            logical_id: logical_id.to_owned(),
            resource_type: resource_type.to_owned(),
            physical_id: None,
            properties: Vec::new(),
            values: Vec::new(),
            expendable: false,
            consequence: Consequence::find(action, resource_type, &[]),
        }
    }

    /// Returns the resource in its current state.
    pub(crate) fn resource(&self) -> Resource {
        Resource {
            resource_type: self.resource_type.clone(),
            logical_id: self.logical_id.clone(),
            physical_id: self.physical_id.clone().unwrap_or_default(),
            status: String::new(),
        }
    }

    /// Whether it deletes messages, or stops a service.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        !self.expendable && self.has_effect(Effect::DataLoss)
    }

    fn has_effect(&self, effect: Effect) -> bool {
        self.consequence.is_some_and(|found| found.effect == effect)
    }
}

/// Converts the changes of a change set's page. Omits changes that aren't about a resource.
pub(crate) fn convert_changes(changes: &[SdkChange]) -> impl Iterator<Item = Change> {
    changes
        .iter()
        .filter_map(SdkChange::resource_change)
        .map(convert_change)
}

fn convert_change(change: &ResourceChange) -> Change {
    let mut properties: Vec<String> = change.details().iter().filter_map(property_name).collect();
    properties.sort();
    properties.dedup();
    let action = convert_action(change);
    let resource_type = change.resource_type().unwrap_or_default();
    Change {
        action,
        logical_id: change.logical_resource_id().unwrap_or_default().to_owned(),
        resource_type: resource_type.to_owned(),
        consequence: Consequence::find(action, resource_type, &properties),
        physical_id: change
            .physical_resource_id()
            .filter(|id| !id.is_empty())
            .map(str::to_owned),
        properties,
        values: Vec::new(),
        expendable: false,
    }
}

fn convert_action(change: &ResourceChange) -> Action {
    match (change.action(), change.replacement()) {
        (Some(ChangeAction::Add), _) => Action::Add,
        (Some(ChangeAction::Import), _) => Action::Import,
        (Some(ChangeAction::Remove), _) => Action::Remove,
        (_, Some(Replacement::True)) => Action::Replace,
        (_, Some(Replacement::Conditional)) => Action::MayReplace,
        (Some(ChangeAction::Modify | ChangeAction::SyncWithActual), _) => Action::Change,
        // `Dynamic`, or a value that AWS adds later: the action isn't known yet.
        _ => Action::MayReplace,
    }
}

fn property_name(detail: &ResourceChangeDetail) -> Option<String> {
    let target = detail.target()?;
    let attribute = target.attribute().map(|attribute| attribute.as_str());
    match target.name() {
        Some(name) if !name.is_empty() => Some(name.to_owned()),
        _ => attribute.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudformation::types::{ResourceAttribute, ResourceTargetDefinition};

    fn sdk(kind: &str, action: ChangeAction, replacement: Option<Replacement>) -> SdkChange {
        let target = ResourceTargetDefinition::builder()
            .attribute(ResourceAttribute::Properties)
            .name("QueueName")
            .build();
        let detail = ResourceChangeDetail::builder().target(target).build();
        let change = ResourceChange::builder()
            .resource_type(kind)
            .logical_resource_id("X")
            .action(action)
            .set_replacement(replacement)
            .details(detail.clone())
            .details(detail)
            .build();
        SdkChange::builder().resource_change(change).build()
    }

    fn one(kind: &str, action: ChangeAction, replacement: Option<Replacement>) -> Change {
        convert_changes(&[sdk(kind, action, replacement)])
            .next()
            .unwrap()
    }

    #[test]
    fn an_action_says_whether_the_thing_survives() {
        let kind = "AWS::IAM::Role";
        let action = |action, replacement| one(kind, action, replacement).action;
        assert_eq!(action(ChangeAction::Add, None), Action::Add);
        assert_eq!(
            action(ChangeAction::Modify, Some(Replacement::False)),
            Action::Change
        );
        assert_eq!(
            action(ChangeAction::Modify, Some(Replacement::True)),
            Action::Replace
        );
        assert_eq!(
            action(ChangeAction::Modify, Some(Replacement::Conditional)),
            Action::MayReplace
        );
        assert_eq!(action(ChangeAction::Dynamic, None), Action::MayReplace);
        assert_eq!(action(ChangeAction::Remove, None), Action::Remove);
    }

    #[test]
    fn a_property_is_named_once() {
        let change = one(
            "AWS::SQS::Queue",
            ChangeAction::Modify,
            Some(Replacement::True),
        );
        assert_eq!(change.properties, ["QueueName"]);
    }

    #[test]
    fn the_end_of_a_queue_or_a_service_is_a_loss_and_of_a_role_is_none() {
        let plan = Plan {
            stack: "s".into(),
            words: Vec::new(),
            creates_stack: false,
            recovery: None,
            drift: Vec::new(),
            changes: convert_changes(&[
                sdk("AWS::SQS::Queue", ChangeAction::Remove, None),
                sdk(
                    "AWS::SQS::Queue",
                    ChangeAction::Modify,
                    Some(Replacement::False),
                ),
                sdk(
                    "AWS::ECS::Service",
                    ChangeAction::Modify,
                    Some(Replacement::Conditional),
                ),
                sdk("AWS::IAM::Role", ChangeAction::Remove, None),
                sdk("AWS::SQS::Queue", ChangeAction::Add, None),
            ])
            .collect(),
        };
        let losses: Vec<_> = plan
            .losses()
            .map(|c| (c.resource_type.as_str(), c.action))
            .collect();
        assert_eq!(
            losses,
            [
                ("AWS::SQS::Queue", Action::Remove),
                ("AWS::ECS::Service", Action::MayReplace)
            ]
        );
    }

    #[test]
    fn texts_that_are_empty_are_none() {
        let target = ResourceTargetDefinition::builder()
            .attribute(ResourceAttribute::Tags)
            .name("");
        let detail = ResourceChangeDetail::builder().target(target.build());
        let change = |id: &str| {
            let change = ResourceChange::builder()
                .details(detail.clone().build())
                .physical_resource_id(id);
            convert_change(&change.build())
        };
        let id = |id: &str| change(id).physical_id;
        assert_eq!((id(""), id("url")), (None, Some("url".to_owned())));
        assert_eq!(change("url").properties, ["Tags"]);
    }

    #[test]
    fn what_was_deleted_by_hand_can_not_be_lost_and_what_was_changed_can() {
        let queue = |id: &str| Change::of(Action::Remove, id, "AWS::SQS::Queue");
        let finding = |id: &str, problem| Finding {
            logical_id: id.to_owned(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            physical_id: id.to_owned(),
            problem,
        };
        let disabled = Problem::Disabled {
            property: "Any".to_owned(),
        };
        let mut plan = Plan {
            changes: vec![queue("Deleted"), queue("Changed")],
            ..Plan::default()
        };
        plan.revert(&[
            finding("Deleted", Problem::Missing),
            finding("Changed", disabled),
        ]);
        let losses: Vec<_> = plan.losses().map(|one| one.logical_id.as_str()).collect();
        assert_eq!(losses, ["Changed"]);
    }

    #[test]
    fn a_recovery_includes_just_the_creation_after_it() {
        let plan = |creates_stack, action| Plan {
            creates_stack,
            changes: vec![Change::of(action, "X", "AWS::SQS::Queue")],
            ..Plan::default()
        };
        let created = plan(true, Action::Add);
        assert!(created.is_included_in(&plan(true, Action::Remove)));
        assert!(!created.is_included_in(&plan(false, Action::Remove)));
        for other in [plan(false, Action::Add), plan(true, Action::Change)] {
            assert!(!other.is_included_in(&created));
        }
    }

    #[test]
    fn the_removal_of_what_is_there_names_it() {
        let resource = |id: &str, physical_id: &str| Resource {
            resource_type: "AWS::SQS::Queue".to_owned(),
            logical_id: id.to_owned(),
            physical_id: physical_id.to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
        };
        let mut plan = Plan::default();
        plan.remove_all(&[resource("Made", "url"), resource("NeverMade", "")]);
        let named = |one: &Change| (one.logical_id.clone(), one.physical_id.clone());
        let removed: Vec<_> = plan.removals().map(named).collect();
        assert_eq!(removed, [("Made".to_owned(), Some("url".to_owned()))]);
    }
}
