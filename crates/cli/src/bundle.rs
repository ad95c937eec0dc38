//! What a released program contains in addition to its own code: the functions for Lambda, the sandbox's plugin, and the
//! simulator for pages.
//!
//! It is one zip. `functions/ARCHITECTURE/NAME.zip` is a packed function, `plugin/` is the plugin's folder, and
//! `simulator.wasm.gz` is the simulator as WebAssembly.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use deployer::{Asset, FunctionCode};
use sha2::{Digest as _, Sha256};
use stack::Architecture;
use zip::ZipArchive;

use crate::failure::{Failure, Result};

/// The zip. Empty if the program was built without one.
const BUNDLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bundle.zip"));

/// The simulator in the zip.
const SIMULATOR: &str = "simulator.wasm.gz";

/// Folder of the plugin in the zip.
const PLUGIN: &str = "plugin";

pub(crate) struct Bundle {
    archive: ZipArchive<Cursor<&'static [u8]>>,
}

impl Bundle {
    /// Opens the bundle of this program. `None` if there is none.
    ///
    /// # Errors
    /// If it is damaged.
    pub(crate) fn open() -> Result<Option<Self>> {
        Self::read(BUNDLE)
    }

    fn read(bytes: &'static [u8]) -> Result<Option<Self>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        Ok(Some(Self { archive }))
    }

    /// Returns a function for an architecture. `None` if the bundle doesn't have it.
    ///
    /// # Errors
    /// If the bundle is damaged.
    pub(crate) fn read_function(
        &mut self,
        function: FunctionCode,
        architecture: Architecture,
    ) -> Result<Option<Asset>> {
        let name = format!("functions/{architecture}/{}.zip", function.package());
        let Some(index) = self.archive.index_for_name(&name) else {
            return Ok(None);
        };
        let packed = self.read_entry(index)?;
        Ok(Some(Asset::packed_function(function.package(), packed)))
    }

    /// Returns the simulator as WebAssembly, packed with gzip. `None` if the bundle doesn't have it.
    ///
    /// # Errors
    /// If the bundle is damaged.
    pub(crate) fn read_simulator(&mut self) -> Result<Option<Vec<u8>>> {
        let index = self.archive.index_for_name(SIMULATOR);
        index.map(|index| self.read_entry(index)).transpose()
    }

    /// Unpacks the plugin below `folder` unless it exists, and returns its folder. Each version of the plugin has its
    /// own folder, so that a running sandbox keeps its files.
    ///
    /// # Errors
    /// If the bundle is damaged, or the files can't be written.
    pub(crate) fn unpack_plugin(&mut self, folder: &Path) -> Result<PathBuf> {
        let files = self.list_plugin()?;
        let target = folder.join(identify(&files));
        if target.is_dir() {
            return Ok(target);
        }
        let failed = |error: std::io::Error| {
            Failure::failed(format!(
                "failed to unpack the sandbox's plugin to {}: {error}",
                target.display()
            ))
        };
        fs::create_dir_all(folder).map_err(failed)?;
        // The folder appears complete or not at all, because two programs can start at once, and each can be
        // killed.
        let unpacked = tempfile::tempdir_in(folder).map_err(failed)?;
        for PluginFile { index, path, .. } in files {
            let path = unpacked.path().join(path);
            fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
            fs::write(path, self.read_entry(index)?).map_err(failed)?;
        }
        match fs::rename(unpacked.keep(), &target) {
            Err(error) if !target.is_dir() => Err(failed(error)),
            _ => Ok(target),
        }
    }

    fn list_plugin(&mut self) -> Result<Vec<PluginFile>> {
        let mut files = Vec::new();
        for index in 0..self.archive.len() {
            let entry = self.archive.by_index_raw(index);
            let entry = entry.map_err(|error| damaged(&error))?;
            let path = entry.enclosed_name();
            if let Some(path) = path
                .as_deref()
                .and_then(|path| path.strip_prefix(PLUGIN).ok())
            {
                files.push(PluginFile {
                    index,
                    path: path.to_owned(),
                    crc32: entry.crc32(),
                });
            }
        }
        Ok(files)
    }

    fn read_entry(&mut self, index: usize) -> Result<Vec<u8>> {
        let mut entry = self
            .archive
            .by_index(index)
            .map_err(|error| damaged(&error))?;
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(&error))?;
        Ok(bytes)
    }
}

/// A file of the plugin in the zip.
struct PluginFile {
    index: usize,
    /// Path in the plugin's folder.
    path: PathBuf,
    crc32: u32,
}

/// Returns a name that is unique for this version of the plugin.
fn identify(files: &[PluginFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.path.as_os_str().as_encoded_bytes());
        hash.update(file.crc32.to_be_bytes());
    }
    let mut name = hex::encode(hash.finalize());
    name.truncate(16);
    name
}

fn damaged(error: &dyn std::error::Error) -> Failure {
    Failure::failed(format!("this program is damaged: {error}"))
        .hint("download it again, and compare the file with SHA256SUMS")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn bundle(entries: &[(&str, &[u8])]) -> Bundle {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, bytes) in entries {
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        Bundle::read(bytes.leak()).unwrap().unwrap()
    }

    #[test]
    fn a_function_is_found_by_name_and_architecture() {
        let mut bundle = bundle(&[("functions/arm64/metric-function.zip", b"packed")]);
        let mut read = |function, architecture| {
            let asset = bundle.read_function(function, architecture).unwrap();
            asset.map(|asset| (asset.key, asset.bytes))
        };
        // `printf packed | sha256sum`
        let hash = "88cb8a087b6e8cebfc9ae5602f5a2159a6bcf923e7f2c56809bcda6cad1727a7";
        let (key, bytes) = read(FunctionCode::Metric, Architecture::Arm64).unwrap();
        assert_eq!(key, format!("functions/metric-function/{hash}.zip"));
        assert_eq!(bytes, b"packed");
        assert_eq!(read(FunctionCode::Metric, Architecture::X86_64), None);
        assert_eq!(read(FunctionCode::Scaling, Architecture::Arm64), None);
    }

    #[test]
    fn the_plugin_is_unpacked_once_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut bundle = bundle(&[
            ("functions/arm64/metric-function.zip", b"packed"),
            ("plugin/requirements.txt", b"a==1"),
            ("plugin/src/a.py", b"1"),
        ]);
        let plugin = bundle.unpack_plugin(folder.path()).unwrap();
        assert_eq!(fs::read(plugin.join("src/a.py")).unwrap(), b"1");
        assert_eq!(fs::read_dir(&plugin).unwrap().count(), 2);
        fs::write(plugin.join("src/a.py"), "2").unwrap();
        assert_eq!(bundle.unpack_plugin(folder.path()).unwrap(), plugin);
        assert_eq!(fs::read(plugin.join("src/a.py")).unwrap(), b"2");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_bundle_is_an_error_and_none_is_none() {
        assert!(Bundle::read(b"").unwrap().is_none());
        assert!(Bundle::read(b"no zip").is_err());
    }
}
