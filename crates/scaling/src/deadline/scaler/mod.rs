//! The desired count by the deadline algorithm, from check to check.

use std::time::Duration;

use super::pool::{Pool, QueueEstimate};
use super::settings::{DeadlineSettings, QueueSettings};
use super::watch::DeadlineEstimate;
use crate::demand::{Restraint, decide_between};
use crate::{
    Bounds, Decision, DecisionReason, DemandPolicy, DemandPolicyError, PerSide, QueueCounts,
    ServiceReading,
};

/// Within this many minutes, a function with many services has read the arrivals of earlier days for each
/// of them.
const LEARNING_MINUTES: u32 = 15;

/// Checks, decides, and remembers the changes.
///
/// Call [`Self::new`]; then [`Self::sample`] whenever the queues are read, [`Self::decide`] at each check,
/// and [`Self::record_change`] once the count is set. Overlapping scalers of one service are safe, because
/// each sets an absolute count.
#[derive(Clone, Debug)]
pub struct DeadlineScaler {
    pool: Pool,
    queues: Vec<QueueSettings>,
    settings: DeadlineSettings,
    /// The bounds that apply now, and the widest that ever apply.
    bounds: Bounds,
    widest: Bounds,
    restraint: Restraint,
    /// The first check, and how long after it no tasks are removed that might be needed as warm tasks.
    begun: Duration,
    learns_for: Duration,
    /// When a message was last seen, by a check or in the deletes that CloudWatch reports.
    busy: Option<Duration>,
}

impl DeadlineScaler {
    /// Returns a scaler without observations, for a service with these queues. If its bounds change by
    /// schedule, `bounds` are the widest, and [`Self::hold`] sets the ones that apply.
    #[must_use]
    pub fn new(
        queues: Vec<QueueSettings>,
        settings: DeadlineSettings,
        bounds: Bounds,
        cooldowns: PerSide<Duration>,
    ) -> Self {
        Self {
            pool: Pool::new(&queues, settings, bounds),
            queues,
            settings,
            bounds,
            widest: bounds,
            restraint: Restraint::new(bounds, cooldowns),
            begun: Duration::ZERO,
            learns_for: Duration::ZERO,
            busy: None,
        }
    }

    /// Returns a scaler that follows a policy. While [`Self::lacks_arrivals`], it removes nothing for 15
    /// minutes. Otherwise, a new execution environment would end the warm tasks that another one has
    /// started.
    ///
    /// # Errors
    /// If the policy is invalid: see [`DemandPolicy::check`].
    pub fn from_policy(policy: &DemandPolicy) -> Result<Self, DemandPolicyError> {
        let bounds = policy.envelope(policy.check()?);
        let cooldowns = PerSide {
            scale_out: Duration::from_millis(policy.cooldown_out_ms),
            scale_in: Duration::from_millis(policy.cooldown_in_ms),
        };
        let settings = DeadlineSettings::from_policy(policy);
        let queues = policy.queues.iter();
        let queues = queues.map(|queue| QueueSettings::of(queue, settings));
        let scaler = Self::new(queues.collect(), settings, bounds, cooldowns);
        Ok(Self {
            learns_for: settings.minute * LEARNING_MINUTES,
            ..scaler
        })
    }

    /// Returns a scaler for [`Self::measure`], of a service with these queues. The bounds belong to the
    /// scalable target, and aren't known here.
    #[must_use]
    pub fn without_bounds(queues: Vec<QueueSettings>, settings: DeadlineSettings) -> Self {
        Self::new(queues, settings, Bounds::ANY, PerSide::default())
    }

    /// The groups of queues whose messages are estimated together, as indexes of the queues: all of them,
    /// unless their objectives or processing times differ.
    pub fn groups(&self) -> impl Iterator<Item = &[usize]> {
        self.pool.queues()
    }

    /// The latest check's result for each group; empty for a single group, which is the service's estimate.
    pub fn parts(&self) -> impl Iterator<Item = QueueEstimate<'_>> {
        self.pool.parts()
    }

    /// Adds CloudWatch's data about a group of queues in the minutes before the first check: the sum of the
    /// average messages in flight of each minute, and the messages deleted in them. Only the first call
    /// counts.
    pub fn seed_processing_time(&mut self, group: usize, in_flight: f64, deleted: f64) {
        if let Some(watch) = self.pool.watch_mut(group) {
            watch.seed_processing_time(in_flight, deleted);
        }
    }

    /// Adds the messages that were sent to a group of queues in earlier minutes; CloudWatch has the data of
    /// days. Each entry is the start of a minute and its messages, in order of time. A missing minute had
    /// no messages. Warm tasks are then insured against the bursts of these days. Call it if
    /// [`Self::lacks_arrivals`].
    pub fn seed_arrivals(
        &mut self,
        group: usize,
        minutes: impl IntoIterator<Item = (Duration, f64)>,
    ) {
        if let Some(watch) = self.pool.watch_mut(group) {
            watch.seed_arrivals(minutes);
        }
    }

    /// Whether warm tasks depend on the arrivals of earlier days that aren't known yet.
    #[must_use]
    pub fn lacks_arrivals(&self) -> bool {
        self.pool.lacks_arrivals()
    }

    /// Adds counts of the queues between two checks, or at a check that could not read the service.
    pub fn sample(&mut self, at: Duration, queues: &[Option<QueueCounts>]) {
        self.begin(at);
        self.pool.sample(at, queues);
    }

    /// Adds the deletes of a group of queues in the minute that started at `start`, which CloudWatch
    /// reports 1 to 2 minutes later. Each minute counts once.
    pub fn record_deletes(&mut self, group: usize, start: Duration, deleted: f64) {
        if deleted > 0.0 {
            self.record_last_deletes(start.saturating_add(self.settings.reported));
        }
        if let Some(watch) = self.pool.watch_mut(group) {
            watch.record_deletes(start, deleted);
        }
    }

    /// Remembers that messages were deleted up to `at`. They needed a task, even if every check came before
    /// or after them, so the last task stays for a while.
    pub fn record_last_deletes(&mut self, at: Duration) {
        self.busy = self.busy.max(Some(at));
    }

    /// Remembers that the count was changed at `at`.
    pub fn record_change(&mut self, at: Duration, from: u32, to: u32) {
        for watch in self.pool.watches_mut() {
            watch.order(at, to.saturating_sub(from));
        }
        self.restraint.record_change(at, from, to);
    }

    /// Applies these bounds from now on.
    pub fn hold(&mut self, bounds: Bounds) {
        self.bounds = bounds;
        self.restraint.hold(bounds);
        self.hold_watches();
    }

    fn hold_watches(&mut self) {
        for watch in self.pool.watches_mut() {
            watch.hold(self.bounds);
        }
    }

    /// Minimum and maximum number of tasks now.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Checks the service. Returns the estimate, and the count to set. `deploying` while ECS deploys the
    /// service.
    ///
    /// The count stays within the bounds. It rises at once to the need. It falls only if the arrivals are
    /// known for a minute and for as long as a task start takes, no task is starting, no deployment is in
    /// progress, and no cooldown is in effect. It falls by at least 5%.
    pub fn decide(
        &mut self,
        seen: &ServiceReading<'_>,
        deploying: bool,
    ) -> (DeadlineEstimate, Decision) {
        let estimate = self.estimate(seen, deploying);
        let decision = self.choose(seen, &estimate);
        (estimate, self.restraint.restrain(seen, decision, deploying))
    }

    /// Checks a service that target tracking scales. Returns the estimate, and the value that target
    /// tracking follows with target 1: tasks needed ÷ desired tasks. While it isn't known how far scale-in
    /// can go, only a value over 1 is returned.
    ///
    /// If it were divided by the *running* tasks, like a backlog, the value would stay high until the tasks
    /// of the last scale-out run, and each datapoint until then would add them again. The policy needs a
    /// cooldown of [`crate::TRACKING_COOLDOWN`]: until then, a datapoint can be from before the latest
    /// scale-out.
    pub fn measure(
        &mut self,
        seen: &ServiceReading<'_>,
        deploying: bool,
    ) -> (DeadlineEstimate, Option<f64>) {
        let estimate = self.estimate(seen, deploying);
        let share = |tasks: f64| tasks / f64::from(seen.desired.max(1));
        let known = estimate.need.zip(estimate.keep);
        let value = match known {
            Some((need, _)) if share(need) > 1.0 => Some(share(need)),
            // Tasks that are kept limit scale-in, and never add a task.
            Some((need, keep)) => Some(share(need.max(keep)).min(1.0)),
            None => estimate.at_least.map(share).filter(|value| *value > 1.0),
        };
        (estimate, value)
    }

    fn estimate(&mut self, seen: &ServiceReading<'_>, deploying: bool) -> DeadlineEstimate {
        self.begin(seen.at);
        let mut estimate = self.pool.check(seen, deploying);
        if estimate.visible + estimate.in_flight > 0 {
            self.busy = self.busy.max(Some(seen.at));
        }
        if self.keeps_last_task(seen.at) && seen.desired > 0 {
            estimate.keep = estimate.keep.map(|keep| keep.max(1.0));
        }
        estimate
    }

    /// Keeps spare tasks while one is starting, or if they are too few to be worth removing.
    fn choose(&self, seen: &ServiceReading<'_>, estimate: &DeadlineEstimate) -> Decision {
        let decision = decide_between(estimate.at_least, estimate.keep, seen.desired, self.bounds);
        if decision.why != DecisionReason::Spare {
            return decision;
        }
        let inside = self.bounds.clamp(seen.desired);
        let kept = decision.desired;
        let removed = f64::from(inside.saturating_sub(kept));
        let worth = kept <= 1 || removed > self.settings.tuning.least_removed * f64::from(inside);
        let why = if !worth {
            DecisionReason::Right
        } else if self.pool.is_starting(seen.at) {
            DecisionReason::Starting
        } else if let Some(until) = self.learns_until().filter(|until| seen.at < *until) {
            DecisionReason::Learning { until }
        } else {
            return decision;
        };
        Decision::within(self.bounds, seen.desired, inside, why)
    }

    /// When waiting for the arrivals of earlier days ends.
    fn learns_until(&self) -> Option<Duration> {
        let until = self.begun.saturating_add(self.learns_for);
        self.lacks_arrivals().then_some(until)
    }

    /// Whether there was a message recently. One that came and went between two checks shows in the deletes
    /// of its minute, which arrive 1 to 2 minutes later.
    fn keeps_last_task(&self, at: Duration) -> bool {
        let window = self.settings.window;
        let until = self.busy.map(|busy| busy.saturating_add(window));
        until.is_some_and(|until| at <= until)
    }

    /// The first check, or the first after the clock was set back: there is no earlier knowledge.
    fn begin(&mut self, at: Duration) {
        let latest = self.pool.latest();
        if latest.is_none_or(|latest| at.as_secs_f64() < latest) {
            self.restraint.begin(at);
            self.begun = at;
        }
        if latest.is_some_and(|latest| at.as_secs_f64() < latest) {
            self.pool = Pool::new(&self.queues, self.settings, self.widest);
            self.hold_watches();
            self.busy = None;
        }
    }
}

#[cfg(test)]
mod tests;
