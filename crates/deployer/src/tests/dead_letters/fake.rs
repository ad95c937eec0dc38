//! A dead-letter queue in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sqs::operation::cancel_message_move_task::CancelMessageMoveTaskOutput;
use aws_sdk_sqs::operation::change_message_visibility_batch::ChangeMessageVisibilityBatchOutput;
use aws_sdk_sqs::operation::delete_message::DeleteMessageOutput;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::operation::list_message_move_tasks::ListMessageMoveTasksOutput;
use aws_sdk_sqs::operation::receive_message::ReceiveMessageOutput;
use aws_sdk_sqs::operation::send_message::SendMessageOutput;
use aws_sdk_sqs::operation::start_message_move_task::StartMessageMoveTaskOutput;
use aws_sdk_sqs::types::{
    ListMessageMoveTasksResultEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName,
};
use aws_smithy_mocks::{MockResponse, Rule, mock};

use crate::tests::cloud::json_error;

pub(super) const DEAD: &str = "https://sqs/1/dead";
pub(super) const SOURCE: &str = "https://sqs/1/source";

pub(super) struct Letter {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) group: Option<&'static str>,
    pub(super) sent_ms: u64,
    hidden: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) letters: Vec<Letter>,
    /// The replies to the requests for move tasks. The last one is repeated.
    pub(super) tasks: VecDeque<Option<ListMessageMoveTasksResultEntry>>,
    pub(super) refuses_start: Option<(&'static str, &'static str)>,
    /// A message that the source queue refuses.
    pub(super) refuses_body: Option<&'static str>,
    /// Number of receive calls that succeed before one fails.
    pub(super) fails_after: Option<usize>,
    calls: Vec<String>,
}

#[derive(Clone, Default)]
pub(super) struct FakeSqs(Arc<Mutex<State>>);

impl FakeSqs {
    /// A queue with messages that were sent at 1,000 s.
    pub(super) fn with(messages: usize) -> Self {
        let sqs = Self::default();
        let letter = |number: usize| Letter {
            id: format!("m{number}"),
            body: format!("body {number}"),
            group: None,
            sent_ms: 1_000_000,
            hidden: false,
        };
        sqs.state().letters = (0..messages).map(letter).collect();
        sqs
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn hidden(&self) -> usize {
        self.state().letters.iter().filter(|one| one.hidden).count()
    }

    pub(super) fn left(&self) -> usize {
        self.state().letters.len()
    }

    /// Returns the changes, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    pub(super) fn rules(&self) -> Vec<Rule> {
        [self.messages(), self.move_tasks()].concat()
    }

    fn messages(&self) -> Vec<Rule> {
        let [receive, release, send, delete, invoke] = [(); 5].map(|()| self.clone());
        vec![
            mock!(aws_sdk_sqs::Client::receive_message).then_compute_response(move |input| {
                let most = usize::try_from(input.max_number_of_messages().unwrap()).unwrap();
                assert!(input.visibility_timeout().unwrap() > 0);
                receive.state().receive(most)
            }),
            mock!(aws_sdk_sqs::Client::change_message_visibility_batch).then_compute_output(
                move |input| {
                    for entry in input.entries() {
                        assert_eq!(entry.visibility_timeout(), Some(0));
                        let mut state = release.state();
                        let mut letters = state.letters.iter_mut();
                        let letter = letters.find(|one| one.id == entry.receipt_handle());
                        letter.unwrap().hidden = false;
                    }
                    ChangeMessageVisibilityBatchOutput::builder()
                        .set_successful(Some(Vec::new()))
                        .set_failed(Some(Vec::new()))
                        .build()
                        .unwrap()
                },
            ),
            mock!(aws_sdk_sqs::Client::send_message).then_compute_response(move |input| {
                assert_eq!(input.queue_url(), Some(SOURCE));
                let body = input.message_body().unwrap();
                let kind = &input.message_attributes().unwrap()["kind"];
                assert_eq!(kind.string_value(), Some("voucher"));
                let mut state = send.state();
                if state.refuses_body == Some(body) {
                    return MockResponse::Http(json_error("InvalidMessageContents", "no"));
                }
                let mut call = body.replace("body ", "send m");
                if let Some(group) = input.message_group_id() {
                    let deduplication = input.message_deduplication_id().unwrap();
                    call.push_str(&format!(" {group} {deduplication}"));
                }
                state.calls.push(call);
                MockResponse::Output(SendMessageOutput::builder().build())
            }),
            mock!(aws_sdk_sqs::Client::delete_message).then_compute_output(move |input| {
                assert_eq!(input.queue_url(), Some(DEAD));
                let handle = input.receipt_handle().unwrap();
                let mut state = delete.state();
                state.letters.retain(|letter| letter.id != handle);
                state.calls.push(format!("delete {handle}"));
                DeleteMessageOutput::builder().build()
            }),
            mock!(aws_sdk_lambda::Client::invoke).then_compute_output(move |input| {
                let _ = &invoke;
                let event = input.payload().unwrap().as_ref();
                let event: serde_json::Value = serde_json::from_slice(event).unwrap();
                let message = &event["Records"][0]["Sns"]["Message"];
                let output = InvokeOutput::builder();
                match message.as_str().unwrap() {
                    "broken" => output
                        .function_error("Unhandled")
                        .payload(Blob::new(r#"{"errorMessage": "broken"}"#))
                        .build(),
                    _ => output.payload(Blob::new("{}")).build(),
                }
            }),
        ]
    }

    fn move_tasks(&self) -> Vec<Rule> {
        let [list, start, cancel] = [(); 3].map(|()| self.clone());
        vec![
            mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_output(|input| {
                let name = match input.queue_url() {
                    Some(DEAD) => "vouchers-dead-letter",
                    _ => "vouchers",
                };
                let arn = QueueAttributeName::QueueArn;
                let attributes = [(arn, format!("arn:{name}"))].into();
                let output = GetQueueAttributesOutput::builder();
                output.set_attributes(Some(attributes)).build()
            }),
            mock!(aws_sdk_sqs::Client::list_message_move_tasks).then_compute_output(move |_| {
                let mut state = list.state();
                let task = match state.tasks.len() {
                    0 => None,
                    1 => state.tasks[0].clone(),
                    _ => state.tasks.pop_front().unwrap(),
                };
                let tasks = task.into_iter().collect();
                let output = ListMessageMoveTasksOutput::builder();
                output.set_results(Some(tasks)).build()
            }),
            mock!(aws_sdk_sqs::Client::start_message_move_task).then_compute_response(
                move |input| {
                    let mut state = start.state();
                    if let Some((code, text)) = state.refuses_start {
                        return MockResponse::Http(json_error(code, text));
                    }
                    let (from, to) = (input.source_arn(), input.destination_arn());
                    let rate = input
                        .max_number_of_messages_per_second()
                        .unwrap_or_default();
                    let call = format!("start {} {} {rate}", from.unwrap(), to.unwrap());
                    state.calls.push(call);
                    MockResponse::Output(StartMessageMoveTaskOutput::builder().build())
                },
            ),
            mock!(aws_sdk_sqs::Client::cancel_message_move_task).then_compute_output(
                move |input| {
                    let call = format!("cancel {}", input.task_handle().unwrap());
                    cancel.state().calls.push(call);
                    CancelMessageMoveTaskOutput::builder()
                        .approximate_number_of_messages_moved(6)
                        .build()
                },
            ),
        ]
    }
}

impl State {
    fn receive(
        &mut self,
        most: usize,
    ) -> MockResponse<
        ReceiveMessageOutput,
        aws_sdk_sqs::operation::receive_message::ReceiveMessageError,
    > {
        match &mut self.fails_after {
            Some(0) => return MockResponse::Http(json_error("OverLimit", "no")),
            Some(left) => *left -= 1,
            None => {}
        }
        let letters = self.letters.iter_mut().filter(|letter| !letter.hidden);
        let messages = letters.take(most).map(|letter| {
            letter.hidden = true;
            letter.message()
        });
        let output = ReceiveMessageOutput::builder();
        MockResponse::Output(output.set_messages(Some(messages.collect())).build())
    }
}

impl Letter {
    fn message(&self) -> Message {
        let kind = MessageAttributeValue::builder();
        let kind = kind.data_type("String").string_value("voucher").build();
        let mut message = Message::builder()
            .message_id(&self.id)
            .receipt_handle(&self.id)
            .body(&self.body)
            .message_attributes("kind", kind.unwrap())
            .attributes(
                MessageSystemAttributeName::SentTimestamp,
                self.sent_ms.to_string(),
            )
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "6");
        if let Some(group) = self.group {
            let deduplication = self.id.replace('m', "dedup-");
            message = message
                .attributes(MessageSystemAttributeName::MessageGroupId, group)
                .attributes(
                    MessageSystemAttributeName::MessageDeduplicationId,
                    deduplication,
                );
        }
        message.build()
    }
}
