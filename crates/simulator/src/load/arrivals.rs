//! A load as a stream of messages, generated on demand.

use crate::random::{Purpose, Random};
use crate::time::{Nanos, from_seconds};

use super::curve::{Curve, Stretch};
use super::generator::{Generator, Shape};
use super::packed::Unpacked;
use super::read::{Layout, Recorded};

/// A message that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Nanoseconds since the start of the simulation. Never less than the previous arrival's.
    pub at: u64,
    /// Its processing time in nanoseconds, if the load contains it.
    pub work: Option<u64>,
    /// Index of its queue in [`crate::Load::queues`], if the load names queues.
    pub part: Option<u8>,
}

/// The messages of a load, in order.
#[derive(Clone, Debug)]
pub struct Arrivals<'l> {
    stream: Stream<'l>,
    random: Random,
    from: Nanos,
    to: Nanos,
}

/// The sources of arrivals, before the selection of the requested part.
#[derive(Clone, Debug)]
enum Stream<'l> {
    Constant {
        rate: f64,
        sent: u64,
    },
    Poisson {
        curve: Curve,
        at: Nanos,
        stretch: Stretch,
    },
    Modulated {
        states: &'l [(f64, std::time::Duration)],
        state: usize,
        factor: f64,
        at: Nanos,
        until: Nanos,
    },
    Counts(Counts<'l>),
    Rows {
        rows: Unpacked<'l>,
        scale: f64,
        row: Option<Arrival>,
        copies: u64,
    },
    Mixed(Vec<Part<'l>>),
}

/// The load of one queue among several, with its next message.
#[derive(Clone, Debug)]
struct Part<'l> {
    after: Nanos,
    arrivals: Arrivals<'l>,
    next: Option<Arrival>,
}

impl Part<'_> {
    /// Advances to its next message.
    fn advance(&mut self) -> Option<Arrival> {
        let following = self.arrivals.next().map(|arrival| Arrival {
            at: arrival.at.saturating_add(self.after),
            ..arrival
        });
        std::mem::replace(&mut self.next, following)
    }
}

/// Rows of counts. Each count is spread over the time until the next row.
#[derive(Clone, Debug)]
struct Counts<'l> {
    rows: Unpacked<'l>,
    next: Option<(u64, u64)>,
    end: Nanos,
    scale: f64,
    at: Nanos,
    until: Nanos,
    left: u64,
}

impl<'l> Arrivals<'l> {
    pub(super) fn generated(
        generator: &'l Generator,
        scale: f64,
        seed: u64,
        part: (Nanos, Nanos),
    ) -> Self {
        let stream = match &generator.shape {
            Shape::Constant { rate } => Stream::Constant {
                rate: rate * scale,
                sent: 0,
            },
            Shape::Poisson(curve) => Stream::Poisson {
                curve: curve.scaled(scale),
                at: 0,
                stretch: Stretch::default(),
            },
            Shape::Modulated { states } => Stream::Modulated {
                states,
                state: states.len() - 1,
                factor: scale,
                at: 0,
                until: 0,
            },
        };
        Self::new(stream, seed, part)
    }

    pub(super) fn recorded(
        recorded: &'l Recorded,
        scale: f64,
        seed: u64,
        part: (Nanos, Nanos),
    ) -> Self {
        let mut rows = recorded.rows.iter();
        let stream = match recorded.layout {
            Layout::Counts => Stream::Counts(Counts {
                next: rows.next(),
                rows,
                end: recorded.end.saturating_mul(1_000),
                scale,
                at: 0,
                until: 0,
                left: 0,
            }),
            Layout::Messages => Stream::Rows {
                rows,
                scale,
                row: None,
                copies: 0,
            },
        };
        Self::new(stream, seed, part)
    }

    /// The messages of several loads. Each starts this long after the first.
    pub(super) fn mixed(
        loads: impl Iterator<Item = (Nanos, Arrivals<'l>)>,
        part: (Nanos, Nanos),
    ) -> Self {
        let parts = loads.map(|(after, arrivals)| {
            let mut part = Part {
                after,
                arrivals,
                next: None,
            };
            part.advance();
            part
        });
        Self::new(Stream::Mixed(parts.collect()), 0, part)
    }

    fn new(stream: Stream<'l>, seed: u64, (from, to): (Nanos, Nanos)) -> Self {
        Self {
            stream,
            random: Random::new(seed, Purpose::Arrivals),
            from,
            to,
        }
    }
}

impl Iterator for Arrivals<'_> {
    type Item = Arrival;

    #[inline]
    fn next(&mut self) -> Option<Arrival> {
        loop {
            let arrival = self.stream.next(&mut self.random, self.to)?;
            if arrival.at >= self.to {
                return None;
            }
            if let Some(at) = arrival.at.checked_sub(self.from) {
                return Some(Arrival { at, ..arrival });
            }
        }
    }
}

impl Stream<'_> {
    #[inline]
    fn next(&mut self, random: &mut Random, end: Nanos) -> Option<Arrival> {
        match self {
            Self::Constant { rate, sent } => {
                if *rate <= 0.0 {
                    return None;
                }
                #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 messages")]
                let at = from_seconds(*sent as f64 / *rate);
                *sent += 1;
                Some(without_work(at))
            }
            Self::Poisson { curve, at, stretch } => draw_poisson(curve, at, stretch, random, end),
            Self::Modulated {
                states,
                state,
                factor,
                at,
                until,
            } => loop {
                let rate = states[*state].0 * *factor;
                if let Some(next) = draw_next(*at, rate, *until, random) {
                    *at = next;
                    break Some(without_work(next));
                }
                if *until >= end {
                    break None;
                }
                *at = *until;
                let other = random.below(states.len() - 1);
                *state = if *until == 0 {
                    0
                } else {
                    (*state + 1 + other) % states.len()
                };
                let stay = from_seconds(states[*state].1.as_secs_f64() * random.exponential());
                *until = until.saturating_add(stay.max(1));
            },
            Self::Counts(counts) => counts.next(random),
            Self::Mixed(parts) => {
                let times = parts.iter().enumerate();
                let times = times.filter_map(|(place, part)| Some((part.next.as_ref()?.at, place)));
                let (_, place) = times.min()?;
                let arrival = parts.get_mut(place)?.advance()?;
                Some(Arrival {
                    part: u8::try_from(place).ok(),
                    ..arrival
                })
            }
            Self::Rows {
                rows,
                scale,
                row,
                copies,
            } => loop {
                if let Some(arrival) = row.filter(|_| *copies > 0) {
                    *copies -= 1;
                    break Some(arrival);
                }
                let (at, work) = rows.next()?;
                *copies = scale_count(1, *scale, random);
                *row = Some(Arrival {
                    at: at.saturating_mul(1_000),
                    work: work
                        .checked_sub(1)
                        .map(|micros| micros.saturating_mul(1_000)),
                    part: None,
                });
            },
        }
    }
}

impl Counts<'_> {
    /// Returns the next of `left` random times in the rest of the step: the minimum of that many.
    #[inline]
    fn next(&mut self, random: &mut Random) -> Option<Arrival> {
        while self.left == 0 {
            self.begin(random)?;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
        let share = -libm::expm1(-random.exponential() / self.left as f64);
        let rest = crate::time::seconds(self.until - self.at);
        self.at = self
            .at
            .saturating_add(from_seconds(rest * share))
            .min(self.until - 1);
        self.left -= 1;
        Some(without_work(self.at))
    }

    fn begin(&mut self, random: &mut Random) -> Option<()> {
        let (at, count) = self.next?;
        self.next = self.rows.next();
        self.at = at.saturating_mul(1_000);
        let until = self
            .next
            .map_or(self.end, |(next, _)| next.saturating_mul(1_000));
        self.until = until.max(self.at.saturating_add(1));
        self.left = scale_count(count, self.scale, random);
        Some(())
    }
}

/// A message without a processing time.
fn without_work(at: Nanos) -> Arrival {
    Arrival {
        at,
        work: None,
        part: None,
    }
}

/// Multiplies a count by a factor. The remaining fraction becomes one message at random, so that the mean is
/// correct.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts are below 2^53, and a float over the range saturates"
)]
fn scale_count(count: u64, scale: f64, random: &mut Random) -> u64 {
    if scale == 1.0 || count == 0 {
        return count;
    }
    let exact = count as f64 * scale;
    exact as u64 + u64::from(random.unit() < exact.fract())
}

/// Returns the next event of a Poisson process. `None` if it isn't before `until`.
#[inline]
fn draw_next(at: Nanos, rate: f64, until: Nanos, random: &mut Random) -> Option<Nanos> {
    if rate <= 0.0 || at >= until {
        return None;
    }
    let next = at.saturating_add(from_seconds(random.exponential() / rate));
    (next < until).then_some(next)
}

/// Returns the next event of a Poisson process with a changing rate, by thinning one with a higher rate. If the
/// random number is below the minimum rate of the segment, the rate itself isn't needed.
///
/// Source: Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning", 1979.
#[inline]
fn draw_poisson(
    curve: &Curve,
    at: &mut Nanos,
    stretch: &mut Stretch,
    random: &mut Random,
    end: Nanos,
) -> Option<Arrival> {
    loop {
        match draw_next(*at, stretch.most, stretch.until, random) {
            Some(next) => {
                *at = next;
                let draw = if stretch.least < stretch.most {
                    random.unit() * stretch.most
                } else {
                    0.0
                };
                if draw < stretch.least || draw < curve.rate(next) {
                    return Some(without_work(next));
                }
            }
            None if stretch.until >= end => return None,
            None => {
                *at = stretch.until;
                *stretch = curve.stretch(*at);
            }
        }
    }
}
