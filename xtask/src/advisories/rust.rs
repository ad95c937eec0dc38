//! Compares the crates in `Cargo.lock` with a snapshot of RustSec's advisories.

use cli::{Failure, Result};
use semver::Version;

use super::snapshot::{Locked, Snapshot};

const SNAPSHOT: &str = "xtask/advisories/rust.txt";
const LOCK: &str = "Cargo.lock";

/// Checks `Cargo.lock` against the snapshot.
pub(super) fn check() -> Result<()> {
    super::report(
        &compare(&super::read(LOCK)?)?,
        "update the crate (`cargo update CRATE`); for a new crate, look for its advisories on rustsec.org, and add it to the snapshot",
    )
}

fn compare(lock: &str) -> Result<Vec<String>> {
    let snapshot = Snapshot::parse(SNAPSHOT, &super::read(SNAPSHOT)?)?;
    let url = |id: &str| format!("https://rustsec.org/advisories/RUSTSEC-{id}.html");
    Ok(snapshot.compare(LOCK, &parse_lock(lock)?, url))
}

/// Returns the names and versions of a lock's crates that come from a registry.
fn parse_lock(lock: &str) -> Result<Vec<Locked<Version>>> {
    let mut crates = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let start = format!("{key} = \"");
            let mut lines = package.lines();
            lines.find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'))
        };
        if let (Some(name), Some(version), Some(_)) =
            (value("name"), value("version"), value("source"))
        {
            let version = version.parse().map_err(|error| {
                Failure::failed(format!("Cargo.lock: {name} {version}: {error}"))
            })?;
            crates.push(Locked {
                name: name.to_owned(),
                version,
            });
        }
    }
    Ok(crates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(name: &str, version: &str, source: &str) -> Vec<String> {
        let lock = format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}");
        compare(&lock).unwrap()
    }

    const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

    /// RUSTSEC-2025-0023: patched versions are 1.38.2, 1.42.1, 1.43.1, and 1.44.2, each with later versions in
    /// its series.
    #[test]
    fn an_affected_version_fails_with_its_advisory_and_its_fix() {
        for (version, fixed) in [("1.40.0", "1.42.1"), ("1.44.1", "1.44.2")] {
            assert_eq!(
                problems("tokio", version, REGISTRY),
                [format!(
                    "tokio {version}: https://rustsec.org/advisories/RUSTSEC-2025-0023.html, fixed in {fixed}"
                )]
            );
        }
        for version in ["1.38.2", "1.42.1", "1.43.1", "1.44.2", "1.45.0"] {
            assert_eq!(problems("tokio", version, REGISTRY), [""; 0], "{version}");
        }
    }

    #[test]
    fn a_crate_that_the_snapshot_does_not_have_fails() {
        let [problem] = &problems("left-pad", "1.0.0", REGISTRY)[..] else {
            panic!("one problem")
        };
        assert!(problem.starts_with("left-pad 1.0.0: the snapshot of advisories is older"));
        // A crate of the workspace.
        assert_eq!(problems("left-pad", "1.0.0", ""), [""; 0]);
    }

    #[test]
    fn the_lock_has_no_affected_version() {
        check().unwrap();
    }
}
