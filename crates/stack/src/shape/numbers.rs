//! Problems with numbers: whole numbers, others, and the amounts of step scaling.

use super::amount::{Adjust, amount};
use super::fault::Fault;
use super::kind::{Amount, Number, Whole};
use crate::text::{is_digits, shorten};
use crate::yaml::Value;

pub(super) fn whole_fault(whole: &'static Whole, found: i128, raw: &str) -> Option<Fault> {
    let quoted = shorten(raw);
    let digits = raw.trim_start_matches(['-', '+']);
    if digits.len() > 1 && digits.starts_with('0') && is_digits(digits) {
        return Some(Fault {
            message: format!("`{quoted}` starts with a zero"),
            label: "octal for some parsers",
            help: format!("write {found}"),
        });
    }
    let offered = whole.offered.is_empty()
        || whole
            .offered
            .iter()
            .any(|offer| i128::from(*offer) == found);
    if offered && (i128::from(whole.least)..=i128::from(whole.most)).contains(&found) {
        return None;
    }
    Some(Fault {
        message: format!(
            "{quoted} is {}",
            if whole.offered.is_empty() {
                "out of range"
            } else {
                "not supported"
            }
        ),
        label: "not valid here",
        help: match whole
            .offered
            .iter()
            .min_by_key(|offer| found.saturating_sub(i128::from(**offer)).unsigned_abs())
        {
            Some(near) => format!("{}; the nearest is {near}", range(whole)),
            None => range(whole),
        },
    })
}

pub(super) fn number_fault(number: &Number, found: &Value, raw: &str) -> Option<Fault> {
    let taken = number_of(found).is_some_and(|found| (number.least..=number.most).contains(&found));
    (!taken).then(|| Fault {
        message: format!("{} is out of range", shorten(raw)),
        label: "not valid here",
        help: number_range(number),
    })
}

/// The number of a value; `None` for text and other kinds. NaN is never in a range.
pub(crate) fn number_of(value: &Value) -> Option<f64> {
    match value {
        // Larger numbers are held at the bounds of `i128`: their original values are no longer known.
        Value::Int(number) if number.unsigned_abs() >= i128::MAX.unsigned_abs() => {
            Some(f64::INFINITY)
        }
        // Every whole number has a nearest `f64`.
        Value::Int(number) => number.to_string().parse().ok(),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

pub(super) fn number_range(number: &Number) -> String {
    match number.least {
        0.0 => "a number of at least 0, such as `200` or `0.5`".to_owned(),
        _ => "a number, such as `100`, `0.5` or `-3`".to_owned(),
    }
}

pub(super) fn amount_fault(most: &Amount, found: &Value, raw: &str) -> Option<Fault> {
    let (found, limit) = match amount(found)? {
        Adjust::Tasks(tasks) => (tasks, most.tasks),
        Adjust::Percent(percent) => (percent, most.percent),
    };
    (!(1..=i128::from(limit)).contains(&found)).then(|| Fault {
        message: format!("{} is out of range", shorten(raw)),
        label: "not valid here",
        help: amount_range(most),
    })
}

pub(super) fn amount_range(most: &Amount) -> String {
    format!(
        "tasks, `1` to `{}`, or a percentage of them, `1%` to `{}%`",
        most.tasks, most.percent
    )
}

pub(super) fn range(whole: &Whole) -> String {
    if whole.offered.is_empty() {
        return format!("a whole number from {} to {}", whole.least, whole.most);
    }
    let offered: Vec<String> = whole.offered.iter().map(u32::to_string).collect();
    format!("one of {}", offered.join(", "))
}
