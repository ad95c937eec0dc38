//! The simulator as a WebAssembly module, for the knobs in the page of a report.
//!
//! It imports nothing. The page writes UTF-8 text to the memory at [`knobs_reserve`], calls [`knobs_open`] once and [`knobs_run`] for each
//! change, and reads the JSON of the answer at [`knobs_answer_at`].

mod exports;

use serde::{Deserialize, Serialize};
use simulator::{Changed, Experiment, Extent, Parts, Refused, Report, Turns};

pub use self::exports::{
    knobs_answer_at, knobs_answer_length, knobs_open, knobs_reserve, knobs_run,
};

/// A change to simulate.
#[derive(Deserialize)]
struct Request {
    turns: Turns,
    extent: Wanted,
}

/// How much is simulated. Never a comparison, which takes longer than a reader waits.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Phase,
    Phases,
    All,
}

impl From<Wanted> for Extent {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Phase => Self::Phase,
            Wanted::Phases => Self::Phases,
            Wanted::All => Self::All {
                compare: false,
                frontier: false,
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer<'c> {
    Error(Refused),
    #[serde(untagged)]
    Simulated {
        /// The document that `simulate --output json` prints.
        report: &'c Report,
        #[serde(flatten)]
        parts: Parts,
        /// The changed keys of the definition.
        yaml: String,
        /// The arguments of the changes.
        arguments: Vec<String>,
        /// The command that simulates the same.
        command: Option<String>,
    },
}

impl<'c> Answer<'c> {
    fn of(changed: &'c Changed) -> Self {
        Self::Simulated {
            report: &changed.report,
            parts: changed.report.parts(),
            yaml: changed.turned.yaml(),
            arguments: changed.turned.arguments(),
            command: changed.command.clone(),
        }
    }
}

fn read_experiment(text: &[u8]) -> Result<Experiment, Refused> {
    serde_json::from_slice(text).map_err(Refused::new)
}

/// Simulates a request about an experiment, and returns the answer as JSON.
fn answer(experiment: Option<&Experiment>, request: &[u8]) -> Vec<u8> {
    let answered = || {
        let request: Request = serde_json::from_slice(request).map_err(Refused::new)?;
        let experiment = experiment.ok_or_else(|| Refused::new("no experiment was opened"))?;
        experiment.run(&request.turns, request.extent.into())
    };
    match answered() {
        Ok(changed) => to_json(&Answer::of(&changed)),
        Err(refused) => to_json(&Answer::Error(refused)),
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
