//! Predictive scaling in addition to target tracking: an hourly forecast of the load is a lower bound of the
//! count.

use scaling::Bounds;

use crate::number::count;
use crate::policy::PredictivePolicy;
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

use super::{Control, Observation, Shown, Tick, Tracking, Wishes};

/// Hours of history that the first forecast needs, maximum hours that a forecast uses, hours between two
/// forecasts, and hours that a forecast covers. Source: Application Auto Scaling User Guide, "How Application
/// Auto Scaling predictive scaling works".
const FIRST: usize = 24;
const HISTORY: usize = 14 * 24;
const UPDATE: usize = 6;
const AHEAD: usize = 48;

/// Target tracking whose count is never below the forecast's required tasks.
pub(super) struct Predictive {
    tracking: Tracking,
    policy: PredictivePolicy,
    bounds: Bounds,
    forecast: Forecast,
    hour: Nanos,
    /// Messages sent before the last full hour.
    sent: u64,
    floor: u32,
}

/// The messages sent in each hour, and the forecast from them.
///
/// AWS doesn't publish its model. This one uses the mean of the same hours of the week, or, with less than a
/// week of history, the mean of the same hours of the day.
#[derive(Default)]
struct Forecast {
    sent: Vec<f64>,
    /// The first hour of the latest forecast.
    begin: usize,
    hours: Vec<f64>,
}

impl Forecast {
    /// Adds the messages of the next hour, and makes a forecast if one is due.
    fn add(&mut self, messages: f64) {
        self.sent.push(messages);
        let now = self.sent.len();
        if now >= FIRST && (now - FIRST).is_multiple_of(UPDATE) {
            self.begin = now;
            self.hours = (now..now + AHEAD).map(|hour| self.predict(hour)).collect();
        }
    }

    fn predict(&self, hour: usize) -> f64 {
        let weekly = self.mean_before(hour, 7 * 24);
        weekly.or_else(|| self.mean_before(hour, 24)).unwrap_or(0.0)
    }

    /// Returns the mean of the recorded hours that are a multiple of `step` hours before this one.
    fn mean_before(&self, hour: usize, step: usize) -> Option<f64> {
        let oldest = self.sent.len().saturating_sub(HISTORY);
        let earlier = (oldest..hour).rev().skip(step - 1).step_by(step);
        let recorded: Vec<f64> = earlier
            .filter_map(|hour| self.sent.get(hour).copied())
            .collect();
        let sum: f64 = recorded.iter().sum();
        (!recorded.is_empty()).then(|| sum / count(recorded.len() as u64))
    }

    /// Returns the messages of an hour in the latest forecast, if the forecast covers it.
    fn messages(&self, hour: usize) -> Option<f64> {
        self.hours.get(hour.checked_sub(self.begin)?).copied()
    }
}

impl Predictive {
    pub(super) fn new(
        scenario: &Scenario,
        policy: PredictivePolicy,
        bounds: Bounds,
        seed: u64,
    ) -> Self {
        Self {
            tracking: Tracking::new(scenario, policy.tracking, None, bounds, seed),
            policy,
            bounds,
            forecast: Forecast::default(),
            hour: scenario.assumptions.minute().saturating_mul(60),
            sent: 0,
            floor: 0,
        }
    }

    /// Returns the tasks that an hour requires according to the forecast, within the bounds. Zero without a
    /// forecast.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and a float over the range saturates"
    )]
    fn needed(&self, hour: usize) -> u32 {
        self.forecast.messages(hour).map_or(0, |messages| {
            let tasks = (messages / self.policy.messages_per_task_hour).ceil() as u32;
            self.bounds.clamp(tasks)
        })
    }

    /// Schedules the start of the next hour, and when its capacity must be available.
    fn plan(&self, wishes: &mut Wishes) {
        let ends = self
            .hour
            .saturating_mul(self.forecast.sent.len() as u64 + 1);
        let buffer = nanos(self.policy.buffer).clamp(1, self.hour - 1);
        wishes.ticks.push((ends - buffer, Tick::HourNears));
        wishes.ticks.push((ends, Tick::HourEnds));
    }

    /// Adds tasks up to the lower bound. Forecasts never remove tasks.
    fn raise(&self, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        if seen.desired < self.floor {
            wishes.desired.push((now, self.floor));
        }
    }
}

impl Control for Predictive {
    fn begin(&mut self, wishes: &mut Wishes) {
        self.tracking.begin(wishes);
        self.plan(wishes);
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        match tick {
            Tick::HourNears => {
                let next = self.needed(self.forecast.sent.len() + 1);
                self.floor = self.floor.max(next);
                self.raise(now, seen, wishes);
            }
            Tick::HourEnds => {
                self.forecast.add(count(seen.sent - self.sent));
                self.sent = seen.sent;
                self.floor = self.needed(self.forecast.sent.len());
                self.raise(now, seen, wishes);
                self.plan(wishes);
            }
            other => {
                self.tracking.tick(other, now, seen, wishes);
                for (_, desired) in &mut wishes.desired {
                    *desired = self.floor.max(*desired);
                }
            }
        }
    }

    fn hold(&mut self, bounds: Bounds) {
        self.bounds = bounds;
        self.tracking.hold(bounds);
    }

    fn keeps_bounds(&self) -> bool {
        false
    }

    fn shown(&self) -> Shown {
        self.tracking.shown()
    }

    fn runs(&self) -> u64 {
        self.tracking.runs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hour `h` of day `d` has `100 d + h` messages.
    fn forecast(hours: usize) -> Forecast {
        let mut forecast = Forecast::default();
        for hour in 0..hours {
            forecast.add(count((hour / 24 * 100 + hour % 24) as u64));
        }
        forecast
    }

    #[test]
    fn the_first_forecast_comes_after_a_day_and_covers_two() {
        assert_eq!(forecast(23).messages(23), None);
        let first = forecast(24);
        // One day is known, so the forecast for the next two days is the same as that day.
        assert_eq!(first.messages(24 + 5), Some(5.0));
        assert_eq!(first.messages(48 + 5), Some(5.0));
        assert_eq!(first.messages(23), None);
        assert_eq!(first.messages(72), None);
    }

    #[test]
    fn a_forecast_holds_for_six_hours() {
        // 24 + 5 hours: still the first forecast. The next one starts an hour later.
        assert_eq!(forecast(29).begin, 24);
        assert_eq!(forecast(30).begin, 30);
    }

    #[test]
    fn a_forecast_is_the_mean_of_the_same_hours() {
        // Hour 5 of days 0, 1, and 2: (5 + 105 + 205) ÷ 3.
        assert_eq!(forecast(72).messages(72 + 5), Some(105.0));
        // Day 7 is like day 0, not like the mean of days 0 to 6.
        assert_eq!(forecast(7 * 24).messages(7 * 24 + 5), Some(5.0));
        // Day 21 has 14 days of history, 7 to 20: the mean of days 7 and 14, (705 + 1,405) ÷ 2.
        assert_eq!(forecast(21 * 24).messages(21 * 24 + 5), Some(1_055.0));
    }
}
