//! The times in which messages were late, and what led to them.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::engine::{LateSpan, Point, Records, ScalingAction};
use crate::scenario::Scenario;
use crate::time::{MINUTE, Nanos, SECOND, seconds};

/// The times in which messages were late.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LateTimes {
    /// Number of times. Late messages less than a minute apart belong to one.
    pub count: u64,
    /// Late messages of the worst 64 times, after whose cause was looked.
    pub examined: u64,
    /// Late messages in times that started after required tasks had been removed.
    pub after_cut: u64,
    /// Late messages in times that started with a jump of the load: at least twice the rate of one of the 5 minutes before.
    pub after_jump: u64,
    /// Late messages in times in which `tasks.max` tasks ran.
    pub at_max: u64,
    /// The hour of the day, from 0 to 23, around which most of them were late, and the share of them that were late in
    /// that hour or the next, if the load has dates and lasts at least 3 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<(u32, f64)>,
    /// The worst of these times, at most 8, that with the most late messages first.
    pub worst: Vec<LateTime>,
    /// When each of the examined times started and how long it lasted, in seconds, and its late messages.
    #[serde(skip)]
    pub(crate) begins: Vec<(f64, f64, u64)>,
}

/// A time in which messages were late.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LateTime {
    /// Seconds from the start to the first late message.
    pub at: f64,
    /// Seconds from then until the last late message was received.
    pub lasts: f64,
    /// Messages that were received too late.
    pub late: u64,
    /// Longest wait in seconds.
    pub longest_wait: f64,
    /// Most messages that waited.
    pub backlog_max: u32,
    /// Messages sent a second, in the quietest of the 5 minutes before the first late message was sent. That of `load_max` if
    /// it was sent in the first minute.
    pub load_before: f64,
    /// Messages sent a second in the worst half minute, or step, from then on.
    pub load_max: f64,
    /// Tasks that ran when the first late message was sent.
    pub tasks_before: u32,
    /// Peak of the running tasks from then on.
    pub tasks_max: u32,
    /// Peak of the required tasks from then on: see [`crate::Policy::Ideal`].
    pub needed_max: u32,
    /// Seconds from the sending of the first late message to the first scale-out after it.
    pub scale_out_after: Option<f64>,
    /// The removal of the largest number of required tasks, from 15 minutes before the first late message was sent
    /// until it was late.
    pub cut: Option<Cut>,
    /// Its course and its surroundings, in steps as long as the points of the time series, or half a minute.
    pub course: Vec<LatePoint>,
}

/// A removal of tasks that were needed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cut {
    /// Seconds since the start.
    pub at: f64,
    /// Desired count before.
    pub from: u32,
    /// Desired count after.
    pub to: u32,
    /// Tasks that were needed then.
    pub needed: u32,
}

impl Cut {
    /// Tasks that were taken and needed.
    fn taken(&self) -> u32 {
        self.needed.min(self.from).saturating_sub(self.to)
    }
}

/// A step of the course around a late time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LatePoint {
    /// Seconds from the start of the load to the end of the step.
    pub at: f64,
    /// Messages sent a second.
    pub load: f64,
    /// Most messages that waited.
    pub backlog_max: u32,
    /// Desired count at the end.
    pub desired: u32,
    /// Tasks that ran at the end.
    pub running: u32,
    /// Tasks that were needed at the end.
    pub needed: u32,
    /// Longest wait, in seconds, of the messages that were received.
    pub worst_wait: f64,
    /// The alarm that adds tasks: whether it was in ALARM at any time.
    pub scale_out_alarm: bool,
    /// The alarm that removes tasks: whether it was in ALARM at any time.
    pub scale_in_alarm: bool,
}

/// Times of which everything is listed.
const WORST: usize = 8;
/// Steps of a time's course, at most.
const COURSE: usize = 240;
/// How long before a time the load is looked at, and tasks that were removed.
const BEFORE: Nanos = 300 * SECOND;
const CUT_BEFORE: Nanos = 900 * SECOND;
/// How long a rate is at least averaged.
const RATE: Nanos = 30 * SECOND;
/// The load has at least this many times as many messages after a jump.
pub(crate) const JUMP: f64 = 2.0;

/// A run, to be looked at from moments on.
pub(crate) struct Course<'r> {
    pub(crate) records: &'r Records,
    pub(crate) needed: &'r [u32],
    pub(crate) interval: Nanos,
    pub(crate) end: Nanos,
}

impl Course<'_> {
    /// The times in which messages were late.
    pub(crate) fn late_times(&self, scenario: &Scenario) -> LateTimes {
        let spans = self.records.late_spans.worst();
        let slo = scenario.slos().into_iter().min().unwrap_or_default();
        let max = scenario.widest().1;
        let mut times = LateTimes {
            count: self.records.late_spans.count,
            ..LateTimes::default()
        };
        for (place, span) in spans.iter().enumerate() {
            let mut time = self.late_time(span, slo);
            times.examined += time.late;
            times.begins.push((time.at, time.lasts, time.late));
            if time.cut.is_some() {
                times.after_cut += time.late;
            }
            if time.jumped() {
                times.after_jump += time.late;
            }
            if time.tasks_max >= max {
                times.at_max += time.late;
            }
            if place < WORST {
                time.course = self.fine_course(span, slo);
                times.worst.push(time);
            }
        }
        times
    }

    fn late_time(&self, span: &LateSpan, slo: Nanos) -> LateTime {
        let sent = span.begin.saturating_sub(slo);
        let steps = &self.records.steps;
        let backlog_max = self
            .steps_between(sent, span.end)
            .map(|step| step.backlog)
            .max();
        let width = steps.width;
        let during: Vec<u32> = self
            .steps_between(sent, span.end.max(sent + width))
            .map(|step| step.sent)
            .collect();
        // The rest isn't whole: a short time can have many by chance.
        let chunk = index(RATE.div_ceil(width)).min(during.len()).max(1);
        let load_max = during
            .chunks_exact(chunk)
            .map(|chunk| rate(chunk, width))
            .fold(0.0, f64::max);
        let before: Vec<u32> = self
            .steps_between(
                sent.saturating_sub(BEFORE.max(width)),
                sent.saturating_sub(width),
            )
            .map(|step| step.sent)
            .collect();
        LateTime {
            at: seconds(span.begin),
            lasts: seconds(span.end - span.begin),
            late: span.late,
            longest_wait: seconds(span.worst),
            backlog_max: backlog_max.unwrap_or_default(),
            load_before: quietest_minute(&before, width).unwrap_or(load_max),
            load_max,
            tasks_before: self.running_at(sent),
            tasks_max: self.most_running(sent, span.end),
            needed_max: self.most_needed(sent, span.end),
            scale_out_after: self.first_scale_out(sent, span.end),
            cut: self.cut(sent, span.begin),
            course: Vec::new(),
        }
    }

    fn steps_between(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = &crate::engine::Step> {
        let steps = &self.records.steps;
        let last = steps.done.len();
        let from = index(from / steps.width).min(last);
        let to = index(to / steps.width).saturating_add(1).clamp(from, last);
        steps.done.get(from..to).unwrap_or_default().iter()
    }

    fn running_at(&self, at: Nanos) -> u32 {
        let supply = &self.records.supply;
        let next = supply.partition_point(|(since, _)| *since <= at);
        let last = next.checked_sub(1).and_then(|place| supply.get(place));
        last.map_or(0, |(_, count)| *count)
    }

    fn most_running(&self, from: Nanos, to: Nanos) -> u32 {
        let supply = &self.records.supply;
        let first = supply.partition_point(|(since, _)| *since <= from);
        let changes = supply.iter().skip(first).take_while(|(at, _)| *at <= to);
        let most = changes.map(|(_, count)| *count).max();
        most.unwrap_or_default().max(self.running_at(from))
    }

    fn needed_at(&self, at: Nanos) -> u32 {
        let place = index(at / self.interval.max(1));
        self.needed.get(place).copied().unwrap_or_default()
    }

    fn most_needed(&self, from: Nanos, to: Nanos) -> u32 {
        let place = |at: Nanos| index(at / self.interval.max(1)).min(self.needed.len());
        let (from, to) = (
            place(from),
            place(to).saturating_add(1).min(self.needed.len()),
        );
        let needed = self.needed.get(from..to.max(from)).unwrap_or_default();
        needed.iter().copied().max().unwrap_or_default()
    }

    fn actions_between(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = &ScalingAction> {
        let (from, to) = (seconds(from), seconds(to));
        let actions = &self.records.actions;
        let first = actions.partition_point(|action| action.at < from);
        actions
            .iter()
            .skip(first)
            .take_while(move |action| action.at <= to)
    }

    fn first_scale_out(&self, from: Nanos, to: Nanos) -> Option<f64> {
        let mut actions = self.actions_between(from, to);
        let first = actions.find(|action| action.to > action.from)?;
        Some(first.at - seconds(from))
    }

    /// The removal of the largest number of tasks that were needed soon after.
    fn cut(&self, sent: Nanos, late: Nanos) -> Option<Cut> {
        let cut = |action: &ScalingAction| {
            let at = crate::time::from_seconds(action.at);
            Cut {
                at: action.at,
                from: action.from,
                to: action.to,
                needed: self.needed_at(at).max(self.needed_at(at + self.interval)),
            }
        };
        self.actions_between(sent.saturating_sub(CUT_BEFORE), late)
            .map(cut)
            .filter(|cut| cut.taken() > 0)
            .max_by_key(Cut::taken)
    }

    /// The steps of a time, with as long before and after it, at least 5 minutes.
    fn fine_course(&self, span: &LateSpan, slo: Nanos) -> Vec<LatePoint> {
        let steps = &self.records.steps;
        let begin = span.begin.saturating_sub(slo);
        let around = ((span.end - begin) / 2).max(BEFORE);
        let from = index(begin.saturating_sub(around) / steps.width);
        let to = index((span.end + around).min(self.end) / steps.width).saturating_add(1);
        let many = to.saturating_sub(from).div_ceil(COURSE).max(1);
        let chosen = steps
            .done
            .get(from..to.min(steps.done.len()))
            .unwrap_or_default();
        let mut desired = self.desired_from(begin.saturating_sub(around));
        let points = chosen.chunks(many).enumerate().map(|(place, chunk)| {
            let last = from + place * many + chunk.len();
            let at = (last as u64).saturating_mul(steps.width).min(self.end);
            let sent = chunk.iter().map(|step| u64::from(step.sent)).sum();
            LatePoint {
                at: seconds(at),
                load: count(sent) / (seconds(steps.width) * count(chunk.len() as u64)),
                backlog_max: chunk
                    .iter()
                    .map(|step| step.backlog)
                    .max()
                    .unwrap_or_default(),
                desired: desired(seconds(at)),
                running: self.running_at(at),
                needed: self.needed_at(at.saturating_sub(1)),
                worst_wait: chunk
                    .iter()
                    .map(|step| f64::from(step.worst) / 1e3)
                    .fold(0.0, f64::max),
                scale_out_alarm: chunk.iter().any(|step| step.alarms.0),
                scale_in_alarm: chunk.iter().any(|step| step.alarms.1),
            }
        });
        points.collect()
    }

    /// The desired count at moments that come in order.
    fn desired_from(&self, from: Nanos) -> impl FnMut(f64) -> u32 + use<'_> {
        let actions = &self.records.actions;
        let from = seconds(from);
        let mut next = actions.partition_point(|action| action.at <= from);
        let before = next.checked_sub(1).and_then(|place| actions.get(place));
        let first = actions.first().map(|action| action.from);
        let still = self.records.points.last().map(|point| point.desired);
        let mut desired = before
            .map(|action| action.to)
            .or(first)
            .or(still)
            .unwrap_or_default();
        move |at| {
            while let Some(action) = actions.get(next).filter(|action| action.at <= at) {
                desired = action.to;
                next += 1;
            }
            desired
        }
    }

    /// Puts the least and most of load and desired count into the points.
    pub(crate) fn fill_points(&self, points: &mut [Point]) {
        let steps = &self.records.steps;
        let width = seconds(steps.width);
        let actions = &self.records.actions;
        let (mut step, mut next) = (0, 0);
        let mut begin = 0.0;
        let mut desired = actions.first().map(|action| action.from);
        for point in points {
            (point.load_min, point.load_max) = (f64::INFINITY, 0.0);
            while let Some(one) = steps.done.get(step) {
                let (from, to) = (count(step as u64) * width, count(step as u64 + 1) * width);
                if to > point.at + 1e-6 {
                    break;
                }
                if from >= begin - 1e-6 {
                    let rate = f64::from(one.sent) / width;
                    point.load_min = point.load_min.min(rate);
                    point.load_max = point.load_max.max(rate);
                }
                step += 1;
            }
            if point.load_min > point.load_max {
                (point.load_min, point.load_max) = (point.load, point.load);
            }
            let before = desired.unwrap_or(point.desired);
            point.desired_min = point.desired.min(before);
            point.desired_max = point.desired.max(before);
            while let Some(action) = actions.get(next).filter(|action| action.at <= point.at) {
                point.desired_min = point.desired_min.min(action.to);
                point.desired_max = point.desired_max.max(action.to);
                next += 1;
            }
            desired = Some(point.desired);
            begin = point.at;
        }
    }
}

impl LateTime {
    /// Whether it started with a jump of the load: one that isn't chance, which makes a minute's messages differ by the root
    /// of their number.
    pub(crate) fn jumped(&self) -> bool {
        let most = self.load_max * 60.0;
        let more = most - self.load_before * 60.0;
        self.load_max >= JUMP * self.load_before && more > 4.0 * most.sqrt()
    }
}

impl LateTimes {
    /// Finds the hour of the day of most late messages, from when the load starts, in seconds since the Unix epoch.
    pub(crate) fn find_hour(&mut self, begins: f64, lasts: f64) {
        let mut hours = [0.0; 24];
        let mut days = BTreeSet::new();
        for (at, length, late) in &self.begins {
            days.insert(day(begins + at));
            // A time can last for hours: its late messages are spread evenly over them.
            let (mut from, length) = (begins + at, length.max(1.0));
            let end = from + length;
            while from < end {
                let next = end.min(((from / 3_600.0).floor() + 1.0) * 3_600.0);
                if let Some(hour) = hours.get_mut(hour(from)) {
                    *hour += count(*late) * (next - from) / length;
                }
                from = next;
            }
        }
        if lasts < 3.0 * 86_400.0 || days.len() < 3 {
            return;
        }
        let in_hour = |hour: usize| hours.get(hour % 24).copied().unwrap_or_default();
        let two = |first: usize| in_hour(first) + in_hour(first + 1);
        let best = (0..24).max_by(|one, other| two(*one).total_cmp(&two(*other)));
        let best = best.and_then(|best| Some((best, u32::try_from(best).ok()?)));
        self.hour = best.map(|(place, hour)| (hour, two(place) / count(self.examined.max(1))));
    }
}

/// Messages sent a second in steps of this width.
fn rate(steps: &[u32], width: Nanos) -> f64 {
    let sent: u64 = steps.iter().map(|sent| u64::from(*sent)).sum();
    count(sent) / (seconds(width) * count(steps.len() as u64))
}

/// Messages sent a second in the quietest whole minute of these steps: a shorter time can have none by chance. `None` without a
/// whole minute.
pub(crate) fn quietest_minute(steps: &[u32], width: Nanos) -> Option<f64> {
    let minutes = steps.rchunks_exact(index(MINUTE.div_ceil(width)).max(1));
    minutes.map(|minute| rate(minute, width)).reduce(f64::min)
}

#[expect(clippy::cast_possible_truncation, reason = "a day of a date")]
fn day(at: f64) -> i64 {
    (at / 86_400.0).floor() as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 23"
)]
fn hour(at: f64) -> usize {
    (at.rem_euclid(86_400.0) / 3_600.0) as usize
}

fn count(number: u64) -> f64 {
    crate::number::count(number)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
