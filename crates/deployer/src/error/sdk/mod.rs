//! The SDK's errors, classified by how the user can fix them.

use std::error::Error as StdError;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::ErrorKind as RetryKind;

use super::{Error, Kind};
use crate::http::AnsweredBy;

/// Converts an SDK error: `call(..).await.map_err(aws("describe the stack"))`.
pub fn aws<E>(doing: impl Into<String>) -> impl FnOnce(SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    move |error| {
        let doing = doing.into();
        match &error {
            SdkError::ServiceError(context) if has_no_code(context.err()) => {
                without_code(&doing, context.raw(), context.err())
            }
            SdkError::ServiceError(context) => service_error(&doing, context.err()),
            SdkError::TimeoutError(_) => no_connection(format!(
                "failed to {doing}: the request timed out after several retries"
            )),
            SdkError::ResponseError(context) => no_connection(format!(
                "failed to {doing}: the reply ({}) can't be read, after several tries ({})",
                answered(context.raw()),
                last_causes(&error)
            )),
            _ => not_sent(&doing, &last_causes(&error)),
        }
    }
}

/// Whether an emulator says that it lacks the operation.
pub(crate) fn is_not_emulated<E>(error: &SdkError<E>) -> bool {
    let reply = error.raw_response();
    reply.is_some_and(|reply| reply.status().as_u16() == 501)
}

/// The error code of a reply; empty without a code or a reply.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .unwrap_or_default()
}

/// Returns the message of a reply. Empty without a message or a reply.
pub(crate) fn text<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::message)
        .unwrap_or_default()
}

/// Whether AWS denied access to these credentials.
pub(crate) fn is_denied<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    Trouble::of(code(error)) == Trouble::Denied
}

/// Whether the error is temporary, so that a retry makes sense.
pub(crate) fn is_passing<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => {
            failure.is_io()
                || failure.is_timeout()
                || failure.as_other() == Some(RetryKind::TransientError)
        }
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(context) => {
            // An error without a code is a reply that a device in between truncated or created.
            let code = context.err().code().unwrap_or_default();
            code.is_empty() || matches!(Trouble::of(code), Trouble::Throttled | Trouble::Down)
        }
        _ => false,
    }
}

/// The category of an error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Expired,
    Invalid,
    Denied,
    Throttled,
    Down,
    Other,
}

impl Trouble {
    fn of(code: &str) -> Self {
        match code {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Self::Expired,
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidAccessKeyId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "AuthFailure" => Self::Invalid,
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "NotAuthorized"
            | "Forbidden"
            | "AllAccessDisabled"
            | "OptInRequired" => Self::Denied,
            "InternalFailure"
            | "InternalError"
            | "InternalServerError"
            | "InternalException"
            | "ServerException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "ServiceException" => Self::Down,
            "SlowDown" | "BandwidthLimitExceeded" | "TooManyRequestsException" => Self::Throttled,
            _ if code.contains("Throttl") || code.contains("RequestLimit") => Self::Throttled,
            _ => Self::Other,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Other => Kind::Failed,
            _ => Kind::Unreachable,
        }
    }

    fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Expired => {
                "the credentials have expired: sign in again (`aws sso login`), or use another --profile"
            }
            Self::Invalid => {
                "AWS doesn't recognize these credentials: check --profile; they also don't work in a --region that isn't enabled for the account or is in another partition (China, GovCloud)"
            }
            Self::Denied => {
                "these credentials don't have the required permission; see docs/permissions.md"
            }
            Self::Throttled => {
                "AWS throttled this account's requests, even after several retries: run the command again in a minute"
            }
            Self::Down => {
                "AWS returned server errors, even after several retries: run the command again"
            }
            Self::Other => return None,
        })
    }
}

fn has_no_code<E: ProvideErrorMetadata>(error: &E) -> bool {
    error.code().unwrap_or_default().is_empty()
}

/// An error without a code. AWS always returns one, so a device between this machine and AWS created the reply.
fn without_code<E: ProvideErrorMetadata>(doing: &str, response: &HttpResponse, error: &E) -> Error {
    let message = error.message().unwrap_or_default();
    let message = if message.is_empty() {
        String::new()
    } else {
        format!(" ({message})")
    };
    let answered = answered(response);
    let text = format!("failed to {doing}: {answered}, without an AWS error code{message}");
    Error::new(Kind::Unreachable, text)
        .hint("a proxy or gateway might have responded: check the network, HTTPS_PROXY, and --endpoint-url; then run the command again")
}

/// "HTTP 502 from sts.us-west-2.amazonaws.com".
fn answered(response: &HttpResponse) -> String {
    let status = response.status().as_u16();
    match response.extension::<AnsweredBy>() {
        Some(AnsweredBy(host)) => format!("HTTP {status} from {host}"),
        None => format!("HTTP {status}"),
    }
}

fn service_error<E: ProvideErrorMetadata>(doing: &str, error: &E) -> Error {
    let code = error.code().unwrap_or_default();
    let reason = match (error.message().unwrap_or_default(), code) {
        ("", code) => code.to_owned(),
        (message, code) if message.contains(code) => message.to_owned(),
        (message, code) => format!("{message} ({code})"),
    };
    let trouble = Trouble::of(code);
    let error = Error::new(trouble.kind(), format!("failed to {doing}: {reason}"))
        .with_denied(trouble == Trouble::Denied);
    match trouble.hint() {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// A request that wasn't sent: no credentials, no endpoint, or no connection.
fn not_sent(doing: &str, cause: &str) -> Error {
    let lower = cause.to_lowercase();
    let failed = |why: &str| Error::new(Kind::Unreachable, format!("failed to {doing}: {why}"));
    if lower.contains("sso") {
        return failed(cause).hint(
            "the SSO session has expired, or was never opened: `aws sso login --profile NAME`",
        );
    }
    if lower.contains("no credentials found") {
        return failed("no AWS credentials were found")
            .hint("use a profile that exists (--profile NAME or AWS_PROFILE; `aws configure list-profiles`), \
                   or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
            .hint(WITHOUT_ACCOUNT);
    }
    if lower.contains("credential") || lower.contains("profile") {
        return failed(cause)
            .hint("check the credential settings of the profile, or use another --profile")
            .hint(WITHOUT_ACCOUNT);
    }
    if lower.contains("unknownissuer") {
        return failed(cause)
            .hint(
                "this machine doesn't know who issued the certificate: install the package `ca-certificates`, or set \
                 SSL_CERT_FILE to the certificates of your proxy",
            )
            .hint(WITHOUT_ACCOUNT);
    }
    no_connection(format!("failed to {doing}: {cause}"))
}

fn no_connection(text: String) -> Error {
    Error::new(Kind::Unreachable, text)
        .hint("check the network, --region and --endpoint-url")
        .hint(WITHOUT_ACCOUNT)
}

pub(crate) const WITHOUT_ACCOUNT: &str = "to try it without an AWS account: --local";

/// Returns the last two messages in the chain of sources, without repetitions. An SDK error's own message is
/// only "dispatch failure", and some messages repeat the ones below.
pub(crate) fn last_causes(error: &dyn StdError) -> String {
    let mut messages: Vec<String> = Vec::new();
    let mut current = Some(error);
    while let Some(error) = current {
        let message = error.to_string();
        // If the SDK can't create a request, it shows the whole request before the problem.
        let shows_request = message.contains("Request {");
        let told = messages
            .last()
            .is_some_and(|before| before.contains(&message));
        if !shows_request && !told {
            messages.push(message);
        }
        current = error.source();
    }
    let tail = messages.split_off(messages.len().saturating_sub(2));
    tail.join(": ")
}

#[cfg(test)]
mod tests;
