//! Counts and rates in the formats of tools and spreadsheets: `1,234`, `1.234,5`, `10.5 req/s`, `1.2 K`.

use super::error::RowProblem;
use super::record::Record;
use super::words::rate_seconds;

/// A number that isn't negative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Amount {
    pub(super) whole: u64,
    pub(super) millionths: u64,
    /// Seconds of its unit, if that is a rate's.
    pub(super) per: Option<u32>,
}

/// Millionths per unit.
pub(super) const MILLION: u64 = 1_000_000;

impl Amount {
    /// Returns the number in millionths.
    pub(super) fn in_millionths(self) -> u64 {
        self.whole
            .saturating_mul(MILLION)
            .saturating_add(self.millionths)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float outside of the range saturates"
    )]
    fn from_number(number: f64) -> Self {
        let millionths = (number.fract() * 1e6).round() as u64;
        Self {
            whole: (number as u64).saturating_add(millionths / MILLION),
            millionths: millionths % MILLION,
            per: None,
        }
    }
}

/// The number format of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberForm {
    /// `1,234.5`
    Point,
    /// `1.234,5`
    Comma,
}

/// Returns a field as printable text.
pub(super) fn clean_text(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field.trim_ascii());
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Returns a field for a message: short and printable.
pub(super) fn shorten(field: &[u8]) -> String {
    clean_text(field).chars().take(40).collect()
}

/// Whether a field is a missing value.
pub(super) fn is_absent(field: &[u8]) -> bool {
    const WORDS: [&str; 10] = [
        "",
        "-",
        "null",
        "(null)",
        "nil",
        "none",
        "nan",
        "na",
        "n/a",
        "undefined",
    ];
    std::str::from_utf8(field)
        .is_ok_and(|text| WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

impl NumberForm {
    /// Returns the format that is valid for all numbers of a column. `whole` means that they have no fraction.
    pub(super) fn detect(
        records: &[Record],
        columns: &[usize],
        delimiter: u8,
        whole: bool,
    ) -> Self {
        let mut votes = [0_usize; 2];
        let mut doubts = [0_usize; 2];
        for record in records {
            for column in columns {
                match decimal_mark(record.field(*column)) {
                    Some((b'.', true)) => votes[0] += 1,
                    Some((b',', true)) => votes[1] += 1,
                    Some((b'.', false)) => doubts[0] += 1,
                    Some((_, false)) => doubts[1] += 1,
                    _ => {}
                }
            }
        }
        // A file with semicolons comes from a country with a decimal comma.
        let commas = delimiter == b';';
        let comma = match (votes, doubts) {
            ([0, 0], [0, 0]) => false,
            ([0, 0], [_, 0]) => commas && whole,
            ([0, 0], _) => commas,
            ([point, comma], _) => comma > point,
        };
        if comma { Self::Comma } else { Self::Point }
    }

    /// Parses a number with its unit.
    pub(super) fn read(self, field: &[u8]) -> Result<Amount, RowProblem> {
        if field.len() < 16 && !field.is_empty() && field.iter().all(u8::is_ascii_digit) {
            let whole = field
                .iter()
                .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
            return Ok(Amount {
                whole,
                ..Amount::default()
            });
        }
        let wrong = || RowProblem::NotNumeric(shorten(field));
        let text = text(field);
        let (number, suffix) = text.split_at(number_end(&text));
        let number = self.plain(number.trim_end()).ok_or_else(wrong)?;
        let (factor, per) = parse_unit(suffix.trim()).ok_or_else(wrong)?;
        if number < 0.0 {
            return Err(RowProblem::Negative(shorten(field)));
        }
        if !number.is_finite() {
            return Err(wrong());
        }
        Ok(Amount {
            per,
            ..Amount::from_number(number * factor)
        })
    }

    /// Parses a number without thousands separators.
    fn plain(self, text: &str) -> Option<f64> {
        if self == Self::Point
            && let Ok(number) = text.parse()
        {
            return Some(number);
        }
        let (thousands, decimal) = match self {
            Self::Point => (',', '.'),
            Self::Comma => ('.', ','),
        };
        let end = text.find(['e', 'E']).unwrap_or(text.len());
        let (mantissa, exponent) = text.split_at(end);
        let (whole, fraction) = match mantissa.matches(decimal).count() {
            0 | 1 => mantissa.split_once(decimal).unwrap_or((mantissa, "")),
            _ => return None,
        };
        let separators = [thousands, '\'', '’', ' ', '_'];
        let mut groups = whole.trim_start_matches(['-', '+']).split(separators);
        let first = groups.next()?;
        // Groups have three digits. In India, they have two.
        let rest: Vec<&str> = groups.collect();
        let grouped = rest.iter().all(|group| matches!(group.len(), 2 | 3))
            && rest.last().is_none_or(|group| group.len() == 3)
            && (rest.is_empty() || (1..4).contains(&first.len()))
            && !(first.is_empty() && fraction.is_empty());
        if !grouped || fraction.contains(separators) {
            return None;
        }
        let sign = if whole.starts_with('-') { "-" } else { "" };
        format!("{sign}{first}{}.{fraction}0{exponent}", rest.concat())
            .parse()
            .ok()
    }
}

/// Decodes text in any encoding. Non-breaking spaces become spaces.
fn text(field: &[u8]) -> String {
    let text = match std::str::from_utf8(field) {
        Ok(text) => text.to_owned(),
        Err(_) => field.iter().copied().map(char::from).collect(),
    };
    text.replace(['\u{a0}', '\u{202f}', '\u{2009}'], " ")
}

/// Returns where a number ends and its unit starts.
fn number_end(text: &str) -> usize {
    let end = text
        .find(|c: char| {
            !c.is_ascii_digit() && !matches!(c, '+' | '-' | '.' | ',' | '\'' | '’' | ' ' | '_')
        })
        .unwrap_or(text.len());
    let rest = &text[end..];
    let Some(power) = rest.strip_prefix(['e', 'E']) else {
        return end;
    };
    let digits = power.trim_start_matches(['+', '-']);
    let length = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    if length == 0 {
        return end;
    }
    end + (rest.len() - digits.len()) + length
}

/// Returns the factor of a number's suffix, and the seconds of a rate's unit.
fn parse_unit(suffix: &str) -> Option<(f64, Option<u32>)> {
    const WORDS: [&str; 20] = [
        "count", "counts", "req", "reqs", "request", "requests", "msg", "msgs", "message",
        "messages", "ops", "event", "events", "job", "jobs", "item", "items", "hits", "calls",
        "short",
    ];
    if suffix.is_empty() {
        return Some((1.0, None));
    }
    let (first, rest) = suffix.split_once(' ').unwrap_or((suffix, ""));
    let factor = match first {
        "K" | "k" => Some(1e3),
        "M" | "Mil" | "Mio" | "Mio." => Some(1e6),
        "B" | "Bil" | "G" | "Mrd" | "Mrd." => Some(1e9),
        _ => None,
    };
    let unit = if factor.is_some() {
        rest.trim()
    } else {
        suffix
    };
    let factor = factor.unwrap_or(1.0);
    let counted = |unit: &str| {
        let unit = unit
            .split(['/', ' '])
            .next()
            .unwrap_or_default()
            .to_lowercase();
        WORDS.contains(&unit.as_str())
            || rate_seconds(&unit).is_some()
            || ["", "1", "per", "c"].contains(&unit.as_str())
    };
    match rate_seconds(unit) {
        // Other words can't have a prefix: `mreq/s` would be a thousandth.
        Some(_) if !counted(unit) => None,
        Some(seconds) => Some((factor, Some(seconds))),
        None if unit.is_empty() || WORDS.contains(&unit.to_lowercase().as_str()) => {
            Some((factor, None))
        }
        None => None,
    }
}

/// Returns the decimal mark of a number, and whether it is certain.
fn decimal_mark(field: &[u8]) -> Option<(u8, bool)> {
    let marks: Vec<usize> = (0..field.len())
        .filter(|at| matches!(field[*at], b'.' | b','))
        .collect();
    let last = *marks.last()?;
    let mark = field[last];
    let other = if mark == b'.' { b',' } else { b'.' };
    if marks.iter().any(|at| field[*at] == other) {
        return Some((mark, true));
    }
    if marks.len() > 1 {
        return Some((other, true));
    }
    let before = &field[..last];
    let after = field[last + 1..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let thousands = after == 3 && (1..4).contains(&before.len()) && before.first() != Some(&b'0');
    Some((mark, !thousands))
}

#[cfg(test)]
mod tests;
