//! Calibration: which variants of [`scaling::TrackingBehavior`] reproduce the measurements from an account.
//!
//! [`designs`] are the experiments. A live run of them results in an [`Observation`], and [`fit`] compares it with
//! every combination of variants. If only one variant of a part reproduces it, that variant is settled. Otherwise,
//! the fit reports the part as open.

mod delays;
mod design;
mod file;
mod fit;
mod observation;
mod replay;
#[cfg(test)]
mod tests;

pub use delays::FittedDelay;
pub use design::{Design, MINUTES_BEFORE, SLOW_START, designs};
pub use fit::{Fit, FittedPart, fit};
pub use observation::{
    AlarmChange, AlarmSide, CountSample, Experiment, Observation, ObservedActivity, PublishedValue,
};
