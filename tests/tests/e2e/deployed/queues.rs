//! SQS.

use serde_json::{Value, json};

use super::Seen;

impl Seen<'_> {
    pub(super) async fn queues(&self) {
        let queue = self.cloud.queue(self.id("VouchersQueue")).await.unwrap();
        let dead = self
            .cloud
            .queue(self.id("VouchersDeadLetterQueue"))
            .await
            .unwrap();
        assert_eq!(queue["VisibilityTimeout"], "60");
        assert_eq!(queue["MessageRetentionPeriod"], "345600");
        assert_eq!(queue["ReceiveMessageWaitTimeSeconds"], "20");
        assert_eq!(queue["SqsManagedSseEnabled"], "true");
        assert_eq!(
            queue.get("FifoQueue").map_or("false", String::as_str),
            "false"
        );
        assert_eq!(dead["MessageRetentionPeriod"], "1209600");
        assert_eq!(dead["SqsManagedSseEnabled"], "true");
        let redrive: Value = serde_json::from_str(&queue["RedrivePolicy"]).unwrap();
        assert_eq!(redrive["deadLetterTargetArn"], dead["QueueArn"].as_str());
        assert_eq!(redrive["maxReceiveCount"].to_string().replace('"', ""), "5");
        let allow: Value = serde_json::from_str(&dead["RedriveAllowPolicy"]).unwrap();
        let expected =
            json!({"redrivePermission": "byQueue", "sourceQueueArns": [queue["QueueArn"]]});
        assert_eq!(allow, expected);
        for attributes in [&queue, &dead] {
            let policy: Value = serde_json::from_str(&attributes["Policy"]).unwrap();
            let refuse = json!([{
                "Sid": "RefusePlainHttp",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": attributes["QueueArn"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }]);
            assert_eq!(policy["Statement"], refuse);
        }
        self.tags().await;
    }

    /// Tags connect a queue with its short name in the definition.
    async fn tags(&self) {
        let request = self.cloud.clients.sqs.list_queue_tags();
        let reply = request
            .queue_url(self.id("VouchersQueue"))
            .send()
            .await
            .unwrap();
        let tag = reply.tags().unwrap().get("ecs-scaler:name");
        assert_eq!(tag.map(String::as_str), Some("vouchers"));
    }
}
