//! Our processes, by recorded identity: the system might already have reused a process ID.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use sysinfo::{ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

/// A process. The start time distinguishes it from later ones with the same ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Process ID, which is also the ID of its group.
    pub pid: u32,
    /// Start, in seconds since 1970.
    started: u64,
}

impl Identity {
    /// Finds the running process with this ID. `None` if it has ended.
    pub(crate) fn find(pid: u32) -> Option<Self> {
        let id = sysinfo::Pid::from_u32(pid);
        let mut system = System::new().ok()?;
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[id]),
            true,
            ProcessRefreshKind::nothing(),
        );
        let process = system.process(id)?;
        let gone = matches!(
            process.status(),
            ProcessStatus::Zombie | ProcessStatus::Dead
        );
        (!gone).then(|| Self {
            pid,
            started: process.start_time(),
        })
    }

    /// Whether the same process is still running. Its start time is computed from the time since boot, so two
    /// readings can differ by a second.
    pub(crate) fn is_alive(self) -> bool {
        Self::find(self.pid).is_some_and(|now| now.started.abs_diff(self.started) <= 2)
    }

    /// Stops the process and its group: first with SIGTERM, then, after `patience`, with SIGKILL.
    pub(crate) fn end(self, patience: Duration) {
        if !self.is_alive() {
            return;
        }
        self.signal(Signal::TERM);
        if !self.is_gone_within(patience) {
            self.signal(Signal::KILL);
            self.is_gone_within(Duration::from_secs(5));
        }
    }

    fn signal(self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It might already be gone, which is the goal.
            let _ = kill_process_group(pid, signal);
        }
    }

    fn is_gone_within(self, patience: Duration) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < patience {
            if !self.is_alive() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        !self.is_alive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    /// Reaped by its parent, as `init` does for the real one. A zombie counts as ended.
    fn sleeper(script: &str) -> Child {
        Command::new("sh")
            .args(["-c", script])
            .process_group(0)
            .spawn()
            .unwrap()
    }

    #[test]
    fn a_process_is_ended_by_its_identity() {
        let mut child = sleeper("sleep 60");
        let identity = Identity::find(child.id()).unwrap();
        assert!(identity.is_alive());
        identity.end(Duration::from_secs(10));
        assert!(!identity.is_alive());
        child.wait().unwrap();
    }

    #[test]
    fn one_that_ignores_the_polite_signal_is_ended_too() {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"]);
        let mut child = command
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Until it ignores the signal, SIGTERM would stop it.
        let mut word = [0; 5];
        child.stdout.take().unwrap().read_exact(&mut word).unwrap();
        assert_eq!(&word, b"deaf\n");
        let identity = Identity::find(child.id()).unwrap();
        let begin = Instant::now();
        identity.end(Duration::from_millis(200));
        assert!(
            begin.elapsed() >= Duration::from_millis(200),
            "it was not deaf"
        );
        assert!(!identity.is_alive());
        child.wait().unwrap();
    }

    #[test]
    fn another_process_with_the_same_id_is_left_alone() {
        let mut child = sleeper("sleep 60");
        let real = Identity::find(child.id()).unwrap();
        let earlier = Identity {
            started: real.started - 1_000,
            ..real
        };
        assert!(!earlier.is_alive());
        earlier.end(Duration::from_millis(10));
        assert!(real.is_alive());
        real.end(Duration::from_secs(10));
        child.wait().unwrap();
    }
}
