//! `demo`: the closed loop with real parts on this machine. Deploys a shipped stack to a sandbox of its own,
//! loads it, shows how it scales, and compares that with what the simulator predicts.

mod own_sandbox;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use clap::ValueEnum;
use console::Term;
use demo::{Course, LoadText, Play, Played, Stage, Summary, System};
use sandbox::Speed;
use simulator::Assumptions;
use tokio::sync::Notify;

use crate::connect::Cloud;
use crate::failure::{Failure, Result};
use crate::live::{Screen, Stamp, watch};
use crate::output::Format;
use crate::signals::wait_for_interruption;
use crate::simulation::AssumptionsArg;
use crate::ui::Ui;
use crate::workshop::workshop;

use self::own_sandbox::OwnSandbox;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// How many times faster than real time the loop's minutes pass, 1 to 30; 1 is real time, and takes an hour
    #[arg(long, value_name = "N", default_value = "20")]
    speed: Speed,
    /// Which of the three systems
    #[arg(long, value_enum, default_value_t)]
    system: SystemName,
    /// What to send: a generator as `simulate` knows it, such as `step:from=2/s,to=40/s,at=10s,for=60s`
    #[arg(long, value_name = "LOAD")]
    load: Option<LoadText>,
    /// Where the report goes [default: demo-report.html in this folder; in a checkout, target/demo-report.html]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    assumptions: AssumptionsArg,
    /// Leave the stack and its sandbox in place
    #[arg(long)]
    keep: bool,
    /// Print a line for each change, as without a terminal, instead of redrawing
    #[arg(long)]
    plain: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum SystemName {
    /// Backlog per task: queue, metric function, target tracking
    #[default]
    Backlog,
    /// Demand: queue, and a scaling function that checks every few seconds
    Demand,
    /// Alarm steps: an alarm on requests, topic, scaling function
    AlarmSteps,
}

impl Args {
    fn system(&self) -> System {
        match self.system {
            SystemName::Backlog => System::Backlog,
            SystemName::Demand => System::Demand,
            SystemName::AlarmSteps => System::AlarmSteps,
        }
    }

    fn report_file(&self) -> Result<PathBuf> {
        match &self.report {
            Some(report) => Ok(report.clone()),
            None => workshop().report(),
        }
    }

    fn load(&self) -> Result<LoadText> {
        match &self.load {
            Some(load) => Ok(load.clone()),
            None => Ok(self.system().load(self.speed)?),
        }
    }
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let assumptions = args.assumptions.read()?.assumptions;
    let ui = Ui::new();
    let own = OwnSandbox::new();
    let mut stage = Stage::new(args.system(), args.speed, &own.lock_file()?)?;
    if let Some(assumed) = &assumptions {
        stage.track(assumed.tracking);
    }
    // Whoever waits for a child process hears of a signal too late, so it is listened for beside.
    let interrupted = Arc::new(Notify::new());
    let heard = interrupted.clone();
    let listening = tokio::spawn(async move {
        wait_for_interruption().await;
        heard.notify_one();
    });
    let played = tokio::select! {
        // First: a step that fails because the signal has reached its child too is no failure of its own.
        biased;
        () = interrupted.notified() => None,
        played = perform_demo(&args, assumptions.as_ref(), &mut stage, &own, &ui) => Some(played),
    };
    let interrupted = played.is_none() || listening.is_finished();
    listening.abort();
    match played {
        Some(Ok(summary)) if !interrupted => {
            ui.finish();
            format.print(&summary, text::format_summary);
            Ok(summary.verdict()?)
        }
        played => {
            let left = own.clear(&ui).await;
            ui.finish();
            let failure = match (interrupted, played) {
                (false, Some(Err(failure))) => failure,
                _ => Failure::failed("interrupted"),
            };
            Err(left.into_iter().fold(failure, Failure::hint))
        }
    }
}

async fn perform_demo(
    args: &Args,
    assumptions: Option<&Assumptions>,
    stage: &mut Stage,
    own: &OwnSandbox,
    ui: &Ui,
) -> Result<Summary> {
    let cloud = own.open(stage, ui).await?;
    let load = args.load()?;
    let course = play_demo(args, &load, stage, own, &cloud, ui).await?;
    let report = args.report_file()?;
    let shown = workshop().shorten(&report).display().to_string();
    let played = Played {
        stack: &stage.stack,
        speed: args.speed,
        load: &load.text,
        report: &shown,
        assumptions,
    };
    // Reckoning takes a moment, and nothing else runs meanwhile.
    let mut summary = tokio::task::block_in_place(|| Summary::new(played, &course))?;
    if let Some(page) = &summary.page {
        write_report(&report, page)?;
    }
    if args.keep {
        summary.kept = Some(own.name.clone());
    } else {
        let progress = |progress| ui.progress(progress);
        let session = cloud.session(&progress);
        summary.destroyed = Some(stage.close(&session, &own.sandbox()?).await?);
    }
    Ok(summary)
}

/// Sends the load, and shows the stack until the story is complete, or time is up.
async fn play_demo(
    args: &Args,
    load: &LoadText,
    stage: &Stage,
    own: &OwnSandbox,
    cloud: &Cloud,
    ui: &Ui,
) -> Result<Course> {
    let silent = |_| ();
    let session = cloud.session(&silent);
    let play = Play::begin(stage, load, &session, own.sandbox()?.task_logs()).await?;
    ui.note(&format!("sending the load {}", load.text));
    ui.finish();
    // Beside the result, which may be JSON: what goes on is for people.
    let term = Term::buffered_stderr();
    let stamp = Stamp::Since(ui.began());
    let mut screen = Screen::new(term, Format::Text, args.plain, stamp);
    let watching = watch(
        &stage.stack.name,
        demo::EVERY,
        async || Ok(play.read_snapshot().await?),
        SystemTime::now,
        |view, now, moment| {
            screen.show(view, now, moment);
            play.goes_on()
        },
    );
    play.send_during(watching).await?;
    Ok(play.into_course())
}

fn write_report(path: &Path, page: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        let shown = path.display();
        Failure::failed(format!("failed to write the report {shown}: {error}"))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, page).map_err(failed)
}

#[cfg(test)]
mod tests;
