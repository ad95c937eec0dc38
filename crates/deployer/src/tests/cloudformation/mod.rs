//! A CloudFormation mock with one stack, in memory. The test decides what it does next.

mod answers;
mod fakes;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::types::{ResourceToImport, Tag};
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_smithy_mocks::{MockResponse, Rule, mock};

use super::cloud::xml_error;
use crate::{Explanation, Source, TemplateSource};
use template::contract::STACK_TAG;

pub(super) use fakes::{FakeChangeSet, FakePlan, FakeStack, Step, steps};

pub(super) const NAME: &str = "shop";
const ARN: &str = "arn:aws:cloudformation:us-west-2:111122223333";

/// State that the mocks share with the test.
#[derive(Clone, Default)]
pub(super) struct CloudFormation(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub stack: Option<FakeStack>,
    pub change_sets: Vec<FakeChangeSet>,
    /// Operations in the order of arrival.
    pub calls: Vec<String>,
    /// Imports: the template, and the resources.
    pub imports: Vec<(String, Vec<ResourceToImport>)>,
    /// Roles of the requests that named one.
    pub roles: Vec<String>,
    /// The results of the next change sets. After them, one resource is added.
    pub plans: VecDeque<FakePlan>,
    /// The results of the next executions. After them, success.
    pub executions: VecDeque<Vec<Step>>,
    /// The results of the next deletions. After them, success.
    pub deletions: VecDeque<Vec<Step>>,
    /// The results of the next rollbacks. After them, success.
    pub rollbacks: VecDeque<Vec<Step>>,
    /// Whether the cloud supports drift-aware change sets.
    pub reverts_drift: bool,
    hooks: HashMap<&'static str, VecDeque<Hook>>,
    number: usize,
}

type Hook = Box<dyn FnOnce(&mut State) -> Option<HttpResponse> + Send>;

pub(super) fn source() -> Source {
    Source {
        stack: NAME.to_owned(),
        template: TemplateSource::Inline("{\"new\": 1}".to_owned()),
        parameters: [("Key".to_owned(), "v".to_owned())].into(),
        tags: [("team", "t"), (STACK_TAG, NAME)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        resources: [("NewQueue".to_owned(), "AWS::SQS::Queue".to_owned())].into(),
        names: BTreeMap::new(),
        shortened_queues: Vec::new(),
        retained: BTreeSet::new(),
        imports: Vec::new(),
        explanation: Explanation::default(),
        reviewed: None,
    }
}

/// The tag that marks a stack as ours.
pub(super) fn ours() -> Tag {
    Tag::builder().key(STACK_TAG).value(NAME).build()
}

/// CloudFormation's error for a stack with an operation in progress.
pub(super) fn busy(status: &str) -> HttpResponse {
    xml_error("ValidationError", &busy_text(status))
}

fn busy_text(status: &str) -> String {
    format!("Stack:{ARN}:stack/{NAME}/1 is in {status} state and can not be updated.")
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

    /// Runs something once, on the next call of this operation. Its reply replaces the operation's.
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
                                Err(refused) => MockResponse::Http(refused.reply()),
                            }
                        })
                }),*]
            };
        }
        let mut rules = rules![
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
        ];
        // No record of a deploy is in the assets bucket.
        rules.push(
            mock!(aws_sdk_s3::Client::list_object_versions)
                .then_output(|| ListObjectVersionsOutput::builder().build()),
        );
        rules
    }
}

impl State {
    /// Adds a stack that someone created earlier.
    pub(super) fn found(&mut self, status: &'static str) -> &mut FakeStack {
        self.number += 1;
        let id = format!("{ARN}:stack/{NAME}/{}", self.number);
        let stack = self.stack.insert(FakeStack {
            id,
            template: "{\"old\": 1}".to_owned(),
            tags: vec![ours()],
            ..FakeStack::default()
        });
        stack.enter(&Step(status, vec![]));
        stack
    }

    /// The steps are visible from the next request on.
    pub(super) fn goes_through(&mut self, steps: Vec<Step>) {
        let stack = self.stack.as_mut().unwrap();
        stack.steps = steps.into();
    }

    pub(super) fn stack(&mut self) -> &mut FakeStack {
        self.stack.as_mut().unwrap()
    }

    /// Starts the execution of a change set, as AWS does: all other ones are deleted.
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
        stack.tags = set.tags.clone();
        self.change_sets = vec![set];
        self.goes_through(steps);
    }

    /// Returns the newest change set.
    pub(super) fn latest(&self) -> String {
        self.change_sets.last().unwrap().id.clone()
    }

    /// Adds another run's plan for the stack.
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
            changes: vec![fakes::change(
                "AWS::SQS::Queue",
                aws_sdk_cloudformation::types::ChangeAction::Add,
                0,
            )],
            template: "{\"other\": 1}".to_owned(),
            tags: vec![ours()],
            reverts_drift: false,
        });
        id
    }
}
