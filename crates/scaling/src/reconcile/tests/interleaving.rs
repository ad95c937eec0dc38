//! Several invocations at once with nothing that serializes them: every order of their calls, with each of
//! them crashing at each call. Each call is one step here, and these are all possible failures between two
//! calls.

use std::collections::HashSet;

use super::*;

/// The remaining calls of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Next {
    Read,
    ReadRecord { count: u32 },
    ReadCount { record: Option<Record> },
    WriteRecord(Record),
    SetCount(Record),
    MarkDone(Record),
    End,
}

/// A record of the only change: from, to, done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Record {
    from: u32,
    to: u32,
    done: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    desired: u32,
    record: Option<Record>,
    invocations: Vec<(Trigger, Next)>,
}

/// Which of the two reads comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    CountFirst,
    RecordFirst,
}

fn decide(trigger: Trigger, desired: u32, record: Option<Record>) -> Next {
    let out = add_one();
    let scaling = AlarmScaling {
        bounds: Bounds::new(1, 9).unwrap(),
        steps: PerSide {
            scale_out: Some(&out),
            scale_in: None,
        },
    };
    let mut situation = situation(Side::Out, trigger);
    situation.desired = desired;
    situation.records.scale_out = record.map(|known| StepRecord {
        at: situation.now,
        change: situation.change,
        base: known.from,
        from: known.from,
        to: known.to,
        done: known.done,
    });
    let short = |step: StepRecord| Record {
        from: step.from,
        to: step.to,
        done: step.done,
    };
    match situation.decide(&scaling, None) {
        StepDecision::Step(step) => Next::WriteRecord(short(step)),
        StepDecision::Finish(step) => Next::SetCount(short(step)),
        StepDecision::Hold(_) => Next::End,
    }
}

impl State {
    fn new(triggers: &[Trigger]) -> Self {
        Self {
            desired: 2,
            record: None,
            invocations: triggers.iter().map(|one| (*one, Next::Read)).collect(),
        }
    }

    /// The state after the next call of one invocation.
    fn after(&self, index: usize, order: Order) -> Self {
        let mut state = self.clone();
        let (trigger, next) = self.invocations[index];
        let next = match next {
            Next::Read => match order {
                Order::CountFirst => Next::ReadRecord {
                    count: self.desired,
                },
                Order::RecordFirst => Next::ReadCount {
                    record: self.record,
                },
            },
            Next::ReadRecord { count } => decide(trigger, count, self.record),
            Next::ReadCount { record } => decide(trigger, self.desired, record),
            Next::WriteRecord(record) => {
                state.record = Some(record);
                Next::SetCount(record)
            }
            Next::SetCount(record) => {
                state.desired = record.to;
                Next::MarkDone(record)
            }
            Next::MarkDone(record) => {
                state.record = Some(Record {
                    done: true,
                    ..record
                });
                Next::End
            }
            Next::End => Next::End,
        };
        state.invocations[index].1 = next;
        state
    }

    fn dead(&self, index: usize) -> Self {
        let mut state = self.clone();
        state.invocations[index].1 = Next::End;
        state
    }
}

/// Every count in which any order can end.
fn ends(start: State, order: Order) -> Vec<State> {
    let (mut seen, mut open, mut ends) = (HashSet::new(), vec![start], Vec::new());
    while let Some(state) = open.pop() {
        if !seen.insert(state.clone()) {
            continue;
        }
        let running = |index: &usize| state.invocations[*index].1 != Next::End;
        let running: Vec<usize> = (0..state.invocations.len()).filter(running).collect();
        if running.is_empty() {
            ends.push(state);
            continue;
        }
        for index in running {
            open.push(state.after(index, order));
            open.push(state.dead(index));
        }
    }
    ends
}

const MESSAGE: Trigger = Trigger::StateChange;
const RULE: Trigger = Trigger::ReEvaluation;

#[test]
fn no_order_steps_twice_and_the_next_look_makes_up_for_what_is_lost() {
    for triggers in [
        [MESSAGE, MESSAGE, MESSAGE],
        [MESSAGE, MESSAGE, RULE],
        [MESSAGE, RULE, RULE],
        [RULE, RULE, RULE],
    ] {
        let ends = ends(State::new(&triggers), Order::CountFirst);
        assert!(ends.len() > 3, "{ends:?}");
        for mut end in ends {
            assert!(end.desired <= 3, "{end:?}");
            end.invocations = vec![(RULE, Next::Read)];
            while end.invocations[0].1 != Next::End {
                end = end.after(0, Order::CountFirst);
            }
            assert_eq!(end.desired, 3, "{end:?}");
        }
    }
}

/// Why [`Situation::desired`] must be read before the records: otherwise, one invocation can take its
/// complete step between the two reads of another.
#[test]
fn the_records_read_first_would_step_twice() {
    let ends = ends(State::new(&[MESSAGE, MESSAGE]), Order::RecordFirst);
    assert!(ends.iter().any(|end| end.desired == 4));
}
