//! `diff`: the plan of a deploy, with nothing uploaded and nothing left behind.

use stack::{Architecture, Stack};

use super::assets::{self, Shared};
use super::cloud::{Told, run, run_with};
use super::cloudformation::CloudFormation;
use super::preflight::measuring;
use crate::{Asset, BuiltFunctions, Error, FunctionCode, Identity, Plan, Result, diff_stack};

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
        found.map(|(_, plan)| plan)
    })
    .await
}

/// Services that exist already add only their alarms and policies, about 3 KB each.
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

/// A signal waits for this: while a draft is held, the work goes on until it is removed.
#[tokio::test(start_paused = true)]
async fn a_draft_is_held_from_the_request_until_it_is_removed() {
    let cloud = CloudFormation::default();
    let rules = cloud.rules();
    let clients = super::cloud::clients(&rules);
    run_with(&clients, async |session| {
        let source = super::cloudformation::source();
        let mut plan = std::pin::pin!(crate::plan(session, &source));
        assert!(!session.has_drafts());
        // Until the change set is asked for.
        while !session.has_drafts() {
            tokio::select! {
                biased;
                _ = &mut plan => panic!("the plan held no draft"),
                // One step at a time: paused time goes on once nothing else is to do.
                () = tokio::time::sleep(std::time::Duration::from_millis(1)) => {}
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
