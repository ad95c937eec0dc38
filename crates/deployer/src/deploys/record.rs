//! The record of a deploy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stack::{Stack, parse_record};
use template::contract::{assets_bucket, read_definition, read_environment};
use template::{PARAMETER_ASSETS_BUCKET, Template};

use crate::assets::digest;
use crate::error::{Error, Result};
use crate::observe::Observed;

/// Version of the format.
pub(super) const FORMAT: u32 = 1;

/// A deploy that was complete and verified. Its template holds the definition, too. The environment of a container can be in
/// both, as in the deployed template: values of `secrets` are in neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeployRecord {
    /// Version of the format.
    pub(super) format: u32,
    /// When it was complete, such as `2026-11-30T14:40:09Z`.
    pub(crate) at: String,
    /// ARN of the caller.
    pub(crate) caller: String,
    /// Version of ecs-scaler.
    pub(crate) version: String,
    /// The template, word for word.
    pub(crate) template: String,
    /// Its parameters, which have the keys of the functions' code.
    pub(crate) parameters: BTreeMap<String, String>,
    /// Digests that images had in running tasks, by the image as the template names it. Images without a running task are missing.
    pub(crate) images: BTreeMap<String, String>,
    /// The deploy that it went back to, by its time.
    pub(crate) rolled_back_to: Option<String>,
}

impl DeployRecord {
    /// Its time, or that of the deploy that it went back to.
    pub(crate) fn origin(&self) -> &str {
        self.rolled_back_to.as_deref().unwrap_or(&self.at)
    }

    /// The template, and the values of its parameters.
    pub(crate) fn template(&self) -> Result<(Template, BTreeMap<&'static str, String>)> {
        let template = Template::of_deployed(&self.template).map_err(|_| self.unreadable())?;
        let names = template.parameters().iter();
        let values = names.filter_map(|name| Some((*name, self.parameters.get(*name)?.clone())));
        let values = values.collect();
        Ok((template, values))
    }

    /// The definition that was deployed.
    pub(super) fn definition(&self) -> Result<Stack> {
        let document = self.document();
        let parsed = read_definition(&document).and_then(parse_record);
        let mut stack = parsed
            .ok_or_else(|| self.unreadable())?
            .map_err(|report| invalid(self, &report))?;
        stack.environment = read_environment(&document);
        Ok(stack)
    }

    /// The template as JSON; null if it isn't.
    pub(super) fn document(&self) -> Value {
        serde_json::from_str(&self.template).unwrap_or_default()
    }

    fn unreadable(&self) -> Error {
        Error::refused(format!(
            "the record of the deploy of {} has no definition",
            self.at
        ))
        .hint("check out the definition of that time, and `deploy` it")
    }

    /// The same record, whose template names images by the digests that ran then: a tag can be moved at any time. Returns what
    /// was pinned, too.
    pub(super) fn pin(mut self) -> (Self, BTreeMap<String, String>) {
        let pins = self.images.iter();
        let pins: BTreeMap<String, String> = pins
            .map(|(image, digest)| {
                let pinned = format!("{}@{digest}", without_tag(image));
                (image.clone(), pinned)
            })
            .collect();
        for (image, pinned) in &pins {
            let [from, to] =
                [image, pinned].map(|image| format!("\"Image\":{}", Value::from(&**image)));
            self.template = self.template.replace(&from, &to);
        }
        (self, pins)
    }

    /// Whether `content` is what it deployed, or what a rollback to it deploys.
    pub(super) fn is(&self, content: &str) -> bool {
        self.key_end() == content || self.clone().pin().0.key_end() == content
    }

    /// The end of its key: the hash of the deployed template.
    pub(super) fn key_end(&self) -> String {
        key_end(&self.template, &self.parameters)
    }
}

fn invalid(record: &DeployRecord, report: &stack::Report) -> Error {
    let problems = report.problems().iter();
    let problems: Vec<String> = problems.map(ToString::to_string).collect();
    Error::refused(format!(
        "this version of ecs-scaler can't read the definition of the deploy of {}: {}",
        record.at,
        problems.join("; ")
    ))
    .hint(format!(
        "use the version that deployed it: {}",
        record.version
    ))
}

/// How the key of a record ends.
pub(super) fn key_end(template: &str, parameters: &BTreeMap<String, String>) -> String {
    let text = format!("{template}\n{parameters:?}");
    let hash = digest(text.as_bytes());
    format!("-{}.json", hash.get(..16).unwrap_or_default())
}

/// The image without its tag: a colon after the last slash starts it.
fn without_tag(image: &str) -> &str {
    let name = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[name..].find(':') {
        Some(colon) => &image[..name + colon],
        None => image,
    }
}

/// The assets bucket of a deployed stack: its parameter, the one that its definition names, or the account's own.
pub(super) fn find_bucket(stack: &Observed, template: Option<&str>) -> String {
    if let Some(bucket) = stack.parameters.get(PARAMETER_ASSETS_BUCKET) {
        return bucket.clone();
    }
    let document = template.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let definition = document.as_ref().and_then(read_definition);
    let given = definition.and_then(parse_record).and_then(Result::ok);
    let given = given.and_then(|stack| stack.assets_bucket);
    given.unwrap_or_else(|| {
        let (account, region) = place_of(&stack.id);
        assets_bucket(account, region)
    })
}

/// Account and region in a stack's ID: `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID`.
pub(super) fn place_of(id: &str) -> (&str, &str) {
    let part = |index| id.split(':').nth(index).unwrap_or_default();
    (part(4), part(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recorded_digest_is_pinned() {
        let text = |images: &[&str]| {
            let images = images
                .iter()
                .map(|image| format!("{{\"Image\":\"{image}\",\"Name\":\"a\"}}"));
            images.collect::<Vec<_>>().join(",")
        };
        let record = DeployRecord {
            format: FORMAT,
            at: "2026-11-30T14:40:09Z".to_owned(),
            caller: String::new(),
            version: VERSION.to_owned(),
            template: text(&["host:5000/team/app:latest", "app", "log:3", "kept:1"]),
            parameters: BTreeMap::new(),
            images: [
                ("host:5000/team/app:latest", "sha256:1"),
                ("app", "sha256:2"),
                ("log:3", "sha256:3"),
            ]
            .map(|(image, digest)| (image.to_owned(), digest.to_owned()))
            .into(),
            rolled_back_to: None,
        };
        let (back, pinned) = record.clone().pin();
        assert_eq!(
            back.template,
            text(&[
                "host:5000/team/app@sha256:1",
                "app@sha256:2",
                "log@sha256:3",
                "kept:1"
            ])
        );
        assert_eq!(pinned.len(), 3);
        assert_eq!(pinned["app"], "app@sha256:2");
        // The stack is as the record says, also after a rollback to it.
        assert!(record.is(&record.key_end()) && record.is(&back.key_end()));
        assert!(!record.is(&key_end("other", &record.parameters)));
    }

    const VERSION: &str = "0.1.0";

    #[test]
    fn a_bucket_is_found_without_a_parameter() {
        let id = "arn:aws:cloudformation:us-west-2:111122223333:stack/shop/0a1b";
        assert_eq!(place_of(id), ("111122223333", "us-west-2"));
        assert_eq!(place_of("shop"), ("", ""));
    }
}
