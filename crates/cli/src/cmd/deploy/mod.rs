//! `deploy`: from a definition to a running system.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use deployer::{DeployRequest, Plan};
use stack::Loaded;

use crate::confirm::require_terminal;
use crate::course::Course;
use crate::definition::Known;
use crate::deployable::{DeployableArgs, Document};
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::plan_file;
use crate::signals::run_until_interrupted;
use crate::ui::Ui;
use crate::workshop::program;

mod text;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployable: DeployableArgs,
    /// Don't ask for confirmation before executing the plan
    #[arg(long, short)]
    yes: bool,
    /// Execute exactly the plan that `diff --out` wrote, without asking, or refuse
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Execute a plan that removes or replaces a queue or a service
    #[arg(long)]
    allow_loss: bool,
    /// Update a stack that a newer version of ecs-scaler deployed
    #[arg(long)]
    allow_downgrade: bool,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let reviewed = args.plan.as_deref().map(plan_file::read).transpose()?;
    let is_approved = args.yes || reviewed.is_some();
    require_terminal("deploy", is_approved)?;
    let given = &args.deployable;
    let (file, Loaded { stack, warnings }) = given.load()?;
    let ui = Ui::new();
    let cloud = given.connect.connect(&Known::of(&stack), &ui).await?;
    let request = DeployRequest {
        stack,
        in_sandbox: cloud.local,
        allow_loss: args.allow_loss,
        allow_downgrade: args.allow_downgrade,
        reviewed: reviewed.map(Arc::new),
        now: SystemTime::now(),
    };
    let course = Course::default();
    let progress = |progress| {
        course.follow(&progress);
        ui.progress(progress);
    };
    let session = cloud
        .session(&progress)
        .as_role(given.role.role_arn.clone());
    let mut confirm = |_: &Plan| {
        !session.is_interrupted() && (is_approved || ui.confirm("Execute this plan?") == Some(true))
    };
    let build = |functions: &[_], wanted| cloud.build_functions(functions, wanted, &ui);
    let work = deployer::deploy_stack::<Failure>(&session, &request, &build, &mut confirm);
    let Some(deployment) = run_until_interrupted(&session, &ui, work).await else {
        return Err(course.explain_interruption(&as_written(&args, &file), None));
    };
    let deployment = deployment.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    let document = Document {
        result: &deployment,
        warnings: warnings.problems(),
    };
    format.print(&document, |_| text::format_outcome(&deployment));
    Ok(())
}

/// Returns the command to run again.
fn as_written(args: &Args, file: &Path) -> String {
    format!(
        "{} deploy {}{}{}",
        program(),
        args.deployable.as_written(file),
        if args.yes { " --yes" } else { "" },
        args.plan
            .as_ref()
            .map(|path| format!(" --plan {}", path.display()))
            .unwrap_or_default()
    )
}
