//! Collects the facts about all services of a stack.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use futures::future::try_join4;
use scaling::{ActivityStatus, Parsed, Side};
use serde_json::Value;
use template::contract::{TargetSchedule, read_schedule, types};

use super::choose::choose;
use super::facts::{Actor, AlarmFacts, Facts, Hidden};
use super::readers::{self, Watched, period_of, seconds};
use super::rules::{self, Feeds};
use crate::error::Result;
use crate::functions::{Function, FunctionKind, ServiceName};
use crate::inspect::{PolicyState, ServiceState, Unread};
use crate::observe::template_json;
use crate::resource::Resource;
use crate::session::Session;
use crate::suspension::Suspended;

/// Data about a stack that was read before.
pub(crate) struct Sources<'a> {
    /// ARN of the stack.
    pub(crate) stack: &'a str,
    pub(crate) resources: &'a [Resource],
    pub(crate) functions: &'a [Function],
    /// ECS's data about the services.
    pub(crate) told: &'a HashMap<ServiceName, readers::Told>,
    /// What is suspended on scalable targets, by `service/CLUSTER/SERVICE`.
    pub(crate) suspended: &'a HashMap<String, Suspended>,
}

/// Data that is read for all services together.
struct Read {
    not_scaled: HashMap<String, Vec<super::facts::NotScaled>>,
    watched: HashMap<String, Watched>,
    feeds: Feeds,
    schedules: HashMap<String, TargetSchedule>,
    hidden: Hidden,
}

/// Determines why each service has its count.
///
/// # Errors
/// If AWS can't be reached. `unread` collects the parts that these credentials can't read.
pub(crate) async fn explain(
    session: &Session<'_>,
    sources: &Sources<'_>,
    services: &mut [ServiceState],
    unread: &Unread,
    now: SystemTime,
) -> Result<()> {
    let read = read_all(session, sources, services, unread, now).await?;
    let now = now.duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    for service in services {
        let name = service.name();
        let told = sources.told.get(&name);
        let facts = gather(&read, sources, service, now);
        let mut why = choose(&facts);
        why.name = told.and_then(|told| told.name.clone());
        service.why = Some(why);
    }
    Ok(())
}

async fn read_all(
    session: &Session<'_>,
    sources: &Sources<'_>,
    services: &[ServiceState],
    unread: &Unread,
    now: SystemTime,
) -> Result<Read> {
    let ids: Vec<String> = services
        .iter()
        .filter(|service| service.bounds.is_some())
        .map(|service| service.name().resource_id())
        .collect();
    let alarms: BTreeSet<&str> = services.iter().flat_map(alarm_names).collect();
    let alarms: Vec<String> = alarms.into_iter().map(str::to_owned).collect();
    let refused = readers::not_scaled(session, &ids);
    let (not_scaled, watched, feeds, schedules) = try_join4(
        unread.or_nothing("reasons not to scale", refused),
        unread.or_nothing(
            "alarms that scale",
            readers::watched(session, &alarms, unread, now),
        ),
        rules::read(session, sources, unread, now),
        unread.or_nothing("schedules", read_schedules(session, sources)),
    )
    .await?;
    Ok(Read {
        not_scaled,
        watched,
        feeds,
        schedules,
        hidden: Hidden {
            policies: unread.has("scaling policies"),
            metrics: ["backlog per task", "tasks needed"]
                .iter()
                .any(|part| unread.has(part)),
            logs: unread.has("logs of functions"),
        },
    })
}

fn alarm_names(service: &ServiceState) -> impl Iterator<Item = &str> {
    let policies = service.policies.iter().flat_map(|policy| &policy.alarms);
    let sides = service.alarm_steps.iter();
    let sides = sides.flat_map(|steps| [&steps.scale_out, &steps.scale_in]);
    let sides = sides.flatten().map(|side| side.name.as_str());
    policies.map(|alarm| alarm.name.as_str()).chain(sides)
}

/// Reads the schedules of scalable targets, by `service/CLUSTER/SERVICE`. Functions have their schedules in
/// their policies.
async fn read_schedules(
    session: &Session<'_>,
    sources: &Sources<'_>,
) -> Result<HashMap<String, TargetSchedule>> {
    let has_targets = sources
        .resources
        .iter()
        .any(|resource| resource.resource_type == types::SCALABLE_TARGET);
    let mut found = scheduled_by_functions(sources.functions);
    if !has_targets {
        return Ok(found);
    }
    let template = template_json(session, sources.stack).await?;
    let targets = sources.resources.iter().filter_map(|resource| {
        let schedule = read_schedule(&template["Resources"][&resource.logical_id])?;
        let (id, _) = resource.physical_id.split_once('|')?;
        Some((id.to_owned(), schedule))
    });
    found.extend(targets);
    Ok(found)
}

fn scheduled_by_functions(functions: &[Function]) -> HashMap<String, TargetSchedule> {
    let mut found = HashMap::new();
    for function in functions {
        let FunctionKind::Scaling(setup) = &function.kind else {
            continue;
        };
        for policy in setup.demand() {
            let base = scaling::Bounds::new(policy.min, policy.max);
            if let (Some(schedule), Ok(base)) = (policy.schedule.clone(), base) {
                let id = ServiceName::from(policy).resource_id();
                found.insert(id, TargetSchedule { base, schedule });
            }
        }
    }
    found
}

fn gather(read: &Read, sources: &Sources<'_>, service: &ServiceState, now: u64) -> Facts {
    let id = service.name().resource_id();
    let told = sources.told.get(&service.name());
    // Of a service that a function scales, the scalable target belongs to another owner.
    let suspended = service.bounds.and_then(|_| sources.suspended.get(&id));
    let mut alarms: Vec<AlarmFacts> = service
        .policies
        .iter()
        .flat_map(|policy| policy_alarms(read, service, policy))
        .collect();
    alarms.extend(step_alarms(read, service));
    Facts {
        now,
        service: service.clone(),
        suspended: suspended.copied().unwrap_or_default(),
        schedule: read.schedules.get(&id).cloned(),
        deployment: told.and_then(|told| told.deployment),
        events: told.map(|told| told.events.clone()).unwrap_or_default(),
        alarms,
        not_scaled: read.not_scaled.get(&id).cloned().unwrap_or_default(),
        // A function that only observes explains no count.
        feed: match service.is_observed() {
            true => None,
            false => read.feeds.of(service, sources.functions),
        },
        hidden: read.hidden,
    }
}

/// Returns the alarms of an Application Auto Scaling policy.
fn policy_alarms(read: &Read, service: &ServiceState, policy: &PolicyState) -> Vec<AlarmFacts> {
    let known = policy.alarms.iter().filter_map(|alarm| {
        let mut facts = alarm_facts(read.watched.get(&alarm.name)?);
        facts.tracks = policy.target.is_some();
        facts.metric = facts.metric.or_else(|| policy.metric.clone());
        // A step policy has one direction. Target tracking scales in with an alarm below the target.
        let removes = policy.steps.first().map(|step| step.adjustment < 0);
        facts.side = match removes {
            Some(true) => Side::In,
            Some(false) => Side::Out,
            None => facts.side,
        };
        facts.cooldown = match facts.side {
            Side::Out => policy.cooldown_out_s,
            Side::In => policy.cooldown_in_s,
        }
        .unwrap_or_default();
        facts.acted = last_activity(service, &alarm.name);
        Some(facts)
    });
    known.collect()
}

/// Returns the start of the last activity that this alarm caused, unless it failed.
fn last_activity(service: &ServiceState, alarm: &str) -> Option<u64> {
    let mut activities = service.activities.iter();
    let caused = activities.find(|activity| {
        activity.cause.split(' ').any(|word| word == alarm)
            && !matches!(activity.status, Parsed::Known(ActivityStatus::Failed))
    })?;
    Some(seconds(caused.at))
}

/// Returns the alarms of a scaling function.
fn step_alarms(read: &Read, service: &ServiceState) -> Vec<AlarmFacts> {
    let Some(steps) = &service.alarm_steps else {
        return Vec::new();
    };
    let sides = [(Side::Out, &steps.scale_out), (Side::In, &steps.scale_in)];
    let facts = sides.into_iter().filter_map(|(side, state)| {
        let state = state.as_ref()?;
        let mut facts = alarm_facts(read.watched.get(&state.name)?);
        let last = state.last_step.as_ref().and_then(|step| step.known());
        facts.side = side;
        facts.actor = Actor::Function;
        facts.cooldown = state.cooldown_s;
        facts.acted = last.map(|step| step.at.as_secs());
        Some(facts)
    });
    facts.collect()
}

fn alarm_facts(watched: &Watched) -> AlarmFacts {
    let alarm = &watched.alarm;
    let comparison = alarm.comparison_operator();
    let comparison: Parsed<scaling::Comparison> = comparison
        .map_or("", |comparison| comparison.as_str())
        .into();
    let under = matches!(
        comparison.known(),
        Some(scaling::Comparison::Below | scaling::Comparison::AtOrBelow)
    );
    let count = |number: Option<i32>| usize::try_from(number.unwrap_or(1)).unwrap_or(1);
    let periods = count(alarm.evaluation_periods());
    let updated = alarm.state_updated_timestamp().map(|at| seconds(at.secs()));
    let since = alarm.state_transitioned_timestamp();
    AlarmFacts {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        side: if under { Side::In } else { Side::Out },
        tracks: false,
        actor: Actor::Policy,
        muted: alarm.actions_enabled() == Some(false),
        state: alarm
            .state_value()
            .map_or("", |state| state.as_str())
            .into(),
        since: since.map(|at| seconds(at.secs())).or(updated),
        evaluated: evaluated(alarm).or(updated),
        metric: alarm.metric_name().map(str::to_owned),
        comparison,
        threshold: alarm.threshold(),
        datapoints: alarm
            .datapoints_to_alarm()
            .map_or(periods, |m| count(Some(m))),
        periods,
        period: u64::try_from(period_of(alarm)).unwrap_or(60),
        values: watched.values.clone(),
        cooldown: 0,
        acted: None,
    }
}

/// Returns when CloudWatch evaluated the alarm for its last state change: `queryDate` in the reason's data.
fn evaluated(alarm: &aws_sdk_cloudwatch::types::MetricAlarm) -> Option<u64> {
    let data: Value = serde_json::from_str(alarm.state_reason_data()?).ok()?;
    let text = data.get("queryDate")?.as_str()?;
    let format = aws_smithy_types::date_time::Format::DateTimeWithOffset;
    // CloudWatch writes `+0000`.
    let text = text.replace("+0000", "Z");
    let at = aws_smithy_types::DateTime::from_str(&text, format).ok()?;
    Some(Duration::from_secs(seconds(at.secs())).as_secs())
}
