//! How to read a load file that is ambiguous.

use clap::ValueEnum;
use simulator::{DateOrder, ReadOptions, Rows};

/// The choices about a load file.
#[derive(Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// Meaning of a row: messages sent until the next row, messages per second, the reading of
    /// a counter that only grows, or one message [default: by the columns]
    #[arg(long, value_name = "WHAT")]
    rows: Option<RowsArg>,
    /// Column with the times, by its name or number
    #[arg(long, value_name = "COLUMN")]
    time_column: Option<String>,
    /// Column with the counts, by its name or number; or the name of one series of the file
    #[arg(long, value_name = "COLUMN", conflicts_with = "duration_column")]
    count_column: Option<String>,
    /// Column with the processing times of messages, by its name or number
    #[arg(long, value_name = "COLUMN")]
    duration_column: Option<String>,
    /// Add up all columns or series of counts
    #[arg(long)]
    sum: bool,
    /// Order of day, month, and year in dates such as 01/02/2026
    #[arg(long, value_name = "ORDER")]
    date_order: Option<DateOrderArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RowsArg {
    Counts,
    Rate,
    Counter,
    Messages,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DateOrderArg {
    Dmy,
    Mdy,
    Ymd,
}

impl FileArgs {
    /// Returns the choices for the simulator.
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions {
            rows: self.rows.map(|rows| match rows {
                RowsArg::Counts => Rows::Counts,
                RowsArg::Rate => Rows::Rates,
                RowsArg::Counter => Rows::Counters,
                RowsArg::Messages => Rows::Messages,
            }),
            time_column: self.time_column.clone(),
            count_column: self.count_column.clone(),
            duration_column: self.duration_column.clone(),
            sum: self.sum,
            date_order: self.date_order.map(|order| match order {
                DateOrderArg::Dmy => DateOrder::Dmy,
                DateOrderArg::Mdy => DateOrder::Mdy,
                DateOrderArg::Ymd => DateOrder::Ymd,
            }),
        }
    }
}
