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

/// Within these minutes, a function of many services has read the arrivals of earlier days for each of them.
const LEARNING_MINUTES: u32 = 15;

/// Checks, decides, and remembers what was done.
///
/// [`Self::new`]; then [`Self::sample`] as often as the queues are read, [`Self::decide`] at each check, and
/// [`Self::record_change`] once the count is set. Overlapping scalers of one service are safe: each sets an absolute
/// count.
#[derive(Clone, Debug)]
pub struct DeadlineScaler {
    pool: Pool,
    queues: Vec<QueueSettings>,
    settings: DeadlineSettings,
    /// Those that hold now, and the widest that ever do.
    bounds: Bounds,
    widest: Bounds,
    restraint: Restraint,
    /// The first check, and how long after it nothing is removed that warm tasks may need.
    begun: Duration,
    learns_for: Duration,
    /// When there last was a message, by a check or by the deletes that CloudWatch reports.
    busy: Option<Duration>,
}

impl DeadlineScaler {
    /// Returns a scaler that has seen nothing yet, of a service with these queues. If its bounds change with the hours,
    /// `bounds` are the widest, and [`Self::hold`] says which hold.
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

    /// Returns a scaler that follows a policy. While [`Self::lacks_arrivals`], it removes nothing for 15 minutes: an
    /// execution environment that has just begun would otherwise end the warm tasks that another one has started.
    ///
    /// # Errors
    /// When the policy can't be followed: see [`DemandPolicy::check`].
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

    /// Returns a scaler for [`Self::measure`], of a service with these queues. The bounds are the scalable target's, and
    /// aren't known here.
    #[must_use]
    pub fn without_bounds(queues: Vec<QueueSettings>, settings: DeadlineSettings) -> Self {
        Self::new(queues, settings, Bounds::ANY, PerSide::default())
    }

    /// The groups of queues whose messages are estimated together, by the queues' places: all of them, unless their
    /// objectives or processing times differ.
    pub fn groups(&self) -> impl Iterator<Item = &[usize]> {
        self.pool.queues()
    }

    /// What the latest check found of each group; nothing of a single one, which is the service's estimate.
    pub fn parts(&self) -> impl Iterator<Item = QueueEstimate<'_>> {
        self.pool.parts()
    }

    /// Adds what CloudWatch knows of a group of queues in the minutes before the first check: the sum of the average
    /// messages in flight of each minute, and the messages deleted in them. Only the first time counts.
    pub fn seed_processing_time(&mut self, group: usize, in_flight: f64, deleted: f64) {
        if let Some(watch) = self.pool.watch_mut(group) {
            watch.seed_processing_time(in_flight, deleted);
        }
    }

    /// Adds the messages that were sent to a group of queues in earlier minutes, of which CloudWatch knows days: the start of each minute and
    /// its messages, in order of time; a minute that is missing had none. Warm tasks are then insured against the bursts
    /// of these days. To be called if [`Self::lacks_arrivals`].
    pub fn seed_arrivals(
        &mut self,
        group: usize,
        minutes: impl IntoIterator<Item = (Duration, f64)>,
    ) {
        if let Some(watch) = self.pool.watch_mut(group) {
            watch.seed_arrivals(minutes);
        }
    }

    /// Whether warm tasks depend on the arrivals of earlier days, which aren't known yet.
    #[must_use]
    pub fn lacks_arrivals(&self) -> bool {
        self.pool.lacks_arrivals()
    }

    /// Adds counts of the queues between two checks, or at one that could not read the service.
    pub fn sample(&mut self, at: Duration, queues: &[Option<QueueCounts>]) {
        self.begin(at);
        self.pool.sample(at, queues);
    }

    /// Adds the deletes of a group of queues in the minute that started at `start`, as CloudWatch reports them a minute or
    /// two later. Each minute counts once.
    pub fn record_deletes(&mut self, group: usize, start: Duration, deleted: f64) {
        if deleted > 0.0 {
            self.record_last_deletes(start.saturating_add(self.settings.reported));
        }
        if let Some(watch) = self.pool.watch_mut(group) {
            watch.record_deletes(start, deleted);
        }
    }

    /// Remembers that messages were deleted up to `at`. They needed a task, even if every check came before or after
    /// them, so the last task stays for a time.
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

    /// These bounds hold from now on.
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

    /// Fewest and most tasks that are allowed now.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Checks: returns the estimate, and the count that is right now. `deploying` while ECS deploys the service.
    ///
    /// The count stays within the bounds. It rises at once to what is needed. It falls only if the arrivals are known for
    /// a minute and for as long as a task takes to start, while no task is starting and no deployment is in progress, outside of
    /// cooldowns, and by at least a twentieth.
    pub fn decide(
        &mut self,
        seen: &ServiceReading<'_>,
        deploying: bool,
    ) -> (DeadlineEstimate, Decision) {
        let estimate = self.estimate(seen, deploying);
        let decision = self.choose(seen, &estimate);
        (estimate, self.restraint.restrain(seen, decision, deploying))
    }

    /// Checks a service that target tracking scales: returns the estimate, and the value that it follows with target 1,
    /// tasks needed ÷ desired tasks. While it isn't known to which count scale-in can go, only a value over 1 is returned.
    ///
    /// Divided by the *running* tasks, as a backlog is, the value would stay high until the tasks of the last scale-out
    /// run, and each datapoint until then would add them again. The policy needs a cooldown of [`crate::TRACKING_COOLDOWN`]: until
    /// then, a datapoint can be from before the latest scale-out.
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
            // What is kept limits scale-in, and adds no task.
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

    /// Keeps tasks that are to spare while one is starting, or if they are too few to be worth it.
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

    /// Until when it is waited for the arrivals of earlier days.
    fn learns_until(&self) -> Option<Duration> {
        let until = self.begun.saturating_add(self.learns_for);
        self.lacks_arrivals().then_some(until)
    }

    /// Whether there was a message not long ago. One that came and went between two checks shows in the deletes of its
    /// minute, which come a minute or two later.
    fn keeps_last_task(&self, at: Duration) -> bool {
        let window = self.settings.window;
        let until = self.busy.map(|busy| busy.saturating_add(window));
        until.is_some_and(|until| at <= until)
    }

    /// The first check, or the first after the clock was set back: nothing is known.
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
