//! Desired counts, before and after a change that might affect them.

use std::collections::BTreeMap;

use crate::described;
use crate::error::Result;
use crate::functions::ServiceName;
use crate::session::Session;

/// Returns the desired count of each of these services that ECS knows.
///
/// # Errors
/// If ECS can't be reached.
pub async fn desired_counts(
    session: &Session<'_>,
    services: &[ServiceName],
) -> Result<BTreeMap<ServiceName, i32>> {
    let wanted = services
        .iter()
        .map(|name| (name.cluster.as_str(), name.service.as_str()));
    let found = described::describe(session, wanted).await?;
    Ok(found
        .services
        .into_iter()
        .filter(|(_, known)| known.status() != Some("INACTIVE"))
        .filter_map(|(cluster, known)| {
            let service = known.service_name()?.to_owned();
            Some((ServiceName { cluster, service }, known.desired_count()))
        })
        .collect())
}
