//! The user's choices for a load file that can be interpreted in several ways.

/// The meaning of a row of a load file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// The messages that were sent from the row's time until the next row.
    Counts,
    /// The messages per second, or per another unit that the file specifies.
    Rates,
    /// The reading of a counter that only increases until it restarts at zero.
    Counters,
    /// One message: when it was sent, and its processing time if the file contains it.
    Messages,
}

/// The order of day, month, and year in dates such as `01/02/2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day.
    Ymd,
}

/// How to read a load file. By default, the columns and values of the file determine it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The meaning of a row.
    pub rows: Option<Rows>,
    /// Name or number (from 1) of the column with the times.
    pub time_column: Option<String>,
    /// Name or number (from 1) of the column with the counts, or the name of a series.
    pub count_column: Option<String>,
    /// Name or number (from 1) of the column with the processing times.
    pub duration_column: Option<String>,
    /// Whether to add up several columns or series of counts.
    pub sum: bool,
    /// The order of day, month, and year.
    pub date_order: Option<DateOrder>,
}
