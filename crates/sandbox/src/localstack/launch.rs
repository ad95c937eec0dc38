//! The process of LocalStack: its environment, its start, and the wait until it responds.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::behavior::Behavior;
use crate::error::{Error, Result};
use crate::port::{free_port, is_healthy};
use crate::process::Identity;
use crate::record::Record;
use crate::strays::MARK;
use crate::venv::last_lines;

use super::{STOP_PATIENCE, Sandbox};

/// The first start compiles LocalStack's Python files, which takes some time on a slow machine.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// Number of attempts to start, because another process can take a free port just before LocalStack does.
const ATTEMPTS: u32 = 3;

impl Sandbox {
    /// Starts LocalStack and records it. Prefers the recorded port.
    pub(super) fn launch_on_a_free_port(
        &self,
        remembered: Option<u16>,
        made_from: &str,
        behavior: &Behavior,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<Record> {
        let mut preferred = remembered;
        let mut attempt = 1;
        loop {
            let port = free_port(preferred.take())?;
            match self.launch(port, made_from, behavior, is_interrupted) {
                Ok(record) => return Ok(record),
                Err(error) if attempt == ATTEMPTS || !self.port_was_taken() => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    fn port_was_taken(&self) -> bool {
        let log = last_lines(&self.log(), 50).to_lowercase();
        log.contains("already in use") || log.contains("couldn't listen")
    }

    fn launch(
        &self,
        port: u16,
        made_from: &str,
        behavior: &Behavior,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<Record> {
        let mut child =
            self.command(port, behavior)?
                .spawn()
                .map_err(|error| Error::NotStarted {
                    detail: error.to_string(),
                    log: self.log(),
                })?;
        let process = Identity::find(child.id());
        let record = Record {
            port,
            process,
            made_from: made_from.to_owned(),
            behavior: behavior.clone(),
            emulators: None,
        };
        if let Err(error) = record.write(&self.record_file()) {
            if let Some(process) = process {
                process.end(STOP_PATIENCE);
            }
            return Err(error);
        }
        let begin = Instant::now();
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                let detail = format!("it ended with {status}: {}", last_lines(&self.log(), 5));
                return Err(Error::NotStarted {
                    detail,
                    log: self.log(),
                });
            }
            if is_healthy(port) {
                return Ok(record);
            }
            let is_interrupted = is_interrupted();
            if is_interrupted || begin.elapsed() > START_PATIENCE {
                if let Some(process) = process {
                    process.end(STOP_PATIENCE);
                }
                if is_interrupted {
                    return Err(Error::Interrupted);
                }
                let detail = format!("no answer on port {port} within {START_PATIENCE:?}");
                return Err(Error::NotStarted {
                    detail,
                    log: self.log(),
                });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Doesn't inherit the user's environment: no AWS credentials, no LocalStack settings. Its own process
    /// group protects it from the terminal's Ctrl-C.
    fn command(&self, port: u16, behavior: &Behavior) -> Result<Command> {
        let folder = self.folder();
        // LocalStack's index of plugins compares file times by the minute, so an old index can outlive a
        // change.
        for stale in ["cache", "home", "tmp", "filesystem", "volume"] {
            let path = folder.join(stale);
            if path.exists() {
                fs::remove_dir_all(&path).map_err(Error::file("clear", &path))?;
            }
            fs::create_dir_all(&path).map_err(Error::file("make the folder", &path))?;
        }
        let log = self.log();
        if log.exists() {
            let before = log.with_extension("log.before");
            fs::rename(&log, &before).map_err(Error::file("write", &before))?;
        }
        let out = fs::File::create(&log).map_err(Error::file("write", &log))?;
        let err = out.try_clone().map_err(Error::file("write", &log))?;
        let listen = format!("127.0.0.1:{port}");
        let mut command = Command::new(self.environment().program("python"));
        command
            .args(["-m", "localstack.runtime.main"])
            .current_dir(&folder)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("PYTHONPATH", self.settings.plugin.join("src"))
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("HOME", folder.join("home"))
            .env("XDG_CACHE_HOME", folder.join("cache"))
            .env("TEMP", folder.join("tmp"))
            .env("FILESYSTEM_ROOT", folder.join("filesystem"))
            .env("LOCALSTACK_VOLUME_DIR", folder.join("volume"))
            .env("GATEWAY_LISTEN", &listen)
            .env("LOCALSTACK_HOST", &listen)
            .env("SQS_ENDPOINT_STRATEGY", "path")
            .env("LAMBDA_RUNTIME_EXECUTOR", "process")
            .env("LAMBDA_RETRY_BASE_DELAY", "1")
            .env("CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES", "0")
            .env("DNS_ADDRESS", "0")
            .env("DISABLE_EVENTS", "1")
            .env("SKIP_SSL_CERT_DOWNLOAD", "1")
            .env("EAGER_SERVICE_LOADING", "0")
            .env(MARK, &folder)
            .env("SANDBOX_SPEED", behavior.speed.to_string())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0);
        Ok(command)
    }
}
