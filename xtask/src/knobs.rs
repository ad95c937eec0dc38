//! Builds the simulator for the page of a report, a WebAssembly module. Cargo decides whether there is anything to build.

use std::fs;
use std::io::Write as _;

use cli::{Failure, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use sandbox::Lock;

use crate::functions::{add_target, has_target, hide_paths};
use crate::paths;
use crate::process::{capture_output, cargo};

/// The Rust target of the module.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Returns the module, packed with gzip. `None` if its Rust target isn't installed; `note` receives how to get it, and
/// otherwise progress.
///
/// # Errors
/// If it can't be built.
pub(crate) fn find(note: &dyn Fn(&str)) -> Result<Option<Vec<u8>>> {
    if has_target(TARGET) {
        return build(note).map(Some);
    }
    note(&format!(
        "the page has no knobs: they need `rustup target add {TARGET}`"
    ));
    Ok(None)
}

/// Whether the target is installed, or could be added.
pub(crate) fn can_build(note: &dyn Fn(&str)) -> bool {
    add_target(TARGET, note)
}

/// Builds the module and packs it with gzip.
///
/// # Errors
/// If it can't be built.
pub(crate) fn build(note: &dyn Fn(&str)) -> Result<Vec<u8>> {
    // Another command in this checkout would replace the module while it is read.
    let _lock = Lock::take_noting(&paths::sandbox_home().join("knobs.lock"), || {
        note("waiting for another build in this checkout");
    })?;
    let module = paths::root()
        .join("target")
        .join(TARGET)
        .join("page/knobs.wasm");
    if !module.exists() {
        note("building the simulator for the page (a minute or two the first time)");
    }
    let mut build = cargo();
    build
        .args("build --package knobs --profile page --target".split(' '))
        .args([TARGET, "--target-dir", "target"])
        .envs(hide_paths());
    capture_output(&mut build, "build the simulator for the page")?;
    let failed = |error: std::io::Error| {
        Failure::failed(format!("failed to read {}: {error}", module.display()))
    };
    let code = fs::read(&module).map_err(failed)?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let packed = gzip.write_all(&code).and_then(|()| gzip.finish());
    packed.map_err(failed)
}
