//! Locations in the checkout.

use std::path::{Path, PathBuf};

/// Returns the workspace's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Returns the folder of the sandboxes and of the build tools.
pub(crate) fn sandbox_home() -> PathBuf {
    root().join(".sandbox")
}
