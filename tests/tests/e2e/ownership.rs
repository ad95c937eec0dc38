//! Stacks with the same name that others created: no command changes them.

use std::time::Duration;

use aws_sdk_cloudformation::types::ChangeSetType;
use e2e::{Bench, Cloud, TestStack, until, worker};

const BOUND: Duration = Duration::from_secs(60);
const TEMPLATE: &str = r#"{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}"#;

async fn assert_refused(stack: &TestStack) {
    let refused = stack.deploy(&worker(&stack.name)).await;
    let error = refused.fails(5);
    let message = error["message"].as_str().unwrap();
    let exists = format!("the stack {} already exists", stack.name);
    assert!(message.contains(&exists), "{message}");
    let _ = stack.run("diff", &[]).end().await.fails(5);
    let _ = stack.run("status", &[]).end().await.fails(5);
    let _ = stack.run("invoke", &[]).end().await.fails(5);
    let _ = stack.destroy(&["--force"]).await.fails(5);
}

#[tokio::test]
async fn a_foreign_stack_is_left_alone_in_review_and_when_it_is_deployed() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "foreign");
    let cloudformation = &cloud.clients.cloudformation;
    let request = cloudformation.create_change_set();
    let request = request.stack_name(&stack.name).change_set_name("theirs");
    let request = request.change_set_type(ChangeSetType::Create);
    let planned = request.template_body(TEMPLATE).send().await.unwrap();
    assert_refused(&stack).await;

    // Their change set can still be executed.
    let request = cloudformation.execute_change_set();
    let request = request.change_set_name(planned.id().unwrap());
    request.send().await.unwrap();
    let status = async || cloud.stack_status(&stack.name).await;
    let deployed = async || status().await.filter(|status| status == "CREATE_COMPLETE");
    until("their stack", BOUND, deployed).await;
    assert_refused(&stack).await;
    assert_eq!(status().await.as_deref(), Some("CREATE_COMPLETE"));
    let found = cloud.resources(&stack.name).await;
    assert!(cloud.queue(found.id("Queue")).await.is_some());

    let request = cloudformation.delete_stack().stack_name(&stack.name);
    request.send().await.unwrap();
    let gone = async || status().await.is_none().then_some(());
    until("the end of their stack", BOUND, gone).await;
}
