//! Checks before anything changes.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_ecr::operation::describe_images::DescribeImagesOutput;
use aws_sdk_ecr::types::ImageDetail;
use aws_sdk_ecs::operation::describe_capacity_providers::DescribeCapacityProvidersOutput;
use aws_sdk_ecs::operation::describe_clusters::DescribeClustersOutput;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::{
    AutoScalingGroupProvider, CapacityProvider, Cluster, ClusterSetting, ClusterSettingName,
    Service,
};
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use stack::{ServiceSource, Stack};

use super::cloud::{Told, json_error, run, xml_error};
use super::told;
use crate::{Identity, Kind, Result};

const HOST: &str = "111122223333.dkr.ecr.us-west-2.amazonaws.com";

pub(super) fn load(text: &str) -> Stack {
    stack::parse("test.yaml", text).unwrap().stack
}

/// A stack that creates services with these images.
fn running(images: &[&str]) -> Stack {
    let mut text = "name: shop\nqueues: {orders: {}}\nservices:\n".to_owned();
    for (number, image) in images.iter().enumerate() {
        let _ = writeln!(
            text,
            "  s{number}: {{image: '{image}', consumes: [orders], tasks: {{min: 1, max: 2}}, \
             scaling: {{backlog_per_task: {{acceptable_latency: 5m, processing_time: 1s}}}}}}"
        );
    }
    load(&text)
}

/// A stack that measures existing services.
pub(super) fn measuring(services: &[String]) -> Stack {
    let mut text = "name: shop\nqueues: {orders: {existing: 'arn:aws:sqs:us-west-2:111122223333:orders'}}\nservices:\n".to_owned();
    for (number, service) in services.iter().enumerate() {
        let _ = writeln!(
            text,
            "  s{number}: {{existing: {service}, consumes: [orders], tasks: {{min: 1, max: 2}}, \
             scaling: {{backlog_per_task: {{acceptable_latency: 5m, processing_time: 1s}}}}}}"
        );
    }
    load(&text)
}

/// Both service-linked roles exist.
pub(super) fn roles() -> Rule {
    mock!(aws_sdk_iam::Client::list_roles).then_http_response(|| {
        let body = "<ListRolesResponse><ListRolesResult><Roles><member><Path>/</Path><RoleName>r</RoleName>\
                    <RoleId>i</RoleId><Arn>a</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member></Roles>\
                    <IsTruncated>false</IsTruncated></ListRolesResult></ListRolesResponse>";
        HttpResponse::new(200.try_into().unwrap(), body.into())
    })
}

fn no_roles() -> Rule {
    mock!(aws_sdk_iam::Client::list_roles).then_http_response(|| {
        let body = "<ListRolesResponse><ListRolesResult><Roles></Roles><IsTruncated>false</IsTruncated>\
                    </ListRolesResult></ListRolesResponse>";
        HttpResponse::new(200.try_into().unwrap(), body.into())
    })
}

fn making_roles(code: &'static str, text: &'static str) -> Rule {
    mock!(aws_sdk_iam::Client::create_service_linked_role)
        .then_http_response(move || xml_error(code, text))
}

fn images(answer: Option<&'static str>) -> Rule {
    mock!(aws_sdk_ecr::Client::describe_images).then_compute_response(move |_| match answer {
        None => MockResponse::Output(DescribeImagesOutput::builder().build()),
        Some(code) => MockResponse::Http(json_error(code, "says ECR")),
    })
}

pub(super) fn clusters(names: &'static [&'static str]) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_clusters).then_output(move || {
        let found = names.iter().map(|name| {
            Cluster::builder()
                .cluster_name(*name)
                .status("ACTIVE")
                .build()
        });
        DescribeClustersOutput::builder()
            .set_clusters(Some(found.collect()))
            .build()
    })
}

/// All services exist except one.
pub(super) fn services_but(missing: &'static str) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_output(move |input| {
        assert!(input.services().len() <= 10);
        let found = input.services().iter().map(|name| {
            let status = if name == missing {
                "INACTIVE"
            } else {
                "ACTIVE"
            };
            Service::builder().service_name(name).status(status).build()
        });
        DescribeServicesOutput::builder()
            .set_services(Some(found.collect()))
            .build()
    })
}

pub(super) fn no_targets() -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets)
        .then_output(|| DescribeScalableTargetsOutput::builder().build())
}

/// There are no scalable targets, unless an earlier rule returns some.
pub(super) async fn check(stack: &Stack, rules: &[Rule]) -> (Result<()>, Told) {
    let rules: Vec<Rule> = rules.iter().cloned().chain([no_targets()]).collect();
    run(&rules, async |session| {
        crate::preflight::check(session, stack).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn who_the_credentials_belong_to_is_asked() {
    let sts = mock!(aws_sdk_sts::Client::get_caller_identity).then_output(|| {
        GetCallerIdentityOutput::builder()
            .account("111122223333")
            .arn("arn:aws:iam::111122223333:user/ana")
            .build()
    });
    let (result, _) = run(&[sts], async |session| {
        crate::identify_for(session, None, None).await
    })
    .await;
    let expected = Identity {
        account: "111122223333".into(),
        caller: "arn:aws:iam::111122223333:user/ana".into(),
        region: "us-west-2".into(),
    };
    assert_eq!(result.unwrap(), expected);
    let expired = mock!(aws_sdk_sts::Client::get_caller_identity)
        .then_http_response(|| xml_error("ExpiredToken", "expired"));
    let (result, _) = run(&[expired], async |session| {
        crate::identify_for(session, None, None).await
    })
    .await;
    assert_eq!(result.unwrap_err().kind(), Kind::Unreachable);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_several_times_used_is_looked_for_once_and_others_never() {
    let worker = format!("{HOST}/worker:1");
    let abroad = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/worker:1";
    let stack = running(&[
        &worker,
        &worker,
        "public.ecr.aws/nginx/nginx:stable",
        abroad,
    ]);
    let ecr = images(None);
    check(&stack, &[roles(), ecr.clone()]).await.0.unwrap();
    assert_eq!(ecr.num_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_missing_stops() {
    let stack = running(&[&format!("{HOST}/team/worker:1.2.0")]);
    for code in ["ImageNotFoundException", "RepositoryNotFoundException"] {
        let error = check(&stack, &[roles(), images(Some(code))])
            .await
            .0
            .unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(told(&error), @r"
            Failed: the image team/worker:1.2.0 (ECR, account 111122223333, us-west-2) does not exist
              hint: push it first, or correct `image:`: a service without its image never becomes stable
            ");
        }
    }
    // Tasks pull with their own role.
    let denied = images(Some("AccessDeniedException"));
    let (result, told) = check(&stack, &[roles(), denied]).await;
    result.unwrap();
    assert!(told.has("skipped: failed to look for the image"));
    let (result, told) = check(&stack, &[roles(), images(Some("InternalFailure"))]).await;
    result.unwrap();
    assert!(told.has("isn't checked, because ECR doesn't respond here"));
    assert!(!told.has("failed"));
}

/// A worker whose digest is resolved, and a sidecar whose digest isn't.
fn resolving() -> Stack {
    load(&format!(
        "name: shop\nservices: {{web: {{image: '{HOST}/team/worker:1.2.0', image_digest: resolve,
         sidecars: {{log: {{image: '{HOST}/log:1'}}, agent: {{image: '{HOST}/agent', image_digest: resolve}}}}}}}}\n"
    ))
}

/// ECR, with one digest for each tag.
fn digests() -> Rule {
    mock!(aws_sdk_ecr::Client::describe_images).then_compute_output(|input| {
        let tag = input.image_ids()[0].image_tag().unwrap();
        let digest = format!("sha256:{}-{tag}", input.repository_name().unwrap());
        let details = ImageDetail::builder().image_digest(digest).build();
        DescribeImagesOutput::builder()
            .image_details(details)
            .build()
    })
}

async fn resolve(stack: &Stack, rule: Rule) -> (Result<Vec<String>>, Told) {
    let mut stack = stack.clone();
    run(&[rule], async |session| {
        crate::preflight::resolve_digests(session, &mut stack).await?;
        let ServiceSource::Create(spec) = &stack.services["web"].source else {
            panic!("a created service");
        };
        Ok(spec.containers().map(|one| one.image.to_owned()).collect())
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn tags_are_replaced_by_digests_where_the_definition_says_so() {
    let (images, told) = resolve(&resolving(), digests()).await;
    let expected = [
        format!("{HOST}/team/worker@sha256:team/worker-1.2.0"),
        format!("{HOST}/agent@sha256:agent-latest"),
        format!("{HOST}/log:1"),
    ];
    assert_eq!(images.unwrap(), expected);
    assert!(told.has(
        "the image team/worker:1.2.0 (ECR, account 111122223333, us-west-2) is sha256:team/worker-1.2.0"
    ));
    // A digest needs no request.
    let mut given = resolving();
    let ServiceSource::Create(spec) = &mut given.services.get_mut("web").unwrap().source else {
        panic!("a created service");
    };
    spec.sidecars.clear();
    spec.image = format!("{HOST}/worker@sha256:abc");
    let ecr = digests();
    let (images, _) = resolve(&given, ecr.clone()).await;
    assert_eq!(images.unwrap(), [format!("{HOST}/worker@sha256:abc")]);
    assert_eq!(ecr.num_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_digest_that_ecr_does_not_say_stops_the_deploy() {
    let one = load(&format!(
        "name: shop\nservices: {{web: {{image: '{HOST}/worker:1', image_digest: resolve}}}}\n"
    ));
    let failing = async |code| resolve(&one, images(Some(code))).await.0.unwrap_err();
    let error = failing("ImageNotFoundException").await;
    assert!(error.to_string().ends_with("does not exist"), "{error}");
    // The check of images skips images that it can't read. A requested digest can't be skipped.
    let error = failing("AccessDeniedException").await;
    insta::assert_snapshot!(told(&error), @r"
    Unreachable: failed to resolve the digest of the image worker:1 (ECR, account 111122223333, us-west-2): says ECR (AccessDeniedException)
      hint: these credentials don't have the required permission; see docs/permissions.md
      hint: without `image_digest`, the service runs the image that the tag refers to when ECS deploys it
    ");
    let (unnamed, _) = resolve(&one, images(None)).await;
    let error = unnamed.unwrap_err().to_string();
    assert!(error.ends_with("ECR returned none"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn service_linked_roles_are_made_where_they_are_missing() {
    let made = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&made);
    let make = mock!(aws_sdk_iam::Client::create_service_linked_role).then_compute_response(move |input| {
        seen.lock().unwrap().push(input.aws_service_name().unwrap().to_owned());
        MockResponse::Http(xml_error(
            "InvalidInput",
            "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.",
        ))
    });
    let stack = running(&["busybox"]);
    check(&stack, &[no_roles(), make]).await.0.unwrap();
    let mut made = made.lock().unwrap().clone();
    made.sort();
    assert_eq!(
        made,
        [
            "ecs.amazonaws.com",
            "ecs.application-autoscaling.amazonaws.com"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_linked_role_that_cant_be_made_says_who_can() {
    let stack = running(&["busybox"]);
    let make = making_roles(
        "InvalidInput",
        "AWS Service Name ecs.amazonaws.com is not valid",
    );
    let error = check(&stack, &[no_roles(), make]).await.0.unwrap_err();
    assert_eq!(
        error.kind(),
        Kind::Failed,
        "any other invalid input is an error"
    );
    let make = making_roles("AccessDenied", "not iam:CreateServiceLinkedRole");
    let error = check(&stack, &[no_roles(), make]).await.0.unwrap_err();
    insta::assert_snapshot!(told(&error), @r"
    Unreachable: failed to create the service-linked role of ecs.amazonaws.com: not iam:CreateServiceLinkedRole (AccessDenied)
      hint: these credentials don't have the required permission; see docs/permissions.md
      hint: a user with that permission can create it once for the account: `aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com`
    ");
    // Without the permission, the check continues: if the role exists, nothing more is needed.
    let blind = mock!(aws_sdk_iam::Client::list_roles)
        .then_http_response(|| xml_error("AccessDenied", "not iam:ListRoles"));
    let (result, told) = check(&stack, &[blind]).await;
    result.unwrap();
    assert!(told.has("skipped: failed to look for the service-linked role"));
}

#[tokio::test(start_paused = true)]
async fn somebody_else_s_services_are_looked_for_in_batches() {
    let names: Vec<String> = (0..25).map(|n| format!("prod/s{n}")).collect();
    let ecs = services_but("none");
    let rules = [roles(), clusters(&["prod"]), ecs.clone()];
    check(&measuring(&names), &rules).await.0.unwrap();
    assert_eq!(ecs.num_calls(), 3);
    let rules = [roles(), clusters(&["prod"]), services_but("s17")];
    let error = check(&measuring(&names), &rules).await.0.unwrap_err();
    insta::assert_snapshot!(told(&error), @r"
    Failed: the service prod/s17 does not exist in us-west-2
      hint: check its name, --profile and --region
    ");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_missing_stops() {
    let rules = [roles(), clusters(&["other"]), services_but("none")];
    let error = check(&measuring(&["prod/web".to_owned()]), &rules)
        .await
        .0
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the cluster prod does not exist"),
        "{error}"
    );
    let missing = mock!(aws_sdk_ecs::Client::describe_services)
        .then_http_response(|| json_error("ClusterNotFoundException", "Cluster not found."));
    let rules = [roles(), clusters(&["prod"]), missing];
    let error = check(&measuring(&["prod/web".to_owned()]), &rules)
        .await
        .0
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the cluster prod does not exist"),
        "{error}"
    );
}

/// Returns the roles that are created for a stack if the account has none.
async fn roles_of(stack: &str) -> Vec<String> {
    let made = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&made);
    let make = mock!(aws_sdk_iam::Client::create_service_linked_role).then_compute_response(
        move |input| {
            seen.lock()
                .unwrap()
                .push(input.aws_service_name().unwrap().to_owned());
            MockResponse::Http(xml_error(
                "InvalidInput",
                "Service role name X has been taken in this account.",
            ))
        },
    );
    check(&load(stack), &[no_roles(), make]).await.0.unwrap();
    let mut made = made.lock().unwrap().clone();
    made.sort();
    made
}

#[tokio::test(start_paused = true)]
async fn only_the_roles_are_made_that_the_stack_needs() {
    let balanced = "name: shop
cluster: {capacity: {ec2: {instance_type: t3.small, min: 1, max: 2}}}
services:
  web: {image: nginx, architecture: x86_64, port: 80, load_balancer: {listener: 80, health_check: /},
        tasks: {min: 1, max: 2}, scaling: {alarm_steps: {metric: request_count,
        scale_out: {at_or_above: 100, add: 1}, scale_in: {below: 20, for: 5, remove: 1}}}}
";
    assert_eq!(
        roles_of(balanced).await,
        [
            "autoscaling.amazonaws.com",
            "ecs.amazonaws.com",
            "elasticloadbalancing.amazonaws.com"
        ]
    );
    let tracked = "name: shop
services:
  web: {image: nginx, tasks: {min: 1, max: 2}, scaling: {cpu: {target: 60}}}
";
    assert_eq!(
        roles_of(tracked).await,
        [
            "ecs.amazonaws.com",
            "ecs.application-autoscaling.amazonaws.com"
        ]
    );
}

/// The cluster `prod`, with these capacity providers.
fn providers(names: &'static [&'static str]) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_clusters).then_output(move || {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let cluster = Cluster::builder()
            .cluster_name("prod")
            .status("ACTIVE")
            .set_capacity_providers(Some(names));
        DescribeClustersOutput::builder()
            .clusters(cluster.build())
            .build()
    })
}

#[tokio::test(start_paused = true)]
async fn a_share_of_spot_needs_the_providers_of_an_existing_cluster() {
    let text = |capacity: &str| {
        format!(
            "name: shop\ncluster: {{existing: prod}}\nservices: {{web: {{image: busybox, capacity: {capacity}}}}}\n"
        )
    };
    let spot = load(&text("{spot: 80%}"));
    let both = providers(&["FARGATE", "FARGATE_SPOT"]);
    check(&spot, &[roles(), both]).await.0.unwrap();
    let error = check(&spot, &[roles(), providers(&["FARGATE"])]).await.0;
    insta::assert_snapshot!(told(&error.unwrap_err()), @r"
    Failed: service web runs on Fargate Spot (`capacity`), but FARGATE_SPOT isn't among the capacity providers of the cluster prod (it has FARGATE)
      hint: ask its owner to add it (`aws ecs put-cluster-capacity-providers`, which takes all providers of the cluster)
      hint: or remove `capacity`
    ");
    let plain = load(&text("fargate"));
    check(&plain, &[roles(), providers(&[])]).await.0.unwrap();
}

/// Capacity providers, each with an Auto Scaling group or without.
fn kinds(providers: &'static [(&'static str, bool)]) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_capacity_providers).then_compute_output(move |input| {
        let names: Vec<&str> = providers.iter().map(|(name, _)| *name).collect();
        assert_eq!(input.capacity_providers(), names);
        let found = providers.iter().map(|(name, has_group)| {
            let group = AutoScalingGroupProvider::builder();
            let group = group
                .auto_scaling_group_arn("arn:aws:autoscaling:g")
                .build();
            CapacityProvider::builder()
                .name(*name)
                .set_auto_scaling_group_provider(has_group.then(|| group.unwrap()))
                .build()
        });
        DescribeCapacityProvidersOutput::builder()
            .set_capacity_providers(Some(found.collect()))
            .build()
    })
}

#[tokio::test(start_paused = true)]
async fn named_providers_are_associated_with_the_cluster_and_have_instances() {
    let text = "name: shop\ncluster: {existing: prod}\nnetwork: {vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d]}\n\
                services: {web: {image: busybox, capacity: {providers: [{name: graviton}, {name: big}]}}}\n";
    let stack = load(text);
    let both = || providers(&["big", "graviton"]);
    let groups = kinds(&[("big", true), ("graviton", true)]);
    check(&stack, &[roles(), both(), groups]).await.0.unwrap();
    let error = check(&stack, &[roles(), providers(&[])]).await.0;
    insta::assert_snapshot!(told(&error.unwrap_err()), @r"
    Failed: service web runs on named capacity providers (`capacity`), but graviton isn't among the capacity providers of the cluster prod (it has none)
      hint: ask its owner to add it (`aws ecs put-cluster-capacity-providers`, which takes all providers of the cluster)
      hint: or remove `capacity`
    ");
    let managed = kinds(&[("big", true), ("graviton", false)]);
    let error = check(&stack, &[roles(), both(), managed]).await.0;
    insta::assert_snapshot!(told(&error.unwrap_err()), @r"
    Failed: the capacity provider graviton has no Auto Scaling group: services on ECS Managed Instances aren't supported
      hint: name a provider with an Auto Scaling group, or remove `capacity` for Fargate
    ");
}

/// The cluster `prod`, with this value of the setting.
fn insights(value: Option<&'static str>) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_clusters).then_compute_output(move |input| {
        assert_eq!(input.include().len(), 1, "settings are told only on demand");
        let setting = value.map(|value| {
            let setting = ClusterSetting::builder().name(ClusterSettingName::ContainerInsights);
            vec![setting.value(value).build()]
        });
        let cluster = Cluster::builder()
            .cluster_name("prod")
            .status("ACTIVE")
            .set_settings(setting);
        DescribeClustersOutput::builder()
            .clusters(cluster.build())
            .build()
    })
}

#[tokio::test(start_paused = true)]
async fn metric_math_needs_container_insights_in_an_existing_cluster() {
    let text = |source: &str| {
        format!(
            "name: shop\nqueues: {{orders: {{}}}}\ncluster: {{existing: prod}}\nservices:\n  web: {{image: busybox, \
             consumes: [orders], tasks: {{min: 1, max: 2}}, scaling: {{backlog_per_task: \
             {{acceptable_latency: 5m, processing_time: 1s, source: {source}}}}}}}\n"
        )
    };
    let math = load(&text("metric_math"));
    for on in ["enabled", "enhanced"] {
        check(&math, &[roles(), insights(Some(on))])
            .await
            .0
            .unwrap();
    }
    let error = check(&math, &[roles(), insights(Some("disabled"))]).await.0;
    insta::assert_snapshot!(told(&error.unwrap_err()), @r"
    Failed: service web divides by Container Insights' RunningTaskCount (`source: metric_math`), but in the cluster prod Container Insights is disabled
      hint: turn it on (it costs): `aws ecs update-cluster-settings --cluster prod --settings name=containerInsights,value=enabled`
      hint: or let the metric function count: `source: lambda`
    ");
    let (result, told) = check(&math, &[roles(), insights(None)]).await;
    result.unwrap();
    assert!(told.has("doesn't report whether Container Insights is on"));
    let counted = load(&text("lambda"));
    let off = insights(Some("disabled"));
    check(&counted, &[roles(), off]).await.0.unwrap();
}
