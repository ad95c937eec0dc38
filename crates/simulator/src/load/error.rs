//! Errors when a file is read as a load.

use std::fmt;

/// The reason why a file can't be read as a load. Messages name the option that resolves an ambiguity.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file has no rows.
    #[error("the file has no row with a time")]
    Empty,
    /// A file that isn't text.
    #[error("the file is {0}")]
    NotText(&'static str),
    /// A row that can't be used.
    #[error("{place}: {problem}")]
    Row {
        /// Its location.
        place: Place,
        /// The problem.
        problem: RowProblem,
    },
    /// A quoted field that isn't closed.
    #[error("line {0}: a quote that opens in this row is never closed")]
    Quote(u64),
    /// Several columns or series are possible.
    #[error("{} {what}: {}; {choose}", .candidates.len(), join_names(.candidates))]
    Ambiguous {
        /// The possible meaning of the candidates.
        what: &'static str,
        /// Their names.
        candidates: Vec<String>,
        /// The options that choose.
        choose: &'static str,
    },
    /// An option names a column that doesn't exist in the file.
    #[error("the file has no column or series \"{name}\", only {}", join_names(.columns))]
    NoColumn {
        /// The name.
        name: String,
        /// The columns and series of the file.
        columns: Vec<String>,
    },
    /// No column can be a count of messages.
    #[error(
        "no column is a count of messages: the file has {}; choose one with --count-column, or add --rows messages if a row is one message",
        join_names(.0)
    )]
    NoCounts(Vec<String>),
    /// Dates that are ambiguous.
    #[error(
        "dates such as \"{0}\" can be day first or month first: choose with --date-order dmy or --date-order mdy"
    )]
    DateOrder(String),
    /// Rates without a unit.
    #[error(
        "column \"{0}\" has rates without a unit: if they are per second, add --rows rate; if they are counts, add --rows counts"
    )]
    RateUnit(String),
    /// Values that only increase.
    #[error(
        "the values of column \"{0}\" only grow: if they are readings of a counter, add --rows counter; if they are counts, add --rows counts"
    )]
    Growing(String),
    /// JSON in an unknown format.
    #[error(
        "the JSON has no times and values that ecs-scaler knows: it reads the output of `aws cloudwatch get-metric-data` and `get-metric-statistics`, Prometheus query_range, and lists of objects such as {{\"timestamp\": …, \"count\": …}}"
    )]
    JsonShape,
    /// An incomplete response.
    #[error(
        "the JSON has a NextToken, so datapoints are missing: run the command again without --max-items and --no-paginate"
    )]
    Part,
    /// A line that isn't a point with a time in InfluxDB's line protocol.
    #[error(
        "line {0} isn't a point of InfluxDB's line protocol with a time, as the lines before it are: `measurement,tag=value field=10i 1700000000000000000`"
    )]
    LineProtocol(u64),
    /// Text that starts like JSON but isn't valid.
    #[error("the file isn't valid JSON")]
    Json(#[from] serde_json::Error),
    /// The file can't be read.
    #[error("failed to read the file")]
    Read(#[from] std::io::Error),
}

/// A place in a load file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a text file, starting with 1. Empty lines and comments count.
    Line(u64),
    /// A datapoint of a JSON document, starting with 1.
    Datapoint(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Datapoint(number) => write!(f, "datapoint {number}"),
        }
    }
}

/// The problem with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The time can't be parsed, or has a different format than in the other rows.
    #[error(
        "\"{0}\" isn't a time in the form of the other rows: write 2026-11-21T12:00:00Z or seconds since 1970"
    )]
    Time(String),
    /// The row ends before its count.
    #[error("the count is missing")]
    NoCount,
    /// The count isn't a number.
    #[error("\"{0}\" isn't a number")]
    NotNumeric(String),
    /// The count is negative.
    #[error("\"{0}\" is negative")]
    Negative(String),
    /// The count has a fraction.
    #[error(
        "\"{0}\" isn't a whole number of messages: for rates per second, add --rows rate; for counts with fractions, add --rows counts"
    )]
    NotWhole(String),
    /// The processing time can't be parsed.
    #[error("\"{0}\" isn't a processing time: write seconds, or 250ms")]
    Processing(String),
    /// Times without a zone jump back.
    #[error(
        "times without a zone go back here, as clocks do when daylight saving time ends: export times in UTC or with a zone, or sort the file by time"
    )]
    WentBack,
    /// Another row has the same time.
    #[error(
        "another row has the same time: add --sum to add up their counts, or --rows messages if a row is one message"
    )]
    Repeated,
}

/// Joins names in quotes, up to a maximum number.
fn join_names(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("\"{}\"", name.chars().take(80).collect::<String>()))
        .collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    shown.join(", ")
}
