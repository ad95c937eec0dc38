//! Compares the packages in the Python locks with a snapshot of GitHub's advisories.

use cli::{Failure, Result};
use pep440_rs::Version;

use super::snapshot::{Locked, Snapshot};

const SNAPSHOT: &str = "xtask/advisories/python.txt";

/// All of them: a test looks for others.
const LOCKS: [&str; 7] = [
    "crates/sandbox/localstack-plugin/requirements-build.txt",
    "crates/sandbox/localstack-plugin/requirements.txt",
    "examples/voucher-worker-python/requirements.txt",
    "xtask/audit.txt",
    "xtask/build-tools.txt",
    "xtask/compliance/checkov.txt",
    "xtask/node/node.txt",
];

/// Checks the Python locks against the snapshot.
pub(super) fn check() -> Result<()> {
    let snapshot = Snapshot::parse(SNAPSHOT, &super::read(SNAPSHOT)?)?;
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for lock in LOCKS {
        let locked = parse_lock(lock, &super::read(lock)?)?;
        problems.extend(snapshot.compare(lock, &locked, find_advisory));
        all.extend(locked);
    }
    problems.extend(snapshot.find_stale(&all));
    super::report(
        &problems,
        "lock a version with the fix (the lock's first lines say how), or write into the snapshot why the affected one is safe here; for a new package, look for its advisories on osv.dev",
    )
}

/// Returns the URL of an advisory. OSV has GitHub's, PyPA's, and CVE's advisories.
fn find_advisory(id: &str) -> String {
    format!("https://osv.dev/vulnerability/{id}")
}

/// Returns the names and versions in a lock that `uv pip compile` wrote. A package can have one version per
/// platform.
fn parse_lock(file: &str, lock: &str) -> Result<Vec<Locked<Version>>> {
    let is_package = |line: &&str| line.starts_with(|first: char| first.is_ascii_alphanumeric());
    let locked = lock.lines().filter(is_package).map(|line| {
        let (name, rest) = line.split_once("==")?;
        let (name, _extras) = name.split_once('[').unwrap_or((name, ""));
        let version = rest.split([' ', ';', '\\']).next()?;
        Some(Locked {
            name: name.to_owned(),
            version: version.parse().ok()?,
        })
    });
    let locked: Option<Vec<_>> = locked.collect();
    locked.ok_or_else(|| Failure::failed(format!("{file}: a line isn't `PACKAGE==VERSION`")))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::paths;

    fn problems(snapshot: &str, lock: &str) -> Vec<String> {
        let snapshot = Snapshot::parse("snapshot", snapshot).unwrap();
        snapshot.compare("lock", &parse_lock("lock", lock).unwrap(), find_advisory)
    }

    /// GHSA-8qvm-5x2c-j2w7: affected are versions before 4.25.8, those from 5.26.0rc1 before 5.29.5, and those from 6.30.0rc1
    /// before 6.31.1. The order of versions is PEP 440's: a release follows its candidates, and precedes its post-releases.
    #[test]
    fn an_affected_version_is_reported_with_its_advisory_and_its_fix() {
        let text = super::super::read(SNAPSHOT).unwrap();
        let found = |version: &str| {
            let found = problems(
                &text,
                &format!("protobuf=={version} \\\n    --hash=sha256:00\n"),
            );
            let id = "https://osv.dev/vulnerability/GHSA-8qvm-5x2c-j2w7";
            found.into_iter().find(|problem| problem.contains(id))
        };
        for (version, fixed) in [
            ("4.25.8rc1", "4.25.8"),
            ("5.26.0rc1", "5.29.5"),
            ("6.30.0", "6.31.1"),
            ("6.31.1.dev3", "6.31.1"),
        ] {
            assert_eq!(
                found(version),
                Some(format!(
                    "protobuf {version}: https://osv.dev/vulnerability/GHSA-8qvm-5x2c-j2w7, fixed in {fixed}"
                ))
            );
        }
        for version in [
            "4.25.8",
            "5.26.0b1",
            "5.29.5",
            "5.29.5.post1",
            "6.30.0.dev1",
            "6.31.1",
        ] {
            assert_eq!(found(version), None, "{version}");
        }
    }

    #[test]
    fn a_lock_is_read_with_its_extras_and_markers() {
        let snapshot = "one CVE-2026-1 ..2\ntwo GHSA-x 1..\n";
        let lock = "# made by\none[all]==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n    # via two\ntwo==1\n";
        assert_eq!(
            problems(snapshot, lock),
            [
                "one 1.0: https://osv.dev/vulnerability/CVE-2026-1, fixed in 2",
                "two 1: https://osv.dev/vulnerability/GHSA-x, not fixed",
            ]
        );
        assert!(parse_lock("lock", "one>=1\n").is_err());
        assert!(Snapshot::<Version>::parse("snapshot", "one CVE-2026-1\n").is_err());
        assert!(Snapshot::<Version>::parse("snapshot", "one CVE-2026-1 1\n").is_err());
    }

    #[test]
    fn a_package_that_the_snapshot_does_not_have_fails() {
        assert_eq!(
            problems("one\n", "two==1\n"),
            [
                "two 1: the snapshot of advisories is older than lock: snapshot doesn't have this package"
            ]
        );
    }

    #[test]
    fn a_reason_accepts_an_affected_version_until_none_is_left() {
        let text = "one CVE-2026-1 ..2 # Nothing of it is called.\n";
        assert_eq!(problems(text, "one==1\n"), [""; 0]);
        let snapshot = Snapshot::parse("snapshot", text).unwrap();
        let stale = |lock| snapshot.find_stale(&parse_lock("lock", lock).unwrap());
        assert_eq!(stale("one==1\n"), [""; 0]);
        assert_eq!(
            stale("one==2\n"),
            ["snapshot: no locked version of one has CVE-2026-1: remove the reason"]
        );
    }

    #[test]
    fn no_lock_is_left_out() {
        fn find(folder: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let is_text = path.extension().is_some_and(|extension| extension == "txt");
                if path.is_dir() {
                    find(&path, found);
                } else if is_text
                    && fs::read_to_string(&path).is_ok_and(|text| text.contains("--hash="))
                {
                    let path = path.strip_prefix(paths::root()).unwrap();
                    found.push(path.to_str().unwrap().to_owned());
                }
            }
        }
        let mut found = Vec::new();
        for folder in ["crates", "examples", "tests", "xtask"] {
            find(&paths::root().join(folder), &mut found);
        }
        found.sort();
        assert_eq!(found, LOCKS);
    }

    #[test]
    fn the_locks_have_no_affected_version_without_a_reason() {
        check().unwrap();
    }
}
