//! The name of a run. Its drafts carry the name, so that another run can detect abandoned drafts.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// After this time, the drafts of a run on another machine count as abandoned. If that run is still active, for
/// example because it waits for confirmation, it plans again.
const LONGEST: Duration = Duration::from_hours(1);

/// Prefix of request tokens. The name of the run follows.
pub(crate) const TOKEN_PREFIX: &str = "ecs-scaler-";

/// Returns the name of this process's run. It consists of the time and the process ID, which make it unique, and the
/// machine's boot ID, so that other runs on the same machine (and in the same container) can check whether the
/// process is alive.
#[must_use]
pub fn name_run(now: SystemTime) -> String {
    let millis = now
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    format!("{millis:x}-{:x}-{}", std::process::id(), read_boot())
}

/// Returns the start of the ID that Linux generates at each boot, and the process ID namespace, because process
/// IDs of another container on this machine can't be compared. Sources: random(4), pid_namespaces(7).
fn read_boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let namespace = namespace.to_string_lossy();
    let boot = id.chars().take_while(char::is_ascii_hexdigit);
    let boot: String = boot
        .chain(namespace.chars().filter(char::is_ascii_digit))
        .collect();
    match boot.is_empty() {
        true => "0".to_owned(),
        false => boot,
    }
}

/// Whether a process is running. True if the system doesn't report it.
fn is_running(process: u32) -> bool {
    !Path::new("/proc/self").exists() || Path::new(&format!("/proc/{process}")).exists()
}

#[derive(Debug, PartialEq, Eq)]
struct Run<'a> {
    began: Duration,
    process: u32,
    boot: &'a str,
}

impl<'a> Run<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.split('-');
        let millis = u64::from_str_radix(parts.next()?, 16).ok()?;
        Some(Self {
            began: Duration::from_millis(millis),
            process: u32::from_str_radix(parts.next()?, 16).ok()?,
            boot: parts.next()?,
        })
    }

    fn is_over(&self, now: &Self, is_running: impl Fn(u32) -> bool) -> bool {
        (self.boot == now.boot && !is_running(self.process)) || self.began + LONGEST < now.began
    }
}

/// Whether the run that made a change set is over. The change set's name is a request token of that run; `run` is the
/// name of the current run. False for a name that isn't such a token.
pub(crate) fn is_over(token: &str, run: &str) -> bool {
    let other = token.strip_prefix(TOKEN_PREFIX).and_then(Run::parse);
    other
        .zip(Run::parse(run))
        .is_some_and(|(other, run)| other.is_over(&run, is_running))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(millis: u64, process: u32, boot: &str) -> Run<'_> {
        Run {
            began: Duration::from_millis(millis),
            process,
            boot,
        }
    }

    #[test]
    fn a_run_is_over_if_its_process_is_gone_or_after_an_hour() {
        let now = run(10_000_000, 1, "aa");
        let is_over = |other: Run<'_>| other.is_over(&now, |process| process == 7);
        assert!(!is_over(run(9_999_000, 7, "aa")), "it runs");
        assert!(is_over(run(9_999_000, 8, "aa")), "it was killed");
        assert!(!is_over(run(9_999_000, 8, "bb")), "on another machine");
        // An hour is 3,600,000 ms.
        assert!(!is_over(run(6_400_000, 8, "bb")));
        assert!(is_over(run(6_399_999, 8, "bb")));
        assert!(
            is_over(run(6_399_999, 7, "aa")),
            "another process has its ID"
        );
    }

    #[test]
    fn a_token_names_its_run() {
        let now = SystemTime::now();
        let own = name_run(now);
        let old = name_run(now - Duration::from_hours(2));
        assert!(!is_over(&format!("ecs-scaler-{own}-0"), &own));
        assert!(is_over(&format!("ecs-scaler-{old}-12"), &own));
        for other in [&old, "ecs-scaler-run-0", "ecs-scaler", "", "theirs"] {
            assert!(!is_over(other, &own), "{other}");
        }
        assert!(!is_over(&format!("ecs-scaler-{old}-0"), "run"));
    }
}
