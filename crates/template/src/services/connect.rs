//! Service Connect: calling the services of a namespace by their names there.

use serde_json::{Value, json};

use super::container::render_log_group;
use crate::names;

/// The property of a service.
pub(crate) const SERVICE_CONNECT: &str = "ServiceConnectConfiguration";

/// A client has a proxy in each task, and no name of its own in the namespace. Source: Amazon ECS Developer Guide,
/// "Amazon ECS Service Connect components".
pub(super) fn render_client(namespace: &str, short: &str) -> Value {
    json!({
        "Enabled": true,
        "Namespace": namespace,
        "LogConfiguration": render_log_group(&names::service_log_group(short), "service-connect"),
    })
}

/// Without Service Connect: ECS treats a missing configuration as "unchanged".
pub(crate) fn render_off() -> Value {
    json!({ "Enabled": false })
}
