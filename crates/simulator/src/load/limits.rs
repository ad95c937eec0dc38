//! Refuses loads whose simulation would take forever.

use std::time::Duration;

use super::curve::Curve;
use super::generator::{Generator, Shape};
use super::read::Layout;
use super::{Load, Source};
use crate::time::{nanos, seconds};

/// The maximum load to simulate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadLimits {
    /// Number of messages.
    pub messages: u64,
    /// Duration of the load.
    pub span: Duration,
}

impl LoadLimits {
    /// A hundred million messages.
    pub const MESSAGES: u64 = 100_000_000;
    /// 400 days.
    pub const SPAN: Duration = Duration::from_secs(400 * 86_400);
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self {
            messages: Self::MESSAGES,
            span: Self::SPAN,
        }
    }
}

/// The reason why a load is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// It lasts too long.
    #[error(
        "the load lasts {found}, more than the limit of {limit}: check the column of times and its unit, read a part with --from and --to, or raise the limit with --max-span"
    )]
    Span {
        /// The load's duration.
        found: String,
        /// The maximum duration.
        limit: String,
    },
    /// It has too many messages.
    #[error(
        "the load has {found} messages, more than the limit of {limit}: check the column of counts, read a part with --from and --to, or raise the limit with --max-messages"
    )]
    Messages {
        /// Number of messages.
        found: String,
        /// Maximum number.
        limit: String,
    },
}

impl Load {
    /// Returns the load, if it is within the limits.
    ///
    /// # Errors
    /// If it lasts too long or has too many messages.
    pub fn within(self, limits: LoadLimits) -> Result<Self, LimitError> {
        let span = self.span_seconds();
        if span > limits.span.as_secs_f64() {
            return Err(LimitError::Span {
                found: format_days(span),
                limit: format_days(limits.span.as_secs_f64()),
            });
        }
        let messages = self.expected_messages();
        #[expect(clippy::cast_precision_loss, reason = "a limit needs no last digit")]
        let most = limits.messages as f64;
        if messages > most {
            return Err(LimitError::Messages {
                found: group_digits(messages),
                limit: group_digits(most),
            });
        }
        Ok(self)
    }

    /// Returns its duration in seconds, even if that doesn't fit into nanoseconds.
    #[expect(clippy::cast_precision_loss, reason = "a limit needs no last digit")]
    fn span_seconds(&self) -> f64 {
        match &self.source {
            Source::Recorded(recorded) if self.to == u64::MAX => {
                recorded.end as f64 / 1e6 - seconds(self.from)
            }
            _ => seconds(self.to.saturating_sub(self.from)),
        }
    }

    /// Returns the expected number of messages.
    #[expect(clippy::cast_precision_loss, reason = "a limit needs no last digit")]
    fn expected_messages(&self) -> f64 {
        let whole = match &self.source {
            Source::Mixed(parts) => {
                let whole: f64 = parts.iter().map(|part| part.load.expected_messages()).sum();
                let length = seconds(self.to.saturating_sub(self.from));
                let longest = parts.iter().map(|part| part.load.span_seconds());
                // A part has a proportional number of them.
                whole * (length / longest.fold(length, f64::max).max(f64::MIN_POSITIVE))
            }
            Source::Generated(generator) => {
                mean_rate(generator) * seconds(self.to.saturating_sub(self.from))
            }
            Source::Recorded(recorded) => recorded
                .rows
                .iter()
                .filter(|(at, _)| {
                    let at = nanos(Duration::from_micros(*at));
                    (self.from..self.to).contains(&at)
                })
                .map(|(_, value)| match recorded.layout {
                    Layout::Counts => value as f64,
                    Layout::Messages => 1.0,
                })
                .sum(),
        };
        whole * self.scale
    }
}

/// Returns the average messages per second of a generator over its duration.
fn mean_rate(generator: &Generator) -> f64 {
    /// Number of times at which a curve is sampled. The means of curves with narrow peaks are computed instead.
    const MOMENTS: u64 = 10_000;
    let length = seconds(generator.duration);
    match &generator.shape {
        Shape::Constant { rate } => *rate,
        Shape::Modulated { states } => {
            let stays: f64 = states.iter().map(|(_, stay)| stay.as_secs_f64()).sum();
            let sent = states.iter().map(|(rate, stay)| rate * stay.as_secs_f64());
            sent.sum::<f64>() / stays
        }
        Shape::Poisson(Curve::OnOff {
            on,
            off,
            on_for,
            off_for,
        }) => {
            let (on_for, off_for) = (seconds(*on_for), seconds(*off_for));
            (on * on_for + off * off_for) / (on_for + off_for)
        }
        Shape::Poisson(Curve::FlashCrowd {
            base,
            peak,
            rise,
            fall,
            ..
        }) => {
            let lasts = seconds(*rise) / 2.0 + seconds(*fall) / std::f64::consts::LN_2;
            base + (peak - base).max(0.0) * (lasts / length).min(1.0)
        }
        Shape::Poisson(curve) => {
            let moment = |index: u64| generator.duration / MOMENTS * index;
            let rates = (0..MOMENTS).map(|index| curve.rate(moment(index)));
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let mean = rates.sum::<f64>() / MOMENTS as f64;
            mean
        }
    }
}

/// Formats a duration in days, or in seconds if it is shorter.
fn format_days(seconds: f64) -> String {
    if seconds < 86_400.0 {
        format!("{seconds:.0}s")
    } else {
        format!("{} days", group_digits(seconds / 86_400.0))
    }
}

/// Formats a number with thousands separators.
fn group_digits(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
