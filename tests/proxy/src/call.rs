//! The called service and action of a request.

use crate::http::Message;

/// The protocol of a request, which determines the format of its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Query,
    Json,
    Cbor,
    RestXml,
    RestJson,
}

/// A request that the proxy received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Service in the signature: `cloudformation`, `sqs`, `monitoring`. Empty without a signature.
    pub service: String,
    /// The action, such as `DescribeStacks`. For S3 and Lambda, method and path, such as `PUT /bucket/key`.
    pub action: String,
    pub(crate) protocol: Protocol,
}

impl Call {
    pub(crate) fn of(request: &Message) -> Self {
        let service = service(request).unwrap_or_default();
        let (action, protocol) = action(&service, request);
        Self {
            service,
            action,
            protocol,
        }
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.service, self.action)
    }
}

/// Returns the service from `Credential=KEY/DATE/REGION/SERVICE/aws4_request` in the signature.
fn service(request: &Message) -> Option<String> {
    let (_, scope) = request.header("authorization")?.split_once("Credential=")?;
    scope.split('/').nth(3).map(str::to_owned)
}

fn action(service: &str, request: &Message) -> (String, Protocol) {
    let (method, target) = (request.word(0), request.word(1));
    if let Some(target) = request.header("x-amz-target") {
        let name = target.rsplit('.').next().unwrap_or(target);
        return (name.to_owned(), Protocol::Json);
    }
    if let Some((_, operation)) = target.split_once("/operation/") {
        return (operation.to_owned(), Protocol::Cbor);
    }
    let (_, query) = target.split_once('?').unwrap_or_default();
    let body = std::str::from_utf8(&request.body).unwrap_or_default();
    if let Some(name) = [query, body].into_iter().find_map(action_in_form) {
        return (name.to_owned(), Protocol::Query);
    }
    let protocol = match service {
        "lambda" => Protocol::RestJson,
        _ => Protocol::RestXml,
    };
    // The target has a query, which distinguishes S3's subresources.
    (format!("{method} {target}"), protocol)
}

fn action_in_form(form: &str) -> Option<&str> {
    form.split('&')
        .find_map(|pair| pair.strip_prefix("Action="))
}
