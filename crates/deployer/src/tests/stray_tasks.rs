//! Tasks that would prevent the deletion of a cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_sdk_ecs::operation::describe_tasks::DescribeTasksOutput;
use aws_sdk_ecs::operation::list_tasks::ListTasksOutput;
use aws_sdk_ecs::operation::stop_task::StopTaskOutput;
use aws_sdk_ecs::types::Task;
use aws_smithy_mocks::mock;

use super::cloudformation::CloudFormation;
use super::destroy::destroy;
use super::remains;

#[tokio::test(start_paused = true)]
async fn only_tasks_that_no_service_started_are_stopped_and_waited_for() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud
        .state()
        .stack()
        .holds("AWS::ECS::Cluster", "Cluster", "voucher");
    let stopped = Arc::new(AtomicBool::new(false));
    let looks = Arc::new(AtomicUsize::new(0));
    let list = mock!(aws_sdk_ecs::Client::list_tasks).then_output(|| {
        let arns = ["mine", "service's", "stopped"].map(str::to_owned);
        ListTasksOutput::builder()
            .set_task_arns(Some(arns.to_vec()))
            .build()
    });
    let (seen, count) = (Arc::clone(&stopped), Arc::clone(&looks));
    let describe = mock!(aws_sdk_ecs::Client::describe_tasks).then_output(move || {
        // Stops a few polls after the request.
        let over = seen.load(Ordering::SeqCst) && count.fetch_add(1, Ordering::SeqCst) > 5;
        let task = |arn: &str, group: &str, status: &str| {
            Task::builder()
                .task_arn(arn)
                .group(group)
                .last_status(status)
                .build()
        };
        DescribeTasksOutput::builder()
            .tasks(task(
                "mine",
                "family:x",
                if over { "STOPPED" } else { "RUNNING" },
            ))
            .tasks(task("service's", "service:worker", "RUNNING"))
            .tasks(task("stopped", "family:x", "STOPPED"))
            .build()
    });
    let stopping = Arc::clone(&stopped);
    let stop = mock!(aws_sdk_ecs::Client::stop_task).then_compute_output(move |input| {
        assert_eq!(input.task(), Some("mine"));
        assert!(!stopping.swap(true, Ordering::SeqCst), "once");
        StopTaskOutput::builder().build()
    });
    let inactive = remains::clusters("INACTIVE");
    let waited = Arc::clone(&looks);
    cloud.on("DeleteStack", move |_| {
        assert!(
            waited.load(Ordering::SeqCst) > 5,
            "deleted while tasks still stop"
        );
        None
    });
    let (result, told) = destroy(&cloud, false, vec![list, describe, stop, inactive]).await;
    assert_eq!(result.unwrap().remains.gone, 1);
    assert!(told.has("stopping the task mine"));
}
