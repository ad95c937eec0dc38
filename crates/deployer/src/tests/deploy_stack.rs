//! The deploy use case: its steps, and where it stops.

use std::time::SystemTime;

use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::types::State;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use aws_smithy_mocks::{Rule, mock};
use stack::{Architecture, Stack};

use super::cloud::{Told, run};
use super::cloudformation::{CloudFormation, FakePlan};
use super::preflight::{clusters, measuring, no_targets, roles, services_but};
use super::recover::queues_with;
use super::{assets, measure, told, verify};
use crate::{
    Asset, BuiltFunctions, DeployRequest, Deployment, Error, FunctionCode, Result, deploy_stack,
};

fn definition() -> Stack {
    let mut stack = measuring(&["prod/web".to_owned()]);
    stack.termination_protection = true;
    stack
}

/// An account where the stack can be deployed, with a rule in this state.
pub(super) fn rules(cloud: &CloudFormation, state: RuleState) -> Vec<Rule> {
    let sts = mock!(aws_sdk_sts::Client::get_caller_identity).then_output(|| {
        GetCallerIdentityOutput::builder()
            .account("111122223333")
            .build()
    });
    let invoke =
        mock!(aws_sdk_lambda::Client::invoke).then_output(|| InvokeOutput::builder().build());
    let mut rules = cloud.rules();
    rules.extend(assets::rules(&assets::s3(true, true)));
    rules.extend([
        sts,
        invoke,
        roles(),
        clusters(&["prod"]),
        services_but("none"),
        no_targets(),
    ]);
    rules.extend([
        verify::functions(State::Active),
        verify::rule(state),
        measure::targets(),
        queues_with(0),
    ]);
    rules
}

pub(super) fn build(functions: &[FunctionCode], wanted: Architecture) -> Result<BuiltFunctions> {
    assert_eq!(functions, [FunctionCode::Metric]);
    let asset = Asset {
        key: "functions/metric.zip".to_owned(),
        bytes: vec![0],
    };
    Ok(BuiltFunctions {
        assets: [(FunctionCode::Metric, asset)].into(),
        architecture: wanted,
    })
}

async fn deploy(
    cloud: &CloudFormation,
    stack: Stack,
    rule: RuleState,
    confirmed: bool,
) -> (Result<Deployment>, Told) {
    let request = DeployRequest {
        stack,
        in_sandbox: false,
        allow_downgrade: false,
        reviewed: None,
        allow_loss: false,
        now: SystemTime::UNIX_EPOCH,
    };
    run(&rules(cloud, rule), async |session| {
        deploy_stack::<Error>(session, &request, &build, &mut |_| confirmed).await
    })
    .await
}

pub(super) fn deployed() -> CloudFormation {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let mut state = cloud.state();
    let stack = state.stack();
    stack.holds("AWS::Lambda::Function", "Function", "function");
    stack.holds("AWS::Events::Rule", "Rule", "rule");
    drop(state);
    cloud
}

#[tokio::test(start_paused = true)]
async fn a_deploy_reports_each_step_and_its_plan_in_order() {
    let cloud = deployed();
    let (result, told) = deploy(&cloud, definition(), RuleState::Enabled, true).await;
    let deployment = result.unwrap();
    assert!(deployment.deployed.changed);
    assert_eq!(deployment.identity.account, "111122223333");
    assert!(cloud.state().stack().protected);
    insta::assert_snapshot!(told.lines().join("\n"), @r"
    step: Identify
    step: Check
    step: Prepare
    shop was deployed without a record of its definition, so the plan names resources only; the next change that is deployed leaves one
    uploading functions/metric.zip (1 KiB)
    step: Plan
    planning the update of shop
    planned: 1 changes
    step: Execute
    UPDATE_IN_PROGRESS shop
    UPDATE_COMPLETE shop
    step: Protect
    turning termination protection on
    step: Verify
    step: Measure
    measuring once, instead of waiting for the rules
    keeping a record of this deploy for `rollback`
    ");
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_not_confirmed_is_not_executed() {
    let cloud = deployed();
    let (result, heard) = deploy(&cloud, definition(), RuleState::Enabled, false).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @"Refused: canceled: the plan wasn't confirmed; nothing changed");
    assert_eq!(heard.lines().last().unwrap(), "planned: 1 changes");
    assert_eq!(cloud.calls("ExecuteChangeSet"), 0);
    assert_eq!(cloud.state().change_sets.len(), 0, "nothing left behind");
}

#[tokio::test(start_paused = true)]
async fn a_loss_that_is_not_allowed_is_refused_without_asking() {
    let cloud = deployed();
    let remove = aws_sdk_cloudformation::types::ChangeAction::Remove;
    let queue = ("AWS::SQS::Queue", remove.clone());
    let service = ("AWS::ECS::Service", remove);
    let losses = FakePlan::Changes(vec![queue, service]);
    cloud.state().plans.push_back(losses);
    let (result, _) = deploy(&cloud, definition(), RuleState::Enabled, true).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: the plan would remove R0 (AWS::SQS::Queue), which deletes its messages
      hint: it would also remove R1 (AWS::ECS::Service)
      hint: to execute it anyway: --allow-loss
    ");
    assert_eq!(cloud.calls("ExecuteChangeSet"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_recovery_that_deletes_a_queue_needs_allow_loss() {
    let cloud = deployed();
    {
        let mut state = cloud.state();
        state.stack().status = "DELETE_FAILED".to_owned();
        let queue = ("AWS::SQS::Queue", "Orders", "https://sqs/orders");
        state.stack().holds(queue.0, queue.1, queue.2);
    }
    let (result, _) = deploy(&cloud, definition(), RuleState::Enabled, true).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: the plan would remove Orders (AWS::SQS::Queue), which deletes its messages
      hint: to execute it anyway: --allow-loss
    ");
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_fails_verification_is_not_measured() {
    let cloud = deployed();
    let (result, heard) = deploy(&cloud, definition(), RuleState::Disabled, true).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    DeploymentFailed: the rule rule is disabled: nothing is measured
      hint: to enable it: `aws events enable-rule --name rule`
    ");
    assert_eq!(cloud.calls("ExecuteChangeSet"), 1);
    assert_eq!(heard.lines().last().unwrap(), "step: Verify");
}

#[tokio::test(start_paused = true)]
async fn another_account_is_refused_before_anything_is_asked() {
    let cloud = deployed();
    let mut stack = definition();
    stack.account = Some("444455556666".to_owned());
    let (result, heard) = deploy(&cloud, stack, RuleState::Enabled, true).await;
    assert_eq!(result.unwrap_err().kind(), crate::Kind::Refused);
    assert_eq!(heard.lines(), ["step: Identify"]);
}
