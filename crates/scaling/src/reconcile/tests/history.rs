//! Complete histories: a service, its alarms, and many invocations, with every possible fault.

use proptest::prelude::*;

use super::*;

const MIN: u32 = 1;
const MAX: u32 = 12;

/// The next event.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Time passes, in seconds.
    Pause(u64),
    /// An alarm changes its state, and a message about it arrives this many times.
    Change(Side, bool, u8),
    /// An old message arrives again.
    Replay(prop::sample::Index),
    /// The rule requests a re-evaluation.
    ReEvaluate,
    /// The next invocation crashes after it writes its record.
    Crash,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    side: Side,
    change: StateChange,
}

#[derive(Default)]
struct World {
    now: Duration,
    desired: u32,
    states: PerSide<Option<StateChange>>,
    records: PerSide<Option<StepRecord>>,
    messages: Vec<Message>,
    crash: bool,
    /// Why the last record of each side was written.
    asked_by: PerSide<Option<Trigger>>,
    /// Every count set: when, for which side and change, and why its record was written.
    set: Vec<(Duration, Side, Duration, Option<Trigger>)>,
}

impl World {
    fn happen(&mut self, event: Event, scaling: &AlarmScaling<'_>) {
        match event {
            Event::Pause(seconds) => self.now += secs(seconds),
            Event::Change(side, alarm, times) => {
                let state = if alarm {
                    AlarmState::Alarm
                } else {
                    AlarmState::Ok
                };
                self.now += secs(10);
                let change = StateChange {
                    state,
                    at: self.now,
                };
                *self.states.get_mut(side) = Some(change);
                let message = Message { side, change };
                self.messages.push(message);
                for _ in 0..times {
                    self.invoke(Some(message), scaling);
                }
            }
            Event::Replay(index) => {
                if !self.messages.is_empty() {
                    let message = *index.get(&self.messages);
                    self.invoke(Some(message), scaling);
                }
            }
            Event::ReEvaluate => self.invoke(None, scaling),
            Event::Crash => self.crash = true,
        }
    }

    fn invoke(&mut self, message: Option<Message>, scaling: &AlarmScaling<'_>) {
        let mut states = self.states;
        if let Some(message) = message {
            let state = states.get_mut(message.side);
            *state = state.map(|known| known.or_newer(message.change));
        }
        let Some((side, change)) = ringing(states) else {
            return;
        };
        let trigger = match message {
            Some(_) => Trigger::StateChange,
            None => Trigger::ReEvaluation,
        };
        let situation = Situation {
            now: self.now,
            trigger,
            side,
            change,
            period: secs(60),
            desired: self.desired,
            deploying: false,
            records: self.records,
        };
        let record = match situation.decide(scaling, None) {
            StepDecision::Hold(_) => return,
            StepDecision::Step(record) => {
                *self.records.get_mut(side) = Some(record);
                *self.asked_by.get_mut(side) = Some(trigger);
                if std::mem::take(&mut self.crash) {
                    return;
                }
                record
            }
            StepDecision::Finish(record) => record,
        };
        let asked_by = *self.asked_by.get(side);
        self.set.push((self.now, side, change, asked_by));
        self.desired = record.to;
        *self.records.get_mut(side) = Some(StepRecord {
            done: true,
            ..record
        });
    }
}

fn event() -> impl Strategy<Value = Event> {
    let side = prop_oneof![Just(Side::Out), Just(Side::In)];
    prop_oneof![
        3 => (1u64..200).prop_map(Event::Pause),
        3 => (side, any::<bool>(), 0u8..4).prop_map(|(side, alarm, times)| Event::Change(side, alarm, times)),
        3 => any::<prop::sample::Index>().prop_map(Event::Replay),
        3 => Just(Event::ReEvaluate),
        1 => Just(Event::Crash),
    ]
}

fn run(events: &[Event], cooldown: u64) -> World {
    let kind = AdjustmentType::ChangeInCapacity;
    let out = steps(kind, cooldown, &[(0.0, 2)]);
    let scale_in = steps(kind, cooldown, &[(0.0, -1)]);
    let scaling = AlarmScaling {
        bounds: Bounds::new(MIN, MAX).unwrap(),
        steps: PerSide {
            scale_out: Some(&out),
            scale_in: Some(&scale_in),
        },
    };
    let mut world = World {
        now: secs(1_000_000),
        desired: 4,
        ..World::default()
    };
    for event in events {
        world.happen(*event, &scaling);
        assert!((MIN..=MAX).contains(&world.desired));
    }
    world
}

proptest! {
    /// Messages step once per change, however often and late they come. Every other step of the same change
    /// comes from a re-evaluation, and waits for the cooldown.
    #[test]
    fn never_twice_for_one_change(events in prop::collection::vec(event(), 1..80), cooldown in 0u64..200) {
        let world = run(&events, cooldown);
        for (index, (at, side, change, asked_by)) in world.set.iter().enumerate() {
            let before = world.set[..index].iter().rev();
            let mut same = before.filter(|(_, other, of, ..)| (other, of) == (side, change));
            if let Some((earlier, ..)) = same.next() {
                prop_assert_eq!(*asked_by, Some(Trigger::ReEvaluation), "{:?}", world.set);
                prop_assert!(*at >= *earlier + secs(cooldown.max(60)), "{:?}", world.set);
            }
        }
    }

    /// No two steps of one side happen within the cooldown, and no scale-in within any cooldown.
    #[test]
    fn cooldowns_are_kept(events in prop::collection::vec(event(), 1..80), cooldown in 0u64..200) {
        let world = run(&events, cooldown);
        for pair in world.set.windows(2) {
            let ((earlier, first, ..), (at, second, ..)) = (pair[0], pair[1]);
            if (first, second) != (Side::In, Side::Out) {
                prop_assert!(at >= earlier + secs(cooldown), "{:?}", world.set);
            }
        }
    }

    /// A constant load reaches the bound, whatever happened before.
    #[test]
    fn a_load_that_stays_reaches_the_bound(
        events in prop::collection::vec(event(), 0..40), cooldown in 0u64..200,
    ) {
        let mut events = events;
        events.push(Event::Change(Side::Out, true, 0));
        for _ in 0..60 {
            events.extend([Event::Pause(60), Event::ReEvaluate]);
        }
        prop_assert_eq!(run(&events, cooldown).desired, MAX);
    }
}
