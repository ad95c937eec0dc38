//! Reads Application Auto Scaling's activities: the only module that calls DescribeScalingActivities.

use aws_sdk_applicationautoscaling::types::{ScalingActivity, ServiceNamespace};

use crate::error::{Result, aws, is_not_emulated};
use crate::session::Session;

/// Which activities to read.
#[derive(Default)]
pub(crate) struct ActivityQuery<'a> {
    /// `service/CLUSTER/SERVICE`. `None`: all services of the account.
    pub(crate) id: Option<&'a str>,
    /// Whether to include activities that changed nothing.
    pub(crate) not_scaled: bool,
    /// Activities per page, at most 50, and the maximum number of pages.
    pub(crate) pages: (i32, usize),
    /// Reading stops after the page with the first activity that started before this time, in seconds since 1970.
    pub(crate) since: Option<i64>,
}

/// Returns activities, newest first. Empty if an emulator keeps none.
pub(crate) async fn read_activities(
    session: &Session<'_>,
    query: &ActivityQuery<'_>,
) -> Result<Vec<ScalingActivity>> {
    let (size, most) = query.pages;
    let client = &session.clients.applicationautoscaling;
    let mut pages = client
        .describe_scaling_activities()
        .service_namespace(ServiceNamespace::Ecs)
        .set_resource_id(query.id.map(str::to_owned))
        .set_include_not_scaled_activities(query.not_scaled.then_some(true))
        .into_paginator()
        .page_size(size)
        .send();
    let mut found: Vec<ScalingActivity> = Vec::new();
    for _ in 0..most {
        match pages.next().await {
            None => break,
            Some(Ok(page)) => found.extend(page.scaling_activities.unwrap_or_default()),
            Some(Err(error)) if is_not_emulated(&error) => break,
            Some(Err(error)) => return Err(aws("read the scaling activities")(error)),
        }
        // A page can be empty, and others still follow.
        let oldest = found.last().map(|one| one.start_time().secs());
        let is_before = |oldest| query.since.is_some_and(|since| oldest < since);
        if oldest.is_some_and(is_before) {
            break;
        }
    }
    Ok(found)
}
