//! The subject of a simulation as arguments: the service, and the assumptions about it.

use std::path::{Path, PathBuf};

use simulator::{Assumed, AssumedError, Overrides, ScenarioError};
use stack::Stack;

use crate::failure::{Code, Failure, Result};
use crate::ui;

use super::assumptions::AssumptionsArg;

/// The service, and the assumptions.
#[derive(Debug, clap::Args)]
pub(crate) struct SubjectArgs {
    /// Service to simulate [default: the only one that consumes a queue]
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Seed of all random numbers: the same seed gives the same result
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Override an assumption: `slo`, `processing_time`, `concurrency`, `batch`, `deploy_every`, or a constant such as
    /// `task_start=uniform:30s..90s`; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_assumption)]
    assume: Vec<String>,
    #[command(flatten)]
    file: AssumptionsArg,
    /// Price table to use instead of the built-in one: a JSON file, see docs/cost.md
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

impl SubjectArgs {
    /// Returns the selected service.
    pub(crate) fn service(&self, stack: &Stack) -> Result<String> {
        match &self.service {
            Some(name) if !stack.services.contains_key(name) => {
                let known = stack.services.keys().map(String::as_str);
                let message = format!("the definition has no service {name}");
                let failure = Failure::new(Code::Usage, message);
                Err(match stack::suggest_name(name, known) {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                })
            }
            Some(name) => Ok(name.clone()),
            None => only_service(stack),
        }
    }

    /// Reads what is assumed. Prices are for `region`, or otherwise for the definition's region.
    pub(crate) fn assumed(&self, region: Option<&str>) -> Result<Assumed> {
        Ok(Assumed {
            file: self.file.text()?,
            assume: self.assume.clone(),
            prices: self.prices.as_deref().map(read_prices).transpose()?,
            region: region.map(str::to_owned),
        })
    }

    /// Returns the values of these assumptions, and warns about names of earlier versions. Call it once, so that each is
    /// reported once.
    pub(crate) fn overrides(&self, assumed: &Assumed) -> Result<Overrides> {
        for text in &self.assume {
            let key = text.split('=').next().unwrap_or_default().trim();
            if let Some(present) = simulator::renamed_assumption(key) {
                ui::warn(&format!(
                    "`--assume {key}` is now called `--assume {present}`"
                ));
            }
        }
        assumed.overrides().map_err(|error| match error {
            AssumedError::File(report) => report.into(),
            AssumedError::Assume(error) => Failure::new(Code::Usage, error.to_string()),
            AssumedError::Prices(error) => {
                let path = self.prices.as_deref().unwrap_or(Path::new(""));
                wrong_prices(path, &error)
            }
        })
    }
}

fn read_prices(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| wrong_prices(path, &error))
}

fn wrong_prices(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::failed(format!(
        "failed to read the prices {}: {error}",
        path.display()
    ))
    .hint("docs/cost.md shows the format, and where to start from")
}

/// Explains why a service can't be simulated, and which argument solves it.
pub(crate) fn scenario_failure(error: ScenarioError) -> Failure {
    let code = match error {
        ScenarioError::Service { .. } => Code::Usage,
        _ => Code::Failed,
    };
    let failure = Failure::new(code, error.to_string());
    match error {
        ScenarioError::Processing(_) => failure.hint("--assume processing_time=200ms"),
        ScenarioError::Objective(_) => failure.hint("--assume slo=1m"),
        _ => failure,
    }
}

/// Returns the default service if none is given.
fn only_service(stack: &Stack) -> Result<String> {
    let consuming: Vec<&String> = stack
        .services
        .iter()
        .filter(|(_, service)| !service.consumes.is_empty())
        .map(|(name, _)| name)
        .collect();
    match consuming.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure::failed(format!(
            "no service of {} consumes a queue, so there are no messages to simulate",
            stack.name
        ))),
        several => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            Err(Failure::new(
                Code::Usage,
                format!(
                    "{} has several services: name one with --service",
                    stack.name
                ),
            )
            .hint(format!("it has {}", names.join(", "))))
        }
    }
}

/// `99%`, `99.5%` or `0.99`.
pub(crate) fn parse_share(text: &str) -> Result<f64, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => number(percent).map(|percent| percent / 100.0),
        None => number(text),
    };
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "a share is from 0% to 100%, such as 99% or 0.99".to_owned())
}

/// Reports wrong usage before any input is read.
fn parse_assumption(text: &str) -> Result<String, simulator::AssumeError> {
    Overrides::default().assume(text)?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_must_be_named_only_when_there_are_several() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks");
        let one = stack::load(&root.join("voucher-worker.yaml"))
            .unwrap()
            .stack;
        assert_eq!(only_service(&one).unwrap(), "voucher-worker");
        let several = stack::load(&root.join("fan-out.yaml")).unwrap().stack;
        let failure = only_service(&several).unwrap_err();
        assert_eq!(failure.code(), Code::Usage);
        assert!(
            failure.hints()[0].contains("shipper"),
            "{:?}",
            failure.hints()
        );
        let none = stack::load(&root.join("sample-webapp.yaml")).unwrap().stack;
        assert_eq!(only_service(&none).unwrap_err().code(), Code::Failed);
    }

    #[test]
    fn shares_are_read() {
        assert_eq!(parse_share("99%"), Ok(0.99));
        assert_eq!(parse_share(" 99.5 % "), Ok(0.995));
        assert_eq!(parse_share("0.9"), Ok(0.9));
        for wrong in ["99", "-1%", "101%", "all", "", "NaN", "%"] {
            assert!(parse_share(wrong).is_err(), "{wrong}");
        }
    }
}
