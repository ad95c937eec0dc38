//! `status`: a stack at work.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{Identity, Inspection};

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{Known, StackRef, default_definition};
use crate::failure::Result;
use crate::output::Format;
use crate::ui::Ui;

mod demand;
mod queue;
mod scaling;
mod text;
mod watching;

use text::format_inspection;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition, or the name of the stack [default: stack.yaml, stack.yml, or the only definition in this
    /// folder]
    #[arg(value_name = "STACK")]
    stack: Option<StackRef>,
    #[command(flatten)]
    connect: ConnectArgs,
    /// Look again and again until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Time between two looks; on AWS two seconds at least
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration, requires = "watch")]
    every: Duration,
    /// Print a line for each change, as without a terminal, instead of redrawing
    #[arg(long, requires = "watch")]
    plain: bool,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let stack = match args.stack {
        Some(stack) => stack,
        None => StackRef::File(default_definition()?),
    };
    let known = stack.resolve()?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&known, &ui).await?;
    if args.watch {
        return watching::run(&cloud, &known, args.every, args.plain, format, ui).await;
    }
    let now = SystemTime::now();
    let read = read(&cloud, &known, now, &ui).await;
    let (inspection, identity) = read.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    let Some(inspection) = inspection else {
        return Err(identity.no_such_stack(&known.name).into());
    };
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format.print(&inspection, |inspection| {
        format_inspection(&known.name, inspection, now)
    });
    Ok(())
}

async fn read(
    cloud: &Cloud,
    known: &Known,
    now: SystemTime,
    ui: &Ui,
) -> Result<(Option<Inspection>, Identity)> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let identity = cloud.identify(&session, known).await?;
    let inspection = deployer::inspect(&session, &known.name, now).await?;
    Ok((inspection, identity))
}
