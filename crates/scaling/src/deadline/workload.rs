//! Queues that share tasks: the part of the tasks that each gets, and the tasks that the others take from it.

/// The work of some queues that others of the same service need to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Workload {
    /// Messages that wait or are in flight, and those in flight.
    pub(super) messages: f64,
    pub(super) in_flight: f64,
    /// Messages sent per second.
    pub(super) rate: f64,
    /// Seconds of work per message and task.
    pub(super) work: f64,
    /// Places per task.
    pub(super) places: f64,
    /// Seconds within which waiting messages are to start.
    pub(super) planned: f64,
}

impl Workload {
    /// Tasks that these messages keep busy while the messages of another queue, which needs `need` tasks, are
    /// drained as planned.
    pub(super) fn taken_from(&self, other: &Self, need: f64) -> f64 {
        let planned = other.planned.max(f64::MIN_POSITIVE);
        let messages = self.messages + self.rate * planned;
        let within = messages * self.work / planned;
        let by_turns = need * self.turn() / other.turn();
        // A message keeps only its own place busy.
        within.min(by_turns).min(messages / self.places)
    }

    /// Its part when tasks take messages in turn: the work of one message.
    fn turn(&self) -> f64 {
        self.work.max(1e-9)
    }
}

/// The part of the tasks, which have this many places, that each queue can count on: the tasks that the
/// others don't keep busy now, and at least its turn. A worker that polls its queues without priority takes
/// their messages in turn, so of queues that all have messages, each gets tasks in proportion to the work of
/// one of its messages.
pub(super) fn parts_of_tasks(queues: &[Workload], places: f64) -> Vec<f64> {
    let busy: f64 = queues.iter().map(|one| one.in_flight).sum();
    let turns: f64 = queues
        .iter()
        .filter(|one| one.messages > 0.0)
        .map(Workload::turn)
        .sum();
    let part = |one: &Workload| {
        let others = (busy - one.in_flight) / places.max(busy).max(1.0);
        let beside = if one.messages > 0.0 {
            turns
        } else {
            turns + one.turn()
        };
        (1.0 - others).max(one.turn() / beside)
    };
    queues.iter().map(part).collect()
}

/// The tasks with which each queue has the tasks that it needs, while the other queues take their turns.
/// `least` is enough for all of them without turns.
///
/// In the time that a queue's plan has, another queue keeps tasks busy with its present and future messages,
/// but with no more tasks than its turns allow. Doing work before it is due costs nothing except earlier
/// starts.
pub(super) fn need_with_turns(least: f64, needs: &[f64], loads: &[Workload]) -> f64 {
    let queues = needs.iter().zip(loads).enumerate();
    let with_others = queues
        .filter(|(_, (need, _))| **need > 0.0)
        .map(|(place, (need, own))| {
            let others = loads
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != place);
            let taken = others.map(|(_, other)| other.taken_from(own, *need));
            need + taken.sum::<f64>()
        });
    with_others.fold(least, f64::max)
}
