//! Locations in the checkout.

use std::path::{Path, PathBuf};

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Folder of the sandboxes and of the build tools.
pub(crate) fn sandbox_home() -> PathBuf {
    root().join(".sandbox")
}
