//! One broken target never affects the others, and a target that can't be read publishes nothing.

use crate::InvocationError;

use super::cloud::{Cloud, TestOutcome, counting, event, service, url};

/// One good target in addition to the service `voucher/broken` on the queue `broken`.
async fn beside_a_good_one(cloud: Cloud) -> TestOutcome {
    let cloud = cloud.queue("vouchers", 20).service("voucher", "good", 2);
    let request = [
        service("voucher", "broken", &["broken"]),
        service("voucher", "good", &["vouchers"]),
    ];
    let outcome = cloud.run(event(&request)).await;
    assert_eq!(
        outcome.values(),
        [("voucher/good/vouchers".to_owned(), 10.0)]
    );
    assert_eq!(outcome.calls.puts.len(), 1);
    assert_eq!(
        outcome.calls.puts[0].metric_data().len(),
        1,
        "nothing but the good datapoint"
    );
    outcome
}

#[tokio::test]
async fn missing_service() {
    let outcome = beside_a_good_one(Cloud::default().queue("broken", 1)).await;
    assert_eq!(
        outcome.reasons(),
        ["voucher/broken/broken: ECS reports the service as MISSING"]
    );
}

#[tokio::test]
async fn service_without_a_usable_record() {
    for (status, running, reason) in [
        ("INACTIVE", 0, "service is INACTIVE"),
        ("PAUSED", 1, "service is PAUSED"),
        ("", 0, "service is without a status"),
        (
            "LOST",
            1,
            "the DescribeServices response doesn't contain the service",
        ),
        ("ACTIVE", -1, "service reports -1 running tasks"),
    ] {
        let cloud = Cloud::default().queue("broken", 1);
        let outcome =
            beside_a_good_one(cloud.service_in("voucher", "broken", status, running)).await;
        assert_eq!(
            outcome.reasons(),
            [format!("voucher/broken/broken: {reason}")]
        );
    }
}

#[tokio::test]
async fn missing_queue() {
    let outcome = beside_a_good_one(Cloud::default().service("voucher", "broken", 1)).await;
    let reason = "voucher/broken/broken: GetQueueAttributes failed: \
                  AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist. (AWS request b2c1)";
    assert_eq!(outcome.reasons(), [reason]);
}

#[tokio::test]
async fn missing_attribute() {
    let cloud = Cloud::default()
        .bare_queue("broken")
        .service("voucher", "broken", 1);
    let outcome = beside_a_good_one(cloud).await;
    let reason = "voucher/broken/broken: the GetQueueAttributes response doesn't contain \
                  ApproximateNumberOfMessages";
    assert_eq!(outcome.reasons(), [reason]);
}

#[tokio::test]
async fn attributes_that_are_no_number_of_messages() {
    for value in [
        "",
        "many",
        "-1",
        "1.5",
        "NaN",
        " 7",
        "1e3",
        "18446744073709551616",
    ] {
        let cloud = Cloud::default()
            .attribute("broken", "ApproximateNumberOfMessages", value)
            .service("voucher", "broken", 1);
        let outcome = beside_a_good_one(cloud).await;
        let reason = format!(
            "voucher/broken/broken: ApproximateNumberOfMessages is {value:?}, not a number of messages"
        );
        assert_eq!(outcome.reasons(), [reason]);
    }
}

#[tokio::test]
async fn a_sum_beyond_64_bits() {
    let cloud = Cloud::default()
        .queue("vouchers", u64::MAX)
        .attribute("vouchers", "ApproximateNumberOfMessagesDelayed", "1")
        .service("voucher", "worker", 1);
    let request = counting("voucher", "worker", &["vouchers"], &["visible", "delayed"]);
    let outcome = cloud.run(event(&[request])).await;
    let reason = "voucher/worker/vouchers: the counted messages add up to more than 64 bits hold";
    assert_eq!(outcome.reasons(), [reason]);
    assert!(outcome.calls.puts.is_empty(), "no call without a datapoint");
}

#[tokio::test]
async fn a_bad_attribute_fails_only_those_who_count_it() {
    let cloud = Cloud::default()
        .queue("vouchers", 9)
        .attribute("vouchers", "ApproximateNumberOfMessagesDelayed", "many")
        .service("voucher", "worker", 3)
        .service("voucher", "planner", 3);
    let request = [
        service("voucher", "worker", &["vouchers"]),
        counting("voucher", "planner", &["vouchers"], &["delayed"]),
    ];
    let outcome = cloud.run(event(&request)).await;
    assert_eq!(
        outcome.values(),
        [("voucher/worker/vouchers".to_owned(), 3.0)]
    );
    assert_eq!(outcome.partial().failed.len(), 1);
}

#[tokio::test]
async fn a_failed_describe_call_fails_only_its_cluster() {
    let cloud = Cloud::default()
        .queue("vouchers", 6)
        .service("voucher", "worker", 2)
        .service("shop", "worker", 2)
        .refuse("shop");
    let request = [
        service("shop", "worker", &["vouchers"]),
        service("voucher", "worker", &["vouchers"]),
    ];
    let outcome = cloud.run(event(&request)).await;
    assert_eq!(
        outcome.values(),
        [("voucher/worker/vouchers".to_owned(), 3.0)]
    );
    let reason = "shop/worker/vouchers: DescribeServices failed: AccessDenied: not shop";
    assert_eq!(outcome.reasons(), [reason]);
}

#[tokio::test]
async fn a_failed_queue_fails_all_its_services_and_no_other_queue() {
    let cloud = Cloud::default()
        .queue("vouchers", 6)
        .queue("orders", 6)
        .service("voucher", "worker", 2)
        .service("voucher", "mailer", 3)
        .refuse(&url("orders"));
    let request = [
        service("voucher", "worker", &["vouchers", "orders"]),
        service("voucher", "mailer", &["orders"]),
    ];
    let outcome = cloud.run(event(&request)).await;
    assert_eq!(
        outcome.values(),
        [("voucher/worker/vouchers".to_owned(), 3.0)]
    );
    let failed: Vec<String> = outcome
        .partial()
        .failed
        .iter()
        .map(|one| one.target.to_string())
        .collect();
    assert_eq!(failed, ["voucher/mailer/orders", "voucher/worker/orders"]);
}

#[tokio::test]
async fn the_error_names_every_target_and_both_lists() {
    let cloud = Cloud::default()
        .queue("vouchers", 6)
        .service("voucher", "worker", 2)
        .service_in("voucher", "old", "INACTIVE", 0);
    let request = [
        service("voucher", "worker", &["vouchers", "gone"]),
        service("voucher", "old", &["vouchers"]),
    ];
    let error = cloud.run(event(&request)).await.result.unwrap_err();
    assert_eq!(error.name(), "TargetsFailed");
    assert_eq!(
        error.to_string(),
        "2 of 3 targets failed: voucher/old/vouchers (service is INACTIVE); voucher/worker/gone \
         (GetQueueAttributes failed: AWS.SimpleQueueService.NonExistentQueue: The specified queue \
         does not exist. (AWS request b2c1)). 1 published: voucher/worker/vouchers = 3"
    );
    let diagnostic = lambda_runtime::Diagnostic::from(error.clone());
    assert_eq!(diagnostic.error_type, "TargetsFailed");
    assert_eq!(diagnostic.error_message, error.to_string());
}

#[tokio::test]
async fn the_error_stays_short_however_many_targets_fail() {
    let mut cloud = Cloud::default();
    let mut request = Vec::new();
    for number in 0..1_000 {
        let name = format!("{number:0>200}");
        cloud = cloud.queue(&name, 1);
        request.push(service("voucher", &name, &[&name]));
        if number % 2 == 0 {
            cloud = cloud.service("voucher", &name, 1);
        }
    }
    let outcome = cloud.run(event(&request)).await;
    let InvocationError::TargetsFailed(answer) = outcome.result.as_ref().unwrap_err() else {
        panic!("targets failed")
    };
    assert_eq!((answer.published.len(), answer.failed.len()), (500, 500));
    let text = outcome.result.unwrap_err().to_string();
    assert!(text.len() <= 4_096, "{} bytes", text.len());
    assert!(
        text.starts_with("500 of 1000 targets failed: voucher/00"),
        "{text}"
    );
    assert!(
        text.contains(" more, see the log. 500 published: "),
        "{text}"
    );
    assert!(text.ends_with(" more, see the log"), "{text}");
    assert_eq!(outcome.log.len(), 501, "the log has every one");
}
