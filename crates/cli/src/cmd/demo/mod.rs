//! `demo`: the closed loop with real parts on this machine. Deploys a shipped stack to its own sandbox, sends a
//! load to it, shows how it scales, and compares the result with the simulator's prediction.

mod own_sandbox;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use clap::ValueEnum;
use console::Term;
use demo::{Course, Forecast, LoadText, Outcome, Play, Played, Stage, Summary, System};
use sandbox::Speed;
use simulator::{Assumptions, KnownPolicy};
use tokio::sync::Notify;

use crate::connect::Cloud;
use crate::failure::{Failure, Result};
use crate::live::{Screen, Stamp, no_wishes, watch};
use crate::output::Format;
use crate::signals::wait_for_interruption;
use crate::simulation::AssumptionsArg;
use crate::ui::Ui;
use crate::workshop::workshop;

use self::own_sandbox::OwnSandbox;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Speed of the loop's minutes as a multiple of real time, 1 to 30; 1 is real time, and takes an hour
    #[arg(long, value_name = "N", default_value = "20")]
    speed: Speed,
    /// Systems to run
    #[arg(long, value_enum, default_value_t)]
    system: SystemName,
    /// Other policies to simulate for the same messages
    #[arg(long, value_enum, value_delimiter = ',', value_name = "POLICY")]
    against: Vec<Against>,
    /// Load to send: a generator as for `simulate`, such as `step:from=2/s,to=40/s,at=10s,for=60s`
    #[arg(long, value_name = "LOAD")]
    load: Option<LoadText>,
    /// File for the report [default: demo-report.html in this folder; in a checkout, target/demo-report.html]
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
    /// Backlog per task and demand on the same load, side by side
    #[default]
    Race,
    /// Backlog per task: queue, metric function, target tracking
    Backlog,
    /// Demand: queue, and a scaling function that checks every few seconds
    Demand,
    /// Alarm steps: an alarm on requests, topic, scaling function
    AlarmSteps,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Against {
    /// KEDA's SQS scaler with its defaults
    Keda,
    /// Steps on the queue's length, as the CDK's queue pattern sets them
    Steps,
    /// As many tasks as are needed at the peak, all the time
    Fixed,
}

impl From<Against> for KnownPolicy {
    fn from(against: Against) -> Self {
        match against {
            Against::Keda => Self::Keda,
            Against::Steps => Self::Steps,
            Against::Fixed => Self::Fixed,
        }
    }
}

impl Args {
    fn system(&self) -> System {
        match self.system {
            SystemName::Race => System::Race,
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
    // Waiting for a child process delays the reaction to a signal, so another task listens for it.
    let interrupted = Arc::new(Notify::new());
    let heard = interrupted.clone();
    let listening = tokio::spawn(async move {
        wait_for_interruption().await;
        heard.notify_one();
    });
    let played = tokio::select! {
        // First, because a step can fail only because the signal also reached its child process. That isn't a
        // failure of the step.
        biased;
        () = interrupted.notified() => None,
        played = perform_demo(&args, assumptions.as_ref(), &mut stage, &own, &ui) => Some(played),
    };
    let interrupted = played.is_none() || listening.is_finished();
    listening.abort();
    match played {
        Some(Ok(outcome)) if !interrupted => {
            ui.finish();
            format.print(&outcome, text::format_outcome);
            Ok(outcome.verdict()?)
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
) -> Result<Outcome> {
    let load = args.load()?;
    let definition = stage.stack.clone();
    let played = Played {
        stack: &definition,
        speed: args.speed,
        load: &load.text,
        assumptions,
    };
    tokio::task::block_in_place(|| show_forecast(args, played, &load, ui))?;
    let cloud = own.open(stage, ui).await?;
    let courses = play_demo(args, &load, stage, own, &cloud, ui).await?;
    let against: Vec<KnownPolicy> = args.against.iter().copied().map(Into::into).collect();
    // The simulations take a moment, and nothing else runs meanwhile.
    let mut outcome = tokio::task::block_in_place(|| Outcome::new(played, &courses, &against))?;
    write_reports(&args.report_file()?, outcome.services_mut())?;
    if args.keep {
        outcome.kept = Some(own.name.clone());
    } else {
        let progress = |progress| ui.progress(progress);
        let session = cloud.session(&progress);
        outcome.destroyed = Some(stage.close(&session, &own.sandbox()?).await?);
    }
    Ok(outcome)
}

/// Shows what the simulator predicts, since the preparations of the first time take minutes.
fn show_forecast(args: &Args, played: Played<'_>, load: &LoadText, ui: &Ui) -> Result<()> {
    let report = args.report_file()?;
    let forecasts = Forecast::list(played.setting(), played.load, &load.load);
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| Failure::failed(error.to_string());
    for forecast in forecasts.map_err(failed)? {
        let path = name_beside(&report, &format!("forecast-{}", forecast.service));
        write_report(&path, &forecast.page)?;
        ui.note(&format!(
            "predicted for {}: {}; {}",
            forecast.service,
            demo::describe(&forecast.predicted),
            workshop().shorten(&path).display()
        ));
    }
    Ok(())
}

/// Sends the load, and shows the stack until the story is complete or the time is up.
async fn play_demo(
    args: &Args,
    load: &LoadText,
    stage: &Stage,
    own: &OwnSandbox,
    cloud: &Cloud,
    ui: &Ui,
) -> Result<Vec<Course>> {
    let silent = |_| ();
    let session = cloud.session(&silent);
    let play = Play::begin(stage, load, &session, &own.sandbox()?.task_logs()).await?;
    ui.note(&format!("sending the load {}", load.text));
    ui.finish();
    // Separate from the result, which can be JSON, because the progress is for people.
    let term = Term::buffered_stderr();
    let stamp = Stamp::Since(ui.began());
    let mut screen = Screen::new(term, Format::Text, args.plain, stamp);
    let watching = watch(
        &stage.stack.name,
        demo::EVERY,
        async || Ok(play.read_snapshot().await?),
        no_wishes,
        SystemTime::now,
        |view, now, moment| {
            screen.show(view, now, moment);
            play.goes_on()
        },
    );
    play.send_during(watching).await?;
    Ok(play.into_courses())
}

/// Writes the report of each service: that of the first to `path`, the others next to it.
fn write_reports(path: &Path, summaries: &mut [Summary]) -> Result<()> {
    for (place, summary) in summaries.iter_mut().enumerate() {
        let Some(page) = &summary.page else {
            continue;
        };
        let path = match place {
            0 => path.to_owned(),
            _ => name_beside(path, &summary.service),
        };
        write_report(&path, page)?;
        summary.report = Some(workshop().shorten(&path).display().to_string());
    }
    Ok(())
}

/// `report.html` for a service: `report-SERVICE.html`.
fn name_beside(path: &Path, service: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = path.with_file_name(format!("{stem}-{service}"));
    match path.extension() {
        Some(extension) => name.with_added_extension(extension),
        None => name,
    }
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
