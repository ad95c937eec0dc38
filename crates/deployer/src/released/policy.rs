//! The policies of imported queues. The stack's own replaces the one that a queue had, and stays with the queue when it leaves the
//! stack, so that no sender is refused meanwhile. Then the queue gets back the one that it had.

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use template::contract::{is_imported, is_stack_policy, read_imported, types};

use crate::action::Action;
use crate::drift::{Live, QUEUE_POLICY, read_queue};
use crate::error::{Result, aws};
use crate::messages::name_in;
use crate::observe::{Observed, deployed_resources, template_json};
use crate::plan::Plan;
use crate::resource::Resource;
use crate::session::Session;

/// The document of the policy that a template gives to the queue with this logical ID.
pub(crate) fn find_policy<'t>(template: &'t Value, queue: &str) -> Option<&'t Value> {
    let mut resources = template["Resources"].as_object().into_iter().flatten();
    resources.find_map(|(_, resource)| {
        let properties = &resource["Properties"];
        let is_it =
            resource["Type"] == QUEUE_POLICY && properties["Queues"] == json!([{ "Ref": queue }]);
        is_it.then(|| &properties["PolicyDocument"])
    })
}

/// Restores the policies of the queues that stay, before their stack is deleted. If it happened afterward, an interrupted
/// command would leave no record.
///
/// # Errors
/// If SQS refuses or can't be reached.
pub(crate) async fn restore_policies(
    session: &Session<'_>,
    stack: &Observed,
    released: &[Resource],
) -> Result<()> {
    if released.iter().any(|one| one.resource_type == types::QUEUE) {
        let template = template_json(session, &stack.id).await?;
        for one in released {
            restore(session, &template, (&one.logical_id, &one.physical_id)).await?;
        }
    }
    Ok(())
}

/// Restores the policies of the queues that a deploy has released. `before`: the template before the deploy.
///
/// # Errors
/// If SQS refuses or can't be reached.
pub(crate) async fn restore_released(
    session: &Session<'_>,
    before: Option<&str>,
    plan: &Plan,
) -> Result<()> {
    let before = parse(before);
    for change in &plan.changes {
        if let (Action::Release, Some(url)) = (change.action, &change.physical_id) {
            restore(session, &before, (&change.logical_id, url)).await?;
        }
    }
    Ok(())
}

/// Restores the policies of the queues whose first deploy after the import was rolled back. A failure is only noted: the deploy
/// has failed already.
pub(crate) async fn restore_rolled_back(session: &Session<'_>, stack: &str, before: Option<&str>) {
    let before = &parse(before);
    let resources = before["Resources"].as_object().into_iter().flatten();
    let mut imported = resources.filter(|(_, one)| is_imported(one));
    if imported.all(|(id, _)| find_policy(before, id).is_some()) {
        return;
    }
    let restored = async {
        for one in deployed_resources(session, stack).await? {
            if find_policy(before, &one.logical_id).is_none() {
                restore(session, before, (&one.logical_id, &one.physical_id)).await?;
            }
        }
        Ok(())
    };
    let restored: Result<()> = restored.await;
    if let Err(error) = restored {
        let hints = error.hints().join("; ");
        session.note(format!(
            "a queue can still have the stack's policy: {error} ({hints})"
        ));
    }
}

/// Another's template can be YAML.
fn parse(template: Option<&str>) -> Value {
    let template = template.and_then(|text| serde_json::from_str(text).ok());
    template.unwrap_or_default()
}

/// Restores the policy of a queue, given by its logical ID and its URL, if it was imported and has a policy of a stack. If someone
/// else has changed it since then, it stays as it is.
async fn restore(session: &Session<'_>, template: &Value, (id, url): (&str, &str)) -> Result<()> {
    let deployed = &template["Resources"][id];
    if deployed["Type"] != types::QUEUE || !is_imported(deployed) {
        return Ok(());
    }
    let name = name_in(url);
    let live = match read_queue(session, url).await? {
        Live::Found(live) => live,
        Live::Missing => return Ok(()),
        Live::Unchecked(reason) => {
            session.note(format!(
                "the policy of the queue {name} wasn't restored: {reason}"
            ));
            return Ok(());
        }
    };
    let now = live
        .get("Policy")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let before = read_imported(deployed, "Policy")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if now == before || !is_stack_policy(now) {
        return Ok(());
    }
    session.note(format!(
        "restoring the policy that the queue {name} had before its import"
    ));
    let request = session.clients.sqs.set_queue_attributes().queue_url(url);
    let sent = request
        .attributes(QueueAttributeName::Policy, before)
        .send()
        .await;
    let failed = aws(format!("restore the policy of the queue {name}"));
    sent.map(drop).map_err(|error| {
        failed(error).hint(format!(
            "before the import, the policy of the queue was: '{before}'"
        ))
    })
}
