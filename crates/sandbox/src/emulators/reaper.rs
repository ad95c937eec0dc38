//! Ends the processes of tasks when the emulators are gone, even by SIGKILL.
//!
//! The reaper is a small process in a group of its own. It reads, from a pipe whose other end only the
//! emulators hold, `+PGID` when a task's process group begins and `-PGID` when it has ended. The end of
//! the pipe is the end of the emulators: it kills the groups that are left. A task's program begins only
//! after the reaper has been told, so none is missed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// The reaper's own work: reads what it is told until the end, then kills what is left.
///
/// # Errors
/// When the pipe can't be read; what it was told until then is killed.
pub fn reap(told: impl BufRead) -> io::Result<()> {
    let mut groups = BTreeSet::new();
    let read = listen(told, &mut groups);
    for group in groups {
        if let Some(group) = Pid::from_raw(group) {
            // One that is gone already is what was wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
    read
}

fn listen(told: impl BufRead, groups: &mut BTreeSet<i32>) -> io::Result<()> {
    for line in told.lines() {
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
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    groups: BTreeSet<u32>,
    process: Option<(Child, ChildStdin)>,
}

impl Reaper {
    /// A reaper that this command runs; started with the first task.
    pub(crate) fn new(command: Vec<OsString>) -> Self {
        Self {
            command,
            told: Mutex::default(),
        }
    }

    /// To be ended when the emulators are gone.
    ///
    /// # Errors
    /// When the reaper can't be started.
    pub(crate) fn watch(&self, group: u32) -> io::Result<()> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.groups.insert(group);
        if tell(&mut told, &format!("+{group}\n")).is_ok() {
            return Ok(());
        }
        // The first time, or somebody has ended it: a new one is told everything.
        told.process = Some(start(&self.command)?);
        let all: String = told.groups.iter().map(|g| format!("+{g}\n")).collect();
        tell(&mut told, &all)
    }

    /// The group has ended; its id may soon be somebody else's.
    pub(crate) fn release(&self, group: u32) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.groups.remove(&group);
        // A reaper that is gone holds nothing.
        let _ = tell(&mut told, &format!("-{group}\n"));
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        let told = self.told.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some((mut child, pipe)) = told.process.take() {
            drop(pipe);
            let _ = child.wait();
        }
    }
}

fn tell(told: &mut Told, text: &str) -> io::Result<()> {
    let Some((child, pipe)) = &mut told.process else {
        return Err(io::ErrorKind::NotConnected.into());
    };
    if child.try_wait()?.is_some() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    pipe.write_all(text.as_bytes())?;
    pipe.flush()
}

fn start(command: &[OsString]) -> io::Result<(Child, ChildStdin)> {
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
        let told = format!(
            "+{}\n+{}\n-{}\n+1\n+0\nx\n",
            left.id(),
            ended.id(),
            ended.id()
        );
        reap(told.as_bytes()).unwrap();
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
    fn a_reaper_that_was_ended_is_started_again_and_told_all() {
        let reaper = Reaper::new(vec!["cat".into()]);
        reaper.watch(70_000_001).unwrap();
        {
            let mut told = reaper.told.lock().unwrap();
            let (child, _) = told.process.as_mut().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
        }
        reaper.watch(70_000_002).unwrap();
        let mut told = reaper.told.lock().unwrap();
        assert_eq!(told.groups.len(), 2);
        let (child, _) = told.process.as_mut().unwrap();
        assert!(child.try_wait().unwrap().is_none());
    }
}
