//! From the event to its services.

use lambda_kit::{CallError, in_time};
use scaling::{DemandOrder, DemandPolicy, FleetDocument, FleetObject};
use serde_json::Value;
use tokio::time::Instant;

use super::memory::Memory;
use crate::{Clients, InvocationError};

/// The services of an object, as last read.
#[derive(Debug)]
pub(super) struct KnownFleet {
    object: FleetObject,
    services: Vec<DemandPolicy>,
}

pub(super) fn read_order(event: Value) -> Result<DemandOrder, InvocationError> {
    let problem = match event.get("Records") {
        Some(_) => {
            "Records: this function scales by demand, and doesn't accept alarm messages".to_owned()
        }
        None => match serde_path_to_error::deserialize(event) {
            Ok(order) => return Ok(order),
            Err(error) => error.to_string(),
        },
    };
    Err(InvocationError::NoRequest { problem })
}

/// The services of an order. An object is read once, because its key contains the hash of its content. If it can't
/// be read, the services of an earlier object still apply, and the second value is the reason.
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
