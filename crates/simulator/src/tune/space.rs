//! The candidates: a coarse grid first, then neighbors of a good one.

use std::time::Duration;

use crate::random::{Purpose, Random};

use super::TuneOptions;
use super::settings::{Law, Parameter, Settings};

/// The values to choose from.
#[derive(Clone, Debug)]
pub(super) struct Space {
    law: Law,
    present: Settings,
    /// Shortest latency that the policy can aim for, and the objective.
    latency: (Duration, Duration),
    /// Range of the minimum number of tasks.
    min: (u32, u32),
    /// Range of the maximum number of tasks.
    max: (u32, u32),
    keep: Vec<Parameter>,
    /// Maximum number of required tasks at any time.
    peak: u32,
    seed: u64,
}

/// Cooldowns in seconds.
const COOLDOWNS: [u64; 13] = [0, 15, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1_200];

/// Windows in seconds.
const WINDOWS: [u64; 12] = [30, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1_200, 1_800];

/// Maximum number of tasks of an ECS service. Source: "Amazon ECS service quotas".
const QUOTA: u32 = 5_000;

impl Space {
    /// The space of candidates around `present`, for a service whose definition has `processing` as its
    /// processing time.
    pub(super) fn new(
        present: Settings,
        processing: Duration,
        slo: Duration,
        peak: u32,
        options: &TuneOptions,
    ) -> Self {
        let kept = |parameter| options.keep.contains(&parameter);
        // A target below one message per task meets no objective, and is refused.
        let shortest = processing.max(Duration::from_millis(1)).min(slo);
        let floor = if present.min == 0 { 0 } else { 1 };
        let ceiling =
            (peak.saturating_add(peak.div_ceil(4)).saturating_add(1)).clamp(floor, present.max);
        let min = if kept(Parameter::Min) {
            (present.min, present.min)
        } else {
            (floor, ceiling.max(present.min))
        };
        Self {
            law: present.law,
            present,
            latency: if kept(Parameter::AcceptableLatency) {
                (present.acceptable_latency, present.acceptable_latency)
            } else {
                (shortest, slo)
            },
            min,
            max: (present.max, present.max),
            keep: options.keep.clone(),
            peak,
            seed: options.seed,
        }
    }

    /// Its policy.
    pub(super) fn law(&self) -> Law {
        self.law
    }

    /// Returns the current parameters, or the other policy's defaults.
    pub(super) fn present(&self) -> Settings {
        self.present
    }

    /// Returns the maximum number of tasks, running all the time. No other candidate has more messages within
    /// the objective. `None` if that isn't allowed.
    pub(super) fn all_the_time(&self) -> Option<Settings> {
        (!self.keeps(Parameter::Min)).then_some(Settings {
            min: self.max.1,
            max: self.max.1,
            ..self.present
        })
    }

    /// Returns the same space with a higher maximum. `None` if that isn't allowed or isn't higher.
    pub(super) fn raised(&self) -> Option<Self> {
        let most = self.peak.saturating_mul(3).saturating_add(2).min(QUOTA);
        if self.keeps(Parameter::Max) || most <= self.present.max {
            return None;
        }
        let from = self.peak.clamp(self.present.max, most);
        let min = if self.keeps(Parameter::Min) {
            self.min
        } else {
            let ceiling = self
                .peak
                .saturating_add(self.peak.div_ceil(4))
                .saturating_add(1);
            (self.min.0, ceiling.min(most))
        };
        Some(Self {
            max: (from, most),
            min,
            ..self.clone()
        })
    }

    fn keeps(&self, parameter: Parameter) -> bool {
        self.keep.contains(&parameter)
    }

    /// Returns this number of candidates: a grid, reduced or extended at random as the seed determines.
    pub(super) fn first(&self, wanted: usize) -> Vec<Settings> {
        let mut random = Random::new(self.seed, Purpose::Sampling);
        let mut grid = self.grid();
        for at in (1..grid.len()).rev() {
            grid.swap(at, random.below(at + 1));
        }
        let mut chosen = vec![self.within(self.present)];
        let mut add = |one: Settings| {
            if chosen.len() < wanted && !chosen.contains(&one) {
                chosen.push(one);
            }
        };
        grid.into_iter().for_each(&mut add);
        // A small space has fewer candidates than requested.
        for _ in 0..wanted * 4 {
            add(self.any(&mut random));
        }
        chosen
    }

    fn grid(&self) -> Vec<Settings> {
        let (latencies, cooldowns, windows): (&[f64], &[(u64, u64)], &[u64]) = match self.law {
            Law::BacklogPerTask => (
                &[1.0, 0.7, 0.4, 0.2],
                &[(0, 0), (0, 300), (60, 60), (60, 300), (300, 900)],
                &[120],
            ),
            Law::Demand => (&[1.0, 0.8, 0.5], &[(0, 0), (0, 120)], &[120, 900]),
        };
        let maxima = if self.max.0 == self.max.1 { 1 } else { 2 };
        let mut grid = Vec::new();
        for min in geometric(self.min, 8) {
            for max in geometric(self.max, maxima) {
                for share in latencies {
                    for (out, r#in) in cooldowns {
                        for window in windows {
                            grid.push(self.within(Settings {
                                law: self.law,
                                acceptable_latency: self.latency.1.mul_f64(*share),
                                cooldown_out: Duration::from_secs(*out),
                                cooldown_in: Duration::from_secs(*r#in),
                                window: Duration::from_secs(*window),
                                min,
                                max,
                            }));
                        }
                    }
                }
            }
        }
        grid
    }

    fn any(&self, random: &mut Random) -> Settings {
        let pick = |random: &mut Random, from: &[u64]| {
            let at = random.below(from.len());
            Duration::from_secs(from.get(at).copied().unwrap_or_default())
        };
        let between = |random: &mut Random, (from, to): (u32, u32)| {
            let span = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
            let more = random.below(span.saturating_add(1));
            from.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
        };
        let share = 0.1 + 0.9 * random.unit();
        self.within(Settings {
            law: self.law,
            acceptable_latency: self.latency.1.mul_f64(share),
            cooldown_out: pick(random, &COOLDOWNS),
            cooldown_in: pick(random, &COOLDOWNS),
            window: pick(random, &WINDOWS),
            min: between(random, self.min),
            max: between(random, self.max),
        })
    }

    /// Returns the neighbors of a candidate: one parameter differs by a large or small amount.
    pub(super) fn near(&self, one: Settings) -> Vec<Settings> {
        let mut near = Vec::new();
        let mut add = |other: Settings| {
            let other = self.within(other);
            if other != one && !near.contains(&other) {
                near.push(other);
            }
        };
        let step = (one.min / 4).max(2);
        for min in [
            one.min.saturating_sub(step),
            one.min.saturating_sub(1),
            one.min.saturating_add(1),
            one.min.saturating_add(step),
        ] {
            add(Settings { min, ..one });
        }
        for share in [0.6, 0.85, 1.15, 1.5] {
            let acceptable_latency = one.acceptable_latency.mul_f64(share);
            add(Settings {
                acceptable_latency,
                ..one
            });
        }
        for cooldown_out in beside(&COOLDOWNS, one.cooldown_out) {
            add(Settings {
                cooldown_out,
                ..one
            });
        }
        for cooldown_in in beside(&COOLDOWNS, one.cooldown_in) {
            add(Settings { cooldown_in, ..one });
        }
        for window in beside(&WINDOWS, one.window) {
            add(Settings { window, ..one });
        }
        for share in [0.75, 0.9, 1.1, 1.3] {
            let max = scaled(one.max, share);
            add(Settings { max, ..one });
        }
        near
    }

    /// Returns the candidate with every parameter within its bounds, as numbers that people would write.
    fn within(&self, mut one: Settings) -> Settings {
        one.law = self.law;
        if self.keeps(Parameter::AcceptableLatency) {
            one.acceptable_latency = self.present.acceptable_latency;
        } else {
            one.acceptable_latency =
                written(one.acceptable_latency).clamp(self.latency.0, self.latency.1);
        }
        if self.keeps(Parameter::Cooldown) {
            one.cooldown_out = self.present.cooldown_out;
            one.cooldown_in = self.present.cooldown_in;
        }
        if self.law == Law::BacklogPerTask || self.keeps(Parameter::Window) {
            one.window = self.present.window;
        }
        one.max = one.max.clamp(self.max.0, self.max.1);
        one.min = one.min.clamp(self.min.0, self.min.1).min(one.max);
        one
    }
}

/// Rounds a duration to two digits, and to whole seconds from 2 s on.
fn written(time: Duration) -> Duration {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut unit = 1;
    while millis / unit >= 100 {
        unit *= 10;
    }
    let rounded = Duration::from_millis((millis + unit / 2) / unit * unit);
    if rounded >= Duration::from_secs(60) {
        let five = Duration::from_secs(5);
        let fives = (rounded.as_secs() + 2) / 5;
        return five.saturating_mul(u32::try_from(fives).unwrap_or(u32::MAX));
    }
    if rounded >= Duration::from_secs(2) {
        return Duration::from_secs(rounded.saturating_add(Duration::from_millis(500)).as_secs());
    }
    rounded
}

/// Returns this number of whole numbers from one to another, with a constant factor between them.
fn geometric((from, to): (u32, u32), steps: u32) -> Vec<u32> {
    let mut numbers = vec![from];
    let ratio = f64::from(to.max(1)) / f64::from(from.max(1));
    for step in 1..steps {
        let share = f64::from(step) / f64::from(steps - 1);
        numbers.push(scaled(from.max(1), libm::pow(ratio, share)).clamp(from, to));
    }
    numbers.dedup();
    numbers
}

/// Multiplies a number by a factor, and rounds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float outside of the range saturates"
)]
fn scaled(number: u32, by: f64) -> u32 {
    (f64::from(number) * by).round() as u32
}

/// Returns the next durations below and above one.
fn beside(ladder: &[u64], time: Duration) -> impl Iterator<Item = Duration> {
    let below = ladder
        .iter()
        .rev()
        .find(|step| Duration::from_secs(**step) < time);
    let above = ladder
        .iter()
        .find(|step| Duration::from_secs(**step) > time);
    below
        .into_iter()
        .chain(above)
        .map(|step| Duration::from_secs(*step))
}
