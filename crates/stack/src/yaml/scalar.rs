//! Plain scalars of the YAML 1.2 core schema (10.3.2).

use super::node::Value;
use crate::text;

/// The value of an unquoted scalar.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    integer(text)
        .map(Value::Int)
        .or_else(|| float(text).map(Value::Float))
        .unwrap_or_else(|| Value::Str(text.to_owned()))
}

/// A value's name in a message, such as `the number 5`. `raw` is its text in the file.
pub(crate) fn describe(value: &Value, raw: &str) -> String {
    let raw = text::shorten(raw);
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Int(_) | Value::Float(_) => format!("the number {raw}"),
        Value::Str(text) => format!("`{}`", text::shorten(text)),
        Value::Seq(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
        Value::Refused => "refused".to_owned(),
    }
}

fn integer(text: &str) -> Option<i128> {
    if let Some(digits) = text.strip_prefix("0x") {
        return digits_of(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return digits_of(digits, 8);
    }
    if let Some(digits) = text.strip_prefix('-') {
        return digits_of(digits, 10).map(|value| -value);
    }
    digits_of(text.strip_prefix('+').unwrap_or(text), 10)
}

/// The number for the digits, held at the largest `i128`.
fn digits_of(digits: &str, radix: u32) -> Option<i128> {
    let all = digits.chars().all(|character| character.is_digit(radix));
    (all && !digits.is_empty()).then(|| i128::from_str_radix(digits, radix).unwrap_or(i128::MAX))
}

fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(if text.starts_with('-') {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    // Rust also reads `inf`, `nan`, and `infinity`, which are text in YAML.
    let numeric = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.contains(|any: char| any.is_ascii_digit());
    numeric.then(|| text.parse().ok()).flatten()
}
