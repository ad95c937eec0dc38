//! What a simulation assumes, as given on a command line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::assume::AssumeError;
use crate::cost::{PriceError, PriceTable};
use crate::scenario::Overrides;

/// Assumptions as texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumed {
    /// A file of assumptions: its name and its text.
    #[serde(default)]
    pub file: Option<(String, String)>,
    /// Single assumptions as `KEY=VALUE`, which take precedence over the file.
    #[serde(default)]
    pub assume: Vec<String>,
    /// The text of a price table.
    #[serde(default)]
    pub prices: Option<String>,
    /// The region of the prices.
    #[serde(default)]
    pub region: Option<String>,
}

/// Why assumptions aren't valid.
#[derive(Debug, thiserror::Error)]
pub enum AssumedError {
    /// The file.
    #[error(transparent)]
    File(#[from] stack::Report),
    /// A single assumption.
    #[error(transparent)]
    Assume(#[from] AssumeError),
    /// The prices.
    #[error(transparent)]
    Prices(#[from] PriceError),
}

impl Assumed {
    /// Reads them.
    ///
    /// # Errors
    /// If one of them isn't valid.
    pub fn overrides(&self) -> Result<Overrides, AssumedError> {
        let prices = self.prices.as_deref().map(PriceTable::read).transpose()?;
        let mut overrides = Overrides {
            prices: prices.map(Arc::new),
            region: self.region.clone(),
            ..Overrides::default()
        };
        if let Some((name, text)) = &self.file {
            overrides.assume_file(name, text)?;
        }
        for text in &self.assume {
            overrides.assume(text)?;
        }
        Ok(overrides)
    }
}
