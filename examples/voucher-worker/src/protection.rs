//! Task protection: while a task reports that it works, ECS doesn't end it for scale-in or a deployment.
//!
//! Source: ECS Developer Guide, Task scale-in protection endpoint.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::backoff::Backoff;
use crate::log::{Event, Log};

/// Timeout of the agent's reply.
const REPLY: Duration = Duration::from_secs(5);

/// When the protection expires, so that a worker that hangs doesn't block a deployment for long.
const EXPIRES: Duration = Duration::from_secs(10 * 60);

/// After this time, protection that is still needed is requested again.
const RENEW: Duration = Duration::from_secs(5 * 60);

/// Protection outlasts the work by this. Between two long messages it would otherwise be switched off and on again,
/// and each switch is a request that ECS throttles.
const HOLD: Duration = Duration::from_secs(5);

const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Protects the task while `long_work` is above zero, and a few seconds longer. Calls the agent only on a change,
/// and to renew. The work continues whatever the agent responds.
pub(crate) async fn protect(
    mut long_work: watch::Receiver<usize>,
    log: Log,
    put: impl AsyncFn(bool) -> Result<(), String>,
) {
    // Unknown after a failure, because the request might have had its effect.
    let mut protected = Some(false);
    let mut backoff = Backoff::up_to(LONGEST_BACKOFF);
    let mut again_at: Option<Instant> = None;
    let (mut worked, mut held_until) = (false, Instant::now());
    loop {
        let now = Instant::now();
        let works = *long_work.borrow_and_update() > 0;
        if worked && !works {
            held_until = now + HOLD;
        }
        worked = works;
        let wanted = works || (protected != Some(false) && now < held_until);
        let is_due = again_at.is_some_and(|at| at <= Instant::now());
        if is_due || protected == Some(!wanted) {
            match put(wanted).await {
                Ok(()) => {
                    if protected != Some(wanted) {
                        log.write_line(&Event::Protection { enabled: wanted });
                    }
                    backoff.reset();
                    protected = Some(wanted);
                    again_at = wanted.then(|| Instant::now() + RENEW);
                }
                Err(error) => {
                    log.write_line(&Event::Problem {
                        doing: if wanted {
                            "protecting the task"
                        } else {
                            "ending the task's protection"
                        },
                        error,
                        queue: None,
                        message_id: None,
                    });
                    protected = None;
                    again_at = Some(Instant::now() + backoff.next(fastrand::f64()));
                }
            }
        }
        let held = (wanted && !works).then_some(held_until);
        let again = async {
            match again_at.into_iter().chain(held).min() {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = long_work.changed() => if changed.is_err() { return },
            () = again => {}
        }
    }
}

/// Asks the agent to switch protection on or off.
pub(crate) async fn put(agent: &str, enabled: bool) -> Result<(), String> {
    let url = format!("{agent}/task-protection/v1/state");
    let mut body = json!({ "ProtectionEnabled": enabled });
    if enabled {
        body["ExpiresInMinutes"] = (EXPIRES.as_secs() / 60).into();
    }
    let asked = tokio::task::spawn_blocking(move || send(&url, &body.to_string())).await;
    let (status, reply) = asked.map_err(|error| error.to_string())??;
    verdict(enabled, status, &reply)
}

fn send(url: &str, body: &str) -> Result<(u16, String), String> {
    // The agent is on this host, which a proxy for the internet can't reach.
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(REPLY))
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .new_agent();
    let request = agent.put(url).header("Content-Type", "application/json");
    let mut reply = request.send(body).map_err(|error| error.to_string())?;
    let text = reply.body_mut().read_to_string();
    Ok((
        reply.status().as_u16(),
        text.map_err(|error| error.to_string())?,
    ))
}

/// Interprets the agent's reply: `protection`, `failure` (such as `DEPLOYMENT_BLOCKED`), or `error`.
fn verdict(enabled: bool, status: u16, reply: &str) -> Result<(), String> {
    let reply: Value = serde_json::from_str(reply).unwrap_or_default();
    if reply["protection"]["ProtectionEnabled"] == enabled {
        return Ok(());
    }
    let said = [
        &reply["failure"]["Reason"],
        &reply["failure"]["Detail"],
        &reply["error"]["Code"],
        &reply["error"]["Message"],
    ];
    let said: Vec<&str> = said.into_iter().filter_map(Value::as_str).collect();
    Err(if said.is_empty() {
        format!("the ECS agent answered with HTTP status {status}")
    } else {
        said.join(": ")
    })
}
