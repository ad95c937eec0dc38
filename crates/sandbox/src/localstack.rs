//! The life cycle of LocalStack: install, start, find again, stop.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::lock::Lock;
use crate::process::Identity;
use crate::venv::{Venv, last_lines};

/// Where a sandbox lives.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder of all sandboxes of the checkout, `.sandbox`; made when absent.
    pub home: PathBuf,
    /// This one's name: two of them share the installation and nothing else.
    pub name: String,
    /// Folder of the plugin, `crates/sandbox/localstack-plugin`.
    pub plugin: PathBuf,
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
    /// Process id of LocalStack.
    pub pid: u32,
    /// Its log.
    pub log: PathBuf,
    /// Whether it was running already.
    pub reused: bool,
}

/// How a sandbox stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Standing {
    /// It answers.
    Running(Running),
    /// Its process lives and does not answer.
    Unresponsive {
        /// Process id of LocalStack.
        pid: u32,
        /// Its log.
        log: PathBuf,
    },
    /// It does not run.
    Stopped {
        /// Whether LocalStack is installed.
        installed: bool,
    },
}

/// What is remembered between two commands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    port: u16,
    process: Option<Identity>,
    /// What it was started from: a change of the plugin or the lock needs a new process.
    made_from: String,
}

/// A first start compiles LocalStack's Python files, on a slow machine for a while.
const START_PATIENCE: Duration = Duration::from_secs(120);
const STOP_PATIENCE: Duration = Duration::from_secs(10);
const PORT_PATIENCE: Duration = Duration::from_secs(1);
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// Starts before giving up: another process may take a free port in the moment before LocalStack does.
const ATTEMPTS: u32 = 3;

impl Sandbox {
    /// The sandbox of these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Starts the sandbox, or finds the one that runs. Installs LocalStack on first use. A process that
    /// no longer answers, or that was started from an older checkout, is replaced.
    ///
    /// # Errors
    /// When LocalStack can't be installed or does not become ready.
    pub fn start(&self, note: &dyn Fn(&str)) -> Result<Running> {
        let _lock = Lock::take(&self.folder().join("lock"))?;
        let environment = self.environment();
        let made_from = self.made_from()?;
        let record = self.record();
        if let Some((record, process)) = record.as_ref().and_then(|r| Some((r, r.process?))) {
            let current = record.made_from == made_from && environment.is_ready()?;
            if current && process.is_alive() && is_healthy(record.port) {
                return Ok(self.running(record.port, process.pid, true));
            }
            if process.is_alive() {
                note("replacing a sandbox that does not answer or is out of date");
            }
            process.end(STOP_PATIENCE);
        }
        self.install(note)?;
        note("starting LocalStack");
        self.launch_on_a_free_port(record.map(|record| record.port), &made_from)
    }

    /// Installs LocalStack and what comes with it, unless it is there.
    ///
    /// # Errors
    /// When there is no Python, no network, or no space.
    pub fn install(&self, note: &dyn Fn(&str)) -> Result<()> {
        let what =
            "installing LocalStack into .sandbox (first use; about a minute, 104 MB from PyPI)";
        self.environment().ensure(note, what)
    }

    /// Stops the sandbox; what is deployed in it is gone. Not running is success.
    ///
    /// # Errors
    /// When its record can't be written.
    pub fn stop(&self) -> Result<bool> {
        let _lock = Lock::take(&self.folder().join("lock"))?;
        let Some(mut record) = self.record() else {
            return Ok(false);
        };
        let was_alive = record.process.is_some_and(Identity::is_alive);
        if let Some(process) = record.process.take() {
            process.end(STOP_PATIENCE);
        }
        self.remember(&record)?;
        Ok(was_alive)
    }

    /// How it stands.
    ///
    /// # Errors
    /// When the lock files can't be read.
    pub fn standing(&self) -> Result<Standing> {
        let record = self.record();
        let alive = record
            .as_ref()
            .and_then(|r| Some((r.port, r.process.filter(|p| p.is_alive())?)));
        Ok(match alive {
            Some((port, process)) if is_healthy(port) => {
                Standing::Running(self.running(port, process.pid, true))
            }
            Some((_, process)) => Standing::Unresponsive {
                pid: process.pid,
                log: self.log(),
            },
            None => Standing::Stopped {
                installed: self.environment().is_ready()?,
            },
        })
    }

    /// LocalStack's Python environment, which also holds `cfn-lint`.
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

    /// LocalStack's log. That of the start before is kept beside it.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder().join("localstack.log")
    }

    fn running(&self, port: u16, pid: u32, reused: bool) -> Running {
        Running {
            endpoint_url: format!("http://127.0.0.1:{port}"),
            pid,
            log: self.log(),
            reused,
        }
    }

    fn record_file(&self) -> PathBuf {
        self.folder().join("record.json")
    }

    /// A record that can't be read is none: the worst that follows is a new port.
    fn record(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.record_file()).ok()?).ok()
    }

    /// Written whole or not at all: a run may be killed at any point.
    fn remember(&self, record: &Record) -> Result<()> {
        let file = self.record_file();
        let draft = file.with_extension("draft");
        let text = serde_json::to_vec(record).unwrap_or_default();
        fs::write(&draft, text).map_err(Error::file("write", &draft))?;
        fs::rename(&draft, &file).map_err(Error::file("write", &file))
    }

    /// What a process is started from: the lock and the plugin's files.
    fn made_from(&self) -> Result<String> {
        let mut files = vec![self.settings.plugin.join("requirements.txt")];
        collect(&self.settings.plugin.join("src"), &mut files)?;
        files.sort();
        let mut hash = Sha256::new();
        for file in &files {
            hash.update(file.as_os_str().as_encoded_bytes());
            hash.update(fs::read(file).map_err(Error::file("read", file))?);
        }
        Ok(hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }

    fn launch_on_a_free_port(&self, remembered: Option<u16>, made_from: &str) -> Result<Running> {
        let mut preferred = remembered;
        let mut attempt = 1;
        loop {
            let port = free_port(preferred.take())?;
            match self.launch(port, made_from) {
                Ok(running) => return Ok(running),
                Err(error) if attempt == ATTEMPTS || !self.port_was_taken() => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    fn port_was_taken(&self) -> bool {
        let log = last_lines(&self.log(), 50).to_lowercase();
        log.contains("already in use") || log.contains("couldn't listen")
    }

    fn launch(&self, port: u16, made_from: &str) -> Result<Running> {
        let mut child = self
            .command(port)?
            .spawn()
            .map_err(|error| Error::NotStarted {
                detail: error.to_string(),
                log: self.log(),
            })?;
        let pid = child.id();
        let process = Identity::of(pid);
        self.remember(&Record {
            port,
            process,
            made_from: made_from.to_owned(),
        })?;
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
                return Ok(self.running(port, pid, false));
            }
            if begin.elapsed() > START_PATIENCE {
                if let Some(process) = process {
                    process.end(STOP_PATIENCE);
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

    /// Nothing of the user's environment gets in: no AWS credentials, no LocalStack settings. A group of
    /// its own keeps the terminal's Ctrl-C from it.
    fn command(&self, port: u16) -> Result<Command> {
        let folder = self.folder();
        // Its index of plugins compares file times by the minute, so an old one may outlive a change.
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
            .env("CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES", "0")
            .env("DNS_ADDRESS", "0")
            .env("DISABLE_EVENTS", "1")
            .env("SKIP_SSL_CERT_DOWNLOAD", "1")
            .env("EAGER_SERVICE_LOADING", "0")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0);
        Ok(command)
    }
}

/// The plugin's files below `folder`; what Python compiled is none of them.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::file("read the folder", folder))? {
        let path = entry
            .map_err(Error::file("read the folder", folder))?
            .path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "__pycache__") {
                collect(&path, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The preferred port if nobody has it, or else one that the system gives out. A process that was killed
/// holds its port until its last thread is gone, a moment after it counts as dead.
fn free_port(preferred: Option<u16>) -> Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    if let Some(port) = preferred {
        let begin = Instant::now();
        while begin.elapsed() < PORT_PATIENCE {
            if bind(port).is_ok() {
                return Ok(port);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let address = bind(0)
        .and_then(|listener| listener.local_addr())
        .map_err(Error::file("listen on", Path::new("127.0.0.1")))?;
    Ok(address.port())
}

/// Whether LocalStack answers on this port with our plugin in it.
fn is_healthy(port: u16) -> bool {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(HEALTH_TIMEOUT))
        .proxy(None)
        .build()
        .into();
    let url = format!("http://127.0.0.1:{port}/_localstack/health");
    let Ok(mut reply) = agent.get(&url).call() else {
        return false;
    };
    let Ok(text) = reply.body_mut().read_to_string() else {
        return false;
    };
    let health: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    health.pointer("/services/ecs").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(home: &Path) -> Sandbox {
        let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack-plugin");
        Sandbox::new(Settings {
            home: home.to_owned(),
            name: "test".to_owned(),
            plugin,
        })
    }

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_ne!(free_port(Some(port)).unwrap(), port);
        drop(taken);
        assert_eq!(free_port(Some(port)).unwrap(), port);
    }

    #[test]
    fn a_record_survives_and_a_broken_one_is_none() {
        let home = tempfile::tempdir().unwrap();
        let sandbox = sandbox(home.path());
        fs::create_dir_all(sandbox.folder()).unwrap();
        let process = Identity::of(std::process::id());
        sandbox
            .remember(&Record {
                port: 4566,
                process,
                made_from: "x".into(),
            })
            .unwrap();
        let record = sandbox.record().unwrap();
        assert_eq!((record.port, record.process), (4566, process));
        fs::write(sandbox.record_file(), "{\"port\": 45").unwrap();
        assert!(sandbox.record().is_none());
    }

    #[test]
    fn what_never_ran_is_stopped_and_stopping_it_is_fine() {
        let home = tempfile::tempdir().unwrap();
        let sandbox = sandbox(home.path());
        assert_eq!(
            sandbox.standing().unwrap(),
            Standing::Stopped { installed: false }
        );
        assert!(!sandbox.stop().unwrap());
    }

    #[test]
    fn a_change_of_the_plugin_asks_for_a_new_process() {
        let home = tempfile::tempdir().unwrap();
        let plugin = home.path().join("plugin");
        fs::create_dir_all(plugin.join("src/__pycache__")).unwrap();
        fs::write(plugin.join("requirements.txt"), "").unwrap();
        fs::write(plugin.join("src/a.py"), "1").unwrap();
        let sandbox = Sandbox::new(Settings {
            home: home.path().into(),
            name: "t".into(),
            plugin: plugin.clone(),
        });
        let before = sandbox.made_from().unwrap();
        fs::write(plugin.join("src/__pycache__/a.pyc"), "compiled").unwrap();
        assert_eq!(sandbox.made_from().unwrap(), before);
        fs::write(plugin.join("src/a.py"), "2").unwrap();
        assert_ne!(sandbox.made_from().unwrap(), before);
    }
}
