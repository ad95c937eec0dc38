//! The plugin's own routes in LocalStack, under `/_ecs_scaler/`.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Calls the plugin. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    agent: ureq::Agent,
    endpoint_url: String,
}

/// The reason why the plugin didn't respond.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PluginError {
    /// LocalStack can't be reached, or returned an error.
    #[error("failed to {method} {route}: {source}")]
    Call {
        method: &'static str,
        route: String,
        source: Box<ureq::Error>,
    },
    /// Its response doesn't have the expected format.
    #[error("failed to read the answer to {route}: {source}")]
    Answer {
        route: String,
        source: serde_json::Error,
    },
    /// The call's thread has ended.
    #[error("failed to call {0}: the call was abandoned")]
    GivenUp(String),
}

impl PluginError {
    /// Whether nothing is listening at LocalStack's endpoint.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Call { source, .. } if is_refused(source))
    }
}

fn is_refused(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::ConnectionFailed => true,
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// Longer than LocalStack's usual pauses, and short enough to retry soon.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Plugin {
    /// Creates a client for the plugin of the LocalStack at this endpoint.
    pub(crate) fn new(endpoint_url: &str) -> Self {
        let agent = ureq::Agent::config_builder().proxy(None).build().into();
        Self {
            agent,
            endpoint_url: endpoint_url.trim_end_matches('/').to_owned(),
        }
    }

    /// Calls a route, such as `services`. Its response can take `patience` longer than that of other routes.
    pub(crate) async fn get<T>(&self, route: &str, patience: Duration) -> Result<T, PluginError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let plugin = self.clone();
        let route = route.to_owned();
        run_blocking(route.clone(), move || {
            let sent = plugin
                .agent
                .get(plugin.url(&route))
                .config()
                .timeout_global(Some(TIMEOUT + patience))
                .build()
                .call();
            read_answer("GET", &route, sent)
        })
        .await
    }

    /// Sends a PUT request to a route.
    pub(crate) async fn put(&self, route: &str, body: &impl Serialize) -> Result<(), PluginError> {
        self.send("PUT", route, body).await
    }

    /// Sends a POST request to a route.
    pub(crate) async fn post(&self, route: &str, body: &impl Serialize) -> Result<(), PluginError> {
        self.send("POST", route, body).await
    }

    async fn send(
        &self,
        method: &'static str,
        route: &str,
        body: &impl Serialize,
    ) -> Result<(), PluginError> {
        let plugin = self.clone();
        let route = route.to_owned();
        let text = serde_json::to_vec(body).map_err(|source| PluginError::Answer {
            route: route.clone(),
            source,
        })?;
        run_blocking(route.clone(), move || {
            let url = plugin.url(&route);
            let request = match method {
                "PUT" => plugin.agent.put(url),
                _ => plugin.agent.post(url),
            };
            let sent = request
                .config()
                .timeout_global(Some(TIMEOUT))
                .build()
                .content_type("application/json")
                .send(&text[..]);
            match sent {
                Ok(_) => Ok(()),
                Err(source) => Err(call_error(method, &route, source)),
            }
        })
        .await
    }

    fn url(&self, route: &str) -> String {
        format!("{}/_ecs_scaler/{route}", self.endpoint_url)
    }
}

async fn run_blocking<T: Send + 'static>(
    route: String,
    call: impl FnOnce() -> Result<T, PluginError> + Send + 'static,
) -> Result<T, PluginError> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result,
        Err(_) => Err(PluginError::GivenUp(route)),
    }
}

fn read_answer<T: DeserializeOwned>(
    method: &'static str,
    route: &str,
    sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<T, PluginError> {
    let text = sent.and_then(|mut reply| {
        // A thousand services with their task definitions take a few megabytes.
        let body = reply.body_mut().with_config().limit(256 * 1024 * 1024);
        body.read_to_vec()
    });
    let text = text.map_err(|source| call_error(method, route, source))?;
    serde_json::from_slice(&text).map_err(|source| PluginError::Answer {
        route: route.to_owned(),
        source,
    })
}

fn call_error(method: &'static str, route: &str, source: ureq::Error) -> PluginError {
    PluginError::Call {
        method,
        route: route.to_owned(),
        source: Box::new(source),
    }
}
