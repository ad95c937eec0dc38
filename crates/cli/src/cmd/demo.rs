//! `demo`: the closed loop with real parts on this machine. Deploys a shipped stack to a sandbox of its own,
//! loads it, shows how it scales, and compares that with what the simulator predicts.

mod course;
mod ledger;
mod load;
mod play;
mod requests;
mod stage;
mod steps;
mod story;
mod summary;
mod system;
mod worked;

use std::path::PathBuf;
use std::sync::Arc;

use sandbox::Speed;
use tokio::sync::Notify;

use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::signals::interruption;
use crate::ui::Ui;
use crate::workshop::workshop;

use self::load::{LoadText, LoadTextError};
use self::stage::Stage;
use self::summary::{Played, Summary};
use self::system::System;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How many times faster than real time the loop's minutes pass, 1 to 30; 1 is real time, and takes an hour
    #[arg(long, value_name = "N", default_value = "20")]
    speed: Speed,
    /// Which of the two systems
    #[arg(long, value_enum, default_value_t)]
    system: System,
    /// What to send: a generator as `simulate` knows it, such as `step:from=2/s,to=40/s,at=10s,for=60s`
    #[arg(long, value_name = "LOAD")]
    load: Option<LoadText>,
    /// Where the report goes [default: demo-report.html in this folder; in a checkout, target/demo-report.html]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Leave the stack and its sandbox in place
    #[arg(long)]
    keep: bool,
    /// Print a line for each change, as without a terminal, instead of redrawing
    #[arg(long)]
    plain: bool,
}

impl Args {
    fn report_file(&self) -> Result<PathBuf> {
        match &self.report {
            Some(report) => Ok(report.clone()),
            None => workshop().report(),
        }
    }

    fn load(&self) -> Result<LoadText> {
        match &self.load {
            Some(load) => Ok(load.clone()),
            None => {
                let load = self.system.load(self.speed).parse();
                load.map_err(|error: LoadTextError| Failure::failed(error.to_string()))
            }
        }
    }
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let ui = Ui::new();
    let mut stage = Stage::new(&args)?;
    // Whoever waits for a child process hears of a signal too late, so it is listened for beside.
    let interrupted = Arc::new(Notify::new());
    let heard = interrupted.clone();
    let listening = tokio::spawn(async move {
        interruption().await;
        heard.notify_one();
    });
    let played = tokio::select! {
        // First: a step that fails because the signal has reached its child too is no failure of its own.
        biased;
        () = interrupted.notified() => None,
        played = perform(&args, &mut stage, &ui) => Some(played),
    };
    let interrupted = played.is_none() || listening.is_finished();
    listening.abort();
    match played {
        Some(Ok(summary)) if !interrupted => {
            ui.finish();
            format.print(&summary, summary::text);
            summary.verdict()
        }
        played => {
            let left = stage.clear(&ui).await;
            ui.finish();
            let failure = match (interrupted, played) {
                (false, Some(Err(failure))) => failure,
                _ => Failure::failed("interrupted"),
            };
            Err(left.into_iter().fold(failure, Failure::hint))
        }
    }
}

async fn perform(args: &Args, stage: &mut Stage, ui: &Ui) -> Result<Summary> {
    stage.open(ui).await?;
    let load = args.load()?;
    let course = play::play(args, &load, stage, ui).await?;
    let report = args.report_file()?;
    let shown = workshop().shorten(&report).display().to_string();
    let played = Played {
        stack: &stage.stack,
        speed: args.speed,
        load: &load.text,
        report: &shown,
    };
    // Reckoning takes a moment, and nothing else runs meanwhile.
    let mut summary = tokio::task::block_in_place(|| Summary::new(played, &course))?;
    if let Some(page) = &summary.page {
        stage::write_report(&report, page)?;
    }
    if args.keep {
        summary.kept = Some(stage.sandbox_name().to_owned());
    } else {
        summary.destroyed = Some(stage.close(ui).await?);
    }
    Ok(summary)
}
