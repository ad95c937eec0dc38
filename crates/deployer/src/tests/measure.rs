//! The first measurement of a deployed stack.

use std::sync::{Arc, Mutex};

use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
use aws_sdk_eventbridge::types::Target;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LoggingConfig;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use tokio::time::Instant;

use super::cloud::{Told, json_error, run};
use super::cloudformation::{CloudFormation, NAME};
use super::told;
use crate::Result;

const FUNCTION: &str = "arn:aws:lambda:us-west-2:1:function:shop-metric";

fn stack(rules: &[&str]) -> CloudFormation {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    for rule in rules {
        cloud
            .state()
            .stack()
            .holds("AWS::Events::Rule", "Rule", rule);
    }
    cloud
        .state()
        .stack()
        .holds("AWS::Lambda::Function", "Other", "other-function");
    cloud
}

fn target(id: &str, arn: &str, input: &str) -> Target {
    Target::builder()
        .id(id)
        .arn(arn)
        .input(input)
        .build()
        .unwrap()
}

/// Two targets on the first page, one on the second, and one of another type.
pub(super) fn targets() -> Rule {
    mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_compute_response(|input| {
        let rule = input.rule().unwrap();
        if rule == "gone" {
            let refusal = json_error("ResourceNotFoundException", "Rule gone does not exist.");
            return MockResponse::Http(refusal);
        }
        let text = |part: &str| format!("{{\"of\": \"{rule}\", \"part\": \"{part}\"}}");
        let output = ListTargetsByRuleOutput::builder();
        let output = if input.next_token().is_none() {
            output
                .targets(target("1", FUNCTION, &text("1")))
                .targets(target("2", FUNCTION, &text("2")))
                .next_token("more")
        } else {
            output
                .targets(target("3", FUNCTION, &text("3")))
                .targets(target("4", "arn:aws:sqs:us-west-2:1:queue", &text("4")))
        };
        MockResponse::Output(output.build())
    })
}

fn configuration(log_group: Option<&'static str>) -> Rule {
    mock!(aws_sdk_lambda::Client::get_function_configuration).then_output(move || {
        let logging = log_group.map(|group| LoggingConfig::builder().log_group(group).build());
        GetFunctionConfigurationOutput::builder()
            .set_logging_config(logging)
            .build()
    })
}

fn fails(why: &str) -> InvokeOutput {
    let payload = serde_json::json!({"errorMessage": why, "errorType": "TargetsFailed"});
    InvokeOutput::builder()
        .function_error("Unhandled")
        .payload(Blob::new(payload.to_string()))
        .build()
}

async fn measure(cloud: &CloudFormation, others: Vec<Rule>) -> (Result<usize>, Told) {
    let rules: Vec<Rule> = cloud.rules().into_iter().chain(others).collect();
    run(&rules, async |session| {
        let resources = crate::observe::deployed_resources(session, NAME).await?;
        crate::measure::measure_once(session, &resources).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn each_target_is_measured_once_with_its_own_input() {
    let inputs = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&inputs);
    let invoke = mock!(aws_sdk_lambda::Client::invoke).then_compute_output(move |input| {
        assert_eq!(
            input.function_name(),
            Some(FUNCTION),
            "only what the rules target"
        );
        let payload = input.payload().unwrap().as_ref().to_vec();
        seen.lock()
            .unwrap()
            .push(String::from_utf8(payload).unwrap());
        InvokeOutput::builder().payload(Blob::new("{}")).build()
    });
    let cloud = stack(&["a", "b", "gone"]);
    let (result, _) = measure(&cloud, vec![targets(), invoke]).await;
    assert_eq!(result.unwrap(), 6);
    let mut inputs = inputs.lock().unwrap().clone();
    inputs.sort();
    let expected = ["a", "b"].map(|rule| {
        ["1", "2", "3"].map(|part| format!("{{\"of\": \"{rule}\", \"part\": \"{part}\"}}"))
    });
    assert_eq!(inputs, expected.concat());
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_rules_has_nothing_to_measure() {
    let (result, told) = measure(&stack(&[]), vec![]).await;
    assert_eq!(result.unwrap(), 0);
    assert!(told.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_role_that_needs_some_seconds_is_waited_for() {
    let begun = Instant::now();
    let invoke = mock!(aws_sdk_lambda::Client::invoke).then_compute_response(move |_| match begun
        .elapsed()
        .as_secs()
    {
        0..8 => MockResponse::Http(json_error(
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        )),
        8..20 => MockResponse::Output(fails("not authorized to perform: sqs:GetQueueAttributes")),
        _ => MockResponse::Output(InvokeOutput::builder().build()),
    });
    let (result, told) = measure(&stack(&["a"]), vec![targets(), invoke]).await;
    assert_eq!(result.unwrap(), 3);
    assert!((20..30).contains(&begun.elapsed().as_secs()));
    assert!(
        told.has("new roles need a few seconds to work; trying again"),
        "{:?}",
        told.lines()
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_goes_on_failing_fails_the_deploy() {
    let invoke = mock!(aws_sdk_lambda::Client::invoke)
        .then_output(|| fails("1 of 1 targets failed: voucher/web (the service does not exist)"));
    let begun = Instant::now();
    let rules = vec![targets(), invoke.clone(), configuration(Some("shop-logs"))];
    let (result, _) = measure(&stack(&["a"]), rules).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    DeploymentFailed: deployed, but the function shop-metric can't measure: 1 of 1 targets failed: voucher/web (the service does not exist)
      hint: its log: shop-logs in CloudWatch Logs
      hint: the rule a continues to invoke it; fix the cause, then deploy again
    ");
    assert!((25..=30).contains(&begun.elapsed().as_secs()));
    assert!(invoke.num_calls() < 60, "with a delay in between");
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_no_json_is_quoted_as_it_is() {
    let invoke = mock!(aws_sdk_lambda::Client::invoke).then_output(|| {
        let payload = Blob::new("Runtime exited");
        InvokeOutput::builder()
            .function_error("Unhandled")
            .payload(payload)
            .build()
    });
    let rules = vec![targets(), invoke, configuration(None)];
    let text = told(&measure(&stack(&["a"]), rules).await.0.unwrap_err());
    assert!(text.contains("can't measure: Runtime exited"), "{text}");
    assert!(
        text.contains("/aws/lambda/shop-metric in CloudWatch Logs"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_may_not_invoke_functions_has_still_deployed() {
    let invoke = mock!(aws_sdk_lambda::Client::invoke)
        .then_http_response(|| json_error("AccessDeniedException", "not lambda:InvokeFunction"));
    let (result, told) = measure(&stack(&["a"]), vec![targets(), invoke]).await;
    assert_eq!(result.unwrap(), 0);
    assert!(told.has("not measured: failed to invoke shop-metric: not lambda:InvokeFunction"));
}

#[tokio::test(start_paused = true)]
async fn a_scaling_function_is_tried_once_too_and_may_be_busy() {
    let rule = mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_output(|| {
        let input = r#"{"action": "re-evaluate"}"#;
        ListTargetsByRuleOutput::builder()
            .targets(target("1", FUNCTION, input))
            .build()
    });
    let invoke = mock!(aws_sdk_lambda::Client::invoke)
        .then_output(|| fails("not authorized to perform: ecs:DescribeServices"));
    let rules = vec![rule.clone(), invoke, configuration(Some("shop-logs"))];
    let (result, heard) = measure(&stack(&["a"]), rules).await;
    let text = told(&result.unwrap_err());
    assert!(
        text.contains("can't read the data that it scales by: not authorized"),
        "{text}"
    );
    assert!(heard.has("invoking the scaling functions once"));
    assert!(!heard.has("measuring once"), "there is nothing to measure");
    // Its rule might use its only concurrency. That doesn't make the deploy fail.
    let busy = mock!(aws_sdk_lambda::Client::invoke)
        .then_http_response(|| json_error("TooManyRequestsException", "Rate Exceeded."));
    let rules = vec![rule, busy, configuration(None)];
    let (result, heard) = measure(&stack(&["a"]), rules).await;
    assert_eq!(result.unwrap(), 0);
    assert!(
        heard.has("shop-metric isn't invoked: its rule has just invoked it, and it runs only once at a time"),
        "{:?}",
        heard.lines()
    );
}

/// The line is the one that the function logs.
#[tokio::test(start_paused = true)]
async fn a_function_that_couldnt_read_pauses_is_noted() {
    let invoke = mock!(aws_sdk_lambda::Client::invoke).then_output(|| {
        let line = r#"{"level":"WARN","message":"pause unknown","service":"w","error":"GetParameters got no response"}"#;
        let log = format!("START RequestId: 1\n{line}\nEND RequestId: 1\n");
        InvokeOutput::builder()
            .payload(Blob::new("{}"))
            .log_result(aws_smithy_types::base64::encode(log))
            .build()
    });
    let cloud = stack(&["first"]);
    let (measured, told) = measure(&cloud, vec![targets(), invoke]).await;
    assert_eq!(measured.unwrap(), 3);
    let note = "shop-metric couldn't read whether its services are paused; if that stays so, `pause` doesn't stop it: \
                GetParameters got no response";
    assert!(told.has(note), "{:?}", told.lines());
}
