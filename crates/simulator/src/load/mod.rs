//! Loads: when messages are sent. Either recorded in a file or generated.

mod arrivals;
mod civil;
mod columns;
mod counter;
mod curve;
mod delimiter;
mod error;
mod generator;
mod influx;
mod json;
mod json_value;
mod limits;
mod notes;
mod number;
mod numeric_time;
mod options;
mod packed;
mod part;
mod read;
mod record;
mod rows;
mod sample;
mod series;
mod source;
mod spread;
mod time_columns;
mod timestamp;
mod words;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::arrivals::{Arrival, Arrivals};
pub use self::error::{Place, ReadError, RowProblem};
pub use self::generator::GeneratorError;
pub use self::limits::{LimitError, LoadLimits};
pub use self::options::{DateOrder, ReadOptions, Rows};

use self::generator::Generator;
use self::numeric_time::Unit;
use self::packed::Packed;
use self::read::{Layout, Recorded};
use self::timestamp::TimeForm;
use crate::time::{Nanos, nanos, parse_duration};

/// When messages are sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    source: Source,
    #[serde(with = "crate::number::exact")]
    scale: f64,
    from: Nanos,
    to: Nanos,
    notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Source {
    Generated(Generator),
    Recorded(Recorded),
    /// The loads of several queues.
    Mixed(Vec<Part>),
}

/// The load of one queue among several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    queue: String,
    load: Load,
    /// How long after the first load it starts.
    after: Nanos,
}

/// The reason why a part of a load can't be selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// Not a valid factor.
    #[error("a load can't be scaled by {0}: it must be a number above zero and at most a million")]
    Scale(String),
    /// An invalid time.
    #[error(
        "\"{0}\" isn't a time in the load: use the file's format, or a duration from its start: 90s, 2h30m, or 14d"
    )]
    Moment(String),
    /// The part is empty.
    #[error("the part from {from} to {to} has no length: the load lasts {length:?}")]
    Nothing {
        /// Start.
        from: String,
        /// End.
        to: String,
        /// Length of the whole load.
        length: Duration,
    },
}

impl Load {
    /// Whether a text is a generator and not a file: it starts with a generator's name.
    #[must_use]
    pub fn is_generator(text: &str) -> bool {
        Generator::is_meant(text)
    }

    /// The generator that a name probably means.
    #[must_use]
    pub fn nearest_generator(name: &str) -> Option<&'static str> {
        generator::nearest_generator(name)
    }

    /// A generated load from text such as `poisson:rate=20/s,for=2h`. The same seed gives the same
    /// arrivals.
    ///
    /// # Errors
    /// If the generator is unknown, or its parameters aren't valid.
    pub fn generate(text: &str) -> Result<Self, GeneratorError> {
        let generator = Generator::parse(text)?;
        Ok(Self {
            scale: 1.0,
            from: 0,
            to: generator.duration,
            notes: vec![format!("generated: {}", text.trim())],
            source: Source::Generated(generator),
        })
    }

    /// Examples of generators, one of each, with all of their parameters.
    pub(crate) fn examples() -> impl Iterator<Item = &'static str> {
        generator::examples()
    }

    /// The text of a generated load, if it is whole.
    pub(crate) fn generator(&self) -> Option<&str> {
        let whole = |generator: &Generator| {
            self.scale == 1.0 && (self.from, self.to) == (0, generator.duration)
        };
        match &self.source {
            Source::Generated(generator) if whole(generator) => Some(generator.text()),
            _ => None,
        }
    }

    /// Reads a file as a stream: a text file of rows with a time and a count, or with a row per message that
    /// contains its time and optionally its processing time; or a JSON document with times and values.
    /// [`Load::notes`] has the assumptions.
    ///
    /// # Errors
    /// If the file can't be read, has no rows, has an invalid row (the error contains its line), or is
    /// ambiguous in a way that the options don't resolve (the error lists the candidates).
    pub fn read(input: impl Read, options: &ReadOptions) -> Result<Self, ReadError> {
        let recorded = read::read(input, options)?;
        Ok(Self {
            scale: 1.0,
            from: 0,
            to: nanos(Duration::from_micros(recorded.end)),
            notes: recorded.notes.clone(),
            source: Source::Recorded(recorded),
        })
    }

    /// [`Load::read`] with only one option: the meaning of a row.
    ///
    /// # Errors
    /// As [`Load::read`].
    pub fn read_csv(input: impl Read, rows: Option<Rows>) -> Result<Self, ReadError> {
        let options = ReadOptions {
            rows,
            ..ReadOptions::default()
        };
        Self::read(input, &options)
    }

    /// Creates a load from the messages that were actually sent in a run of this duration, with microsecond
    /// precision and in any order.
    #[must_use]
    pub fn from_messages(messages: impl IntoIterator<Item = Arrival>, lasts: Duration) -> Self {
        let mut messages: Vec<Arrival> = messages.into_iter().collect();
        messages.sort_by_key(|message| message.at);
        let recorded = Recorded::from_messages(&messages);
        Self {
            scale: 1.0,
            from: 0,
            to: nanos(lasts),
            notes: recorded.notes.clone(),
            source: Source::Recorded(recorded),
        }
    }

    /// Combines the loads of several queues by name. They start at the same time, unless all of them have
    /// dates.
    #[must_use]
    pub fn mixed(loads: Vec<(String, Self)>) -> Self {
        let notes = loads.iter().flat_map(|(queue, load)| {
            let notes = load.notes.iter();
            notes.map(move |note| format!("{queue}: {note}"))
        });
        let notes = notes.collect();
        let dated = loads.iter().all(|(_, load)| load.begins().is_some());
        let begin = |load: &Self| nanos(load.begins_at(Duration::default));
        let first = loads.iter().map(|(_, load)| begin(load)).min();
        let parts = loads.into_iter().map(|(queue, load)| Part {
            queue,
            after: match first {
                Some(first) if dated => begin(&load) - first,
                _ => 0,
            },
            load,
        });
        let parts: Vec<Part> = parts.collect();
        let end = |part: &Part| part.after.saturating_add(nanos(part.load.duration()));
        Self {
            scale: 1.0,
            from: 0,
            to: parts.iter().map(end).max().unwrap_or_default(),
            notes,
            source: Source::Mixed(parts),
        }
    }

    /// Returns the names of the queues whose loads it has. Empty if it names no queues.
    pub fn queues(&self) -> impl Iterator<Item = &str> {
        self.parts().iter().map(|part| part.queue.as_str())
    }

    /// Returns the loads of several queues.
    fn parts(&self) -> &[Part] {
        match &self.source {
            Source::Mixed(parts) => parts,
            Source::Generated(_) | Source::Recorded(_) => &[],
        }
    }

    /// Returns the same load with its messages multiplied by this factor.
    ///
    /// # Errors
    /// If the factor isn't positive and at most a million.
    pub fn scaled(mut self, factor: f64) -> Result<Self, PartError> {
        if !(factor > 0.0 && factor <= 1e6) {
            return Err(PartError::Scale(factor.to_string()));
        }
        if let Source::Mixed(parts) = &mut self.source {
            for part in parts {
                part.load.scale *= factor;
            }
        } else {
            self.scale *= factor;
        }
        self.notes.push(format!("scaled by {factor}"));
        Ok(self)
    }

    /// Returns the part between two times, which are in the file's format or durations such as `2h` from the
    /// load's start.
    ///
    /// # Errors
    /// If a time can't be parsed, or if the part is empty.
    pub fn between(mut self, from: Option<&str>, to: Option<&str>) -> Result<Self, PartError> {
        let begin = self.from;
        let moment = |text: Option<&str>, default: Nanos| match text {
            None => Ok(default),
            Some(text) => self
                .moment(text)
                .ok_or_else(|| PartError::Moment(text.chars().take(40).collect()))
                .map(|moment| moment.max(begin)),
        };
        let (first, last) = (moment(from, self.from)?, moment(to, self.to)?.min(self.to));
        if first >= last {
            return Err(PartError::Nothing {
                from: from.unwrap_or("the start").to_owned(),
                to: to.unwrap_or("the end").to_owned(),
                length: self.duration(),
            });
        }
        (self.from, self.to) = (first, last);
        Ok(self)
    }

    /// Whether it contains processing times.
    pub(crate) fn has_processing_times(&self) -> bool {
        self.arrivals(1)
            .take(1_000)
            .any(|message| message.work.is_some())
    }

    /// Returns its duration.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.to - self.from)
    }

    /// Returns the assumptions about it, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the load's start, if it has dates.
    #[must_use]
    pub fn begins(&self) -> Option<String> {
        match &self.source {
            Source::Generated(_) => None,
            Source::Mixed(parts) => {
                let first = parts.iter().find(|part| part.after == 0)?;
                first.load.begins()
            }
            Source::Recorded(recorded) => recorded
                .form
                .written(recorded.first.saturating_add(self.from / 1_000)),
        }
    }

    /// Returns when it starts, since the Unix epoch. `otherwise` returns the start of a load without dates.
    pub(crate) fn begins_at(&self, otherwise: impl FnOnce() -> Duration) -> Duration {
        let dated = match &self.source {
            Source::Recorded(recorded) if self.begins().is_some() => {
                Some(Duration::from_micros(recorded.first))
            }
            Source::Mixed(parts) if self.begins().is_some() => {
                let first = parts.iter().find(|part| part.after == 0);
                first.map(|part| part.load.begins_at(Duration::default))
            }
            Source::Recorded(_) | Source::Generated(_) | Source::Mixed(_) => None,
        };
        let whole = dated.unwrap_or_else(otherwise);
        whole.saturating_add(Duration::from_nanos(self.from))
    }

    /// Returns the messages as a stream. The same seed gives the same messages.
    #[must_use]
    pub fn arrivals(&self, seed: u64) -> Arrivals<'_> {
        let part = (self.from, self.to);
        match &self.source {
            Source::Generated(generator) => Arrivals::generated(generator, self.scale, seed, part),
            Source::Recorded(recorded) => Arrivals::recorded(recorded, self.scale, seed, part),
            Source::Mixed(parts) => {
                // The queues have different messages even if their loads are the same.
                let each = (0u64..).zip(parts).map(|(place, one)| {
                    let seed = seed.wrapping_add(place << 32);
                    (one.after, one.load.arrivals(seed))
                });
                Arrivals::mixed(each, part)
            }
        }
    }

    /// Nanoseconds after the start of the whole load.
    fn moment(&self, text: &str) -> Option<Nanos> {
        if let Some(offset) = parse_duration(text) {
            return Some(nanos(offset));
        }
        let Source::Recorded(recorded) = &self.source else {
            return None;
        };
        let text = text.as_bytes();
        let at = recorded.form.read(text).or_else(|| {
            let form = TimeForm::detect(std::iter::once(text), None).ok()??;
            form.read(text)
        })?;
        Some(at.saturating_sub(recorded.first).saturating_mul(1_000))
    }
}

impl Recorded {
    /// Creates a load from messages ordered by time, counted from the start.
    fn from_messages(messages: &[Arrival]) -> Self {
        let mut rows = Packed::default();
        for message in messages {
            let work = message.work.map_or(0, |work| 1 + work / 1_000);
            rows.push(message.at / 1_000, work);
        }
        Self {
            layout: Layout::Messages,
            end: rows.last().saturating_add(1),
            rows,
            first: 0,
            form: TimeForm::Number(Unit::Micros),
            notes: vec!["the messages that were really sent".to_owned()],
        }
    }
}
