//! The policy of `import resources`: services and queues can be imported, and nothing else can.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use template::permissions::Permissions;

use super::others::on;
use super::world::{ACCOUNT, REGION, arn};
use super::{Request, expect_all, simulator};

const DEFINITION: &str = "
name: orders-scaling
cluster: {existing: shop}
network: {security_groups: [sg-0a1b2c3d4e5f60718], subnets: [subnet-0a1b2c3d4e5f60718]}
queues: {orders: {name: orders}}
services:
  order-worker:
    name: order-worker
    image: public.ecr.aws/team/order-worker:1
    consumes: [orders]
    tasks: {min: 1, max: 9}
    scaling: {demand: {processing_time: 1s, acceptable_latency: 10s}}
";

fn policies() -> BTreeMap<String, Vec<Value>> {
    let mut stack = stack::parse("stack.yaml", DEFINITION).unwrap().stack;
    stack.account = Some(ACCOUNT.to_owned());
    stack.region = Some(REGION.to_owned());
    let Permissions { import, deploy, .. } = Permissions::of(&stack).unwrap();
    BTreeMap::from([("import".to_owned(), import), ("deploy".to_owned(), deploy)])
}

fn import(stack: &str, types: &[&str]) -> Request {
    let stack = arn("cloudformation", &format!("stack/{stack}/0a1b2c3d"));
    on("cloudformation:CreateChangeSet", stack)
        .with("cloudformation:ImportResourceTypes", json!(types))
}

#[test]
fn services_and_queues_can_be_imported_and_nothing_else() {
    if simulator().is_none() {
        return;
    }
    let own = "orders-scaling";
    let both = import(own, &["AWS::ECS::Service", "AWS::SQS::Queue"]);
    let allowed = [
        both.clone().by("import"),
        import(own, &["AWS::SQS::Queue"]).by("import"),
        on("sqs:GetQueueUrl", arn("sqs", "orders")).by("import"),
        on("sqs:SetQueueAttributes", arn("sqs", "orders")).by("import"),
    ];
    assert_eq!(expect_all(&policies(), &allowed, true), allowed.len());
    let other = on(
        "cloudformation:CreateChangeSet",
        arn("cloudformation", "stack/orders-scaling/0a1b2c3d"),
    );
    // The simulator reads only the first type of a list, so a list with an allowed and another type isn't tested.
    let denied = [
        both.by("deploy"),
        import(own, &["AWS::IAM::Role"]).by("import"),
        import(own, &["AWS::DynamoDB::Table"]).by("import"),
        import("payments", &["AWS::SQS::Queue"]).by("import"),
        // That is for the policy `deploy`.
        other.by("import"),
        on("sqs:GetQueueUrl", arn("sqs", "payments")).by("import"),
        on("sqs:SetQueueAttributes", arn("sqs", "payments")).by("import"),
        // Only CloudFormation, and `import`.
        on("sqs:SetQueueAttributes", arn("sqs", "orders")).by("deploy"),
    ];
    assert_eq!(expect_all(&policies(), &denied, false), denied.len());
}
