//! The permissions for others in a queue's policy, and the attributes of queues.

use serde_json::{Value, json};
use template::synthesize;

use crate::stacks;

fn resources() -> Value {
    let stack = stacks::definition("crates/template/tests/it/matrix/containers");
    synthesize(&stack).unwrap().to_json()["Resources"].clone()
}

/// Amazon S3 User Guide, "Granting permissions to publish event notification messages": the bucket as `aws:SourceArn`, and its
/// owner as `aws:SourceAccount`.
#[test]
fn each_sender_may_send_on_behalf_of_its_source_alone() {
    let policy = &resources()["JobsQueuePolicy"]["Properties"]["PolicyDocument"];
    let statements = policy["Statement"].as_array().unwrap();
    let sid = |sid: &str| statements.iter().find(|one| one["Sid"] == sid).unwrap();
    let service = |number: u32| {
        let one = sid(&format!("ReceiveFromSender{number}"));
        assert_eq!(one["Action"], "sqs:SendMessage");
        (one["Principal"].clone(), one["Condition"].clone())
    };
    assert_eq!(
        service(1),
        (
            json!({ "Service": "s3.amazonaws.com" }),
            json!({
                "ArnLike": { "aws:SourceArn": "arn:aws:s3:::uploads" },
                "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } },
            })
        )
    );
    assert_eq!(
        service(2),
        (
            json!({ "Service": "events.amazonaws.com" }),
            json!({
                "ArnLike": { "aws:SourceArn": "arn:aws:events:us-west-2:444455556666:rule/nightly" },
                "StringEquals": { "aws:SourceAccount": "444455556666" },
            })
        )
    );
    let account = json!({ "AWS": { "Fn::Sub": "arn:${AWS::Partition}:iam::444455556666:root" } });
    assert_eq!(service(3), (account, Value::Null));
    assert_eq!(statements.len(), 4, "and plain HTTP is refused");
}

#[test]
fn attributes_of_queues() {
    let resources = resources();
    let (jobs, billing) = (&resources["JobsQueue"], &resources["BillingQueue"]);
    assert_eq!(jobs["Properties"]["DelaySeconds"], 10);
    assert_eq!(billing["Properties"]["FifoQueue"], true);
    assert_eq!(billing["Properties"]["ContentBasedDeduplication"], true);
    assert_eq!(billing["Properties"]["DeduplicationScope"], "messageGroup");
    assert_eq!(
        billing["Properties"]["FifoThroughputLimit"],
        "perMessageGroupId"
    );
    assert!(billing["Properties"].get("DelaySeconds").is_none());
}
