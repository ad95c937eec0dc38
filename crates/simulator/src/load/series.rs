//! Files whose rows belong to several series, such as queues: which series are read.

use super::error::ReadError;
use super::number::clean_text;
use super::record::Record;
use super::sample::{Kind, Sample};
use super::time_columns::TimeColumns;
use super::words::{self, Meaning};

/// The series of a file.
#[derive(Debug)]
pub(super) struct Series {
    /// The columns whose fields name the series.
    columns: Vec<usize>,
    /// The names of the series to read. Empty: all.
    read: Vec<String>,
    /// The names of all series.
    names: Vec<String>,
}

impl Series {
    /// Finds the series of a file, and which of them to read. `named`: whether the user named the column of the
    /// counts.
    ///
    /// # Errors
    /// If there are several and it can't be determined which one to read.
    pub(super) fn find(
        sample: &Sample,
        times: &TimeColumns,
        counts: &[usize],
        wanted: Option<&str>,
        named: bool,
        sum: bool,
    ) -> Result<Option<Self>, ReadError> {
        let labels = if wanted.is_some() || sample.repeats(&times.list()) {
            find_labels(sample, times, counts, wanted.is_some())
        } else {
            find_names_of_json(sample)
        };
        let names = list_names(sample, &labels);
        let read = match wanted {
            Some(wanted) => {
                let read: Vec<String> = names
                    .iter()
                    .filter(|name| is_named(name, wanted))
                    .cloned()
                    .collect();
                if read.is_empty() {
                    return Err(name_series(sample.unknown_column(wanted), names));
                }
                read
            }
            None if labels.is_empty() => return Ok(None),
            None if sum => Vec::new(),
            None => choose_series(&names, named)?,
        };
        Ok(Some(Self {
            columns: labels,
            read,
            names,
        }))
    }

    /// Returns the columns whose fields name the series.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Returns the names of the series to read.
    pub(super) fn read(&self) -> &[String] {
        match self.read.as_slice() {
            [] => &self.names,
            read => read,
        }
    }

    /// Returns a note for the user about the series that are read.
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

    /// Returns the name of a row's series. `None` if that series isn't read.
    pub(super) fn identify(&self, record: &Record) -> Option<String> {
        let name = join_fields(record, &self.columns);
        (self.read.is_empty() || self.read.contains(&name)).then_some(name)
    }
}

/// Returns the one series that is probably meant.
fn choose_series(names: &[String], named: bool) -> Result<Vec<String>, ReadError> {
    if let ([only], true) = (names, named) {
        return Ok(vec![only.clone()]);
    }
    let all: Vec<&String> = names.iter().collect();
    let meaning = |name: &&String| match words::meaning(name) {
        // The names of queues can contain any words.
        Meaning::Label | Meaning::Duration | Meaning::Count | Meaning::CountOf => Meaning::Unknown,
        meaning => meaning,
    };
    match words::choose_likeliest(&all, meaning).as_slice() {
        [] => Err(ReadError::NoCounts(names.to_vec())),
        [only] => Ok(vec![(*only).clone()]),
        several => Err(ReadError::Ambiguous {
            what: "series can be the load",
            candidates: several.iter().map(|name| (*name).clone()).collect(),
            choose: "choose one with --count-column, or add them up with --sum",
        }),
    }
}

/// Returns the columns that name the series of rows with the same time.
fn find_labels(
    sample: &Sample,
    times: &TimeColumns,
    counts: &[usize],
    constant: bool,
) -> Vec<usize> {
    let free = |column: &usize| !times.contains(*column) && !counts.contains(column);
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

/// Returns the column with the names of a JSON document's series, if none of the names can be a count.
fn find_names_of_json(sample: &Sample) -> Vec<usize> {
    (0..sample.width())
        .filter(|column| sample.name(*column) == super::json::SERIES)
        .collect()
}

/// Returns the names of the series, in the order of the file.
fn list_names(sample: &Sample, columns: &[usize]) -> Vec<String> {
    let mut names = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for record in &sample.records {
        let name = join_fields(record, columns);
        if !columns.is_empty() && seen.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

fn join_fields(record: &Record, columns: &[usize]) -> String {
    let parts: Vec<String> = columns
        .iter()
        .map(|column| clean_text(record.field(*column)))
        .collect();
    parts.join(" / ")
}

/// Whether a name, or one of its parts, is the wanted one.
fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted || name.split(" / ").any(|part| part == wanted)
}

/// Adds the names of series to the columns that the user can choose from.
fn name_series(error: ReadError, names: Vec<String>) -> ReadError {
    match error {
        ReadError::NoColumn { name, mut columns } => {
            columns.extend(names);
            ReadError::NoColumn { name, columns }
        }
        other => other,
    }
}
