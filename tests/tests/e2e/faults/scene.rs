//! A stack behind a proxy, and the state that a fault must preserve.

use std::panic::Location;
use std::path::Path;

use aws_sdk_cloudformation::types::ChangeSetType;
use e2e::{Bench, Cloud, Ended, Resources, Run, TestStack, edited, small, until};
use fault_proxy::{Proxy, Rule};

use super::BOUND;

/// The product's commands, with functions that run unchanged in the sandbox.
pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_ecs-scaler-native");
/// Number of messages in the queue during the fault.
const MESSAGES: usize = 3;

/// A stack, and a proxy for its commands.
pub(super) struct Scene {
    pub(super) bench: Bench,
    /// The sandbox without the proxy.
    pub(super) cloud: Cloud,
    pub(super) proxy: Proxy,
    pub(super) stack: TestStack,
    pub(super) definition: String,
}

impl Scene {
    /// Creates a scene in which nothing is deployed yet.
    pub(super) async fn new(label: &str) -> Self {
        Self::in_region(label, "us-east-1").await
    }

    /// Creates a scene in which nothing is deployed yet, in the test's own region.
    pub(super) async fn in_region(label: &str, region: &'static str) -> Self {
        Self::on(Bench::open(), label, region).await
    }

    /// Creates a scene in which nothing is deployed yet, in any sandbox.
    pub(super) async fn on(bench: Bench, label: &str, region: &'static str) -> Self {
        let stack = TestStack::in_region(&bench, label, Some(region));
        let definition = format!("{}region: {region}\n", small(&stack.name));
        stack.write(&definition);
        Self {
            cloud: Cloud::in_region(&bench, region).await,
            proxy: Proxy::start(bench.endpoint()).await,
            bench,
            stack,
            definition,
        }
    }

    /// Creates a scene with the deployed stack, whose queue has [`MESSAGES`] messages.
    pub(super) async fn deployed(label: &str) -> (Self, Kept) {
        Self::new(label).await.into_deployed().await
    }

    /// Deploys the stack, and sends the messages.
    pub(super) async fn into_deployed(self) -> (Self, Kept) {
        let _ = self.deploy().await.succeeds();
        let kept = self.keep().await;
        self.proxy.clear();
        (self, kept)
    }

    /// Sends the messages that must still exist afterward.
    pub(super) async fn keep(&self) -> Kept {
        let resources = self.cloud.resources(&self.stack.name).await;
        self.cloud.send(resources.id("JobsQueue"), MESSAGES).await;
        Kept { resources }
    }

    /// Drops hanging requests.
    pub(super) async fn renew_proxy(&mut self) {
        self.proxy = Proxy::start(self.bench.endpoint()).await;
    }

    /// Returns a run of a command (one word, or two) through the proxy, with credentials that the sandbox accepts.
    pub(super) fn run(&self, command: &str, more: &[&str]) -> Run {
        let file = self.stack.file().display().to_string();
        let endpoint = self.proxy.url();
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.extend([file.as_str(), "--endpoint-url", endpoint.as_str()]);
        arguments.extend_from_slice(more);
        with_credentials(self.bench.run_program(Path::new(PROGRAM), &arguments))
    }

    pub(super) async fn deploy(&self) -> Ended {
        self.run("deploy", &["--yes"]).end().await
    }

    /// Changes the definition so that CloudFormation updates the queue in place.
    pub(super) fn edit(&self) {
        self.edit_to(7);
    }

    /// Changes the queue's visibility timeout.
    pub(super) fn edit_to(&self, minutes: u32) {
        let queue = format!("jobs: {{visibility_timeout: {minutes}m}}");
        self.stack
            .write(&edited(&self.definition, "jobs: {}", &queue));
    }

    /// Injects a rule, and deploys [`Scene::edit`].
    pub(super) async fn update_with(&self, rule: Rule) -> Ended {
        self.edit();
        self.proxy.inject(rule);
        self.deploy().await
    }

    pub(super) async fn status(&self) -> Option<String> {
        self.cloud.stack_status(&self.stack.name).await
    }

    /// Returns the names of the stack's change sets that could be executed.
    pub(super) async fn list_change_sets(&self) -> Vec<String> {
        let request = self.cloud.clients.cloudformation.list_change_sets();
        let reply = request.stack_name(&self.stack.name).send().await.unwrap();
        let sets = reply.summaries().iter();
        sets.filter(|set| {
            set.execution_status()
                .is_some_and(|status| status.as_str() == "AVAILABLE")
        })
        .map(|set| set.change_set_name().unwrap_or_default().to_owned())
        .collect()
    }

    /// Empties a bucket, if an earlier run has created it.
    pub(super) async fn delete_objects(&self, bucket: &str) {
        let s3 = &self.cloud.clients.s3;
        let Ok(listed) = s3.list_objects_v2().bucket(bucket).send().await else {
            return;
        };
        for object in listed.contents() {
            let request = s3.delete_object().bucket(bucket);
            request.key(object.key().unwrap()).send().await.unwrap();
        }
    }

    /// Deploys a template under the stack's name, like another tool.
    pub(super) async fn create_foreign(&self, template: &str) {
        let client = &self.cloud.clients.cloudformation;
        let request = client.create_change_set().stack_name(&self.stack.name);
        let request = request
            .change_set_name("theirs")
            .change_set_type(ChangeSetType::Create);
        let planned = request.template_body(template).send().await.unwrap();
        let request = client.execute_change_set();
        request
            .change_set_name(planned.id().unwrap())
            .send()
            .await
            .unwrap();
        let done = async || {
            self.status()
                .await
                .filter(|status| status == "CREATE_COMPLETE")
        };
        until("their stack", BOUND, done).await;
    }

    pub(super) async fn delete_foreign(&self) {
        let request = self.cloud.clients.cloudformation.delete_stack();
        request.stack_name(&self.stack.name).send().await.unwrap();
        let gone = async || self.status().await.is_none().then_some(());
        until("the end of their stack", BOUND, gone).await;
    }
}

/// The state of the stack before the fault.
pub(super) struct Kept {
    pub(super) resources: Resources,
}

impl Kept {
    /// Asserts that the stack's resources are the same ones, and that no message is lost.
    #[track_caller]
    pub(super) fn assert(&self, scene: &Scene) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let now = scene.cloud.resources(&scene.stack.name).await;
            assert_eq!(now, self.resources, "at {caller}");
            self.assert_messages_at(scene, caller).await;
        }
    }

    /// Asserts that no message is lost. Resources that hold nothing can have been replaced.
    #[track_caller]
    pub(super) fn assert_messages(&self, scene: &Scene) -> impl Future<Output = ()> {
        self.assert_messages_at(scene, Location::caller())
    }

    async fn assert_messages_at(&self, scene: &Scene, caller: &Location<'_>) {
        let messages = self.attribute(scene, "ApproximateNumberOfMessages").await;
        assert_eq!(messages, MESSAGES.to_string(), "at {caller}");
    }

    /// Whether the update of [`Scene::edit`] has reached the queue.
    pub(super) async fn is_updated(&self, scene: &Scene) -> bool {
        self.attribute(scene, "VisibilityTimeout").await == "420"
    }

    /// Returns an attribute of the queue.
    pub(super) async fn attribute(&self, scene: &Scene, name: &str) -> String {
        let queue = scene.cloud.queue(self.resources.id("JobsQueue")).await;
        queue.unwrap()[name].clone()
    }
}

/// Returns a run with credentials that the sandbox accepts, without the user's configuration.
pub(super) fn with_credentials(run: Run) -> Run {
    run.env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}
