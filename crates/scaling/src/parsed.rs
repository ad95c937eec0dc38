//! Values that AWS returns as text, parsed once where they are read.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::{AlarmState, Comparison};

/// A value that was read as text. Unknown text is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// The value.
    Known(T),
    /// The text, if it isn't a known value.
    Unknown(String),
}

impl<T> Parsed<T> {
    /// The value, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

impl<T: PartialEq> Parsed<T> {
    /// Whether it is this value.
    #[must_use]
    pub fn is(&self, value: T) -> bool {
        self.known() == Some(&value)
    }
}

impl<T: FromStr> From<&str> for Parsed<T> {
    fn from(text: &str) -> Self {
        let unknown = |_| Self::Unknown(text.to_owned());
        text.parse().map_or_else(unknown, Self::Known)
    }
}

impl<T: fmt::Display> fmt::Display for Parsed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::Unknown(text) => f.pad(text),
        }
    }
}

impl<T: fmt::Display> Serialize for Parsed<T> {
    /// Serializes the text that AWS uses.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How a scaling activity of Application Auto Scaling ended, or its state if it hasn't ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ActivityStatus {
    /// Accepted.
    Pending,
    /// In progress.
    InProgress,
    /// Completed.
    Successful,
    /// Replaced by a newer activity.
    Overridden,
    /// The service didn't reach the count in time.
    Unfulfilled,
    /// Failed.
    Failed,
}

/// Why a text isn't a value of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} isn't {expected}")]
pub struct UnknownText {
    text: String,
    expected: &'static str,
}

/// Implements `FromStr` as the inverse of `Display`.
macro_rules! parse_by_display {
    ($type:ty, $expected:literal) => {
        impl FromStr for $type {
            type Err = UnknownText;

            /// Reads the text that AWS uses.
            ///
            /// # Errors
            /// If the text isn't a known value.
            fn from_str(text: &str) -> Result<Self, UnknownText> {
                let mut known = Self::ALL.into_iter();
                let found = known.find(|value| value.to_string() == text);
                found.ok_or_else(|| UnknownText {
                    text: text.to_owned(),
                    expected: $expected,
                })
            }
        }
    };
}

parse_by_display!(AlarmState, "a state of an alarm");
parse_by_display!(Comparison, "a comparison with a fixed threshold");
parse_by_display!(ActivityStatus, "a status of a scaling activity");

impl AlarmState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Alarm, Self::InsufficientData];
}

impl fmt::Display for AlarmState {
    /// Writes the state as CloudWatch does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

impl ActivityStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::InProgress,
        Self::Successful,
        Self::Overridden,
        Self::Unfulfilled,
        Self::Failed,
    ];
}

impl fmt::Display for ActivityStatus {
    /// Writes the status as Application Auto Scaling does, which is the variant's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_text_comes_back_as_it_was() {
        let states: Vec<Parsed<AlarmState>> = ["OK", "ALARM", "INSUFFICIENT_DATA"]
            .map(Parsed::from)
            .to_vec();
        assert!(states[1].is(AlarmState::Alarm));
        assert!(states.iter().all(|state| state.known().is_some()));
        let written = serde_json::to_string(&states).unwrap();
        assert_eq!(written, r#"["OK","ALARM","INSUFFICIENT_DATA"]"#);
        for status in ActivityStatus::ALL {
            assert_eq!(status.to_string().parse(), Ok(status));
        }
        for comparison in Comparison::ALL {
            assert_eq!(comparison.to_string().parse(), Ok(comparison));
        }
    }

    #[test]
    fn an_unknown_text_is_kept() {
        let band = Parsed::<Comparison>::from("GreaterThanUpperThreshold");
        assert_eq!(band.known(), None);
        assert_eq!(band.to_string(), "GreaterThanUpperThreshold");
        assert_eq!(
            serde_json::to_value(&band).unwrap(),
            "GreaterThanUpperThreshold"
        );
        let error = "LOUD".parse::<AlarmState>().unwrap_err();
        assert_eq!(error.to_string(), "\"LOUD\" isn't a state of an alarm");
    }
}
