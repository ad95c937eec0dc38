//! Several queues with equal settings. They are estimated as one queue, and each of them is observed, because
//! tasks take their messages in turn.

use super::{DeadlineWatch, Moment, arrival_log};
use crate::QueueCounts;
use crate::deadline::arrivals::{ArrivalCounter, ArrivalLog, Sample};
use crate::deadline::delivered::Delivered;
use crate::deadline::rate::RateSegment;
use crate::deadline::settings::DeadlineSettings;
use crate::deadline::workload::{Workload, need_with_turns, parts_of_tasks};

/// The messages of one of the queues, or of all as one queue.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    counter: ArrivalCounter,
    pub(super) log: ArrivalLog,
    segment: RateSegment,
    delivered: Delivered,
    /// Messages sent since the last check.
    pub(super) sent: f64,
}

/// Messages that have deadlines, and the tasks that they can count on.
#[derive(Clone, Copy)]
pub(super) struct Due<'a> {
    pub(super) log: &'a ArrivalLog,
    /// Their counts and rate, and their part of the running tasks.
    pub(super) moment: Moment,
    /// Their part of the starting tasks.
    pub(super) part: f64,
}

impl Lane {
    pub(super) fn new(settings: &DeadlineSettings) -> Self {
        let (tuning, second) = (settings.tuning, settings.second());
        let objective = settings.objective.as_secs_f64();
        Self {
            counter: ArrivalCounter::default(),
            log: arrival_log(settings),
            segment: RateSegment::new(tuning.change_threshold, tuning.longest_segment * second),
            delivered: Delivered::new(objective, 2.0 * 86_400.0 * second),
            sent: 0.0,
        }
    }

    /// Forgets the arrivals, because part of them was not seen. Keeps how many messages started in time.
    pub(super) fn forget(&mut self, settings: &DeadlineSettings) {
        let mut delivered = self.delivered.clone();
        delivered.restart();
        *self = Self {
            delivered,
            ..Self::new(settings)
        };
    }

    pub(super) fn sample(&mut self, sample: Sample, residence: f64) {
        let sent = self.counter.count(sample, residence);
        self.sent += sent;
        self.log.add(sample.at, sent);
    }

    /// Messages sent per second; `None` until it is known.
    pub(super) fn rate(&self) -> Option<f64> {
        self.segment.rate()
    }

    /// A check, `passed` seconds after the last one.
    pub(super) fn check(&mut self, at: f64, passed: f64, visible: f64, dispersion: f64) {
        let sent = std::mem::take(&mut self.sent);
        self.segment.add(sent, passed, dispersion);
        self.delivered.add(at, visible, &self.log);
    }
}

impl DeadlineWatch {
    /// The share of the messages that started in time, in the queue that does worst.
    pub(super) fn share_in_time(&self) -> Option<f64> {
        let lanes = self.lanes.iter().filter_map(|lane| lane.delivered.share());
        lanes
            .reduce(f64::min)
            .or_else(|| self.whole.delivered.share())
    }

    /// The share of the messages that were late, in the queue that does worst. Less than a day counts as a
    /// day.
    pub(super) fn late_share(&self) -> f64 {
        let day = 86_400.0 * self.second;
        let lanes = self.lanes.iter().map(|lane| lane.delivered.late(day));
        lanes.fold(self.whole.delivered.late(day), f64::max)
    }

    /// The tasks that all queues need, by a need of messages with deadlines: as one queue, whose messages
    /// start in the order in which they were sent, and with turns.
    ///
    /// Turns don't keep the order. While a queue has a burst, later messages of the others start before it is
    /// drained, so its own deadlines need more tasks than those of all messages in order.
    pub(super) fn need_of_all(
        &self,
        moment: &Moment,
        share: f64,
        need: impl Fn(&Due<'_>) -> f64,
    ) -> f64 {
        let together = need(&Due {
            log: &self.whole.log,
            moment: *moment,
            part: self.part,
        });
        if self.lanes.is_empty() {
            return together;
        }
        let places = self.settings.places();
        let lanes = self.lanes.iter().zip(&self.queues);
        let load = |(lane, counts): (&Lane, &Option<(f64, QueueCounts)>)| {
            let (visible, in_flight) = super::sum(counts.iter().map(|(_, counts)| counts));
            Workload {
                messages: visible + in_flight,
                in_flight,
                rate: lane.rate().unwrap_or(0.0),
                work: moment.work,
                places,
                planned: share * self.objective,
            }
        };
        let loads: Vec<Workload> = lanes.map(load).collect();
        let parts = parts_of_tasks(&loads, moment.running * places);
        let lanes = self.lanes.iter().zip(&loads).zip(parts);
        let needs = lanes.map(|((lane, load), part)| {
            need(&Due {
                log: &lane.log,
                moment: Moment {
                    running: part * moment.running,
                    visible: load.messages - load.in_flight,
                    in_flight: load.in_flight,
                    rate: load.rate,
                    ..*moment
                },
                part: part * self.part,
            })
        });
        let needs: Vec<f64> = needs.collect();
        need_with_turns(together, &needs, &loads)
    }
}
