//! The files of a Copilot workspace on disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use adopt::copilot;

use crate::failure::{Code, Failure, Result};

/// Maximum number of bytes of a manifest. The reader accepts no more.
const LARGEST: u64 = 1 << 20;

/// Maximum number of files of a workspace.
const MOST: usize = 2_000;

/// The files found at a path.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) files: Vec<copilot::File>,
    /// The only requested service, by its folder.
    pub(super) service: Option<String>,
}

/// Reads a workspace, or the workspace around one manifest.
pub(super) fn read(path: &Path) -> Result<Found> {
    let unreadable = |error: std::io::Error| {
        Failure::new(
            Code::Usage,
            format!("can't read {}: {error}", path.display()),
        )
    };
    let kind = fs::metadata(path).map_err(unreadable)?;
    if !kind.is_dir() {
        return read_manifest(path);
    }
    for folder in [path.join("copilot"), path.to_owned()] {
        if folder.join(".workspace").is_file() || (folder.is_dir() && folder.ends_with("copilot")) {
            return Ok(Found {
                files: read_folder(&folder)?,
                service: None,
            });
        }
    }
    let manifest = ["manifest.yml", "manifest.yaml"]
        .map(|name| path.join(name))
        .into_iter()
        .find(|file| file.is_file());
    if let Some(manifest) = manifest {
        return read_manifest(&manifest);
    }
    Err(Failure::new(Code::Usage, format!("{} isn't a Copilot workspace: it has no folder `copilot`", path.display()))
        .hint("name the folder that has `copilot/` in it, or a manifest: `import copilot copilot/SERVICE/manifest.yml`"))
}

/// Reads one manifest, and the parts of its workspace that it needs.
fn read_manifest(path: &Path) -> Result<Found> {
    // `manifest.yml` alone is a path without a folder.
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = whole.parent().unwrap_or(Path::new("/"));
    let name = folder.file_name().map_or_else(
        || "service".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let outer = folder
        .parent()
        .filter(|outer| outer.join(".workspace").is_file() || outer.ends_with("copilot"));
    let mut files = outer.map_or_else(|| Ok(Vec::new()), read_folder)?;
    let place = format!("{name}/manifest.yml");
    files.retain(|file| file.place != place && file.place != format!("{name}/manifest.yaml"));
    files.push(read_file(path, place)?);
    Ok(Found {
        files,
        service: Some(name),
    })
}

/// Reads all relevant files of the folder `copilot`.
fn read_folder(folder: &Path) -> Result<Vec<copilot::File>> {
    let mut files = Vec::new();
    for name in [".workspace", "pipeline.yml", "buildspec.yml"] {
        read_if_there(&folder.join(name), name.to_owned(), &mut files)?;
    }
    for (name, path) in list(folder)? {
        if !path.is_dir() {
            continue;
        }
        match name.as_str() {
            "environments" | "pipelines" => {
                for (inner, path) in list(&path)? {
                    read_member(&path, &format!("{name}/{inner}"), &mut files)?;
                }
            }
            _ => {
                for inner in ["manifest.yml", "manifest.yaml", "addons", "overrides"] {
                    read_member(&path.join(inner), &format!("{name}/{inner}"), &mut files)?;
                }
            }
        }
    }
    Ok(files)
}

/// Reads a file, or the files that Copilot reads in a folder.
fn read_member(path: &Path, place: &str, files: &mut Vec<copilot::File>) -> Result<()> {
    if !path.is_dir() {
        return read_if_there(path, place.to_owned(), files);
    }
    for (name, path) in list(path)? {
        let is_yaml = [".yml", ".yaml"].iter().any(|end| name.ends_with(end));
        if is_yaml || name == "cdk.json" {
            read_if_there(&path, format!("{place}/{name}"), files)?;
        }
    }
    Ok(())
}

fn read_if_there(path: &Path, place: String, files: &mut Vec<copilot::File>) -> Result<()> {
    if path.is_file() {
        if files.len() >= MOST {
            return Err(
                Failure::failed(format!("the workspace has more than {MOST} files"))
                    .hint("import one manifest at a time"),
            );
        }
        files.push(read_file(path, place)?);
    }
    Ok(())
}

/// Lists the entries of a folder by name.
fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let failed = |error: std::io::Error| {
        Failure::failed(format!("can't read {}: {error}", folder.display()))
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Copilot's own names are valid Unicode.
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    Ok(entries)
}

fn read_file(path: &Path, place: String) -> Result<copilot::File> {
    let name = path.display().to_string();
    let failed = |what: String| Failure::new(Code::InvalidDefinition, what);
    let mut text = String::new();
    let opened = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
    match opened {
        Ok(_) if text.len() as u64 > LARGEST => {
            Err(failed(format!("{name} is larger than {LARGEST} bytes")))
        }
        Ok(_) => Ok(copilot::File {
            path: name,
            place,
            text,
        }),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(failed(format!("{name} isn't UTF-8")))
        }
        Err(error) => Err(failed(format!("can't read {name}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("copilot/.workspace", "application: store\n"),
            ("copilot/api/manifest.yml", "name: api\n"),
            ("copilot/api/addons/a.yml", "x"),
            ("copilot/api/overrides/cdk.json", "{}"),
            ("copilot/api/overrides/node_modules/b.yml", "x"),
            ("copilot/api/Dockerfile", "x"),
            ("copilot/environments/prod/manifest.yml", "name: prod\n"),
            ("copilot/environments/addons/c.yaml", "x"),
            ("copilot/pipelines/main/manifest.yml", "x"),
            ("src/d.yml", "x"),
        ];
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn places(found: &Found) -> Vec<&str> {
        found.files.iter().map(|file| file.place.as_str()).collect()
    }

    const PLACES: [&str; 7] = [
        ".workspace",
        "api/manifest.yml",
        "api/addons/a.yml",
        "api/overrides/cdk.json",
        "environments/addons/c.yaml",
        "environments/prod/manifest.yml",
        "pipelines/main/manifest.yml",
    ];

    #[test]
    fn a_workspace_is_found_from_its_root_and_its_folder() {
        let folder = workspace();
        for path in [folder.path().to_owned(), folder.path().join("copilot")] {
            let found = read(&path).unwrap();
            assert_eq!(places(&found), PLACES);
            assert_eq!(found.service, None);
        }
    }

    #[test]
    fn a_manifest_brings_its_workspace() {
        let folder = workspace();
        for path in ["copilot/api/manifest.yml", "copilot/api"] {
            let found = read(&folder.path().join(path)).unwrap();
            assert_eq!(found.service.as_deref(), Some("api"));
            let mut found = places(&found);
            found.sort_unstable();
            let mut wanted = PLACES;
            wanted.sort_unstable();
            assert_eq!(found, wanted);
        }
        let alone = folder.path().join("elsewhere/manifest.yml");
        fs::create_dir_all(alone.parent().unwrap()).unwrap();
        fs::write(&alone, "name: a\n").unwrap();
        assert_eq!(places(&read(&alone).unwrap()), ["elsewhere/manifest.yml"]);
    }

    #[test]
    fn what_is_no_workspace_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| {
            read(path)
                .unwrap_err()
                .message()
                .replace(&*folder.path().to_string_lossy(), "DIR")
        };
        assert_eq!(
            message(folder.path()),
            "DIR isn't a Copilot workspace: it has no folder `copilot`"
        );
        assert!(message(&folder.path().join("none")).starts_with("can't read DIR/none"));
        let file = folder.path().join("manifest.yml");
        fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
        assert_eq!(message(&file), "DIR/manifest.yml isn't UTF-8");
        fs::write(&file, "a".repeat((1 << 20) + 1)).unwrap();
        assert_eq!(
            message(&file),
            "DIR/manifest.yml is larger than 1048576 bytes"
        );
    }
}
