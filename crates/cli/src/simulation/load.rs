//! The load as an argument: a file, a generator, or what CloudWatch remembers.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use simulator::{GeneratorError, Load, LoadLimits, ReadOptions};
use stack::Stack;

use super::cloudwatch;
use super::load_file::FileArgs;
use crate::connect::ConnectArgs;
use crate::failure::{Code, Failure, Result};
use crate::progress::{ProgressLine, ProgressReader};
use crate::ui::Ui;

/// The load, and which part of it.
#[derive(Debug, clap::Args)]
pub(super) struct LoadArgs {
    /// File with a time and a count per row or one message per row, as CSV or JSON; a generator such as
    /// `poisson:rate=20/s,for=2h`; or `cloudwatch`: the messages sent to the service's queues in the last
    /// 14 days
    #[arg(long, value_name = "LOAD", value_parser = LoadSource::parse)]
    pub(super) load: LoadSource,
    #[command(flatten)]
    file: FileArgs,
    /// So many times the messages
    #[arg(long, value_name = "FACTOR")]
    scale: Option<f64>,
    /// Leave out what is before: a time as the file writes it, or a length of time after its beginning
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Leave out what is after
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Refuse a load with more messages than this [default: 100000000]
    #[arg(long, value_name = "NUMBER")]
    max_messages: Option<u64>,
    /// Refuse a load that lasts longer than this; at most 100 years [default: 400d]
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    max_span: Option<Duration>,
}

/// Where a load is from.
#[derive(Clone, Debug)]
pub(super) enum LoadSource {
    /// A generator, already read.
    Generated { text: String, load: Box<Load> },
    /// A CSV file.
    File(PathBuf),
    /// The queues' own history.
    CloudWatch,
}

impl LoadArgs {
    /// Reads the load for a service of a definition. Only a queue's history is read from AWS, with `connect`.
    pub(super) async fn read(
        &self,
        stack: &Stack,
        service: &str,
        connect: &ConnectArgs,
        ui: &Ui,
    ) -> Result<Load> {
        if !matches!(self.load, LoadSource::CloudWatch) {
            // The region also chooses prices.
            let cloud = ConnectArgs {
                region: None,
                ..connect.clone()
            };
            let cloud = cloud.as_written();
            return if cloud.is_empty() {
                self.read_here(ui)
            } else {
                Err(Failure::new(
                    Code::Usage,
                    format!("only --load cloudwatch asks a cloud: leave out{cloud}"),
                ))
            };
        }
        let from = self.from.as_deref().map(cloudwatch::parse_moment);
        let to = self.to.as_deref().map(cloudwatch::parse_moment);
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

    /// Reads a load that needs no cloud.
    fn read_here(&self, ui: &Ui) -> Result<Load> {
        let load = match &self.load {
            LoadSource::Generated { load, .. } => load.as_ref().clone(),
            LoadSource::File(path) => read_file(path, &self.file.options(), ui)?,
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
        let default = LoadLimits::default();
        let limits = LoadLimits {
            messages: self.max_messages.unwrap_or(default.messages),
            span: self.max_span.unwrap_or(default.span),
        };
        let part = load.between(from, to).map_err(usage)?;
        part.within(limits)
            .map_err(|error| Failure::failed(error.to_string()))
    }
}

impl LoadSource {
    /// An invalid generator is wrong usage.
    fn parse(text: &str) -> Result<Self, GeneratorError> {
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

fn read_file(path: &Path, options: &ReadOptions, ui: &Ui) -> Result<Load> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| {
        Failure::failed(format!("failed to open the load {shown}: {error}")).hint(
            "a load is a CSV or JSON file, `cloudwatch`, or a generator: constant, poisson, step, ramp, \
             daily, flash-crowd, on-off or mmpp with its parameters, such as poisson:rate=20/s,for=2h",
        )
    })?;
    let size = file.metadata().map_or(0, |file| file.len());
    let line = ProgressLine::new(ui, format!("reading {shown}"));
    Load::read(ProgressReader::new(file, size, line), options).map_err(|error| {
        let mut message = format!("failed to read the load {shown}: {error}");
        if let Some(source) = std::error::Error::source(&error) {
            message = format!("{message}: {source}");
        }
        Failure::failed(message)
    })
}

/// Reads a duration of at most 100 years, which nanoseconds can count.
fn parse_span(text: &str) -> std::result::Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);
    let span = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if span > LONGEST {
        return Err("at most 100 years".to_owned());
    }
    Ok(span)
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
