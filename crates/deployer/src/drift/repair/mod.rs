//! Repairs drift by direct calls, for emulators whose CloudFormation can't, and for drift that a change set didn't
//! repair.
//!
//! On AWS, a drift-aware change set comes first (`DeploymentMode` `REVERT_DRIFT`): CloudFormation compares the template
//! with the actual state and reverts the differences. Source: CloudFormation User Guide, "Using drift-aware change
//! sets". An emulator that doesn't support this mode returns a change set without it, which can't repair anything: the
//! template hasn't changed, and an update of a deleted function, role, or log group fails because there is nothing to
//! update. A new logical ID would create a second resource, and the next deploy a third. So the part is recreated under
//! the name that CloudFormation has for it. The stack's functions, roles, log groups, queues, rules, alarms, clusters,
//! and services are identified by their names, so the stack's list of resources is correct again, and later updates and
//! the deletion find the recreated part. Scaling policies and subscriptions get new ARNs. They are found by name and
//! endpoint, and they are deleted with their scalable target and topic.

mod alarms;
mod broken;
mod clusters;
mod functions;
mod given;
mod queues;
mod roles;
mod rules;
mod scaling;
mod services;
mod topics;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use template::contract::{STACK_TAG, types};
use tokio::time::Instant;

use crate::error::{Error, Kind, Result};
use crate::finding::{Drift, Problem};
use crate::observe::Observed;
use crate::session::{Progress, Session};

use super::compare::compare;
use super::intended::Intended;
use super::live::{INVOKE_CONFIG, Live, PERMISSION, PROVIDERS, QUEUE_POLICY, TOPIC_POLICY};
use super::read::read;
use broken::Broken;

/// A new role works only after a few seconds, and SQS refuses the name of a deleted queue for 60 s. Source:
/// Amazon SQS API Reference, `DeleteQueue`.
const PATIENCE: Duration = Duration::from_secs(90);

/// ECS refuses the name of a deleted service until its tasks have stopped. That takes the load balancer's
/// deregistration delay plus the stop timeout, which is at most 2 minutes on Fargate.
const DRAINING: Duration = Duration::from_mins(10);

/// The types that can be repaired, in the order of their dependencies.
const ORDER: [&str; 16] = [
    types::LOG_GROUP,
    types::ROLE,
    types::CLUSTER,
    PROVIDERS,
    types::QUEUE,
    types::TOPIC,
    QUEUE_POLICY,
    TOPIC_POLICY,
    types::FUNCTION,
    PERMISSION,
    INVOKE_CONFIG,
    types::SUBSCRIPTION,
    types::RULE,
    types::SERVICE,
    types::SCALABLE_TARGET,
    types::SCALING_POLICY,
];

/// Repairs the differences between a settled stack's parts and its template, and reads each part back. Does nothing
/// if nothing differs.
///
/// # Errors
/// If a part can't be repaired (the error lists each remaining one), or if AWS can't be reached.
pub(crate) async fn repair(session: &Session<'_>, stack: &Observed) -> Result<()> {
    let mut tags = stack.tags.clone();
    // An emulator that doesn't return the tags doesn't return our mark either.
    tags.insert(STACK_TAG.to_owned(), stack.name.clone());
    let begun = Instant::now();
    let mut delay = session.pace.first;
    let mut again = false;
    let mut course = Course::default();
    course.report(session);
    loop {
        let Ok(pairs) = read(session, stack).await? else {
            return Ok(());
        };
        let drift = compare(&pairs);
        course.is_left(&drift);
        course.report(session);
        if drift.is_empty() {
            return Ok(());
        }
        if !again {
            session.note("repairing manual changes");
        }
        let mut broken = list_broken(&pairs, &drift, again, &tags);
        let (repaired, errors) = repair_all(session, &mut broken, &mut course).await?;
        let drains = |broken: &Broken<'_>| {
            broken.part.resource_type == types::SERVICE && broken.is_missing()
        };
        let patience = match broken.iter().any(drains) {
            true => DRAINING,
            false => PATIENCE,
        };
        if (!repaired && errors.is_empty()) || begun.elapsed() >= patience {
            return Err(explain_left(stack, &drift, &errors));
        }
        again = true;
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}

/// The progress of a repair. If a user interrupts it, nothing repairs the rest, so the user must be notified.
#[derive(Default)]
struct Course {
    repaired: BTreeSet<String>,
    left: BTreeSet<String>,
}

impl Course {
    /// Records the remaining drift. A part without a difference is repaired.
    fn is_left(&mut self, drift: &Drift) {
        let findings = drift.findings.iter();
        let left: BTreeSet<String> = findings.map(|found| found.logical_id.clone()).collect();
        self.repaired.extend(std::mem::take(&mut self.left));
        self.repaired.retain(|id| !left.contains(id));
        self.left = left;
    }

    fn is_repaired(&mut self, logical_id: &str) {
        self.repaired.extend(self.left.take(logical_id));
    }

    fn report(&self, session: &Session<'_>) {
        (session.progress)(Progress::Repair {
            repaired: self.repaired.iter().cloned().collect(),
            left: self.left.iter().cloned().collect(),
        });
    }
}

/// Returns whether anything was repaired, and the failures, which wait for another part or for AWS.
async fn repair_all(
    session: &Session<'_>,
    broken: &mut Vec<Broken<'_>>,
    course: &mut Course,
) -> Result<(bool, Vec<Error>)> {
    broken.sort_by_key(|broken| rank(&broken.part.resource_type));
    broken.dedup_by_key(|broken| (&broken.part.logical_id, &broken.part.resource_type));
    let mut repaired = false;
    let mut errors = Vec::new();
    for broken in broken {
        session.require_uninterrupted()?;
        match repair_part(session, broken).await {
            Ok(done) => {
                repaired |= done;
                if done {
                    course.is_repaired(&broken.part.logical_id);
                    course.report(session);
                }
            }
            Err(error) if error.kind() == Kind::Unreachable => return Err(error),
            Err(error) => errors.push(error),
        }
    }
    Ok((repaired, errors))
}

fn rank(resource_type: &str) -> usize {
    let place = ORDER.iter().position(|kind| *kind == resource_type);
    place.unwrap_or(ORDER.len())
}

fn list_broken<'a>(
    pairs: &'a [(Intended, Live)],
    drift: &'a Drift,
    again: bool,
    stack_tags: &'a BTreeMap<String, String>,
) -> Vec<Broken<'a>> {
    let problems_of = |part: &Intended| -> Vec<&Problem> {
        let findings = drift.findings.iter();
        findings
            .filter(|finding| {
                finding.logical_id == part.logical_id && finding.physical_id == part.physical_id
            })
            .map(|finding| &finding.problem)
            .collect()
    };
    let parts = pairs.iter().map(|(part, _)| part);
    parts
        .map(|part| Broken {
            part,
            problems: problems_of(part),
            again,
            of_alarm: false,
            stack_tags,
        })
        .filter(|broken| !broken.problems.is_empty())
        .map(|broken| as_policy(broken, pairs))
        .collect()
}

/// An alarm of target tracking is repaired by putting its policy again, which recreates its alarms.
fn as_policy<'a>(broken: Broken<'a>, pairs: &'a [(Intended, Live)]) -> Broken<'a> {
    if broken.part.resource_type != types::ALARM {
        return broken;
    }
    let policy = pairs.iter().map(|(part, _)| part).find(|part| {
        part.logical_id == broken.part.logical_id && part.resource_type == types::SCALING_POLICY
    });
    match policy {
        Some(part) => Broken {
            part,
            of_alarm: true,
            ..broken
        },
        None => broken,
    }
}

/// Repairs a part. Returns `false` if direct calls can't repair it.
async fn repair_part(session: &Session<'_>, broken: &Broken<'_>) -> Result<bool> {
    let part = broken.part;
    let done = match part.resource_type.as_str() {
        types::LOG_GROUP => roles::repair_log_group(session, broken).await,
        types::ROLE => roles::repair(session, broken).await,
        types::CLUSTER => clusters::repair(session, broken).await,
        PROVIDERS => clusters::repair_providers(session, broken).await,
        types::QUEUE => queues::repair(session, broken).await,
        QUEUE_POLICY => queues::repair_policy(session, broken).await,
        types::TOPIC => topics::repair(session, broken).await,
        TOPIC_POLICY => topics::repair_policy(session, broken).await,
        types::FUNCTION => functions::repair(session, broken).await,
        PERMISSION => functions::repair_permission(session, broken).await,
        INVOKE_CONFIG => functions::repair_invoke_config(session, broken).await,
        types::SUBSCRIPTION => topics::repair_subscription(session, broken).await,
        types::RULE => rules::repair(session, broken).await,
        types::SERVICE => return services::repair(session, broken).await,
        types::SCALABLE_TARGET => scaling::repair_target(session, broken).await,
        types::SCALING_POLICY => scaling::repair_policy(session, broken).await,
        types::ALARM => return alarms::repair(session, broken).await,
        types::DASHBOARD => alarms::repair_dashboard(session, broken).await,
        _ => return Ok(false),
    };
    done.map(|()| true)
}

fn explain_left(stack: &Observed, drift: &Drift, errors: &[Error]) -> Error {
    let mut parts: Vec<String> = drift
        .findings
        .iter()
        .map(|finding| format!("{} ({})", finding.logical_id, finding.resource_type))
        .collect();
    parts.dedup();
    let mut error = Error::new(
        Kind::DeploymentFailed,
        format!(
            "{} still differs from its template: {}",
            stack.name,
            parts.join(", ")
        ),
    );
    for cause in errors {
        error = error.hint(cause.to_string());
    }
    error.hint(
        "`status` names each difference; recreate the rest manually, under its name, and deploy",
    )
}
