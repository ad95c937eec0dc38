//! Two machines with the same version don't replace each other's functions unnoticed.

use aws_sdk_eventbridge::types::RuleState;
use stack::{Architecture, Stack};
use template::contract::VERSION;

use super::cloud::{Told, run};
use super::cloudformation::CloudFormation;
use super::deploy_stack::{build, deployed, rules};
use super::preflight::measuring;
use super::told;
use crate::{BuiltFunctions, Error, FunctionCode, Result, StackDiff, diff_stack, identify_for};

fn definition() -> Stack {
    let mut stack = measuring(&["prod/web".to_owned()]);
    stack.region = Some("us-west-2".to_owned());
    stack
}

/// Our stack, which this version deployed with this code.
fn deployed_with(stack: &Stack, key: &'static str) -> CloudFormation {
    let cloud = deployed();
    cloud.state().stack().template = template::synthesize(stack).unwrap().body().to_owned();
    cloud.state().stack().parameters = vec![("MetricFunctionKey", key)];
    cloud
}

async fn diff(
    cloud: &CloudFormation,
    stack: &Stack,
    build: &crate::BuildFunctions<'_, Error>,
) -> (Result<StackDiff>, Told) {
    let before = cloud.state().stack().template.clone();
    run(&rules(cloud, RuleState::Enabled), async |session| {
        let identity = identify_for(session, None, None).await.unwrap();
        diff_stack::<Error>(session, stack, Some(&before), &identity, build).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn another_build_of_the_same_version_is_named() {
    let stack = definition();
    let (found, heard) = diff(
        &deployed_with(&stack, "functions/other.zip"),
        &stack,
        &build,
    )
    .await;
    found.unwrap();
    let note = heard
        .lines()
        .into_iter()
        .find(|line| line.contains("build"));
    insta::assert_snapshot!(note.unwrap().replace(VERSION, "VERSION"), @"another build of the same version, VERSION, deployed shop; this build replaces the code of metric-function. If others deploy with that build, they replace it again");
}

#[tokio::test(start_paused = true)]
async fn the_same_build_and_an_older_version_are_not() {
    let stack = definition();
    let (_, heard) = diff(
        &deployed_with(&stack, "functions/metric.zip"),
        &stack,
        &build,
    )
    .await;
    assert!(!heard.has("another build"), "{:?}", heard.lines());
    let older = deployed_with(&stack, "functions/other.zip");
    {
        let mut state = older.state();
        let version = format!("\"Version\":\"{VERSION}\"");
        let template = &mut state.stack().template;
        assert!(template.contains(&version), "{template}");
        *template = template.replace(&version, "\"Version\":\"0.0.1\"");
    }
    let (_, heard) = diff(&older, &stack, &build).await;
    assert!(!heard.has("another build"), "{:?}", heard.lines());
}

/// A machine that can build for x86_64 only.
fn build_x86_64(functions: &[FunctionCode], _wanted: Architecture) -> Result<BuiltFunctions> {
    build(functions, Architecture::X86_64)
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_lacks_the_processor_does_not_move_deployed_functions() {
    let stack = definition();
    assert_eq!(stack.metric.architecture, Architecture::Arm64);
    let cloud = deployed_with(&stack, "functions/metric.zip");
    let (refused, _) = diff(&cloud, &stack, &build_x86_64).await;
    insta::assert_snapshot!(told(&refused.unwrap_err()), @r"
    Refused: the functions of shop run on arm64, and this program can provide them for x86_64 only
      hint: deploy with a released program, which contains both
      hint: or move them: `metric: {architecture: x86_64}`
    ");
    // Where they already run on x86_64, they stay there.
    let mut moved = stack.clone();
    moved.metric.architecture = Architecture::X86_64;
    let cloud = deployed_with(&moved, "functions/metric.zip");
    let (found, _) = diff(&cloud, &stack, &build_x86_64).await;
    assert!(found.unwrap().template.body().contains("x86_64"));
}
