//! A task role's permissions on queues, from its policy documents.

use serde_json::Value;

/// A queue, or several, for which a statement allows actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueGrant {
    /// ARN, or a pattern with `*` and `?`.
    pub resource: String,
    /// Whether messages can be received.
    pub receives: bool,
}

/// The permissions on queues in policy documents. A statement with `NotAction` or `NotResource`, or a denial, shows
/// nothing certain about a queue, and is skipped; so is a document that isn't JSON.
#[must_use]
pub fn queue_grants(documents: &[String]) -> Vec<QueueGrant> {
    let documents = documents.iter();
    let documents = documents.filter_map(|text| serde_json::from_str::<Value>(text).ok());
    documents
        .flat_map(|document| list(&document["Statement"]))
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| {
            let actions = texts(&statement["Action"]);
            let may = |action: &str| actions.iter().any(|pattern| matches(pattern, action));
            let receives = may("sqs:ReceiveMessage");
            let any = receives || may("sqs:SendMessage") || may("sqs:DeleteMessage");
            let resources = texts(&statement["Resource"]).into_iter();
            let resources = resources.filter(move |resource| {
                any && (resource == "*"
                    || resource.starts_with("arn:") && resource.contains(":sqs:"))
            });
            resources
                .map(move |resource| QueueGrant { resource, receives })
                .collect::<Vec<_>>()
        })
        .collect()
}

impl QueueGrant {
    /// Whether the grant is for a queue.
    #[must_use]
    pub fn covers(&self, arn: &str) -> bool {
        matches(&self.resource, arn)
    }

    /// Whether it names exactly one queue.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.resource.contains(['*', '?'])
    }
}

/// One item, or the items of a list.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

fn texts(value: &Value) -> Vec<String> {
    let items = list(value).into_iter();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// Whether an IAM pattern with `*` and `?` matches; actions match in upper and lower case.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    // The position of the last `*`, and the end of its match. That is enough, because a later `*` replaces an
    // earlier one.
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, matched)) => {
                    star = Some((place, matched + 1));
                    at = place + 1;
                    from = matched + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receiving_is_told_from_sending() {
        let document = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["sqs:Receive*", "sqs:DeleteMessage"], "Resource": "arn:aws:sqs:us-west-2:1:orders"},
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": ["arn:aws:sqs:us-west-2:1:mails", "arn:aws:sns:us-west-2:1:x"]},
            {"Effect": "Deny", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-west-2:1:denied"},
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "SQS:*", "Resource": "arn:aws:sqs:*:1:team-*"}
        ]}"#;
        let grants = queue_grants(&[document.to_owned(), "not JSON".to_owned()]);
        let found: Vec<(&str, bool, bool)> = grants
            .iter()
            .map(|grant| (grant.resource.as_str(), grant.receives, grant.is_exact()))
            .collect();
        assert_eq!(
            found,
            [
                ("arn:aws:sqs:us-west-2:1:orders", true, true),
                ("arn:aws:sqs:us-west-2:1:mails", false, true),
                ("arn:aws:sqs:*:1:team-*", true, false),
            ]
        );
        assert!(grants[2].covers("arn:aws:sqs:us-west-2:1:team-a"));
        assert!(!grants[2].covers("arn:aws:sqs:us-west-2:2:team-a"));
        // A single statement doesn't have to be in a list, and everything can be allowed.
        let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
        assert!(queue_grants(&[all.to_owned()])[0].covers("arn:aws:sqs:us-west-2:1:orders"));
    }

    #[test]
    fn patterns_match_as_iam_matches_them() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b", "abab", true),
            ("", "a", false),
            ("sqs:receivemessage", "sqs:ReceiveMessage", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
