//! A simulation as data: enough to repeat it anywhere, such as in the page of its report.

mod assumed;
mod command_line;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stack::{Selection, Stack};

use crate::knobs::{Turned, Turns};
use crate::load::{Load, LoadLimits};
use crate::number::exact;
use crate::progress::Progress;
use crate::report::Report;
use crate::simulation::{Extent, Simulation};

pub use self::assumed::{Assumed, AssumedError};
pub use self::command_line::{CommandLine, quote};

/// All that a simulation depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// The definition, with the selected values merged.
    pub definition: Value,
    /// The service.
    pub service: String,
    /// What is assumed.
    pub assumed: Assumed,
    /// The seed of all random numbers.
    pub seed: u64,
    /// The share that must meet the objective, instead of the definition's.
    pub required: Option<Share>,
    /// The load's name, for people.
    pub load_name: String,
    /// The load.
    pub load: Load,
    /// The command that ran it.
    pub command: Option<CommandLine>,
}

/// A share from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share(#[serde(with = "exact")] pub f64);

/// A changed simulation.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Its report.
    pub report: Report,
    /// What was changed.
    pub turned: Turned,
    /// The command that simulates the same, if the experiment has one.
    pub command: Option<String>,
}

/// Why a changed simulation can't run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{message}")]
pub struct Refused {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do, if it is known.
    pub help: Option<String>,
}

impl Refused {
    /// For this reason, without help.
    #[must_use]
    pub fn new(reason: impl ToString) -> Self {
        Self {
            message: reason.to_string(),
            help: None,
        }
    }

    /// The first error of a definition.
    fn from_report(report: &stack::Report) -> Self {
        let problems = report.problems();
        let error = problems
            .iter()
            .find(|problem| problem.severity() == stack::Severity::Error);
        Self {
            message: error.map_or_else(|| report.to_string(), |error| error.message().to_owned()),
            help: error.and_then(|error| error.help()).map(str::to_owned),
        }
    }
}

/// Keys of a service and of its sidecars whose values can be secret. No simulation depends on them.
const SECRETS: [&str; 3] = ["environment", "environment_files", "secrets"];
/// Keys inside which any value can be secret: a patch of the template, and the options of a log router.
const PRIVATE: [&str; 2] = ["overrides", "firelens"];

/// A definition's merged values as JSON, without environment variables, secrets, overrides, and the options of log routers.
/// `None` if it wasn't read from a text.
#[must_use]
pub fn public_definition(stack: &Stack) -> Option<Value> {
    let mut definition = stack.written.definition()?.clone();
    if let Some(keys) = definition.as_object_mut() {
        keys.remove("overrides");
    }
    let services = definition
        .get_mut("services")
        .and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(|all| all.values_mut()) {
        remove_secrets(service);
        let sidecars = service.get_mut("sidecars").and_then(Value::as_object_mut);
        for sidecar in sidecars.into_iter().flat_map(|all| all.values_mut()) {
            remove_secrets(sidecar);
        }
    }
    Some(definition)
}

fn generate(text: &str) -> Result<Load, Refused> {
    let load = Load::generate(text).map_err(Refused::new)?;
    load.within(LoadLimits::default()).map_err(Refused::new)
}

fn remove_secrets(container: &mut Value) {
    if let Some(keys) = container.as_object_mut() {
        keys.retain(|key, _| !SECRETS.contains(&key.as_str()));
    }
    // Whether there is a log router changes the bill.
    if let Some(router) = container.pointer_mut("/logs/firelens") {
        *router = json!({ "options": { "Name": "null" } });
    }
}

/// `PATH=VALUE` without its value, if that can be secret.
fn hide_secret(set: &str) -> String {
    let is_private = |part: &str| SECRETS.contains(&part) || PRIVATE.contains(&part);
    match set.split_once('=') {
        Some((path, _)) if path.split(['.', '[', ']', '"', '\'']).any(is_private) => {
            format!("{path}=…")
        }
        _ => set.to_owned(),
    }
}

impl Experiment {
    /// The definition with other values.
    ///
    /// # Errors
    /// The first problem of the result.
    fn read_stack(&self, set: &[String]) -> Result<Stack, Refused> {
        let selection = Selection {
            environment: None,
            set: set.to_vec(),
        };
        // JSON is YAML.
        let text = self.definition.to_string();
        let loaded = stack::parse_selected("definition", &text, &selection);
        loaded
            .map(|loaded| loaded.stack)
            .map_err(|report| Refused::from_report(&report))
    }

    /// Simulates it with turned knobs; without any, as it is.
    ///
    /// # Errors
    /// If the changed definition isn't valid or can't be simulated.
    pub fn run(&self, turns: &Turns, extent: Extent) -> Result<Changed, Refused> {
        let stack = self.read_stack(&[])?;
        let overrides = self.assumed.overrides().map_err(Refused::new)?;
        let generated = turns.get("load").map(|text| generate(text)).transpose()?;
        let mut simulation = Simulation {
            stack: &stack,
            service: &self.service,
            overrides: &overrides,
            load: generated.as_ref().unwrap_or(&self.load),
            load_name: turns.get("load").unwrap_or(&self.load_name),
            seed: self.seed,
            required: self.required.map(|share| share.0),
            commands: None,
        };
        let scenario = simulation.scenario().map_err(Refused::new)?;
        let turned = Turned::new(&simulation, &scenario, turns)?;
        let stack = self.read_stack(&turned.set())?;
        let mut overrides = overrides.clone();
        for text in turned.assume() {
            overrides.assume(text).map_err(Refused::new)?;
        }
        let command = self.command.clone();
        let command = command.map(|command| match turns.get("load") {
            Some(text) => command.replace("--load", text),
            None => command,
        });
        let command = command.map(|command| command.with(&turned.arguments()));
        simulation.commands = command.as_ref().map(CommandLine::commands);
        (simulation.stack, simulation.overrides) = (&stack, &overrides);
        let scenario = simulation.scenario().map_err(Refused::new)?;
        let report = simulation.report(&scenario, extent, &Progress::none());
        Ok(Changed {
            report: report.map_err(Refused::new)?,
            turned,
            command: command.map(|command| command.command("simulate", "")),
        })
    }
}
