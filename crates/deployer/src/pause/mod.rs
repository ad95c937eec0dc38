//! Pauses: people stop the policies of a stack from changing counts, temporarily or until someone resumes them.
//!
//! A parameter outside of the template records the pause of each service, so that a deploy neither ends it nor repairs it. The
//! functions that set counts read it. Application Auto Scaling can't, so its scalable target is suspended, and a schedule
//! ends that on time.

mod confirm;
mod end;
mod hold;
mod records;
mod schedules;
mod subjects;
#[cfg(test)]
mod tests;

use std::time::Duration;

use scaling::{Bounds, Pause};
use serde::Serialize;
use serde_json::Value;

use crate::deployed_stack::DeployedStack;
use crate::error::{Error, Kind, Result, aws};
use crate::functions::ServiceName;
use crate::named::read_scalable_targets;
use crate::schedules::{Registration, register_target};
use crate::session::Session;
use crate::suspension::Suspended;

pub use confirm::confirm_pauses;
pub(crate) use confirm::unread_pause;
pub(crate) use end::forget_pauses;
pub use end::{Resumed, ResumedService, resume};
pub(crate) use hold::hold_pauses;
use records::PauseRecord;
pub(crate) use records::read_records;
use schedules::Schedules;
use subjects::Subject;

/// What to pause.
#[derive(Clone, Debug)]
pub struct PauseRequest {
    /// The one service, by its name in the definition or in ECS. `None`: all services of the stack.
    pub service: Option<String>,
    /// Whether tasks can still be added.
    pub in_only: bool,
    /// Why, for everyone who wonders.
    pub reason: String,
    /// How long. `None`: until someone resumes.
    pub lasts: Option<Duration>,
    /// ARN of the identity that pauses.
    pub caller: String,
    /// The current time, since the Unix epoch.
    pub now: Duration,
}

/// A service that is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PausedService {
    /// Its name in the definition.
    pub name: String,
    /// Its cluster and name in ECS.
    #[serde(flatten)]
    pub ecs: ServiceName,
    /// The pause.
    #[serde(flatten)]
    pub pause: Pause,
    /// Whether it was paused before.
    pub was_paused: bool,
    /// Why it isn't certain that its function follows the pause, if so. See [`confirm_pauses`].
    pub unconfirmed: Option<String>,
    /// Whether its scalable target is suspended.
    #[serde(skip)]
    pub is_suspended: bool,
    /// Whether the record has changed, so that its function reports it.
    #[serde(skip)]
    pub is_new: bool,
}

/// What a pause came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// The services that are paused.
    pub services: Vec<PausedService>,
    /// Services whose count no policy changes, so that there is nothing to pause.
    pub unscaled: Vec<String>,
    /// Topics that get a daily reminder of a pause without an end.
    pub reminded: Vec<String>,
    /// Why no one can be reminded, if so.
    #[serde(skip)]
    pub unreminded: Option<Unreminded>,
}

/// Why no one is reminded of a pause without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreminded {
    /// The definition names no recipients.
    NoRecipients,
    /// All its recipients are Slack channels, which show no plain text.
    OnlySlack,
    /// It names some, but the deployed template has nothing that reminds them.
    Outdated,
}

impl Unreminded {
    /// `definition`: the record of a deployed definition, or null.
    fn of(definition: &Value) -> Self {
        // A Slack channel is an object there, and any other recipient is text.
        match definition.pointer("/definition/notify") {
            _ if definition.is_null() => Self::Outdated,
            None | Some(Value::Null) => Self::NoRecipients,
            Some(Value::Array(all)) if all.is_empty() => Self::NoRecipients,
            Some(Value::Array(all)) if all.iter().all(Value::is_object) => Self::OnlySlack,
            Some(_) => Self::Outdated,
        }
    }
}

/// Pauses the services of a stack, or one of them. A service that is paused already gets the new reason, end, and extent.
///
/// # Errors
/// If the stack has no such service, if its functions or its role are of a version that knows no pauses, or if AWS refuses or
/// can't be reached.
pub async fn pause(
    session: &Session<'_>,
    stack: &DeployedStack,
    request: &PauseRequest,
) -> Result<Paused> {
    let all = subjects::list_subjects(session, stack).await?;
    let (chosen, unscaled) = choose(stack, &all, request.service.as_deref())?;
    let schedules = Schedules::of(stack, request.now);
    for subject in &chosen {
        subject.require_known_pauses()?;
        if subject.target.is_some() && request.lasts.is_some() {
            schedules.require_role()?;
        }
    }
    let name = &stack.stack.name;
    // Parts of a second say nothing to people.
    let now = Duration::from_secs(request.now.as_secs());
    let before = read_records(session, name).await?;
    let mut services = Vec::new();
    for subject in chosen {
        let known = before.iter().find(|record| record.service == subject.name);
        let known = known.and_then(|record| record.holding(request.now));
        let pause = Pause {
            since: known.map_or(now, |known| known.since),
            until: request.lasts.map(|lasts| now + lasts),
            by: name_caller(&request.caller).to_owned(),
            reason: request.reason.clone(),
            in_only: request.in_only,
        };
        records::write(session, name, &subject.name, &pause).await?;
        carry_out(session, &schedules, subject, &pause).await?;
        services.push(PausedService {
            name: subject.name.clone(),
            ecs: subject.ecs.clone(),
            was_paused: known.is_some(),
            unconfirmed: None,
            is_suspended: subject.target.is_some(),
            is_new: known != Some(&pause),
            pause,
        });
    }
    let new = services.iter().map(|one| (one.name.as_str(), &one.pause));
    let old = before.iter().filter_map(PauseRecord::known);
    let old = old.filter(|(name, _)| !services.iter().any(|one| one.name == *name));
    let reminded = remind(session, &schedules, name, new.chain(old).collect()).await?;
    Ok(Paused {
        services,
        unscaled,
        unreminded: (!schedules.can_remind()).then(|| Unreminded::of(&stack.definition())),
        reminded,
    })
}

/// The selected services, and the names of services that nothing scales.
fn choose<'s>(
    stack: &DeployedStack,
    all: &'s [Subject],
    name: Option<&str>,
) -> Result<(Vec<&'s Subject>, Vec<String>)> {
    let is_scaled = |ecs: &ServiceName| all.iter().any(|subject| subject.ecs == *ecs);
    let Some(name) = name else {
        let unscaled = stack.services().filter(|service| !is_scaled(&service.ecs));
        return Ok((
            all.iter().collect(),
            unscaled.map(|service| service.name).collect(),
        ));
    };
    let by_definition = all.iter().find(|subject| subject.name == name);
    let by_ecs = || all.iter().find(|subject| subject.ecs.service == name);
    match by_definition.or_else(by_ecs) {
        Some(subject) => Ok((vec![subject], Vec::new())),
        None => Ok((Vec::new(), vec![stack.find_service(name)?.name])),
    }
}

/// Carries out the parts of a recorded pause that the functions don't. Repeating it changes nothing.
async fn carry_out(
    session: &Session<'_>,
    schedules: &Schedules,
    subject: &Subject,
    pause: &Pause,
) -> Result<()> {
    let Some(target) = &subject.target else {
        return Ok(());
    };
    match pause.until {
        Some(_) if schedules.require_role().is_err() => {
            session.note(format!(
                "{} isn't suspended: the deployed template is from a version without pauses, so nothing would end the suspension on time; deploy again to add that. If it is already suspended, only `resume` ends that",
                subject.name
            ));
            return Ok(());
        }
        Some(until) => schedules.end_at(session, subject, target, until).await?,
        None => schedules.delete(session, &subject.name).await?,
    }
    let id = subject.ecs.resource_id();
    if !pause.in_only {
        return register(session, &id, Suspended::ALL, None).await;
    }
    let what = Suspended {
        scale_in: true,
        ..Suspended::default()
    };
    let mut bounds = target.bounds_at(schedules.now());
    if bounds.is_some() && !read_suspended(session, &id).await?.schedule {
        bounds = None;
    }
    register(session, &id, what, bounds).await
}

/// The suspended parts of the scalable target `service/CLUSTER/SERVICE`; nothing if it doesn't exist.
async fn read_suspended(session: &Session<'_>, id: &str) -> Result<Suspended> {
    let found = read_scalable_targets(session, &[id.to_owned()]).await;
    let found = found.map_err(aws(format!("read the scalable target {id}")))?;
    Ok(found.first().map(Suspended::of).unwrap_or_default())
}

/// Suspends a part of a scalable target and resumes the rest. `bounds`: the bounds of a resumed schedule, because Application
/// Auto Scaling doesn't make up for scheduled actions that it missed.
async fn register(
    session: &Session<'_>,
    id: &str,
    suspended: Suspended,
    bounds: Option<Bounds>,
) -> Result<()> {
    let int = |bound: u32| i32::try_from(bound).unwrap_or(i32::MAX);
    let what = Registration {
        min: bounds.map(|bounds| int(bounds.min())),
        max: bounds.map(|bounds| int(bounds.max())),
        suspended: Some(suspended.to_sdk()),
        ..Registration::default()
    };
    register_target(session, id, what).await
}

/// Sees to it that people are reminded of those of a stack's pauses that have no end, and of nothing else. Gives the topics that are
/// reminded.
async fn remind(
    session: &Session<'_>,
    schedules: &Schedules,
    stack: &str,
    mut pauses: Vec<(&str, &Pause)>,
) -> Result<Vec<String>> {
    pauses.retain(|(_, pause)| pause.until.is_none());
    pauses.sort_by_key(|(service, _)| *service);
    schedules.remind(session, stack, &pauses).await
}

/// The end of the ARN of an identity: `ops/ada` of `arn:aws:sts::111122223333:assumed-role/ops/ada`.
#[must_use]
pub fn name_caller(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    let kinds = ["assumed-role/", "federated-user/", "user/"];
    let name = kinds.iter().find_map(|kind| resource.strip_prefix(kind));
    match name.unwrap_or(resource) {
        "" => "unknown",
        name => name,
    }
}

/// That a part of the stack is from a version without pauses.
fn outdated(what: &str) -> Error {
    let error = format!("{what} of the stack is from a version without pauses");
    Error::new(Kind::Refused, error).hint("deploy the definition again, then pause")
}
