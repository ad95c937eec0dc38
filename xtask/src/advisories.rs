//! The crates in `Cargo.lock` next to a snapshot of RustSec's advisories, which needs no network.

use std::collections::BTreeMap;
use std::fs;

use cli::{Failure, Result};
use semver::Version;

use crate::paths;

const SNAPSHOT: &str = "xtask/advisories/rust.txt";

/// Checks `Cargo.lock` against the snapshot.
///
/// # Errors
/// If the lock has an affected version, or a crate for which the snapshot wasn't made.
pub(crate) fn check() -> Result<()> {
    let read = |file: &str| {
        let path = paths::root().join(file);
        fs::read_to_string(path)
            .map_err(|error| Failure::failed(format!("failed to read {file}: {error}")))
    };
    let problems = compare(&read("Cargo.lock")?, &Snapshot::parse(&read(SNAPSHOT)?)?)?;
    if problems.is_empty() {
        return Ok(());
    }
    let failure = Failure::failed(problems.join("\n"));
    Err(failure.hint(
        "update the crate (`cargo update CRATE`); for a new crate, look for its advisories on rustsec.org, and add it to the snapshot",
    ))
}

struct Advisory {
    id: String,
    /// The first affected version, and the first one that isn't any more.
    ranges: Vec<(Version, Version)>,
}

/// Advisories by crate; none for a crate without any.
struct Snapshot(BTreeMap<String, Vec<Advisory>>);

impl Snapshot {
    fn parse(text: &str) -> Result<Self> {
        let mut all: BTreeMap<String, Vec<Advisory>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let Some(name) = words.next() else { continue };
            let advisories = all.entry(name.to_owned()).or_default();
            if let Some(id) = words.next() {
                let ranges = words.map(parse_range).collect::<Option<_>>();
                let invalid = || Failure::failed(format!("{SNAPSHOT}: can't read `{line}`"));
                advisories.push(Advisory {
                    id: format!("RUSTSEC-{id}"),
                    ranges: ranges.ok_or_else(invalid)?,
                });
            }
        }
        Ok(Self(all))
    }
}

fn parse_range(text: &str) -> Option<(Version, Version)> {
    let (first, fixed) = text.split_once("..")?;
    Some((first.parse().ok()?, fixed.parse().ok()?))
}

/// Names and versions of a lock's crates that come from a registry.
fn parse_lock(lock: &str) -> Result<Vec<(String, Version)>> {
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
            crates.push((name.to_owned(), version));
        }
    }
    Ok(crates)
}

fn compare(lock: &str, snapshot: &Snapshot) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (name, version) in parse_lock(lock)? {
        let Some(advisories) = snapshot.0.get(&name) else {
            problems.push(format!(
                "{name} {version}: the snapshot of advisories is older than Cargo.lock: {SNAPSHOT} doesn't have this crate"
            ));
            continue;
        };
        for advisory in advisories {
            let affected = advisory
                .ranges
                .iter()
                .find(|(first, fixed)| *first <= version && version < *fixed);
            if let Some((_, fixed)) = affected {
                let id = &advisory.id;
                problems.push(format!(
                    "{name} {version}: https://rustsec.org/advisories/{id}.html, fixed in {fixed}"
                ));
            }
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(name: &str, version: &str, source: &str) -> Vec<String> {
        let lock = format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}");
        let text = fs::read_to_string(paths::root().join(SNAPSHOT)).unwrap();
        compare(&lock, &Snapshot::parse(&text).unwrap()).unwrap()
    }

    const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

    /// RUSTSEC-2025-0023: patched are 1.38.2, 1.42.1, 1.43.1, and 1.44.2, each with what follows in its series.
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
