//! Adds a bundle to the program: the zip that ECS_SCALER_BUNDLE names, or none. `cargo xtask dist` creates it.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ECS_SCALER_BUNDLE");
    let variable = |name: &str| env::var(name).map_err(io::Error::other);
    let copy = Path::new(&variable("OUT_DIR")?).join("bundle.zip");
    // In a copy of a target folder with hard links, the others must keep their file.
    if copy.exists() {
        fs::remove_file(&copy)?;
    }
    match env::var_os("ECS_SCALER_BUNDLE") {
        Some(bundle) => {
            println!("cargo::rerun-if-changed={}", Path::new(&bundle).display());
            fs::copy(bundle, copy)?;
        }
        None => fs::write(copy, [])?,
    }
    println!("cargo::rustc-env=ECS_SCALER_TARGET={}", variable("TARGET")?);
    Ok(())
}
