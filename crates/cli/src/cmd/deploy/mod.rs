//! `deploy`: from a definition to a running system.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use deployer::{DeployRequest, DeployStep, Plan, Progress};

use crate::confirm::require_terminal;
use crate::connect::ConnectArgs;
use crate::definition::{self, FileArg, Known};
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::role::RoleArg;
use crate::signals::run_until_interrupted;
use crate::ui::Ui;
use crate::workshop::program;

mod text;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    #[command(flatten)]
    connect: ConnectArgs,
    #[command(flatten)]
    role: RoleArg,
    /// Do not ask before executing the plan
    #[arg(long, short)]
    yes: bool,
    /// Execute a plan that removes or replaces a queue or a service
    #[arg(long)]
    allow_loss: bool,
    /// Update a stack that a newer version of ecs-scaler deployed
    #[arg(long)]
    allow_downgrade: bool,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    require_terminal("deploy", args.yes)?;
    let file = args.file.path()?;
    let stack = definition::load(&file)?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&Known::of(&stack), &ui).await?;
    let request = DeployRequest {
        stack,
        in_sandbox: cloud.local,
        allow_loss: args.allow_loss,
        allow_downgrade: args.allow_downgrade,
        now: SystemTime::now(),
    };
    let executing = AtomicBool::new(false);
    let progress = |progress| {
        if let Progress::Step {
            step: DeployStep::Execute,
        } = progress
        {
            executing.store(true, Ordering::Relaxed);
        }
        ui.progress(progress);
    };
    let session = cloud.session(&progress).as_role(args.role.role_arn.clone());
    let interrupted = AtomicBool::new(false);
    let mut confirm = |_: &Plan| {
        !interrupted.load(Ordering::Relaxed)
            && (args.yes || ui.confirm("Execute this plan?") == Some(true))
    };
    let build = |functions: &[_], wanted| cloud.build_functions(functions, wanted, &ui);
    let work = deployer::deploy_stack::<Failure>(&session, &request, &build, &mut confirm);
    let interrupt = || interrupted.store(true, Ordering::Relaxed);
    let Some(deployment) = run_until_interrupted(&session, &ui, work, interrupt).await else {
        let executing = executing.load(Ordering::Relaxed);
        return Err(explain_interruption(&args, &file, executing));
    };
    let deployment = deployment.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    format.print(&deployment, text::format_outcome);
    Ok(())
}

/// Says what continues in the background, and how to follow it.
fn explain_interruption(args: &Args, file: &Path, executing: bool) -> Failure {
    let again = format!(
        "{} deploy {}{}{}{}",
        program(),
        file.display(),
        args.connect.as_written(),
        args.role.as_written(),
        if args.yes { " --yes" } else { "" }
    );
    if executing {
        Failure::failed("interrupted: CloudFormation goes on in the background")
            .hint(format!("to follow it: {again}"))
    } else {
        Failure::failed("interrupted: the stack was not changed")
            .hint(format!("to begin again: {again}"))
    }
}
