//! CloudFormation's replies.

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
    ChangeSetSummary, DeploymentMode, Output, Parameter, Stack, StackResourceSummary,
};
use aws_smithy_types::DateTime;

use super::super::cloud::xml_error;
use super::{ARN, FakeChangeSet, FakePlan, FakeStack, NAME, State, busy_text, steps};

/// An error's code and message.
pub(super) struct Refused(&'static str, String);

impl Refused {
    pub(super) fn reply(&self) -> HttpResponse {
        xml_error(self.0, &self.1)
    }
}

fn refused(code: &'static str, text: &str) -> Refused {
    Refused(code, text.to_owned())
}

fn still(status: &str) -> Refused {
    Refused("ValidationError", busy_text(status))
}

type Reply<T> = Result<T, Refused>;

macro_rules! input {
    ($operation:ident $type:ident) => {
        &aws_sdk_cloudformation::operation::$operation::$type
    };
}

impl State {
    fn named(&mut self, name_or_id: Option<&str>) -> Reply<&mut FakeStack> {
        let name_or_id = name_or_id.unwrap();
        let known = self.stack.as_mut().filter(|stack| {
            stack.id == name_or_id || (name_or_id == NAME && stack.status != "DELETE_COMPLETE")
        });
        known.ok_or_else(|| {
            refused(
                "ValidationError",
                &format!("Stack with id {NAME} does not exist"),
            )
        })
    }

    pub(super) fn describe_stacks(
        &mut self,
        input: input!(describe_stacks DescribeStacksInput),
    ) -> Reply<DescribeStacksOutput> {
        let stack = self.named(input.stack_name())?;
        if let Some(step) = stack.steps.pop_front() {
            stack.enter(&step);
        }
        let stack = self.named(input.stack_name())?;
        let parameter = |(key, value): &(&str, &str)| {
            Parameter::builder()
                .parameter_key(*key)
                .parameter_value(*value)
                .build()
        };
        let described = Stack::builder()
            .stack_id(&stack.id)
            .stack_name(NAME)
            .set_tags(Some(stack.tags.clone()))
            .disable_rollback(stack.keeps)
            .stack_status(stack.status.as_str().into())
            .set_stack_status_reason(stack.reason.clone())
            .set_change_set_id(stack.change_set.clone())
            .enable_termination_protection(stack.protected)
            .set_parameters(Some(stack.parameters.iter().map(parameter).collect()))
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

    pub(super) fn describe_stack_events(
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

    pub(super) fn list_stack_resources(
        &mut self,
        input: input!(list_stack_resources ListStackResourcesInput),
    ) -> Reply<ListStackResourcesOutput> {
        let stack = self.named(input.stack_name())?;
        let summary = |(kind, logical, physical): &(String, String, String)| {
            let failed = stack.undeleted.contains(&logical.as_str());
            let status = if failed {
                "DELETE_FAILED"
            } else {
                "CREATE_COMPLETE"
            };
            StackResourceSummary::builder()
                .resource_type(kind)
                .logical_resource_id(logical)
                .physical_resource_id(physical)
                .resource_status(status.into())
                .last_updated_timestamp(DateTime::from_secs(0))
                .build()
        };
        let summaries = stack.resources.iter().map(summary).collect();
        Ok(ListStackResourcesOutput::builder()
            .set_stack_resource_summaries(Some(summaries))
            .build())
    }

    pub(super) fn get_template(
        &mut self,
        input: input!(get_template GetTemplateInput),
    ) -> Reply<GetTemplateOutput> {
        let template = match input.change_set_name() {
            Some(id) => self.known(id)?.template.clone(),
            None => self.named(input.stack_name())?.template.clone(),
        };
        Ok(GetTemplateOutput::builder().template_body(template).build())
    }

    pub(super) fn create_change_set(
        &mut self,
        input: input!(create_change_set CreateChangeSetInput),
    ) -> Reply<CreateChangeSetOutput> {
        self.roles.extend(input.role_arn().map(str::to_owned));
        let name = input.change_set_name().unwrap();
        let kind = input.change_set_type().unwrap().as_str();
        let imports = kind == "IMPORT";
        if imports {
            let template = input.template_body().unwrap().to_owned();
            let resources = input.resources_to_import().to_vec();
            self.imports.push((template, resources));
        }
        let creates = kind == "CREATE" || imports && self.named(Some(NAME)).is_err();
        let status = self
            .named(Some(NAME))
            .ok()
            .map(|stack| stack.status.clone());
        let invalid = |text: String| Err(refused("ValidationError", &text));
        match (creates, status.as_deref()) {
            (true, None) => {
                self.found("REVIEW_IN_PROGRESS").tags.clear();
            }
            (true, Some("REVIEW_IN_PROGRESS")) => {}
            (true, Some(_)) => {
                return invalid(format!(
                    "Stack [{NAME}] already exists and cannot be created again with the changeSet [{name}]."
                ));
            }
            (false, None) => return invalid(format!("Stack [{NAME}] does not exist")),
            (false, Some("CREATE_FAILED" | "UPDATE_FAILED")) if self.stack().keeps => {}
            (false, Some(status))
                if !status.ends_with("UPDATE_COMPLETE")
                    && status != "CREATE_COMPLETE"
                    && status != "UPDATE_ROLLBACK_COMPLETE"
                    && status != "IMPORT_ROLLBACK_COMPLETE" =>
            {
                return Err(still(status));
            }
            (false, Some(_)) => {}
        }
        if self.change_sets.iter().any(|set| set.id.contains(name)) {
            return Err(refused(
                "AlreadyExistsException",
                "ChangeSet already exists",
            ));
        }
        let id = format!("{ARN}:changeSet/{name}/1");
        let plan = self.plans.pop_front().unwrap_or(FakePlan::Adds(1));
        let asked = input.deployment_mode() == Some(&DeploymentMode::RevertDrift);
        self.change_sets.push(FakeChangeSet {
            reverts_drift: self.reverts_drift && asked,
            ..FakeChangeSet::new(&id, creates, input.tags().to_vec(), plan)
        });
        if self.stack().status == "REVIEW_IN_PROGRESS" {
            self.stack().change_set = Some(id.clone());
        }
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
        set.ok_or_else(|| refused("ChangeSetNotFound", "ChangeSet does not exist"))
    }

    pub(super) fn describe_change_set(
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
            .set_tags(Some(set.tags.clone()))
            .set_changes(Some(page))
            .set_deployment_mode(set.reverts_drift.then_some(DeploymentMode::RevertDrift))
            .set_next_token(more.then(|| (from + PAGE).to_string()));
        // The next request finds it complete.
        if set.status == "CREATE_IN_PROGRESS" {
            set.status = if set.reason.is_some() {
                "FAILED"
            } else {
                "CREATE_COMPLETE"
            };
        }
        Ok(output.build())
    }

    pub(super) fn execute_change_set(
        &mut self,
        input: input!(execute_change_set ExecuteChangeSetInput),
    ) -> Reply<ExecuteChangeSetOutput> {
        assert!(input.client_request_token().is_some());
        let id = input.change_set_name().unwrap();
        if input.disable_rollback() == Some(true) {
            self.calls.push("disable_rollback".to_owned());
        }
        if self.known(id)?.execution != "AVAILABLE" {
            let text = "ChangeSet cannot be executed in its current execution status";
            return Err(refused("InvalidChangeSetStatus", text));
        }
        let status = self.stack().status.clone();
        if status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS" {
            return Err(still(&status));
        }
        self.execute(id);
        Ok(ExecuteChangeSetOutput::builder().build())
    }

    pub(super) fn delete_change_set(
        &mut self,
        input: input!(delete_change_set DeleteChangeSetInput),
    ) -> Reply<DeleteChangeSetOutput> {
        let id = self.known(input.change_set_name().unwrap())?.id.clone();
        self.change_sets.retain(|set| set.id != id);
        Ok(DeleteChangeSetOutput::builder().build())
    }

    /// Executed change sets aren't in the list.
    pub(super) fn list_change_sets(
        &mut self,
        input: input!(list_change_sets ListChangeSetsInput),
    ) -> Reply<ListChangeSetsOutput> {
        self.named(input.stack_name())?;
        let summaries = self
            .change_sets
            .iter()
            .filter(|set| set.execution == "AVAILABLE")
            .map(|set| {
                ChangeSetSummary::builder()
                    .change_set_id(&set.id)
                    .set_change_set_name(set.id.split('/').nth(1).map(str::to_owned))
                    .execution_status(set.execution.into())
                    .build()
            })
            .collect();
        Ok(ListChangeSetsOutput::builder()
            .set_summaries(Some(summaries))
            .build())
    }

    pub(super) fn delete_stack(
        &mut self,
        input: input!(delete_stack DeleteStackInput),
    ) -> Reply<DeleteStackOutput> {
        self.roles.extend(input.role_arn().map(str::to_owned));
        assert!(input.client_request_token().is_some());
        let stack = self.named(input.stack_name())?;
        if stack.protected {
            let text =
                format!("Stack [{NAME}] cannot be deleted while TerminationProtection is enabled");
            return Err(refused("ValidationError", &text));
        }
        if stack.status.starts_with("UPDATE") && stack.status.ends_with("_IN_PROGRESS") {
            let status = stack.status.clone();
            return Err(still(&status));
        }
        stack.retained = input.retain_resources().to_vec();
        let gone = || steps(&["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
        let steps = self.deletions.pop_front().unwrap_or_else(gone);
        self.change_sets.clear();
        self.goes_through(steps);
        Ok(DeleteStackOutput::builder().build())
    }

    pub(super) fn continue_update_rollback(
        &mut self,
        input: input!(continue_update_rollback ContinueUpdateRollbackInput),
    ) -> Reply<ContinueUpdateRollbackOutput> {
        self.roles.extend(input.role_arn().map(str::to_owned));
        assert!(input.client_request_token().is_some());
        self.roll_back();
        Ok(ContinueUpdateRollbackOutput::builder().build())
    }

    pub(super) fn rollback_stack(
        &mut self,
        input: input!(rollback_stack RollbackStackInput),
    ) -> Reply<RollbackStackOutput> {
        self.roles.extend(input.role_arn().map(str::to_owned));
        assert!(input.client_request_token().is_some());
        self.roll_back();
        Ok(RollbackStackOutput::builder().build())
    }

    fn roll_back(&mut self) {
        let done = || steps(&["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]);
        let steps = self.rollbacks.pop_front().unwrap_or_else(done);
        self.goes_through(steps);
    }

    pub(super) fn update_termination_protection(
        &mut self,
        input: input!(update_termination_protection UpdateTerminationProtectionInput),
    ) -> Reply<UpdateTerminationProtectionOutput> {
        let wanted = input.enable_termination_protection().unwrap();
        self.named(input.stack_name())?.protected = wanted;
        Ok(UpdateTerminationProtectionOutput::builder().build())
    }
}
