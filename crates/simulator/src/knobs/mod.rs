//! The knobs of a report's page: which values of a definition a reader can try, and what each means for it.

mod policies;
mod queues;
mod scales;
mod turned;
mod yaml;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use stack::Service;

use crate::compare::OtherPolicy;
use crate::load::Load;
use crate::number::format_duration;
use crate::scenario::Scenario;
use crate::simulation::Simulation;

pub use self::turned::Turned;

/// What a reader has turned: knobs by their names, with the chosen values.
pub type Turns = BTreeMap<String, String>;

/// A knob with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    /// Its name, such as `min`, or `slo.QUEUE` for one queue.
    pub name: Cow<'static, str>,
    /// What it sets, for people.
    pub label: Cow<'static, str>,
    /// Its values in order, as [`Turns`] has them.
    pub values: Vec<Choice>,
    /// The definition's value: its place.
    pub now: usize,
    /// The policies for which it means something; empty: for all.
    pub policies: Vec<&'static str>,
}

/// A value of a knob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// The value for people.
    pub text: String,
}

impl Knob {
    /// A knob for all policies.
    fn new(
        name: impl Into<Cow<'static, str>>,
        label: impl Into<Cow<'static, str>>,
        values: Vec<Choice>,
        now: usize,
    ) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            values,
            now,
            policies: Vec::new(),
        }
    }
}

impl Choice {
    fn new(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            text: text.into(),
        }
    }

    /// A value that people read as it is.
    fn plain(value: impl ToString) -> Self {
        Self::new(value.to_string(), value.to_string())
    }
}

/// Keys of policies with cooldowns.
const WITH_COOLDOWN: [&str; 4] = ["backlog_per_task", "demand", "steps", "alarm_steps"];

/// The policy that sets no count.
const FIXED: &str = "fixed";

/// Lists the knobs of a simulation.
#[must_use]
pub fn list_knobs(simulation: &Simulation<'_>, scenario: &Scenario) -> Vec<Knob> {
    let Some(service) = simulation.stack.services.get(simulation.service) else {
        return Vec::new();
    };
    let mut knobs = vec![policies::list(simulation, service)];
    knobs.extend(load(simulation));
    // Queues with their own settings have no common objective and no common processing time.
    let is_common = service.queue_settings.is_empty();
    if is_common {
        knobs.extend(objective(simulation, service, scenario));
    } else {
        knobs.extend(queues::list(simulation, service, scenario));
    }
    knobs.extend(tasks(scenario, first_max(main_key(service), scenario)));
    if is_common && !simulation.load.has_processing_times() {
        let mean = scenario.processing.mean();
        knobs.push(duration("processing_time", "Processing time, mean", mean));
    }
    let start = scenario.assumptions.task_start.mean();
    knobs.push(duration("task_start", "Start of a task, mean", start));
    knobs.extend(cooldowns(service));
    knobs.extend(schedule(service));
    knobs
}

fn duration(
    name: impl Into<Cow<'static, str>>,
    label: impl Into<Cow<'static, str>>,
    now: Duration,
) -> Knob {
    let name = name.into();
    // Only a cooldown can be zero.
    let least = u64::from(!name.starts_with("cooldown"));
    let (values, place) = scales::durations(now, least);
    let values = values
        .into_iter()
        .map(|time| Choice::new(written(time), format_duration(time.as_secs_f64())));
    Knob::new(name, label, values.collect(), place)
}

/// A duration as definitions have it, to the millisecond.
fn written(time: Duration) -> String {
    stack::Edit::duration(&[], time).written()
}

/// The keys of a service's policies under `scaling`.
fn keys(service: &Service) -> Vec<&'static str> {
    let Some(scaling) = &service.scaling else {
        return Vec::new();
    };
    let all = [
        ("backlog_per_task", scaling.backlog_per_task.is_some()),
        ("demand", scaling.demand.is_some()),
        ("cpu", scaling.cpu.is_some()),
        ("memory", scaling.memory.is_some()),
        ("steps", scaling.steps.is_some()),
        ("alarm_steps", scaling.alarm_steps.is_some()),
    ];
    let given = all.into_iter().filter(|(_, given)| *given);
    given.map(|(key, _)| key).collect()
}

/// All policies that set a count.
fn scaling() -> Vec<&'static str> {
    let known = policies::KNOWN.iter().map(|(name, ..)| *name);
    let others = OtherPolicy::ALL.map(OtherPolicy::name);
    WITH_COOLDOWN
        .into_iter()
        .chain(known)
        .chain(others)
        .collect()
}

/// The key of the policy that a simulation is about. See `choose_policy`.
fn main_key(service: &Service) -> &'static str {
    let keys = keys(service);
    let acts = service
        .demand()
        .is_some_and(|demand| demand.acts() || keys.len() == 1);
    let order = ["backlog_per_task", "steps", "alarm_steps"];
    match acts {
        true => "demand",
        false => order
            .into_iter()
            .find(|key| keys.contains(key))
            .unwrap_or(FIXED),
    }
}

/// The load, if another can be generated in its place.
fn load(simulation: &Simulation<'_>) -> Option<Knob> {
    let own = simulation.load.generator()?;
    let others = Load::examples().filter(|example| *example != own);
    let values = std::iter::once(Choice::plain(own)).chain(others.map(Choice::plain));
    Some(Knob::new("load", "Load", values.collect(), 0))
}

/// The latency objective, and the share that must meet it unless an argument requires one.
fn objective(simulation: &Simulation<'_>, service: &Service, scenario: &Scenario) -> Vec<Knob> {
    let latency = duration("slo", "Latency objective", scenario.slo);
    if simulation.required.is_some() {
        return vec![latency];
    }
    let own = service.slo.and_then(|slo| slo.share);
    let (values, now) = scales::shares(own);
    let values = values
        .into_iter()
        .map(|share| share.map_or_else(|| Choice::new("", "none"), Choice::plain));
    let share = Knob::new("share", "Required share", values.collect(), now);
    vec![latency, share]
}

/// The most tasks that a policy begins with: twice as many as a fixed count, which leaves no room to scale.
fn first_max(own: &str, scenario: &Scenario) -> u32 {
    match own {
        FIXED => scenario.max.saturating_mul(2).max(2),
        _ => scenario.max,
    }
}

fn tasks(scenario: &Scenario, max: u32) -> [Knob; 2] {
    let knob = |name, label, now: u32, most: u32| {
        let (values, place) = scales::counts(now, most);
        let values = values.iter().map(Choice::plain);
        Knob::new(name, label, values.collect(), place)
    };
    let most = scenario.max.max(scenario.min).saturating_mul(4).max(20);
    [
        knob("min", "Minimum tasks", scenario.min, most / 2),
        Knob {
            policies: scaling(),
            ..knob("max", "Maximum tasks", max, most)
        },
    ]
}

fn cooldowns(service: &Service) -> Vec<Knob> {
    let own = main_key(service);
    let scaling = service.scaling.as_ref();
    let found = scaling.and_then(|scaling| match own {
        "backlog_per_task" => scaling.backlog_per_task.as_ref().map(|one| one.cooldown),
        "demand" => scaling.demand.as_ref().map(|one| one.cooldown),
        "steps" => scaling.steps.as_ref().map(|one| one.cooldown),
        "alarm_steps" => scaling.alarm_steps.as_ref().map(|one| one.cooldown),
        _ => None,
    });
    // Another policy starts from its own defaults.
    let Some(cooldown) = found else {
        return Vec::new();
    };
    let knob = |name, label, now| Knob {
        policies: vec![own],
        ..duration(name, label, now)
    };
    vec![
        knob("cooldown_out", "Cooldown, scale-out", cooldown.out),
        knob("cooldown_in", "Cooldown, scale-in", cooldown.r#in),
    ]
}

/// Hours that a reader can try.
const HOURS: [(&str, &str); 3] = [
    ("Mon-Fri 08:00-18:00", "Mon–Fri 08–18"),
    ("Mon-Fri 06:00-22:00", "Mon–Fri 06–22"),
    ("08:00-20:00", "every day 08–20"),
];

/// The minimum that a schedule starts from.
fn schedule_minimum(service: &Service) -> u32 {
    service.tasks.min.saturating_add(2).max(3)
}

/// The schedule's hours, and its minimum.
fn schedule(service: &Service) -> Vec<Knob> {
    let mut hours = Vec::new();
    if service.schedule.is_some() {
        hours.push(Choice::new("own", "the definition's"));
    }
    hours.push(Choice::plain("none"));
    hours.extend(HOURS.map(|(value, text)| Choice::new(value, text)));
    let (counts, now) = scales::counts(schedule_minimum(service), 100);
    let counts = counts.iter().map(Choice::plain);
    let knob = |name, label, values, now| Knob {
        policies: scaling(),
        ..Knob::new(name, label, values, now)
    };
    vec![
        knob("schedule", "Schedule", hours, 0),
        knob("schedule_min", "Minimum tasks in it", counts.collect(), now),
    ]
}
