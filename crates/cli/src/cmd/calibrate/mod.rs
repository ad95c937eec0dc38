//! `calibrate`: measures how target tracking behaves in an account, and writes an assumptions file.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use calibration::{Estimate, STACK, Stage};
use serde::Serialize;
use simulator::calibration::{Fit, Observation, fit};

use crate::confirm::require_terminal;
use crate::connect::{Cloud, ConnectArgs};
use crate::definition::Known;
use crate::failure::{Code, Failure, Result};
use crate::output::Format;
use crate::signals::wait_for_interruption;
use crate::ui::Ui;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: ConnectArgs,
    /// Image whose start is measured; it must run without configuration [default: busybox]
    #[arg(long, value_name = "IMAGE", conflicts_with = "from")]
    image: Option<String>,
    /// File to write the assumptions to
    #[arg(long, value_name = "FILE", default_value = "assumptions.yaml")]
    to: PathBuf,
    /// File to write the measurements to [default: the name of the assumptions with .measured.json]
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    measured: Option<PathBuf>,
    /// Use the measurements of an earlier run; makes no AWS calls
    #[arg(long, value_name = "FILE", conflicts_with_all = ["local", "profile", "region", "endpoint_url"])]
    from: Option<PathBuf>,
    /// Don't ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

/// The result for programs.
#[derive(Serialize)]
struct Document<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<Estimate>,
    #[serde(flatten)]
    fit: &'c Fit,
    /// File of assumptions.
    assumptions: &'c Path,
    /// File of measurements.
    measurements: &'c Path,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let measurements = match (&args.from, &args.measured) {
        (Some(file), _) | (None, Some(file)) => file.clone(),
        (None, None) => args.to.with_extension("measured.json"),
    };
    let (observation, estimate) = match &args.from {
        Some(file) => (read(file)?, None),
        None => {
            let (observation, estimate) = measure(&args).await?;
            // Written first, so that no result of a paid run is lost.
            let text = serde_json::to_string_pretty(&observation).map_err(|error| {
                Failure::failed(format!("can't write the measurements: {error}"))
            })?;
            write(&measurements, &text)?;
            (observation, Some(estimate))
        }
    };
    let fit = fit(&observation);
    let file = fit
        .assumptions_file()
        .map_err(|error| Failure::failed(format!("can't write the assumptions: {error}")))?;
    write(&args.to, &file)?;
    let document = Document {
        estimate,
        fit: &fit,
        assumptions: &args.to,
        measurements: &measurements,
    };
    format.print(&document, describe);
    match &fit.unexplained {
        None => Ok(()),
        Some(why) => Err(Failure::failed(format!(
            "no combination of variants reproduces the measurements: {why}"
        ))
        .hint(format!(
            "the measurements are in {}",
            measurements.display()
        ))),
    }
}

/// Runs the experiments, and deletes them in any case.
async fn measure(args: &Args) -> Result<(Observation, Estimate)> {
    require_terminal("calibrate", args.yes)?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&Known::default(), &ui).await?;
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let identity = cloud.identify(&session, &Known::default()).await?;
    ui.note(&format!(
        "account {}, {}",
        identity.account, identity.region
    ));
    let estimate = Estimate::new(&identity.region);
    ui.block(&estimate.describe());
    if !args.yes && ui.confirm("Run the experiments?") != Some(true) {
        return Err(Failure::new(
            Code::Refused,
            "canceled: the plan wasn't confirmed; nothing changed",
        ));
    }
    let stage = Stage {
        image: args.image.clone(),
        in_sandbox: cloud.local,
        minute: 60.0 / f64::from(cloud.speed),
        run: session.run_id.clone(),
    };
    let measured = tokio::select! {
        measured = async {
            if calibration::remove(&session).await?.is_some() {
                ui.note("deleted the stack of an earlier run");
            }
            calibration::run(&session, &stage, &identity, today()).await
        } => measured.map_err(Failure::from),
        () = wait_for_interruption() => Err(Failure::failed("interrupted")),
    };
    let cleaned = clean_up(args, &cloud, &ui).await;
    ui.finish();
    match (measured, cleaned) {
        (Ok(observation), Ok(())) => Ok((observation, estimate)),
        (Err(failure), Ok(())) => Err(cloud
            .explain(failure)
            .hint(format!("the stack {STACK} is deleted"))),
        (_, Err(failure)) => Err(cloud.explain(failure)),
    }
}

/// Deletes the stack, in any state.
async fn clean_up(args: &Args, cloud: &Cloud, ui: &Ui) -> Result<()> {
    let again = format!(
        "to delete it: {} destroy {STACK}{}",
        program(),
        args.connect.as_written()
    );
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    tokio::select! {
        removed = calibration::remove(&session) => match removed {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::from(error).hint(again)),
        },
        () = wait_for_interruption() => Err(Failure::failed(format!(
            "interrupted again: the stack {STACK} might still exist"
        ))
        .hint(again)
        .hint("the next run of calibrate deletes it too")),
    }
}

fn describe(document: &Document<'_>) -> String {
    let fit = document.fit;
    let mut text = format!(
        "{}: {} actions of alarms; {} of {} combinations of variants reproduce all of them\n",
        fit.place, fit.actions, fit.consistent, fit.tried
    );
    for part in &fit.parts {
        text.push_str(&format!("  {}\n", part.describe()));
    }
    for delay in &fit.delays {
        text.push_str(&format!(
            "  {}: {} ({})\n",
            delay.key, delay.value, delay.evidence
        ));
    }
    text.push_str(&format!(
        "wrote {}; use it with --assumptions {}\n",
        document.assumptions.display(),
        document.assumptions.display()
    ));
    text
}

fn read(file: &Path) -> Result<Observation> {
    let failed = |why: String| {
        Failure::failed(format!(
            "can't read the measurements {}: {why}",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text)
        .map_err(|error| Failure::failed(format!("can't write {}: {error}", file.display())))
}

/// Returns the current date in UTC.
fn today() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    scaling::format_timestamp(now).chars().take(10).collect()
}
