//! The load as an argument: a file, a generator, or what CloudWatch remembers.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use simulator::{GeneratorError, Layout, Load};
use stack::Stack;

use super::cloudwatch;
use crate::connect::ConnectArgs;
use crate::failure::{Code, Failure, Result};
use crate::ui::Ui;

/// The load, and which part of it.
#[derive(Debug, clap::Args)]
pub(crate) struct LoadArgs {
    /// CSV file of `timestamp,count` or of one row a message; a generator such as
    /// `poisson:rate=20/s,for=2h`; or `cloudwatch`: what was sent to the service's queues in the last 14
    /// days
    #[arg(long, value_name = "LOAD", value_parser = LoadSource::parse)]
    pub(crate) load: LoadSource,
    /// What a row of the CSV file is (otherwise told from its columns)
    #[arg(long, value_name = "WHAT", value_parser = ["counts", "messages"])]
    rows: Option<String>,
    /// So many times the messages
    #[arg(long, value_name = "FACTOR")]
    scale: Option<f64>,
    /// Leave out what is before: a time as the file writes it, or a length of time after its beginning
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Leave out what is after
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

/// Where a load is from.
#[derive(Clone, Debug)]
pub(crate) enum LoadSource {
    /// A generator, already read.
    Generated { text: String, load: Box<Load> },
    /// A CSV file.
    File(PathBuf),
    /// The queues' own history.
    CloudWatch,
}

impl LoadArgs {
    /// The load for a service of a definition. Only the queues' own history asks AWS, at `connect`.
    pub(crate) async fn read(
        &self,
        stack: &Stack,
        service: &str,
        connect: &ConnectArgs,
        ui: &Ui,
    ) -> Result<Load> {
        if !matches!(self.load, LoadSource::CloudWatch) {
            let cloud = connect.as_written();
            return if cloud.is_empty() {
                self.here()
            } else {
                Err(Failure::new(
                    Code::Usage,
                    format!("only --load cloudwatch asks a cloud: leave out{cloud}"),
                ))
            };
        }
        let from = self.from.as_deref().map(cloudwatch::moment);
        let to = self.to.as_deref().map(cloudwatch::moment);
        let (from, to) = (from.transpose()?, to.transpose()?);
        let asked = deployer::Between {
            from: from.as_ref().and_then(cloudwatch::Moment::time),
            to: to.as_ref().and_then(cloudwatch::Moment::time),
        };
        let load = cloudwatch::read(stack, service, connect, asked, ui).await?;
        // What is a time was asked of CloudWatch already; what is a length cuts what came.
        let length = |moment: Option<cloudwatch::Moment>| moment.and_then(|moment| moment.length());
        self.cut(load, length(from).as_deref(), length(to).as_deref())
    }

    /// The load, from this machine.
    pub(crate) fn here(&self) -> Result<Load> {
        let layout = match self.rows.as_deref() {
            Some("counts") => Some(Layout::Counts),
            Some("messages") => Some(Layout::Arrivals),
            _ => None,
        };
        let load = match &self.load {
            LoadSource::Generated { load, .. } => load.as_ref().clone(),
            LoadSource::File(path) => read_file(path, layout)?,
            LoadSource::CloudWatch => {
                return Err(Failure::failed("the history of a queue is in CloudWatch"));
            }
        };
        self.cut(load, self.from.as_deref(), self.to.as_deref())
    }

    fn cut(&self, mut load: Load, from: Option<&str>, to: Option<&str>) -> Result<Load> {
        let usage = |error: simulator::PartError| Failure::new(Code::Usage, error.to_string());
        if let Some(factor) = self.scale {
            load = load.scaled(factor).map_err(usage)?;
        }
        load.between(from, to).map_err(usage)
    }
}

impl LoadSource {
    /// A generator that is written wrong is wrong usage.
    pub(crate) fn parse(text: &str) -> Result<Self, GeneratorError> {
        if text == "cloudwatch" {
            return Ok(Self::CloudWatch);
        }
        if !Load::is_generator(text) {
            return Ok(Self::File(PathBuf::from(text)));
        }
        Ok(Self::Generated {
            text: text.to_owned(),
            load: Box::new(Load::generate(text)?),
        })
    }
}

fn read_file(path: &Path, layout: Option<Layout>) -> Result<Load> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| {
        Failure::failed(format!("failed to open the load {shown}: {error}")).hint(
            "a load is a CSV file, `cloudwatch`, or a generator: constant, poisson, step, ramp, daily, \
             flash-crowd, on-off or mmpp with its parameters, such as poisson:rate=20/s,for=2h",
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

impl fmt::Display for LoadSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generated { text, .. } => f.write_str(text),
            Self::File(path) => path.display().fmt(f),
            Self::CloudWatch => f.write_str("cloudwatch"),
        }
    }
}
