//! Files whose rows belong to several things, such as queues: which of them are read.

use super::columns::{Columns, best, unknown};
use super::error::ReadError;
use super::number::printable;
use super::record::Record;
use super::sample::{Kind, Sample};
use super::words::{self, Meaning};

/// The series of a file.
#[derive(Debug)]
pub(super) struct Series {
    /// The columns whose fields name the series.
    columns: Vec<usize>,
    /// The names of the series that are read; all if empty.
    read: Vec<String>,
    /// The names of all series.
    names: Vec<String>,
}

impl Series {
    /// The series that a file has, and which of them are read. `named` says that the user named the
    /// column of the counts.
    ///
    /// # Errors
    /// When there are several and nothing chooses.
    pub(super) fn find(
        sample: &Sample,
        columns: &Columns,
        wanted: Option<&str>,
        named: bool,
        sum: bool,
    ) -> Result<Option<Self>, ReadError> {
        let mut times = vec![columns.time];
        times.extend(columns.clock);
        let labels = if wanted.is_some() || sample.repeats(&times) {
            labels(sample, columns, wanted.is_some())
        } else {
            names_of_json(sample)
        };
        let names = distinct(sample, &labels);
        let read = match wanted {
            Some(wanted) => {
                let read: Vec<String> = names
                    .iter()
                    .filter(|name| is_named(name, wanted))
                    .cloned()
                    .collect();
                if read.is_empty() {
                    return Err(not_found(sample, wanted, names));
                }
                read
            }
            None if labels.is_empty() => return Ok(None),
            None if sum => Vec::new(),
            None => choose(&names, named)?,
        };
        Ok(Some(Self {
            columns: labels,
            read,
            names,
        }))
    }

    /// The columns whose fields name the series.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The names of the series that are read.
    pub(super) fn read(&self) -> &[String] {
        match self.read.as_slice() {
            [] => &self.names,
            read => read,
        }
    }

    /// Which series are read, for the user.
    pub(super) fn note(&self) -> Option<String> {
        let quoted = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            names.join(", ")
        };
        let mut ignored = self.names.clone();
        ignored.retain(|name| !self.read.contains(name));
        match self.read.as_slice() {
            [] => Some("all series are added up".to_owned()),
            _ if ignored.is_empty() => None,
            read => Some(format!(
                "the load is series {}; ignored series: {}",
                quoted(read),
                quoted(&ignored)
            )),
        }
    }

    /// The name of a row's series. `None` if that isn't read.
    pub(super) fn of(&self, record: &Record) -> Option<String> {
        let name = name(record, &self.columns);
        (self.read.is_empty() || self.read.contains(&name)).then_some(name)
    }
}

/// The one series that is likely meant.
fn choose(names: &[String], named: bool) -> Result<Vec<String>, ReadError> {
    if let ([only], true) = (names, named) {
        return Ok(vec![only.clone()]);
    }
    let all: Vec<&String> = names.iter().collect();
    let meaning = |name: &&String| match words::meaning(name) {
        // The names of queues can have any words in them.
        Meaning::Label | Meaning::Duration | Meaning::Count | Meaning::CountOf => Meaning::Unknown,
        meaning => meaning,
    };
    match best(&all, meaning).as_slice() {
        [] => Err(ReadError::NoCounts(names.to_vec())),
        [only] => Ok(vec![(*only).clone()]),
        several => Err(ReadError::Ambiguous {
            what: "series can be the load",
            candidates: several.iter().map(|name| (*name).clone()).collect(),
            choose: "choose one with --count-column, or add them up with --sum",
        }),
    }
}

/// The columns that name the series of rows with the same time.
fn labels(sample: &Sample, columns: &Columns, constant: bool) -> Vec<usize> {
    let free = |column: &usize| !columns.is_time(*column) && !columns.counts.contains(column);
    let texts = (0..sample.width())
        .filter(|column| free(column) && sample.kinds[*column] == Kind::Text)
        .filter(|column| constant || sample.varies(*column));
    let texts: Vec<usize> = texts.collect();
    if !texts.is_empty() {
        return texts;
    }
    let numbers = (0..sample.width()).filter(|column| {
        free(column)
            && sample.kinds[*column] == Kind::Number
            && sample.varies(*column)
            && words::meaning(&sample.name(*column)) == Meaning::Label
    });
    numbers.collect()
}

/// The column with the names of a JSON document's series, of which even one can be no count.
fn names_of_json(sample: &Sample) -> Vec<usize> {
    (0..sample.width())
        .filter(|column| sample.name(*column) == super::json::SERIES)
        .collect()
}

/// The names of the series, in the order of the file.
fn distinct(sample: &Sample, columns: &[usize]) -> Vec<String> {
    let mut names = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for record in &sample.records {
        let name = name(record, columns);
        if !columns.is_empty() && seen.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

fn name(record: &Record, columns: &[usize]) -> String {
    let parts: Vec<String> = columns
        .iter()
        .map(|column| printable(record.field(*column)))
        .collect();
    parts.join(" / ")
}

/// Whether a name is the wanted one, or one of its parts is.
fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted || name.split(" / ").any(|part| part == wanted)
}

fn not_found(sample: &Sample, wanted: &str, names: Vec<String>) -> ReadError {
    match unknown(sample, wanted) {
        ReadError::NoColumn { name, mut columns } => {
            columns.extend(names);
            ReadError::NoColumn { name, columns }
        }
        other => other,
    }
}
