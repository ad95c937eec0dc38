//! `local`: controls the sandbox manually.

use std::path::{Path, PathBuf};

use sandbox::{
    Behavior, EmulatorSettings, Program, SandboxStatus, Speed, TaskStart, Tracking, Wanted,
};
use serde_json::json;

use crate::connect::default_sandbox;
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::signals::{is_interrupted, run_blocking, wait_for_interruption};
use crate::ui::Ui;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Start the sandbox, or reuse a running one
    Start(StartArgs),
    /// Stop the sandbox and its tasks; deletes everything deployed in it
    Stop,
    /// Show the sandbox's status
    Status,
    /// Run the emulators of a sandbox (started by `start`)
    #[command(hide = true)]
    Emulators(EmulatorArgs),
    /// Kill the tasks of emulators that are gone (started by the emulators)
    #[command(hide = true)]
    Reap,
}

/// Omitted options don't change a running sandbox. Another speed starts a new, empty sandbox.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct StartArgs {
    /// Speed of the sandbox's minutes as a multiple of real time, 1 to 30: rules, alarms, cooldowns and
    /// starts of tasks, but not the work on a message [default: 1]
    #[arg(long, value_name = "N")]
    speed: Option<Speed>,
    /// What runs for the containers of this name, as real processes; may be given again. Without one,
    /// a task is counted and nothing runs
    #[arg(long = "program", value_name = "NAME=PATH")]
    programs: Vec<Program>,
    /// How long a task takes to start at speed 1, such as 40s, or 23s..60s for anything between
    /// [default: 0s]
    #[arg(long, value_name = "TIME")]
    task_start: Option<TaskStart>,
    /// How target tracking behaves, such as base=running,scale_in=5%: the `tracking_` keys of `--assume`
    /// without this prefix [default: as the simulator assumes]
    #[arg(long, value_name = "KEY=VALUE")]
    tracking: Option<Tracking>,
}

#[derive(Clone, Debug, clap::Args)]
struct EmulatorArgs {
    #[arg(long)]
    endpoint_url: String,
    #[arg(long)]
    logs: PathBuf,
    /// As JSON
    #[arg(long, value_parser = read_behavior)]
    behavior: Behavior,
}

fn read_behavior(text: &str) -> std::result::Result<Behavior, serde_json::Error> {
    serde_json::from_str(text)
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    match args.action {
        Action::Start(args) => start(&args, format),
        Action::Stop => {
            let sandbox = default_sandbox()?;
            let stopped = tokio::task::block_in_place(|| sandbox.stop())?;
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
            let sandbox = default_sandbox()?;
            let status = tokio::task::block_in_place(|| sandbox.read_status())?;
            format.print(&status, describe);
            Ok(())
        }
        Action::Emulators(args) => run_emulators(args).await,
        Action::Reap => sandbox::reap(std::io::stdin().lock())
            .map_err(|error| Failure::failed(format!("failed to read what to end: {error}"))),
    }
}

/// Runs until it is interrupted. Its messages go to its log.
async fn run_emulators(args: EmulatorArgs) -> Result<()> {
    let executable = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("failed to find this executable: {error}")))?;
    let settings = EmulatorSettings {
        endpoint_url: args.endpoint_url,
        behavior: args.behavior,
        logs: args.logs,
        reaper: vec![executable.into(), "local".into(), "reap".into()],
    };
    sandbox::run_emulators(settings, wait_for_interruption()).await;
    Ok(())
}

impl StartArgs {
    /// Returns the requested behavior, with absolute paths of programs, because the emulators run in another
    /// folder.
    fn wanted(&self) -> Result<Wanted> {
        let program = |program: &Program| {
            let path = resolve_program(&program.path)?;
            Ok((program.container.clone(), path))
        };
        let programs = (!self.programs.is_empty())
            .then(|| self.programs.iter().map(program).collect::<Result<_>>())
            .transpose()?;
        Ok(Wanted {
            speed: self.speed,
            programs,
            task_start: self.task_start,
            tracking: self.tracking,
        })
    }
}

fn resolve_program(program: &Path) -> Result<PathBuf> {
    program.canonicalize().map_err(|error| {
        let text = format!("failed to find the program {}: {error}", program.display());
        Failure::failed(text).hint("a program is given as NAME=PATH, relative to this folder")
    })
}

fn start(args: &StartArgs, format: Format) -> Result<()> {
    let ui = Ui::new();
    let sandbox = default_sandbox()?.with_wanted(args.wanted()?);
    let running = run_blocking(|| sandbox.start(&|text| ui.note(text), &is_interrupted))?;
    ui.finish();
    format.print(&running, |running| {
        format!(
            "the sandbox runs at {url} (process {pid})\n\
             {behavior}\
             with ecs-scaler:    {program} deploy FILE --local\n\
             with other tools:   AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1\n\
             log:                {log}",
            program = program(),
            url = running.endpoint_url,
            pid = running.pid,
            behavior = format_behavior(&running.behavior, running.emulators),
            log = running.log.display(),
        )
    });
    Ok(())
}

/// Formats a line for the clock, and one for the tasks.
fn format_behavior(behavior: &Behavior, emulators: Option<u32>) -> String {
    let minute = behavior.speed.compress(std::time::Duration::from_secs(60));
    let clock = match behavior.speed {
        Speed::REAL => "real time".to_owned(),
        speed => format!("{speed} times real time: a minute of the loop takes {minute:?}"),
    };
    let programs = &behavior.programs;
    let runs = if programs.is_empty() {
        "counted, nothing runs".to_owned()
    } else {
        let each = |(name, path): (&String, &PathBuf)| format!("{name} runs {}", path.display());
        programs.iter().map(each).collect::<Vec<_>>().join(", ")
    };
    let tasks = match emulators {
        Some(pid) => format!("{runs}; start: {} (process {pid})", behavior.task_start),
        None => "the process that runs them has ended; `local start` starts it".to_owned(),
    };
    format!("clock:              {clock}\ntasks:              {tasks}\n")
}

fn describe(status: &SandboxStatus) -> String {
    match status {
        SandboxStatus::Running(running) => {
            let text = format!(
                "the sandbox runs at {} (process {})\n{}",
                running.endpoint_url,
                running.pid,
                format_behavior(&running.behavior, running.emulators)
            );
            text.trim_end().to_owned()
        }
        SandboxStatus::Unresponsive { pid, log } => format!(
            "the sandbox (process {pid}) does not answer; `local start` replaces it. Its log: {}",
            log.display()
        ),
        SandboxStatus::Stopped { installed: true } => "the sandbox is stopped".to_owned(),
        SandboxStatus::Stopped { installed: false } => {
            "the sandbox is not installed; `local start` installs and starts it".to_owned()
        }
    }
}
