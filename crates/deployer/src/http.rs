//! The HTTP client of all SDK clients. Uses the proxies that the environment sets, but never for this machine.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The host that sent a reply, for error messages.
#[derive(Clone, Debug)]
pub(crate) struct AnsweredBy(pub String);

/// Connects to loopback addresses without a proxy, because a proxy would connect to its own machine.
#[derive(Clone, Debug)]
struct LoopbackClient {
    direct: SharedHttpClient,
    proxied: SharedHttpClient,
}

#[derive(Debug)]
struct LoopbackConnector {
    direct: SharedHttpConnector,
    proxied: SharedHttpConnector,
}

pub(crate) fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(LoopbackClient {
        direct: client(ProxyConfig::disabled()),
        proxied: client(ProxyConfig::from_env()),
    })
}

fn client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let crypto = tls::rustls_provider::CryptoMode::AwsLc;
        let mut builder = Connector::builder().tls_provider(tls::Provider::Rustls(crypto));
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.set_proxy_config(Some(proxy.clone()));
        builder.build()
    })
}

impl HttpClient for LoopbackClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(LoopbackConnector {
            direct: self.direct.http_connector(settings, components),
            proxied: self.proxied.http_connector(settings, components),
        })
    }
}

impl HttpConnector for LoopbackConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let host = host_of(request.uri()).to_owned();
        let reply = match is_loopback(request.uri()) {
            true => self.direct.call(request),
            false => self.proxied.call(request),
        };
        HttpConnectorFuture::new(async move {
            let mut reply = reply.await?;
            reply.add_extension(AnsweredBy(host));
            Ok(reply)
        })
    }
}

/// Returns the host of a URL, without its port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let address = authority.rsplit('@').next().unwrap_or_default();
    match address.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((v6, _)) => v6,
        None => address.split(':').next().unwrap_or_default(),
    }
}

/// Whether a URL names this machine.
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    let host = host_of(url).to_ascii_lowercase();
    // RFC 6761, section 6.3: names under `localhost` are loopback addresses. LocalStack's own name resolves to one.
    let named = ["localhost", "localhost.localstack.cloud"]
        .iter()
        .any(|name| {
            host.strip_suffix(name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
    named
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_without_a_proxy() {
        for url in [
            "http://127.0.0.1:4566",
            "http://127.8.0.1/x",
            "http://localhost:4566/",
            "https://[::1]:4566",
            "http://LOCALHOST",
            "http://s3.localhost.localstack.cloud:4566/bucket",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://sts.us-west-2.amazonaws.com",
            "http://127.0.0.1.example.com",
            "http://notlocalhost",
            "http://localhost@example.com/",
            "http://10.0.0.1:4566",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
