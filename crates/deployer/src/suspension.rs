//! Other owners' scalable targets on services that a function of this stack scales. If both set the same count, they
//! undo each other's changes. Registering or deregistering such a target would change or delete the owner's
//! configuration. So it is suspended while this stack scales the service, and then its previous state is restored. A
//! tag of the stack records that state before anything is suspended.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{ScalableTarget, SuspendedState};
use stack::Stack;
use template::contract::SUSPENDED_TAG;

use crate::error::{Error, Result, aws, is_denied};
use crate::named::read_scalable_targets;
use crate::observe::{Observed, observe};
use crate::preflight::list_own;
use crate::schedules::{Registration, register_target};
use crate::session::Session;
use crate::targets::name_scalable_target;

/// The suspended parts of a scalable target: scale-out, scale-in, and scheduled actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspended {
    pub(crate) scale_out: bool,
    pub(crate) scale_in: bool,
    pub(crate) schedule: bool,
}

impl Suspended {
    pub(crate) const ALL: Self = Self {
        scale_out: true,
        scale_in: true,
        schedule: true,
    };

    /// Returns the currently suspended parts of a scalable target.
    pub(crate) fn of(target: &ScalableTarget) -> Self {
        let state = target.suspended_state();
        let is = |flag: fn(&SuspendedState) -> Option<bool>| state.and_then(flag) == Some(true);
        Self {
            scale_out: is(SuspendedState::dynamic_scaling_out_suspended),
            scale_in: is(SuspendedState::dynamic_scaling_in_suspended),
            schedule: is(SuspendedState::scheduled_scaling_suspended),
        }
    }

    pub(crate) fn to_sdk(self) -> SuspendedState {
        SuspendedState::builder()
            .dynamic_scaling_out_suspended(self.scale_out)
            .dynamic_scaling_in_suspended(self.scale_in)
            .scheduled_scaling_suspended(self.schedule)
            .build()
    }

    fn write(self) -> String {
        let digit = |flag: bool| if flag { '1' } else { '0' };
        let flags = [self.scale_out, self.scale_in, self.schedule];
        flags.map(digit).iter().collect()
    }

    fn read(text: &str) -> Option<Self> {
        let flags: Option<Vec<bool>> = text
            .chars()
            .map(|digit| match digit {
                '0' => Some(false),
                '1' => Some(true),
                _ => None,
            })
            .collect();
        match flags?.as_slice() {
            &[scale_out, scale_in, schedule] => Some(Self {
                scale_out,
                scale_in,
                schedule,
            }),
            _ => None,
        }
    }
}

/// Another owner's scalable target, and the state to restore.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    /// `service/CLUSTER/SERVICE`.
    id: String,
    before: Suspended,
}

/// Maximum length of a tag's value. Source: AWS CloudFormation API Reference, `Tag`.
const TAG_VALUE: usize = 256;

impl Record {
    fn write(&self) -> String {
        format!("{} {}", self.before.write(), self.id)
    }

    fn read(value: &str) -> Option<Self> {
        let (flags, id) = value.split_once(' ')?;
        Some(Self {
            id: id.to_owned(),
            before: Suspended::read(flags)?,
        })
    }
}

/// What a deploy does to other owners' scalable targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspensions {
    /// The stack's tags that record their states.
    pub(crate) tags: BTreeMap<String, String>,
    /// Targets to suspend.
    suspend: Vec<String>,
    /// Targets whose state to restore.
    resume: Vec<Record>,
}

/// Reads the states that a stack's tags record, by the service's name in the definition.
fn read_records(tags: &BTreeMap<String, String>) -> BTreeMap<String, Record> {
    let recorded = tags.iter().filter_map(|(key, value)| {
        let short = key.strip_prefix(SUSPENDED_TAG)?;
        Some((short.to_owned(), Record::read(value)?))
    });
    recorded.collect()
}

/// Decides what a deploy does. `wanted`: the services that a function scales, by their names in the definition. `tags`:
/// the tags of the deployed stack. `found`: the scalable targets of all these services that aren't the stack's own.
fn decide(
    wanted: &BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
    found: &[ScalableTarget],
) -> Result<Suspensions> {
    let state = |id: &str| {
        let target = found.iter().find(|target| target.resource_id() == id);
        target.map(Suspended::of)
    };
    let recorded = read_records(tags);
    let mut all = Suspensions::default();
    for (short, id) in wanted {
        let Some(now) = state(id) else { continue };
        // If a target isn't fully suspended, its owner has set the current state, regardless of the record.
        let known = recorded.values().find(|record| record.id == *id);
        let known = known.filter(|_| now == Suspended::ALL);
        let record = known.cloned().unwrap_or(Record {
            id: id.clone(),
            before: now,
        });
        let value = record.write();
        if value.len() > TAG_VALUE {
            return Err(Error::refused(format!(
                "the names of cluster and service in {id} are too long for the tag that records the state of its other scaling"
            ))
            .hint("remove that scaling before this stack scales the service"));
        }
        all.tags.insert(format!("{SUSPENDED_TAG}{short}"), value);
        if now != Suspended::ALL {
            all.suspend.push(id.clone());
        }
    }
    for (short, record) in recorded {
        if wanted.values().any(|id| *id == record.id) {
            continue;
        }
        // After the state is restored, the next deploy removes the record.
        if state(&record.id) == Some(Suspended::ALL) && record.before != Suspended::ALL {
            let key = format!("{SUSPENDED_TAG}{short}");
            all.tags.entry(key).or_insert_with(|| record.write());
            all.resume.push(record);
        }
    }
    Ok(all)
}

/// Plans what a deploy of a stack does to the scalable targets of others, and returns the stack with the tags that record their
/// states. `tags`: the tags of the deployed stack.
///
/// # Errors
/// If Application Auto Scaling can't be reached, or if a name is too long to be recorded.
pub(crate) async fn plan_suspensions(
    session: &Session<'_>,
    stack: &Stack,
    tags: &BTreeMap<String, String>,
) -> Result<Stack> {
    let mut stack = stack.clone();
    let Some(all) = read_and_decide(session, &stack, tags).await? else {
        session.note(
            "skipped the check for other scaling of the existing services, which needs application-autoscaling:DescribeScalableTargets; if there is any, it isn't suspended",
        );
        stack.tags.extend(keep_records(tags));
        return Ok(stack);
    };
    for id in &all.suspend {
        session.note(format!(
            "{id} has a scalable target that this stack didn't create: it is suspended while the stack scales the service, and its state is restored afterward"
        ));
    }
    for record in &all.resume {
        session.note(format!(
            "the other scaling of {} is resumed after the deploy",
            record.id
        ));
    }
    stack.tags.extend(all.tags);
    Ok(stack)
}

/// Reads the scalable targets and decides. `None` without the permission to read them.
async fn read_and_decide(
    session: &Session<'_>,
    stack: &Stack,
    tags: &BTreeMap<String, String>,
) -> Result<Option<Suspensions>> {
    let wanted = list_scaled_by_function(stack);
    let recorded = read_records(tags);
    let ids = wanted.values().chain(recorded.values().map(|one| &one.id));
    let mut ids: Vec<String> = ids.cloned().collect();
    if ids.is_empty() {
        return Ok(Some(Suspensions::default()));
    }
    let own = list_own(session, &stack.name).await?;
    ids.retain(|id| !own.contains(id));
    ids.sort();
    ids.dedup();
    match read_scalable_targets(session, &ids).await {
        Err(error) if is_denied(&error) => Ok(None),
        read => {
            let found = read.map_err(aws("read the scalable targets of the existing services"))?;
            decide(&wanted, tags, &found).map(Some)
        }
    }
}

/// The unchanged tags of the records.
fn keep_records(tags: &BTreeMap<String, String>) -> impl Iterator<Item = (String, String)> {
    let tags = tags.iter();
    tags.filter(|(key, _)| key.starts_with(SUSPENDED_TAG))
        .map(|(key, value)| (key.clone(), value.clone()))
}

/// Lists the services that a function scales, and that existed before the stack or can have: `service/CLUSTER/SERVICE` by
/// their names in the definition.
fn list_scaled_by_function(stack: &Stack) -> BTreeMap<String, String> {
    let scaled = stack
        .services
        .iter()
        .filter(|(_, service)| service.is_scaled() && !service.has_scalable_target());
    let named = scaled.filter_map(|(short, service)| {
        let id = name_scalable_target(stack, service)?;
        Some((short.clone(), id))
    });
    named.collect()
}

/// Suspends other owners' scalable targets, and restores their state, after the deploy. `tags`: the stack's current
/// tags.
///
/// # Errors
/// If the state of a target isn't recorded in the tags (the target isn't suspended then), or if Application Auto
/// Scaling refuses or can't be reached.
pub(crate) async fn carry_out(
    session: &Session<'_>,
    stack: &Stack,
    tags: &BTreeMap<String, String>,
) -> Result<()> {
    let Some(all) = read_and_decide(session, stack, tags).await? else {
        return Ok(());
    };
    let missing = all
        .tags
        .iter()
        .find(|(key, value)| tags.get(*key) != Some(*value));
    if let Some((key, value)) = missing.filter(|_| !all.suspend.is_empty()) {
        return Err(Error::failed(format!(
            "the stack has no tag {key} of {value}, which records what to resume, so the other scaling is not suspended"
        ))
        .hint("deploy again: two policies set the count until then"));
    }
    set_states(session, &all).await
}

async fn set_states(session: &Session<'_>, all: &Suspensions) -> Result<()> {
    for id in &all.suspend {
        session.note(format!("suspending the other scaling of {id}"));
        suspend(session, id, Suspended::ALL).await?;
    }
    for record in &all.resume {
        session.note(format!("resuming the other scaling of {}", record.id));
        let resumed = suspend(session, &record.id, record.before).await;
        resumed.map_err(|error| error.hint(still_suspended([&*record.id])))?;
    }
    Ok(())
}

fn still_suspended<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let ids: Vec<&str> = ids.into_iter().collect();
    let ids = ids.join(", ");
    format!(
        "the other scaling of {ids} can still be suspended: `aws application-autoscaling register-scalable-target` with \
         `--suspended-state` resumes it"
    )
}

/// Restores the state of each target that a stack has suspended, before the stack is deleted. If it happened afterward,
/// an interrupted command would leave no record. Skips a target that is no longer fully suspended, because someone has
/// changed it since.
///
/// # Errors
/// If Application Auto Scaling refuses or can't be reached.
pub(crate) async fn resume_all(
    session: &Session<'_>,
    tags: &BTreeMap<String, String>,
) -> Result<()> {
    if read_records(tags).is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = read_records(tags).into_values().map(|one| one.id).collect();
    let resumed = async {
        let found = read_scalable_targets(session, &ids).await;
        let found = found.map_err(aws("read the scalable targets that were suspended"))?;
        set_states(session, &decide(&BTreeMap::new(), tags, &found)?).await
    };
    resumed
        .await
        .map_err(|error: Error| error.hint(still_suspended(ids.iter().map(String::as_str))))
}

/// Restores the states that a deleted stack still records, as [`resume_all`]. A target that another stack of its name has suspended
/// since then stays suspended: that stack has its own record.
///
/// # Errors
/// As for [`resume_all`], and if it can't be read whether there is such a stack.
pub(crate) async fn resume_left(session: &Session<'_>, stack: &Observed) -> Result<()> {
    let mut tags = stack.tags.clone();
    if read_records(&tags).is_empty() {
        return Ok(());
    }
    let other = observe(session, &stack.name).await?;
    if let Some(other) = other.filter(|other| other.id != stack.id) {
        let held = read_records(&other.tags);
        tags.retain(|_, value| {
            let own = Record::read(value);
            !own.is_some_and(|own| held.values().any(|one| one.id == own.id))
        });
    }
    resume_all(session, &tags).await
}

/// Sets what is suspended on a scalable target. Nothing else changes.
///
/// # Errors
/// If Application Auto Scaling refuses or can't be reached.
async fn suspend(session: &Session<'_>, id: &str, what: Suspended) -> Result<()> {
    let what = Registration {
        suspended: Some(what.to_sdk()),
        ..Registration::default()
    };
    register_target(session, id, what).await
}

#[cfg(test)]
mod tests {
    use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
    use aws_smithy_types::DateTime;

    use super::*;

    const ID: &str = "service/shop/worker";

    fn target(what: Suspended) -> ScalableTarget {
        let target = ScalableTarget::builder()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(ID)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .min_capacity(1)
            .max_capacity(9)
            .suspended_state(what.to_sdk())
            .role_arn("arn")
            .creation_time(DateTime::from_secs(0));
        target.build().unwrap()
    }

    fn wanted() -> BTreeMap<String, String> {
        BTreeMap::from([("worker".to_owned(), ID.to_owned())])
    }

    fn tags(flags: &str) -> BTreeMap<String, String> {
        let key = "ecs-scaler:suspended:worker".to_owned();
        BTreeMap::from([(key, format!("{flags} {ID}"))])
    }

    const SCHEDULE: Suspended = Suspended {
        scale_out: false,
        scale_in: false,
        schedule: true,
    };

    #[test]
    fn a_target_is_recorded_as_it_is_and_suspended() {
        let planned = decide(&wanted(), &BTreeMap::new(), &[target(SCHEDULE)]).unwrap();
        assert_eq!(planned.tags, tags("001"));
        assert_eq!(planned.suspend, [ID]);
        assert_eq!(planned.resume, []);
    }

    /// The state to restore includes the owner's later changes.
    #[test]
    fn a_record_stays_while_all_is_suspended() {
        for (now, flags) in [
            (Suspended::ALL, "001"),
            (SCHEDULE, "001"),
            (Suspended::default(), "000"),
        ] {
            let planned = decide(&wanted(), &tags("001"), &[target(now)]).unwrap();
            assert_eq!(planned.tags, tags(flags));
            assert_eq!(planned.suspend.is_empty(), now == Suspended::ALL);
        }
    }

    #[test]
    fn a_record_goes_with_its_service_to_another_name() {
        let renamed = BTreeMap::from([("jobs".to_owned(), ID.to_owned())]);
        let planned = decide(&renamed, &tags("001"), &[target(Suspended::ALL)]).unwrap();
        let key = "ecs-scaler:suspended:jobs".to_owned();
        assert_eq!(planned.tags, BTreeMap::from([(key, format!("001 {ID}"))]));
        assert_eq!((planned.suspend, planned.resume), (vec![], vec![]));
    }

    #[test]
    fn a_target_gets_its_state_back_and_then_the_record_goes() {
        let none = BTreeMap::new();
        let planned = decide(&none, &tags("001"), &[target(Suspended::ALL)]).unwrap();
        let before = SCHEDULE;
        let id = ID.to_owned();
        assert_eq!(planned.resume, [Record { id, before }]);
        assert_eq!(planned.tags, tags("001"), "until it is done");
        let after = decide(&none, &tags("001"), &[target(SCHEDULE)]).unwrap();
        assert_eq!(after, Suspensions::default());
    }

    #[test]
    fn nobody_s_target_and_a_garbled_record_are_nothing() {
        assert_eq!(
            decide(&wanted(), &BTreeMap::new(), &[]).unwrap(),
            Suspensions::default()
        );
        for value in [
            "",
            "001",
            "01 service/a/b",
            "0x1 service/a/b",
            "0011 service/a/b",
        ] {
            assert_eq!(Record::read(value), None, "{value}");
        }
    }

    #[test]
    fn names_that_a_tag_does_not_hold_are_refused() {
        let long = format!("service/{}/worker", "c".repeat(250));
        let wanted = BTreeMap::from([("worker".to_owned(), long.clone())]);
        let mut found = target(Suspended::default());
        found.resource_id = long;
        let error = decide(&wanted, &BTreeMap::new(), &[found]).unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
    }
}
