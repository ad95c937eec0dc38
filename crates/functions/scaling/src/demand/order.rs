//! From the event to the services that it names.

use lambda_kit::{CallError, in_time};
use scaling::{DemandOrder, DemandPolicy, FleetDocument, FleetObject};
use serde_json::Value;
use tokio::time::Instant;

use super::memory::Memory;
use crate::{Clients, InvocationError};

/// The services of an object, as they were read last.
#[derive(Debug)]
pub(super) struct KnownFleet {
    object: FleetObject,
    services: Vec<DemandPolicy>,
}

/// Reads the event.
pub(super) fn read_order(event: Value) -> Result<DemandOrder, InvocationError> {
    let problem = match event.get("Records") {
        Some(_) => "Records: this function follows demand, and no alarm's messages".to_owned(),
        None => match serde_path_to_error::deserialize(event) {
            Ok(order) => return Ok(order),
            Err(error) => error.to_string(),
        },
    };
    Err(InvocationError::NoRequest { problem })
}

/// The services of an order. An object is read once: its key contains the hash of its content. If it can't be read, what an
/// earlier one said still holds, and the second value says why.
///
/// # Errors
/// If the object can't be read, and no earlier one is known.
pub(super) async fn find_services(
    clients: &Clients,
    memory: &mut Memory,
    order: &mut DemandOrder,
    deadline: Instant,
) -> Result<(Vec<DemandPolicy>, Option<String>), InvocationError> {
    let Some(object) = order.object.take() else {
        return Ok((std::mem::take(&mut order.services), None));
    };
    if let Some(known) = memory.fleet.as_ref().filter(|known| known.object == object) {
        return Ok((known.services.clone(), None));
    }
    match read_object(clients, &object, deadline).await {
        Ok(services) => {
            let known = KnownFleet { object, services };
            Ok((memory.fleet.insert(known).services.clone(), None))
        }
        Err(problem) => match &memory.fleet {
            Some(known) => Ok((known.services.clone(), Some(problem))),
            None => Err(InvocationError::UnreadFleet { problem }),
        },
    }
}

async fn read_object(
    clients: &Clients,
    object: &FleetObject,
    deadline: Instant,
) -> Result<Vec<DemandPolicy>, String> {
    let name = format!("s3://{}/{}", object.bucket, object.key);
    let call = clients.s3.get_object();
    let call = call.bucket(&object.bucket).key(&object.key).send();
    let unread = |error: CallError| format!("what to scale is in {name}: {error}");
    let output = in_time("GetObject", deadline, call).await.map_err(unread)?;
    let broken = |problem: String| format!("what to scale is in {name}: {problem}");
    let body = tokio::time::timeout_at(deadline, output.body.collect()).await;
    let body = body.map_err(|_| broken("no answer in time".to_owned()))?;
    let body = body.map_err(|error| broken(error.to_string()))?;
    let document: FleetDocument =
        serde_json::from_slice(&body.into_bytes()).map_err(|error| broken(error.to_string()))?;
    let completed = document.complete(&object.values);
    completed.map_err(|error| broken(error.to_string()))
}
