//! The stage of the demo: a stack in its own sandbox.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::SystemTime;

use deployer::{BuildFunctions, DeployRequest, Deployment, Destroyed, Progress, Session};
use sandbox::{Sandbox, Speed, Tracking, Wanted};
use scaling::TrackingBehavior;
use stack::Stack;

use crate::error::{Error, Result};
use crate::system::System;

/// Range of the start time of a Fargate task.
///
/// Source: measurements that others published; see [`simulator::Assumptions`].
const TASK_START: &str = "23s..60s";

/// The stack of a demo, and its requirements for the sandbox.
#[derive(Debug)]
pub struct Stage {
    /// Which system it shows.
    pub system: System,
    /// How many times faster than real time the sandbox's minutes are.
    pub speed: Speed,
    /// The deployed definition.
    pub stack: Stack,
    wanted: Wanted,
    /// Held while this demo uses the sandbox, to exclude other demos.
    _lock: File,
}

impl Stage {
    /// Reads the system's definition, and locks the file `lock` until the stage is dropped.
    ///
    /// # Errors
    /// If another demo holds the lock.
    pub fn new(system: System, speed: Speed, lock: &Path) -> Result<Self> {
        Ok(Self {
            system,
            speed,
            // The definition's warnings are what the demo shows: scaling takes time.
            stack: system.definition()?,
            wanted: Wanted {
                speed: Some(speed),
                programs: Some(BTreeMap::new()),
                task_start: Some(TASK_START.parse()?),
                tracking: Some(Tracking::default()),
            },
            _lock: take_lock(lock)?,
        })
    }

    /// Lets the tasks of all services run a program.
    pub fn run_in_tasks(&mut self, program: &Path) {
        // A service's container has the service's name.
        let services = self.stack.services.iter();
        let programs = services.map(|(name, _)| (name.clone(), program.to_owned()));
        self.wanted.programs = Some(programs.collect());
    }

    /// Makes target tracking behave in this way.
    pub fn track(&mut self, behavior: TrackingBehavior) {
        self.wanted.tracking = Some(Tracking(behavior));
    }

    /// Returns the sandbox with the demo's behavior.
    #[must_use]
    pub fn set_up(&self, sandbox: Sandbox) -> Sandbox {
        sandbox.with_wanted(self.wanted.clone())
    }

    /// Deploys the stack.
    ///
    /// # Errors
    /// If the deployment fails; see [`deployer::deploy_stack`].
    pub async fn deploy<E: From<deployer::Error>>(
        &self,
        session: &Session<'_>,
        build: &BuildFunctions<'_, E>,
    ) -> Result<Deployment, E> {
        let request = DeployRequest {
            stack: self.stack.clone(),
            in_sandbox: true,
            allow_downgrade: false,
            reviewed: None,
            allow_loss: true,
            now: SystemTime::now(),
        };
        deployer::deploy_stack(session, &request, build, &mut |_| true).await
    }

    /// Deletes the stack, verifies that no resources remain, and stops the sandbox.
    ///
    /// # Errors
    /// If the stack can't be deleted, or the sandbox can't be stopped.
    pub async fn close(&self, session: &Session<'_>, sandbox: &Sandbox) -> Result<Destroyed> {
        let note = |text: &str| (session.progress)(Progress::Note { text: text.into() });
        note("deleting the stack");
        let options = deployer::DestroyOptions {
            force: true,
            ..Default::default()
        };
        let destroyed =
            deployer::destroy(session, &self.stack.name, &options, &mut |_| Ok(())).await?;
        note("stopping the sandbox");
        tokio::task::block_in_place(|| sandbox.stop())?;
        Ok(destroyed)
    }
}

/// Held until the file is closed, regardless of how the process ends.
fn take_lock(path: &Path) -> Result<File> {
    let failed = |source| Error::Lock {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = File::create(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::AlreadyRunning),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_demo_at_a_time_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("home/default-demo.lock");
        let stage = |system| Stage::new(system, Speed::REAL, &lock);
        let first = stage(System::Backlog).unwrap();
        let error = stage(System::AlarmSteps).unwrap_err();
        assert!(matches!(error, Error::AlreadyRunning) && error.hint().is_some());
        drop(first);
        stage(System::AlarmSteps).unwrap();
    }
}
