//! Manual changes are part of the plan. The change set or direct calls revert them.

mod denied;
mod services;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_cloudformation::types::ChangeAction;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
use aws_sdk_eventbridge::operation::put_rule::PutRuleOutput;
use aws_sdk_eventbridge::operation::put_targets::PutTargetsOutput;
use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_smithy_mocks::{Rule, mock};
use serde_json::json;

use super::cloud::{Told, run};
use super::cloudformation::{CloudFormation, FakePlan, source};
use crate::named::list_rule_targets;
use crate::{Deployed, Error, Plan, Problem, Result};

const NOTHING: FakePlan = FakePlan::Fails("The submitted information didn't contain changes.");

/// A stack with a rule that was disabled manually.
fn disabled(plan: FakePlan) -> CloudFormation {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let mut state = cloud.state();
    state.plans.push_back(plan);
    let stack = state.stack();
    stack.holds("AWS::Events::Rule", "Rule", "shop-rule");
    let tag = |key, value| json!({ "Key": key, "Value": value });
    let properties = json!({
        "ScheduleExpression": "rate(1 minute)",
        "Tags": [tag("ecs-scaler:name", "web"), tag("team", "web")],
    });
    let rule = json!({ "Type": "AWS::Events::Rule", "Properties": properties });
    let team = aws_sdk_cloudformation::types::Tag::builder().key("team");
    stack.tags.push(team.value("shop").build());
    stack.template = json!({ "Resources": { "Rule": rule } }).to_string();
    drop(state);
    cloud
}

/// EventBridge, in which the rule is disabled until it is put. `puts` counts these calls. The rule must be put before a
/// change set is executed.
fn events(cloud: &CloudFormation, puts: &Arc<AtomicUsize>) -> Vec<Rule> {
    let (counted, cloud, put) = (puts.clone(), cloud.clone(), puts.clone());
    vec![
        mock!(aws_sdk_eventbridge::Client::describe_rule).then_output(move || {
            let state = match counted.load(Ordering::SeqCst) {
                0 => RuleState::Disabled,
                _ => RuleState::Enabled,
            };
            DescribeRuleOutput::builder().state(state).build()
        }),
        mock!(aws_sdk_eventbridge::Client::list_targets_by_rule)
            .then_output(|| ListTargetsByRuleOutput::builder().build()),
        mock!(aws_sdk_eventbridge::Client::put_rule)
            .match_requests(|request| {
                let tags = request.tags().iter().map(|tag| (tag.key(), tag.value()));
                // The stack's tags and the resource's, which take precedence, as in CloudFormation.
                tags.eq([
                    ("ecs-scaler:name", "web"),
                    ("ecs-scaler:stack", "shop"),
                    ("team", "web"),
                ])
            })
            .then_output(move || {
                assert_eq!(cloud.calls("ExecuteChangeSet"), 0, "too late");
                put.fetch_add(1, Ordering::SeqCst);
                PutRuleOutput::builder().build()
            }),
        mock!(aws_sdk_eventbridge::Client::put_targets)
            .then_output(|| PutTargetsOutput::builder().build()),
    ]
}

/// Deploys. Also returns how many times the rule was put.
async fn deploy(cloud: &CloudFormation, approved: bool) -> (Result<Deployed>, usize) {
    let (result, puts, _) = deploy_interrupted(cloud, approved, false).await;
    (result, puts)
}

/// Deploys, and interrupts the deploy once the plan is approved.
async fn deploy_interrupted(
    cloud: &CloudFormation,
    approved: bool,
    interrupted: bool,
) -> (Result<Deployed>, usize, Told) {
    let puts = Arc::new(AtomicUsize::new(0));
    let rules = [cloud.rules(), events(cloud, &puts)].concat();
    let (result, told) = run(&rules, async |session| {
        let mut approve = |plan: &Plan| {
            if interrupted {
                session.interrupt();
            }
            let state = Problem::Disabled {
                property: "State".to_owned(),
            };
            assert_eq!(plan.drift[0].problem, state);
            approved.then_some(()).ok_or_else(|| Error::refused("no"))
        };
        crate::deploy_template(session, &source(), &mut approve).await
    })
    .await;
    (result, puts.load(Ordering::SeqCst), told)
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_drifted_is_repaired_though_its_template_is_deployed() {
    let cloud = disabled(NOTHING);
    let (result, puts) = deploy(&cloud, true).await;
    let deployed = result.unwrap();
    assert!(deployed.changed);
    assert_eq!(deployed.plan.drift.len(), 1);
    assert_eq!((puts, cloud.calls("ExecuteChangeSet")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_repair_that_is_not_approved_changes_nothing() {
    for plan in [NOTHING, FakePlan::Adds(1)] {
        let cloud = disabled(plan);
        let (result, puts) = deploy(&cloud, false).await;
        assert_eq!(result.unwrap_err().to_string(), "no");
        assert_eq!((puts, cloud.calls("ExecuteChangeSet")), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_plain_change_set_is_executed_after_the_repair() {
    let cloud = disabled(FakePlan::Adds(1));
    let (result, puts) = deploy(&cloud, true).await;
    assert!(result.unwrap().changed);
    assert_eq!((puts, cloud.calls("ExecuteChangeSet")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_drift_aware_change_set_repairs_alone() {
    let rule = ("AWS::Events::Rule", ChangeAction::Modify);
    let cloud = disabled(FakePlan::Changes(vec![rule]));
    cloud.state().reverts_drift = true;
    let (result, puts) = deploy(&cloud, true).await;
    assert_eq!(result.unwrap().plan.drift.len(), 1);
    assert_eq!((puts, cloud.calls("ExecuteChangeSet")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_repair_reports_what_is_done_and_what_is_left() {
    let cloud = disabled(FakePlan::Adds(1));
    let (_, _, told) = deploy_interrupted(&cloud, true, false).await;
    let course: Vec<String> = told.lines();
    let course: Vec<&str> = course
        .iter()
        .map(String::as_str)
        .filter(|line| line.starts_with("repaired: ") || line.starts_with("step: "))
        .collect();
    assert_eq!(
        course,
        [
            "step: Plan",
            "repaired: ; left: ",
            "repaired: ; left: Rule",
            "repaired: Rule; left: ",
            // Read again.
            "repaired: Rule; left: ",
            // From here on, CloudFormation continues independently.
            "step: Execute",
            "repaired: ; left: ",
            "repaired: ; left: ",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_repair_changes_nothing_more_and_executes_no_change_set() {
    for plan in [NOTHING, FakePlan::Adds(1)] {
        let cloud = disabled(plan);
        let (result, puts, told) = deploy_interrupted(&cloud, true, true).await;
        assert_eq!(result.unwrap_err().to_string(), "interrupted");
        assert_eq!((puts, cloud.calls("ExecuteChangeSet")), (0, 0));
        assert!(cloud.state().change_sets.is_empty(), "one is left");
        assert!(told.has("left: Rule"));
        assert!(!told.has("step: Execute"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_targets_of_every_page_are_read() {
    let target = |id: &str| Target::builder().id(id).arn("arn").build().unwrap();
    let first = mock!(aws_sdk_eventbridge::Client::list_targets_by_rule)
        .match_requests(|request| request.next_token().is_none())
        .then_output(move || {
            let page = ListTargetsByRuleOutput::builder().targets(target("one"));
            page.next_token("more").build()
        });
    let second = mock!(aws_sdk_eventbridge::Client::list_targets_by_rule)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_output(move || {
            let page = ListTargetsByRuleOutput::builder();
            page.targets(target("two")).build()
        });
    let (found, _) = run(&[first, second], async |session| {
        list_rule_targets(session, "rule").await.unwrap()
    })
    .await;
    let ids: Vec<&str> = found.iter().map(Target::id).collect();
    assert_eq!(ids, ["one", "two"]);
}
