//! Folders that are created once from source files, and again when a source changes.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::lock::Lock;

/// Runs `prepare`, which fills `folder`, unless the folder is complete and was created from these sources. First
/// removes a folder that is incomplete or was created from other sources. If two processes call this, only one
/// prepares it.
///
/// # Errors
/// If `prepare` fails, or a file can't be read, written, or removed.
pub fn prepare_folder<E: From<Error>>(
    folder: &Path,
    sources: &[PathBuf],
    prepare: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    if is_prepared(folder, sources)? {
        return Ok(());
    }
    let _lock = Lock::take(&folder.with_extension("lock"))?;
    if is_prepared(folder, sources)? {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::file("remove", folder))?;
    }
    prepare()?;
    let stamp = stamp(folder);
    fs::write(&stamp, compute_fingerprint(folder, sources)?)
        .map_err(Error::file("write", &stamp))?;
    Ok(())
}

/// Whether a folder is complete and was created from these sources.
pub(crate) fn is_prepared(folder: &Path, sources: &[PathBuf]) -> Result<bool> {
    let wanted = compute_fingerprint(folder, sources)?;
    Ok(fs::read_to_string(stamp(folder)).is_ok_and(|stamp| stamp == wanted))
}

/// Written last: a folder without it is incomplete.
fn stamp(folder: &Path) -> PathBuf {
    folder.join("made-from")
}

fn compute_fingerprint(folder: &Path, sources: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for file in sources {
        hash.update(fs::read(file).map_err(Error::file("read", file))?);
    }
    // Such folders contain absolute paths, so they can't be moved or copied.
    hash.update(folder.as_os_str().as_encoded_bytes());
    Ok(hex::encode(hash.finalize()))
}
