//! `deploy`: from a definition to a running system.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use deployer::{Asset, Deployed, Identity, Plan, Session, Source, TemplateSource};
use serde::Serialize;
use stack::{Architecture, Stack};
use template::Template;

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{self, Known};
use crate::failure::{Code, Failure, Result};
use crate::functions::{self, Platform};
use crate::output::Format;
use crate::ui::{self, Ui};

mod text;

pub(crate) use text::plan as plan_text;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    connect: ConnectArgs,
    /// Do not ask before executing the plan
    #[arg(long, short)]
    yes: bool,
    /// Execute a plan that removes or replaces a queue or a service
    #[arg(long)]
    allow_loss: bool,
}

/// What a deploy came to.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub stack: String,
    #[serde(flatten)]
    pub identity: Identity,
    #[serde(flatten)]
    pub deployed: Deployed,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    if !args.yes && !ui::can_ask() {
        return Err(refused_without_terminal("deploy"));
    }
    let stack = definition::load(&args.file)?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&Known::of(&stack), &ui).await?;
    let guard = Guard {
        yes: args.yes,
        allow_loss: args.allow_loss,
    };
    let again = format!(
        "cargo xtask deploy {}{}",
        args.file.display(),
        args.connect.as_written()
    );
    let outcome = deploy(&cloud, stack, guard, &ui, &again).await?;
    ui.finish();
    format.print(&outcome, text::outcome);
    Ok(())
}

/// What a plan needs to be executed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    pub yes: bool,
    pub allow_loss: bool,
}

/// Deploys; Ctrl-C says what goes on in the background, and `again` how to follow it.
pub(crate) async fn deploy(
    cloud: &Cloud,
    stack: Stack,
    guard: Guard,
    ui: &Ui,
    again: &str,
) -> Result<Outcome> {
    let executing = AtomicBool::new(false);
    tokio::select! {
        outcome = deploy_uninterrupted(cloud, stack, guard, ui, &executing) => outcome,
        _ = tokio::signal::ctrl_c() => Err(interrupted(executing.load(Ordering::Relaxed), again)),
    }
}

async fn deploy_uninterrupted(
    cloud: &Cloud,
    mut stack: Stack,
    guard: Guard,
    ui: &Ui,
    executing: &AtomicBool,
) -> Result<Outcome> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let identity = cloud.identify(&session, &Known::of(&stack)).await?;
    deployer::check(&session, &stack).await?;
    let prepared = prepare(cloud, &session, &mut stack, &identity, ui).await?;
    let mut approve = |plan: &Plan| {
        approve(plan, guard, ui)?;
        executing.store(true, Ordering::Relaxed);
        Ok(())
    };
    let deployed = deployer::deploy(&session, &prepared, &mut approve).await?;
    deployer::protect(&session, &stack.name, stack.termination_protection).await?;
    deployer::verify(&session, &stack.name).await?;
    if deployed.changed {
        deployer::measure_once(&session, &stack.name).await?;
    }
    Ok(Outcome {
        stack: stack.name,
        identity,
        deployed,
    })
}

/// Builds the function, makes the template, and uploads what does not travel in a request.
pub(crate) async fn prepare(
    cloud: &Cloud,
    session: &Session<'_>,
    stack: &mut Stack,
    identity: &Identity,
    ui: &Ui,
) -> Result<Source> {
    let function = build_function(cloud, stack.metric.architecture, ui)?;
    stack.metric.architecture = function.architecture;
    let template = template::synthesize(stack)?;
    let key = function.asset.key.clone();
    let mut assets = vec![function.asset];
    let mut large = None;
    if template.body().len() > template::INLINE_BODY_BYTES {
        let asset = Asset::template(template.body());
        large = Some(asset.key.clone());
        assets.push(asset);
    }
    let bucket = deployer::upload(session, &identity.account, &assets, SystemTime::now()).await?;
    Ok(source(cloud, stack, &template, &bucket, &key, large))
}

fn build_function(cloud: &Cloud, wanted: Architecture, ui: &Ui) -> Result<functions::Function> {
    let platform = if cloud.local {
        Platform::Native
    } else {
        Platform::Lambda(wanted)
    };
    tokio::task::block_in_place(|| functions::build(platform, wanted, ui))
}

fn source(
    cloud: &Cloud,
    stack: &Stack,
    template: &Template,
    bucket: &str,
    key: &str,
    large: Option<String>,
) -> Source {
    let given = [
        (template::PARAMETER_ASSETS_BUCKET, bucket),
        (template::PARAMETER_METRIC_FUNCTION_KEY, key),
    ];
    let wanted = |(name, _): &(&str, &str)| template.parameters().contains(name);
    let parameters = given
        .into_iter()
        .filter(wanted)
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Source {
        stack: stack.name.clone(),
        template: match large {
            Some(key) => TemplateSource::Url(deployer::object_url(&cloud.clients, bucket, &key)),
            None => TemplateSource::Inline(template.body().to_owned()),
        },
        parameters: parameters.collect(),
        tags: stack.tags.clone(),
    }
}

/// Shows the plan; refuses a loss, and what nobody has confirmed.
fn approve(plan: &Plan, guard: Guard, ui: &Ui) -> deployer::Result<()> {
    ui.block(&text::plan(plan));
    if let Some(loss) = plan.losses().next().filter(|_| !guard.allow_loss) {
        let mut error = deployer::Error::refused(format!(
            "the plan would {} {} ({}): what it holds or does would be lost",
            loss.action, loss.logical_id, loss.resource_type
        ));
        for other in plan.losses().skip(1) {
            error = error.hint(format!(
                "it would also {} {} ({})",
                other.action, other.logical_id, other.resource_type
            ));
        }
        return Err(error.hint("to execute it all the same: --allow-loss"));
    }
    if guard.yes || ui.confirm("Execute this plan?") == Some(true) {
        return Ok(());
    }
    Err(deployer::Error::refused(
        "nothing was changed: the plan was not confirmed",
    ))
}

pub(crate) fn refused_without_terminal(verb: &str) -> Failure {
    Failure::new(
        Code::Refused,
        format!("{verb} asks before it changes anything, and there is no terminal to ask on"),
    )
    .hint("give --yes to go ahead without asking")
}

fn interrupted(executing: bool, again: &str) -> Failure {
    if executing {
        Failure::failed("interrupted: CloudFormation goes on in the background")
            .hint(format!("to follow it: {again}"))
    } else {
        Failure::failed("interrupted: the stack was not changed")
            .hint(format!("to begin again: {again}"))
    }
}
