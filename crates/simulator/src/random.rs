//! Random numbers and distributions. Each purpose has its own stream, so that two policies with the same seed
//! have the same arrivals and messages.

use std::fmt;
use std::time::Duration;

use rand_distr::{Distribution as _, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};

use crate::time::{Nanos, from_seconds, shortened, write_duration};

/// The purpose of a stream of random numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Arrivals = 1,
    Work = 2,
    Starts = 3,
    Sampling = 4,
    Choice = 5,
    Queues = 6,
}

/// A stream of random numbers: xoshiro256++, which is the same on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    /// Creates the stream of a seed for one purpose.
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        let mixed = seed ^ (purpose as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// Returns a uniformly distributed number: 0 ≤ x < 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns an exponentially distributed number with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        Exp1.sample(&mut self.0)
    }

    /// Returns a normally distributed number with mean 0 and variance 1.
    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Returns a whole number below `bound`, or 0 if `bound` is 0.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the high half of a product of 64 bits is below the bound, a usize"
    )]
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }
}

/// Distribution of a duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Constant.
    Fixed(Duration),
    /// Uniform between the two.
    Uniform(Duration, Duration),
    /// Exponential: its standard deviation is its mean.
    Exponential(Duration),
    /// Lognormal: many short and a few long durations.
    Lognormal {
        /// Mean.
        mean: Duration,
        /// Coefficient of variation: standard deviation ÷ mean.
        cv: f64,
    },
}

impl Distribution {
    /// Returns the mean.
    #[must_use]
    pub fn mean(self) -> Duration {
        match self {
            Self::Fixed(mean) | Self::Exponential(mean) | Self::Lognormal { mean, .. } => mean,
            Self::Uniform(from, to) => (from.saturating_add(to)) / 2,
        }
    }

    /// Returns the 95th percentile.
    #[must_use]
    pub fn p95(self) -> Duration {
        /// The 95th percentile of the standard normal distribution.
        const NORMAL: f64 = 1.644_853_626_951_472_2;
        let times = |mean: Duration, factor: f64| {
            Duration::try_from_secs_f64(mean.as_secs_f64() * factor).unwrap_or(Duration::MAX)
        };
        match self {
            Self::Fixed(value) => value,
            Self::Uniform(from, to) => from.saturating_add(times(to.saturating_sub(from), 0.95)),
            Self::Exponential(mean) => times(mean, libm::log(20.0)),
            Self::Lognormal { mean, cv } => {
                let variance = libm::log1p(cv * cv);
                times(mean, libm::exp(NORMAL * variance.sqrt() - variance / 2.0))
            }
        }
    }

    /// Returns the same distribution with all durations divided by the factor.
    pub(crate) fn shortened(self, factor: f64) -> Self {
        let short = |time| shortened(time, factor);
        match self {
            Self::Fixed(value) => Self::Fixed(short(value)),
            Self::Uniform(from, to) => Self::Uniform(short(from), short(to)),
            Self::Exponential(mean) => Self::Exponential(short(mean)),
            Self::Lognormal { mean, cv } => Self::Lognormal {
                mean: short(mean),
                cv,
            },
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: &Duration| write_duration(*time);
        match self {
            Self::Fixed(value) => f.write_str(&time(value)),
            Self::Uniform(from, to) => write!(f, "{} to {}, uniform", time(from), time(to)),
            Self::Exponential(mean) => write!(f, "{} on average, exponential", time(mean)),
            Self::Lognormal { mean, cv } => {
                write!(f, "{} on average, lognormal with cv {cv}", time(mean))
            }
        }
    }
}

/// A [`Distribution`] that is prepared for sampling.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sampler {
    Fixed(Nanos),
    Uniform { from: f64, width: f64 },
    Exponential { mean: f64 },
    Lognormal { location: f64, scale: f64 },
}

impl Sampler {
    pub(crate) fn new(distribution: Distribution) -> Self {
        match distribution {
            Distribution::Fixed(value) => Self::Fixed(crate::time::nanos(value)),
            Distribution::Uniform(from, to) => Self::Uniform {
                from: from.as_secs_f64(),
                width: to.as_secs_f64() - from.as_secs_f64(),
            },
            Distribution::Exponential(mean) => Self::Exponential {
                mean: mean.as_secs_f64(),
            },
            Distribution::Lognormal { mean, cv } => {
                let variance = libm::log1p(cv * cv);
                Self::Lognormal {
                    location: libm::log(mean.as_secs_f64()) - variance / 2.0,
                    scale: variance.sqrt(),
                }
            }
        }
    }

    pub(crate) fn draw(self, random: &mut Random) -> Nanos {
        match self {
            Self::Fixed(value) => value,
            Self::Uniform { from, width } => from_seconds(from + width * random.unit()),
            Self::Exponential { mean } => from_seconds(mean * random.exponential()),
            Self::Lognormal { location, scale } => {
                from_seconds(libm::exp(location + scale * random.normal()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the mean and the coefficient of variation of many samples.
    fn moments(distribution: Distribution) -> (f64, f64) {
        let mut random = Random::new(7, Purpose::Work);
        let sampler = Sampler::new(distribution);
        let count = 200_000u32;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..count {
            let value = crate::time::seconds(sampler.draw(&mut random));
            sum += value;
            squares += value * value;
        }
        let mean = sum / f64::from(count);
        (
            mean,
            (squares / f64::from(count) - mean * mean).max(0.0).sqrt() / mean,
        )
    }

    #[test]
    fn distributions_have_the_moments_that_they_name() {
        let mean = Duration::from_millis(250);
        for (distribution, cv) in [
            (Distribution::Fixed(mean), 0.0),
            (
                Distribution::Uniform(Duration::ZERO, mean * 2),
                1.0 / 3f64.sqrt(),
            ),
            (Distribution::Exponential(mean), 1.0),
            (Distribution::Lognormal { mean, cv: 0.5 }, 0.5),
        ] {
            let (found_mean, found_cv) = moments(distribution);
            assert_eq!(distribution.mean(), mean);
            assert!(
                (found_mean / 0.25 - 1.0).abs() < 0.01,
                "{distribution}: {found_mean}"
            );
            assert!((found_cv - cv).abs() < 0.02, "{distribution}: {found_cv}");
        }
    }

    /// 1 in 20 samples is longer.
    #[test]
    fn one_in_twenty_draws_is_longer_than_p95() {
        let mean = Duration::from_millis(250);
        for distribution in [
            Distribution::Uniform(mean, mean * 3),
            Distribution::Exponential(mean),
            Distribution::Lognormal { mean, cv: 0.5 },
        ] {
            let mut random = Random::new(7, Purpose::Work);
            let sampler = Sampler::new(distribution);
            let p95 = crate::time::nanos(distribution.p95());
            let longer = (0..200_000).filter(|_| sampler.draw(&mut random) > p95);
            let share = longer.count() as f64 / 200_000.0;
            assert!((share - 0.05).abs() < 0.002, "{distribution}: {share}");
        }
        assert_eq!(Distribution::Fixed(mean).p95(), mean);
    }

    #[test]
    fn streams_differ_by_purpose_and_seed() {
        let first = |seed, purpose| Random::new(seed, purpose).unit().to_bits();
        assert_eq!(first(1, Purpose::Work), first(1, Purpose::Work));
        assert_ne!(first(1, Purpose::Work), first(1, Purpose::Starts));
        assert_ne!(first(1, Purpose::Work), first(2, Purpose::Work));
    }
}
