//! A converter's knowledge, and where it reports findings.

use super::finding::{Finding, Kind};
use super::interpolate::interpolate;
use super::placeholder;
use super::section::Field;
use crate::document::{Map, Value};

/// Maximum number of findings of an import: more would help no one, and a hostile manifest could have thousands in
/// each environment.
const MOST_FINDINGS: usize = 2_000;

/// What is known in addition to the current manifest, and the findings so far.
pub(super) struct Context<'a> {
    /// The file being read.
    pub(super) file: &'a str,
    /// The service being converted.
    pub(super) service: Option<String>,
    pub(super) application: Option<&'a str>,
    pub(super) environment: Option<&'a str>,
    /// Whether the definition is only for this environment.
    pub(super) is_only: bool,
    pub(super) account: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) findings: Vec<Finding>,
}

impl Context<'_> {
    /// Reports a finding about a key.
    pub(super) fn report(
        &mut self,
        field: &Field<'_>,
        kind: Kind,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report_at(field.line, &field.path, kind, message, help);
    }

    /// Reports a finding about a place in the file.
    pub(super) fn report_at(
        &mut self,
        line: usize,
        key: &str,
        kind: Kind,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.findings.len() >= MOST_FINDINGS {
            return;
        }
        self.findings.push(Finding {
            file: self.file.to_owned(),
            line,
            key: key.to_owned(),
            kind,
            message: message.into(),
            help: help.into(),
            service: self.service.clone(),
        });
    }

    /// Reports a key that has no equivalent.
    pub(super) fn missing(
        &mut self,
        field: &Field<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(field, Kind::Missing, message, help);
    }

    /// Text with its variables replaced; unknown ones become placeholders, such as `<ENVIRONMENT>`.
    pub(super) fn interpolate(&self, text: &str) -> String {
        interpolate(
            text,
            |name| self.variable(name),
            |name| format!("<{}>", placeholder::name_of(name)),
        )
        .0
    }

    /// Text for a place that accepts any text. An unknown variable makes it a mapping, which `validate` refuses
    /// there.
    pub(super) fn free_text(&self, text: &str) -> Value {
        let (text, unresolved) = interpolate(
            text,
            |name| self.variable(name),
            |name| format!("${{{name}}}"),
        );
        if unresolved {
            placeholder_map("unresolved", text)
        } else {
            text.into()
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "COPILOT_APPLICATION_NAME" => self.application,
            "COPILOT_ENVIRONMENT_NAME" => self.environment,
            "AWS_ACCOUNT_ID" => self.account,
            "AWS_REGION" => self.region,
            _ => None,
        };
        value.map(str::to_owned)
    }

    /// An ARN in the environment's region and account.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let partition = self.region.map_or("aws", stack::partition_of);
        let (region, account) = (
            self.region.unwrap_or("<REGION>"),
            self.account.unwrap_or("<ACCOUNT>"),
        );
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// The prefix of Copilot's names for an environment's resources.
    pub(super) fn prefix(&self) -> String {
        let (application, environment) = (
            self.application.unwrap_or("<APPLICATION>"),
            self.environment.unwrap_or("<ENVIRONMENT>"),
        );
        format!("{application}-{environment}")
    }
}

/// A mapping instead of an unknown value.
pub(super) fn placeholder_map(key: &str, text: impl Into<Value>) -> Value {
    let mut map = Map::new();
    map.inline().set(key, text);
    map.into()
}
