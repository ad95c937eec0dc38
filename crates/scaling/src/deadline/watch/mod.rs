//! Successive checks of a service and its queues, and the tasks that they need.

mod due;
mod estimate;
mod lanes;
mod need;
mod warm;

use std::time::Duration;

use super::arrivals::{ArrivalLog, Sample};
use super::dispersion::Dispersion;
use super::insurance::Insurance;
use super::processing::{Occupancy, ProcessingTime};
use super::recent::RecentMaximum;
use super::rise::LastingRate;
use super::settings::{DeadlineSettings, Sharing};
use super::starts::TaskStarts;
use super::workload::Workload;
use crate::{Bounds, QueueCounts, ServiceReading};
pub use estimate::DeadlineEstimate;
use lanes::Lane;
use need::Moment;

/// Number of checks without a sample of all queues after which the arrivals are forgotten.
const GAP_CHECKS: f64 = 3.0;

/// Number of starts after which a task that still doesn't run no longer counts.
const OVERDUE_STARTS: f64 = 3.0;

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
    /// All queues as one, and each of them, if there are several and tasks take their messages in turn.
    whole: Lane,
    lanes: Vec<Lane>,
    lasting: LastingRate,
    dispersion: Dispersion,
    starts: TaskStarts,
    processing: ProcessingTime,
    insurance: Insurance,
    recent_keep_up: RecentMaximum,
    recent_deadlines: RecentMaximum,
    running: u32,
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

impl DeadlineWatch {
    pub(super) fn new(queues: usize, settings: DeadlineSettings, bounds: Bounds) -> Self {
        let second = settings.second();
        let tuning = settings.tuning;
        let every = settings.every.as_secs_f64();
        let configured = settings.processing_time.map(|time| time.as_secs_f64());
        let whole = Lane::new(&settings);
        let lanes = match tuning.sharing {
            Sharing::Turns if queues > 1 => vec![whole.clone(); queues],
            _ => Vec::new(),
        };
        Self {
            second,
            every,
            objective: settings.objective.as_secs_f64(),
            part: 1.0,
            pooled: false,
            queues: vec![None; queues],
            whole,
            lanes,
            lasting: LastingRate::default(),
            dispersion: Dispersion::new(tuning.dispersion_block * second),
            starts: TaskStarts::new(settings.task_start.as_secs_f64(), every, second),
            processing: ProcessingTime::new(
                configured,
                settings.reported.as_secs_f64(),
                tuning.processing_decay * second,
            ),
            insurance: warm::insurance(&settings, bounds.max()),
            recent_keep_up: RecentMaximum::default(),
            recent_deadlines: RecentMaximum::default(),
            running: bounds.min(),
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
        let places = self.settings.places();
        let tuning = &self.settings.tuning.keep_up;
        Workload {
            messages: visible + in_flight,
            in_flight,
            rate: self.whole.rate().unwrap_or(0.0),
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
        let places = running * self.settings.places();
        self.processing.sample(Occupancy {
            at,
            in_flight,
            places,
        });
        if let Some(residence) = self.processing.residence() {
            self.whole.sample(sample, residence);
            for (lane, counts) in self.lanes.iter_mut().zip(queues.iter().flatten()) {
                let sample = Sample {
                    at,
                    visible: counts.visible as f64,
                    in_flight: counts.in_flight as f64,
                };
                lane.sample(sample, residence);
            }
        }
    }

    /// Forgets the arrivals, because part of them was not seen. Keeps the results learned over days.
    fn forget(&mut self, at: f64) {
        for lane in std::iter::once(&mut self.whole).chain(&mut self.lanes) {
            lane.forget(&self.settings);
        }
        self.lasting = LastingRate::default();
        self.recent_keep_up = RecentMaximum::default();
        self.recent_deadlines = RecentMaximum::default();
        self.processing.restart();
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
        let sent = self.whole.sent;
        if all && let Some(passed) = self.checked.replace(at).map(|before| at - before) {
            let dispersion = self.dispersion.value();
            self.dispersion.add(sent, passed);
            self.whole.check(at, passed, visible, dispersion);
            let decay = self.settings.tuning.rise_decay * self.starts.mean();
            self.lasting.follow(self.whole.rate(), passed, decay);
            for (lane, counts) in self.lanes.iter_mut().zip(counts()) {
                lane.check(at, passed, counts.visible as f64, dispersion);
            }
        }
        self.whole.sent = 0.0;
        estimate.delivered = self.share_in_time();
        estimate.rate = self.whole.rate();
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
        if !all || self.whole.rate().is_none() {
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
}

/// An empty log of the arrivals, as long as anything reads back.
fn arrival_log(settings: &DeadlineSettings) -> ArrivalLog {
    let kept = (2 * settings.minute).max(3 * settings.objective);
    ArrivalLog::new(kept.as_secs_f64())
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
