//! `cost`: the bill of a service under a load, before it is deployed.

use serde::Serialize;
use simulator::{Cost, Messages, Phases, Progress, format_dollars, format_duration, format_share};

use crate::connect::ConnectArgs;
use crate::failure::Result;
use crate::output::Format;
use crate::simulation::{CONNECT_HEADING, Input, InputArgs, bill_table, scenario_failure};
use crate::words::name_scenario;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten, next_help_heading = CONNECT_HEADING)]
    connect: ConnectArgs,
}

/// The result for programs.
#[derive(Debug, Serialize)]
struct Document {
    /// Stack and service.
    scenario: String,
    /// The load as given.
    load: String,
    /// Simulated time in seconds: from the start of the load until every message is done.
    duration: f64,
    /// Latency objective in seconds; `phases` has the shares of the messages that meet it.
    slo: f64,
    /// Messages by their outcome.
    messages: Messages,
    /// The bill of the phase of `--seed`.
    cost: Cost,
    /// The results of all phases.
    phases: Phases,
    /// Assumptions, one sentence each.
    notes: Vec<String>,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let input = args.input.read(&args.connect).await?;
    // Nothing else runs in the meantime.
    let document = tokio::task::block_in_place(|| simulate(&input))?;
    input.ui.finish();
    format.print(&document, text);
    Ok(())
}

fn simulate(input: &Input) -> Result<Document> {
    let (scenario, line) = input.begin_simulation()?;
    let progress = Progress::new(|share| line.show(share));
    let (outcome, phases) =
        simulator::simulate_phases(&scenario, &input.load, input.seed, &progress)
            .map_err(scenario_failure)?;
    Ok(Document {
        scenario: outcome.scenario,
        load: input.load_name.clone(),
        duration: outcome.duration,
        slo: outcome.slo,
        messages: outcome.messages,
        cost: outcome.cost,
        phases,
        notes: outcome.notes,
    })
}

fn text(document: &Document) -> String {
    let cost = &document.cost;
    let mut text = format!(
        "{}: {} per month at this load\n{} in {} ({} phases), until all messages are done\n{} messages, {} of them started within {}\n\n{}",
        name_scenario(&document.scenario),
        format_dollars(cost.per_month),
        document.phases.cost.format(format_dollars),
        format_duration(document.duration),
        document.phases.runs,
        indicatif::HumanCount(document.messages.sent),
        document.phases.within_objective.format(format_share),
        format_duration(document.slo),
        bill_table(cost, document.duration)
    );
    text.push_str(&format!(
        "  ideal (hindsight): {} per month by the same rules, without scaling\n\nassumed:\n",
        format_dollars(cost.ideal_per_month)
    ));
    for note in &document.notes {
        text.push_str(&format!("- {note}\n"));
    }
    text
}

#[cfg(test)]
mod tests;
