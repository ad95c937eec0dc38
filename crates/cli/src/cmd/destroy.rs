//! `destroy`: takes a stack away.

use deployer::{Destroyed, Doomed};

use crate::confirm::require_terminal;
use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{Known, StackRef};
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::signals::wait_for_interruption;
use crate::ui::Ui;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition, or the name of the stack
    #[arg(value_name = "STACK")]
    stack: StackRef,
    #[command(flatten)]
    connect: ConnectArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Destroy queues that still hold messages
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    require_terminal("destroy", args.yes)?;
    let known = args.stack.resolve()?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&known, &ui).await?;
    let again = format!(
        "{} destroy {}{}{}",
        program(),
        known.name,
        args.connect.as_written(),
        if args.yes { " --yes" } else { "" }
    );
    let destroyed = tokio::select! {
        destroyed = destroy(&cloud, &known, args.yes, args.force, &ui) => {
            destroyed.map_err(|failure| cloud.explain(failure))?
        }
        () = wait_for_interruption() => {
            return Err(Failure::failed("interrupted: a deletion that had begun goes on in the background")
                .hint(format!("to follow it: {again}")));
        }
    };
    ui.finish();
    format.print(&destroyed, |destroyed| destroyed.describe(&known.name));
    Ok(())
}

async fn destroy(
    cloud: &Cloud,
    known: &Known,
    yes: bool,
    force: bool,
    ui: &Ui,
) -> Result<Destroyed> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    cloud.identify(&session, known).await?;
    let mut approve = |doomed: &Doomed| {
        let (stack, count) = (&doomed.stack, doomed.resources.len());
        let messages: u64 = doomed.messages.iter().map(|queue| queue.messages).sum();
        let lost = if messages > 0 {
            format!(", with about {messages} messages in its queues")
        } else {
            String::new()
        };
        if yes
            || ui.confirm(&format!(
                "Destroy the stack {stack} and its {count} resources{lost}?"
            )) == Some(true)
        {
            return Ok(());
        }
        Err(deployer::Error::refused(
            "nothing was destroyed: it was not confirmed",
        ))
    };
    Ok(deployer::destroy(&session, &known.name, force, &mut approve).await?)
}
