//! What the demo will probably show: each service simulated as the sandbox runs it.
//!
//! Depends only on the simulator, so that a new checkout has a picture to look at long before the rest is compiled.

use simulator::{
    Assumptions, Distribution, Load, Overrides, Prediction, Report, RunOutcome, Scenario,
    format_dollars, format_duration, format_share, required_share,
};
use stack::Stack;

/// The definition of the race: its name, and its text.
pub const RACE: (&str, &str) = ("race.yaml", include_str!("../../demo/src/race.yaml"));

/// How many times faster than real time the loop's minutes pass, if not chosen.
pub const SPEED: u32 = 20;

/// Simulations of a forecast; fewer than of the prediction at the end, because someone waits for it.
const RUNS: u64 = 15;

/// The loop in which services run.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The definition.
    pub stack: &'a Stack,
    /// How many times faster than real time its minutes pass.
    pub speed: u32,
    /// Assumptions on target tracking, if not the defaults.
    pub assumptions: Option<&'a Assumptions>,
}

/// What the simulator predicts for a service, before anything runs.
#[derive(Debug)]
pub struct Forecast {
    /// The service's name in the definition.
    pub service: String,
    /// The median of the simulations by messages within the objective.
    pub predicted: RunOutcome,
    /// A report of it, as an HTML page.
    pub page: String,
}

/// The reason why there is no forecast.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

impl Forecast {
    /// Simulates each service under the load, as far as the simulator can.
    ///
    /// # Errors
    /// If the simulator can't process the load, or the page can't be made.
    pub fn list(setting: Setting<'_>, text: &str, load: &Load) -> Result<Vec<Self>, Error> {
        let mut forecasts = Vec::new();
        for service in setting.stack.services.keys() {
            let Ok(scenario) = setting.scenario(service) else {
                continue;
            };
            let prediction = Prediction::simulate(&scenario, load, RUNS)?;
            let Some(run) = prediction.course() else {
                continue;
            };
            let report = Report::new(text.to_owned(), None, run.clone())
                .requiring(required_share(setting.stack, service))
                .explained(&scenario, load, None);
            forecasts.push(Self {
                service: service.clone(),
                predicted: run.clone(),
                page: report.html()?,
            });
        }
        Ok(forecasts)
    }
}

impl Setting<'_> {
    /// The service as the sandbox runs it; or why it can't be simulated.
    ///
    /// # Errors
    /// If there is no such service, or if it can't be simulated.
    pub fn scenario(self, name: &str) -> Result<Scenario, String> {
        Ok(self.in_sandbox(&build_scenario(self.stack, name)?))
    }

    /// A scenario as the sandbox runs it.
    #[must_use]
    pub fn in_sandbox(self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.in_sandbox(self.speed.into());
        if let Some(assumed) = self.assumptions {
            scenario.assumptions.tracking = assumed.tracking;
            let evidence = assumed.evidence.iter();
            let tracking = evidence.filter(|(key, _)| key.starts_with("tracking_"));
            scenario.assumptions.evidence =
                tracking.map(|(key, text)| (*key, text.clone())).collect();
        }
        scenario
    }
}

/// The service as defined; or why it can't be simulated.
///
/// # Errors
/// If there is no such service, or if it can't be simulated.
pub fn build_scenario(stack: &Stack, name: &str) -> Result<Scenario, String> {
    let service = stack.services.get(name);
    let service = service.ok_or("the stack has no such service")?;
    if service.consumes.is_empty() {
        return Err(format!(
            "{name} consumes no queue, but the simulator simulates only messages"
        ));
    }
    let overrides = Overrides {
        // The demo's worker takes exactly the definition's.
        processing: service.processing_time().map(Distribution::Fixed),
        ..Overrides::default()
    };
    let scenario = Scenario::from_stack(stack, name, &overrides);
    scenario.map_err(|error| error.to_string())
}

/// A time of a load in seconds at [`SPEED`], as a generator reads it at another speed.
#[must_use]
pub fn time_of_load(at: f64, speed: u32) -> String {
    let millis = at * 1_000.0 * f64::from(SPEED) / f64::from(speed);
    format!("{}ms", millis.round())
}

/// A burst that starts suddenly and ends slowly: its rates are real, and its times are shorter by the speed of the loop. 40
/// messages per second keep four tasks busy, and more until the backlog is drained.
#[must_use]
pub fn burst(speed: u32) -> String {
    let time = |at| time_of_load(at, speed);
    format!(
        "flash-crowd:base=2/s,peak=40/s,at={},rise={},fall={},for={}",
        time(8.0),
        time(6.0),
        time(12.0),
        time(60.0)
    )
}

/// A result in one line: the share, the longest wait, and the cost.
#[must_use]
pub fn describe(run: &RunOutcome) -> String {
    format!(
        "{} within {}, longest wait {}, {}",
        format_share(run.within_objective),
        format_duration(run.slo),
        format_duration(run.waiting.max),
        format_dollars(run.cost.total)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_race_has_a_forecast_for_each_of_its_services() {
        let stack = stack::parse(RACE.0, RACE.1).unwrap().stack;
        let text = burst(SPEED);
        let load = Load::generate(&text).unwrap();
        let setting = Setting {
            stack: &stack,
            speed: SPEED,
            assumptions: None,
        };
        let forecasts = Forecast::list(setting, &text, &load).unwrap();
        let names: Vec<&str> = forecasts.iter().map(|one| &*one.service).collect();
        assert_eq!(names, ["backlog-per-task", "demand"]);
        // Two minutes of alarms are longer than the burst, and a function looks several times a second.
        let [backlog, demand] = [&forecasts[0].predicted, &forecasts[1].predicted];
        assert!(backlog.within_objective < 0.9, "{}", describe(backlog));
        assert!(demand.within_objective > 0.99, "{}", describe(demand));
        assert!(forecasts[1].page.contains("Objective met"));
    }
}
