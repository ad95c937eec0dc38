//! What a plan shows of the definition, and plans that were reviewed before their execution.

use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_cloudformation::types::ChangeAction;
use aws_sdk_eventbridge::types::RuleState;
use serde_json::json;
use stack::{Architecture, Stack};

use super::cloud::{Told, run};
use super::cloudformation::{CloudFormation, FakePlan, Step};
use super::deploy_stack::{build, deployed, rules};
use super::told;
use crate::{
    BuiltFunctions, DeployRequest, Deployment, Error, FunctionCode, Result, Reviewed, StackDiff,
    deploy_stack, deployed_template, diff_stack, identify_for, read_state,
};

/// A service with this maximum number of tasks and acceptable latency.
fn definition(max: u32, latency: &str) -> Stack {
    let text = format!(
        "name: shop\n\
         queues: {{orders: {{existing: 'arn:aws:sqs:us-west-2:111122223333:orders'}}}}\n\
         services:\n  \
           web: {{existing: prod/web, consumes: [orders], tasks: {{min: 1, max: {max}}}, \
             scaling: {{backlog_per_task: {{acceptable_latency: {latency}, processing_time: 1s}}}}}}\n"
    );
    stack::parse("shop.yaml", &text).unwrap().stack
}

fn template_of(stack: &Stack) -> String {
    let template = template::synthesize(stack).unwrap();
    let recorded = template.with_record(&stack.record().unwrap());
    recorded.body().to_owned()
}

/// A stack that was deployed with this definition.
fn deployed_with(stack: &Stack) -> CloudFormation {
    let cloud = deployed();
    cloud.state().stack().template = template_of(stack);
    cloud
}

async fn diff(cloud: &CloudFormation, stack: &Stack) -> (StackDiff, Told) {
    let (found, told) = run(&rules(cloud, RuleState::Enabled), async |session| {
        let identity = identify_for(session, None, None).await.unwrap();
        let before = deployed_template(session, "shop").await.unwrap();
        let before = before.and_then(|(_, template)| template);
        diff_stack::<Error>(session, stack, before.as_deref(), &identity, &build).await
    })
    .await;
    (found.unwrap(), told)
}

async fn review(cloud: &CloudFormation, stack: &Stack, allow_loss: bool) -> Reviewed {
    let (reviewed, _) = run(&rules(cloud, RuleState::Enabled), async |session| {
        let identity = identify_for(session, None, None).await.unwrap();
        let state = read_state(session, "shop").await.unwrap();
        let before = deployed_template(session, "shop").await.unwrap();
        let before = before.and_then(|(_, template)| template);
        let found = diff_stack::<Error>(session, stack, before.as_deref(), &identity, &build);
        let found = found.await.unwrap();
        let plan = (&found.inputs, found.plan.as_ref());
        Reviewed::new(session, (stack, &identity), state, plan, allow_loss)
    })
    .await;
    reviewed
}

async fn deploy(
    cloud: &CloudFormation,
    stack: &Stack,
    reviewed: Reviewed,
) -> (Result<Deployment>, Told) {
    deploy_with(cloud, stack, reviewed, &build).await
}

async fn deploy_with(
    cloud: &CloudFormation,
    stack: &Stack,
    reviewed: Reviewed,
    build: &crate::BuildFunctions<'_, Error>,
) -> (Result<Deployment>, Told) {
    let request = DeployRequest {
        stack: stack.clone(),
        in_sandbox: false,
        allow_downgrade: false,
        reviewed: Some(Arc::new(reviewed)),
        allow_loss: false,
        now: SystemTime::UNIX_EPOCH,
    };
    run(&rules(cloud, RuleState::Enabled), async |session| {
        deploy_stack::<Error>(session, &request, build, &mut |_| true).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_plan_has_the_words_of_the_definition() {
    let cloud = deployed_with(&definition(20, "10m"));
    let (found, _) = diff(&cloud, &definition(40, "2m")).await;
    let words: Vec<_> = found.words.iter().map(|word| word.path.as_str()).collect();
    assert_eq!(
        words,
        [
            "services.web.scaling.backlog_per_task.acceptable_latency",
            "services.web.tasks.max",
            "services.web.scaling.backlog_per_task target",
        ]
    );
    assert_eq!(found.words[1].old, Some(json!(20)));
    assert_eq!(found.words[1].new, Some(json!(40)));
    // 10 min ÷ 1 s, and 2 min ÷ 1 s.
    assert_eq!(found.words[2].old, Some(json!(600.0)));
    assert_eq!(found.words[2].new, Some(json!(120.0)));
    assert_eq!(found.plan.unwrap().words, found.words);
}

#[tokio::test(start_paused = true)]
async fn words_come_with_the_template_that_is_deployed_after_a_rollback_too() {
    let cloud = deployed_with(&definition(20, "10m"));
    let (found, told) = diff(&cloud, &definition(20, "10m")).await;
    assert!(found.words.is_empty());
    assert!(!told.has("without a record"), "{:?}", told.lines());
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_a_record_is_planned_without_words_and_says_so() {
    let cloud = deployed();
    let old = template::synthesize(&definition(20, "10m")).unwrap();
    cloud.state().stack().template = old.body().to_owned();
    let (found, told) = diff(&cloud, &definition(40, "10m")).await;
    assert!(found.words.is_empty());
    assert!(told.has("without a record of its definition"));
    let target = found.inputs.body.contains("MaxCapacity\":40");
    assert!(target && found.inputs.body.contains("Definition"));
}

/// A changed record alone isn't a change: stacks of earlier versions stay unchanged.
#[tokio::test(start_paused = true)]
async fn a_record_alone_is_no_change() {
    let stack = definition(20, "10m");
    let cloud = deployed();
    cloud.state().stack().template = template::synthesize(&stack).unwrap().body().to_owned();
    let recorded = template_of(&stack).leak();
    cloud.state().plans.push_back(FakePlan::Empty(recorded));
    assert!(diff(&cloud, &stack).await.0.plan.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_reviewed_is_executed() {
    let (old, new) = (definition(20, "10m"), definition(40, "10m"));
    let cloud = deployed_with(&old);
    let reviewed = review(&cloud, &new, false).await;
    let reviewed = serde_json::from_str(&serde_json::to_string(&reviewed).unwrap()).unwrap();
    let (result, _) = deploy(&cloud, &new, reviewed).await;
    assert!(result.unwrap().deployed.changed);
    assert_eq!(cloud.calls("ExecuteChangeSet"), 1);
}

/// Returns the error of executing a reviewed plan after something else has changed.
async fn refusal(change: impl FnOnce(&CloudFormation, &mut Stack, &mut Reviewed)) -> String {
    let mut new = definition(40, "10m");
    let cloud = deployed_with(&definition(20, "10m"));
    let mut reviewed = review(&cloud, &new, false).await;
    change(&cloud, &mut new, &mut reviewed);
    let (result, _) = deploy(&cloud, &new, reviewed).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), crate::Kind::Refused);
    assert_eq!(cloud.calls("ExecuteChangeSet"), 0);
    assert!(cloud.state().change_sets.is_empty(), "nothing left behind");
    let text = told(&error);
    let text = text.lines().filter(|line| !line.contains("hint:"));
    text.collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn anything_else_than_what_was_reviewed_is_refused_with_what_differs() {
    let mut all = String::new();
    let mut add = |what: &str, text: String| all.push_str(&format!("{what}\n{text}\n"));
    let text = refusal(|_, stack, _| *stack = definition(50, "10m")).await;
    add("the definition", text);
    let text = refusal(|_, stack, _| stack.services.get_mut("web").unwrap().tasks.max = 50).await;
    add("the template alone", text);
    let text = refusal(|cloud, _, _| cloud.state().stack().template = "{}".to_owned()).await;
    add("what is deployed", text);
    let text = refusal(|cloud, _, _| cloud.state().stack().parameters = vec![("A", "b")]).await;
    add("a deployed parameter", text);
    let text = refusal(|cloud, _, _| cloud.state().stack().status = "UPDATE_COMPLETE".to_owned());
    add("the status", text.await);
    let text = refusal(|cloud, _, _| cloud.state().plans.push_back(FakePlan::Adds(2))).await;
    add("the plan", text);
    let text = refusal(|_, _, reviewed| reviewed.stack = "other".to_owned()).await;
    add("another stack", text);
    let text = refusal(|_, _, reviewed| reviewed.account = "444455556666".to_owned()).await;
    add("another account", text);
    let text = refusal(|_, _, reviewed| reviewed.deployed = None).await;
    add("a stack that was made since", text);
    let text = refusal(|_, stack, _| stack.termination_protection = true).await;
    add("a setting", text);
    // Between the first check and the execution.
    let text = refusal(|cloud, _, _| {
        cloud.on("CreateChangeSet", |state| {
            state.stack().template = "{\"Metadata\": {}}".to_owned();
            None
        });
    });
    add("while it is planned", text.await);
    insta::assert_snapshot!(all, @r"
    the definition
    Refused: nothing was changed: this differs from the reviewed plan
      services.web.tasks.max: reviewed 40, now 50
    the template alone
    Refused: nothing was changed: this differs from the reviewed plan
      WebScalableTarget: MaxCapacity: reviewed 40, now 50
    what is deployed
    Refused: nothing was changed: this differs from the reviewed plan
      a different template is deployed now
    a deployed parameter
    Refused: nothing was changed: this differs from the reviewed plan
      the deployed parameter A is different
    the status
    Refused: nothing was changed: this differs from the reviewed plan
      the stack was in CREATE_COMPLETE, and is in UPDATE_COMPLETE
    the plan
    Refused: nothing was changed: this differs from the reviewed plan
      only in the current plan: add R1 (AWS::IAM::Role)
    another stack
    Refused: the reviewed plan is for the stack other, but this deploy is for shop
    another account
    Refused: the reviewed plan is for the account 444455556666, but this deploy is for 111122223333
    a stack that was made since
    Refused: nothing was changed: this differs from the reviewed plan
      the stack exists now (CREATE_COMPLETE)
    a setting
    Refused: nothing was changed: this differs from the reviewed plan
      termination_protection is different
    while it is planned
    Refused: nothing was changed: this differs from the reviewed plan
      a different template is deployed now
    ");
}

#[tokio::test(start_paused = true)]
async fn another_code_of_a_function_is_refused() {
    let new = definition(40, "10m");
    let cloud = deployed_with(&definition(20, "10m"));
    let reviewed = review(&cloud, &new, false).await;
    let other = |functions: &[FunctionCode], wanted: Architecture| -> Result<BuiltFunctions> {
        let mut built = build(functions, wanted)?;
        for asset in built.assets.values_mut() {
            asset.key = "functions/other.zip".to_owned();
        }
        Ok(built)
    };
    let (result, _) = deploy_with(&cloud, &new, reviewed, &other).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: nothing was changed: this differs from the reviewed plan
      the parameter MetricFunctionKey is different
      hint: review it again: `diff --out FILE`, then `deploy --plan FILE`
    ");
}

#[tokio::test(start_paused = true)]
async fn a_loss_counts_as_reviewed_only_if_the_review_allowed_it() {
    for allowed in [false, true] {
        let new = definition(40, "10m");
        let cloud = deployed_with(&definition(20, "10m"));
        for _ in 0..2 {
            let queue = ("AWS::SQS::Queue", ChangeAction::Remove);
            let loss = FakePlan::Changes(vec![queue]);
            cloud.state().plans.push_back(loss);
        }
        let reviewed = review(&cloud, &new, allowed).await;
        let (result, _) = deploy(&cloud, &new, reviewed).await;
        assert_eq!(result.is_ok(), allowed, "{result:?}");
        assert_eq!(cloud.calls("ExecuteChangeSet"), usize::from(allowed));
    }
}

/// After a concurrent change, the next plan isn't the reviewed one, even if it looks the same.
#[tokio::test(start_paused = true)]
async fn a_review_counts_once() {
    let new = definition(40, "10m");
    let cloud = deployed_with(&definition(20, "10m"));
    let reviewed = review(&cloud, &new, false).await;
    cloud.refuse(
        "ExecuteChangeSet",
        "InvalidChangeSetStatus",
        "ChangeSet is obsolete",
    );
    let (result, _) = deploy(&cloud, &new, reviewed).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: the reviewed plan was started, but now another plan is needed that wasn't reviewed
      hint: review it again: `diff --out FILE`, then `deploy --plan FILE`
    ");
    assert_eq!(
        cloud.calls("CreateChangeSet"),
        3,
        "one of the review, two of the deploy"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_resource_is_reported_with_its_line_of_the_definition() {
    let new = definition(40, "10m");
    let cloud = deployed_with(&definition(20, "10m"));
    let reviewed = review(&cloud, &new, false).await;
    let failed = vec![("WebScalableTarget", "UPDATE_FAILED", "bad bounds")];
    cloud.state().executions.push_back(vec![
        Step("UPDATE_IN_PROGRESS", vec![]),
        Step("UPDATE_ROLLBACK_IN_PROGRESS", failed),
        Step("UPDATE_ROLLBACK_COMPLETE", vec![]),
    ]);
    let error = deploy(&cloud, &new, reviewed).await.0.unwrap_err();
    let first = error.to_string();
    assert_eq!(
        first.lines().next(),
        Some("WebScalableTarget (AWS::SQS::Queue): bad bounds (services.web.tasks, shop.yaml:4)")
    );
    let place = error.causes()[0].definition.as_ref().unwrap();
    assert_eq!((&*place.path, place.line), ("services.web.tasks", Some(4)));
}
