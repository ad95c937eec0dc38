//! Whether scaling functions get a reserved concurrency.

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::operation::get_account_settings::GetAccountSettingsOutput;
use aws_sdk_lambda::types::AccountLimit;
use aws_smithy_mocks::{Rule, mock};

use super::cloud::{Told, json_error, run};
use super::cloudformation::{CloudFormation, NAME};
use crate::Result;

const PARAMETER: &str = "SerializeScaling";

fn unreserved(left: i32) -> Rule {
    mock!(aws_sdk_lambda::Client::get_account_settings).then_output(move || {
        let limit = AccountLimit::builder().unreserved_concurrent_executions(left);
        GetAccountSettingsOutput::builder()
            .account_limit(limit.build())
            .build()
    })
}

/// A stack in this status with the parameter, and with these scaling functions.
fn stack(
    status: &'static str,
    parameter: &'static str,
    functions: &[(&str, &str)],
) -> CloudFormation {
    let cloud = CloudFormation::with(status);
    let mut state = cloud.state();
    let stack = state.stack();
    stack.parameters.push((PARAMETER, parameter));
    for (logical, physical) in functions {
        stack.holds("AWS::Lambda::Function", logical, physical);
    }
    drop(state);
    cloud
}

async fn can(cloud: &CloudFormation, account: Rule, functions: &[&str]) -> (Result<bool>, Told) {
    let mut rules = cloud.rules();
    rules.push(account);
    let functions: Vec<String> = functions.iter().map(|id| (*id).to_owned()).collect();
    run(&rules, async |session| {
        crate::preflight::can_serialize(session, NAME, PARAMETER, &functions).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_hundred_must_stay_unreserved() {
    for (left, functions, expected) in [
        (1_000, &["A"][..], true),
        (101, &["A"], true),
        (101, &["A", "B"], false),
        (100, &["A"], false),
        (10, &["A"], false),
    ] {
        let cloud = CloudFormation::default();
        let (result, told) = can(&cloud, unreserved(left), functions).await;
        assert_eq!(result.unwrap(), expected, "{left}");
        let noted = told.has("the scaling functions get no reserved concurrency");
        assert_eq!(noted, !expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_keeps_its_reservation_whatever_is_left() {
    let functions = [("A", "shop-a"), ("B", "shop-b")];
    let cloud = stack("UPDATE_COMPLETE", "true", &functions);
    let account = unreserved(0);
    let (result, _) = can(&cloud, account.clone(), &["A", "B"]).await;
    assert!(result.unwrap());
    assert_eq!(account.num_calls(), 0, "not even asked");
    // A third one needs its own concurrency.
    assert!(
        can(&cloud, unreserved(101), &["A", "B", "C"])
            .await
            .0
            .unwrap()
    );
    assert!(
        !can(&cloud, unreserved(100), &["A", "B", "C"])
            .await
            .0
            .unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_no_reservation_or_will_be_removed_counts_as_new() {
    for cloud in [
        stack("UPDATE_COMPLETE", "false", &[("A", "shop-a")]),
        stack("UPDATE_COMPLETE", "true", &[("A", "")]),
        stack("ROLLBACK_COMPLETE", "true", &[("A", "shop-a")]),
    ] {
        assert!(!can(&cloud, unreserved(100), &["A"]).await.0.unwrap());
        assert!(can(&cloud, unreserved(101), &["A"]).await.0.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_ask_does_without_and_aws_out_of_reach_is_an_error() {
    let cloud = CloudFormation::default();
    let denied = mock!(aws_sdk_lambda::Client::get_account_settings).then_http_response(|| {
        json_error("AccessDeniedException", "not lambda:GetAccountSettings")
    });
    let (result, told) = can(&cloud, denied, &["A"]).await;
    assert!(!result.unwrap());
    assert!(told.has("not lambda:GetAccountSettings"));
    let missing = mock!(aws_sdk_lambda::Client::get_account_settings).then_http_response(|| {
        let body = r#"{"__type": "InternalFailure", "message": "not implemented"}"#;
        HttpResponse::new(501.try_into().unwrap(), body.into())
    });
    assert!(!can(&cloud, missing, &["A"]).await.0.unwrap());
    let broken = mock!(aws_sdk_lambda::Client::get_account_settings)
        .then_http_response(|| json_error("ServiceException", "no"));
    can(&cloud, broken, &["A"]).await.0.unwrap_err();
}
