//! Replies that the proxy generates.

use crate::call::Protocol;
use crate::http::Message;

/// An HTML page from a device between client and cloud.
pub(crate) fn page(status: u16) -> Message {
    let html =
        format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
    reply(status, "text/html", html.into_bytes())
}

/// The service throttles.
pub(crate) fn throttle(protocol: Protocol) -> Message {
    let (status, code) = match protocol {
        Protocol::Query => (400, "Throttling"),
        Protocol::Json | Protocol::Cbor => (400, "ThrottlingException"),
        Protocol::RestXml => (503, "SlowDown"),
        Protocol::RestJson => (429, "TooManyRequestsException"),
    };
    error(protocol, status, code, "Rate exceeded")
}

/// The credentials have expired.
pub(crate) fn expire(protocol: Protocol) -> Message {
    let status = match protocol {
        Protocol::Query | Protocol::RestJson => 403,
        Protocol::RestXml | Protocol::Json | Protocol::Cbor => 400,
    };
    let message = "The security token included in the request is expired";
    error(protocol, status, &named(protocol, "ExpiredToken"), message)
}

/// The credentials don't allow this call.
pub(crate) fn deny(protocol: Protocol) -> Message {
    let status = match protocol {
        Protocol::Json | Protocol::Cbor => 400,
        Protocol::Query | Protocol::RestXml | Protocol::RestJson => 403,
    };
    let message = "User: test is not authorized to perform this action";
    error(protocol, status, &named(protocol, "AccessDenied"), message)
}

/// The JSON protocols add a suffix to an error's code.
fn named(protocol: Protocol, code: &str) -> String {
    match protocol {
        Protocol::Query | Protocol::RestXml => code.to_owned(),
        Protocol::Json | Protocol::Cbor | Protocol::RestJson => format!("{code}Exception"),
    }
}

/// An error of the service, in its protocol.
pub(crate) fn error(protocol: Protocol, status: u16, code: &str, message: &str) -> Message {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let json = format!(r#"{{"__type": "{code}", "message": "{message}"}}"#);
    let (kind, body) = match protocol {
        Protocol::Query => {
            let xml = format!("<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>");
            ("text/xml", xml.into_bytes())
        }
        Protocol::RestXml => ("application/xml", error.into_bytes()),
        Protocol::Json | Protocol::RestJson => ("application/x-amz-json-1.1", json.into_bytes()),
        Protocol::Cbor => (
            "application/cbor",
            cbor_map([("__type", code), ("message", message)]),
        ),
    };
    let mut reply = reply(status, kind, body);
    match protocol {
        Protocol::Cbor => reply.set_header("smithy-protocol", "rpc-v2-cbor"),
        Protocol::RestJson => reply.set_header("x-amzn-errortype", code),
        Protocol::Query | Protocol::Json | Protocol::RestXml => {}
    }
    reply
}

fn reply(status: u16, kind: &str, body: Vec<u8>) -> Message {
    Message {
        start: format!("HTTP/1.1 {status} Made-Up"),
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body,
    }
}

/// Returns a map of texts. Source: RFC 8949, section 3.1: major type 5 with the count, major type 3 with the
/// length.
fn cbor_map<const N: usize>(pairs: [(&str, &str); N]) -> Vec<u8> {
    let mut bytes = vec![0xa0 | u8::try_from(N).unwrap()];
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        // 0x79: a text with its length in the next two bytes.
        bytes.push(0x79);
        bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}
