//! Findings of drift, formatted for people.

use deployer::{Finding, Problem};
use serde_json::Value;

/// Maximum columns of a value. A longer one, such as a policy, is truncated.
const VALUE: usize = 60;

/// Formats one line per finding, indented by two spaces.
pub(crate) fn format_findings(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| format!("  {}\n", format_finding(finding)))
        .collect()
}

/// Formats a finding, such as `JobsQueue (AWS::SQS::Queue): VisibilityTimeout is 30, the template has 120`.
fn format_finding(finding: &Finding) -> String {
    let name = format!("{} ({})", finding.logical_id, finding.resource_type);
    let id = &finding.physical_id;
    match &finding.problem {
        Problem::Missing => format!("{name}: {id} is missing"),
        Problem::Disabled { property } => format!("{name}: {id} is disabled ({property})"),
        Problem::Different {
            property,
            expected,
            found,
        } => format!(
            "{name}: {property} is {}, the template has {}",
            format_value(found),
            format_value(expected)
        ),
    }
}

fn format_value(value: &Value) -> String {
    let text = match value {
        Value::Null => return "not set".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE {
        return text;
    }
    let cut: String = text.chars().take(VALUE - 1).collect();
    format!("{cut}…")
}

/// Counts findings, such as `3 parts were changed manually`.
pub(crate) fn count_findings(findings: &[Finding]) -> String {
    let mut parts: Vec<(&str, &str)> = findings
        .iter()
        .map(|finding| (finding.logical_id.as_str(), finding.physical_id.as_str()))
        .collect();
    parts.dedup();
    match parts.len() {
        1 => "1 part was changed manually".to_owned(),
        several => format!("{several} parts were changed manually"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finding(logical_id: &str, kind: &str, problem: Problem) -> Finding {
        Finding {
            logical_id: logical_id.into(),
            resource_type: kind.into(),
            physical_id: format!("shop-{logical_id}-1"),
            problem,
        }
    }

    #[test]
    fn a_finding_names_the_part_and_both_values() {
        let state = Problem::Disabled {
            property: "State".into(),
        };
        let different = |property: &str, expected, found| Problem::Different {
            property: property.into(),
            expected,
            found,
        };
        let input =
            json!([{ "Id": "1", "Input": "{\"namespace\":\"EcsScaler\",\"services\":[]}" }]);
        let findings = [
            finding("MetricRule", "AWS::Events::Rule", state),
            finding(
                "MetricRule",
                "AWS::Events::Rule",
                different("Targets", input, json!([])),
            ),
            finding(
                "Jobs",
                "AWS::SQS::Queue",
                different("VisibilityTimeout", json!(120), json!("30")),
            ),
            finding(
                "Jobs",
                "AWS::SQS::Queue",
                different("RedrivePolicy", json!({"a": 1}), Value::Null),
            ),
            finding(
                "Policy",
                "AWS::ApplicationAutoScaling::ScalingPolicy",
                Problem::Missing,
            ),
        ];
        let text = format!(
            "{}\n{}",
            count_findings(&findings),
            format_findings(&findings)
        );
        insta::assert_snapshot!(text, @r#"
        3 parts were changed manually
          MetricRule (AWS::Events::Rule): shop-MetricRule-1 is disabled (State)
          MetricRule (AWS::Events::Rule): Targets is [], the template has [{"Id":"1","Input":"{\"namespace\":\"EcsScaler\",\"services…
          Jobs (AWS::SQS::Queue): VisibilityTimeout is 30, the template has 120
          Jobs (AWS::SQS::Queue): RedrivePolicy is not set, the template has {"a":1}
          Policy (AWS::ApplicationAutoScaling::ScalingPolicy): shop-Policy-1 is missing
        "#);
    }
}
