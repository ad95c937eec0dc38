//! What a sandbox remembers between two commands.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::behavior::Behavior;
use crate::error::{Error, Result};
use crate::process::Identity;

/// What is remembered between two commands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Where it listens, or has listened.
    pub port: u16,
    /// The process, unless it was stopped.
    pub process: Option<Identity>,
    /// What it was started from: a change of the plugin or the lock needs a new process.
    pub made_from: String,
    /// How it behaves. Sandboxes of earlier versions say `behaviour`.
    #[serde(default, alias = "behaviour")]
    pub behavior: Behavior,
    /// The emulators next to it, unless they were stopped. Sandboxes of earlier versions say `stand_ins`.
    #[serde(default, alias = "stand_ins")]
    pub emulators: Option<Companion>,
}

/// The emulators' process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Companion {
    /// The process.
    pub process: Identity,
    /// What it was started from: another executable, LocalStack or behavior needs a new process.
    pub made_from: String,
}

impl Record {
    /// A record that can't be read is none: the worst that follows is a new port.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    /// Whether both processes run.
    pub(crate) fn is_alive(&self) -> bool {
        let emulators = self.emulators.as_ref().map(|emulators| emulators.process);
        let processes = [self.process, emulators];
        processes
            .iter()
            .all(|process| process.is_some_and(Identity::is_alive))
    }

    /// Written whole or not at all: a run may be killed at any point.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let draft = file.with_extension("draft");
        let text = serde_json::to_vec(self).unwrap_or_default();
        fs::write(&draft, text).map_err(Error::file("write", &draft))?;
        fs::rename(&draft, file).map_err(Error::file("write", file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_and_a_broken_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("record.json");
        assert!(Record::read(&file).is_none());
        let process = Identity::find(std::process::id());
        let made_from = "x".to_owned();
        Record {
            port: 4566,
            process,
            made_from,
            behavior: Behavior::default(),
            emulators: None,
        }
        .write(&file)
        .unwrap();
        let record = Record::read(&file).unwrap();
        assert_eq!((record.port, record.process), (4566, process));
        fs::write(&file, r#"{"port": 1, "process": null, "made_from": ""}"#).unwrap();
        let older = Record::read(&file).unwrap();
        assert_eq!(older.behavior, Behavior::default());
        let older = r#"{"port": 1, "process": null, "made_from": "", "behaviour": {"speed": 2}}"#;
        fs::write(&file, older).unwrap();
        assert_eq!(Record::read(&file).unwrap().behavior.speed.factor(), 2);
        fs::write(&file, "{\"port\": 45").unwrap();
        assert!(Record::read(&file).is_none());
    }
}
