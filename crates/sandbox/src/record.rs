//! The state that a sandbox keeps between two commands.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::behavior::Behavior;
use crate::error::{Error, Result};
use crate::process::Identity;

/// The state of a sandbox that commands share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The port on which it listens or last listened.
    pub port: u16,
    /// The process, unless it was stopped.
    pub process: Option<Identity>,
    /// Hash of its sources. If the plugin or the lock file changes, a new process is needed.
    pub made_from: String,
    /// How it behaves. Records of earlier versions use the key `behaviour`.
    #[serde(default, alias = "behaviour")]
    pub behavior: Behavior,
    /// The emulators next to it, unless they were stopped. Records of earlier versions use the key `stand_ins`.
    #[serde(default, alias = "stand_ins")]
    pub emulators: Option<Companion>,
}

/// The emulators' process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Companion {
    /// The process.
    pub process: Identity,
    /// Hash of its sources. If the executable, LocalStack, or behavior changes, a new process is needed.
    pub made_from: String,
}

impl Record {
    /// Reads a record. An unreadable one counts as missing. In the worst case, that results in a new port.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }

    /// Whether both processes are running.
    pub(crate) fn is_alive(&self) -> bool {
        let emulators = self.emulators.as_ref().map(|emulators| emulators.process);
        let processes = [self.process, emulators];
        processes
            .iter()
            .all(|process| process.is_some_and(Identity::is_alive))
    }

    /// Writes the file atomically, because a run can be killed at any point.
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
