//! Imported resources that leave their stack. They stay in AWS, but the stack's parts don't: a service needs the roles of its
//! task definition, its security groups, and others, and a queue the queue for its dead letters.

mod policy;
mod service;

use serde_json::{Value, json};
use template::contract::{read_imported, types};

use crate::action::Action;
use crate::drift::{Live, read_queue};
use crate::error::{Error, Result};
use crate::messages::{name_in, name_in_arn};
use crate::observe::{Observed, template_json};
use crate::plan::Plan;
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::physical_ids;

pub(crate) use policy::{find_policy, restore_policies, restore_released, restore_rolled_back};

/// Refuses to delete a stack if a resource that stays uses one that doesn't.
pub(crate) async fn check(
    session: &Session<'_>,
    stack: &Observed,
    (doomed, released): (&[Resource], &[Resource]),
) -> Result<()> {
    // The tasks of a service take a while to start, so it comes first.
    if let Some(bound) = service::find(session, doomed, released).await? {
        let template = template_json(session, &stack.id).await?;
        let deployed = &template["Resources"][&bound.service.logical_id];
        return Err(bound.refuse(deployed));
    }
    if let Some(queue) = find_queue(session, doomed, released).await? {
        let template = template_json(session, &stack.id).await?;
        let deployed = &template["Resources"][&queue.logical_id];
        return Err(refuse_queue(queue, deployed));
    }
    Ok(())
}

/// Returns a queue that stays, and sends its dead letters to one that doesn't.
async fn find_queue<'r>(
    session: &Session<'_>,
    doomed: &[Resource],
    released: &'r [Resource],
) -> Result<Option<&'r Resource>> {
    let ends = |arn: &str| {
        let mut urls = physical_ids(doomed, types::QUEUE);
        urls.any(|url| name_in(url) == name_in_arn(arn))
    };
    for queue in released
        .iter()
        .filter(|one| one.resource_type == types::QUEUE)
    {
        let live = match read_queue(session, &queue.physical_id).await? {
            Live::Found(live) => live,
            Live::Unchecked(reason) => return Err(refuse_unread(queue, &reason)),
            Live::Missing => continue,
        };
        let text = live.get("RedrivePolicy").and_then(Value::as_str);
        let text = text.filter(|text| !text.is_empty());
        let policy: Value = match text.map(serde_json::from_str) {
            None => continue,
            Some(Ok(policy)) => policy,
            Some(Err(_)) => return Err(refuse_unread(queue, "its redrive policy isn't JSON")),
        };
        if policy["deadLetterTargetArn"].as_str().is_some_and(ends) {
            return Ok(Some(queue));
        }
    }
    Ok(None)
}

/// Without its attributes, it isn't known which queue has its dead letters, nor which policy it must get back.
fn refuse_unread(queue: &Resource, reason: &str) -> Error {
    Error::refused(format!(
        "{} ({}) stays, but its attributes can't be read: {reason}",
        queue.logical_id, queue.physical_id
    ))
    .hint("run the same command again, with credentials that allow sqs:GetQueueAttributes")
}

fn refuse_queue(queue: &Resource, deployed: &Value) -> Error {
    let before = read_imported(deployed, "RedrivePolicy");
    let before = before.map_or_else(String::new, Value::to_string);
    let attributes = json!({ "RedrivePolicy": before });
    Error::refused(format!(
        "{} was imported and stays, but the stack's queue for its dead letters would be deleted",
        queue.logical_id
    ))
    .hint(format!(
        "to set what it had before, first: aws sqs set-queue-attributes --queue-url {} --attributes '{attributes}'",
        queue.physical_id
    ))
    .hint("then destroy")
}

/// Refuses a plan that releases a resource and deletes what it uses. A deploy can't be prepared by hand, because it would
/// first put everything back to the template.
pub(crate) fn check_plan(plan: &Plan) -> Result<()> {
    let has = |action, kind: &str| {
        let mut changes = plan.changes.iter();
        changes.any(|change| change.action == action && change.resource_type == kind)
    };
    let breaks = |kind, used| has(Action::Release, kind) && has(Action::Remove, used);
    if breaks(types::SERVICE, types::TASK_DEFINITION) || breaks(types::QUEUE, types::QUEUE) {
        return Err(Error::refused(
            "an imported resource would leave the stack, and lose the roles or the queue that it uses",
        )
        .hint("to give it back: `destroy`, which says how, and then deploy the definition with `existing`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Change;

    #[test]
    fn what_a_released_resource_uses_is_not_deleted() {
        let plan = |changes: &[(Action, &str)]| {
            let changes = changes.iter();
            let changes = changes.map(|(action, kind)| Change::of(*action, "Id", kind));
            Plan {
                changes: changes.collect(),
                ..Plan::default()
            }
        };
        let release = (Action::Release, types::SERVICE);
        let task_definition = (Action::Remove, types::TASK_DEFINITION);
        assert!(check_plan(&plan(&[release, (Action::Remove, types::ROLE)])).is_ok());
        assert!(check_plan(&plan(&[task_definition])).is_ok());
        let refused = check_plan(&plan(&[release, task_definition])).unwrap_err();
        assert_eq!(refused.kind(), crate::Kind::Refused);
        let queues = [Action::Release, Action::Remove].map(|action| (action, types::QUEUE));
        assert!(check_plan(&plan(&queues)).is_err());
        assert!(check_plan(&plan(&queues[..1])).is_ok());
    }

    #[test]
    fn a_refusal_names_the_command_that_restores_what_was_before() {
        let queue = Resource {
            resource_type: types::QUEUE.to_owned(),
            logical_id: "OrdersQueue".to_owned(),
            physical_id: "https://sqs.us-west-2.amazonaws.com/111122223333/orders".to_owned(),
            status: String::new(),
        };
        let hint = |imported: Value| {
            let deployed = json!({ "Metadata": { "EcsScalerImported": imported } });
            refuse_queue(&queue, &deployed).hints()[0].clone()
        };
        assert!(hint(json!({})).ends_with(r#"--attributes '{"RedrivePolicy":""}'"#));
        let before = json!({ "RedrivePolicy": { "maxReceiveCount": 3 } });
        let expected = r#"--attributes '{"RedrivePolicy":"{\"maxReceiveCount\":3}"}'"#;
        assert!(hint(before).ends_with(expected));
    }
}
