//! The readings, the missing data, and the refused services.

use std::time::Duration;

use adopt::live::{PolicyKind, TrackedReading};
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::operation::list_clusters::ListClustersOutput;
use aws_sdk_ecs::operation::list_services::ListServicesOutput;
use aws_sdk_ecs::types::{
    DeploymentController, DeploymentControllerType, SchedulingStrategy, Service,
};
use aws_smithy_mocks::mock;

use super::super::cloud::{cbor_error, json_error, xml_error};
use super::{Ecs, NOW, QUEUE_URL, arn, describe, read, refused, role, service, task_definition};

#[tokio::test]
async fn a_service_is_read_with_all_that_belongs_to_it() {
    let found = read(vec![], &[]).await.unwrap();
    assert_eq!(
        (found.service.desired, found.service.insights),
        (2, Some(true))
    );
    assert_eq!(
        (found.task.cpu, found.task.memory),
        (Some(512), Some(1_024))
    );
    let target = found.target.unwrap();
    assert_eq!((target.min, target.max, target.scheduled), (2, 20, 0));
    let PolicyKind::Tracking {
        target,
        metric,
        cooldown_in,
        ..
    } = &found.policies[0].kind
    else {
        panic!("{:?}", found.policies);
    };
    assert_eq!(
        (*target, *cooldown_in),
        (60.0, Some(Duration::from_secs(120)))
    );
    assert!(
        matches!(metric, TrackedReading::Predefined(name) if name == "ECSServiceAverageCPUUtilization")
    );
    let [queue] = found.queues.as_slice() else {
        panic!("{:?}", found.queues);
    };
    assert_eq!(
        queue.found,
        "QUEUE_URL of container worker, and what the task role can receive"
    );
    assert_eq!(queue.visibility_timeout, Duration::from_secs(60));
    assert_eq!(queue.dead_letter.as_ref().map(|(after, _)| *after), Some(5));
    // Both the running and the stopped tasks.
    assert_eq!(found.starts.len(), 2);
    assert_eq!(found.starts[0].started - found.starts[0].created, 30_000);
    let minute = i64::try_from(NOW - 620).unwrap();
    assert_eq!(found.history.sent.get(&minute), Some(&7.0));
    assert_eq!(found.history.running.get(&minute), Some(&2.0));
    assert_eq!(found.unread, Vec::<String>::new());
}

#[tokio::test]
async fn what_may_not_be_read_is_named_and_the_rest_is_read() {
    let denied = || json_error("AccessDeniedException", "not allowed");
    let first = vec![
        mock!(aws_sdk_iam::Client::list_role_policies)
            .then_http_response(|| xml_error("AccessDenied", "no")),
        mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets)
            .then_http_response(denied),
        mock!(Ecs::list_tasks).then_http_response(denied),
        mock!(Ecs::describe_clusters).then_http_response(denied),
        mock!(aws_sdk_cloudwatch::Client::get_metric_data)
            .then_http_response(|| cbor_error("AccessDenied", "not cloudwatch:GetMetricData")),
    ];
    let found = read(first, &[]).await.unwrap();
    assert_eq!(found.queues.len(), 1, "of the variable");
    assert!(found.scaling_unread.is_some());
    assert_eq!(found.service.insights, None);
    let unread = found.unread.join("\n");
    for what in [
        "task role order-worker",
        "scalable target",
        "tasks",
        "metrics of two weeks",
    ] {
        assert!(unread.contains(what), "{what}: {unread}");
    }
    assert_eq!(found.unread.len(), 4, "{unread}");
}

#[tokio::test]
async fn a_cluster_or_service_that_doesnt_exist_is_told_with_the_nearest_names() {
    let list_services = || {
        mock!(Ecs::list_services).then_output(|| {
            ListServicesOutput::builder()
                .service_arns(arn("service", "shop/order-workers"))
                .service_arns(arn("service", "shop/mailer"))
                .build()
        })
    };
    let nothing =
        mock!(Ecs::describe_services).then_output(|| DescribeServicesOutput::builder().build());
    insta::assert_snapshot!(refused(vec![nothing, list_services()], &[]).await, @r"
    Usage: there is no service order-worker in the cluster shop in us-west-2
      hint: did you mean order-workers?
      hint: there are: mailer, order-workers
      hint: check --profile and --region
    ");
    let no_cluster = || {
        mock!(Ecs::describe_services)
            .then_http_response(|| json_error("ClusterNotFoundException", "no"))
    };
    let list = mock!(Ecs::list_clusters).then_output(|| {
        ListClustersOutput::builder()
            .cluster_arns(arn("cluster", "shops"))
            .build()
    });
    insta::assert_snapshot!(refused(vec![no_cluster(), list], &[]).await, @r"
    Usage: there is no cluster shop in us-west-2
      hint: did you mean shops?
      hint: there are: shops
      hint: check --profile and --region
    ");
    let denied =
        mock!(Ecs::list_clusters).then_http_response(|| json_error("AccessDeniedException", "no"));
    let text = refused(vec![no_cluster(), denied], &[]).await;
    assert!(text.contains("so no names are shown"), "{text}");
}

#[tokio::test]
async fn services_that_no_one_can_scale_are_refused() {
    let with = |change: fn(&mut Service)| {
        let mut found = service();
        change(&mut found);
        vec![describe(found)]
    };
    let daemon = with(|service| service.scheduling_strategy = Some(SchedulingStrategy::Daemon));
    let text = refused(daemon, &[]).await;
    assert!(
        text.starts_with("Refused: ") && text.contains("scheduling strategy DAEMON"),
        "{text}"
    );
    let by =
        |kind: DeploymentControllerType| DeploymentController::builder().r#type(kind).build().ok();
    let mut external = service();
    external.deployment_controller = by(DeploymentControllerType::External);
    let text = refused(vec![describe(external)], &[]).await;
    assert!(text.contains("deployment controller EXTERNAL"), "{text}");
    let draining = with(|service| service.status = Some("DRAINING".to_owned()));
    let text = refused(draining, &[]).await;
    assert!(text.contains("is DRAINING, not ACTIVE"), "{text}");
    // A service that CodeDeploy deploys can be scaled.
    let mut blue_green = service();
    blue_green.deployment_controller = by(DeploymentControllerType::CodeDeploy);
    let found = read(vec![describe(blue_green)], &[]).await.unwrap();
    assert_eq!(found.service.controller, "CODE_DEPLOY");
}

#[tokio::test]
async fn queues_are_found_chosen_or_asked_for() {
    // Two variables, and a role that can receive from one of the queues.
    let other = (
        "MAIL_QUEUE_URL",
        "https://sqs.us-west-2.amazonaws.com/111122223333/mails",
    );
    let found = read(vec![task_definition(&[QUEUE_URL, other])], &[])
        .await
        .unwrap();
    assert_eq!(found.queues.len(), 1);
    assert_eq!(found.queues[0].name, "orders");
    // A role that can't be read gives no information.
    let denied = || {
        mock!(aws_sdk_iam::Client::list_role_policies)
            .then_http_response(|| xml_error("AccessDenied", "no"))
    };
    let text = refused(vec![task_definition(&[QUEUE_URL, other]), denied()], &[]).await;
    insta::assert_snapshot!(text, @r"
    Failed: found 2 queues for the service shop/order-worker, and it isn't clear which of them it consumes: mails (from MAIL_QUEUE_URL of container worker), orders (from QUEUE_URL of container worker)
      hint: name it with --queue (a URL, an ARN, or a name; repeatable)
      hint: not read: failed to read the policies of the task role order-worker: no (AccessDenied)
    ");
    let text = refused(
        [vec![task_definition(&[("DATABASE", "orders")])], role(&[])].concat(),
        &[],
    )
    .await;
    assert!(
        text.contains("found no queue that the service shop/order-worker consumes"),
        "{text}"
    );
    assert!(text.contains("--queue"), "{text}");
    // As the user named them, each once: by name, ARN, and URL.
    let asked = [
        "orders",
        "arn:aws:sqs:us-west-2:111122223333:mails",
        QUEUE_URL.1,
    ];
    let found = read(vec![], &asked).await.unwrap();
    let names: Vec<&str> = found
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    assert_eq!(names, ["orders", "mails"]);
    assert_eq!(found.queues[0].found, "--queue");
    for (wrong, why) in [
        (
            "missing",
            "there is no queue missing (from --queue) in us-west-2",
        ),
        ("not a queue", "--queue not a queue is neither"),
        (
            "arn:aws:sqs:eu-west-1:111122223333:orders",
            "another region",
        ),
        (
            "https://sqs.us-west-2.amazonaws.com/444455556666/orders",
            "in account 444455556666",
        ),
    ] {
        let text = refused(vec![], &[wrong]).await;
        assert!(text.contains(why), "{text}");
    }
    // A variable that names a deleted queue is reported. One that only might be a queue isn't.
    let gone = (
        "OLD_QUEUE_URL",
        "https://sqs.us-west-2.amazonaws.com/111122223333/missing",
    );
    let maybe = ("QUEUE_KIND", "missing-fast");
    let found = read(vec![task_definition(&[QUEUE_URL, gone, maybe])], &[])
        .await
        .unwrap();
    assert_eq!(
        found.unread,
        ["there is no queue missing (from OLD_QUEUE_URL of container worker) in us-west-2"]
    );
}
