//! An assumptions file as an argument.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use simulator::Overrides;

use crate::failure::{Failure, Result};

/// Maximum size: more than every key with a page of evidence needs.
const LARGEST: u64 = 1 << 20;

/// Assumptions from a file.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct AssumptionsArg {
    /// File of assumptions in YAML or JSON, with the keys and values of `--assume`; `calibrate` writes one
    #[arg(long, value_name = "FILE")]
    assumptions: Option<PathBuf>,
}

impl AssumptionsArg {
    /// Returns the file's name and its text, if there is one.
    pub(crate) fn text(&self) -> Result<Option<(String, String)>> {
        let Some(path) = &self.assumptions else {
            return Ok(None);
        };
        let shown = path.display().to_string();
        let text = read(path)
            .map_err(|error| Failure::failed(format!("can't read assumptions {shown}: {error}")))?;
        Ok(Some((shown, text)))
    }

    /// Returns the assumptions of the file. Without a file, the defaults.
    pub(crate) fn read(&self) -> Result<Overrides> {
        let mut overrides = Overrides::default();
        if let Some((name, text)) = self.text()? {
            overrides.assume_file(&name, &text)?;
        }
        Ok(overrides)
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let mut file = File::open(path)?.take(LARGEST + 1);
    let length = file.read_to_string(&mut text)?;
    if length as u64 > LARGEST {
        return Err(std::io::Error::other(format!(
            "larger than {LARGEST} bytes"
        )));
    }
    Ok(text)
}
