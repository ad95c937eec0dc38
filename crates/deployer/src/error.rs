//! One error type for the room: what was being done, its kind, and hints on what to do next.

use std::error::Error as StdError;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::ErrorKind as RetryKind;

use aws_sdk_cloudformation::error::SdkError;

/// What went wrong, as far as the next step of the user depends on it. Each kind has an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything that is none of the others.
    Failed,
    /// CloudFormation could not carry the deployment out, and took it back or stopped.
    DeploymentFailed,
    /// A guard of ours refused.
    Refused,
    /// AWS was out of reach, or denied access.
    Unreachable,
}

/// An error of the deployer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Result of the deployer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
            source: None,
        }
    }

    /// An error of the kind [`Kind::Failed`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// An error of the kind [`Kind::Refused`].
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Adds a hint on what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the error behind it.
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Hints on what to do next, the most useful first.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

/// Converts an SDK error: `call(..).await.map_err(aws("describe the stack"))`.
pub(crate) fn aws<E, R>(doing: impl Into<String>) -> impl FnOnce(SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    move |error| {
        let doing = doing.into();
        match &error {
            SdkError::ServiceError(context) => service_error(&doing, context.err()),
            SdkError::ConstructionFailure(_) => Error::new(
                Kind::Unreachable,
                format!("failed to {doing}: {}", deepest(&error)),
            ),
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                unreachable_aws(&doing, &error)
            }
            _ => Error::failed(format!("failed to {doing}: {}", deepest(&error))),
        }
    }
}

fn service_error<E: ProvideErrorMetadata + StdError>(doing: &str, error: &E) -> Error {
    let code = error.code().unwrap_or("unknown error");
    let message = error.message().unwrap_or("AWS gave no message");
    let text = format!("failed to {doing}: {message} ({code})");
    if is_expired(code) {
        return Error::new(Kind::Unreachable, text).hint(
            "the credentials are expired or invalid: sign in again, or name another --profile",
        );
    }
    if is_denied(code) {
        return Error::new(Kind::Unreachable, text).hint(
            "these credentials lack the permission: docs/permissions.md lists what each verb needs",
        );
    }
    Error::failed(text)
}

fn unreachable_aws<E, R>(doing: &str, error: &SdkError<E, R>) -> Error
where
    E: StdError + 'static,
    R: std::fmt::Debug,
{
    let cause = deepest(error);
    let text = format!("failed to {doing}: {cause}");
    if cause.contains("credential") || cause.contains("profile") {
        return Error::new(Kind::Unreachable, text)
            .hint("give credentials: --profile NAME, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
            .hint("to try it without an AWS account: --local");
    }
    Error::new(Kind::Unreachable, text)
        .hint("check the network, --region and --endpoint-url")
        .hint("to try it without an AWS account: --local")
}

/// The last message of the chain of sources: an SDK error's own says only "dispatch failure".
fn deepest(error: &dyn StdError) -> String {
    let mut messages = vec![error.to_string()];
    let mut current = error.source();
    while let Some(source) = current {
        messages.push(source.to_string());
        current = source.source();
    }
    let tail = messages.split_off(messages.len().saturating_sub(2));
    tail.join(": ")
}

fn is_expired(code: &str) -> bool {
    matches!(
        code,
        "ExpiredToken"
            | "ExpiredTokenException"
            | "RequestExpired"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "AuthFailure"
    )
}

pub(crate) fn is_denied(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "Forbidden"
            | "OptInRequired"
    )
}

/// Whether the error says that AWS could not be asked just now, so that asking again makes sense.
pub(crate) fn is_passing<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::DispatchFailure(failure) => {
            failure.is_io()
                || failure.is_timeout()
                || failure.as_other() == Some(RetryKind::TransientError)
        }
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(context) => {
            let code = context.err().code().unwrap_or_default();
            code.contains("Throttl")
                || code.contains("RequestLimit")
                || matches!(
                    code,
                    "InternalFailure" | "InternalError" | "ServiceUnavailable" | ""
                )
        }
        _ => false,
    }
}
