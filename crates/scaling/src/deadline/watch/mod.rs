//! Successive checks of a service and its queues, and the tasks that they need.

mod due;
mod lanes;
mod warm;

use std::time::Duration;

use super::arrivals::{ArrivalCounter, ArrivalLog, Sample};
use super::delivered::Delivered;
use super::dispersion::Dispersion;
use super::insurance::{Insurance, WarmFloor};
use super::keep_up::{Arriving, KeepUp};
use super::processing::{Occupancy, ProcessingTime};
use super::rate::RateSegment;
use super::recent::RecentMaximum;
use super::settings::{DeadlineSettings, Sharing};
use super::starts::TaskStarts;
use super::workload::Workload;
use crate::{Bounds, QueueCounts, ServiceReading};
use lanes::Lane;

/// Number of checks without a sample of all queues after which the arrivals are forgotten.
const GAP_CHECKS: f64 = 3.0;

/// Number of starts after which a task that still doesn't run no longer counts.
const OVERDUE_STARTS: f64 = 3.0;

/// The result of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeadlineEstimate {
    /// Messages waiting in the queues that could be read.
    pub visible: u64,
    /// Messages in flight in the queues that could be read.
    pub in_flight: u64,
    /// Messages sent per second; `None` until it is known.
    pub rate: Option<f64>,
    /// Tasks that the work needs, unrounded and without bounds; `None` if unknown.
    pub need: Option<f64>,
    /// Minimum number of tasks for the known work; the need itself, if that is known. `None` if nothing is
    /// known.
    pub at_least: Option<f64>,
    /// The number of tasks that scale-in must leave; `None` until it has been known for long enough.
    pub keep: Option<f64>,
    /// Warm tasks.
    pub warm: WarmFloor,
    /// Calibrated processing time in seconds: how long a message keeps a place of a task busy.
    pub processing_time: Option<f64>,
    /// Whether it was measured, or is only configured.
    pub measured: bool,
    /// Task start in seconds: the 95th percentile.
    pub task_start: f64,
    /// Whether it was measured, or is only configured.
    pub task_start_measured: bool,
    /// Share of the messages of the last days that started within the objective.
    pub delivered: Option<f64>,
    /// Tasks that are starting.
    pub starting: u32,
}

/// State kept from check to check. All times count from the same origin.
#[derive(Clone, Debug)]
pub(super) struct DeadlineWatch {
    settings: DeadlineSettings,
    bounds: Bounds,
    /// Maximum number of tasks that is ever allowed.
    most: u32,
    /// A second of the loop.
    second: f64,
    every: f64,
    objective: f64,
    /// The share of the tasks that works on these queues, and whether other queues have the rest.
    part: f64,
    pooled: bool,
    /// The latest counts of each queue, and when they were read.
    queues: Vec<Option<(f64, QueueCounts)>>,
    counter: ArrivalCounter,
    log: ArrivalLog,
    segment: RateSegment,
    dispersion: Dispersion,
    starts: TaskStarts,
    processing: ProcessingTime,
    insurance: Insurance,
    delivered: Delivered,
    /// Each of the queues, if there are several and tasks take their messages in turn.
    lanes: Vec<Lane>,
    recent_keep_up: RecentMaximum,
    recent_deadlines: RecentMaximum,
    running: u32,
    /// Messages sent since the last check.
    sent: f64,
    /// The latest sample of all queues, and the time of the first one since the last gap.
    sampled: Option<f64>,
    since: f64,
    checked: Option<f64>,
    /// The latest check that could read the service.
    observed: Option<f64>,
    /// Whether minutes from before the first check were added, for the processing time and for warm tasks.
    knows_flows: bool,
    knows_arrivals: bool,
}

/// The service and its queue at a check.
#[derive(Clone, Copy)]
struct Moment {
    at: f64,
    running: f64,
    visible: f64,
    in_flight: f64,
    rate: f64,
    /// Seconds of work per message and task.
    work: f64,
    start: f64,
    price: f64,
}

impl Moment {
    /// Messages in the queue.
    fn total(&self) -> f64 {
        self.visible + self.in_flight
    }
}

impl DeadlineWatch {
    pub(super) fn new(queues: usize, settings: DeadlineSettings, bounds: Bounds) -> Self {
        let second = settings.minute.as_secs_f64() / 60.0;
        let tuning = settings.tuning;
        let every = settings.every.as_secs_f64();
        let objective = settings.objective.as_secs_f64();
        let configured = settings.processing_time.map(|time| time.as_secs_f64());
        let delivered = Delivered::new(objective, 2.0 * 86_400.0 * second);
        let lane = || {
            Lane::new(
                arrival_log(&settings),
                segment(&settings),
                delivered.clone(),
            )
        };
        let lanes = match tuning.sharing {
            Sharing::Turns if queues > 1 => std::iter::repeat_with(lane).take(queues).collect(),
            _ => Vec::new(),
        };
        Self {
            second,
            every,
            objective,
            part: 1.0,
            pooled: false,
            queues: vec![None; queues],
            counter: ArrivalCounter::default(),
            log: arrival_log(&settings),
            segment: segment(&settings),
            dispersion: Dispersion::new(tuning.dispersion_block * second),
            starts: TaskStarts::new(settings.task_start.as_secs_f64(), every, second),
            processing: ProcessingTime::new(
                configured,
                settings.reported.as_secs_f64(),
                tuning.processing_decay * second,
            ),
            insurance: warm::insurance(&settings, bounds.max()),
            delivered,
            lanes,
            recent_keep_up: RecentMaximum::default(),
            recent_deadlines: RecentMaximum::default(),
            running: bounds.min(),
            sent: 0.0,
            sampled: None,
            since: 0.0,
            checked: None,
            observed: None,
            knows_flows: false,
            knows_arrivals: false,
            settings,
            most: bounds.max(),
            bounds,
        }
    }

    /// The same, for queues that share the tasks with others.
    pub(super) fn in_pool(self) -> Self {
        Self {
            pooled: true,
            ..self
        }
    }

    /// Sets the share of the tasks that works on these queues.
    pub(super) fn set_part(&mut self, part: f64) {
        self.part = part;
    }

    /// The work that these counts represent.
    pub(super) fn workload(&self, queues: &[Option<QueueCounts>]) -> Workload {
        if queues.iter().any(Option::is_none) {
            return self.known_load();
        }
        let (visible, in_flight) = sum(queues.iter().flatten());
        Workload {
            messages: visible + in_flight,
            in_flight,
            ..self.known_load()
        }
    }

    /// The work known from the latest check.
    pub(super) fn known_load(&self) -> Workload {
        let (visible, in_flight) = sum(self.queues.iter().flatten().map(|(_, counts)| counts));
        let places = f64::from(self.settings.concurrency.max(1));
        let tuning = &self.settings.tuning.keep_up;
        Workload {
            messages: visible + in_flight,
            in_flight,
            rate: self.segment.rate().unwrap_or(0.0),
            work: self.processing.work().unwrap_or(0.0) / places,
            places,
            planned: tuning.share(self.objective, self.starts.planned(), self.every)
                * self.objective,
        }
    }

    /// The latest sample.
    pub(super) fn latest(&self) -> Option<f64> {
        self.sampled
    }

    /// Adds counts of the queues, between two checks or at one. If any queue can't be read, that makes a
    /// gap.
    pub(super) fn sample(&mut self, at: Duration, queues: &[Option<QueueCounts>]) {
        let at = at.as_secs_f64();
        let gap = GAP_CHECKS * self.every;
        for (known, read) in self.queues.iter_mut().zip(queues) {
            let recent = known.filter(|(then, _)| at - then <= gap);
            *known = read.map(|counts| (at, counts)).or(recent);
        }
        let all = !queues.is_empty() && queues.len() == self.queues.len();
        if !all || queues.iter().any(Option::is_none) || self.sampled.is_some_and(|last| at <= last)
        {
            return;
        }
        let (visible, in_flight) = sum(queues.iter().flatten());
        let sample = Sample {
            at,
            visible,
            in_flight,
        };
        if self.sampled.is_none_or(|last| at - last > gap) {
            self.forget(at);
        }
        self.sampled = Some(at);
        let running = self.part * f64::from(self.running);
        let places = running * f64::from(self.settings.concurrency.max(1));
        self.processing.sample(Occupancy {
            at,
            in_flight,
            places,
        });
        if let Some(residence) = self.processing.residence() {
            let sent = self.counter.count(sample, residence);
            self.sent += sent;
            self.log.add(at, sent);
            for (lane, counts) in self.lanes.iter_mut().zip(queues.iter().flatten()) {
                lane.sample(at, *counts, residence);
            }
        }
    }

    /// Forgets the arrivals, because part of them was not seen. Keeps the results learned over days.
    fn forget(&mut self, at: f64) {
        self.counter = ArrivalCounter::default();
        self.log = arrival_log(&self.settings);
        self.segment = segment(&self.settings);
        for lane in &mut self.lanes {
            lane.forget(arrival_log(&self.settings), segment(&self.settings));
        }
        self.recent_keep_up = RecentMaximum::default();
        self.recent_deadlines = RecentMaximum::default();
        self.delivered.restart();
        self.processing.restart();
        self.sent = 0.0;
        self.since = at;
        self.checked = None;
    }

    /// Adds the deletes of the minute that started at `start`, as CloudWatch reports them later.
    pub(super) fn record_deletes(&mut self, start: Duration, deleted: f64) {
        self.processing.record_deletes(start.as_secs_f64(), deleted);
    }

    /// Adds minutes before the first check: average messages in flight and messages deleted.
    pub(super) fn seed_processing_time(&mut self, in_flight: f64, deleted: f64) {
        if !std::mem::replace(&mut self.knows_flows, true) {
            self.processing
                .seed(in_flight * self.settings.reported.as_secs_f64(), deleted);
        }
    }

    /// Applies other bounds from now on.
    pub(super) fn hold(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Records that this many tasks were ordered.
    pub(super) fn order(&mut self, at: Duration, tasks: u32) {
        self.starts.order(at.as_secs_f64(), tasks);
    }

    /// Whether a starting task can still be expected to run.
    pub(super) fn is_starting(&self, at: Duration) -> bool {
        let longest = OVERDUE_STARTS * self.starts.planned();
        self.starts.starts_since(at.as_secs_f64() - longest)
    }

    /// Checks: computes what the work needs.
    pub(super) fn check(&mut self, seen: &ServiceReading<'_>, deploying: bool) -> DeadlineEstimate {
        let at = seen.at.as_secs_f64();
        let gap = GAP_CHECKS * self.every;
        if self
            .observed
            .replace(at)
            .is_some_and(|last| at - last > gap)
        {
            self.starts.restart();
        }
        self.starts
            .observe(at, seen.running, seen.desired, !deploying);
        self.running = seen.running;
        self.sample(seen.at, seen.queues);
        let all = self.sampled == Some(at);
        let (visible, in_flight) = sum(self.queues.iter().flatten().map(|(_, counts)| counts));
        let counts = || seen.queues.iter().flatten();
        let mut estimate = DeadlineEstimate {
            visible: counts().fold(0, |sum, queue| sum.saturating_add(queue.visible)),
            in_flight: counts().fold(0, |sum, queue| sum.saturating_add(queue.in_flight)),
            processing_time: self.processing.work(),
            measured: self.processing.is_measured(),
            task_start: self.starts.planned(),
            task_start_measured: self.starts.is_measured(),
            starting: self.starts.starting(),
            ..DeadlineEstimate::default()
        };
        if all && let Some(passed) = self.checked.replace(at).map(|before| at - before) {
            let dispersion = self.dispersion.value();
            self.segment.add(self.sent, passed, dispersion);
            self.dispersion.add(self.sent, passed);
            self.delivered.add(at, visible, &self.log);
            for (lane, counts) in self.lanes.iter_mut().zip(counts()) {
                lane.check(at, passed, counts.visible as f64, dispersion);
            }
        }
        let sent = std::mem::take(&mut self.sent);
        estimate.delivered = self.share_in_time();
        estimate.rate = self.segment.rate();
        let one = if visible + in_flight > 0.0 { 1.0 } else { 0.0 };
        if let Some(moment) = self.moment(at, seen.running, (visible, in_flight)) {
            // Queues that share tasks need fractions of a task, which are rounded up once.
            let least = if self.pooled { 0.0 } else { one };
            self.demand(&moment, sent, &mut estimate, least);
        } else if one > 0.0 {
            estimate.need = Some(one);
        } else if self.pooled {
            // These queues have no messages and nothing was measured, and their work needs no task.
            (estimate.need, estimate.keep) = (Some(0.0), Some(0.0));
        }
        estimate.at_least = estimate.need;
        if !all || self.segment.rate().is_none() {
            estimate.need = None;
            estimate.keep = None;
        } else if !self.is_known(at) {
            estimate.keep = None;
        }
        estimate
    }

    /// Whether the arrivals have been known for long enough to remove a task.
    fn is_known(&self, at: f64) -> bool {
        at - self.since >= (60.0 * self.second).max(self.starts.planned())
    }

    fn moment(&self, at: f64, running: u32, (visible, in_flight): (f64, f64)) -> Option<Moment> {
        let tuning = &self.settings.tuning;
        let allowed = tuning.late_part * self.settings.allowed_late();
        let late = self.late_share() / allowed;
        Some(Moment {
            at,
            running: self.part * f64::from(running),
            visible,
            in_flight,
            rate: self.segment.rate().unwrap_or(0.0),
            work: self.processing.work()? / f64::from(self.settings.concurrency.max(1)),
            start: self.starts.planned(),
            price: tuning.late_price * self.second * late.clamp(1.0, 4.0),
        })
    }

    /// What the work needs, and how far scale-in can go.
    fn demand(&mut self, moment: &Moment, sent: f64, estimate: &mut DeadlineEstimate, one: f64) {
        let tuning = self.settings.tuning;
        let kept = self.arriving(moment).keep_up(&tuning.keep_up);
        let KeepUp {
            tasks: keep_up,
            share,
        } = kept;
        let deadlines = self.deadlines(moment, share);
        self.recent_keep_up
            .add(moment.at, keep_up, tuning.hold_rate * self.second);
        let follows = self.objective >= tuning.keep_up.follows_from * moment.start;
        let hold = if follows {
            tuning.hold_deadline * moment.start
        } else {
            0.0
        };
        self.recent_deadlines.add(moment.at, deadlines, hold);
        let wanted = keep_up.max(deadlines).max(one);
        estimate.warm = self.warm(moment, sent, kept);
        let need = wanted.max(f64::from(estimate.warm.tasks));
        let held = self
            .recent_keep_up
            .value()
            .max(self.recent_deadlines.value());
        let reduced = self.deadlines_from_now(moment, share);
        // Ending a task that works on long messages costs more than an idle one.
        let busy =
            self.started(moment, share).messages / f64::from(self.settings.concurrency.max(1));
        estimate.need = Some(need);
        estimate.keep = Some(need.max(held).max(reduced).max(busy));
    }

    fn arriving(&self, moment: &Moment) -> Arriving {
        let concurrency = f64::from(self.settings.concurrency.max(1));
        Arriving {
            rate: moment.rate,
            work: moment.work * concurrency,
            concurrency,
            objective: self.objective,
            start: moment.start,
            every: self.every,
            dispersion: self.dispersion.value(),
            most: self.part * f64::from(self.bounds.max()),
        }
    }
}

/// An empty log of the arrivals, as long as anything reads back.
fn arrival_log(settings: &DeadlineSettings) -> ArrivalLog {
    let kept = (2 * settings.minute).max(3 * settings.objective);
    ArrivalLog::new(kept.as_secs_f64())
}

/// No arrivals.
fn segment(settings: &DeadlineSettings) -> RateSegment {
    let tuning = settings.tuning;
    let second = settings.minute.as_secs_f64() / 60.0;
    RateSegment::new(tuning.change_threshold, tuning.longest_segment * second)
}

/// Messages visible and in flight.
fn sum<'a>(queues: impl Iterator<Item = &'a QueueCounts>) -> (f64, f64) {
    queues.fold((0.0, 0.0), |(visible, in_flight), queue| {
        (
            visible + queue.visible as f64,
            in_flight + queue.in_flight as f64,
        )
    })
}
