//! The bundle of a released program. `cli/src/bundle.rs` documents its format.

use std::io::{Cursor, Write as _};

use cli::{Failure, Result, warn};
use deployer::FunctionCode;
use stack::Architecture;
use zip::write::SimpleFileOptions;

use super::{failed, read};
use crate::process::capture_output;
use crate::{functions, knobs, paths};

/// Folder of the plugin in the checkout.
const PLUGIN: &str = "crates/sandbox/localstack-plugin";

/// Builds the functions for both architectures, and the simulator for pages, and packs them with the plugin.
pub(super) fn pack(incomplete: bool, note: &dyn Fn(&str)) -> Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, options)
            .and_then(|()| zip.write_all(bytes).map_err(Into::into))
            .map_err(|error| failed("write the bundle", &error))
    };
    for architecture in Architecture::ALL {
        if !functions::can_build(architecture, note) {
            let text = format!("the functions can't be built for {architecture} on this machine");
            if incomplete {
                warn(&format!("{text}: the program won't contain them"));
                continue;
            }
            return Err(Failure::failed(text).hint(format!(
                "rustup target add {}; or --incomplete omits them",
                functions::target(architecture)
            )));
        }
        let built = functions::build(&FunctionCode::ALL, architecture, note)?;
        for (function, asset) in built.assets {
            let name = format!("functions/{architecture}/{}.zip", function.package());
            add(&name, &asset.bytes)?;
        }
    }
    if knobs::can_build(note) {
        add("simulator.wasm.gz", &knobs::build(note)?)?;
    } else {
        let text = "the simulator for the page of a report can't be built on this machine";
        if !incomplete {
            let hint = format!(
                "rustup target add {}; or --incomplete omits it",
                knobs::TARGET
            );
            return Err(Failure::failed(text).hint(hint));
        }
        warn(&format!("{text}: the program won't contain it"));
    }
    for name in list_plugin()? {
        let bytes = read(&paths::root().join(PLUGIN).join(&name))?;
        add(&format!("plugin/{name}"), &bytes)?;
    }
    let packed = zip.finish();
    let packed = packed.map_err(|error| failed("write the bundle", &error))?;
    Ok(packed.into_inner())
}

/// Lists the files that the plugin needs to run, sorted by name.
fn list_plugin() -> Result<Vec<String>> {
    let mut git = std::process::Command::new("git");
    git.current_dir(paths::root().join(PLUGIN)).args([
        "ls-files",
        "-z",
        "src",
        "requirements*.txt",
    ]);
    let names = capture_output(&mut git, "list the plugin's files")?;
    let mut names: Vec<_> = names.split_terminator('\0').map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_has_its_code_and_its_lock_files_and_no_tests() {
        let names = list_plugin().unwrap();
        let has = |name: &str| names.iter().any(|found| found == name);
        assert!(has("requirements.txt") && has("requirements-build.txt"));
        assert!(has("src/localstack_ecs/executor.py"));
        assert!(!names.iter().any(|name| name.starts_with("tests/")));
    }
}
