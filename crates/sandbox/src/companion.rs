//! The process of the emulators: starts, finds, and replaces it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::{Duration, SystemTime};

use crate::behavior::Behavior;
use crate::error::{Error, Result};
use crate::process::Identity;
use crate::record::Companion;
use crate::strays::MARK;
use crate::venv::last_lines;

/// How long the emulators can take to stop their tasks. Fargate's maximum stop timeout is 120 s.
pub(crate) const DRAIN_PATIENCE: Duration = Duration::from_secs(130);
/// How long a new process is watched for an immediate exit because of a wrong argument or a missing library.
const WATCH: Duration = Duration::from_millis(150);

/// How the emulators are started.
#[derive(Debug)]
pub(crate) struct Command<'a> {
    /// Executable with the command.
    pub executable: &'a Path,
    /// The sandbox's folder.
    pub folder: &'a Path,
    /// LocalStack's port.
    pub port: u16,
    /// How they behave.
    pub behavior: &'a Behavior,
}

/// Their log.
pub(crate) fn log(folder: &Path) -> PathBuf {
    folder.join("emulators.log")
}

/// Folder of the tasks' output.
pub(crate) fn task_logs(folder: &Path) -> PathBuf {
    folder.join("tasks")
}

/// Returns the running emulators if they match the request. Otherwise, stops them and their tasks, and starts
/// new ones.
pub(crate) fn ensure(
    wanted: &Command,
    before: Option<Companion>,
    note: &dyn Fn(&str),
) -> Result<Companion> {
    let made_from = wanted.made_from()?;
    if let Some(before) = before {
        let alive = before.process.is_alive();
        if alive && before.made_from == made_from {
            return Ok(before);
        }
        if alive {
            note("replacing the sandbox's emulators; its tasks restart");
            before.process.end(DRAIN_PATIENCE);
        }
    }
    let process = wanted.spawn()?;
    Ok(Companion { process, made_from })
}

impl Command<'_> {
    /// Returns an ID of the executable, LocalStack, and behavior.
    fn made_from(&self) -> Result<String> {
        let file = fs::metadata(self.executable).map_err(Error::file("read", self.executable))?;
        let changed = file
            .modified()
            .ok()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
            .unwrap_or_default();
        Ok(format!(
            "{} {} {} {} {}",
            self.executable.display(),
            file.len(),
            changed.as_nanos(),
            self.port,
            self.behavior()
        ))
    }

    fn behavior(&self) -> String {
        serde_json::to_string(self.behavior).unwrap_or_default()
    }

    fn spawn(&self) -> Result<Identity> {
        let log = log(self.folder);
        let failed = |detail: String| Error::EmulatorsNotStarted {
            detail,
            log: log.clone(),
        };
        let mut child = self
            .command(&log)?
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let process = Identity::find(child.id());
        std::thread::sleep(WATCH);
        match (child.try_wait(), process) {
            (Ok(None), Some(process)) => Ok(process),
            (Ok(Some(status)), _) => Err(failed(format!(
                "they ended with {status}: {}",
                last_lines(&log, 5)
            ))),
            (Err(error), _) => Err(failed(error.to_string())),
            (_, None) => Err(failed("they ended at once".to_owned())),
        }
    }

    /// The command doesn't inherit the user's environment, like LocalStack's.
    fn command(&self, log: &Path) -> Result<process::Command> {
        // Earlier output belongs to tasks of a sandbox that is gone.
        let logs = task_logs(self.folder);
        if logs.exists() {
            fs::remove_dir_all(&logs).map_err(Error::file("clear", &logs))?;
        }
        fs::create_dir_all(&logs).map_err(Error::file("make the folder", &logs))?;
        if log.exists() {
            let before = log.with_extension("log.before");
            fs::rename(log, &before).map_err(Error::file("write", &before))?;
        }
        let out = fs::File::create(log).map_err(Error::file("write", log))?;
        let err = out.try_clone().map_err(Error::file("write", log))?;
        let mut command = process::Command::new(self.executable);
        command
            .args(["local", "emulators", "--endpoint-url"])
            .arg(format!("http://127.0.0.1:{}", self.port))
            .arg("--logs")
            .arg(&logs)
            .arg("--behavior")
            .arg(self.behavior())
            .current_dir(self.folder)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.folder.join("home"))
            .env(MARK, self.folder)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0);
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn emulators_are_kept_replaced_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let executable = folder.path().join("program");
        fs::write(&executable, "#!/bin/sh\necho \"$@\"\nexec sleep 60\n").unwrap();
        fs::set_permissions(&executable, fs::Permissions::from_mode(0o755)).unwrap();
        let mut behavior = Behavior::default();
        let notes = std::cell::RefCell::new(Vec::new());
        let note = |text: &str| notes.borrow_mut().push(text.to_owned());
        let ensure = |behavior: &Behavior, before| {
            let wanted = Command {
                executable: &executable,
                folder: folder.path(),
                port: 1,
                behavior,
            };
            ensure(&wanted, before, &note).unwrap()
        };
        let first = ensure(&behavior, None);
        let same = ensure(&behavior, Some(first.clone()));
        assert_eq!(same.process, first.process);
        behavior.task_start = "1s".parse().unwrap();
        let second = ensure(&behavior, Some(same));
        assert!(!first.process.is_alive() && second.process.is_alive());
        assert_eq!(notes.borrow().len(), 1);
        let said = fs::read_to_string(log(folder.path())).unwrap();
        assert!(
            said.starts_with("local emulators --endpoint-url http://127.0.0.1:1 --logs "),
            "{said}"
        );
        assert!(said.contains(r#""task_start":"1s""#), "{said}");
        second.process.end(Duration::from_secs(5));
        assert!(!second.process.is_alive());
    }

    #[test]
    fn an_end_at_once_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let executable = folder.path().join("program");
        fs::write(&executable, "#!/bin/sh\necho no such thing >&2\nexit 3\n").unwrap();
        fs::set_permissions(&executable, fs::Permissions::from_mode(0o755)).unwrap();
        let wanted = Command {
            executable: &executable,
            folder: folder.path(),
            port: 1,
            behavior: &Behavior::default(),
        };
        let error = ensure(&wanted, None, &|_| ()).unwrap_err().to_string();
        assert!(error.contains("no such thing"), "{error}");
    }
}
