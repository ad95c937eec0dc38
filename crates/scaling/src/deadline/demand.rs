//! Processor demand: the tasks with which every waiting message can start by its deadline.

use super::arrivals::ArrivalLog;

/// Messages whose work has started. They can't become late, and keep their places until their work is done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Started {
    /// Messages in flight.
    pub(super) messages: f64,
    /// Seconds from the end of the planned share of the objective until work that starts in time is done.
    pub(super) beyond: f64,
    /// Places per task. More tasks than places for each message don't help. `None` if work is short, and
    /// many messages come while one is worked on.
    pub(super) places: Option<f64>,
}

/// The question: how many tasks must run from `from` on?
#[derive(Clone, Copy, Debug)]
pub(super) struct DeadlineDemand {
    /// Latency objective in seconds.
    pub(super) objective: f64,
    /// Share of the objective that the plan uses.
    pub(super) share: f64,
    /// Messages among `waiting` that have started, ahead of number `served`; none if work is short.
    pub(super) started: Started,
    /// When tasks ordered now will run; now itself if tasks are to be removed.
    pub(super) from: f64,
    /// Seconds from ordering a task until it runs.
    pub(super) start: f64,
    /// Number of the message that is served at `from`.
    pub(super) served: f64,
    /// Messages waiting at `from`.
    pub(super) waiting: f64,
    /// When the message `served` was sent.
    pub(super) sent: f64,
    /// Seconds of work per message and task.
    pub(super) work: f64,
    /// Cost of one late message, in task-seconds.
    pub(super) price: f64,
    /// Minimum seconds to a deadline for a cohort to be judged on its own.
    pub(super) shortest: f64,
}

impl DeadlineDemand {
    /// Returns the tasks needed, unrounded.
    ///
    /// Within any time up to a deadline, the work that is due by then must be done. The demand is the
    /// largest quotient of that work and the time. Each entry of the log is a cohort with its own deadline.
    /// The work of future messages is due one objective after they are sent, which is the queue at `from` ÷
    /// the objective.
    ///
    /// A message that starts at its deadline is done only after its work. It is enough if it starts in
    /// time, so if work is long compared with the objective, the part of the work time that exceeds the
    /// unplanned part of the objective is added. Messages that have started share the tasks with waiting
    /// ones, and no longer have a deadline.
    ///
    /// If the oldest message is already late, more tasks make fewer messages late and cost more. A queue
    /// that is drained in a time `φ` keeps messages late in proportion to `φ`, and the extra tasks cost in
    /// proportion to `1/φ` per start. So the cheapest `φ` falls with the square root of the price of a late
    /// message.
    ///
    /// Source: Baruah, Mok and Rosier, "Preemptively Scheduling Hard-Real-Time Sporadic Tasks on One
    /// Processor", IEEE Real-Time Systems Symposium (1990): the processor demand criterion.
    pub(super) fn tasks(&self, log: &ArrivalLog) -> f64 {
        let planned = self.share * self.objective + self.started.beyond;
        let busy = self.started.messages;
        let age = (self.from - self.sent).max(0.0);
        let late = age - self.objective;
        let within = if late > 0.0 {
            let spend =
                (self.price * late / (self.start * self.work).max(f64::MIN_POSITIVE)).sqrt();
            planned.min(age / (1.0 + spend))
        } else {
            planned
        };
        let head = self.waiting * self.work / within.max(f64::MIN_POSITIVE);
        let cohorts = log.after(self.served).filter_map(|cohort| {
            let left = cohort.at + planned - self.from;
            (left >= self.shortest).then(|| (cohort.count - self.served + busy) * self.work / left)
        });
        let tasks = cohorts.fold(head, f64::max);
        match self.started.places {
            Some(places) => tasks.min(self.waiting / places),
            None => tasks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn demand() -> DeadlineDemand {
        DeadlineDemand {
            objective: 300.0,
            share: 0.8,
            started: Started::default(),
            from: 60.0,
            start: 60.0,
            served: 0.0,
            waiting: 0.0,
            sent: 60.0,
            work: 2.0,
            price: 50.0,
            shortest: 10.0,
        }
    }

    /// 1,200 messages of 2 s are 2,400 task-seconds. Planned with 240 s: 10 tasks.
    #[test]
    fn the_queue_is_drained_within_the_planned_share() {
        let log = ArrivalLog::new(900.0);
        let waiting = DeadlineDemand {
            waiting: 1_200.0,
            ..demand()
        };
        assert_eq!(waiting.tasks(&log), 10.0);
        assert_eq!(demand().tasks(&log), 0.0);
    }

    /// 600 messages that were sent at 0 s are due at 240 s, 180 s after the new tasks run at 60 s: 1,200 ÷ 180 = 6.67
    /// tasks, more than the 600 × 2 ÷ 240 = 5 that drain them within a whole objective.
    #[test]
    fn a_burst_is_due_by_its_own_deadline() {
        let mut log = ArrivalLog::new(900.0);
        log.add(-1.0, 0.0);
        log.add(0.0, 600.0);
        let burst = DeadlineDemand {
            waiting: 600.0,
            sent: -1.0,
            ..demand()
        };
        assert!((burst.tasks(&log) - 1_200.0 / 180.0).abs() < 1e-9);
    }

    /// The oldest is 100 s late: √(50 × 100 ÷ (60 × 2)) = 6.455, so 400 s of age are drained in 400 ÷ 7.455 = 53.66 s.
    #[test]
    fn a_late_queue_is_drained_faster() {
        let log = ArrivalLog::new(900.0);
        let late = DeadlineDemand {
            waiting: 600.0,
            sent: -340.0,
            ..demand()
        };
        assert!((late.tasks(&log) - 1_200.0 / 53.66).abs() < 0.01);
    }

    /// An objective of 2 h, and 90 min of work: 80% of the objective and the 66 min of work beyond the
    /// other 24 min are 162 min, in which 31 messages of 90 min need 31 × 90 ÷ 162 = 17.2 tasks. 30 of them
    /// have started; the last was sent at 60 s. 72 min later, 90 min are left for 31 × 90 min of work: 31
    /// tasks, one more than are busy.
    #[test]
    fn long_work_is_done_after_its_deadline() {
        let minute = 60.0;
        let mut log = ArrivalLog::new(6.0 * 3_600.0);
        log.add(0.0, 30.0);
        log.add(60.0, 1.0);
        let long = DeadlineDemand {
            objective: 120.0 * minute,
            started: Started {
                messages: 30.0,
                beyond: 66.0 * minute,
                places: Some(1.0),
            },
            served: 30.0,
            waiting: 31.0,
            work: 90.0 * minute,
            ..demand()
        };
        assert!((long.tasks(&log) - 31.0 * 90.0 / 162.0).abs() < 1e-9);
        let later = DeadlineDemand {
            from: 60.0 + 72.0 * minute,
            ..long
        };
        assert!((later.tasks(&log) - 31.0).abs() < 1e-9);
        // 5 min before its deadline, less time would be left for the work of a message, but each already
        // has a task.
        let last = DeadlineDemand {
            from: 60.0 + 115.0 * minute,
            ..long
        };
        assert_eq!(last.tasks(&log), 31.0);
    }

    proptest! {
        #[test]
        fn grows_with_the_backlog(
            waiting in 0.0f64..1e5, more in 0.0f64..1e5, age in 0.0f64..1e3, share in 0.3f64..0.9, price in 0.0f64..200.0,
        ) {
            let log = ArrivalLog::new(900.0);
            let some = DeadlineDemand { waiting, sent: 60.0 - age, share, price, ..demand() };
            let fuller = DeadlineDemand { waiting: waiting + more, ..some };
            prop_assert!(some.tasks(&log) >= 0.0 && fuller.tasks(&log) >= some.tasks(&log));
        }
    }
}
