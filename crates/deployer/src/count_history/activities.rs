//! Application Auto Scaling's record: it keeps its activities for six weeks.

use std::time::SystemTime;

use aws_sdk_applicationautoscaling::types::{ScalingActivity, ScalingActivityStatusCode};
use aws_smithy_types::DateTime;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::{ChangeSource, CountChange};
use crate::activities::{ActivityQuery, read_activities};
use crate::error::Result;
use crate::functions::ServiceName;
use crate::session::Session;

/// Concurrent requests.
const AT_ONCE: usize = 4;
/// Activities per page, and the maximum number of pages to read per service.
const PAGES: (i32, usize) = (50, 40);

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

async fn of_service(
    session: &Session<'_>,
    name: &ServiceName,
    since: SystemTime,
) -> Result<Vec<CountChange>> {
    let since = DateTime::from(since).secs();
    let query = ActivityQuery {
        id: Some(&name.resource_id()),
        pages: PAGES,
        since: Some(since),
        ..ActivityQuery::default()
    };
    let found = read_activities(session, &query).await?;
    let new = found.iter().filter(|one| one.start_time().secs() >= since);
    Ok(new.filter_map(|one| convert(name, one)).collect())
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
