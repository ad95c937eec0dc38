//! The sources that a running LocalStack was started from.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Returns a digest of the lock and of the plugin's files. If it changes, a new process is needed.
pub(crate) fn provenance(plugin: &Path) -> Result<String> {
    let mut files = vec![plugin.join("requirements.txt")];
    collect(&plugin.join("src"), &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    for file in &files {
        hash.update(file.as_os_str().as_encoded_bytes());
        hash.update(fs::read(file).map_err(Error::file("read", file))?);
    }
    Ok(hex::encode(hash.finalize()))
}

/// Collects the plugin's files below `folder`, except for files that Python compiled.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::file("read the folder", folder))? {
        let path = entry
            .map_err(Error::file("read the folder", folder))?
            .path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "__pycache__") {
                collect(&path, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_plugin_asks_for_a_new_process() {
        let plugin = tempfile::tempdir().unwrap();
        let plugin = plugin.path();
        fs::create_dir_all(plugin.join("src/__pycache__")).unwrap();
        fs::write(plugin.join("requirements.txt"), "").unwrap();
        fs::write(plugin.join("src/a.py"), "1").unwrap();
        let before = provenance(plugin).unwrap();
        fs::write(plugin.join("src/__pycache__/a.pyc"), "compiled").unwrap();
        assert_eq!(provenance(plugin).unwrap(), before);
        fs::write(plugin.join("src/a.py"), "2").unwrap();
        assert_ne!(provenance(plugin).unwrap(), before);
    }
}
