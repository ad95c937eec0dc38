//! The desired counts of services that don't scale. An update that removes a service's scaling sets its count,
//! but the old scaling stays active until the update ends, and might change the count again.

use std::time::Duration;

use aws_sdk_ecs::types::Service;
use template::contract::{NEED_SILENT_ALARM, types};
use tokio::time::{Instant, sleep};

use crate::action::Action;
use crate::described::{self, describe_by_arn};
use crate::error::{Error, Kind, Result, aws};
use crate::plan::Plan;
use crate::resource::Resource;
use crate::session::Session;

/// How long a count must stay the same after scaling was removed. A running invocation sets the count every 10
/// s, until IAM no longer knows its role.
const HOLD: Duration = Duration::from_secs(15);
/// How long to keep setting a count.
const PATIENCE: Duration = Duration::from_secs(120);

/// A service without scaling, and its count in the template.
struct Fixed {
    arn: String,
    count: i32,
}

/// If the `plan` removed the scaling of a service, sets the desired count of the services without scaling (given
/// by logical ID), and checks that it stays. Otherwise only reports a count that differs from the template's.
///
/// # Errors
/// If ECS can't be reached, or if something else keeps changing a count.
pub(crate) async fn set_fixed_counts(
    session: &Session<'_>,
    resources: &[Resource],
    counts: Vec<(String, i32)>,
    plan: &Plan,
) -> Result<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let fixed = counts.into_iter().filter_map(|(id, count)| {
        let is_it = |one: &&Resource| one.logical_id == id && !one.physical_id.is_empty();
        let arn = resources.iter().find(is_it)?.physical_id.clone();
        Some(Fixed { arn, count })
    });
    let fixed: Vec<Fixed> = fixed.collect();
    if !removes_scaling(plan) {
        return note_other_counts(session, &fixed).await;
    }
    let mut hold = true;
    let begun = Instant::now();
    loop {
        let wrong = find_wrong(session, &fixed).await?;
        if wrong.is_empty() && !hold {
            return Ok(());
        }
        if let Some((one, found)) = wrong.first().filter(|_| begun.elapsed() > PATIENCE) {
            return Err(unstable(one, *found));
        }
        for (one, found) in &wrong {
            set_count(session, one, *found).await?;
        }
        hold = false;
        sleep(HOLD).await;
    }
}

/// A user might have set such a count on purpose, so a deploy that doesn't remove scaling only reports it.
async fn note_other_counts(session: &Session<'_>, fixed: &[Fixed]) -> Result<()> {
    for (one, found) in find_wrong(session, fixed).await? {
        let (name, count) = (described::name_of(&one.arn), one.count);
        session.note(format!(
            "the desired count of {name} is {found}, but the definition sets {count}: it isn't changed"
        ));
    }
    Ok(())
}

/// Whether the plan removes the scaling of a service. If a service leaves the function for demand scaling, its alarm
/// for missing data is removed, but the function stays, and its running invocation continues to scale the service.
fn removes_scaling(plan: &Plan) -> bool {
    plan.changes.iter().any(|change| {
        let scales = [types::FUNCTION, types::SCALABLE_TARGET];
        let scales = scales.contains(&change.resource_type.as_str());
        let leaves = change.logical_id.ends_with(NEED_SILENT_ALARM);
        change.action == Action::Remove && (scales || leaves)
    })
}

/// Returns the services with a different desired count, with that count.
async fn find_wrong<'f>(
    session: &Session<'_>,
    fixed: &'f [Fixed],
) -> Result<Vec<(&'f Fixed, i32)>> {
    let arns = fixed.iter().map(|one| one.arn.as_str());
    let described = describe_by_arn(session, arns).await?;
    let wrong = fixed.iter().filter_map(|one| {
        let found = described.get(&one.arn).map(Service::desired_count)?;
        (found != one.count).then_some((one, found))
    });
    Ok(wrong.collect())
}

async fn set_count(session: &Session<'_>, one: &Fixed, found: i32) -> Result<()> {
    let name = described::name_of(&one.arn);
    session.note(format!(
        "setting the desired count of {name} from {found} to {}, because it no longer scales",
        one.count
    ));
    let request = session.clients.ecs.update_service().service(&one.arn);
    let request = request
        .cluster(described::cluster_of(&one.arn))
        .desired_count(one.count);
    let sent = request.send().await;
    sent.map(drop)
        .map_err(aws(format!("set the desired count of {name}")))
}

fn unstable(one: &Fixed, found: i32) -> Error {
    let name = described::name_of(&one.arn);
    Error::new(
        Kind::DeploymentFailed,
        format!(
            "something keeps changing the desired count of {name}: it is {found} again, but the definition sets {}",
            one.count
        ),
    )
    .hint("find out what calls ecs:UpdateService on it (CloudTrail), stop that, and deploy again")
}
