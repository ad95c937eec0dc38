//! Queues whose deletion isn't a loss: the dead-letter queues of the stack's own functions, which hold events
//! that a function couldn't process. No one needs these events, so a deploy that deletes a scaling function
//! doesn't need a confirmation to delete its dead-letter queue.

use serde_json::Value;
use template::contract::types;

use crate::observe::template;
use crate::plan::{Change, Plan};
use crate::session::Session;

/// Marks these queues in a plan for the stack `id`. Only the deployed template shows which queues they are, so
/// it is read if the plan deletes a queue. If it can't be read, every queue counts as a loss.
pub(crate) async fn mark_expendable(session: &Session<'_>, id: &str, plan: &mut Plan) {
    let ends_queue =
        |change: &&mut Change| change.is_loss() && change.resource_type == types::QUEUE;
    let mut ended: Vec<&mut Change> = plan.changes.iter_mut().filter(ends_queue).collect();
    if ended.is_empty() {
        return;
    }
    let template = match template(session, id, None).await {
        Ok(template) => template.unwrap_or_default(),
        Err(error) => return session.note(format!("skipped: {error}")),
    };
    let of_functions = dead_letter_queues(&template);
    for change in &mut ended {
        change.expendable = of_functions.contains(&change.logical_id);
    }
}

/// Returns the logical IDs of the queues that are only a function's dead-letter queue. If a queue of the user
/// also redrives there, it counts as the user's.
fn dead_letter_queues(template: &str) -> Vec<String> {
    let template: Value = serde_json::from_str(template).unwrap_or_default();
    let resources = || template["Resources"].as_object().into_iter().flatten();
    let arn_of = |value: &Value| value["Fn::GetAtt"][0].as_str().map(str::to_owned);
    let redriven: Vec<String> = resources()
        .filter(|(_, resource)| resource["Type"] == types::QUEUE)
        .filter_map(|(_, queue)| {
            arn_of(&queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
        })
        .collect();
    resources()
        .filter(|(_, resource)| resource["Type"] == types::FUNCTION)
        .filter_map(|(_, function)| {
            arn_of(&function["Properties"]["DeadLetterConfig"]["TargetArn"])
        })
        .filter(|id| !redriven.contains(id))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_s_dead_letter_queue_is_told_from_the_users() {
        let arn = |id: &str| serde_json::json!({"Fn::GetAtt": [id, "Arn"]});
        let function = |id: &str| {
            serde_json::json!({
                "Type": "AWS::Lambda::Function",
                "Properties": {"DeadLetterConfig": {"TargetArn": arn(id)}},
            })
        };
        let template = serde_json::json!({"Resources": {
            "WebScalingFunction": function("WebScalingDeadLetterQueue"),
            "OddFunction": function("OrdersDeadLetterQueue"),
            "MetricFunction": {"Type": "AWS::Lambda::Function", "Properties": {}},
            "OrdersQueue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"RedrivePolicy": {"deadLetterTargetArn": arn("OrdersDeadLetterQueue")}},
            },
        }});
        assert_eq!(
            dead_letter_queues(&template.to_string()),
            ["WebScalingDeadLetterQueue"]
        );
        assert!(dead_letter_queues("no json").is_empty());
    }
}
