//! `deploy`: from a definition to a running system.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use deployer::{Asset, Deployed, Identity, Plan, Session, Source, TemplateSource};
use serde::Serialize;
use stack::Stack;
use template::Template;

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{FileArg, Known};
use crate::failure::{Code, Failure, Result};
use crate::functions::{Built, Function, Platform};
use crate::output::Format;
use crate::signals::interruption;
use crate::ui::{self, Ui};
use crate::workshop::{program, workshop};

mod text;

pub(crate) use text::plan as plan_text;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
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
    let stack = args.file.load()?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&Known::of(&stack), &ui).await?;
    let guard = Guard {
        yes: args.yes,
        allow_loss: args.allow_loss,
    };
    let again = format!(
        "{} deploy {}{}{}",
        program(),
        args.file.shown(),
        args.connect.as_written(),
        if args.yes { " --yes" } else { "" }
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

/// Deploys; Ctrl-C or SIGTERM says what goes on in the background, and `again` how to follow it.
pub(crate) async fn deploy(
    cloud: &Cloud,
    stack: Stack,
    guard: Guard,
    ui: &Ui,
    again: &str,
) -> Result<Outcome> {
    let executing = AtomicBool::new(false);
    tokio::select! {
        outcome = deploy_uninterrupted(cloud, stack, guard, ui, &executing) => {
            outcome.map_err(|failure| cloud.explain(failure))
        }
        () = interruption() => Err(interrupted(executing.load(Ordering::Relaxed), again)),
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
    let deployed = deployer::deploy(&session, &prepared.source, &mut approve).await?;
    deployer::protect(&session, &stack.name, stack.termination_protection).await?;
    deployer::verify(&session, &stack.name).await?;
    // Also without a change: whoever deployed last may have been killed before this.
    deployer::measure_once(&session, &stack.name).await?;
    Ok(Outcome {
        stack: stack.name,
        identity,
        deployed,
    })
}

/// A template and all that goes with it.
pub(crate) struct Prepared {
    pub source: Source,
    pub template: Template,
}

/// Builds the functions, makes the template, and uploads what does not travel in a request.
pub(crate) async fn prepare(
    cloud: &Cloud,
    session: &Session<'_>,
    stack: &mut Stack,
    identity: &Identity,
    ui: &Ui,
) -> Result<Prepared> {
    let built = build_functions(cloud, stack, ui)?;
    stack.metric.architecture = built.architecture;
    let template = template::synthesize(stack)?;
    let mut parameters = BTreeMap::new();
    for (function, asset) in &built.assets {
        let name = match function {
            Function::Metric => template::PARAMETER_METRIC_FUNCTION_KEY,
            Function::Scaling => template::PARAMETER_SCALING_FUNCTION_KEY,
        };
        parameters.insert(name, asset.key.clone());
    }
    if let Some(serialized) = serialized(session, &stack.name, &template).await? {
        parameters.insert(
            template::PARAMETER_SERIALIZE_SCALING,
            serialized.to_string(),
        );
    }
    let mut assets: Vec<Asset> = built.assets.into_values().collect();
    let mut large = None;
    if template.body().len() > template::INLINE_BODY_BYTES {
        let asset = Asset::template(template.body());
        large = Some(asset.key.clone());
        assets.push(asset);
    }
    let bucket = deployer::upload(session, &identity.account, &assets, SystemTime::now()).await?;
    let body = match large {
        Some(key) => TemplateSource::Url(deployer::object_url(&cloud.clients, &bucket, &key)),
        None => TemplateSource::Inline(template.body().to_owned()),
    };
    parameters.insert(template::PARAMETER_ASSETS_BUCKET, bucket);
    Ok(Prepared {
        source: source(stack, &template, body, parameters),
        template,
    })
}

fn build_functions(cloud: &Cloud, stack: &Stack, ui: &Ui) -> Result<Built> {
    let wanted = stack.metric.architecture;
    let platform = if cloud.local {
        Platform::Native
    } else {
        Platform::Lambda(wanted)
    };
    let needed = Function::of(stack);
    tokio::task::block_in_place(|| {
        workshop().build_functions(&needed, platform, wanted, &|text| ui.note(text))
    })
}

/// Whether the scaling functions get a reserved concurrency; `None` when there are none.
async fn serialized(
    session: &Session<'_>,
    stack: &str,
    template: &Template,
) -> Result<Option<bool>> {
    let parameter = template::PARAMETER_SERIALIZE_SCALING;
    if !template.parameters().contains(&parameter) {
        return Ok(None);
    }
    let functions = template.list_reserving_functions();
    let possible = deployer::can_serialize(session, stack, parameter, &functions).await?;
    Ok(Some(possible))
}

fn source(
    stack: &Stack,
    template: &Template,
    body: TemplateSource,
    mut parameters: BTreeMap<&str, String>,
) -> Source {
    parameters.retain(|name, _| template.parameters().contains(name));
    let parameters = parameters.into_iter();
    Source {
        stack: stack.name.clone(),
        template: body,
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
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
