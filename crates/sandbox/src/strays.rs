//! Processes of a sandbox that its record doesn't name, because the command that started them was killed before it wrote
//! the record.

use std::ffi::OsString;
use std::path::Path;

use rustix::process::{Pid, getpgid};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::process::Identity;

/// Environment variable with the sandbox's folder in LocalStack and in the emulators.
pub(crate) const MARK: &str = "ECS_SCALER_SANDBOX_FOLDER";

/// Returns the sandbox's processes that lead a group and aren't among `known`. Must be called with the sandbox's
/// lock held, because a child also holds the lock until it runs its program, which has the mark.
pub(crate) fn find_strays(folder: &Path, known: &[Identity]) -> Vec<Identity> {
    let Ok(mut system) = System::new() else {
        return Vec::new();
    };
    system.refresh_processes_specifics(
        ProcessesToUpdate::All,
        true,
        ProcessRefreshKind::nothing()
            .with_environ(UpdateKind::Always)
            .without_tasks(),
    );
    let mut mark = OsString::from(format!("{MARK}="));
    mark.push(folder);
    let marked = system.processes().iter();
    let marked = marked.filter(|(_, process)| process.environ().contains(&mark));
    marked
        .filter(|(pid, _)| leads_group(pid.as_u32()))
        .filter(|(pid, _)| known.iter().all(|known| known.pid != pid.as_u32()))
        .filter_map(|(pid, _)| Identity::find(pid.as_u32()))
        .collect()
}

/// Only the processes that the sandbox starts directly lead a group; their children don't.
fn leads_group(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| getpgid(Some(pid)).is_ok_and(|group| group == pid))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_a_marked_leader_that_is_not_known_is_a_stray() {
        let folder = tempfile::tempdir().unwrap();
        let start = |mark: &Path| {
            let mut command = Command::new("sleep");
            command.arg("60").env(MARK, mark).process_group(0);
            command.spawn().unwrap()
        };
        let mut ours = start(folder.path());
        let mut other = start(Path::new("/elsewhere"));
        let process = Identity::find(ours.id()).unwrap();
        assert_eq!(find_strays(folder.path(), &[]), [process]);
        assert_eq!(find_strays(folder.path(), &[process]), []);
        for stray in find_strays(folder.path(), &[]) {
            stray.end(Duration::from_secs(5));
        }
        assert!(!process.is_alive());
        assert!(other.try_wait().unwrap().is_none(), "it isn't ours");
        other.kill().unwrap();
        other.wait().unwrap();
        ours.wait().unwrap();
    }
}
