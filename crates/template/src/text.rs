//! Text that CloudFormation completes: literal parts between references, with a maximum length.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::limits;

/// Text with references in it, and the maximum number of characters of the completed text. With the maximum, the
/// limits of EventBridge and IAM can be checked before anything is deployed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Reference {
        id: String,
        attribute: Option<&'static str>,
        longest: usize,
    },
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Text {
    /// The value of `Ref` for a resource, a parameter, or a pseudo parameter.
    pub(crate) fn reference(id: impl Into<String>, longest: usize) -> Self {
        Self::part(Part::Reference {
            id: id.into(),
            attribute: None,
            longest,
        })
    }

    /// The value of `Fn::GetAtt` for a resource.
    pub(crate) fn attribute(
        id: impl Into<String>,
        attribute: &'static str,
        longest: usize,
    ) -> Self {
        Self::part(Part::Reference {
            id: id.into(),
            attribute: Some(attribute),
            longest,
        })
    }

    /// The stack's partition, such as `aws`.
    pub(crate) fn partition() -> Self {
        Self::reference("AWS::Partition", limits::PARTITION)
    }

    /// The stack's region.
    pub(crate) fn region() -> Self {
        Self::reference("AWS::Region", limits::REGION)
    }

    /// The stack's account.
    pub(crate) fn account() -> Self {
        Self::reference("AWS::AccountId", limits::ACCOUNT)
    }

    /// The domain of the partition, such as `amazonaws.com`.
    pub(crate) fn url_suffix() -> Self {
        Self::reference("AWS::URLSuffix", limits::URL_SUFFIX)
    }

    /// An ARN in the stack's own partition, region, and account.
    pub(crate) fn arn(service: &str, resource: impl Into<Self>) -> Self {
        text![
            "arn:",
            Self::partition(),
            ":",
            service,
            ":",
            Self::region(),
            ":",
            Self::account(),
            ":",
            resource.into()
        ]
    }

    /// All of them in a row.
    pub(crate) fn concat(texts: impl IntoIterator<Item = Self>) -> Self {
        Self {
            parts: texts.into_iter().flat_map(|text| text.parts).collect(),
        }
    }

    /// The maximum number of characters of the completed text.
    pub(crate) fn longest(&self) -> usize {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.chars().count(),
                Part::Reference { longest, .. } => *longest,
            })
            .sum()
    }

    /// Its references, as between the braces of `Fn::Sub`, each with its maximum number of characters.
    pub(crate) fn references(&self) -> impl Iterator<Item = (String, usize)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Reference {
                id,
                attribute: None,
                longest,
            } => Some((id.clone(), *longest)),
            Part::Reference {
                id,
                attribute: Some(attribute),
                longest,
            } => Some((format!("{id}.{attribute}"), *longest)),
        })
    }

    /// The text for `Fn::Sub`.
    pub(crate) fn sub(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => escape(text),
                Part::Reference {
                    id,
                    attribute: None,
                    ..
                } => format!("${{{id}}}"),
                Part::Reference {
                    id,
                    attribute: Some(attribute),
                    ..
                } => {
                    format!("${{{id}.{attribute}}}")
                }
            })
            .collect()
    }

    /// The simplest value that CloudFormation completes to the text.
    pub(crate) fn value(&self) -> Value {
        match self.parts.as_slice() {
            [
                Part::Reference {
                    id,
                    attribute: None,
                    ..
                },
            ] => json!({ "Ref": id }),
            [
                Part::Reference {
                    id,
                    attribute: Some(attribute),
                    ..
                },
            ] => {
                json!({ "Fn::GetAtt": [id, attribute] })
            }
            parts if parts.iter().all(|part| matches!(part, Part::Literal(_))) => {
                parts.iter().map(Part::literal).collect::<String>().into()
            }
            _ => json!({ "Fn::Sub": self.sub() }),
        }
    }

    fn part(part: Part) -> Self {
        Self { parts: vec![part] }
    }
}

impl Part {
    fn literal(&self) -> &str {
        match self {
            Self::Literal(text) => text,
            Self::Reference { .. } => "",
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::part(Part::Literal(text.to_owned()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::part(Part::Literal(text))
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

/// A literal for use inside `Fn::Sub`, which would treat `${…}` as a reference.
pub(crate) fn escape(literal: &str) -> String {
    literal.replace("${", "${!")
}

/// The resource `id` itself, with `Ref`.
pub(crate) fn reference(id: &str) -> Value {
    json!({ "Ref": id })
}

/// An attribute of the resource `id`.
pub(crate) fn attribute(id: &str, attribute: &str) -> Value {
    json!({ "Fn::GetAtt": [id, attribute] })
}

/// A number as JSON, without a fraction if it is whole.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers under 2^53 in size are converted"
)]
pub(crate) fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        json!(value as i64)
    } else {
        json!(value)
    }
}

/// The same value with the keys of every object in alphabetical order, so that the bytes of a template don't depend
/// on the `serde_json` features of a build.
pub(crate) fn canonical(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, canonical(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        scalar => scalar,
    }
}

/// [`Text`] from literals and texts in a row.
macro_rules! text {
    ($($part:expr),+ $(,)?) => {
        $crate::text::Text::concat([$($crate::text::Text::from($part)),+])
    };
}
pub(crate) use text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_reference_needs_no_sub() {
        assert_eq!(Text::region().value(), json!({ "Ref": "AWS::Region" }));
        assert_eq!(
            Text::attribute("Q", "Arn", 9).value(),
            json!({ "Fn::GetAtt": ["Q", "Arn"] })
        );
        assert_eq!(Text::from("a${b}").value(), json!("a${b}"));
    }

    #[test]
    fn literals_are_escaped_between_references() {
        let text = text![
            "a${b}:",
            Text::region(),
            ":",
            Text::attribute("Q", "Arn", 9)
        ];
        assert_eq!(
            text.value(),
            json!({ "Fn::Sub": "a${!b}:${AWS::Region}:${Q.Arn}" })
        );
        assert_eq!(text.longest(), 6 + limits::REGION + 1 + 9);
    }

    #[test]
    fn numbers_keep_their_value() {
        assert_eq!(number(100.0), json!(100));
        assert_eq!(number(0.5), json!(0.5));
        assert_eq!(number(1e300), json!(1e300));
    }
}
