//! Refreshes the part of an inspection that changes every second.

use futures::future::try_join;

use crate::described;
use crate::error::{Result, unless_denied};
use crate::session::Session;

use super::Inspection;
use super::queues;

/// Reads the counts of the services and the depths of their queues again, and keeps the rest. Makes a request
/// per ten services of a cluster, and one per queue.
///
/// # Errors
/// If AWS can't be reached. In that case, the inspection doesn't change.
pub async fn refresh(session: &Session<'_>, inspection: &mut Inspection) -> Result<()> {
    let services = inspection.services.iter();
    let names = services
        .clone()
        .map(|state| (&*state.cluster, &*state.service));
    let urls = services.flat_map(|state| &state.queues);
    let urls = urls.map(|queue| (&*queue.name, &*queue.url)).collect();
    let described = async {
        let described = described::describe(session, names).await;
        Ok(unless_denied(described)?.ok())
    };
    let (described, read) = try_join(described, queues::read(session, urls)).await?;
    let mut read = read.into_iter();
    for state in &mut inspection.services {
        if let Some(described) = &described {
            let known = described.services.iter().find(|(cluster, known)| {
                *cluster == state.cluster && known.service_name() == Some(&state.service)
            });
            state.count(known.map(|(_, known)| known));
        }
        for (queue, read) in state.queues.iter_mut().zip(read.by_ref()) {
            queue.visible = read.visible;
            queue.in_flight = read.in_flight;
            queue.delayed = read.delayed;
        }
    }
    Ok(())
}
