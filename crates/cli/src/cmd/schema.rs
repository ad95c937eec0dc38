//! `schema`: the JSON Schema that editors use.

use crate::failure::Result;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args) -> Result<()> {
    output::standard_json(&stack::schema());
    Ok(())
}
