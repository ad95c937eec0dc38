//! Every message of the demo: sent, started, done.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde::Serialize;

use crate::worked::{Line, Processed, Worked};

/// The known state of the messages. Times are milliseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// When each was sent, by its ID.
    sent: HashMap<String, u64>,
    /// Number of times that each was done.
    done: HashMap<String, u32>,
    /// Sent but not known to have started, oldest first.
    waiting: BTreeSet<(u64, String)>,
    begun: BTreeSet<String>,
    /// How long each message waited until its first start, in milliseconds.
    waits: Vec<u64>,
    failed: u64,
    again: u64,
    problems: Vec<String>,
    strange: Vec<String>,
    works: Vec<Worked>,
}

/// Numbers of messages by outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Sent by the producer.
    pub sent: u64,
    /// Done at least once.
    pub done: u64,
    /// Number of times that a message was done again.
    pub done_again: u64,
    /// Number of times that processing a message failed.
    pub failed: u64,
    /// Deliveries after the first.
    pub delivered_again: u64,
    /// Sent but never done.
    pub not_done: u64,
    /// Problems that the workers logged.
    pub problems: u64,
    /// Lines in the logs that the workers didn't write.
    pub strange_lines: u64,
}

impl Ledger {
    pub(crate) fn sent(&mut self, id: &str, at_ms: u64) {
        self.sent.insert(id.to_owned(), at_ms);
        if !self.begun.contains(id) {
            self.waiting.insert((at_ms, id.to_owned()));
        }
    }

    pub(crate) fn note(&mut self, line: Line) {
        match line {
            Line::Worked(worked) => self.worked(worked),
            Line::Problem(problem) => self.problems.push(problem),
            Line::Strange(line) => self.strange.push(line),
            Line::Other => {}
        }
    }

    fn worked(&mut self, worked: Worked) {
        let id = &worked.message_id;
        let asked = self.sent.get(id).copied();
        if let Some(at) = asked {
            self.waiting.remove(&(at, id.clone()));
        }
        let is_first = self.begun.insert(id.clone());
        let sent = worked.sent_at_ms.or(asked);
        if let Some(sent) = sent.filter(|_| is_first) {
            self.waits.push(worked.began_at_ms.saturating_sub(sent));
        }
        match worked.outcome {
            Processed::Done => *self.done.entry(id.clone()).or_default() += 1,
            Processed::Failed => self.failed += 1,
        }
        self.again += u64::from(worked.receive_count.is_some_and(|count| count > 1));
        self.works.push(worked);
    }

    /// Returns the waiting time of the oldest message whose processing hasn't started, in milliseconds.
    pub(crate) fn oldest_waiting(&self, now_ms: u64) -> Option<u64> {
        let (sent, _) = self.waiting.first()?;
        Some(now_ms.saturating_sub(*sent))
    }

    /// Messages that waited longer than the objective, or have waited longer by `now_ms`; each once, by its first start.
    pub(crate) fn late(&self, objective: Duration, now_ms: u64) -> u64 {
        let limit = u64::try_from(objective.as_millis()).unwrap_or(u64::MAX);
        let waiting = self.waiting.iter();
        let waiting = waiting.filter(|(sent, _)| now_ms.saturating_sub(*sent) > limit);
        let begun = self.waits.iter().filter(|wait| **wait > limit);
        (begun.count() + waiting.count()) as u64
    }

    /// Everything that the workers have logged about messages, in the order in which it was read.
    pub(crate) fn works(&self) -> &[Worked] {
        &self.works
    }

    /// Returns the average time that a task needed to fetch a waiting message, without its processing.
    pub(crate) fn mean_fetch(&self) -> Option<Duration> {
        let fetches = self.works.iter().filter_map(|worked| worked.fetched_in_ms);
        let (sum, count) = fetches.fold((0, 0), |(sum, count), fetch| (sum + fetch, count + 1));
        (count > 0).then(|| Duration::from_millis(sum) / count)
    }

    /// Returns when each message was sent, by its ID.
    pub(crate) fn sent_at(&self) -> &HashMap<String, u64> {
        &self.sent
    }

    /// Returns the first problem of a worker, or the first line that isn't a worker's.
    pub(crate) fn first_trouble(&self) -> Option<&str> {
        self.problems
            .first()
            .or(self.strange.first())
            .map(String::as_str)
    }

    pub(crate) fn account(&self) -> Account {
        let sent = self.sent.len() as u64;
        let done = self
            .sent
            .keys()
            .filter(|id| self.done.contains_key(*id))
            .count() as u64;
        Account {
            sent,
            done,
            done_again: self.done.values().map(|times| u64::from(times - 1)).sum(),
            failed: self.failed,
            delivered_again: self.again,
            not_done: sent - done,
            problems: self.problems.len() as u64,
            strange_lines: self.strange.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worked(id: &str, outcome: Processed, receive_count: u32) -> Line {
        Line::Worked(Worked {
            message_id: id.into(),
            sent_at_ms: None,
            began_at_ms: 5_000,
            ended_at_ms: 5_100,
            outcome,
            receive_count: Some(receive_count),
            fetched_in_ms: None,
        })
    }

    #[test]
    fn each_message_is_accounted_for() {
        let mut ledger = Ledger::default();
        for (id, at) in [("a", 1_000), ("b", 2_000), ("c", 3_000)] {
            ledger.sent(id, at);
        }
        assert_eq!(ledger.oldest_waiting(11_000), Some(10_000));
        ledger.note(worked("a", Processed::Failed, 1));
        assert_eq!(
            ledger.oldest_waiting(11_000),
            Some(9_000),
            "a started message isn't waiting"
        );
        ledger.note(worked("a", Processed::Done, 2));
        ledger.note(worked("b", Processed::Done, 1));
        ledger.note(worked("b", Processed::Done, 2));
        // The worker can be faster than the producer's response.
        ledger.note(worked("d", Processed::Done, 1));
        ledger.sent("d", 4_000);
        ledger.note(worked("of another sender", Processed::Done, 1));
        ledger.note(Line::Problem("receive: timed out".into()));
        ledger.note(Line::Strange("Killed".into()));
        ledger.note(Line::Other);
        assert_eq!(ledger.oldest_waiting(11_000), Some(8_000), "c");
        assert_eq!(
            ledger.account(),
            Account {
                sent: 4,
                done: 3,
                done_again: 1,
                failed: 1,
                delivered_again: 2,
                not_done: 1,
                problems: 1,
                strange_lines: 1,
            }
        );
        assert_eq!(ledger.first_trouble(), Some("receive: timed out"));
        assert_eq!(ledger.works().len(), 6);
    }

    #[test]
    fn nothing_waits_when_everything_has_begun() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.oldest_waiting(0), None);
        ledger.sent("a", 2_000);
        assert_eq!(
            ledger.oldest_waiting(1_000),
            Some(0),
            "clocks can differ slightly"
        );
        ledger.note(worked("a", Processed::Done, 1));
        assert_eq!(ledger.oldest_waiting(9_000), None);
    }

    /// All are sent at second 1, and work starts at second 5. SQS took the second one at second 2, so it waits for 3 s.
    #[test]
    fn a_late_message_counts_once_by_its_first_start() {
        let mut ledger = Ledger::default();
        for id in ["a", "b", "c"] {
            ledger.sent(id, 1_000);
        }
        ledger.note(worked("a", Processed::Failed, 1));
        ledger.note(worked("a", Processed::Done, 2));
        let objective = Duration::from_secs(3);
        assert_eq!(ledger.late(objective, 4_000), 1, "b and c wait for 3 s");
        assert_eq!(ledger.late(objective, 4_001), 3);
        let Line::Worked(second) = worked("b", Processed::Done, 1) else {
            panic!("it is a message");
        };
        ledger.note(Line::Worked(Worked {
            sent_at_ms: Some(2_000),
            ..second
        }));
        assert_eq!(ledger.late(objective, 9_000), 2, "a and c");
        assert_eq!(ledger.late(Duration::from_secs(60), 9_000), 0);
    }
}
