//! Converts Copilot's manifests to definitions.

mod hostile;
mod keys;
mod snapshots;
mod valid;
mod yaml;

use std::path::{Path, PathBuf};

use adopt::copilot::{File, Import, Settings, import};

/// The manifests of single services, by their files' names.
const SINGLE: [&str; 5] = ["simple", "events", "media", "backend", "web"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/manifests")
}

/// The file of a manifest outside of any workspace.
fn single(name: &str) -> File {
    let text = std::fs::read_to_string(folder().join(format!("{name}.yml"))).unwrap();
    manifest(name, &text)
}

fn manifest(name: &str, text: &str) -> File {
    File {
        path: format!("copilot/{name}/manifest.yml"),
        place: format!("{name}/manifest.yml"),
        text: text.to_owned(),
    }
}

/// The files of the workspace.
fn workspace() -> Vec<File> {
    let mut files = Vec::new();
    let mut open = vec![folder().join("store")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let place = path
            .strip_prefix(folder().join("store"))
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        files.push(File {
            path: format!("copilot/{place}"),
            text: std::fs::read_to_string(&path).unwrap(),
            place,
        });
    }
    files.sort_by(|one, other| one.place.cmp(&other.place));
    files
}

/// The environment's settings in tests.
fn settings() -> Settings {
    Settings {
        application: Some("store".to_owned()),
        account: Some("111122223333".to_owned()),
        region: Some("us-west-2".to_owned()),
        ..Settings::default()
    }
}

fn imported(files: &[File], settings: &Settings) -> Import {
    import(files, settings).unwrap_or_else(|error| panic!("{error:?}"))
}
