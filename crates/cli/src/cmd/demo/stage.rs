//! Where the demo plays: its own sandbox with a deployed stack. Set up, and cleared away.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

use deployer::{DeployRequest, Deployment, Destroyed};
use sandbox::{Sandbox, Wanted};
use stack::Stack;

use super::Args;
use super::system::System;
use crate::connect::{Cloud, connect_sandbox, named_sandbox, sandbox_name};
use crate::failure::{Code, Failure, Result};
use crate::signals::interruption;
use crate::ui::Ui;
use crate::workshop::{WORKER, program, workshop};

/// A task on Fargate starts within these times.
///
/// Source: measurements that others published; see [`simulator::Assumptions`].
const TASK_START: &str = "23s..60s";

/// The sandbox of a demo, and what is deployed in it.
pub(super) struct Stage {
    pub system: System,
    pub stack: Stack,
    name: String,
    wanted: Wanted,
    /// Nobody else plays in this sandbox while it is held.
    _lock: File,
    cloud: Option<Cloud>,
}

impl Stage {
    /// # Errors
    /// When another demo plays there.
    pub(super) fn new(args: &Args) -> Result<Self> {
        let name = format!("{}-demo", sandbox_name());
        let task_start = TASK_START
            .parse()
            .map_err(|error: sandbox::BehaviorError| Failure::failed(error.to_string()))?;
        // What the definition warns of is what the demo shows: that scaling takes its time.
        let stack = args.system.definition()?;
        Ok(Self {
            system: args.system,
            stack,
            wanted: Wanted {
                speed: Some(args.speed),
                programs: Some(BTreeMap::new()),
                task_start: Some(task_start),
            },
            _lock: lock(&name)?,
            name,
            cloud: None,
        })
    }

    pub(super) fn sandbox_name(&self) -> &str {
        &self.name
    }

    pub(super) fn sandbox(&self) -> Result<Sandbox> {
        Ok(named_sandbox(&self.name)?.with_wanted(self.wanted.clone()))
    }

    /// # Errors
    /// When it is not open.
    pub(super) fn cloud(&self) -> Result<&Cloud> {
        let cloud = self.cloud.as_ref();
        cloud.ok_or_else(|| Failure::failed("the demo's sandbox is not started"))
    }

    /// Builds what runs, starts the sandbox, deploys the stack.
    pub(super) async fn open(&mut self, ui: &Ui) -> Result<()> {
        if self.system.has_workers() {
            let program =
                tokio::task::block_in_place(|| workshop().build_worker(&|text| ui.note(text)))?;
            // The container is called as the package is.
            self.wanted.programs = Some(BTreeMap::from([(WORKER.to_owned(), program)]));
        }
        // One that was kept holds old messages and an old history.
        let before = self.sandbox()?;
        if tokio::task::block_in_place(|| before.stop())? {
            ui.note("stopped the sandbox of an earlier demo");
        }
        let cloud = connect_sandbox(self.sandbox()?, self.stack.region.clone(), ui).await?;
        let cloud = self.cloud.insert(cloud);
        let deployed = deploy(cloud, self.stack.clone(), ui).await;
        deployed.map_err(|failure| cloud.explain(failure))?;
        Ok(())
    }

    /// Takes the stack away, with proof, and stops the sandbox.
    pub(super) async fn close(&mut self, ui: &Ui) -> Result<Destroyed> {
        ui.note("taking the stack away");
        let progress = |progress| ui.progress(progress);
        let session = self.cloud()?.session(&progress);
        let destroyed =
            deployer::destroy(&session, &self.stack.name, true, &mut |_| Ok(())).await?;
        ui.note("stopping the sandbox");
        let sandbox = self.sandbox()?;
        tokio::task::block_in_place(|| sandbox.stop())?;
        Ok(destroyed)
    }

    /// Ends everything after a failure or an interruption: what is deployed in a sandbox ends with it.
    /// Gives what is to be known or done.
    pub(super) async fn clear(&self, ui: &Ui) -> Vec<String> {
        let by_hand = format!(
            "to stop it by hand: ECS_SCALER_SANDBOX={} {} local stop",
            self.name,
            program()
        );
        ui.note("stopping the demo's tasks and sandbox; what is deployed in it goes with it");
        let sandbox = match self.sandbox() {
            Ok(sandbox) => sandbox,
            Err(failure) => return vec![failure.message().to_owned()],
        };
        let log = sandbox.log();
        let stopping = tokio::task::spawn_blocking(move || sandbox.stop());
        let stopped = tokio::select! {
            stopped = stopping => stopped,
            () = interruption() => {
                return vec!["interrupted again: the demo's sandbox may still run".to_owned(), by_hand];
            }
        };
        match stopped {
            Ok(Ok(true)) => vec![
                "its tasks, its stack and its sandbox are gone".to_owned(),
                format!("the sandbox's log: {}", workshop().shorten(&log).display()),
            ],
            Ok(Ok(false)) => vec!["nothing of it runs".to_owned()],
            Ok(Err(error)) => vec![
                format!("the demo's sandbox may still run: {error}"),
                by_hand,
            ],
            Err(error) => vec![
                format!("the demo's sandbox may still run: {error}"),
                by_hand,
            ],
        }
    }
}

async fn deploy(cloud: &Cloud, stack: Stack, ui: &Ui) -> Result<Deployment> {
    let request = DeployRequest {
        stack,
        in_sandbox: true,
        allow_loss: true,
        now: SystemTime::now(),
    };
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let build = |functions: &[_], wanted| cloud.build_functions(functions, wanted, ui);
    deployer::deploy_stack(&session, &request, &build, &mut |_| true).await
}

/// Taken until the process ends, however it ends.
fn lock(name: &str) -> Result<File> {
    let home = workshop().home()?;
    let path = home.join(format!("{name}.lock"));
    let failed = |error: std::io::Error| {
        Failure::failed(format!("failed to lock {}: {error}", path.display()))
    };
    std::fs::create_dir_all(&home).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Failure::new(
            Code::Refused,
            "a demo is already running in this folder of sandboxes",
        )
        .hint("wait for its end, or give this one a sandbox of its own: ECS_SCALER_SANDBOX=NAME")),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Writes the report.
pub(super) fn write_report(path: &Path, page: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        let shown = path.display();
        Failure::failed(format!("failed to write the report {shown}: {error}"))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, page).map_err(failed)
}
