//! Dead-letter queues: no message stays hidden or is lost.

mod fake;

use std::time::{Duration, SystemTime};

use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry as Task;

use super::cloud::{Told, run};
use super::cloudformation::{CloudFormation, NAME};
use super::told;
use crate::{
    DeadLetterQueue, DeadLetterSource, DeployedStack, Kind, RedriveOptions, RedriveState,
    RedriveWay, Redriven, Result,
};
use fake::{DEAD, FakeSqs, SOURCE};

/// Ten minutes after the messages were sent.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_600)
}

fn queue() -> DeadLetterQueue {
    DeadLetterQueue {
        name: "vouchers".into(),
        queue: "vouchers-dead-letter".into(),
        url: DEAD.into(),
        source: DeadLetterSource::Queue {
            source_url: SOURCE.into(),
        },
    }
}

fn fifo() -> DeadLetterQueue {
    DeadLetterQueue {
        queue: "vouchers-dead-letter.fifo".into(),
        ..queue()
    }
}

fn of_function() -> DeadLetterQueue {
    DeadLetterQueue {
        source: DeadLetterSource::Function {
            function: "shop-scaling".into(),
        },
        ..queue()
    }
}

async fn redrive(
    sqs: &FakeSqs,
    queue: &DeadLetterQueue,
    options: RedriveOptions,
) -> (Result<Redriven>, Told) {
    run(&sqs.rules(), async |session| {
        crate::redrive_dead_letters(session, queue, &options, &now, &|_, _| {}).await
    })
    .await
}

fn filter(text: &str) -> RedriveOptions {
    RedriveOptions {
        filter: Some(text.to_owned()),
        ..RedriveOptions::default()
    }
}

fn task(status: &str, moved: i64, started: i64) -> Task {
    Task::builder()
        .status(status)
        .approximate_number_of_messages_moved(moved)
        .approximate_number_of_messages_to_move(12)
        .started_timestamp(started)
        .task_handle("handle")
        .build()
}

#[tokio::test(start_paused = true)]
async fn a_look_shows_each_message_once_and_hides_none() {
    for (limit, shown) in [(12, 12), (100, 25), (3, 3)] {
        let sqs = FakeSqs::with(25);
        let (look, _) = run(&sqs.rules(), async |session| {
            crate::show_dead_letters(session, &queue(), limit).await
        })
        .await;
        let messages = look.unwrap().messages;
        let mut ids: Vec<&str> = messages.iter().map(|one| one.id.as_str()).collect();
        ids.dedup();
        assert_eq!(ids.len(), shown);
        assert_eq!(messages[0].body, "body 0");
        assert_eq!(messages[0].receive_count, Some(6));
        assert_eq!(messages[0].sent_at_ms, Some(1_000_000));
        assert_eq!(messages[0].attributes["kind"], "voucher");
        assert_eq!(sqs.hidden(), 0, "limit {limit}");
        assert_eq!(sqs.left(), 25);
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_hides_nothing_either() {
    let sqs = FakeSqs::with(25);
    sqs.state().fails_after = Some(2);
    let (look, _) = run(&sqs.rules(), async |session| {
        crate::show_dead_letters(session, &queue(), 100).await
    })
    .await;
    let error = look.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("failed to receive messages from dead")
    );
    assert_eq!(sqs.hidden(), 0);
}

#[tokio::test(start_paused = true)]
async fn sqs_moves_the_messages_and_is_followed_to_the_end() {
    let sqs = FakeSqs::with(12);
    sqs.state().tasks = vec![
        // The previous one, from last week.
        Some(task("COMPLETED", 3, 500)),
        Some(task("COMPLETED", 3, 500)),
        Some(task("RUNNING", 5, 900)),
        Some(task("COMPLETED", 12, 900)),
    ]
    .into();
    let options = RedriveOptions {
        rate: Some(7),
        ..RedriveOptions::default()
    };
    let redriven = redrive(&sqs, &queue(), options).await.0.unwrap();
    assert_eq!(
        (redriven.way, redriven.state),
        (RedriveWay::MoveTask, RedriveState::Completed)
    );
    assert_eq!(redriven.moved, 12);
    assert_eq!(
        sqs.calls(),
        ["start arn:vouchers-dead-letter arn:vouchers 7"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_redrive_in_progress_is_followed_and_not_started_again() {
    let sqs = FakeSqs::with(12);
    sqs.state().tasks = vec![
        Some(task("RUNNING", 5, 900)),
        Some(task("RUNNING", 8, 900)),
        Some(task("CANCELLED", 9, 900)),
    ]
    .into();
    let (redriven, heard) = redrive(&sqs, &queue(), RedriveOptions::default()).await;
    let redriven = redriven.unwrap();
    assert_eq!(
        (redriven.state, redriven.moved),
        (RedriveState::Canceled, 9)
    );
    assert_eq!(sqs.calls(), [""; 0]);
    assert!(heard.has("SQS is already redriving vouchers-dead-letter"));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_command_leaves_sqs_at_work() {
    let sqs = FakeSqs::with(12);
    sqs.state().tasks = vec![
        None,
        Some(task("RUNNING", 5, 900)),
        Some(task("RUNNING", 8, 900)),
    ]
    .into();
    let (redriven, _) = run(&sqs.rules(), async |session| {
        let options = RedriveOptions::default();
        let report = |moved: u64, _: Option<u64>| {
            if moved == 8 {
                session.interrupt();
            }
        };
        crate::redrive_dead_letters(session, &queue(), &options, &now, &report).await
    })
    .await;
    let redriven = redriven.unwrap();
    assert_eq!(
        (redriven.state, redriven.moved),
        (RedriveState::Continues, 8)
    );
}

#[tokio::test(start_paused = true)]
async fn what_sqs_does_not_move_is_sent_before_it_is_deleted() {
    for code in [
        "AWS.SimpleQueueService.UnsupportedOperation",
        "InvalidParameterValueException",
    ] {
        let sqs = FakeSqs::with(23);
        sqs.state().refuses_start = Some((
            code,
            "Source queue must be configured as a Dead Letter Queue.",
        ));
        let (redriven, heard) = redrive(&sqs, &queue(), RedriveOptions::default()).await;
        let redriven = redriven.unwrap();
        assert_eq!(
            (redriven.way, redriven.state),
            (RedriveWay::ReceiveAndSend, RedriveState::Completed)
        );
        assert_eq!((redriven.moved, sqs.left(), sqs.hidden()), (23, 0, 0));
        assert!(
            heard.has("SQS doesn't move the messages of dead itself"),
            "{:?}",
            heard.lines()
        );
        let calls = sqs.calls();
        for id in 0..23 {
            let at = |call: &str| {
                calls
                    .iter()
                    .position(|known| *known == format!("{call} m{id}"))
            };
            assert!(
                at("send") < at("delete") && at("send").is_some(),
                "{calls:?}"
            );
        }
    }
}

/// Messages from SNS have no source queue: SQS starts the move task, and it fails.
#[tokio::test(start_paused = true)]
async fn messages_without_a_source_are_sent_as_well() {
    let sqs = FakeSqs::with(2);
    let failed = task("FAILED", 0, 900);
    let mut failed = failed.clone();
    failed.failure_reason = Some("CouldNotDetermineMessageSource".into());
    sqs.state().tasks = vec![None, Some(failed)].into();
    let redriven = redrive(&sqs, &queue(), RedriveOptions::default())
        .await
        .0
        .unwrap();
    assert_eq!(
        (redriven.way, redriven.moved),
        (RedriveWay::ReceiveAndSend, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_redrive_is_told_and_nothing_is_sent() {
    let sqs = FakeSqs::with(2);
    sqs.state().refuses_start = Some(("AccessDenied", "no"));
    let error = redrive(&sqs, &queue(), RedriveOptions::default())
        .await
        .0
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(
        told(&error).contains("sqs:StartMessageMoveTask"),
        "{}",
        told(&error)
    );
    assert_eq!((sqs.left(), sqs.calls().len()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_filter_moves_what_contains_it_and_the_rest_stays_visible() {
    let sqs = FakeSqs::with(25);
    let (redriven, heard) = redrive(&sqs, &queue(), filter("body 1")).await;
    let redriven = redriven.unwrap();
    // 1, and 10 to 19.
    assert_eq!((redriven.moved, redriven.other), (11, 14));
    assert_eq!(redriven.state, RedriveState::Completed);
    assert_eq!((sqs.left(), sqs.hidden()), (14, 0));
    assert!(heard.has("SQS can't filter"));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_can_not_be_sent_stays() {
    let sqs = FakeSqs::with(3);
    sqs.state().refuses_body = Some("body 1");
    let redriven = redrive(&sqs, &queue(), filter("body")).await.0.unwrap();
    assert_eq!((redriven.state, redriven.moved), (RedriveState::Partial, 2));
    assert_eq!(redriven.kept[0].id, "m1");
    assert!(
        redriven.kept[0]
            .reason
            .starts_with("failed to send the message: ")
    );
    assert_eq!((sqs.left(), sqs.hidden()), (1, 0));
}

/// SQS would accept a FIFO message again within 5 minutes, and drop it as a duplicate.
#[tokio::test(start_paused = true)]
async fn a_fifo_message_that_sqs_would_drop_stays_with_all_behind_it() {
    let sqs = FakeSqs::with(4);
    for (letter, group) in sqs.state().letters.iter_mut().zip(["a", "b", "a", "b"]) {
        letter.group = Some(group);
    }
    // One minute ago.
    sqs.state().letters[0].sent_ms = 1_540_000;
    let redriven = redrive(&sqs, &fifo(), filter("body")).await.0.unwrap();
    assert_eq!((redriven.moved, redriven.state), (2, RedriveState::Partial));
    let kept: Vec<String> = redriven
        .kept
        .iter()
        .map(|kept| format!("{}: {}", kept.id, kept.reason))
        .collect();
    assert_eq!(
        kept,
        [
            "m0: SQS would drop it as a duplicate for another 240 s: redrive again then",
            "m2: a message before it in the group a stays",
        ]
    );
    assert_eq!(
        sqs.calls(),
        [
            "send m1 b dedup-1",
            "delete m1",
            "send m3 b dedup-3",
            "delete m3"
        ]
    );
    assert_eq!((sqs.left(), sqs.hidden()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_rate_holds_where_messages_are_sent_one_by_one() {
    let sqs = FakeSqs::with(12);
    let began = tokio::time::Instant::now();
    let options = RedriveOptions {
        rate: Some(2),
        ..filter("body")
    };
    let redriven = redrive(&sqs, &queue(), options).await.0.unwrap();
    assert_eq!(redriven.moved, 12);
    // 12 messages at 2 per second.
    assert_eq!(began.elapsed().as_secs(), 6);
}

#[tokio::test(start_paused = true)]
async fn events_of_a_function_are_handled_by_the_function() {
    let sqs = FakeSqs::with(3);
    for (number, letter) in sqs.state().letters.iter_mut().enumerate() {
        letter.body = match number {
            0 => r#"{"Type": "Notification", "Message": "{}"}"#.into(),
            1 => r#"{"Records": [{"Sns": {"Message": "broken"}}]}"#.into(),
            _ => "no JSON".into(),
        };
    }
    let redriven = redrive(&sqs, &of_function(), RedriveOptions::default())
        .await
        .0
        .unwrap();
    assert_eq!(
        (redriven.way, redriven.state),
        (RedriveWay::Invoke, RedriveState::Partial)
    );
    assert_eq!(redriven.moved, 1);
    let reasons: Vec<&str> = redriven
        .kept
        .iter()
        .map(|kept| kept.reason.as_str())
        .collect();
    assert_eq!(reasons[0], "the function failed: broken");
    assert!(
        reasons[1].starts_with("its body isn't a valid event"),
        "{reasons:?}"
    );
    assert_eq!((sqs.left(), sqs.hidden()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_redrive_is_canceled_by_its_handle() {
    let sqs = FakeSqs::with(2);
    sqs.state().tasks = vec![
        Some(task("RUNNING", 5, 900)),
        Some(task("COMPLETED", 9, 900)),
    ]
    .into();
    let (canceled, _) = run(&sqs.rules(), async |session| {
        let first = crate::cancel_redrive(session, &queue()).await.unwrap();
        (
            first,
            crate::cancel_redrive(session, &queue()).await.unwrap(),
        )
    })
    .await;
    assert_eq!(canceled.0.unwrap().moved, 6);
    assert_eq!(canceled.1, None);
    assert_eq!(sqs.calls(), ["cancel handle"]);
}

#[tokio::test(start_paused = true)]
async fn each_dead_letter_queue_is_called_by_the_names_of_the_definition() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    {
        let mut state = cloud.state();
        let stack = state.stack();
        stack.template = serde_json::json!({
            "Metadata": {"EcsScaler": {"Stack": NAME, "Version": "0.1.0"}},
            "Resources": {
                "WebOrdersQueue": {"Properties": {"Tags": [{"Key": "ecs-scaler:name", "Value": "web-orders"}]}},
                "WebService": {"Properties": {"Tags": [{"Key": "ecs-scaler:name", "Value": "web"}]}},
            }
        })
        .to_string();
        for (kind, logical, physical) in [
            (
                "AWS::SQS::Queue",
                "WebOrdersQueue",
                "https://sqs/1/web-orders-1a",
            ),
            (
                "AWS::SQS::Queue",
                "WebOrdersDeadLetterQueue",
                "https://sqs/1/web-orders-dead-letter-1a",
            ),
            ("AWS::CloudWatch::Alarm", "WebOrdersDeadLettersAlarm", "a1"),
            (
                "AWS::SQS::Queue",
                "WebScalingDeadLetterQueue",
                "https://sqs/1/shop-WebScaling-1a",
            ),
            ("AWS::CloudWatch::Alarm", "WebScalingDeadLettersAlarm", "a2"),
            (
                "AWS::Lambda::Function",
                "WebScalingFunction",
                "shop-WebScalingFunction-1a",
            ),
            (
                "AWS::ECS::Service",
                "WebService",
                "arn:aws:ecs:us-west-2:1:service/shop/web-1a",
            ),
        ] {
            stack.holds(kind, logical, physical);
        }
    }
    let (stack, _) = run(&cloud.rules(), async |session| {
        DeployedStack::read(session, NAME).await.unwrap().unwrap()
    })
    .await;
    let found = |only: Option<&str>| -> Vec<String> {
        let found = stack.dead_letter_queues(only).unwrap();
        found
            .into_iter()
            .map(|one| format!("{} {}", one.name, one.queue))
            .collect()
    };
    let both = [
        "web-orders web-orders-dead-letter-1a",
        "web shop-WebScaling-1a",
    ];
    assert_eq!(found(None), both);
    for name in ["web-orders", "web-orders-1a", "web-orders-dead-letter-1a"] {
        assert_eq!(found(Some(name)), both[..1], "{name}");
    }
    assert_eq!(found(Some("web")), both[1..]);
    insta::assert_snapshot!(told(&stack.dead_letter_queues(Some("db")).unwrap_err()), @"
    Usage: the stack shop has no dead-letter queue for db
      hint: there are: web-orders, web
    ");
    let service = stack.find_service("web").unwrap();
    assert_eq!(
        (service.ecs.cluster.as_str(), service.ecs.service.as_str()),
        ("shop", "web-1a")
    );
    assert_eq!(stack.find_service("web-1a").unwrap(), service);
}
