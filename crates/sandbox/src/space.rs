//! Free space on a disk.

use std::path::Path;

use crate::error::{Error, Result};

/// Below this number of bytes, a disk counts as full, because the next file would fill it.
pub const FULL: u64 = 4 * 1024 * 1024;

/// Returns the bytes that this user can still write at the path, or at its closest existing folder. `None` if
/// the system doesn't report it.
#[must_use]
pub fn free_space(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|folder| folder.exists())?;
    let disk = rustix::fs::statvfs(existing).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Refuses to start work that would fill the disk. `needed` is in bytes.
pub(crate) fn require_space(folder: &Path, needed: u64) -> Result<()> {
    match free_space(folder) {
        Some(free) if free < needed => Err(Error::NoSpace {
            folder: folder.to_owned(),
            free,
            needed,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_is_named_with_what_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not/there");
        assert!(free_space(&missing).unwrap() > 0);
        require_space(&missing, 1).unwrap();
        let error = require_space(&missing, u64::MAX).unwrap_err().to_string();
        let begin = format!("no space left on {}", missing.display());
        assert!(error.starts_with(&begin), "{error}");
    }
}
