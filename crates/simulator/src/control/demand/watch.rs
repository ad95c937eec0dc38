//! With which settings the metric function checks, and what it knows besides the queue's counts. The crate
//! `scaling`, whose code the functions run, too, computes the result of a check.

use std::collections::VecDeque;
use std::time::Duration;

use scaling::{
    DemandAlgorithm, DemandEstimate, DemandWatch, DemandWatchSettings, LATE_SHARE,
    MEASURED_MINUTES, QueueCounts, ServiceReading,
};

use crate::control::Observation;
use crate::number::count;
use crate::policy::DemandPolicy;
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

/// The inputs of a check.
pub(in crate::control) struct DemandSampler {
    law: DemandAlgorithm,
    policy: DemandPolicy,
    /// Latest minutes of SQS's metrics.
    minutes: VecDeque<QueueMinute>,
    deleted: u64,
    minute: Nanos,
    delay: Nanos,
    /// Whether the last task can be removed.
    to_zero: bool,
}

/// A minute of SQS's own metrics.
#[derive(Clone, Copy)]
struct QueueMinute {
    /// When it ended, and when CloudWatch has its metrics.
    ended: Nanos,
    available: Nanos,
    /// `NumberOfMessagesDeleted`.
    deleted: u64,
    /// `ApproximateNumberOfMessagesNotVisible`, of which there is one datapoint a minute.
    in_flight: u64,
}

/// A watch of the one queue of a scenario.
pub(in crate::control) struct Watch {
    pub(in crate::control) sampler: DemandSampler,
    watch: DemandWatch,
}

impl Watch {
    pub(in crate::control) fn new(scenario: &Scenario, policy: DemandPolicy) -> Self {
        let sampler = DemandSampler::new(scenario, policy);
        let watching = DemandWatchSettings::new(policy.window, policy.rate_over);
        let watch = DemandWatch::new(1, watching);
        Self { sampler, watch }
    }

    /// Checks the queue and the service, and remembers the result.
    pub(in crate::control) fn check(&mut self, now: Nanos, seen: &Observation) -> DemandEstimate {
        if let Some(at) = self.sampler.last_deletes(now) {
            self.watch.record_deletes(at);
        }
        let law = self.sampler.law(now);
        let queues = [Some(counts(seen))];
        let sighting = sighting(now, seen, &queues);
        self.watch.estimate(&sighting, law.as_ref())
    }
}

impl DemandSampler {
    pub(in crate::control) fn new(scenario: &Scenario, policy: DemandPolicy) -> Self {
        let assumptions = &scenario.assumptions;
        Self {
            law: DemandAlgorithm {
                promise: policy.acceptable_latency.unwrap_or(scenario.slo),
                processing_time: policy.processing_time.unwrap_or_default(),
                concurrency: scenario.concurrency,
                start: policy.start,
                late: LATE_SHARE,
            },
            minutes: VecDeque::new(),
            deleted: 0,
            minute: assumptions.minute(),
            delay: nanos(assumptions.sqs_metric_delay),
            to_zero: scenario.min == 0,
            policy,
        }
    }

    /// When the minute after `now` is over, if it needs to hear of it.
    pub(in crate::control) fn next_minute(&self, now: Nanos) -> Option<Nanos> {
        let hears = self.to_zero || self.is_measured();
        hears.then(|| now.saturating_add(self.minute))
    }

    /// A minute is over: SQS will publish its metrics.
    pub(in crate::control) fn minute(&mut self, now: Nanos, seen: &Observation) {
        self.minutes.push_back(QueueMinute {
            ended: now,
            available: now.saturating_add(self.delay),
            deleted: seen.deleted - self.deleted,
            in_flight: seen.in_flight,
        });
        self.deleted = seen.deleted;
        // The latest that is there stays, however late.
        let kept = self
            .minute
            .saturating_mul(MEASURED_MINUTES)
            .saturating_add(self.delay);
        while self
            .minutes
            .front()
            .is_some_and(|minute| minute.ended.saturating_add(kept) < now)
        {
            self.minutes.pop_front();
        }
    }

    /// Returns the algorithm's settings; `None` while the processing time must be measured and can't be.
    pub(in crate::control) fn law(&self, now: Nanos) -> Option<DemandAlgorithm> {
        if !self.is_measured() {
            return Some(self.law);
        }
        Some(DemandAlgorithm {
            processing_time: self.measured(now)?,
            ..self.law
        })
    }

    /// When a message was last deleted, as far as CloudWatch knows. The function asks where the last task can be removed.
    pub(in crate::control) fn last_deletes(&self, now: Nanos) -> Option<Duration> {
        let mut minutes = self.available_minutes(now);
        let minute = minutes.find(|minute| minute.deleted > 0)?;
        self.to_zero.then_some(Duration::from_nanos(minute.ended))
    }

    fn is_measured(&self) -> bool {
        self.policy.processing_time.is_none()
    }

    /// The minutes that CloudWatch has, the latest first.
    fn available_minutes(&self, now: Nanos) -> impl Iterator<Item = &QueueMinute> {
        self.minutes
            .iter()
            .rev()
            .filter(move |minute| minute.available <= now)
    }

    /// The processing time by Little's law, from the latest minutes that CloudWatch has.
    fn measured(&self, now: Nanos) -> Option<Duration> {
        let end = now / self.minute * self.minute;
        let begin = end.saturating_sub(self.minute.saturating_mul(MEASURED_MINUTES));
        let minutes = || {
            self.available_minutes(now)
                .filter(|minute| minute.ended > begin)
        };
        let sum = |number: fn(&QueueMinute) -> u64| count(minutes().map(number).sum());
        // So many in flight on average in as many minutes one after the other as there are in all.
        let during = Duration::from_nanos(self.minute);
        scaling::measured_processing_time(
            sum(|minute| minute.in_flight),
            sum(|minute| minute.deleted),
            during,
        )
    }
}

/// What the queue says.
pub(in crate::control) fn counts(seen: &Observation) -> QueueCounts {
    QueueCounts {
        visible: seen.visible,
        in_flight: seen.in_flight,
    }
}

/// Returns the input of a check.
pub(in crate::control) fn sighting<'a>(
    now: Nanos,
    seen: &Observation,
    queues: &'a [Option<QueueCounts>],
) -> ServiceReading<'a> {
    ServiceReading {
        at: Duration::from_nanos(now),
        queues,
        running: seen.running,
        desired: seen.desired,
    }
}
