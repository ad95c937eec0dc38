//! Application Auto Scaling's record: it keeps its activities for six weeks.

use std::time::SystemTime;

use aws_sdk_applicationautoscaling::types::{
    ScalingActivity, ScalingActivityStatusCode, ServiceNamespace,
};
use aws_smithy_types::DateTime;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::{ChangeSource, CountChange};
use crate::error::{Result, aws, is_not_emulated};
use crate::functions::ServiceName;
use crate::session::Session;

/// Concurrent requests.
const AT_ONCE: usize = 4;
/// Maximum number of pages to read per service, 50 activities each.
const PAGES: usize = 40;

pub(super) async fn read(
    session: &Session<'_>,
    services: &[ServiceName],
    since: SystemTime,
) -> Result<Vec<CountChange>> {
    let found: Vec<Vec<CountChange>> = stream::iter(services)
        .map(|name| of_service(session, name, since))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// The newest activities come first, so reading stops at the first one that is too old.
async fn of_service(
    session: &Session<'_>,
    name: &ServiceName,
    since: SystemTime,
) -> Result<Vec<CountChange>> {
    let since = DateTime::from(since).secs();
    let client = &session.clients.applicationautoscaling;
    let request = client
        .describe_scaling_activities()
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(name.resource_id());
    let mut pages = request.into_paginator().page_size(50).send();
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let page = match pages.next().await {
            None => break,
            Some(Ok(page)) => page.scaling_activities.unwrap_or_default(),
            // Some emulators keep no activities.
            Some(Err(error)) if is_not_emulated(&error) => break,
            Some(Err(error)) => return Err(aws("read the scaling activities")(error)),
        };
        let ends = page.iter().any(|one| one.start_time().secs() < since);
        let new = page.iter().filter(|one| one.start_time().secs() >= since);
        found.extend(new.filter_map(|one| convert(name, one)));
        if ends {
            break;
        }
    }
    Ok(found)
}

/// Converts an activity that set a count. Other activities set bounds or failed.
fn convert(name: &ServiceName, activity: &ScalingActivity) -> Option<CountChange> {
    if *activity.status_code() == ScalingActivityStatusCode::Failed {
        return None;
    }
    let at = u64::try_from(activity.start_time().secs()).ok()?;
    Some(CountChange {
        to: Some(count_in(activity.description())?),
        who: "Application Auto Scaling".to_owned(),
        why: activity.cause().trim_end_matches('.').to_owned(),
        sources: vec![ChangeSource::ScalingActivity],
        ..CountChange::of(name, at)
    })
}

/// Returns the count in `Setting desired count to 15.`
fn count_in(description: &str) -> Option<u32> {
    let rest = description.strip_prefix("Setting desired count to ")?;
    rest.trim_end_matches('.').parse().ok()
}
