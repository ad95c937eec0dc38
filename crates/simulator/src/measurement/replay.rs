//! The messages, samples, and actions of a measurement in order of time, recorded as the simulation records its
//! own.

use scaling::{AlarmState, Bounds};

use crate::control::{Foreknowledge, Shown, control};
use crate::engine::{Finished, Records, ScalingAction};
use crate::scenario::Scenario;
use crate::time::{Nanos, from_seconds, nanos, seconds};

use super::timeline::{Fate, Rules};
use super::{Measurement, Sample};

#[derive(Clone, Copy)]
enum Event {
    /// Something happens to the message with this index.
    Message(usize, Fate),
    Sample(Sample),
    Desired(u32),
    /// A point of the time series is complete.
    Point,
}

/// The location of a message.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Unsent,
    Waiting,
    InFlight {
        begun: Nanos,
    },
    Gone,
}

/// The current state of a message.
#[derive(Clone, Copy, Default)]
struct Now {
    place: Place,
    finished: bool,
}

struct Replay<'m> {
    measurement: &'m Measurement,
    records: Records,
    messages: Vec<Now>,
    visible: u64,
    in_flight: u64,
    desired: u32,
    shown: Shown,
    /// Running or starting tasks, and the task time until the latest sample.
    tasks: u32,
    task_time: Nanos,
    observed: Nanos,
}

pub(super) fn replay(
    measurement: &Measurement,
    scenario: &Scenario,
    bounds: Bounds,
) -> Option<Finished> {
    let end = nanos(measurement.lasts);
    let records = Records::new(&[nanos(scenario.slo)], end)?;
    let rules = Rules {
        visibility: nanos(scenario.visibility_timeout).max(1),
        most_receives: scenario.max_receives.unwrap_or(u32::MAX),
    };
    let mut replay = Replay::new(measurement, records);
    replay.begin();
    for (at, event) in order_events(measurement, rules, replay.records.width, end) {
        replay.pass(at);
        replay.happen(event);
    }
    replay.records.totals.interrupted = measurement
        .messages
        .iter()
        .map(|message| message.interrupted(rules, end))
        .sum();
    let control = control(scenario, bounds, 0, None);
    replay.finish(end);
    Some(Finished {
        loaded: end,
        end,
        task_time: replay.task_time,
        billed: replay.task_time,
        function_runs: measurement.runs(&scenario.policy, scenario.assumptions.minute()),
        run_span: control.run_span(),
        foreknowledge: foresee_work(measurement, scenario, end),
        records: replay.records,
    })
}

/// Returns all events before the end, in order.
fn order_events(
    measurement: &Measurement,
    rules: Rules,
    width: Nanos,
    end: Nanos,
) -> Vec<(Nanos, Event)> {
    let mut events = Vec::new();
    for (place, message) in measurement.messages.iter().enumerate() {
        let mut fates = message.fates(rules);
        fates.sort_unstable();
        events.extend(
            fates
                .into_iter()
                .map(|(at, fate)| (at, Event::Message(place, fate))),
        );
    }
    for action in measurement.in_order() {
        events.push((from_seconds(action.at), Event::Desired(action.to)));
    }
    for sample in &measurement.samples {
        events.push((from_seconds(sample.at), Event::Sample(*sample)));
    }
    let width = width.max(1);
    events.extend((1..end.div_ceil(width)).map(|point| (point * width, Event::Point)));
    events.retain(|(at, _)| *at < end);
    // A stable sort keeps the order of events of one message at the same time.
    events.sort_by_key(|(at, _)| *at);
    events
}

/// Returns what the ideal would have known: the work of each message, or the mean where it isn't known.
fn foresee_work(measurement: &Measurement, scenario: &Scenario, end: Nanos) -> Foreknowledge {
    let mean = nanos(scenario.processing.mean());
    let mut messages: Vec<(Nanos, Nanos)> = measurement
        .messages
        .iter()
        .filter(|message| message.sent < end)
        .map(|message| (message.sent, message.work().unwrap_or(mean)))
        .collect();
    messages.sort_unstable();
    let mut known = Foreknowledge::new(scenario);
    for (at, work) in messages {
        known.add(at, work, 0);
    }
    known.finish(end);
    known
}

impl<'m> Replay<'m> {
    fn new(measurement: &'m Measurement, records: Records) -> Self {
        Self {
            measurement,
            records,
            messages: vec![Now::default(); measurement.messages.len()],
            visible: 0,
            in_flight: 0,
            desired: 0,
            shown: Shown::default(),
            tasks: 0,
            task_time: 0,
            observed: 0,
        }
    }

    /// Sets the state before the first sample to that of the first sample.
    fn begin(&mut self) {
        let first = self
            .measurement
            .samples
            .iter()
            .min_by(|one, other| one.at.total_cmp(&other.at));
        if let Some(first) = first {
            self.observe(*first);
        }
    }

    fn pass(&mut self, to: Nanos) {
        self.records.advance(to, self.visible, self.in_flight);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Message(place, fate) => self.befall(place, fate),
            Event::Sample(sample) => self.observe(sample),
            Event::Desired(desired) => self.desire(desired),
            Event::Point => self.records.point(self.visible, self.desired, self.shown),
        }
    }

    fn observe(&mut self, sample: Sample) {
        let now = self.records.now;
        self.task_time += Nanos::from(self.tasks) * (now - self.observed);
        self.observed = now;
        self.tasks = sample.running.saturating_add(sample.pending);
        self.desired = sample.desired;
        self.records.running(sample.running);
        let state = |rings| {
            Some(if rings {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            })
        };
        self.shown = Shown {
            scale_out: state(sample.scale_out_alarm),
            scale_in: state(sample.scale_in_alarm),
        };
        self.records.shown(self.shown);
    }

    fn desire(&mut self, desired: u32) {
        self.desired = desired;
    }

    fn befall(&mut self, place: usize, fate: Fate) {
        let (Some(message), Some(tracked)) = (
            self.messages.get(place).copied(),
            self.measurement.messages.get(place),
        ) else {
            return;
        };
        let sent = tracked.sent;
        let mut message = message;
        match (fate, message.place) {
            (Fate::Sent, Place::Unsent) => {
                self.records.sent(0);
                message.place = Place::Waiting;
                self.visible += 1;
                self.records.backlog(self.visible);
            }
            (Fate::Begun { again }, before) => {
                self.records.totals.again += u64::from(again);
                if before != Place::Gone {
                    self.leave(before, sent);
                    self.in_flight += 1;
                    let begun = self.records.now;
                    message.place = Place::InFlight { begun };
                }
            }
            (Fate::Done { begun }, before) => {
                if !message.finished {
                    message.finished = true;
                    self.records.judge(sent, begun, 0);
                }
                if before != Place::Gone {
                    self.leave(before, sent);
                    self.records.totals.deleted += 1;
                    self.records.gone(sent);
                    message.place = Place::Gone;
                }
            }
            (Fate::Back { begun: of }, Place::InFlight { begun }) if of == begun => {
                self.in_flight -= 1;
                self.visible += 1;
                self.records.backlog(self.visible);
                message.place = Place::Waiting;
            }
            (Fate::Dead { begun: of }, Place::InFlight { begun }) if of == begun => {
                self.in_flight -= 1;
                self.records.totals.dead += 1;
                if !message.finished {
                    self.records.judge_lost(sent, 0);
                }
                self.records.gone(sent);
                message.place = Place::Gone;
            }
            _ => {}
        }
        if let Some(slot) = self.messages.get_mut(place) {
            *slot = message;
        }
    }

    /// A message leaves its location.
    fn leave(&mut self, place: Place, sent: Nanos) {
        match place {
            Place::Waiting => {
                self.visible -= 1;
                self.records.received(sent, 0);
            }
            Place::InFlight { .. } => self.in_flight -= 1,
            Place::Unsent | Place::Gone => {}
        }
    }

    /// Ends the replay: counts what remains, as the simulation does.
    fn finish(&mut self, end: Nanos) {
        self.pass(end);
        self.task_time += Nanos::from(self.tasks) * (end - self.observed);
        let measurement = self.measurement;
        for (message, tracked) in self.messages.iter().zip(&measurement.messages) {
            match message.place {
                Place::Waiting => {
                    self.records.totals.waiting += 1;
                    self.records.gone(tracked.sent);
                    if !message.finished {
                        self.records.judge_waiting(tracked.sent, 0);
                    }
                }
                Place::InFlight { begun } => {
                    self.records.totals.in_flight += 1;
                    self.records.gone(tracked.sent);
                    if !message.finished {
                        self.records.judge(tracked.sent, begun, 0);
                    }
                }
                Place::Unsent | Place::Gone => {}
            }
        }
        let actions = measurement.in_order();
        self.records.actions = actions
            .iter()
            .map(|action| ScalingAction {
                at: seconds(from_seconds(action.at)),
                from: action.from,
                to: action.to,
            })
            .collect();
        self.records.point(self.visible, self.desired, self.shown);
    }
}
