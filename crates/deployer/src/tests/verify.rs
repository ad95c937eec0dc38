//! Checks after a deploy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, Deployment, DeploymentRolloutState, LaunchType, Service,
    ServiceEvent,
};
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::State;
use aws_smithy_mocks::{Rule, mock};

use super::cloud::run;
use super::cloudformation::{CloudFormation, NAME};
use super::told;
use crate::Result;

fn service(name: &str) -> String {
    format!("arn:aws:ecs:us-west-2:1:service/voucher/{name}")
}

fn stack(services: usize) -> CloudFormation {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let mut state = cloud.state();
    let stack = state.stack();
    for number in 0..services {
        stack.holds(
            "AWS::ECS::Service",
            &format!("S{number}"),
            &service(&format!("s{number}")),
        );
        stack.holds(
            "AWS::ECS::TaskDefinition",
            &format!("D{number}"),
            &format!("definition:{number}"),
        );
    }
    stack.holds("AWS::Lambda::Function", "Function", "function");
    stack.holds("AWS::Events::Rule", "Rule", "rule");
    drop(state);
    cloud
}

pub(super) fn functions(state: State) -> Rule {
    mock!(aws_sdk_lambda::Client::get_function_configuration).then_output(move || {
        GetFunctionConfigurationOutput::builder()
            .state(state.clone())
            .state_reason("the image is gone")
            .build()
    })
}

pub(super) fn rule(state: RuleState) -> Rule {
    mock!(aws_sdk_eventbridge::Client::describe_rule)
        .then_output(move || DescribeRuleOutput::builder().state(state.clone()).build())
}

/// Each service runs the task definition that `definition` returns for its name and the number of requests so
/// far.
fn services(definition: impl Fn(&str, usize) -> Option<String> + Send + Sync + 'static) -> Rule {
    let asked = Arc::new(AtomicUsize::new(0));
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_output(move |input| {
        assert!(input.services().len() <= 10, "DescribeServices takes ten");
        assert_eq!(input.cluster(), Some("voucher"));
        let times = asked.fetch_add(1, Ordering::SeqCst);
        let found = input.services().iter().filter_map(|arn| {
            let runs = definition(arn.rsplit('/').next().unwrap(), times)?;
            let failed = runs == "failed";
            let rollout = if failed {
                DeploymentRolloutState::Failed
            } else {
                DeploymentRolloutState::Completed
            };
            let deployment = Deployment::builder()
                .status("PRIMARY")
                .rollout_state(rollout)
                .build();
            let event = ServiceEvent::builder()
                .message("deployment failed: tasks failed to start")
                .build();
            let runs = if failed {
                "definition:0".to_owned()
            } else {
                runs
            };
            Some(
                Service::builder()
                    .service_arn(arn)
                    .status("ACTIVE")
                    .task_definition(runs)
                    .deployments(deployment)
                    .events(event)
                    .build(),
            )
        });
        DescribeServicesOutput::builder()
            .set_services(Some(found.collect()))
            .build()
    })
}

fn own(name: &str, _: usize) -> Option<String> {
    Some(format!("definition:{}", name.trim_start_matches('s')))
}

async fn verify(cloud: &CloudFormation, rules: Vec<Rule>) -> Result<()> {
    let rules: Vec<Rule> = cloud.rules().into_iter().chain(rules).collect();
    run(&rules, async |session| {
        let resources = crate::observe::deployed_resources(session, NAME).await?;
        crate::verify::verify(session, &resources).await
    })
    .await
    .0
}

fn sound() -> Vec<Rule> {
    vec![functions(State::Active), rule(RuleState::Enabled)]
}

#[tokio::test(start_paused = true)]
async fn a_sound_stack_of_many_services_passes_in_batches() {
    let cloud = stack(25);
    let ecs = services(own);
    let mut rules = sound();
    rules.push(ecs.clone());
    verify(&cloud, rules).await.unwrap();
    assert_eq!(ecs.num_calls(), 3);
    // A stack without its own services makes no calls to ECS.
    verify(&stack(0), sound()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_ecs_took_back_is_found() {
    let mut rules = sound();
    rules.push(services(|_, _| Some("definition:old".to_owned())));
    insta::assert_snapshot!(told(&verify(&stack(1), rules).await.unwrap_err()), @r"
    DeploymentFailed: S0: ECS rolled the deployment back and runs definition:old again, although CloudFormation reports success
      hint: the service's last event: deployment failed: tasks failed to start
      hint: the new tasks didn't become stable: check the service's log group, then deploy again
    ");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_ecs_gave_up_is_found() {
    let mut rules = sound();
    rules.push(services(|_, _| Some("failed".to_owned())));
    let error = verify(&stack(1), rules).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "S0: the ECS deployment failed, although CloudFormation reports success"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_there_is_found() {
    let mut rules = sound();
    rules.push(services(|_, _| None));
    let error = verify(&stack(1), rules).await.unwrap_err();
    assert!(error.to_string().contains("ECS has no service"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_ecs_showed_a_moment_ago_is_looked_at_again() {
    let mut rules = sound();
    rules.push(services(|name, times| match times {
        0..=2 => None,
        3 => Some("definition:old".to_owned()),
        _ => own(name, times),
    }));
    verify(&stack(1), rules).await.unwrap();
}

/// A stack on instances, whose service runs on this capacity.
async fn on_capacity(provider: Option<&'static str>) -> Result<()> {
    let cloud = stack(1);
    let kind = "AWS::ECS::CapacityProvider";
    cloud
        .state()
        .stack()
        .holds(kind, "Instances", "shop-instances");
    let ecs = mock!(aws_sdk_ecs::Client::describe_services).then_output(move || {
        let item = provider.map(|provider| {
            let item = CapacityProviderStrategyItem::builder().capacity_provider(provider);
            vec![item.build().unwrap()]
        });
        let found = Service::builder()
            .service_arn(service("s0"))
            .status("ACTIVE")
            .task_definition("definition:0")
            .set_launch_type(provider.is_none().then_some(LaunchType::Fargate))
            .set_capacity_provider_strategy(item);
        DescribeServicesOutput::builder()
            .services(found.build())
            .build()
    });
    let mut rules = sound();
    rules.push(ecs);
    verify(&cloud, rules).await
}

#[tokio::test(start_paused = true)]
async fn a_service_that_runs_on_other_capacity_than_the_stack_s_is_found() {
    on_capacity(Some("shop-instances")).await.unwrap();
    insta::assert_snapshot!(told(&on_capacity(None).await.unwrap_err()), @r"
    DeploymentFailed: S0: it should run on the capacity provider shop-instances, but runs on FARGATE
      hint: the service was changed manually: deploy again with a new image or a changed task size
    ");
    let error = on_capacity(Some("theirs")).await.unwrap_err();
    assert!(error.to_string().ends_with("but runs on theirs"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_function_and_a_disabled_rule_are_found() {
    let rules = vec![functions(State::Failed), rule(RuleState::Enabled)];
    let error = verify(&stack(0), rules).await.unwrap_err();
    assert_eq!(
        told(&error),
        "DeploymentFailed: the function function is Failed: the image is gone\n"
    );
    let rules = vec![functions(State::Pending), rule(RuleState::Disabled)];
    insta::assert_snapshot!(told(&verify(&stack(0), rules).await.unwrap_err()), @r"
    DeploymentFailed: the rule rule is disabled: nothing is measured
      hint: to enable it: `aws events enable-rule --name rule`
    ");
}
