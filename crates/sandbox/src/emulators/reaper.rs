//! Kills the processes of tasks when the emulators are gone, even after SIGKILL.
//!
//! The reaper is a small process in its own process group. It reads `+PGID` when a task's process group starts
//! and `-PGID` when it has ended, from a pipe whose other end only the emulators hold. If the pipe closes, the
//! emulators have ended, and the reaper kills the remaining groups. A task's program starts only after the
//! reaper knows its group, so none is missed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// The reaper's own work: reads lines until the pipe ends, then kills the remaining groups.
///
/// # Errors
/// If the pipe can't be read. Kills the groups that were read before.
pub fn reap(input: impl BufRead) -> io::Result<()> {
    let mut groups = BTreeSet::new();
    let read = read_groups(input, &mut groups);
    for group in groups {
        if let Some(group) = Pid::from_raw(group) {
            // It might already be gone, which is the goal.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
    read
}

fn read_groups(input: impl BufRead, groups: &mut BTreeSet<i32>) -> io::Result<()> {
    for line in input.lines() {
        let line = line?;
        let group = |text: &str| text.parse::<i32>().ok().filter(|group| *group > 1);
        if let Some(group) = line.strip_prefix('+').and_then(group) {
            groups.insert(group);
        } else if let Some(group) = line.strip_prefix('-').and_then(group) {
            groups.remove(&group);
        }
    }
    Ok(())
}

/// The emulators' side of the pipe.
#[derive(Debug)]
pub(crate) struct Reaper {
    command: Vec<OsString>,
    watched: Mutex<Watched>,
}

/// The process groups that the reaper kills, and its process.
#[derive(Debug, Default)]
struct Watched {
    groups: BTreeSet<u32>,
    process: Option<(Child, ChildStdin)>,
}

impl Reaper {
    /// A reaper that this command runs. It starts with the first task.
    pub(crate) fn new(command: Vec<OsString>) -> Self {
        Self {
            command,
            watched: Mutex::default(),
        }
    }

    /// Registers a group to be killed when the emulators are gone.
    ///
    /// # Errors
    /// If the reaper can't be started.
    pub(crate) fn watch(&self, group: u32) -> io::Result<()> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.groups.insert(group);
        if send_line(&mut watched, &format!("+{group}\n")).is_ok() {
            return Ok(());
        }
        // Either this is the first group, or another process killed the reaper. A new reaper gets every group.
        watched.process = Some(spawn_reaper(&self.command)?);
        let all: String = watched.groups.iter().map(|g| format!("+{g}\n")).collect();
        send_line(&mut watched, &all)
    }

    /// Releases a group: it has ended, and the system can reuse its ID.
    pub(crate) fn release(&self, group: u32) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.groups.remove(&group);
        // If the reaper is gone, there is nothing to release.
        let _ = send_line(&mut watched, &format!("-{group}\n"));
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        let watched = self
            .watched
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((mut child, pipe)) = watched.process.take() {
            drop(pipe);
            let _ = child.wait();
        }
    }
}

fn send_line(watched: &mut Watched, text: &str) -> io::Result<()> {
    let Some((child, pipe)) = &mut watched.process else {
        return Err(io::ErrorKind::NotConnected.into());
    };
    if child.try_wait()?.is_some() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    pipe.write_all(text.as_bytes())?;
    pipe.flush()
}

fn spawn_reaper(command: &[OsString]) -> io::Result<(Child, ChildStdin)> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let pipe = child.stdin.take();
    pipe.map(|pipe| (child, pipe))
        .ok_or_else(|| io::ErrorKind::BrokenPipe.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn group() -> Child {
        Command::new("sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .unwrap()
    }

    #[test]
    fn what_is_left_at_the_end_is_killed_and_nothing_else() {
        let (mut left, mut ended) = (group(), group());
        let input = format!(
            "+{}\n+{}\n-{}\n+1\n+0\nx\n",
            left.id(),
            ended.id(),
            ended.id()
        );
        reap(input.as_bytes()).unwrap();
        let begin = Instant::now();
        while left.try_wait().unwrap().is_none() {
            assert!(
                begin.elapsed() < Duration::from_secs(5),
                "it was not killed"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(ended.try_wait().unwrap().is_none(), "it was released");
        ended.kill().unwrap();
        ended.wait().unwrap();
    }

    #[test]
    fn a_reaper_that_was_ended_is_started_again_with_every_group() {
        let reaper = Reaper::new(vec!["cat".into()]);
        reaper.watch(70_000_001).unwrap();
        {
            let mut watched = reaper.watched.lock().unwrap();
            let (child, _) = watched.process.as_mut().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
        }
        reaper.watch(70_000_002).unwrap();
        let mut watched = reaper.watched.lock().unwrap();
        assert_eq!(watched.groups.len(), 2);
        let (child, _) = watched.process.as_mut().unwrap();
        assert!(child.try_wait().unwrap().is_none());
    }
}
