//! The queues of a test, and the workers on them.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use e2e::{Bench, Cloud, Language, Worker, unique_name, until};
use serde_json::json;

/// A queue with a short visibility timeout, and its dead-letter queue.
pub(super) struct Queue {
    language: Language,
    cloud: Cloud,
    bench: Bench,
    pub(super) url: String,
    pub(super) dead: String,
}

impl Queue {
    pub(super) async fn create(
        language: Language,
        visibility: u32,
        dead_letter_after: u32,
    ) -> Self {
        let bench = Bench::open();
        let cloud = Cloud::connect(&bench).await;
        let name = unique_name("worker");
        let create = |name: String| cloud.clients.sqs.create_queue().queue_name(name);
        let dead = create(format!("{name}-dead")).send().await.unwrap();
        let dead = dead.queue_url.unwrap();
        let arn = cloud.queue(&dead).await.unwrap()["QueueArn"].clone();
        let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": dead_letter_after});
        let queue = create(name)
            .attributes(
                QueueAttributeName::VisibilityTimeout,
                visibility.to_string(),
            )
            .attributes(QueueAttributeName::RedrivePolicy, redrive.to_string());
        let url = queue.send().await.unwrap().queue_url.unwrap();
        Self {
            language,
            cloud,
            bench,
            url,
            dead,
        }
    }

    pub(super) async fn send(&self, body: &str) {
        let request = self.cloud.clients.sqs.send_message().queue_url(&self.url);
        request.message_body(body).send().await.unwrap();
    }

    pub(super) async fn send_vouchers(&self, count: usize) {
        for voucher in 0..count {
            self.send(&format!("{{\"voucher\": {voucher}}}")).await;
        }
    }

    pub(super) fn worker(&self, variables: &[(&str, &str)]) -> Worker {
        Worker::start(self.language, &self.bench, &self.url, variables)
    }

    /// Waiting and in flight.
    pub(super) async fn counts(&self, url: &str) -> (u32, u32) {
        let attributes = self.cloud.queue(url).await.unwrap();
        let count = |name: &str| attributes[name].parse::<u32>().unwrap();
        (
            count("ApproximateNumberOfMessages"),
            count("ApproximateNumberOfMessagesNotVisible"),
        )
    }

    pub(super) async fn is_empty(&self, bound: Duration) {
        until("an empty queue", bound, async || {
            (self.counts(&self.url).await == (0, 0)).then_some(())
        })
        .await;
    }

    pub(super) async fn delete(self) {
        for url in [&self.url, &self.dead] {
            let request = self.cloud.clients.sqs.delete_queue().queue_url(url);
            request.send().await.unwrap();
        }
    }
}
