//! A part of a stack, and how to read it from a reply.

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Map, Value};

use crate::error::{Result, aws, unless_denied};

/// A part of a stack as its service returns it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Live {
    /// The service has no such resource.
    Missing,
    /// Its properties, named as CloudFormation names them. A property that the service didn't return is absent;
    /// `null` means that it isn't set.
    Found(Map<String, Value>),
    /// It can't be read with these credentials.
    Unchecked(String),
}

impl Live {
    /// Returns a part that was read. If access was denied, the part is unchecked.
    pub(super) fn of(read: Result<Self>) -> Result<Self> {
        Ok(unless_denied(read)?.unwrap_or_else(Self::Unchecked))
    }
}

/// Converts an error to the state of a part, if it implies one.
pub(super) fn explain<E>(
    error: SdkError<E, HttpResponse>,
    doing: &str,
    is_missing: impl Fn(&E) -> bool,
) -> Result<Live>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if error.as_service_error().is_some_and(is_missing) {
        return Ok(Live::Missing);
    }
    Err(aws(doing)(error))
}

/// Collects the properties that a service returned.
#[derive(Default)]
pub(super) struct Properties(Map<String, Value>);

impl Properties {
    /// Sets a property, if there is a value.
    pub(super) fn set(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Sets a property that every emulator returns if it is set.
    pub(super) fn set_or_null(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        let value = value.map_or(Value::Null, Into::into);
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Returns the part as found.
    pub(super) fn found(self) -> Live {
        Live::Found(self.0)
    }

    /// Returns the properties as the value of a nested object.
    pub(super) fn object(self) -> Value {
        Value::Object(self.0)
    }
}
