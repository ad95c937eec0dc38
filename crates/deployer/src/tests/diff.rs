//! `diff`: the plan of a deploy. Nothing is uploaded, and nothing remains.

use std::time::{Duration, SystemTime};

use stack::{Architecture, Stack};

use super::assets::{self, Shared};
use super::cloud::{Told, run, run_with};
use super::cloudformation::CloudFormation;
use super::preflight::measuring;
use crate::{
    Asset, BuiltFunctions, Error, FunctionCode, Identity, Pace, Plan, Result, Session, diff_stack,
    name_run,
};

fn build(functions: &[FunctionCode], wanted: Architecture) -> Result<BuiltFunctions> {
    let asset = Asset {
        key: "functions/metric.zip".to_owned(),
        bytes: vec![0],
    };
    Ok(BuiltFunctions {
        assets: functions
            .iter()
            .map(|code| (*code, asset.clone()))
            .collect(),
        architecture: wanted,
    })
}

fn identity() -> Identity {
    Identity {
        account: "111122223333".to_owned(),
        caller: "arn:aws:iam::111122223333:user/ana".to_owned(),
        region: "us-west-2".to_owned(),
    }
}

async fn diff(cloud: &CloudFormation, s3: &Shared, stack: &Stack) -> (Result<Option<Plan>>, Told) {
    let mut rules = cloud.rules();
    rules.extend(assets::rules(s3));
    run(&rules, async |session| {
        let found = diff_stack::<Error>(session, stack, None, &identity(), &build).await;
        assert!(!session.has_drafts());
        found.map(|found| found.plan)
    })
    .await
}

/// Existing services add only their alarms and policies, about 3 KB each.
fn definition(services: usize) -> Stack {
    let names: Vec<_> = (0..services).map(|n| format!("prod/web{n}")).collect();
    measuring(&names)
}

#[tokio::test(start_paused = true)]
async fn no_code_is_uploaded_and_no_bucket_is_made() {
    let (cloud, s3) = (CloudFormation::default(), assets::s3(false, false));
    let plan = diff(&cloud, &s3, &definition(1)).await.0.unwrap().unwrap();
    assert!(plan.creates_stack);
    assert_eq!(s3.lock().unwrap().calls, [""; 0]);
    let mut state = cloud.state();
    assert_eq!(state.stack().status, "DELETE_COMPLETE");
    assert!(state.change_sets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_large_template_is_uploaded_for_the_plan_alone() {
    let stack = definition(40);
    let size = template::synthesize(&stack).unwrap().body().len();
    assert!(size > template::INLINE_BODY_BYTES, "{size}");
    let (cloud, s3) = (CloudFormation::default(), assets::s3(true, true));
    diff(&cloud, &s3, &stack).await.0.unwrap().unwrap();
    assert_eq!(
        s3.lock().unwrap().calls,
        ["look", "policy", "upload", "delete"]
    );
    assert!(s3.lock().unwrap().objects.is_empty());
    // Also when CloudFormation refuses.
    cloud.refuse("CreateChangeSet", "ValidationError", "Template error");
    assert!(diff(&cloud, &s3, &stack).await.0.is_err());
    assert!(s3.lock().unwrap().objects.is_empty());
}

/// A signal waits for this: while a draft is held, the command keeps running until the draft is deleted.
#[tokio::test(start_paused = true)]
async fn a_draft_is_held_from_the_request_until_it_is_removed() {
    let cloud = CloudFormation::default();
    let rules = cloud.rules();
    let clients = super::cloud::clients(&rules);
    run_with(&clients, async |session| {
        let source = super::cloudformation::source();
        let mut plan = std::pin::pin!(crate::plan(session, &source));
        assert!(!session.has_drafts());
        // Until the change set is requested.
        while !session.has_drafts() {
            tokio::select! {
                biased;
                _ = &mut plan => panic!("the plan held no draft"),
                // One step at a time: paused time advances once there is nothing else to do.
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
        tokio::select! {
            biased;
            () = session.wait_for_drafts() => panic!("it is not removed yet"),
            plan = &mut plan => { plan.unwrap().unwrap(); }
        }
        session.wait_for_drafts().await;
        assert!(cloud.state().change_sets.is_empty());
    })
    .await;
}

/// Plans a stack for which another run made a change set with this name, and neither executed nor deleted it.
async fn plan_after(cloud: &CloudFormation, name: &str) {
    let id = cloud.state().other_plan(true);
    cloud.state().change_sets[0].id = id.replace("other", name);
    let clients = super::cloud::clients(&cloud.rules());
    let told = Told::default();
    let ear = told.ear();
    let session = Session::new(&clients, Pace::AWS, &ear, name_run(SystemTime::now()));
    let plan = crate::plan(&session, &super::cloudformation::source()).await;
    assert!(plan.unwrap().unwrap().creates_stack);
}

#[tokio::test(start_paused = true)]
async fn the_plan_of_a_run_that_was_killed_is_removed_with_its_stack() {
    let cloud = CloudFormation::default();
    let before = SystemTime::now() - Duration::from_hours(2);
    plan_after(&cloud, &format!("ecs-scaler-{}-3", name_run(before))).await;
    assert!(cloud.state().change_sets.is_empty());
    assert_eq!(cloud.state().stack().status, "DELETE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn the_plan_of_a_run_that_is_at_work_stays() {
    // This process's.
    let running = format!("ecs-scaler-{}-3", name_run(SystemTime::now()));
    for name in [running.as_str(), "made-by-hand"] {
        let cloud = CloudFormation::default();
        plan_after(&cloud, name).await;
        assert_eq!(cloud.state().change_sets.len(), 1, "{name}");
        assert_eq!(cloud.state().stack().status, "REVIEW_IN_PROGRESS");
    }
}
