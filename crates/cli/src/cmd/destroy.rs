//! `destroy`: deletes a stack.

use deployer::{DestroyOptions, Destroyed, Doomed};
use serde::Serialize;

use crate::confirm::require_terminal;
use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{Known, SelectionArgs, StackRef};
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::role::RoleArg;
use crate::signals::wait_for_interruption;
use crate::ui::Ui;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition, or the name of the stack
    #[arg(value_name = "STACK")]
    stack: StackRef,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    connect: ConnectArgs,
    #[command(flatten)]
    role: RoleArg,
    /// Don't ask for confirmation
    #[arg(long, short)]
    yes: bool,
    /// Destroy queues that still hold messages
    #[arg(long)]
    force: bool,
    /// Keep a resource that CloudFormation failed to delete: its logical ID, or the name of a queue; repeatable
    #[arg(long, value_name = "RESOURCE")]
    retain: Vec<String>,
}

/// What programs read.
#[derive(Debug, Serialize)]
struct Document<'d> {
    stack: &'d str,
    #[serde(flatten)]
    destroyed: &'d Destroyed,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    require_terminal("destroy", args.yes)?;
    let known = args.stack.resolve(&args.selection)?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&known, &ui).await?;
    let again = format!(
        "{} destroy {}{}{}{}",
        program(),
        known.name,
        args.connect.as_written(),
        args.role.as_written(),
        if args.yes { " --yes" } else { "" }
    );
    let options = DestroyOptions {
        force: args.force,
        retain: args.retain.clone(),
    };
    let destroyed = tokio::select! {
        destroyed = destroy(&cloud, &known, &args, &options, &ui) => {
            destroyed.map_err(|failure| cloud.explain(failure))?
        }
        () = wait_for_interruption() => {
            return Err(Failure::failed("interrupted: a deletion in progress continues in the background")
                .hint(format!("to follow it: {again}")));
        }
    };
    ui.finish();
    let document = Document {
        stack: &known.name,
        destroyed: &destroyed,
    };
    format.print(&document, |_| destroyed.describe(&known.name));
    Ok(())
}

async fn destroy(
    cloud: &Cloud,
    known: &Known,
    args: &Args,
    options: &DestroyOptions,
    ui: &Ui,
) -> Result<Destroyed> {
    let progress = |progress| ui.progress(progress);
    let role = args.role.role_arn.clone();
    let session = cloud.session(&progress).as_role(role);
    let identity = cloud.identify(&session, known).await?;
    let mut approve = |doomed: &Doomed| {
        let (stack, count) = (&doomed.stack, doomed.resources.len());
        let messages: u64 = doomed.messages.iter().map(|queue| queue.messages).sum();
        let lost = if messages > 0 {
            format!(", with about {messages} messages in its queues")
        } else {
            String::new()
        };
        let kept = match doomed.released.len() {
            0 => String::new(),
            count => format!(", and release {count} others, which stay in AWS"),
        };
        if args.yes
            || ui.confirm(&format!(
                "Destroy the stack {stack} and its {count} resources{lost}{kept}?"
            )) == Some(true)
        {
            return Ok(());
        }
        Err(deployer::Error::refused(
            "canceled: not confirmed; nothing was destroyed",
        ))
    };
    let destroyed = deployer::destroy(&session, &known.name, options, &mut approve).await?;
    if !destroyed.existed {
        ui.note(&format!(
            "checked account {}, {}: use --region for another region, and --env for the stack of an environment",
            identity.account, identity.region
        ));
    }
    Ok(destroyed)
}
