//! SNS filter policies on message attributes or the message body: the operators that SNS supports, and its limits.
//!
//! Sources: Amazon SNS Developer Guide, "Filter policy constraints" and "String/Numeric value matching".

use std::net::IpAddr;

use super::check::{Checker, Spot};
use crate::path;
use crate::source::Span;
use crate::text::shorten;
use crate::yaml::{Key, Node, Value};

/// Maximum number of attributes in a policy, including attributes under `$or`; in a filter on the body, only the
/// outermost keys count.
const ATTRIBUTES: usize = 5;

/// Maximum number of combinations of values.
const COMBINATIONS: usize = 150;

/// SNS accepts numbers from -10^9 to 10^9.
const LARGEST: f64 = 1e9;

/// Key of alternatives among attributes.
const OR: &str = "$or";

const OPERATORS: &str = "`prefix`, `suffix`, `equals-ignore-case`, `wildcard`, `anything-but`, `numeric`, `exists` and `cidr`";

const TEXT: &str = "write text, such as `voucher`";

/// A problem that SNS would refuse, and the fix.
struct Wrong {
    span: Span,
    message: String,
    help: String,
}

impl Checker<'_> {
    pub(super) fn filter(&mut self, found: &[(Key, Node)], spot: Spot<'_>) {
        let before = self.findings.error_count();
        let nested = spot.sibling("filter_scope") == Some("body");
        let attributes = self.attributes(found, spot.path, nested);
        if !self.fits(attributes, 1, ATTRIBUTES, "attributes", spot)
            || self.findings.error_count() > before
        {
            return;
        }
        let combinations = combinations(found, 1);
        if combinations > COMBINATIONS {
            let shown = self.shown(spot);
            let message = format!("the filter has {combinations} combinations of values");
            let help = format!(
                "SNS allows at most {COMBINATIONS}: multiply the numbers of values of the attributes{}, and accept fewer of them",
                if nested {
                    ", each times the level of its key"
                } else {
                    ""
                }
            );
            self.findings
                .refuse(spot.path, message, &[(shown, "too many")], help);
        }
    }

    /// Checks each attribute, and returns their number. Only a filter on the body can have `nested` keys.
    fn attributes(&mut self, found: &[(Key, Node)], outer: &str, nested: bool) -> usize {
        let mut count = 0;
        for (key, node) in found {
            let path = path::key(outer, &key.text);
            let spot = Spot::new(node, &path, Some(key.span));
            self.place(spot);
            if key.text != OR {
                count += 1;
                let shown = self.shown(spot);
                let inner = node.entries();
                if nested && !inner.is_empty() && name_fault(key).is_none() {
                    self.attributes(inner, &path, nested);
                    continue;
                }
                let wrong =
                    name_fault(key).or_else(|| values_fault(&key.text, node, shown, nested));
                self.refuse_wrong(wrong, &path);
                continue;
            }
            let branches = node.items();
            let is_choice =
                branches.len() > 1 && branches.iter().all(|item| !item.entries().is_empty());
            if is_choice {
                for (index, branch) in branches.iter().enumerate() {
                    count += self.attributes(branch.entries(), &path::item(&path, index), nested);
                }
            } else {
                let wrong = Wrong {
                    span: self.shown(spot),
                    message: format!("`{OR}` needs several alternatives"),
                    help: format!("write `{OR}: [{{kind: [voucher]}}, {{size: [large]}}]`"),
                };
                count += 1;
                self.refuse_wrong(Some(wrong), &path);
            }
        }
        count
    }

    fn refuse_wrong(&mut self, wrong: Option<Wrong>, path: &str) {
        if let Some(wrong) = wrong {
            let labels = [(wrong.span, "not valid here")];
            self.findings
                .refuse(path, wrong.message, &labels, wrong.help);
        }
    }
}

/// The number of combinations: the number of values × the level of the key, multiplied over the attributes.
/// Alternatives are added up.
fn combinations(found: &[(Key, Node)], level: usize) -> usize {
    let counts = found.iter().map(|(key, node)| match node.items() {
        items if key.text == OR => items
            .iter()
            .map(|branch| combinations(branch.entries(), level))
            .fold(0, usize::saturating_add),
        [] => combinations(node.entries(), level + 1),
        items => items.len().saturating_mul(level),
    });
    counts.fold(1, usize::saturating_mul)
}

fn name_fault(key: &Key) -> Option<Wrong> {
    (key.text == "Ref" || key.text.starts_with("Fn::")).then(|| Wrong {
        span: key.span,
        message: format!("a filter can't name an attribute `{}`", shorten(&key.text)),
        help: "CloudFormation treats the name as one of its functions: filter by another attribute"
            .to_owned(),
    })
}

fn values_fault(name: &str, node: &Node, shown: Span, nested: bool) -> Option<Wrong> {
    let name = shorten(name);
    if matches!(node.value, Value::Refused) {
        return None;
    }
    if matches!(node.value, Value::Map(_)) && !nested {
        return Some(Wrong {
            span: shown,
            message: "a filter on attributes has no nested keys".to_owned(),
            help: format!(
                "an attribute has one value: write `{name}: [value, …]`; or filter the message's body with `filter_scope: body`"
            ),
        });
    }
    if node.items().is_empty() || node.to_json().is_none() {
        return Some(Wrong {
            span: shown,
            message: "a filter accepts a list of values".to_owned(),
            help: format!(
                "write `{name}: [value, …]`, with text, numbers, booleans or SNS operators in it"
            ),
        });
    }
    node.items().iter().find_map(value_fault)
}

fn value_fault(node: &Node) -> Option<Wrong> {
    match &node.value {
        Value::Str(_) | Value::Bool(_) | Value::Null | Value::Refused => None,
        Value::Int(_) | Value::Float(_) => number_fault(node),
        Value::Seq(_) => Some(wrong(
            node,
            "a list is inside a list of accepted values",
            "write the values one after the other",
        )),
        Value::Map(entries) => match entries.as_slice() {
            [(key, operand)] => operator_fault(key, operand),
            _ => Some(wrong(
                node,
                "a value has exactly one operator",
                "write each operator as a separate value: `[{prefix: a}, {suffix: b}]`",
            )),
        },
    }
}

fn operator_fault(key: &Key, operand: &Node) -> Option<Wrong> {
    let is_text = matches!(operand.value, Value::Str(_) | Value::Refused);
    match key.text.as_str() {
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard" => {
            (!is_text).then(|| wrong(operand, &format!("`{}` needs text", key.text), TEXT))
        }
        "exists" => (!matches!(operand.value, Value::Bool(_))).then(|| {
            wrong(
                operand,
                "`exists` needs `true` or `false`",
                "write `{exists: true}`",
            )
        }),
        "cidr" => (!operand.as_str().is_some_and(is_cidr)).then(|| {
            wrong(
                operand,
                "`cidr` needs a range of addresses",
                "write `{cidr: 10.0.0.0/24}`",
            )
        }),
        "numeric" => numeric_fault(operand),
        "anything-but" => anything_but_fault(operand),
        other => Some(Wrong {
            span: key.span,
            message: format!("SNS has no operator `{}`", shorten(other)),
            help: format!("its operators are {OPERATORS}"),
        }),
    }
}

fn number_fault(node: &Node) -> Option<Wrong> {
    let number = super::number_of(&node.value)?;
    (!(-LARGEST..=LARGEST).contains(&number)).then(|| {
        wrong(
            node,
            "SNS doesn't support this number",
            "write a number from -1000000000 to 1000000000",
        )
    })
}

/// `["=", 1]`, one bound such as `[">", 0]`, or both such as `[">", 0, "<=", 150]`.
fn numeric_fault(node: &Node) -> Option<Wrong> {
    let wrong_form = || {
        Some(wrong(
            node,
            "`numeric` needs a comparison of numbers",
            "write `{numeric: [\"=\", 100]}`, `{numeric: [\">\", 0]}` or `{numeric: [\">\", 0, \"<=\", 150]}`, the lower bound first",
        ))
    };
    let items = node.items();
    let number = |item: &Node| super::number_of(&item.value);
    let fine = match items {
        [operator, value] => {
            let known = ["=", "<", "<=", ">", ">="];
            operator.as_str().is_some_and(|text| known.contains(&text)) && number(value).is_some()
        }
        [lower, least, upper, most] => {
            let is = |node: &Node, known: [&str; 2]| {
                node.as_str().is_some_and(|text| known.contains(&text))
            };
            let ordered =
                matches!((number(least), number(most)), (Some(least), Some(most)) if least < most);
            is(lower, [">", ">="]) && is(upper, ["<", "<="]) && ordered
        }
        _ => false,
    };
    if !fine {
        return wrong_form();
    }
    items.iter().find_map(number_fault)
}

fn anything_but_fault(node: &Node) -> Option<Wrong> {
    let is_text = |node: &Node| matches!(node.value, Value::Str(_));
    let is_number = |node: &Node| matches!(node.value, Value::Int(_) | Value::Float(_));
    let fine = match &node.value {
        Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Refused => true,
        Value::Seq(items) => {
            !items.is_empty() && (items.iter().all(is_text) || items.iter().all(is_number))
        }
        Value::Map(entries) => match entries.as_slice() {
            [(key, operand)] => {
                let known = ["prefix", "suffix", "wildcard", "equals-ignore-case"];
                let items = operand.items();
                known.contains(&key.text.as_str())
                    && (is_text(operand) || (!items.is_empty() && items.iter().all(is_text)))
            }
            _ => false,
        },
        Value::Bool(_) | Value::Null => false,
    };
    (!fine).then(|| {
        wrong(
            node,
            "`anything-but` needs texts, numbers, or a prefix",
            "write `{anything-but: [a, b]}`, `{anything-but: [1, 2]}` or `{anything-but: {prefix: a}}`",
        )
    })
}

fn is_cidr(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, "0"));
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn wrong(node: &Node, message: &str, help: &str) -> Wrong {
    Wrong {
        span: node.span,
        message: message.to_owned(),
        help: help.to_owned(),
    }
}
