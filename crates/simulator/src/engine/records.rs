//! Records made during the simulation.

use hdrhistogram::Histogram;
use scaling::AlarmState;

use super::course::{LateSpans, Steps};
use crate::control::Shown;
use crate::number::count;
use crate::time::{Nanos, SECOND, seconds, wide_seconds};

/// A change of the desired count.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ScalingAction {
    /// Seconds since the start.
    pub at: f64,
    /// Desired count before.
    pub from: u32,
    /// Desired count after.
    pub to: u32,
}

/// One segment of the time series.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Point {
    /// Seconds from the start of the simulation to the end of the segment.
    pub at: f64,
    /// Messages sent per second.
    pub load: f64,
    /// The same in the step of it in which fewest were sent. Steps are as long as a stretch, but at most half a minute.
    pub load_min: f64,
    /// The same in the step in which most were sent.
    pub load_max: f64,
    /// Messages that waited, on average.
    pub backlog: f64,
    /// Maximum number of waiting messages.
    pub backlog_max: u64,
    /// Average number of waiting messages per running task.
    pub backlog_per_task: f64,
    /// Desired count at the end.
    pub desired: u32,
    /// Smallest desired count.
    pub desired_min: u32,
    /// Largest desired count.
    pub desired_max: u32,
    /// Tasks that ran, on average.
    pub running: f64,
    /// Average number of required tasks: see [`crate::Policy::Ideal`].
    pub needed: f64,
    /// Longest wait, in seconds, of the messages that were finished or were waiting at the end.
    pub worst_wait: f64,
    /// Whether the alarm that adds tasks was in ALARM at any time.
    pub scale_out_alarm: bool,
    /// Whether the alarm that removes tasks was in ALARM at any time.
    pub scale_in_alarm: bool,
}

/// Messages by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) sent: u64,
    pub(crate) deleted: u64,
    pub(crate) dead: u64,
    pub(crate) expired: u64,
    pub(crate) waiting: u64,
    pub(crate) in_flight: u64,
    /// Number of times that processing was started again.
    pub(crate) again: u64,
    /// Messages that a killed task dropped.
    pub(crate) interrupted: u64,
    /// Messages that became visible again while a task was processing them, and how many times they were
    /// received after that.
    pub(crate) exposed: u64,
    pub(crate) redelivered: u64,
    /// Longest processing time of these messages.
    pub(crate) longest_exposed: Nanos,
}

pub(crate) struct Records {
    pub(crate) totals: Totals,
    pub(crate) now: Nanos,
    /// Message-nanoseconds of waiting and of being in flight.
    pub(crate) waited: u128,
    pub(crate) flown: u128,
    /// Sum over all messages of the time from sending until they are gone.
    pub(crate) stayed: u128,
    /// Waits in microseconds.
    pub(crate) waits: Histogram<u64>,
    pub(crate) wait_sum: u128,
    pub(crate) wait_max: Nanos,
    /// The queues, each with its own objective.
    pub(crate) lanes: Vec<LaneRecords>,
    pub(crate) backlog_max: u64,
    pub(crate) actions: Vec<ScalingAction>,
    /// The running count since each time.
    pub(crate) supply: Vec<(Nanos, u32)>,
    pub(crate) points: Vec<Point>,
    pub(crate) width: Nanos,
    /// Whether to record more than a score and its cost need.
    pub(crate) detailed: bool,
    /// The course in fine steps, and the times in which messages were late; if more is written down.
    pub(crate) steps: Steps,
    pub(crate) late_spans: LateSpans,
    stretch: Stretch,
}

/// The records of a queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneRecords {
    pub(crate) slo: Nanos,
    pub(crate) sent: u64,
    pub(crate) within_objective: u64,
    pub(crate) late: u64,
    pub(crate) wait_max: Nanos,
    /// Objectives, shortest first, each with the number of messages that met it but no shorter one.
    pub(crate) objectives: Vec<(Nanos, u64)>,
    /// Waits in microseconds, if there are several queues.
    pub(crate) waits: Option<Histogram<u64>>,
    /// Time in which a message had waited longer than the objective, and the time up to which this is computed.
    pub(crate) over: Nanos,
    over_until: Nanos,
}

/// The current segment of the time series.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    begin: Nanos,
    sent: u64,
    waited: u128,
    task_time: u128,
    backlog_max: u64,
    worst: Nanos,
    out: bool,
    r#in: bool,
}

/// Longest wait that the histogram distinguishes, in microseconds: ten years.
const LONGEST_WAIT: u64 = 10 * 365 * 86_400 * 1_000_000;

/// Maximum number of points in the time series of a load. With the time that its messages need afterward, twice
/// as many.
const POINTS: usize = 2_000;

/// Possible lengths of the segments, in seconds. The shortest one that results in few enough points is used.
const WIDTHS: [u64; 14] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 86_400,
];

impl Records {
    pub(crate) fn new(slos: &[Nanos], end: Nanos) -> Option<Self> {
        let several = slos.len() > 1;
        let lane = |slo: &Nanos| {
            let waits = || Histogram::new_with_bounds(1, LONGEST_WAIT, 3).ok();
            LaneRecords {
                slo: *slo,
                waits: several.then(waits).flatten(),
                ..LaneRecords::default()
            }
        };
        let width = WIDTHS
            .into_iter()
            .map(|width| width * SECOND)
            .find(|width| end.div_ceil(*width) <= POINTS as u64)
            .unwrap_or(end / POINTS as u64 + 1);
        Some(Self {
            totals: Totals::default(),
            now: 0,
            waited: 0,
            flown: 0,
            stayed: 0,
            waits: Histogram::new_with_bounds(1, LONGEST_WAIT, 3).ok()?,
            wait_sum: 0,
            wait_max: 0,
            lanes: slos.iter().map(lane).collect(),
            backlog_max: 0,
            actions: Vec::new(),
            supply: Vec::new(),
            points: Vec::new(),
            width,
            detailed: true,
            steps: Steps::new(width, end),
            late_spans: LateSpans::default(),
            stretch: Stretch::default(),
        })
    }

    /// Creates records of only what a score needs.
    pub(crate) fn brief(slos: &[Nanos], end: Nanos) -> Option<Self> {
        let mut records = Self {
            waits: Histogram::new(1).ok()?,
            detailed: false,
            ..Self::new(slos, end)?
        };
        for lane in &mut records.lanes {
            lane.waits = None;
        }
        Some(records)
    }

    /// Advances the time, with these numbers of messages waiting and in flight.
    #[inline]
    pub(crate) fn advance(&mut self, to: Nanos, visible: u64, in_flight: u64) {
        let passed = to - self.now;
        if self.detailed {
            self.waited += u128::from(visible) * u128::from(passed);
            self.steps.advance(to, visible);
        }
        // The bill needs this.
        self.flown += u128::from(in_flight) * u128::from(passed);
        self.now = to;
    }

    /// Updates the maximum number of waiting messages in this segment.
    #[inline]
    pub(crate) fn backlog(&mut self, visible: u64) {
        self.stretch.backlog_max = self.stretch.backlog_max.max(visible);
        self.steps.backlog(visible);
    }

    /// A message is received. From then on, it is no longer waiting.
    ///
    /// Messages are received in the order in which they were sent, except for redelivered messages. So
    /// the times in which a message waited too long follow one another, and only their ends are stored.
    #[inline]
    pub(crate) fn received(&mut self, sent: Nanos, queue: u8) {
        let now = self.now;
        let lane = self.lane(queue);
        let late_from = sent.saturating_add(lane.slo);
        if late_from < now {
            lane.over += now - late_from.max(lane.over_until).min(now);
            lane.over_until = now;
            if self.detailed {
                self.late_spans.add(late_from, now, now - sent);
            }
        }
        self.steps.waited(now - sent);
    }

    #[inline]
    fn lane(&mut self, queue: u8) -> &mut LaneRecords {
        // A message's queue is always valid, because the number of queues never changes.
        &mut self.lanes[usize::from(queue)]
    }

    /// A message is sent.
    #[inline]
    pub(crate) fn sent(&mut self, queue: u8) {
        self.totals.sent += 1;
        self.steps.sent();
        self.lane(queue).sent += 1;
    }

    /// A message's wait is known: its processing started at `begun`, and has finished or is in progress at the
    /// end.
    #[inline]
    pub(crate) fn judge(&mut self, sent: Nanos, begun: Nanos, queue: u8) {
        let wait = begun - sent;
        self.record(wait, queue);
        let lane = self.lane(queue);
        if wait <= lane.slo {
            lane.within_objective += 1;
        } else {
            lane.late += 1;
        }
        let met = lane.objectives.iter_mut().find(|(limit, _)| wait <= *limit);
        if let Some((_, messages)) = met {
            *messages += 1;
        }
    }

    /// A message that is waiting at the end. It counts if it has already missed its objective.
    pub(crate) fn judge_waiting(&mut self, sent: Nanos, queue: u8) {
        let age = self.now - sent;
        self.received(sent, queue);
        self.stretch.worst = self.stretch.worst.max(age);
        let lane = self.lane(queue);
        if age > lane.slo {
            lane.late += 1;
            self.record(age, queue);
        }
    }

    /// A message is lost before its processing finished. It is late, and it has waited until now.
    pub(crate) fn judge_lost(&mut self, sent: Nanos, queue: u8) {
        self.lane(queue).late += 1;
        self.record(self.now - sent, queue);
    }

    #[inline]
    fn record(&mut self, wait: Nanos, queue: u8) {
        if !self.detailed {
            return;
        }
        self.wait_sum += u128::from(wait);
        self.waits.saturating_record(wait / 1_000);
        self.wait_max = self.wait_max.max(wait);
        self.stretch.worst = self.stretch.worst.max(wait);
        let lane = self.lane(queue);
        lane.wait_max = lane.wait_max.max(wait);
        if let Some(waits) = &mut lane.waits {
            waits.saturating_record(wait / 1_000);
        }
    }

    /// A message that a task is processing is visible again, for the first time or once more.
    pub(crate) fn exposed(&mut self, first: bool, work: Nanos) {
        self.totals.exposed += u64::from(first);
        self.totals.longest_exposed = self.totals.longest_exposed.max(work);
    }

    /// A message is gone.
    #[inline]
    pub(crate) fn gone(&mut self, sent: Nanos) {
        self.stayed += u128::from(self.now - sent);
    }

    /// The number of running tasks changes.
    pub(crate) fn running(&mut self, running: u32) {
        let last = self.supply.last().copied();
        if last.is_some_and(|(_, count)| count == running) {
            return;
        }
        self.account_tasks();
        match self.supply.last_mut() {
            Some((at, count)) if *at == self.now => *count = running,
            _ => self.supply.push((self.now, running)),
        }
    }

    /// Adds the task time of the segment until now.
    fn account_tasks(&mut self) {
        if let Some((since, count)) = self.supply.last() {
            let begin = (*since).max(self.stretch.begin);
            self.stretch.task_time += u128::from(*count) * u128::from(self.now - begin);
        }
    }

    /// Records the alarms' states.
    pub(crate) fn shown(&mut self, shown: Shown) {
        let out = shown.scale_out == Some(AlarmState::Alarm);
        let r#in = shown.scale_in == Some(AlarmState::Alarm);
        self.stretch.out |= out;
        self.stretch.r#in |= r#in;
        self.steps.show(out, r#in);
    }

    /// Ends a segment of the time series.
    pub(crate) fn point(&mut self, visible: u64, desired: u32, shown: Shown) {
        self.account_tasks();
        let stretch = self.stretch;
        let length = seconds(self.now - stretch.begin);
        if length > 0.0 {
            let waited = wide_seconds(self.waited - stretch.waited);
            let task_time = wide_seconds(stretch.task_time);
            self.push(Point {
                at: seconds(self.now),
                load: count(self.totals.sent - stretch.sent) / length.max(1.0),
                load_min: 0.0,
                load_max: 0.0,
                backlog: waited / length,
                backlog_max: stretch.backlog_max,
                backlog_per_task: waited / task_time.max(length),
                desired,
                desired_min: desired,
                desired_max: desired,
                running: task_time / length,
                needed: 0.0,
                worst_wait: seconds(stretch.worst),
                scale_out_alarm: stretch.out,
                scale_in_alarm: stretch.r#in,
            });
        }
        self.backlog_max = self.backlog_max.max(stretch.backlog_max);
        self.stretch = Stretch {
            begin: self.now,
            sent: self.totals.sent,
            waited: self.waited,
            backlog_max: visible,
            ..Stretch::default()
        };
        self.shown(shown);
    }
}

#[cfg(test)]
impl Records {
    /// Messages within their objective, and late ones, in all queues.
    pub(crate) fn judged(&self) -> (u64, u64) {
        self.lanes.iter().fold((0, 0), |(within, late), lane| {
            (within + lane.within_objective, late + lane.late)
        })
    }
}

impl Records {
    /// Adds a point. A point that is shorter than a second is merged with the previous one, because a rate over
    /// a fraction of a second is meaningless. If there are too many points, each two are merged.
    fn push(&mut self, point: Point) {
        let length = self.points.len();
        if let Some(last) = self.points.last().copied()
            && point.at - last.at < 1.0
        {
            let begin = length.checked_sub(2).and_then(|at| self.points.get(at));
            let begin = begin.map_or(0.0, |point| point.at);
            self.points.pop();
            self.points.push(last.join(&point, begin));
            return;
        }
        self.points.push(point);
        if self.points.len() < 2 * POINTS {
            return;
        }
        let mut begin = 0.0;
        let pairs = self.points.chunks(2).filter_map(|points| {
            let both = |one: Point, next: &Point| one.join(next, begin);
            let (first, rest) = points.split_first()?;
            let joined = rest.iter().fold(*first, both);
            begin = joined.at;
            Some(joined)
        });
        self.points = pairs.collect();
        self.width = self.width.saturating_mul(2);
    }
}

impl Point {
    /// Merges this segment, which starts at `begin`, with the next one.
    fn join(&self, next: &Self, begin: f64) -> Self {
        let (own, other) = (self.at - begin, next.at - self.at);
        let mean = |a: f64, b: f64| (a * own + b * other) / (own + other);
        Self {
            at: next.at,
            load: mean(self.load, next.load),
            load_min: self.load_min.min(next.load_min),
            load_max: self.load_max.max(next.load_max),
            backlog: mean(self.backlog, next.backlog),
            backlog_max: self.backlog_max.max(next.backlog_max),
            backlog_per_task: mean(self.backlog_per_task, next.backlog_per_task),
            desired: next.desired,
            desired_min: self.desired_min.min(next.desired_min),
            desired_max: self.desired_max.max(next.desired_max),
            running: mean(self.running, next.running),
            needed: mean(self.needed, next.needed),
            worst_wait: self.worst_wait.max(next.worst_wait),
            scale_out_alarm: self.scale_out_alarm || next.scale_out_alarm,
            scale_in_alarm: self.scale_in_alarm || next.scale_in_alarm,
        }
    }
}
