//! The load as an argument: a file, a generator, or CloudWatch's history.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use simulator::{GeneratorError, Load, LoadLimits, ReadOptions};
use stack::Stack;

use super::cloudwatch;
use super::load_file::FileArgs;
use crate::connect::ConnectArgs;
use crate::definition::near_file;
use crate::failure::{Code, Failure, Result};
use crate::progress::{ProgressLine, ProgressReader};
use crate::ui::Ui;

/// The load, and which part of it.
#[derive(Debug, clap::Args)]
pub(super) struct LoadArgs {
    /// File with a time and a count per row or one message per row, as CSV or JSON; a generator such as
    /// `poisson:rate=20/s,for=2h`; or `cloudwatch`: the messages sent to the service's queues in the last
    /// 14 days. QUEUE=LOAD is the load of one queue, repeated for each queue of the service
    #[arg(long, value_name = "LOAD", required = true, value_parser = NamedLoad::parse)]
    pub(super) load: Vec<NamedLoad>,
    #[command(flatten)]
    file: FileArgs,
    /// Multiply the number of messages by this factor
    #[arg(long, value_name = "FACTOR")]
    scale: Option<f64>,
    /// Skip messages before this time: a timestamp in the file's format, or a duration from the load's start
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Skip messages after this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Refuse a load with more messages than this [default: 100000000]
    #[arg(long, value_name = "NUMBER")]
    max_messages: Option<u64>,
    /// Refuse a load that lasts longer than this; at most 100 years [default: 400d]
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    max_span: Option<Duration>,
}

/// A load and its queue, if one is given.
#[derive(Clone, Debug)]
pub(super) struct NamedLoad {
    queue: Option<String>,
    source: LoadSource,
}

#[derive(Clone, Debug)]
enum LoadSource {
    /// A generator, already parsed.
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
        let first = self.load.first().filter(|_| self.load.len() == 1);
        let asks = first.is_some_and(|load| {
            load.queue.is_none() && matches!(load.source, LoadSource::CloudWatch)
        });
        if !asks {
            // The region also selects prices.
            let cloud = ConnectArgs {
                region: None,
                ..connect.clone()
            };
            let cloud = cloud.as_written();
            return if cloud.is_empty() {
                self.read_here(stack, service, ui)
            } else {
                Err(Failure::new(
                    Code::Usage,
                    format!("only --load cloudwatch connects to a cloud: omit{cloud}"),
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
        // CloudWatch already applied absolute times. Durations select a part of the result.
        let length = |moment: Option<cloudwatch::Moment>| moment.and_then(|moment| moment.length());
        self.cut(load, length(from).as_deref(), length(to).as_deref())
    }

    /// Reads loads that don't need a connection.
    fn read_here(&self, stack: &Stack, service: &str, ui: &Ui) -> Result<Load> {
        let read = |source: &LoadSource| match source {
            LoadSource::Generated { load, .. } => Ok(load.as_ref().clone()),
            LoadSource::File(path) => read_file(path, &self.file.options(), ui),
            LoadSource::CloudWatch => Err(Failure::new(
                Code::Usage,
                "cloudwatch is the load of all queues: give it alone, without a queue's name"
                    .to_owned(),
            )),
        };
        let load = match self.load.as_slice() {
            [only] if only.queue.is_none() => read(&only.source)?,
            several => {
                check_queues(several, stack, service)?;
                let loads = several.iter().map(|one| {
                    let queue = one.queue.clone().unwrap_or_default();
                    Ok((queue, read(&one.source)?))
                });
                Load::mixed(loads.collect::<Result<_>>()?)
            }
        };
        self.cut(load, self.from.as_deref(), self.to.as_deref())
    }

    /// Returns the loads as given on the command line.
    pub(super) fn name(&self) -> String {
        let names: Vec<String> = self.load.iter().map(NamedLoad::to_string).collect();
        names.join(" ")
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

/// Checks that each of several loads is for a different queue of the service.
fn check_queues(loads: &[NamedLoad], stack: &Stack, service: &str) -> Result<()> {
    let consumed = stack
        .services
        .get(service)
        .map(|service| service.consumes.as_slice());
    let consumed = consumed.unwrap_or_default();
    let usage = |text: String| Failure::new(Code::Usage, text);
    let mut seen = BTreeSet::new();
    for load in loads {
        let Some(queue) = &load.queue else {
            return Err(usage(format!("several loads, and {load} is for no queue"))
                .hint("write --load QUEUE=LOAD for each of them"));
        };
        if !consumed.contains(queue) {
            let text = format!("{service} consumes no queue \"{queue}\"");
            let hint = stack::suggest_name(queue, consumed.iter().map(String::as_str));
            return Err(hint.into_iter().fold(usage(text), Failure::hint));
        }
        if !seen.insert(queue) {
            return Err(usage(format!("the queue {queue} has two loads")));
        }
    }
    Ok(())
}

impl NamedLoad {
    /// Parses `QUEUE=LOAD` or `LOAD`. If the text before the sign isn't a short name, it belongs to the load.
    fn parse(text: &str) -> Result<Self, GeneratorError> {
        let is_name = |name: &str| {
            let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
            !name.is_empty() && name.chars().all(letters)
        };
        let named = text.split_once('=').filter(|(name, _)| is_name(name));
        let (queue, load) = named.map_or((None, text), |(name, load)| (Some(name), load));
        Ok(Self {
            queue: queue.map(str::to_owned),
            source: LoadSource::parse(load)?,
        })
    }
}

impl fmt::Display for NamedLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.queue {
            Some(queue) => write!(f, "{queue}={}", self.source),
            None => self.source.fmt(f),
        }
    }
}

impl LoadSource {
    /// An invalid generator is wrong usage.
    fn parse(text: &str) -> Result<Self, GeneratorError> {
        if text == "cloudwatch" {
            return Ok(Self::CloudWatch);
        }
        if !Load::is_generator(text) || Path::new(text).exists() {
            return Ok(Self::File(PathBuf::from(text)));
        }
        Ok(Self::Generated {
            text: text.to_owned(),
            load: Box::new(Load::generate(text)?),
        })
    }
}

/// What a load that can't be opened probably means: another file, a generator, or `cloudwatch`.
fn suggest_load(path: &Path) -> Vec<String> {
    let name = path.display().to_string();
    if stack::nearest(&name, ["cloudwatch"]).is_some() {
        return vec!["did you mean cloudwatch?".to_owned()];
    }
    if let Some(near) = Load::nearest_generator(&name) {
        return vec![format!(
            "did you mean {near}? A generator has parameters, as in poisson:rate=20/s,for=2h"
        )];
    }
    let file = near_file(path, |file| {
        let end = file.extension().unwrap_or_default();
        ["csv", "json", "tsv", "txt"]
            .iter()
            .any(|known| end == *known)
    });
    let kinds = "a load is a CSV or JSON file, `cloudwatch`, or a generator: constant, poisson, step, ramp, daily, \
                 flash-crowd, on-off, or mmpp with its parameters, such as poisson:rate=20/s,for=2h";
    vec![file.unwrap_or_else(|| kinds.to_owned())]
}

fn read_file(path: &Path, options: &ReadOptions, ui: &Ui) -> Result<Load> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| {
        let failure = Failure::failed(format!("failed to open the load {shown}: {error}"));
        suggest_load(path).into_iter().fold(failure, Failure::hint)
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

/// Parses a duration of at most 100 years, which fits into nanoseconds.
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
