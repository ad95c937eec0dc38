//! `invoke`: invokes a deployed function manually, with its rule's input or a custom event.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use deployer::{Function, Invocation, ServiceName, Session};
use serde::{Deserialize as _, Serialize};
use serde_json::Value;

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{Known, SelectionArgs, StackRef};
use crate::deployed::observe_stack;
use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::ui::Ui;

mod choice;
mod text;

use choice::Meant;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition, or the name of the stack
    #[arg(value_name = "STACK")]
    stack: StackRef,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    connect: ConnectArgs,
    /// Function to invoke [default: the metric function, or the scaling function of a stack without it]
    #[arg(long, value_enum)]
    function: Option<Which>,
    /// Service whose scaling function to invoke, by its name in the definition or in ECS; with `demand`, check only this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Event as JSON, `-` for standard input [default: the event that the function's rule sends; a function that scales by demand checks once]
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
}

/// The kinds of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// The function that publishes the backlog per task, or the required tasks
    Metric,
    /// The function that scales a service by its alarms, or all services with `demand` to the required tasks
    Scaling,
}

/// The result of the invocations.
#[derive(Debug, Serialize)]
struct Outcome {
    stack: String,
    function: String,
    invocations: Vec<Invocation>,
    /// The affected services.
    services: Vec<Change>,
}

/// The desired count of a service before and after. `None` if ECS doesn't know the service.
#[derive(Debug, PartialEq, Serialize)]
struct Change {
    #[serde(flatten)]
    service: ServiceName,
    desired_before: Option<i32>,
    desired_after: Option<i32>,
}

/// The services that an event contains.
#[derive(serde::Deserialize)]
struct Named {
    services: Vec<ServiceName>,
}

impl Outcome {
    /// Returns the first error message of a failed invocation.
    fn error(&self) -> Option<&str> {
        let mut errors = self.invocations.iter();
        errors.find_map(|invocation| invocation.error.as_deref())
    }
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let event = args.event.as_deref().map(read_event).transpose()?;
    let known = args.stack.resolve(&args.selection)?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&known, &ui).await?;
    let outcome = invoke_events(&args, &cloud, &known, event, &ui).await;
    let outcome = outcome.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    let Some(error) = outcome.error() else {
        format.print(&outcome, text::format_outcome);
        return Ok(());
    };
    if format == Format::Text {
        output::text(&text::format_outcome(&outcome));
    }
    Err(
        Failure::failed(format!("the function {} failed: {error}", outcome.function))
            .details(&outcome),
    )
}

async fn invoke_events(
    args: &Args,
    cloud: &Cloud,
    known: &Known,
    event: Option<Value>,
    ui: &Ui,
) -> Result<Outcome> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let (_, stack) = observe_stack(cloud, &session, known).await?;
    let resources = deployer::resources(&session, &stack).await?;
    let functions = deployer::functions(&session, &resources).await?;
    let service = args.service.as_deref();
    let service = service.map(|service| choice::known_to_ecs(service, &resources));
    let function = choice::choose(&functions, args.function, service.as_ref(), &known.name)?;
    let events = match event {
        Some(event) => vec![event],
        None => list_usual_events(function, service.as_ref())?,
    };
    invoke(&session, &known.name, function, &events).await
}

async fn invoke(
    session: &Session<'_>,
    stack: &str,
    function: &Function,
    events: &[Value],
) -> Result<Outcome> {
    let services = list_concerned(function, events);
    let before = deployer::desired_counts(session, &services).await?;
    let mut invocations = Vec::new();
    for event in events {
        let invocation = deployer::invoke(session, &function.arn, &event.to_string()).await?;
        invocations.push(invocation);
    }
    let after = deployer::desired_counts(session, &services).await?;
    let services = services.into_iter().map(|service| Change {
        desired_before: before.get(&service).copied(),
        desired_after: after.get(&service).copied(),
        service,
    });
    Ok(Outcome {
        stack: stack.to_owned(),
        function: function.name.clone(),
        invocations,
        services: services.collect(),
    })
}

/// Returns what the function's rules make it do, once. If a service is selected, only for that one.
fn list_usual_events(function: &Function, service: Option<&Meant<'_>>) -> Result<Vec<Value>> {
    let parse = |event: &String| {
        serde_json::from_str(event).map_err(|error| {
            Failure::failed(format!(
                "failed to read what the rule sends {}: {error}",
                function.name
            ))
        })
    };
    let events: Vec<Value> = function.events().iter().map(parse).collect::<Result<_>>()?;
    let events = events.into_iter().filter_map(|mut event| {
        if let (Some(meant), Some(services)) = (service, event["services"].as_array_mut()) {
            services.retain(|one| one["service"].as_str().is_some_and(|name| meant.is(name)));
            (!services.is_empty()).then_some(event)
        } else {
            Some(event)
        }
    });
    Ok(events.collect())
}

/// Returns the services that the events contain. If they contain none, the function's services.
fn list_concerned(function: &Function, events: &[Value]) -> Vec<ServiceName> {
    let named = events.iter().map(Named::deserialize);
    let Ok(named) = named.collect::<Result<Vec<_>, _>>() else {
        return function.services();
    };
    let mut services: Vec<ServiceName> = named.into_iter().flat_map(|one| one.services).collect();
    services.sort();
    services.dedup();
    services
}

fn read_event(path: &Path) -> Result<Value> {
    let unreadable = |error: std::io::Error| {
        Failure::failed(format!(
            "failed to read the event {}: {error}",
            path.display()
        ))
    };
    let text = if path == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(unreadable)?;
        text
    } else {
        std::fs::read_to_string(path).map_err(unreadable)?
    };
    serde_json::from_str(&text).map_err(|error| {
        Failure::failed(format!(
            "the event {} isn't valid JSON: {error}",
            path.display()
        ))
    })
}
