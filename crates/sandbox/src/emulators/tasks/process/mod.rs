//! A task's processes, from their start to their end.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, select_all};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::model::{Container, TaskDefinition};
use super::scheduler::Ended;
use crate::emulators::reaper::Reaper;

/// ECS's default.
const STOP_TIMEOUT: u64 = 30;
/// Fargate's maximum.
const LONGEST_STOP_TIMEOUT: u64 = 120;
/// Waits until the reaper has registered its group, then becomes the program. If the emulators end first, it
/// ends too.
const GATE: &str = r#"read -r go && exec "$0" "$@" </dev/null"#;

/// A task to run.
pub(crate) struct Launch {
    pub definition: Arc<TaskDefinition>,
    /// Variables in addition to the container's own, which take precedence.
    pub variables: BTreeMap<String, String>,
    /// The file for the output of its first container. The other containers have files next to it.
    pub log: PathBuf,
}

/// Returns the file for the output of a task's container, by its index among those that have a program.
pub(crate) fn log_file(log: &Path, place: usize, container: &str) -> PathBuf {
    match place {
        0 => log.to_owned(),
        _ => log.with_extension(format!("{container}.log")),
    }
}

struct RunningContainer {
    container: Container,
    child: Child,
    group: Group,
}

/// A process group that is registered with the reaper until it has ended.
struct Group {
    id: u32,
    reaper: Arc<Reaper>,
}

impl Group {
    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.id).ok().and_then(Pid::from_raw)
    }

    /// Sends SIGTERM. Like a container's agent, signals only the first process.
    fn terminate(&self) {
        // It might already be gone, which is the goal.
        let _ = self.pid().map(|pid| kill_process(pid, Signal::TERM));
    }

    fn kill(&self) {
        let _ = self.pid().map(|pid| kill_process_group(pid, Signal::KILL));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // All child processes of the program end with it.
        self.kill();
        self.reaper.release(self.id);
    }
}

/// Returns the containers that have a program, and the program.
pub(crate) fn find_programs<'a>(
    definition: &'a TaskDefinition,
    programs: &'a BTreeMap<String, PathBuf>,
) -> Vec<(&'a Container, &'a Path)> {
    let containers = definition.containers.iter();
    containers
        .filter_map(|container| Some((container, programs.get(&container.name)?.as_path())))
        .collect()
}

/// Runs a task's processes until an essential one ends, or until `stop` is sent: then SIGTERM, and after its
/// stop timeout SIGKILL.
pub(crate) async fn run(
    launch: Launch,
    known: &BTreeMap<String, PathBuf>,
    reaper: Arc<Reaper>,
    stop: oneshot::Receiver<()>,
) -> Ended {
    let mut running = Vec::new();
    let programs = find_programs(&launch.definition, known);
    for (place, (container, program)) in programs.into_iter().enumerate() {
        let log = log_file(&launch.log, place, &container.name);
        match start_container(&launch, container, (program, &log), &reaper).await {
            Ok(started) => running.push(started),
            Err(error) => {
                let name = &container.name;
                let reason = format!(
                    "CannotStartContainerError: {name}: failed to start {}: {error}",
                    program.display()
                );
                let exits = end_all(running).await;
                return Ended {
                    not_started: Some(reason),
                    exits,
                };
            }
        }
    }
    let mut exits = BTreeMap::new();
    tokio::select! {
        () = until_essential_ends(&mut running, &mut exits) => {}
        // A dropped sender also means to stop.
        _ = stop => {}
    }
    exits.extend(end_all(running).await);
    Ended {
        not_started: None,
        exits,
    }
}

async fn start_container(
    launch: &Launch,
    container: &Container,
    (program, log): (&Path, &Path),
    reaper: &Arc<Reaper>,
) -> io::Result<RunningContainer> {
    let out = open_log(log)?;
    // The shell's own error for a missing program comes too late and is too short.
    if !fs::metadata(program)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut child = Command::new("/bin/sh")
        .args(["-c", GATE])
        .arg(program)
        .args(&container.command)
        .env_clear()
        .envs(&launch.variables)
        .envs(&container.environment)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stderr(out.try_clone()?)
        .stdout(out)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let id = child.id().ok_or(io::ErrorKind::NotFound)?;
    reaper.watch(id)?;
    let group = Group {
        id,
        reaper: Arc::clone(reaper),
    };
    if let Some(mut gate) = child.stdin.take() {
        gate.write_all(b"go\n").await?;
    }
    Ok(RunningContainer {
        container: container.clone(),
        child,
        group,
    })
}

fn open_log(log: &Path) -> io::Result<File> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).open(log)
}

/// Without an essential container, a task ends when the last of its containers has ended.
async fn until_essential_ends(
    running: &mut Vec<RunningContainer>,
    exits: &mut BTreeMap<String, i32>,
) {
    while !running.is_empty() {
        let waits = running
            .iter_mut()
            .map(|container| Box::pin(container.child.wait()));
        let (status, index, _) = select_all(waits).await;
        let ended = running.remove(index);
        exits.insert(ended.container.name, exit_code(status.ok()));
        if ended.container.essential {
            return;
        }
    }
}

async fn end_all(running: Vec<RunningContainer>) -> BTreeMap<String, i32> {
    let ends = running.into_iter().map(|mut running| async move {
        let status = end_container(&mut running).await;
        (running.container.name, exit_code(status))
    });
    join_all(ends).await.into_iter().collect()
}

async fn end_container(running: &mut RunningContainer) -> Option<ExitStatus> {
    if let Ok(Some(status)) = running.child.try_wait() {
        return Some(status);
    }
    running.group.terminate();
    let seconds = running.container.stop_timeout.unwrap_or(STOP_TIMEOUT);
    let patience = Duration::from_secs(seconds.min(LONGEST_STOP_TIMEOUT));
    if let Ok(status) = tokio::time::timeout(patience, running.child.wait()).await {
        return status.ok();
    }
    running.group.kill();
    running.child.wait().await.ok()
}

/// Returns an exit code as a shell, Docker, and ECS do.
fn exit_code(status: Option<ExitStatus>) -> i32 {
    let signaled = |status: ExitStatus| status.signal().map(|signal| 128 + signal);
    status.map_or(255, |status| {
        status.code().or(signaled(status)).unwrap_or(255)
    })
}

#[cfg(test)]
mod tests;
