//! A CloudFormation of one stack, in memory: what it does next is the test's to say.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::operation::continue_update_rollback::ContinueUpdateRollbackOutput;
use aws_sdk_cloudformation::operation::create_change_set::CreateChangeSetOutput;
use aws_sdk_cloudformation::operation::delete_change_set::DeleteChangeSetOutput;
use aws_sdk_cloudformation::operation::delete_stack::DeleteStackOutput;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::operation::describe_stack_events::DescribeStackEventsOutput;
use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksOutput;
use aws_sdk_cloudformation::operation::execute_change_set::ExecuteChangeSetOutput;
use aws_sdk_cloudformation::operation::get_template::GetTemplateOutput;
use aws_sdk_cloudformation::operation::list_change_sets::ListChangeSetsOutput;
use aws_sdk_cloudformation::operation::list_stack_resources::ListStackResourcesOutput;
use aws_sdk_cloudformation::operation::rollback_stack::RollbackStackOutput;
use aws_sdk_cloudformation::operation::update_termination_protection::UpdateTerminationProtectionOutput;
use aws_sdk_cloudformation::types::{
    Change, ChangeAction, ChangeSetSummary, Output, ResourceChange, Stack, StackEvent,
    StackResourceSummary,
};
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;

use super::cloud::xml_error;
use crate::{Source, TemplateSource};

pub(super) const NAME: &str = "shop";
const ARN: &str = "arn:aws:cloudformation:us-west-2:111122223333";

/// What the mocks share with the test.
#[derive(Clone, Default)]
pub(super) struct CloudFormation(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub stack: Option<FakeStack>,
    pub change_sets: Vec<FakeChangeSet>,
    /// Operations in the order of arrival.
    pub calls: Vec<String>,
    /// What the next change sets come to; after them, one resource is added.
    pub plans: VecDeque<FakePlan>,
    /// What the next executions come to; after them, success.
    pub executions: VecDeque<Vec<Step>>,
    /// What the next deletions come to; after them, success.
    pub deletions: VecDeque<Vec<Step>>,
    /// What the next rollbacks come to; after them, success.
    pub rollbacks: VecDeque<Vec<Step>>,
    hooks: HashMap<&'static str, VecDeque<Hook>>,
    number: usize,
}

type Hook = Box<dyn FnOnce(&mut State) -> Option<HttpResponse> + Send>;
type Reply<T> = Result<T, HttpResponse>;

#[derive(Clone, Default)]
pub(super) struct FakeStack {
    pub id: String,
    pub status: String,
    pub reason: Option<String>,
    /// What each further look at the stack shows.
    pub steps: VecDeque<Step>,
    /// The oldest first.
    pub events: Vec<StackEvent>,
    /// Type, logical id, physical id.
    pub resources: Vec<(String, String, String)>,
    pub change_set: Option<String>,
    pub protected: bool,
    pub template: String,
}

/// A status, and the events that come with it: logical id, status, reason.
#[derive(Clone)]
pub(super) struct Step(
    pub &'static str,
    pub Vec<(&'static str, &'static str, &'static str)>,
);

pub(super) fn steps(statuses: &[&'static str]) -> Vec<Step> {
    statuses.iter().map(|status| Step(status, vec![])).collect()
}

pub(super) enum FakePlan {
    Adds(usize),
    /// Type and action.
    Changes(Vec<(&'static str, ChangeAction)>),
    Fails(&'static str),
    /// Worked out without a change, for a stack that has this template then.
    Empty(&'static str),
}

#[derive(Clone)]
pub(super) struct FakeChangeSet {
    pub id: String,
    pub creates: bool,
    pub execution: &'static str,
    status: &'static str,
    reason: Option<String>,
    changes: Vec<Change>,
    template: String,
}

pub(super) fn source() -> Source {
    Source {
        stack: NAME.to_owned(),
        template: TemplateSource::Inline("{\"new\": 1}".to_owned()),
        parameters: [("Key".to_owned(), "v".to_owned())].into(),
        tags: [("team".to_owned(), "t".to_owned())].into(),
    }
}

/// What CloudFormation says of a stack in which something goes on.
pub(super) fn busy(status: &str) -> HttpResponse {
    let text = format!("Stack:{ARN}:stack/{NAME}/1 is in {status} state and can not be updated.");
    xml_error("ValidationError", &text)
}

fn no_such_stack() -> HttpResponse {
    let text = format!("Stack with id {NAME} does not exist");
    xml_error("ValidationError", &text)
}

impl CloudFormation {
    /// With a stack in this status.
    pub(super) fn with(status: &'static str) -> Self {
        let cloud = Self::default();
        cloud.state().found(status);
        cloud
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Runs something once, when this operation is asked for next; its reply stands for the operation's.
    pub(super) fn on(
        &self,
        operation: &'static str,
        hook: impl FnOnce(&mut State) -> Option<HttpResponse> + Send + 'static,
    ) {
        let mut state = self.state();
        let hooks = state.hooks.entry(operation).or_default();
        hooks.push_back(Box::new(hook));
    }

    pub(super) fn refuse(&self, operation: &'static str, code: &'static str, text: &'static str) {
        self.on(operation, move |_| Some(xml_error(code, text)));
    }

    pub(super) fn calls(&self, operation: &str) -> usize {
        let state = self.state();
        state.calls.iter().filter(|call| *call == operation).count()
    }

    pub(super) fn rules(&self) -> Vec<Rule> {
        macro_rules! rules {
            ($($name:literal $method:ident $handler:ident),* $(,)?) => {
                vec![$({
                    let cloud = self.clone();
                    mock!(aws_sdk_cloudformation::Client::$method)
                        .then_compute_response(move |input| {
                            let mut state = cloud.state();
                            state.calls.push($name.to_owned());
                            let hook = state.hooks.get_mut($name).and_then(VecDeque::pop_front);
                            if let Some(refusal) = hook.and_then(|hook| hook(&mut state)) {
                                return MockResponse::Http(refusal);
                            }
                            match state.$handler(input) {
                                Ok(output) => MockResponse::Output(output),
                                Err(refusal) => MockResponse::Http(refusal),
                            }
                        })
                }),*]
            };
        }
        rules![
            "DescribeStacks" describe_stacks describe_stacks,
            "DescribeStackEvents" describe_stack_events describe_stack_events,
            "ListStackResources" list_stack_resources list_stack_resources,
            "GetTemplate" get_template get_template,
            "CreateChangeSet" create_change_set create_change_set,
            "DescribeChangeSet" describe_change_set describe_change_set,
            "ExecuteChangeSet" execute_change_set execute_change_set,
            "DeleteChangeSet" delete_change_set delete_change_set,
            "ListChangeSets" list_change_sets list_change_sets,
            "DeleteStack" delete_stack delete_stack,
            "ContinueUpdateRollback" continue_update_rollback continue_update_rollback,
            "RollbackStack" rollback_stack rollback_stack,
            "UpdateTerminationProtection" update_termination_protection update_termination_protection,
        ]
    }
}

macro_rules! input {
    ($operation:ident $type:ident) => {
        &aws_sdk_cloudformation::operation::$operation::$type
    };
}

impl State {
    /// Somebody, at some time, has made a stack.
    pub(super) fn found(&mut self, status: &'static str) -> &mut FakeStack {
        self.number += 1;
        let id = format!("{ARN}:stack/{NAME}/{}", self.number);
        let stack = self.stack.insert(FakeStack {
            id,
            template: "{\"old\": 1}".to_owned(),
            ..FakeStack::default()
        });
        stack.enter(&Step(status, vec![]));
        stack
    }

    /// What begins shows with the next look at the stack.
    pub(super) fn goes_through(&mut self, steps: Vec<Step>) {
        let stack = self.stack.as_mut().unwrap();
        stack.steps = steps.into();
    }

    pub(super) fn stack(&mut self) -> &mut FakeStack {
        self.stack.as_mut().unwrap()
    }

    /// Starts the execution of a change set, as AWS does: every other one is removed.
    pub(super) fn execute(&mut self, id: &str) {
        let position = self.change_sets.iter().position(|set| set.id == id);
        let mut set = self.change_sets.swap_remove(position.unwrap());
        set.execution = "EXECUTE_IN_PROGRESS";
        let steps = self.executions.pop_front().unwrap_or_else(|| {
            steps(if set.creates {
                &["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
            } else {
                &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
            })
        });
        let stack = self.stack();
        stack.change_set = Some(set.id.clone());
        stack.template = set.template.clone();
        self.change_sets = vec![set];
        self.goes_through(steps);
    }

    /// The newest change set.
    pub(super) fn latest(&self) -> String {
        self.change_sets.last().unwrap().id.clone()
    }

    /// Another run has planned for the stack.
    pub(super) fn other_plan(&mut self, creates: bool) -> String {
        if self.stack.is_none() {
            self.found("REVIEW_IN_PROGRESS");
        }
        self.number += 1;
        let id = format!("{ARN}:changeSet/other/{}", self.number);
        self.change_sets.push(FakeChangeSet {
            id: id.clone(),
            creates,
            execution: "AVAILABLE",
            status: "CREATE_COMPLETE",
            reason: None,
            changes: vec![change("AWS::SQS::Queue", ChangeAction::Add, 0)],
            template: "{\"other\": 1}".to_owned(),
        });
        id
    }

    fn named(&mut self, name_or_id: Option<&str>) -> Reply<&mut FakeStack> {
        let name_or_id = name_or_id.unwrap();
        let known = self.stack.as_mut().filter(|stack| {
            stack.id == name_or_id || (name_or_id == NAME && stack.status != "DELETE_COMPLETE")
        });
        known.ok_or_else(no_such_stack)
    }

    fn describe_stacks(
        &mut self,
        input: input!(describe_stacks DescribeStacksInput),
    ) -> Reply<DescribeStacksOutput> {
        let stack = self.named(input.stack_name())?;
        if let Some(step) = stack.steps.pop_front() {
            stack.enter(&step);
        }
        let stack = self.named(input.stack_name())?;
        let described = Stack::builder()
            .stack_id(&stack.id)
            .stack_name(NAME)
            .stack_status(stack.status.as_str().into())
            .set_stack_status_reason(stack.reason.clone())
            .set_change_set_id(stack.change_set.clone())
            .enable_termination_protection(stack.protected)
            .outputs(
                Output::builder()
                    .output_key("Url")
                    .output_value("u")
                    .build(),
            )
            .creation_time(DateTime::from_secs(0))
            .build();
        Ok(DescribeStacksOutput::builder().stacks(described).build())
    }

    fn describe_stack_events(
        &mut self,
        input: input!(describe_stack_events DescribeStackEventsInput),
    ) -> Reply<DescribeStackEventsOutput> {
        const PAGE: usize = 100;
        let from: usize = input.next_token().map_or(0, |token| token.parse().unwrap());
        let events = &self.named(input.stack_name())?.events;
        let page: Vec<_> = events.iter().rev().skip(from).take(PAGE).cloned().collect();
        let more = events.len() > from + PAGE;
        Ok(DescribeStackEventsOutput::builder()
            .set_stack_events(Some(page))
            .set_next_token(more.then(|| (from + PAGE).to_string()))
            .build())
    }

    fn list_stack_resources(
        &mut self,
        input: input!(list_stack_resources ListStackResourcesInput),
    ) -> Reply<ListStackResourcesOutput> {
        let stack = self.named(input.stack_name())?;
        let summary = |(kind, logical, physical): &(String, String, String)| {
            StackResourceSummary::builder()
                .resource_type(kind)
                .logical_resource_id(logical)
                .physical_resource_id(physical)
                .resource_status("CREATE_COMPLETE".into())
                .last_updated_timestamp(DateTime::from_secs(0))
                .build()
        };
        let summaries = stack.resources.iter().map(summary).collect();
        Ok(ListStackResourcesOutput::builder()
            .set_stack_resource_summaries(Some(summaries))
            .build())
    }

    fn get_template(
        &mut self,
        input: input!(get_template GetTemplateInput),
    ) -> Reply<GetTemplateOutput> {
        let template = match input.change_set_name() {
            Some(id) => self.known(id)?.template.clone(),
            None => self.named(input.stack_name())?.template.clone(),
        };
        Ok(GetTemplateOutput::builder().template_body(template).build())
    }

    fn create_change_set(
        &mut self,
        input: input!(create_change_set CreateChangeSetInput),
    ) -> Reply<CreateChangeSetOutput> {
        let name = input.change_set_name().unwrap();
        let creates = input.change_set_type().unwrap().as_str() == "CREATE";
        let status = self
            .named(Some(NAME))
            .ok()
            .map(|stack| stack.status.clone());
        let invalid = |text: String| Err(xml_error("ValidationError", &text));
        match (creates, status.as_deref()) {
            (true, None) => {
                self.found("REVIEW_IN_PROGRESS");
            }
            (true, Some("REVIEW_IN_PROGRESS")) => {}
            (true, Some(_)) => {
                return invalid(format!(
                    "Stack [{NAME}] already exists and cannot be created again with the changeSet [{name}]."
                ));
            }
            (false, None) => return invalid(format!("Stack [{NAME}] does not exist")),
            (false, Some(status))
                if !status.ends_with("UPDATE_COMPLETE")
                    && status != "CREATE_COMPLETE"
                    && status != "UPDATE_ROLLBACK_COMPLETE" =>
            {
                return Err(busy(status));
            }
            (false, Some(_)) => {}
        }
        if self.change_sets.iter().any(|set| set.id.contains(name)) {
            return Err(xml_error(
                "AlreadyExistsException",
                "ChangeSet already exists",
            ));
        }
        let id = format!("{ARN}:changeSet/{name}/1");
        let plan = self.plans.pop_front().unwrap_or(FakePlan::Adds(1));
        self.change_sets
            .push(FakeChangeSet::new(&id, creates, plan));
        let stack_id = &self.stack().id;
        Ok(CreateChangeSetOutput::builder()
            .id(id)
            .stack_id(stack_id)
            .build())
    }

    fn known(&mut self, name_or_id: &str) -> Reply<&mut FakeChangeSet> {
        let set = self
            .change_sets
            .iter_mut()
            .find(|set| set.id == name_or_id || set.id.contains(&format!("/{name_or_id}/")));
        set.ok_or_else(|| xml_error("ChangeSetNotFound", "ChangeSet does not exist"))
    }

    fn describe_change_set(
        &mut self,
        input: input!(describe_change_set DescribeChangeSetInput),
    ) -> Reply<DescribeChangeSetOutput> {
        const PAGE: usize = 2;
        let stack_id = self.stack.as_ref().map(|stack| stack.id.clone());
        let from: usize = input.next_token().map_or(0, |token| token.parse().unwrap());
        let set = self.known(input.change_set_name().unwrap())?;
        let page: Vec<_> = set.changes.iter().skip(from).take(PAGE).cloned().collect();
        let more = set.changes.len() > from + PAGE;
        let output = DescribeChangeSetOutput::builder()
            .change_set_id(&set.id)
            .set_stack_id(stack_id)
            .status(set.status.into())
            .set_status_reason(set.reason.clone())
            .execution_status(set.execution.into())
            .set_changes(Some(page))
            .set_next_token(more.then(|| (from + PAGE).to_string()));
        // The next look finds it worked out.
        if set.status == "CREATE_IN_PROGRESS" {
            set.status = if set.reason.is_some() {
                "FAILED"
            } else {
                "CREATE_COMPLETE"
            };
        }
        Ok(output.build())
    }

    fn execute_change_set(
        &mut self,
        input: input!(execute_change_set ExecuteChangeSetInput),
    ) -> Reply<ExecuteChangeSetOutput> {
        assert!(input.client_request_token().is_some());
        let id = input.change_set_name().unwrap();
        if self.known(id)?.execution != "AVAILABLE" {
            let text = "ChangeSet cannot be executed in its current execution status";
            return Err(xml_error("InvalidChangeSetStatus", text));
        }
        let status = self.stack().status.clone();
        if status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS" {
            return Err(busy(&status));
        }
        self.execute(id);
        Ok(ExecuteChangeSetOutput::builder().build())
    }

    fn delete_change_set(
        &mut self,
        input: input!(delete_change_set DeleteChangeSetInput),
    ) -> Reply<DeleteChangeSetOutput> {
        let id = self.known(input.change_set_name().unwrap())?.id.clone();
        self.change_sets.retain(|set| set.id != id);
        Ok(DeleteChangeSetOutput::builder().build())
    }

    /// Those that were executed are not in the list.
    fn list_change_sets(
        &mut self,
        input: input!(list_change_sets ListChangeSetsInput),
    ) -> Reply<ListChangeSetsOutput> {
        self.named(input.stack_name())?;
        let summaries = self
            .change_sets
            .iter()
            .filter(|set| set.execution == "AVAILABLE")
            .map(|set| ChangeSetSummary::builder().change_set_id(&set.id).build())
            .collect();
        Ok(ListChangeSetsOutput::builder()
            .set_summaries(Some(summaries))
            .build())
    }

    fn delete_stack(
        &mut self,
        input: input!(delete_stack DeleteStackInput),
    ) -> Reply<DeleteStackOutput> {
        assert!(input.client_request_token().is_some());
        let stack = self.named(input.stack_name())?;
        if stack.protected {
            let text =
                format!("Stack [{NAME}] cannot be deleted while TerminationProtection is enabled");
            return Err(xml_error("ValidationError", &text));
        }
        if stack.status.starts_with("UPDATE") && stack.status.ends_with("_IN_PROGRESS") {
            let status = stack.status.clone();
            return Err(busy(&status));
        }
        let gone = || steps(&["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
        let steps = self.deletions.pop_front().unwrap_or_else(gone);
        self.change_sets.clear();
        self.goes_through(steps);
        Ok(DeleteStackOutput::builder().build())
    }

    fn continue_update_rollback(
        &mut self,
        input: input!(continue_update_rollback ContinueUpdateRollbackInput),
    ) -> Reply<ContinueUpdateRollbackOutput> {
        assert!(input.client_request_token().is_some());
        self.roll_back();
        Ok(ContinueUpdateRollbackOutput::builder().build())
    }

    fn rollback_stack(
        &mut self,
        input: input!(rollback_stack RollbackStackInput),
    ) -> Reply<RollbackStackOutput> {
        assert!(input.client_request_token().is_some());
        self.roll_back();
        Ok(RollbackStackOutput::builder().build())
    }

    fn roll_back(&mut self) {
        let done = || steps(&["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]);
        let steps = self.rollbacks.pop_front().unwrap_or_else(done);
        self.goes_through(steps);
    }

    fn update_termination_protection(
        &mut self,
        input: input!(update_termination_protection UpdateTerminationProtectionInput),
    ) -> Reply<UpdateTerminationProtectionOutput> {
        let wanted = input.enable_termination_protection().unwrap();
        self.named(input.stack_name())?.protected = wanted;
        Ok(UpdateTerminationProtectionOutput::builder().build())
    }
}

impl FakeStack {
    fn enter(&mut self, step: &Step) {
        let Step(status, events) = step;
        for (logical, status, reason) in events {
            let physical = format!("physical-{logical}");
            self.event(logical, "AWS::SQS::Queue", &physical, status, reason);
        }
        if *status != self.status {
            let id = self.id.clone();
            self.event(NAME, "AWS::CloudFormation::Stack", &id, status, "");
        }
        self.status = (*status).to_owned();
    }

    fn event(&mut self, logical: &str, kind: &str, physical: &str, status: &str, reason: &str) {
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        let event = StackEvent::builder()
            .event_id(format!("event-{}", self.events.len()))
            .stack_id(&self.id)
            .stack_name(NAME)
            .timestamp(DateTime::from_secs(0))
            .logical_resource_id(logical)
            .resource_type(kind)
            .physical_resource_id(physical)
            .resource_status(status.into())
            .set_resource_status_reason(reason)
            .build();
        self.events.push(event);
    }

    /// A resource, by type, logical and physical id.
    pub(super) fn holds(&mut self, kind: &str, logical: &str, physical: &str) -> &mut Self {
        let names = (kind.to_owned(), logical.to_owned(), physical.to_owned());
        self.resources.push(names);
        self
    }

    /// Events of former times.
    pub(super) fn history(&mut self, events: usize) {
        for number in 0..events {
            self.event(
                "Old",
                "AWS::SQS::Queue",
                "old",
                "CREATE_FAILED",
                &format!("old {number}"),
            );
        }
    }
}

impl FakeChangeSet {
    fn new(id: &str, creates: bool, plan: FakePlan) -> Self {
        let mut set = Self {
            id: id.to_owned(),
            creates,
            execution: "AVAILABLE",
            status: "CREATE_IN_PROGRESS",
            reason: None,
            changes: Vec::new(),
            template: "{\"new\": 1}".to_owned(),
        };
        match plan {
            FakePlan::Adds(n) => {
                let adds = (0..n).map(|i| change("AWS::IAM::Role", ChangeAction::Add, i));
                set.changes = adds.collect();
            }
            FakePlan::Changes(changes) => {
                let all = changes.into_iter().enumerate();
                set.changes = all
                    .map(|(i, (kind, action))| change(kind, action, i))
                    .collect();
            }
            FakePlan::Fails(reason) => set.reason = Some(reason.to_owned()),
            FakePlan::Empty(template) => set.template = template.to_owned(),
        }
        set
    }
}

fn change(kind: &str, action: ChangeAction, number: usize) -> Change {
    let change = ResourceChange::builder()
        .resource_type(kind)
        .logical_resource_id(format!("R{number}"))
        .action(action)
        .build();
    Change::builder().resource_change(change).build()
}
