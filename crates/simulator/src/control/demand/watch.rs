//! What the function sees of the queue and the service, and the need that follows.

use std::collections::VecDeque;
use std::time::Duration;

use scaling::{DemandLaw, NeedHistory, QueueHistory, QueueSample, Work};

use crate::assumptions::Assumptions;
use crate::control::Observation;
use crate::policy::{ArrivalSource, DemandPolicy};
use crate::random::{Purpose, Random};
use crate::scenario::Scenario;
use crate::time::{MINUTE, Nanos, from_seconds, nanos};

/// Longest time between two needs over which the need counts as known, in looks. The last look of an
/// invocation and the first of the next are two looks apart when the rule is late.
const GAP: u32 = 3;

/// Looks at the queue and the service, and finds the need.
pub(in crate::control) struct Watch {
    pub(in crate::control) law: DemandLaw,
    pub(in crate::control) needs: NeedHistory,
    policy: DemandPolicy,
    queue: QueueHistory,
    /// Messages sent in a minute, as CloudWatch tells them, from when on.
    told: VecDeque<(Nanos, u64)>,
    sent: u64,
    delay: Nanos,
    clock: Clock,
}

/// When the function looks: a rule starts it every minute, and it looks several times within it.
struct Clock {
    random: Random,
    jitter: f64,
    phase: Nanos,
    every: Nanos,
    looks: u64,
    invocations: u64,
    look: u64,
    begun: Nanos,
}

impl Watch {
    pub(in crate::control) fn new(scenario: &Scenario, policy: DemandPolicy, seed: u64) -> Self {
        let every = policy.every.max(Duration::from_secs(1));
        Self {
            law: DemandLaw {
                promise: scenario.promise,
                processing_time: policy.processing_time,
                concurrency: scenario.concurrency,
                start: policy.start,
                late: policy.late,
            },
            needs: NeedHistory::new(policy.window, every.saturating_mul(GAP)),
            queue: QueueHistory::new(policy.rate_over),
            told: VecDeque::new(),
            sent: 0,
            delay: nanos(scenario.assumptions.sqs_metric_delay),
            clock: Clock::new(&scenario.assumptions, every, seed),
            policy,
        }
    }

    /// When the next look is.
    pub(in crate::control) fn next_look(&mut self, now: Nanos) -> Nanos {
        self.clock.next().max(now + 1)
    }

    /// Invocations so far.
    pub(in crate::control) fn invocations(&self) -> u64 {
        self.clock.invocations
    }

    /// Seconds that an invocation lasts from its first look to its last.
    pub(in crate::control) fn span(&self) -> f64 {
        crate::time::seconds(self.clock.every.saturating_mul(self.clock.looks - 1))
    }

    /// Whether it needs to hear of each minute.
    pub(in crate::control) fn hears_minutes(&self) -> bool {
        self.policy.arrivals != ArrivalSource::Flow
    }

    /// A minute is over: SQS will tell CloudWatch how many messages were sent in it.
    pub(in crate::control) fn minute(&mut self, now: Nanos, seen: &Observation) {
        let there = now.saturating_add(self.delay);
        self.told.push_back((there, seen.sent - self.sent));
        self.sent = seen.sent;
    }

    /// A look: the tasks that the work needs, unrounded; recorded, too.
    pub(in crate::control) fn look(&mut self, now: Nanos, seen: &Observation) -> Option<f64> {
        let at = Duration::from_nanos(now);
        self.queue.record(QueueSample {
            at,
            visible: seen.visible,
            in_flight: seen.in_flight,
        });
        let need = self.rate(now).and_then(|rate| {
            self.law.need(&Work {
                rate,
                visible: seen.visible,
                running: seen.running,
                starting: seen.desired.saturating_sub(seen.running),
            })
        });
        self.needs.record(at, need);
        need
    }

    /// Messages that are sent a second.
    fn rate(&mut self, now: Nanos) -> Option<f64> {
        let flow = self.queue.proven_rate(
            self.policy.processing_time,
            self.policy.rate_over,
            self.policy.deviations,
        );
        while self.told.get(1).is_some_and(|(there, _)| *there <= now) {
            self.told.pop_front();
        }
        let told = self.told.front().filter(|(there, _)| *there <= now);
        #[expect(clippy::cast_precision_loss, reason = "messages of a minute")]
        let told = told.map(|(_, sent)| *sent as f64 / 60.0);
        match self.policy.arrivals {
            ArrivalSource::Flow => flow,
            ArrivalSource::Sent => told,
            ArrivalSource::Larger => told.map_or(flow, |told| flow.map(|flow| flow.max(told))),
        }
    }
}

impl Clock {
    fn new(assumptions: &Assumptions, every: Duration, seed: u64) -> Self {
        let mut random = Random::new(seed, Purpose::Sampling);
        let phase = from_seconds(random.unit() * 60.0);
        let every = nanos(every);
        Self {
            random,
            jitter: assumptions.rule_jitter.as_secs_f64(),
            phase,
            every,
            looks: (MINUTE / every.max(1)).max(1),
            invocations: 0,
            look: 0,
            begun: 0,
        }
    }

    fn next(&mut self) -> Nanos {
        if self.look == 0 {
            self.begun = MINUTE
                .saturating_mul(self.invocations)
                .saturating_add(self.phase)
                .saturating_add(from_seconds(self.jitter * self.random.unit()));
            self.invocations += 1;
        }
        let at = self
            .begun
            .saturating_add(self.every.saturating_mul(self.look));
        self.look = (self.look + 1) % self.looks;
        at
    }
}
