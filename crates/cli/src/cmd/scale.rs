//! `scale`: sets the desired count of a service manually.

use std::time::SystemTime;

use deployer::{PlannedCount, plan_count, set_count};

use crate::confirm::require_terminal;
use crate::connect::Cloud;
use crate::definition::Known;
use crate::deployed::{DeployedArgs, read_stack};
use crate::failure::{Code, Failure, Result};
use crate::output::Format;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployed: DeployedArgs,
    /// Service, by its name in the definition or in ECS
    #[arg(value_name = "SERVICE")]
    service: String,
    /// Desired count, within the service's bounds
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(..=i64::from(i32::MAX)))]
    count: u32,
    /// Don't ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    require_terminal("scale", args.yes)?;
    let known = args.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.deployed.connect(&known, &ui).await?;
    let change = scale(&args, &cloud, &known, &ui).await;
    let change = change.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    format.print(&change, format_change);
    Ok(())
}

async fn scale(args: &Args, cloud: &Cloud, known: &Known, ui: &Ui) -> Result<PlannedCount> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let stack = read_stack(cloud, &session, known).await?;
    let wanted = (args.service.as_str(), args.count);
    let change = plan_count(&session, &stack, wanted, SystemTime::now()).await?;
    if change.from == change.to {
        return Ok(change);
    }
    if !args.yes {
        ui.block(&list_undoing(&change));
        let PlannedCount { name, from, to, .. } = &change;
        if ui.confirm(&format!(
            "Set the desired count of {name} from {from} to {to}?"
        )) != Some(true)
        {
            let error = "canceled: not confirmed; nothing changed";
            return Err(Failure::new(Code::Refused, error));
        }
    }
    set_count(&session, &change).await?;
    Ok(change)
}

fn format_change(change: &PlannedCount) -> String {
    let PlannedCount { name, from, to, .. } = change;
    if from == to {
        return format!("{name}: the desired count is already {to}\n");
    }
    format!(
        "{name}: desired count {from} → {to}\n{}",
        list_undoing(change)
    )
}

/// Lists what will change the count again, and when.
fn list_undoing(change: &PlannedCount) -> String {
    match (change.undone_by.as_slice(), change.bounds) {
        ([], None) => {
            "  nothing scales this service: the count stays until someone sets another one\n"
                .to_owned()
        }
        ([], Some(_)) => {
            "  no policy changes it: the count stays until someone sets another one\n".to_owned()
        }
        (undone_by, _) => {
            let lines = undone_by.iter().map(|line| format!("  {line}\n"));
            let lines = lines.collect::<String>();
            match &change.paused {
                Some(paused) => format!("  {paused}; after that, this will not last:\n{lines}"),
                None => format!("  this will not last:\n{lines}"),
            }
        }
    }
}
