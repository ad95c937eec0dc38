//! Dates and times in the formats of people and spreadsheets: `02.11.2026 10:00`, `11/2/2026 10:00 AM`,
//! `Sat, 21 Nov 2026 12:00:00 GMT`, `Nov 21, 2026 @ 12:00:00.000`.

use jiff::civil::{Date, DateTime, ISOWeekDate, Time, Weekday};

use super::options::DateOrder;

/// The parts of a time in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) date: Option<Date>,
    pub(super) time: Option<Time>,
    /// Seconds east of Greenwich.
    pub(super) offset: Option<i64>,
}

impl Parts {
    /// Returns the time in microseconds since 1970, in UTC unless the text has a zone.
    pub(super) fn micros(self) -> Option<u64> {
        let time = self.time.unwrap_or(Time::midnight());
        let utc = DateTime::from_parts(self.date?, time)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_microsecond();
        u64::try_from(utc - self.offset.unwrap_or(0) * 1_000_000).ok()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'t> {
    Digits(&'t str),
    Word(String),
    Mark(char),
}

/// Parses a text. `None` if any part of it isn't part of a date or time.
pub(super) fn parse(text: &[u8], order: DateOrder) -> Option<Parts> {
    let text = std::str::from_utf8(text).ok()?;
    if text.len() > 80 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(date) = read_week(text) {
        let date = Some(date);
        return Some(Parts {
            date,
            ..Parts::default()
        });
    }
    let tokens = split_tokens(text);
    let mut reader = Reader {
        rest: &tokens,
        ..Reader::default()
    };
    while reader.step()? {}
    reader.finish(order)
}

/// Returns the Monday of an ISO 8601 week: `2026-W47`.
fn read_week(text: &str) -> Option<Date> {
    let (year, week) = text.trim().split_once("-W")?;
    let digits =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(year, 4) || !digits(week, 2) {
        return None;
    }
    let week = ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday);
    Some(week.ok()?.date())
}

fn split_tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = |c: char| (c.is_ascii_digit(), c.is_alphabetic());
        let end = match kind(first) {
            (false, false) => first.len_utf8(),
            same => rest.find(|c| kind(c) != same).unwrap_or(rest.len()),
        };
        let (token, left) = rest.split_at(end);
        rest = left;
        tokens.push(match kind(first) {
            (true, _) => Token::Digits(token),
            (_, true) => Token::Word(token.to_lowercase()),
            _ if first.is_whitespace() => Token::Mark(' '),
            _ => Token::Mark(first),
        });
    }
    tokens
}

/// The fields read so far.
#[derive(Default)]
struct Reader<'t> {
    rest: &'t [Token<'t>],
    /// Numbers of the date, in the order of the text.
    numbers: Vec<&'t str>,
    month: Option<i8>,
    /// The first separator between the numbers of the date.
    mark: Option<char>,
    clock: Option<(i8, i8, i8, i32)>,
    afternoon: Option<bool>,
    offset: Option<i64>,
}

impl<'t> Reader<'t> {
    /// Reads the next part. Returns `false` at the end, and `None` if the text is something else.
    fn step(&mut self) -> Option<bool> {
        match self.rest {
            [] | [Token::Mark('('), ..] => return Some(false),
            [
                Token::Digits(hour),
                Token::Mark(':'),
                Token::Digits(minute),
                rest @ ..,
            ] if self.clock.is_none() && hour.len() <= 2 && minute.len() == 2 => {
                self.rest = rest;
                self.time(hour, minute)?;
            }
            [
                Token::Mark(sign @ ('+' | '-')),
                Token::Digits(hours),
                rest @ ..,
            ] if self.clock.is_some() && self.offset.is_none_or(|offset| offset == 0) => {
                self.rest = rest;
                self.zone(*sign == '-', hours)?;
            }
            [Token::Digits(number), rest @ ..] => {
                self.rest = rest;
                self.numbers.push(number);
            }
            [Token::Word(word), rest @ ..] => {
                self.rest = rest;
                self.word(word)?;
            }
            [
                Token::Mark(mark @ ('.' | '/' | '-' | ',' | ':' | '@' | ' ')),
                rest @ ..,
            ] => {
                self.rest = rest;
                if !self.numbers.is_empty() && *mark != ' ' {
                    self.mark.get_or_insert(*mark);
                }
            }
            _ => return None,
        }
        Some(true)
    }

    fn time(&mut self, hour: &str, minute: &str) -> Option<()> {
        let mut second = 0;
        let mut nanos = 0;
        if let [Token::Mark(':'), Token::Digits(seconds), rest @ ..] = self.rest {
            // A leap second is the last second of its minute.
            second = seconds.parse::<i8>().ok()?.min(59);
            self.rest = rest;
            if let [Token::Mark('.' | ','), Token::Digits(fraction), rest @ ..] = rest {
                let digits: String = fraction
                    .chars()
                    .chain("000000000".chars())
                    .take(9)
                    .collect();
                nanos = digits.parse().ok()?;
                self.rest = rest;
            }
        }
        self.clock = Some((hour.parse().ok()?, minute.parse().ok()?, second, nanos));
        Some(())
    }

    fn zone(&mut self, west: bool, hours: &str) -> Option<()> {
        let (hours, minutes) = match self.rest {
            [Token::Mark(':'), Token::Digits(minutes), rest @ ..] => {
                self.rest = rest;
                (hours, *minutes)
            }
            _ => hours.split_at_checked(2).unwrap_or((hours, "")),
        };
        let number = |text: &str| match text {
            "" => Some(0),
            text => text.parse::<i64>().ok().filter(|number| *number < 60),
        };
        let seconds = number(hours)? * 3_600 + number(minutes)? * 60;
        self.offset = Some(if west { -seconds } else { seconds });
        Some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        match word {
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            "t" | "at" | "uhr" | "st" | "nd" | "rd" | "th" => {}
            _ if is_weekday(word) => {}
            _ => match (zone_offset(word), parse_month(word)) {
                (Some(hours), _) => self.offset = Some(hours * 3_600),
                (None, month @ Some(_)) if self.month.is_none() => self.month = month,
                _ => return None,
            },
        }
        Some(())
    }

    fn finish(self, order: DateOrder) -> Option<Parts> {
        let date = match (self.month, self.numbers.as_slice()) {
            (None, []) => None,
            (Some(month), [year, day]) if year.len() == 4 => Some((*year, month, *day)),
            (Some(month), [day, year]) => Some((*year, month, *day)),
            (None, [a, b, c]) => {
                let order = match self.mark {
                    _ if a.len() == 4 => DateOrder::Ymd,
                    // Only dates that start with the day use periods.
                    Some('.') if order == DateOrder::Mdy => DateOrder::Dmy,
                    _ => order,
                };
                Some(match order {
                    DateOrder::Dmy => (*c, b.parse().ok()?, *a),
                    DateOrder::Mdy => (*c, a.parse().ok()?, *b),
                    DateOrder::Ymd => (*a, b.parse().ok()?, *c),
                })
            }
            // A month: its first day.
            (None, [year, month])
                if year.len() == 4
                    && month.len() == 2
                    && self.mark == Some('-')
                    && self.clock.is_none() =>
            {
                Some((*year, month.parse().ok()?, "1"))
            }
            (None, [whole]) if whole.len() == 8 => {
                Some((&whole[..4], whole[4..6].parse().ok()?, &whole[6..]))
            }
            _ => return None,
        };
        let date = match date {
            None => None,
            Some((year, month, day)) => {
                let century = match year.len() {
                    2 => 2_000,
                    4 => 0,
                    _ => return None,
                };
                let year = year.parse::<i16>().ok()? + century;
                Some(Date::new(year, month, day.parse().ok()?).ok()?)
            }
        };
        let time = match self.clock {
            None => None,
            Some((hour, minute, second, nanos)) => {
                let hour = match (self.afternoon, hour) {
                    (None, hour) => hour,
                    (Some(afternoon), 1..=12) => hour % 12 + if afternoon { 12 } else { 0 },
                    _ => return None,
                };
                Some(Time::new(hour, minute, second, nanos).ok()?)
            }
        };
        let some = date.is_some() || time.is_some();
        some.then_some(Parts {
            date,
            time,
            offset: self.offset,
        })
    }
}

fn is_weekday(word: &str) -> bool {
    const SHORT: [&str; 14] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so",
    ];
    SHORT.contains(&word) || word.ends_with("day") || word.ends_with("tag")
}

/// Returns the hours east of Greenwich for zone names with only one meaning.
fn zone_offset(word: &str) -> Option<i64> {
    Some(match word {
        "z" | "utc" | "gmt" | "ut" => 0,
        "cet" | "mez" => 1,
        "cest" | "mesz" => 2,
        "edt" => -4,
        "est" => -5,
        "pdt" => -7,
        "pst" => -8,
        _ => return None,
    })
}

fn parse_month(word: &str) -> Option<i8> {
    const NAMES: [&[&str]; 12] = [
        &["january", "januar"],
        &["february", "februar"],
        &["march", "märz", "mrz"],
        &["april"],
        &["may", "mai"],
        &["june", "juni"],
        &["july", "juli"],
        &["august"],
        &["september"],
        &["october", "oktober"],
        &["november"],
        &["december", "dezember"],
    ];
    let means = |name: &&str| name.starts_with(word) && word.chars().count() > 2;
    let found = NAMES.iter().position(|names| names.iter().any(means))?;
    i8::try_from(found + 1).ok()
}
