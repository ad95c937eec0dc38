//! The life cycle of LocalStack and its emulators: install, start, find, stop.

mod launch;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::behavior::{Behavior, Wanted};
use crate::companion::{self, DRAIN_PATIENCE};
use crate::error::Result;
use crate::lock::Lock;
use crate::port::is_healthy;
use crate::process::Identity;
use crate::provenance::provenance;
use crate::record::Record;
use crate::space::require_space;
use crate::strays::find_strays;
use crate::venv::Venv;

/// The location of a sandbox.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of all sandboxes of the checkout, `.sandbox`. It is created if it doesn't exist.
    pub home: PathBuf,
    /// The name of this sandbox. Two sandboxes share only the installation.
    pub name: String,
    /// Folder of the plugin, `crates/sandbox/localstack-plugin`.
    pub plugin: PathBuf,
    /// Executable with the commands that run the emulators. `None`: no task is started (the number of tasks
    /// follows the desired count), and policies have no effect.
    pub emulators: Option<PathBuf>,
    /// The requested behavior. A running sandbox that behaves differently is replaced.
    pub wanted: Wanted,
}

/// A sandbox, running or not.
#[derive(Clone, Debug)]
pub struct Sandbox {
    settings: Settings,
}

/// A running sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Running {
    /// Endpoint of every service.
    pub endpoint_url: String,
    /// Process ID of LocalStack.
    pub pid: u32,
    /// Its log.
    pub log: PathBuf,
    /// Whether it was already running.
    pub reused: bool,
    /// Process ID of the emulators, if they are running.
    pub emulators: Option<u32>,
    /// How it behaves.
    pub behavior: Behavior,
}

/// The status of a sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SandboxStatus {
    /// It responds.
    Running(Running),
    /// Its process is running but doesn't respond.
    Unresponsive {
        /// Process ID of LocalStack.
        pid: u32,
        /// Its log.
        log: PathBuf,
    },
    /// It isn't running.
    Stopped {
        /// Whether LocalStack is installed.
        installed: bool,
    },
}

/// How long a process has to stop before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// Disk space in bytes that a starting sandbox needs, with a small reserve.
const SPACE: u64 = 20_000_000;
/// Size of LocalStack's Python environment, in bytes.
const INSTALLED_SPACE: u64 = 800_000_000;

impl Sandbox {
    /// Creates the sandbox with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Returns the same sandbox with a requested behavior. A running sandbox that behaves differently is
    /// replaced.
    #[must_use]
    pub fn with_wanted(mut self, wanted: Wanted) -> Self {
        self.settings.wanted = wanted;
        self
    }

    /// Starts the sandbox, or returns the running one. Installs LocalStack on first use. Replaces a process
    /// that no longer responds, that was started from an older checkout, or that behaves differently than
    /// requested. If only the tasks differ, replaces only the emulators.
    ///
    /// # Errors
    /// If LocalStack can't be installed or doesn't become ready, if the start is interrupted, or if the emulators can't
    /// be started.
    pub fn start(&self, note: &dyn Fn(&str), is_interrupted: &dyn Fn() -> bool) -> Result<Running> {
        let _lock = Lock::take_noting(&self.folder().join("lock"), || {
            note("waiting for another command that starts or stops this sandbox");
        })?;
        let made_from = provenance(&self.settings.plugin)?;
        let record = Record::read(&self.record_file());
        // A killed command leaves a stray process only if the record misses a process.
        if !record.as_ref().is_some_and(Record::is_alive) {
            self.end_strays(record.as_ref());
        }
        let running = record.as_ref().filter(|record| record.process.is_some());
        let present = running.map_or_else(Behavior::default, |record| record.behavior.clone());
        let behavior = self.settings.wanted.apply_to(&present);
        let kept = match running {
            Some(record) => self.keep_or_end(record, &made_from, &behavior, note)?,
            None => None,
        };
        let (mut record, reused) = match kept {
            Some(record) => (record, true),
            None => {
                require_space(&self.folder(), SPACE)?;
                self.install(note)?;
                note("starting LocalStack");
                let port = record.map(|record| record.port);
                (
                    self.launch_on_a_free_port(port, &made_from, &behavior, is_interrupted)?,
                    false,
                )
            }
        };
        self.ensure_emulators(&mut record, behavior, note)?;
        Ok(self.running(&record, reused))
    }

    /// Stops processes of a command that was killed before it recorded them.
    fn end_strays(&self, record: Option<&Record>) {
        let emulators = record.and_then(|record| record.emulators.as_ref());
        let known: Vec<Identity> = record
            .and_then(|record| record.process)
            .into_iter()
            .chain(emulators.map(|emulators| emulators.process))
            .collect();
        for stray in find_strays(&self.folder(), &known) {
            stray.end(STOP_PATIENCE);
        }
    }

    /// Returns the record of a LocalStack that can be kept. `None` after one was stopped.
    fn keep_or_end(
        &self,
        record: &Record,
        made_from: &str,
        behavior: &Behavior,
        note: &dyn Fn(&str),
    ) -> Result<Option<Record>> {
        let Some(process) = record.process else {
            return Ok(None);
        };
        let alive = process.is_alive();
        let as_fast = record.behavior.speed == behavior.speed;
        let current = record.made_from == made_from && self.environment().is_ready()?;
        if alive && as_fast && current && is_healthy(record.port) {
            return Ok(Some(record.clone()));
        }
        if alive && !as_fast {
            note(&format!(
                "replacing the sandbox of speed {} by one of speed {}; its deployed stacks are gone",
                record.behavior.speed, behavior.speed
            ));
        } else if alive {
            note("replacing a sandbox that doesn't respond or is out of date");
        }
        if let Some(emulators) = &record.emulators {
            emulators.process.end(DRAIN_PATIENCE);
        }
        process.end(STOP_PATIENCE);
        Ok(None)
    }

    /// Starts or keeps emulators with this behavior.
    fn ensure_emulators(
        &self,
        record: &mut Record,
        behavior: Behavior,
        note: &dyn Fn(&str),
    ) -> Result<()> {
        let Some(executable) = &self.settings.emulators else {
            return Ok(());
        };
        record.behavior = behavior;
        let wanted = companion::Command {
            executable,
            folder: &self.folder(),
            port: record.port,
            behavior: &record.behavior,
        };
        let before = record.emulators.take();
        let after = companion::ensure(&wanted, before, note)?;
        let process = after.process;
        record.emulators = Some(after);
        let written = record.write(&self.record_file());
        if written.is_err() {
            process.end(STOP_PATIENCE);
        }
        written
    }

    /// Installs LocalStack and its dependencies, unless they are already installed.
    ///
    /// # Errors
    /// If Python, network access, or disk space is missing.
    pub fn install(&self, note: &dyn Fn(&str)) -> Result<()> {
        let what =
            "installing LocalStack into .sandbox (first use; about a minute, 104 MB from PyPI)";
        if !self.environment().is_ready()? {
            require_space(&self.settings.home, INSTALLED_SPACE)?;
        }
        self.environment().ensure(note, what)
    }

    /// Stops the sandbox. Its tasks stop first, with their stop timeout. Its deployed stacks are deleted.
    /// Succeeds if the sandbox isn't running.
    ///
    /// # Errors
    /// If its record can't be written.
    pub fn stop(&self) -> Result<bool> {
        let _lock = Lock::take(&self.folder().join("lock"))?;
        let record = Record::read(&self.record_file());
        self.end_strays(record.as_ref());
        let Some(mut record) = record else {
            return Ok(false);
        };
        let was_alive = record.process.is_some_and(Identity::is_alive);
        if let Some(emulators) = record.emulators.take() {
            emulators.process.end(DRAIN_PATIENCE);
        }
        if let Some(process) = record.process.take() {
            process.end(STOP_PATIENCE);
        }
        record.write(&self.record_file())?;
        Ok(was_alive)
    }

    /// Reads the status.
    ///
    /// # Errors
    /// If the lock files can't be read.
    pub fn read_status(&self) -> Result<SandboxStatus> {
        let record = Record::read(&self.record_file());
        let alive = record
            .as_ref()
            .and_then(|r| Some((r, r.process.filter(|p| p.is_alive())?)));
        Ok(match alive {
            Some((record, _)) if is_healthy(record.port) => {
                SandboxStatus::Running(self.running(record, true))
            }
            Some((_, process)) => SandboxStatus::Unresponsive {
                pid: process.pid,
                log: self.log(),
            },
            None => SandboxStatus::Stopped {
                installed: self.environment().is_ready()?,
            },
        })
    }

    /// Returns LocalStack's Python environment, which also contains `cfn-lint`.
    #[must_use]
    pub fn environment(&self) -> Venv {
        let lock = |name: &str| self.settings.plugin.join(name);
        Venv::new(
            self.settings.home.join("venv"),
            vec![lock("requirements-build.txt"), lock("requirements.txt")],
            self.settings.home.join("install.log"),
        )
    }

    fn folder(&self) -> PathBuf {
        self.settings.home.join(&self.settings.name)
    }

    /// Returns LocalStack's log. The previous start's log is kept next to it.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder().join("localstack.log")
    }

    /// Returns the folder of the tasks' output: `<service>/<task ID>.log`.
    #[must_use]
    pub fn task_logs(&self) -> PathBuf {
        companion::task_logs(&self.folder())
    }

    fn running(&self, record: &Record, reused: bool) -> Running {
        let emulators = record.emulators.as_ref();
        Running {
            endpoint_url: endpoint_url(record.port),
            pid: record.process.map_or(0, |process| process.pid),
            log: self.log(),
            reused,
            emulators: emulators
                .filter(|emulators| emulators.process.is_alive())
                .map(|emulators| emulators.process.pid),
            behavior: record.behavior.clone(),
        }
    }

    fn record_file(&self) -> PathBuf {
        self.folder().join("record.json")
    }
}

fn endpoint_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::strays::MARK;

    fn sandbox(home: &Path) -> Sandbox {
        let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack-plugin");
        Sandbox::new(Settings {
            home: home.to_owned(),
            name: "test".to_owned(),
            plugin,
            emulators: None,
            wanted: Wanted::default(),
        })
    }

    #[test]
    fn what_never_ran_is_stopped_and_stopping_it_is_fine() {
        let home = tempfile::tempdir().unwrap();
        let sandbox = sandbox(home.path());
        assert_eq!(
            sandbox.read_status().unwrap(),
            SandboxStatus::Stopped { installed: false }
        );
        assert!(!sandbox.stop().unwrap());
    }

    /// A command that is killed after it starts LocalStack, but before it writes the record, leaves a process
    /// without a record.
    #[test]
    fn a_process_without_a_record_is_ended() {
        let home = tempfile::tempdir().unwrap();
        let sandbox = sandbox(home.path());
        let mut left = Command::new("sleep")
            .arg("60")
            .env(MARK, sandbox.folder())
            .process_group(0)
            .spawn()
            .unwrap();
        let process = Identity::find(left.id()).unwrap();
        sandbox.stop().unwrap();
        assert!(!process.is_alive());
        left.wait().unwrap();
    }

    /// Emulators that an earlier version left running have another command name.
    #[test]
    fn the_emulators_of_an_earlier_version_are_stopped() {
        let home = tempfile::tempdir().unwrap();
        let sandbox = sandbox(home.path());
        let mut left = Command::new("sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .unwrap();
        let process = Identity::find(left.id()).unwrap();
        let record = serde_json::json!({
            "port": 1,
            "process": null,
            "made_from": "",
            "stand_ins": {"process": process, "made_from": ""},
        });
        fs::create_dir_all(sandbox.folder()).unwrap();
        fs::write(sandbox.record_file(), record.to_string()).unwrap();
        sandbox.stop().unwrap();
        assert!(!process.is_alive());
        left.wait().unwrap();
    }
}
