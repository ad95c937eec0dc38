//! The events of one message.

use crate::time::Nanos;

/// An observed message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tracked {
    pub(super) sent: Nanos,
    pub(super) processings: Vec<Stretch>,
}

/// A worker's processing of the message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) began: Nanos,
    pub(super) ended: Option<Nanos>,
    pub(super) done: bool,
    pub(super) receive_count: u32,
}

/// An event of a message. If two happen at the same time, the one that is earlier in this list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// It is sent.
    Sent,
    /// Its processing ends, and it is deleted.
    Done { begun: Nanos },
    /// Its processing failed, and it is visible again.
    Back { begun: Nanos },
    /// It reached the queue's maximum number of receives.
    Dead { begun: Nanos },
    /// A worker starts to process it.
    Begun { again: bool },
}

/// How a queue treats a message that isn't deleted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) visibility: Nanos,
    pub(super) most_receives: u32,
}

impl Tracked {
    /// Returns the duration of the processing that first finished it.
    pub(super) fn work(&self) -> Option<Nanos> {
        let done = self.finished()?;
        Some(done.ended?.saturating_sub(done.began))
    }

    fn finished(&self) -> Option<&Stretch> {
        let done = |one: &&Stretch| one.done && one.ended.is_some();
        self.processings
            .iter()
            .filter(done)
            .min_by_key(|one| one.ended)
    }

    /// Returns its events, in no particular order.
    pub(super) fn fates(&self, rules: Rules) -> Vec<(Nanos, Fate)> {
        let mut fates = vec![(self.sent, Fate::Sent)];
        let mut processings = self.processings.clone();
        processings.sort_by_key(|one| one.began);
        for (index, one) in processings.iter().enumerate() {
            // Processing never starts before the message was sent, even if clocks differ.
            let begun = one.began.max(self.sent);
            fates.push((begun, Fate::Begun { again: index > 0 }));
            if let Some(ended) = one.ended.filter(|_| one.done) {
                // After its start, regardless of its duration.
                fates.push((ended.max(begun.saturating_add(1)), Fate::Done { begun }));
                continue;
            }
            let hidden = begun.saturating_add(rules.visibility);
            match processings.get(index + 1) {
                Some(next) => fates.push((hidden.min(next.began), Fate::Back { begun })),
                None if one.receive_count >= rules.most_receives => {
                    fates.push((hidden, Fate::Dead { begun }));
                }
                None => fates.push((hidden, Fate::Back { begun })),
            }
        }
        fates
    }

    /// Returns the processings whose end the worker never reported, and for which the visibility timeout ended
    /// before `end`.
    pub(super) fn interrupted(&self, rules: Rules, end: Nanos) -> u64 {
        let given_up = |one: &&Stretch| {
            one.ended.is_none() && one.began.saturating_add(rules.visibility) < end
        };
        self.processings.iter().filter(given_up).count() as u64
    }
}
