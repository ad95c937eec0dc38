//! `local`: the sandbox by hand.

use sandbox::Standing;
use serde_json::json;

use crate::connect::sandbox;
use crate::failure::Result;
use crate::output::Format;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum Action {
    /// Start it, or find the one that runs
    Start,
    /// Stop it; what is deployed in it is gone
    Stop,
    /// Show how it stands
    Status,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    match args.action {
        Action::Start => start(format),
        Action::Stop => {
            let stopped = sandbox().stop()?;
            format.print(&json!({"stopped": stopped}), |_| {
                if stopped {
                    "stopped the sandbox"
                } else {
                    "the sandbox was not running"
                }
                .to_owned()
            });
            Ok(())
        }
        Action::Status => {
            let standing = sandbox().standing()?;
            format.print(&standing, describe);
            Ok(())
        }
    }
}

fn start(format: Format) -> Result<()> {
    let ui = Ui::new();
    let running = sandbox().start(&|text| ui.note(text))?;
    ui.finish();
    format.print(&running, |running| {
        format!(
            "the sandbox runs at {url} (process {pid})\n\
             in this project:    cargo xtask deploy FILE --local\n\
             with other tools:   AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1\n\
             log:                {log}",
            url = running.endpoint_url,
            pid = running.pid,
            log = running.log.display(),
        )
    });
    Ok(())
}

fn describe(standing: &Standing) -> String {
    match standing {
        Standing::Running(running) => {
            format!(
                "the sandbox runs at {} (process {})",
                running.endpoint_url, running.pid
            )
        }
        Standing::Unresponsive { pid, log } => format!(
            "the sandbox (process {pid}) does not answer; `local start` replaces it. Its log: {}",
            log.display()
        ),
        Standing::Stopped { installed: true } => "the sandbox is stopped".to_owned(),
        Standing::Stopped { installed: false } => {
            "the sandbox is not installed; `local start` installs and starts it".to_owned()
        }
    }
}
