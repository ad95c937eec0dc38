//! What a row of a CSV file means, and what can be wrong with it.

/// What a row of a CSV file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A moment and how many messages were sent from it until the next step.
    Counts,
    /// One message: when it was sent, and how long it takes if a second column says so.
    Arrivals,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The time can't be read, or not in the form that the first row has.
    #[error(
        "\"{0}\" is no time in the form of the first row: write 2026-11-21T12:00:00Z or seconds since 1970"
    )]
    Time(String),
    /// There is no count.
    #[error("there is no count")]
    NoCount,
    /// The count is no number.
    #[error("\"{0}\" is no number")]
    NotNumeric(String),
    /// The count is negative.
    #[error("\"{0}\" is negative")]
    Negative(String),
    /// The count is not whole, or beyond 2^53.
    #[error("\"{0}\" is no whole number of messages")]
    NotWhole(String),
    /// The processing time can't be read.
    #[error("\"{0}\" is no processing time: write seconds, or 250ms")]
    Processing(String),
    /// The time is before that of the row above.
    #[error("its time is before that of the row above: sort the file by time")]
    Unsorted,
    /// The time is that of the row above.
    #[error("its time is that of the row above: add the two counts up")]
    Repeated,
}
