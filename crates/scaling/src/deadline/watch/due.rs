//! The tasks that the deadlines of waiting messages need.

use super::lanes::Due;
use super::{DeadlineWatch, Moment, OVERDUE_STARTS};
use crate::deadline::demand::{DeadlineDemand, Started};

/// Number of times that the range of the tasks to order is halved.
const HALVINGS: u32 = 8;

impl DeadlineWatch {
    /// The tasks that the deadlines need, if they are ordered now.
    pub(super) fn deadlines(&self, moment: &Moment, share: f64) -> f64 {
        self.need_of_all(moment, share, |due| self.ordered(due, share))
    }

    /// The tasks that the deadlines need, if they run from now on: scale-in must leave as many.
    pub(super) fn deadlines_from_now(&self, moment: &Moment, share: f64) -> f64 {
        self.need_of_all(moment, share, |due| {
            self.deadline_demand(due, share).tasks(due.log)
        })
    }

    /// The tasks that these messages need, if the missing ones are ordered now. The more tasks are ordered
    /// together, the earlier they start on average, so fewer are needed than if each of them started as late
    /// as a single one might.
    fn ordered(&self, due: &Due<'_>, share: f64) -> f64 {
        let now = self.deadline_demand(due, share);
        let after = |ordered: f64| self.tasks_after(due, now, self.starts.planned_for(ordered));
        let known = due.moment.running + due.part * f64::from(self.starts.starting());
        let alone = after(1.0);
        let (mut few, mut many) = (1.0, alone - known);
        if many <= few {
            return alone;
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(few, many);
            if after(middle) - known > middle {
                few = middle;
            } else {
                many = middle;
            }
        }
        known + many
    }

    /// The tasks that these messages, whose demand is known for now, need from `start` seconds on.
    fn tasks_after(&self, due: &Due<'_>, now: DeadlineDemand, start: f64) -> f64 {
        let (moment, log) = (&due.moment, due.log);
        let from = moment.at + start;
        let overdue = moment.at - OVERDUE_STARTS * moment.start;
        let joining = due.part * self.starts.joining(moment.at, from, overdue);
        let capacity = (moment.running * start + joining) / moment.work;
        let served = now.served + capacity;
        let waiting = (now.waiting + moment.rate * start - capacity).max(0.0);
        let yet_to_come = || {
            let ahead = (served - log.total()) / moment.rate;
            if ahead.is_finite() {
                moment.at + ahead
            } else {
                from
            }
        };
        let sent = log.sent_at(served).unwrap_or_else(yet_to_come);
        let demand = DeadlineDemand {
            from,
            served,
            waiting,
            sent,
            ..now
        };
        demand.tasks(log)
    }

    /// The messages in flight, if work is long compared with the objective. Short work counts as waiting:
    /// the difference is within the unplanned part of the objective.
    pub(super) fn started(&self, moment: &Moment, share: f64) -> Started {
        let places = self.settings.places();
        let residence = moment.work * places;
        let beyond = residence - (1.0 - share) * self.objective;
        match beyond > 0.0 {
            true => Started {
                messages: moment.in_flight,
                beyond,
                places: Some(places),
            },
            false => Started::default(),
        }
    }

    fn deadline_demand(&self, due: &Due<'_>, share: f64) -> DeadlineDemand {
        let (moment, log) = (&due.moment, due.log);
        let started = self.started(moment, share);
        let served = log.total() - moment.total() + started.messages;
        DeadlineDemand {
            objective: self.objective,
            share,
            started,
            from: moment.at,
            start: moment.start,
            served,
            waiting: moment.total(),
            sent: log.sent_at(served).unwrap_or(moment.at),
            work: moment.work,
            price: moment.price,
            shortest: 2.0 * self.every,
        }
    }
}
