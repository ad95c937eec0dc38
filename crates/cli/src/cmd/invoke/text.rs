//! An invocation, formatted for people.

use deployer::Invocation;
use serde_json::Value;

use super::{Change, Outcome};

/// Formats the event, the response, the log, and the effect.
pub(super) fn format_outcome(outcome: &Outcome) -> String {
    let mut text = format!("{}: invoked {}\n", outcome.stack, outcome.function);
    for invocation in &outcome.invocations {
        text.push_str(&format_invocation(invocation));
    }
    text.push_str("\nchanged\n");
    for change in &outcome.services {
        text.push_str(&format!("  {}\n", format_change(change)));
    }
    if let Some(published) = count_published(&outcome.invocations) {
        let plural = if published == 1 { "" } else { "s" };
        text.push_str(&format!("  {published} datapoint{plural} published\n"));
    }
    text
}

fn format_invocation(invocation: &Invocation) -> String {
    let mut text = format!("\nevent\n{}", indent(&format_json(&invocation.event)));
    let answer = match &invocation.error {
        None => "answer",
        Some(_) => "error",
    };
    text.push_str(&format!(
        "{answer}\n{}",
        indent(&format_json(&invocation.answer))
    ));
    if invocation.log.is_empty() {
        text.push_str("log\n  Lambda returned none\n");
    } else {
        text.push_str(&format!("log\n{}", indent(&invocation.log.join("\n"))));
    }
    text
}

fn format_json(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn format_change(change: &Change) -> String {
    let name = format!("{}/{}", change.service.cluster, change.service.service);
    let count = |count: Option<i32>| count.map_or_else(|| "none".to_owned(), |n| n.to_string());
    match (change.desired_before, change.desired_after) {
        (None, None) => format!("{name}: ECS has no such service"),
        (before, after) if before == after => {
            format!("{name}: desired count stays {}", count(after))
        }
        (before, after) => format!("{name}: desired count {} → {}", count(before), count(after)),
    }
}

/// Counts the published datapoints, if the responses contain counts.
fn count_published(invocations: &[Invocation]) -> Option<usize> {
    let answers = invocations.iter().map(|invocation| &invocation.answer);
    let lists = answers.filter_map(|answer| answer["published"].as_array());
    lists.map(Vec::len).reduce(|sum, n| sum + n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::ServiceName;
    use serde_json::json;

    fn invocation(event: Value, answer: Value, error: Option<&str>) -> Invocation {
        Invocation {
            function: "shop-function".into(),
            event,
            answer,
            error: error.map(str::to_owned),
            log: vec!["START RequestId: 1".into(), "END RequestId: 1".into()],
        }
    }

    fn change(before: Option<i32>, after: Option<i32>) -> Change {
        Change {
            service: ServiceName {
                cluster: "shop".into(),
                service: "web".into(),
            },
            desired_before: before,
            desired_after: after,
        }
    }

    fn told(invocation: Invocation, change: Change) -> String {
        format_outcome(&Outcome {
            stack: "shop".into(),
            function: "shop-function".into(),
            invocations: vec![invocation],
            services: vec![change],
        })
    }

    #[test]
    fn a_step_shows_the_count_before_and_after() {
        let answer = json!({"service": "web", "from": 1, "to": 2});
        let step = invocation(json!({"action": "re-evaluate"}), answer, None);
        insta::assert_snapshot!(told(step, change(Some(1), Some(2))));
    }

    #[test]
    fn a_measurement_counts_its_datapoints() {
        let answer = json!({"published": [{"queue": "orders"}], "failed": []});
        let measured = invocation(json!({"namespace": "EcsScaler"}), answer, None);
        let text = told(measured, change(Some(3), Some(3)));
        assert!(
            text.ends_with("  shop/web: desired count stays 3\n  1 datapoint published\n"),
            "{text}"
        );
    }

    #[test]
    fn an_error_shows_what_was_answered_and_logged() {
        let answer = json!({"errorMessage": "no", "errorType": "Unhandled"});
        let failed = invocation(json!(1), answer, Some("no"));
        insta::assert_snapshot!(told(failed, change(None, None)));
    }
}
