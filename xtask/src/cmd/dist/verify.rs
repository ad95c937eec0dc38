//! `dist --verify`: the same archives once more, from a clone in another folder, compared byte by byte.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use cli::{Failure, Result};
use flate2::read::GzDecoder;

use super::program::{Commit, Target};
use super::{failed, read, stem};
use crate::paths;
use crate::process::{capture_output, cargo};

/// Refuses a tree with changes: a clone has none of them, and would make other archives.
///
/// # Errors
/// If there are changes that aren't committed.
pub(super) fn require_clean(commit: &Commit) -> Result<()> {
    if !commit.id().ends_with("-dirty") {
        return Ok(());
    }
    let failure =
        Failure::failed("--verify builds a clone of the commit, and this tree has changes");
    Err(failure.hint("commit or stash them"))
}

/// Builds the archives of these targets in a clone, and compares them with those in `out`.
///
/// # Errors
/// If the clone can't be built, or a file differs.
pub(super) fn verify(targets: &[Target], out: &Path) -> Result<()> {
    let folder = tempfile::tempdir().map_err(|error| failed("make a folder", &error))?;
    // A path of another length, which a compiled program must not contain either.
    let clone = folder.path().join("the-same-commit");
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--no-hardlinks"])
        .args([paths::root(), clone.as_path()]);
    capture_output(&mut git, "clone the commit")?;
    let mut again = cargo();
    again
        .current_dir(&clone)
        .env_remove("CARGO_TARGET_DIR")
        .args(["xtask", "dist", "--out", "dist"]);
    for target in targets {
        again.args(["--target", target.name()]);
    }
    eprintln!("building the same archives in {}", clone.display());
    capture_output(&mut again, "build the clone")?;
    for target in targets {
        let name = format!("{}.tar.gz", stem(target));
        let (first, second) = (
            read(&out.join(&name))?,
            read(&clone.join("dist").join(&name))?,
        );
        if first != second {
            let differing = list_differing(&list_members(&first)?, &list_members(&second)?);
            return Err(Failure::failed(format!(
                "{name} has other bytes when it is built in another folder: {}",
                differing.join(", ")
            )));
        }
        println!("{name}: the same bytes from another folder");
    }
    Ok(())
}

/// Reads the files of an archive by their names.
fn list_members(archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let unpack = || -> std::io::Result<_> {
        let mut members = BTreeMap::new();
        for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
            let mut entry = entry?;
            let name = entry.path()?.display().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            members.insert(name, bytes);
        }
        Ok(members)
    };
    unpack().map_err(|error| failed("unpack the archive", &error))
}

/// The files that only one archive has, or that have other bytes; if there are none, the packing differs.
fn list_differing(
    first: &BTreeMap<String, Vec<u8>>,
    second: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let names = first
        .keys()
        .chain(second.keys().filter(|name| !first.contains_key(*name)));
    let differing = names.filter(|name| first.get(*name) != second.get(*name));
    let differing: Vec<String> = differing.cloned().collect();
    match differing.is_empty() {
        true => vec!["only the packing".to_owned()],
        false => differing,
    }
}

#[cfg(test)]
mod tests {
    use super::super::archive::Archive;
    use super::*;

    #[test]
    fn files_that_differ_are_named() {
        let pack = |seconds, files: &[(&str, &str)]| {
            let mut archive = Archive::new("tool".to_owned(), seconds);
            for (name, text) in files {
                archive.add(name, text.as_bytes()).unwrap();
            }
            list_members(&archive.finish().unwrap()).unwrap()
        };
        let first = pack(1, &[("a", "1"), ("b", "2"), ("c", "3")]);
        let second = pack(1, &[("a", "1"), ("b", "other"), ("d", "4")]);
        assert_eq!(
            list_differing(&first, &second),
            ["tool/b", "tool/c", "tool/d"]
        );
        // Only the time of the files.
        let later = pack(2, &[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(list_differing(&first, &later), ["only the packing"]);
    }
}
