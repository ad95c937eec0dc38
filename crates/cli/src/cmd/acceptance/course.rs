//! The steps of a run. Each can be repeated: an interrupted run continues with its current step.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use deployer::{DeployRequest, Deployment, DestroyOptions, Drift, Observed, Session, aws};

use super::definition::{MAX, MESSAGES, QUEUE, read};
use super::record::{Done, Record, Step};
use crate::connect::Cloud;
use crate::failure::{Failure, Result};
use crate::ui::Ui;

/// How long the service can take to scale. Removing a task takes longest, because arrivals must be known for a
/// while.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Time between two checks of the counts.
const PAUSE: Duration = Duration::from_secs(2);

/// The context of the steps.
pub(super) struct Course<'c> {
    pub(super) cloud: &'c Cloud,
    pub(super) session: &'c Session<'c>,
    pub(super) ui: &'c Ui,
    /// The file with the record.
    pub(super) file: &'c Path,
}

impl Course<'_> {
    /// Takes the steps that the record doesn't contain yet. Records a step that fails. In that case, the stack is
    /// also destroyed.
    ///
    /// # Errors
    /// If the stack can't be destroyed, or the record can't be written.
    pub(super) async fn run(&self, record: &mut Record) -> Result<()> {
        for step in Step::ALL {
            let is_skipped = record.failure.is_some() && step != Step::Destroy;
            if is_skipped || record.is_done(step) {
                continue;
            }
            self.ui.note(step.describe());
            let start = Instant::now();
            match self.take(step, &record.stack).await {
                Ok(seen) => record.steps.push(Done {
                    step,
                    seconds: start.elapsed().as_secs_f64(),
                    seen,
                }),
                Err(failure) if step == Step::Destroy || self.session.is_interrupted() => {
                    return Err(failure);
                }
                Err(failure) => {
                    let why = format!("can't {}: {}", step.describe(), failure.message());
                    self.ui.note(&why);
                    record.failure = Some(why);
                }
            }
            record.write(self.file)?;
        }
        Ok(())
    }

    /// Takes a step, and returns what it observed.
    async fn take(&self, step: Step, name: &str) -> Result<String> {
        match step {
            Step::Deploy => {
                let deployment = self.deploy(name, 1).await?;
                let count = deployment.deployed.plan.changes.len();
                Ok(format!(
                    "{count} resources, checked through their services' APIs"
                ))
            }
            Step::ScaleOut => self.scale_out(name).await,
            Step::ScaleIn => self.scale_in(name).await,
            Step::Update => self.update(name).await,
            Step::Drift => self.disable_and_repair(name).await,
            Step::Destroy => self.destroy(name).await,
        }
    }

    async fn deploy(&self, name: &str, round: u32) -> Result<Deployment> {
        let request = DeployRequest {
            stack: read(name, round)?,
            in_sandbox: self.cloud.local,
            allow_loss: false,
            allow_downgrade: false,
            reviewed: None,
            now: SystemTime::now(),
        };
        let build =
            |functions: &[_], wanted| self.cloud.build_functions(functions, wanted, self.ui);
        let mut confirm = |_: &_| !self.session.is_interrupted();
        deployer::deploy_stack::<Failure>(self.session, &request, &build, &mut confirm).await
    }

    async fn scale_out(&self, name: &str) -> Result<String> {
        let url = self.queue_url(name).await?;
        for number in 0..MESSAGES {
            let send = self.session.clients.sqs.send_message().queue_url(&url);
            let sent = send.message_body(format!("acceptance {number}")).send();
            sent.await.map_err(aws("send a message"))?;
        }
        let seconds = self.wait_for_tasks(name, MAX).await?;
        Ok(format!(
            "{MESSAGES} messages, {MAX} running tasks after {seconds:.0} s"
        ))
    }

    async fn scale_in(&self, name: &str) -> Result<String> {
        let url = self.queue_url(name).await?;
        let purge = self.session.clients.sqs.purge_queue().queue_url(&url);
        if let Err(error) = purge.send().await {
            // The interrupted run might have started it: SQS allows one per minute.
            let is_purged = error
                .as_service_error()
                .is_some_and(|error| error.is_purge_queue_in_progress());
            if !is_purged {
                return Err(aws("purge the queue")(error).into());
            }
        }
        let seconds = self.wait_for_tasks(name, 1).await?;
        Ok(format!("no messages, 1 running task after {seconds:.0} s"))
    }

    async fn update(&self, name: &str) -> Result<String> {
        let deployment = self.deploy(name, 2).await?;
        let again = self.deploy(name, 2).await?;
        if again.deployed.changed {
            return Err(Failure::failed(
                "a second deploy of the same definition changed something",
            ));
        }
        let count = deployment.deployed.plan.changes.len();
        Ok(format!("{count} changes; a second deploy changed nothing"))
    }

    async fn disable_and_repair(&self, name: &str) -> Result<String> {
        let stack = self.observe(name).await?;
        let resources = deployer::resources(self.session, &stack).await?;
        let mut rules = resources.iter();
        let rule = rules.find(|resource| resource.resource_type == "AWS::Events::Rule");
        let rule = rule.ok_or_else(|| Failure::failed("the stack has no rule"))?;
        let disable = self.session.clients.eventbridge.disable_rule();
        let disabled = disable.name(&rule.physical_id).send().await;
        disabled.map_err(aws("disable the rule"))?;
        let is_rule = |drift: &Drift| {
            let mut found = drift.findings.iter();
            found.any(|finding| finding.logical_id == rule.logical_id)
        };
        if !is_rule(&deployer::find_drift(self.session, &stack).await?) {
            return Err(Failure::failed("the disabled rule wasn't found"));
        }
        self.deploy(name, 2).await?;
        let stack = self.observe(name).await?;
        if is_rule(&deployer::find_drift(self.session, &stack).await?) {
            return Err(Failure::failed("the disabled rule wasn't repaired"));
        }
        Ok(format!(
            "{} was disabled, found, and enabled again",
            rule.logical_id
        ))
    }

    async fn destroy(&self, name: &str) -> Result<String> {
        let options = DestroyOptions {
            force: true,
            ..DestroyOptions::default()
        };
        let destroyed = deployer::destroy(self.session, name, &options, &mut |_| Ok(())).await?;
        Ok(format!(
            "{} resources checked through their services' APIs: none remain",
            destroyed.remains.gone
        ))
    }

    async fn observe(&self, name: &str) -> Result<Observed> {
        let observed = deployer::observe_ours(self.session, name).await?;
        observed.ok_or_else(|| Failure::failed(format!("the stack {name} is gone")))
    }

    async fn queue_url(&self, name: &str) -> Result<String> {
        let stack = self.observe(name).await?;
        let resources = deployer::resources(self.session, &stack).await?;
        let id = template::names::queue(QUEUE);
        let queue = resources.into_iter().find(|one| one.logical_id == id);
        let queue = queue.ok_or_else(|| Failure::failed("the stack has no queue"))?;
        Ok(queue.physical_id)
    }

    /// Waits until the service's desired and running counts have this value, and returns the seconds that it
    /// took.
    async fn wait_for_tasks(&self, name: &str, wanted: u32) -> Result<f64> {
        let start = Instant::now();
        let mut last = (None, None);
        while start.elapsed() < PATIENCE {
            let inspection = deployer::inspect(self.session, name, SystemTime::now()).await?;
            let service = inspection.and_then(|inspection| inspection.services.into_iter().next());
            let service =
                service.ok_or_else(|| Failure::failed(format!("{name} has no service")))?;
            let counts = (service.desired, service.running);
            if counts == (Some(wanted), Some(wanted)) {
                return Ok(start.elapsed().as_secs_f64());
            }
            if counts != last {
                let show = |count: Option<u32>| count.map_or("?".into(), |count| count.to_string());
                let (desired, running) = (show(counts.0), show(counts.1));
                self.ui
                    .note(&format!("{desired} tasks wanted, {running} running"));
                last = counts;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Failure::failed(format!(
            "the service doesn't reach {wanted} running tasks within {} min",
            PATIENCE.as_secs() / 60
        )))
    }
}
