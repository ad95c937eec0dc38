//! Whether the policy of a KMS key lets an AWS service use it. Pure: reads only the policy.
//!
//! A use counts as allowed if the policy alone doesn't determine the result, because of conditions on values
//! that aren't known in advance, or principals that represent others. So a refusal is certain, but an approval
//! isn't.

use serde_json::{Value, json};

/// A use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// CloudWatch Logs encrypts log groups.
    Logs,
    /// CloudWatch publishes to an encrypted topic.
    Alarms,
    /// SNS delivers to encrypted queues, and from an encrypted topic.
    Topics,
}

/// The location of the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home<'a> {
    pub(super) partition: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
}

impl Use {
    /// The consequence if it isn't allowed.
    pub(super) fn consequence(self) -> &'static str {
        match self {
            Self::Logs => "CloudWatch Logs can't use it, so log groups can't be made",
            Self::Alarms => "CloudWatch can't use it, so alarms would notify no one",
            Self::Topics => "SNS can't use it, so topics would deliver nothing",
        }
    }

    fn principal(self, home: Home<'_>) -> String {
        match self {
            Self::Logs => format!("logs.{}.amazonaws.com{}", home.region, home.suffix()),
            Self::Alarms => "cloudwatch.amazonaws.com".to_owned(),
            Self::Topics => "sns.amazonaws.com".to_owned(),
        }
    }

    /// Source: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"; Amazon SNS Developer Guide,
    /// "Managing Amazon SNS encryption keys and costs".
    fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Logs => &[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*",
            ],
            Self::Alarms | Self::Topics => &["kms:Decrypt", "kms:GenerateDataKey*"],
        }
    }

    /// Returns the actions that the service calls, without wildcards. A statement must allow each of them.
    fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Logs => &[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:DescribeKey",
            ],
            Self::Alarms | Self::Topics => &["kms:Decrypt", "kms:GenerateDataKey"],
        }
    }

    /// Returns the resource on whose behalf the service calls, if it is known in advance. `None` for a
    /// queue or topic of the stack.
    fn source(self, home: Home<'_>) -> Option<String> {
        let Home {
            partition,
            region,
            account,
        } = home;
        match self {
            Self::Logs => Some(format!(
                "arn:{partition}:logs:{region}:{account}:log-group:"
            )),
            Self::Alarms => Some(format!(
                "arn:{partition}:cloudwatch:{region}:{account}:alarm:"
            )),
            Self::Topics => None,
        }
    }

    /// Returns the statement that lets the service use the key, as in docs/permissions.md.
    pub(super) fn statement(self, home: Home<'_>) -> Value {
        let condition = match self {
            Self::Logs => {
                let groups = self.source(home).map(|groups| format!("{groups}*"));
                json!({ "ArnLike": { LOGS_CONTEXT: groups } })
            }
            Self::Alarms | Self::Topics => {
                json!({ "StringEquals": { "aws:SourceAccount": home.account } })
            }
        };
        json!({
            "Sid": format!("{self:?}"),
            "Effect": "Allow",
            "Principal": { "Service": self.principal(home) },
            "Action": self.actions(),
            "Resource": "*",
            "Condition": condition,
        })
    }
}

impl Home<'_> {
    /// Returns the suffix of the principal of a service with regions.
    fn suffix(self) -> &'static str {
        match self.partition {
            "aws-cn" => ".cn",
            _ => "",
        }
    }
}

const LOGS_CONTEXT: &str = "kms:EncryptionContext:aws:logs:arn";

/// Returns the uses that the policy definitely doesn't allow. `None` if it isn't a policy.
pub(super) fn list_missing(
    policy: &str,
    key: &str,
    uses: &[Use],
    home: Home<'_>,
) -> Option<Vec<Use>> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let statements = listed(policy.get("Statement")?);
    let is_missing = |used: &&Use| {
        let asked = |call: &&&str| !is_allowed(statements, key, **used, call, home);
        used.calls().iter().any(|call| asked(&call))
    };
    Some(uses.iter().filter(is_missing).copied().collect())
}

fn is_allowed(statements: &[Value], key: &str, used: Use, call: &str, home: Home<'_>) -> bool {
    let about = |effect: &'static str| {
        statements.iter().filter(move |statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && names_principal(statement, used, home)
                && names_action(statement, call)
                && names_key(statement, key)
        })
    };
    // A conditional denial might not apply, unless its condition is on a key that a service's request never
    // has.
    let is_denied = about("Deny").any(|statement| {
        conditions(statement).all(|(operator, key, _)| {
            lacks(key) && (operator.contains("Not") || operator.ends_with("IfExists"))
        })
    });
    !is_denied && about("Allow").any(|statement| may_be_met(statement, used, home))
}

/// Whether the service is among the statement's principals.
fn names_principal(statement: &Value, used: Use, home: Home<'_>) -> bool {
    let wanted = used.principal(home);
    let is_named = |principal: &Value| match principal {
        Value::String(all) => all == "*",
        Value::Object(kinds) => kinds.iter().any(|(kind, names)| {
            texts(names)
                .any(|name| name == "*" || (kind == "Service" && is_same_service(name, &wanted)))
        }),
        _ => false,
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => is_named(principal),
        (None, Some(others)) => !is_named(others),
        (None, None) => false,
    }
}

/// Services have names with and without their region. AWS treats them as equal if the name with the region
/// exists.
fn is_same_service(name: &str, wanted: &str) -> bool {
    name == wanted || (wanted.starts_with("logs.") && name == "logs.amazonaws.com")
}

fn names_action(statement: &Value, call: &str) -> bool {
    let is_named =
        |actions: &Value| texts(actions).any(|pattern| fits_ignoring_case(pattern, call));
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), _) => is_named(actions),
        (None, Some(others)) => !is_named(others),
        (None, None) => false,
    }
}

/// In a key's policy, `*` means the key itself.
fn names_key(statement: &Value, key: &str) -> bool {
    let is_named = |keys: &Value| texts(keys).any(|pattern| fits(pattern, key));
    match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(keys), _) => is_named(keys),
        (None, Some(others)) => !is_named(others),
        (None, None) => false,
    }
}

/// Returns the operator, key, and values of each condition.
fn conditions(statement: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let operators = statement.get("Condition").and_then(Value::as_object);
    operators
        .into_iter()
        .flatten()
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| (operator.as_str(), key.as_str(), values))
        })
}

/// Whether a request on behalf of this stack meets, or could meet, each condition.
fn may_be_met(statement: &Value, used: Use, home: Home<'_>) -> bool {
    conditions(statement).all(|(operator, key, values)| {
        // `IfExists` and `ForAnyValue:` make no difference if the key is present.
        let if_absent = operator.ends_with("IfExists") || operator.starts_with("ForAllValues:");
        let operator = operator.rsplit(':').next().unwrap_or(operator);
        let operator = operator.trim_end_matches("IfExists");
        let like = ["StringLike", "ArnLike", "ArnEquals"].contains(&operator);
        if !like && operator != "StringEquals" && operator != "StringEqualsIgnoreCase" {
            return true;
        }
        if lacks(key) {
            return if_absent;
        }
        match key.to_ascii_lowercase().as_str() {
            "aws:sourceaccount" => texts(values).any(|value| match like {
                true => fits(value, home.account),
                false => value == home.account,
            }),
            "aws:sourcearn" | "kms:encryptioncontext:aws:logs:arn" => {
                let source = used.source(home);
                source.is_none_or(|source| texts(values).any(|value| may_begin(value, &source)))
            }
            _ => true,
        }
    })
}

/// Whether a request by a service, with its own identity, never has this key. If a key is missing, only negated
/// operators, `IfExists`, and `ForAllValues:` meet a condition on it. Source: IAM User Guide, "IAM JSON policy
/// elements: Condition operators".
fn lacks(key: &str) -> bool {
    let absent = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "kms:calleraccount",
    ];
    absent.contains(&key.to_ascii_lowercase().as_str())
}

/// Number of parts of an ARN before its resource.
const ARN_PARTS: usize = 5;

/// Whether an ARN that starts with `start` can match the pattern. IAM compares the parts of ARNs one by one.
fn may_begin(pattern: &str, start: &str) -> bool {
    let split = |arn: &'_ str| -> Vec<String> {
        arn.splitn(ARN_PARTS + 1, ':').map(str::to_owned).collect()
    };
    let (parts, own) = (split(pattern), split(start));
    match (parts.get(ARN_PARTS), own.get(ARN_PARTS)) {
        (Some(resource), Some(begin)) => {
            let mut pairs = parts.iter().zip(&own).take(ARN_PARTS);
            pairs.all(|(pattern, part)| fits(pattern, part)) && fits_start(resource, begin)
        }
        _ => fits_start(pattern, start),
    }
}

/// Whether some continuation of `start` matches the pattern.
fn fits_start(pattern: &str, start: &str) -> bool {
    let mut ends = pattern
        .char_indices()
        .map(|(end, letter)| end + letter.len_utf8());
    ends.any(|end| pattern.get(..end).is_some_and(|part| fits(part, start)))
}

/// Whether a text matches a pattern with `*` and `?`, as in IAM.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // The position of the last `*`, and the length of its current match.
    let (mut at, mut here, mut star) = (0, 0, None);
    while here < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(letter) if *letter == '?' || Some(letter) == text.get(here) => {
                at += 1;
                here += 1;
            }
            _ => match star {
                None => return false,
                Some((back, taken)) => {
                    star = Some((back, taken + 1));
                    at = back + 1;
                    here = taken + 1;
                }
            },
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

fn fits_ignoring_case(pattern: &str, text: &str) -> bool {
    fits(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// Returns the items of a list, or a single value as a list.
fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    listed(value).iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests;
