//! Loads: when messages are sent. Recorded in a CSV file, or generated.

mod arrivals;
mod columns;
mod csv;
mod curve;
mod generator;
mod packed;
mod part;
mod row;
mod timestamp;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::time::Duration;

pub use self::arrivals::{Arrival, Arrivals};
pub use self::csv::CsvError;
pub use self::generator::GeneratorError;
pub use self::row::{Layout, RowProblem};

use self::csv::Recorded;
use self::generator::Generator;
use self::packed::Packed;
use self::timestamp::TimeForm;
use crate::time::{Nanos, nanos, parse_duration};

/// When messages are sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    source: Source,
    scale: f64,
    from: Nanos,
    to: Nanos,
    notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    Generated(Generator),
    Recorded(Recorded),
}

/// Why a part of a load can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// Not a number of times.
    #[error("a load can't be scaled by {0}: it must be a number above zero and at most a million")]
    Scale(String),
    /// No moment.
    #[error(
        "\"{0}\" is no moment of the load: write a time as the file does, or 90s, 2h30m or 14d after its beginning"
    )]
    Moment(String),
    /// Nothing is left.
    #[error("the part from {from} to {to} has no length: the load lasts {length:?}")]
    Nothing {
        /// Beginning.
        from: String,
        /// End.
        to: String,
        /// Length of the whole load.
        length: Duration,
    },
}

impl Load {
    /// Whether a text means a generator rather than a file: it begins with a generator's name.
    #[must_use]
    pub fn is_generator(text: &str) -> bool {
        Generator::is_meant(text)
    }

    /// A generated load from text such as `poisson:rate=20/s,for=2h`. The same seed gives the same
    /// arrivals.
    ///
    /// # Errors
    /// When there is no such generator, or its parameters are not right.
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

    /// Reads a CSV file as a stream, in one pass: rows of a time and a count, or one row a message with
    /// its time and, if it likes, its processing time. What was assumed stands in [`Load::notes`]; a
    /// `layout` settles what a row means.
    ///
    /// # Errors
    /// When the file can't be read, has no row, or a row is unsorted, negative or no number; with the
    /// row's number.
    pub fn read_csv(input: impl Read, layout: Option<Layout>) -> Result<Self, CsvError> {
        let recorded = csv::read(input, layout)?;
        Ok(Self {
            scale: 1.0,
            from: 0,
            to: recorded.length(),
            notes: recorded.notes.clone(),
            source: Source::Recorded(recorded),
        })
    }

    /// The messages that were really sent in a run of this length, to the microsecond; in any order.
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

    /// The same load with this many times the messages.
    ///
    /// # Errors
    /// When the factor is not above zero and at most a million.
    pub fn scaled(mut self, factor: f64) -> Result<Self, PartError> {
        if !(factor > 0.0 && factor <= 1e6) {
            return Err(PartError::Scale(factor.to_string()));
        }
        self.scale *= factor;
        self.notes.push(format!("scaled by {factor}"));
        Ok(self)
    }

    /// The part between two moments: times as the file has them, or lengths of time such as `2h` after
    /// the beginning of the load.
    ///
    /// # Errors
    /// When a moment can't be read, or nothing is left between them.
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
                from: from.unwrap_or("the beginning").to_owned(),
                to: to.unwrap_or("the end").to_owned(),
                length: self.duration(),
            });
        }
        (self.from, self.to) = (first, last);
        Ok(self)
    }

    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.to - self.from)
    }

    /// What was assumed about it, a sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The load's beginning, if its times are dates.
    #[must_use]
    pub fn begins(&self) -> Option<String> {
        match &self.source {
            Source::Generated(_) => None,
            Source::Recorded(recorded) => recorded
                .form
                .written(recorded.first.saturating_add(self.from / 1_000)),
        }
    }

    /// The messages, as a stream. The same seed gives the same ones.
    #[must_use]
    pub fn arrivals(&self, seed: u64) -> Arrivals<'_> {
        let part = (self.from, self.to);
        match &self.source {
            Source::Generated(generator) => Arrivals::generated(generator, self.scale, seed, part),
            Source::Recorded(recorded) => Arrivals::recorded(recorded, self.scale, seed, part),
        }
    }

    /// Nanoseconds after the beginning of the whole load.
    fn moment(&self, text: &str) -> Option<Nanos> {
        if let Some(offset) = parse_duration(text) {
            return Some(nanos(offset));
        }
        let Source::Recorded(recorded) = &self.source else {
            return None;
        };
        let at = TimeForm::detect(text.as_bytes())?.read(text.as_bytes())?;
        Some(at.saturating_sub(recorded.first).saturating_mul(1_000))
    }
}

impl Recorded {
    /// Messages in order of time, counted from the beginning.
    fn from_messages(messages: &[Arrival]) -> Self {
        let mut rows = Packed::default();
        for message in messages {
            let work = message.work.map_or(0, |work| 1 + work / 1_000);
            rows.push(message.at / 1_000, work);
        }
        Self {
            layout: Layout::Arrivals,
            rows,
            step: None,
            first: 0,
            form: TimeForm::Number { micros: 1 },
            notes: vec!["the messages that were really sent".to_owned()],
        }
    }

    /// From the first row to the end of the last one's step, in nanoseconds.
    fn length(&self) -> Nanos {
        let last = self.rows.last();
        let minute = 60_000_000;
        let step = match self.layout {
            Layout::Arrivals => 1,
            Layout::Counts => self.step.unwrap_or_else(|| {
                let before = self
                    .rows
                    .iter()
                    .map(|(at, _)| at)
                    .filter(|at| *at < last)
                    .last();
                before.map_or(minute, |before| last - before)
            }),
        };
        last.saturating_add(step).saturating_mul(1_000)
    }
}
