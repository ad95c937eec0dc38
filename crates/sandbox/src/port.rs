//! The port of a sandbox: finds a free one, and checks whether LocalStack answers there.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Long, because a sandbox that seems unresponsive is replaced, which deletes its stacks.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait for a port that a killed process still holds.
const PORT_PATIENCE: Duration = Duration::from_secs(1);

/// Returns the preferred port if it is free, otherwise one that the system assigns. A killed process holds its
/// port until its last thread has ended, which can be a moment after it counts as ended.
pub(crate) fn free_port(preferred: Option<u16>) -> Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    if let Some(port) = preferred {
        let begin = Instant::now();
        while begin.elapsed() < PORT_PATIENCE {
            if bind(port).is_ok() {
                return Ok(port);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let address = bind(0)
        .and_then(|listener| listener.local_addr())
        .map_err(Error::file("listen on", Path::new("127.0.0.1")))?;
    Ok(address.port())
}

/// Whether LocalStack answers on this port and has our plugin.
pub(crate) fn is_healthy(port: u16) -> bool {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(HEALTH_TIMEOUT))
        .proxy(None)
        .build()
        .into();
    let url = format!("http://127.0.0.1:{port}/_localstack/health");
    let Ok(mut reply) = agent.get(&url).call() else {
        return false;
    };
    let Ok(text) = reply.body_mut().read_to_string() else {
        return false;
    };
    let health: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    health.pointer("/services/ecs").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_ne!(free_port(Some(port)).unwrap(), port);
        drop(taken);
        assert_eq!(free_port(Some(port)).unwrap(), port);
    }
}
