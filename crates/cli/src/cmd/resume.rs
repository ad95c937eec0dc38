//! `resume`: the end of a pause.

use std::time::{SystemTime, UNIX_EPOCH};

use deployer::{Resumed, ResumedService};

use crate::connect::Cloud;
use crate::definition::Known;
use crate::deployed::{DeployedArgs, read_stack};
use crate::failure::Result;
use crate::output::Format;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployed: DeployedArgs,
    /// Only this service, by its name in the definition or in ECS
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let known = args.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.deployed.connect(&known, &ui).await?;
    let resumed = resume(&args, &cloud, &known, &ui).await;
    let resumed = resumed.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    format.print(&resumed, format_resumed);
    Ok(())
}

async fn resume(args: &Args, cloud: &Cloud, known: &Known, ui: &Ui) -> Result<Resumed> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let stack = read_stack(cloud, &session, known).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    Ok(deployer::resume(&session, &stack, args.service.as_deref(), now).await?)
}

fn format_resumed(resumed: &Resumed) -> String {
    let mut text: String = resumed.services.iter().map(format_service).collect();
    match resumed.not_paused.as_slice() {
        [] if resumed.services.is_empty() => text.push_str("nothing was paused\n"),
        [] => {}
        names => {
            let is = if names.len() == 1 { "was" } else { "were" };
            text.push_str(&format!("{} {is} not paused\n", names.join(", ")));
        }
    }
    text
}

fn format_service(service: &ResumedService) -> String {
    let was = match &service.pause {
        Some(pause) => pause.describe(),
        None => "its scalable target was suspended, without a record of who did it".to_owned(),
    };
    format!("{}: resumed (was {was})\n", service.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_paused_is_said() {
        let text = |names: &[&str]| {
            format_resumed(&Resumed {
                services: Vec::new(),
                not_paused: names.iter().map(|&name| name.to_owned()).collect(),
            })
        };
        assert_eq!(text(&[]), "nothing was paused\n");
        assert_eq!(text(&["web"]), "web was not paused\n");
        assert_eq!(text(&["web", "worker"]), "web, worker were not paused\n");
    }
}
