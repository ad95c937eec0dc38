//! The parts of a CloudWatch alarm.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The comparison that puts an alarm into ALARM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `GreaterThanOrEqualToThreshold`.
    AtOrAbove,
    /// `GreaterThanThreshold`.
    Above,
    /// `LessThanThreshold`.
    Below,
    /// `LessThanOrEqualToThreshold`.
    AtOrBelow,
}

/// How missing datapoints are treated (`TreatMissingData`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingData {
    /// It doesn't count: without any datapoint, the state is INSUFFICIENT_DATA.
    Missing,
    /// The state doesn't change.
    Ignore,
    /// It counts as a datapoint beyond the threshold.
    Breaching,
    /// It counts as a datapoint within the threshold.
    NotBreaching,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Self; 4] = [Self::AtOrAbove, Self::Above, Self::Below, Self::AtOrBelow];

    /// Its word in a stack definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AtOrAbove => "at_or_above",
            Self::Above => "above",
            Self::Below => "below",
            Self::AtOrBelow => "at_or_below",
        }
    }

    /// Whether a value is beyond the threshold. NaN never is.
    #[must_use]
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::AtOrAbove => value >= threshold,
            Self::Above => value > threshold,
            Self::Below => value < threshold,
            Self::AtOrBelow => value <= threshold,
        }
    }

    /// How far a value is beyond the threshold; negative when it is not.
    #[must_use]
    pub fn distance(self, value: f64, threshold: f64) -> f64 {
        match self {
            Self::AtOrAbove | Self::Above => value - threshold,
            Self::Below | Self::AtOrBelow => threshold - value,
        }
    }
}

impl fmt::Display for Comparison {
    /// As CloudWatch writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtOrAbove => "GreaterThanOrEqualToThreshold",
            Self::Above => "GreaterThanThreshold",
            Self::Below => "LessThanThreshold",
            Self::AtOrBelow => "LessThanOrEqualToThreshold",
        })
    }
}

impl MissingData {
    /// Every treatment.
    pub const ALL: [Self; 4] = [
        Self::Missing,
        Self::Ignore,
        Self::Breaching,
        Self::NotBreaching,
    ];

    /// Its word in a stack definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ignore => "ignore",
            Self::Breaching => "breaching",
            Self::NotBreaching => "not_breaching",
        }
    }
}

impl fmt::Display for MissingData {
    /// As CloudWatch writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Ignore => "ignore",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The comparison operators of PutMetricAlarm (CloudWatch API Reference), below, at, and above the threshold.
    #[test]
    fn each_comparison_breaches_on_its_side() {
        for (comparison, name, operator, expected) in [
            (
                Comparison::AtOrAbove,
                "at_or_above",
                "GreaterThanOrEqualToThreshold",
                [false, true, true],
            ),
            (
                Comparison::Above,
                "above",
                "GreaterThanThreshold",
                [false, false, true],
            ),
            (
                Comparison::Below,
                "below",
                "LessThanThreshold",
                [true, false, false],
            ),
            (
                Comparison::AtOrBelow,
                "at_or_below",
                "LessThanOrEqualToThreshold",
                [true, true, false],
            ),
        ] {
            let breaches = [9.0, 10.0, 11.0].map(|value| comparison.breaches(value, 10.0));
            assert_eq!(breaches, expected, "{name}");
            assert!(!comparison.breaches(f64::NAN, 10.0), "{name}");
            // The first value is 1 below the threshold: beyond it by 1, or by -1.
            let distance = if expected[0] { 1.0 } else { -1.0 };
            assert_eq!(comparison.distance(9.0, 10.0), distance, "{name}");
            assert_eq!(comparison.name(), name);
            assert_eq!(comparison.to_string(), operator);
        }
    }

    #[test]
    fn missing_data_has_a_word_in_definitions_and_one_in_cloudwatch() {
        let words = MissingData::ALL.map(|missing| (missing.name(), missing.to_string()));
        let expected = [
            ("missing", "missing"),
            ("ignore", "ignore"),
            ("breaching", "breaching"),
            ("not_breaching", "notBreaching"),
        ];
        assert_eq!(words, expected.map(|(name, text)| (name, text.to_owned())));
    }
}
