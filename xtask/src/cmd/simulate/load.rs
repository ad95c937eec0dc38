//! The load as an argument: a file or a generator.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;

use simulator::{GeneratorError, Layout, Load};

use crate::failure::{Failure, Result};

/// Where a load is from.
#[derive(Clone, Debug)]
pub(crate) enum LoadSource {
    /// A generator, already read.
    Generated { text: String, load: Box<Load> },
    /// A CSV file.
    File(PathBuf),
}

/// Why an argument is no load.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// Not there.
    #[error(
        "a stack's own history in CloudWatch is not supported yet: export NumberOfMessagesSent as CSV rows of \
         timestamp,count (a file of that name is ./cloudwatch)"
    )]
    CloudWatch,
    /// A generator that is written wrong.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
}

impl LoadSource {
    /// A generator that is written wrong is wrong usage.
    pub(crate) fn parse(text: &str) -> Result<Self, LoadError> {
        if text == "cloudwatch" {
            return Err(LoadError::CloudWatch);
        }
        if !Load::is_generator(text) {
            return Ok(Self::File(PathBuf::from(text)));
        }
        Ok(Self::Generated {
            text: text.to_owned(),
            load: Box::new(Load::generate(text)?),
        })
    }

    pub(crate) fn read(&self, layout: Option<Layout>) -> Result<Load> {
        let path = match self {
            Self::Generated { load, .. } => return Ok(load.as_ref().clone()),
            Self::File(path) => path,
        };
        let shown = path.display();
        let file = File::open(path).map_err(|error| {
            Failure::failed(format!("failed to open the load {shown}: {error}")).hint(
                "a load is a CSV file, or a generator: constant, poisson, step, ramp, daily, flash-crowd, on-off \
                 or mmpp with its parameters, such as poisson:rate=20/s,for=2h",
            )
        })?;
        Load::read_csv(file, layout).map_err(|error| {
            let mut message = format!("failed to read the load {shown}: {error}");
            if let Some(source) = std::error::Error::source(&error) {
                message = format!("{message}: {source}");
            }
            Failure::failed(message)
        })
    }
}

impl fmt::Display for LoadSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generated { text, .. } => f.write_str(text),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
