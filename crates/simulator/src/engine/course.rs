//! The course of a run in fine steps, and the times in which messages were late.

use crate::time::{MINUTE, Nanos, SECOND};

/// Most steps of a load; two weeks have 40,320 half minutes. With the time that its messages need after it, twice as many.
const STEPS: usize = 45_000;

/// Longest step, if there aren't too many.
const LONGEST: Nanos = 30 * SECOND;

/// Most times that are kept while the run goes on, and how many of them are then left.
const SPANS: usize = 256;
const SPANS_LEFT: usize = 64;

/// Late messages that are closer than this belong to one time.
const GAP: Nanos = MINUTE;

/// A step, in the smallest types that hold it: a run has thousands of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// Messages that were sent.
    pub(crate) sent: u32,
    /// Most messages that waited.
    pub(crate) backlog: u32,
    /// Longest wait, in milliseconds, of the messages that were received.
    pub(crate) worst: u32,
    /// Whether the alarm that adds tasks, and the one that removes them, were in ALARM at any time.
    pub(crate) alarms: (bool, bool),
}

/// The steps of a run: as long as the points of the time series, but at most half a minute if there aren't too many then.
#[derive(Debug)]
pub(crate) struct Steps {
    pub(crate) width: Nanos,
    pub(crate) done: Vec<Step>,
    until: Nanos,
    now: Step,
    /// What the alarms show now.
    shown: (bool, bool),
}

impl Steps {
    pub(super) fn new(point: Nanos, end: Nanos) -> Self {
        let fewest = end.div_ceil(STEPS as u64).div_ceil(SECOND) * SECOND;
        let width = point.min(LONGEST).max(fewest).max(1);
        Self {
            width,
            done: Vec::new(),
            until: width,
            now: Step::default(),
            shown: (false, false),
        }
    }

    /// The alarms show something else now.
    pub(super) fn show(&mut self, out: bool, r#in: bool) {
        self.shown = (out, r#in);
        self.now.alarms.0 |= out;
        self.now.alarms.1 |= r#in;
    }

    /// Lets time pass with these messages waiting.
    #[inline]
    pub(super) fn advance(&mut self, to: Nanos, visible: u64) {
        if to >= self.until {
            self.roll(to, visible);
        }
    }

    #[cold]
    fn roll(&mut self, to: Nanos, visible: u64) {
        let next = Step {
            backlog: small(visible),
            alarms: self.shown,
            ..Step::default()
        };
        while to >= self.until {
            self.done.push(std::mem::replace(&mut self.now, next));
            if self.done.len() >= 2 * STEPS {
                self.halve();
            }
            self.until = self.until.saturating_add(self.width);
        }
    }

    /// Makes one step of each two.
    fn halve(&mut self) {
        let pairs = self.done.chunks(2).filter_map(|pair| {
            let joined = |one: Step, next: &Step| Step {
                sent: one.sent.saturating_add(next.sent),
                backlog: one.backlog.max(next.backlog),
                worst: one.worst.max(next.worst),
                alarms: (one.alarms.0 || next.alarms.0, one.alarms.1 || next.alarms.1),
            };
            pair.iter().copied().reduce(|one, next| joined(one, &next))
        });
        self.done = pairs.collect();
        self.width = self.width.saturating_mul(2);
    }

    #[inline]
    pub(super) fn sent(&mut self) {
        self.now.sent = self.now.sent.saturating_add(1);
    }

    #[inline]
    pub(super) fn backlog(&mut self, visible: u64) {
        self.now.backlog = self.now.backlog.max(small(visible));
    }

    #[inline]
    pub(super) fn waited(&mut self, wait: Nanos) {
        self.now.worst = self.now.worst.max(small(wait / 1_000_000));
    }

    /// The last step, which needn't be whole.
    pub(crate) fn close(&mut self) {
        self.done.push(self.now);
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A time in which messages were late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LateSpan {
    /// When the first message was late.
    pub(crate) begin: Nanos,
    /// When the last late one was received.
    pub(crate) end: Nanos,
    /// Messages that were received too late.
    pub(crate) late: u64,
    /// Longest wait.
    pub(crate) worst: Nanos,
}

/// The times in which messages were late: all are counted, and the worst are kept.
#[derive(Debug, Default)]
pub(crate) struct LateSpans {
    pub(crate) count: u64,
    kept: Vec<LateSpan>,
    open: Option<LateSpan>,
}

impl LateSpans {
    /// A message is received that was late from a moment on.
    pub(super) fn add(&mut self, from: Nanos, now: Nanos, wait: Nanos) {
        match &mut self.open {
            Some(open) if from <= open.end.saturating_add(GAP) => {
                open.begin = open.begin.min(from);
                open.end = now;
                open.late += 1;
                open.worst = open.worst.max(wait);
            }
            _ => {
                self.close();
                self.open = Some(LateSpan {
                    begin: from,
                    end: now,
                    late: 1,
                    worst: wait,
                });
            }
        }
    }

    fn close(&mut self) {
        let Some(span) = self.open.take() else {
            return;
        };
        self.count += 1;
        self.kept.push(span);
        if self.kept.len() >= SPANS {
            self.sort();
            self.kept.truncate(SPANS_LEFT);
        }
    }

    fn sort(&mut self) {
        self.kept
            .sort_by_key(|span| (std::cmp::Reverse(span.late), span.begin));
    }

    /// The worst first, at most 64.
    pub(crate) fn finish(&mut self) {
        self.close();
        self.sort();
        self.kept.truncate(SPANS_LEFT);
    }

    /// The worst first, once the run has ended.
    pub(crate) fn worst(&self) -> &[LateSpan] {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times closer than a minute are one; of 300 the 64 with the most late messages are left, all are counted.
    #[test]
    fn the_worst_times_are_kept() {
        let mut spans = LateSpans::default();
        for time in 1..=300u64 {
            for message in 0..time {
                let from = time * 10 * MINUTE + message * SECOND / 10;
                spans.add(from, from + SECOND, 2 * SECOND);
            }
        }
        spans.finish();
        assert_eq!(spans.count, 300);
        let late: Vec<u64> = spans.worst().iter().map(|span| span.late).collect();
        assert_eq!(late, (237..=300).rev().collect::<Vec<_>>());
        let worst = spans.worst()[0];
        assert_eq!(worst.begin, 3_000 * MINUTE);
        assert_eq!(worst.end - worst.begin, 299 * SECOND / 10 + SECOND);
    }

    /// A step for each half minute, and of too many, each two become one.
    #[test]
    fn steps_are_bounded() {
        let mut steps = Steps::new(600 * SECOND, 14 * 1_440 * MINUTE);
        assert_eq!(steps.width, MINUTE / 2);
        steps.sent();
        steps.advance(50_000 * MINUTE, 7);
        steps.close();
        assert_eq!(steps.width, MINUTE);
        let all: u32 = steps.done.iter().map(|step| step.sent).sum();
        assert_eq!(all, 1);
        assert!(steps.done.len() <= 2 * STEPS && steps.done[9].backlog == 7);
    }
}
