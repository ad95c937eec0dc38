//! The demo's own sandbox: started with a deployed stack, and stopped after a failure.

use std::path::PathBuf;

use demo::Stage;
use sandbox::Sandbox;

use crate::connect::{Cloud, connect_sandbox, named_sandbox, sandbox_name};
use crate::failure::{Failure, Result};
use crate::programs::make_worker;
use crate::signals::wait_for_interruption;
use crate::ui::Ui;
use crate::workshop::{program, workshop};

/// The demo's sandbox.
pub(super) struct OwnSandbox {
    pub name: String,
}

impl OwnSandbox {
    pub(super) fn new() -> Self {
        let name = format!("{}-demo", sandbox_name());
        Self { name }
    }

    pub(super) fn sandbox(&self) -> Result<Sandbox> {
        named_sandbox(&self.name)
    }

    /// Returns the lock file that only one demo can hold.
    pub(super) fn lock_file(&self) -> Result<PathBuf> {
        Ok(workshop().home()?.join(format!("{}.lock", self.name)))
    }

    /// Builds the programs, starts the sandbox, and deploys the stack.
    pub(super) async fn open(&self, stage: &mut Stage, ui: &Ui) -> Result<Cloud> {
        if stage.system.has_workers() {
            let program = make_worker(&workshop().home()?.join("programs"))?;
            stage.run_in_tasks(&program);
        }
        let sandbox = stage.set_up(self.sandbox()?);
        // A kept sandbox contains old messages and an old history.
        if tokio::task::block_in_place(|| sandbox.stop())? {
            ui.note("stopped the sandbox of an earlier demo");
        }
        let cloud = connect_sandbox(sandbox, stage.stack.region.clone(), ui).await?;
        let progress = |progress| ui.progress(progress);
        let build = |functions: &[_], wanted| cloud.build_functions(functions, wanted, ui);
        let deployed = stage.deploy(&cloud.session(&progress), &build).await;
        deployed.map_err(|failure: Failure| cloud.explain(failure))?;
        Ok(cloud)
    }

    /// Stops everything after a failure or an interruption. Everything that is deployed in a sandbox ends with
    /// it. Returns notes and next steps.
    pub(super) async fn clear(&self, ui: &Ui) -> Vec<String> {
        let by_hand = format!(
            "to stop it manually: ECS_SCALER_SANDBOX={} {} local stop",
            self.name,
            program()
        );
        ui.note("stopping the demo's tasks and its sandbox, with everything deployed in it");
        let sandbox = match self.sandbox() {
            Ok(sandbox) => sandbox,
            Err(failure) => return vec![failure.message().to_owned()],
        };
        let log = sandbox.log();
        let stopping = tokio::task::spawn_blocking(move || sandbox.stop());
        let stopped = tokio::select! {
            stopped = stopping => stopped,
            () = wait_for_interruption() => {
                return vec!["interrupted again: the demo's sandbox might still be running".to_owned(), by_hand];
            }
        };
        let stopped = stopped.map_err(|error| error.to_string());
        let stopped = stopped.and_then(|stopped| stopped.map_err(|error| error.to_string()));
        match stopped {
            Ok(true) => vec![
                "its tasks, its stack and its sandbox are gone".to_owned(),
                format!("the sandbox's log: {}", workshop().shorten(&log).display()),
            ],
            Ok(false) => vec!["nothing of it is running".to_owned()],
            Err(error) => vec![
                format!("the demo's sandbox might still be running: {error}"),
                by_hand,
            ],
        }
    }
}
