//! The shared part of the commands that simulate: their arguments, and the report.

mod assumptions;
mod bill;
mod cloudwatch;
mod commands;
mod input;
mod knobs;
mod load;
mod load_file;
mod subject;

use std::path::Path;

use simulator::{Knobs, Report};

use crate::failure::{Failure, Result};
use crate::ui;

pub(crate) use self::assumptions::AssumptionsArg;
pub(crate) use self::bill::{bill_table, bills_table};
pub(crate) use self::cloudwatch::{load_history, read_record};
pub(crate) use self::commands::{repeated_with, this_command};
pub(crate) use self::input::{CONNECT_HEADING, Input, InputArgs};
pub(crate) use self::knobs::find_knobs;
use self::load::LoadArgs;
pub(crate) use self::subject::SubjectArgs;
pub(crate) use self::subject::{parse_share, scenario_failure};

/// Writes the report as one HTML page, and reports its location.
pub(crate) fn write_page(path: &Path, report: &Report, knobs: Option<&Knobs>) -> Result<()> {
    let shown = path.display();
    let failed =
        |error: String| Failure::failed(format!("failed to write the report {shown}: {error}"));
    let page = report
        .html_with(knobs)
        .map_err(|error| failed(error.to_string()))?;
    std::fs::write(path, page).map_err(|error| failed(error.to_string()))?;
    ui::note(&format!("the report is in {shown}"));
    Ok(())
}
