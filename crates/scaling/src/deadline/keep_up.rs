//! The tasks that keep up with the arrivals.

use crate::demand::required_places;

/// The planned share of the objective, and the tasks that keep up with the arrivals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct KeepUp {
    /// Tasks, unrounded.
    pub(super) tasks: f64,
    /// Share of the objective for [`super::demand::DeadlineDemand::share`].
    pub(super) share: f64,
}

/// The inputs of the decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arriving {
    /// Messages per second.
    pub(super) rate: f64,
    /// Seconds that a message keeps a place busy.
    pub(super) work: f64,
    /// Places per task.
    pub(super) concurrency: f64,
    /// Latency objective, task start, and time between two checks, in seconds.
    pub(super) objective: f64,
    pub(super) start: f64,
    pub(super) every: f64,
    /// Variance ÷ mean of the arrivals.
    pub(super) dispersion: f64,
    /// Maximum number of tasks.
    pub(super) most: f64,
}

impl Arriving {
    /// Returns the tasks and the share.
    ///
    /// - If the objective is at least two starts, tasks can follow the backlog itself, and no tasks are
    ///   kept for the rate.
    /// - If it is shorter than 0.75 starts, chance alone must not make more than 1% late: Erlang's C formula,
    ///   with less patience if arrivals are noisier than Poisson arrivals.
    /// - In between, the load itself ÷ 1.05: the deadlines catch the rest. For less than 3 places of load, a
    ///   task more or less is much, so the same formula decides, with 30% instead of 1%: the deadlines add a
    ///   task before so many are late. Above half of `most`, the load ÷ 0.95 and a short share, because a
    ///   backlog could not be drained.
    ///
    /// Source of the formula: Kleinrock, "Queueing Systems", volume 1 (1975), sections 3.5 and 5.11.
    pub(super) fn keep_up(&self, tuning: &KeepUpTuning) -> KeepUp {
        let load = self.rate * self.work;
        let share = tuning.share(self.objective, self.start, self.every);
        if self.objective >= tuning.follows_from * self.start {
            return KeepUp { tasks: 0.0, share };
        }
        let tight = self.objective < 0.75 * self.start;
        let crowded = load / self.concurrency > self.most / 2.0;
        let (places, share) = if tight {
            (self.erlang(load, tuning.tight_late), tuning.tight_share)
        } else if load < 3.0 {
            (self.erlang(load, tuning.small_late), share)
        } else if crowded {
            (load / 0.95, share.min(0.35))
        } else {
            (load / tuning.utilization, share)
        };
        KeepUp {
            tasks: places.min(1.5 * load + 1.0) / self.concurrency,
            share,
        }
    }

    fn erlang(&self, load: f64, late: f64) -> f64 {
        let noise = (self.dispersion / 2.0).max(1.0);
        let patience = self.objective / self.work / noise;
        required_places(load, patience, late).unwrap_or(load)
    }
}

/// The constants of [`Arriving::keep_up`], chosen by the experiment in `docs/demand.md`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeepUpTuning {
    /// Planned share of the objective, if the objective is at least 1.3 starts.
    pub long_share: f64,
    /// Planned share if it is shorter.
    pub short_share: f64,
    /// Planned share if it is shorter than 0.75 starts.
    pub tight_share: f64,
    /// Number of starts per objective from which on tasks only follow the backlog.
    pub follows_from: f64,
    /// Planned utilization between the two.
    pub utilization: f64,
    /// Share of the messages that chance can make late, if the objective is shorter than 0.75 starts.
    pub tight_late: f64,
    /// The share of the messages that would wait too long without the deadlines' tasks, if the objective is longer and
    /// the load is less than 3 places.
    pub small_late: f64,
}

impl KeepUpTuning {
    /// The planned share of an objective that isn't shorter than 0.75 starts.
    pub(super) fn share(&self, objective: f64, start: f64, every: f64) -> f64 {
        if objective >= 1.3 * (start + every) {
            self.long_share
        } else {
            self.short_share
        }
    }
}

impl Default for KeepUpTuning {
    fn default() -> Self {
        Self {
            long_share: 0.8,
            short_share: 0.7,
            tight_share: 0.6,
            follows_from: 2.0,
            utilization: 1.05,
            tight_late: 0.01,
            small_late: 0.3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arriving() -> Arriving {
        Arriving {
            rate: 5.0,
            work: 2.0,
            concurrency: 1.0,
            objective: 60.0,
            start: 58.0,
            every: 5.0,
            dispersion: 1.0,
            most: 100.0,
        }
    }

    fn kept(arriving: Arriving) -> (f64, f64) {
        let found = arriving.keep_up(&KeepUpTuning::default());
        (found.tasks, found.share)
    }

    /// 5 messages per second of 2 s are 10 places: 9.52 tasks at 60 s, 10.53 if 15 tasks are the maximum,
    /// none at 300 s.
    #[test]
    fn as_the_load_objective_and_maximum_are() {
        let (tasks, share) = kept(arriving());
        assert!((tasks - 10.0 / 1.05).abs() < 1e-9 && share == 0.7);
        let (tasks, share) = kept(Arriving {
            most: 15.0,
            ..arriving()
        });
        assert!((tasks - 10.0 / 0.95).abs() < 1e-9 && share == 0.35);
        assert_eq!(
            kept(Arriving {
                objective: 300.0,
                ..arriving()
            }),
            (0.0, 0.8)
        );
        let (tasks, _) = kept(Arriving {
            concurrency: 4.0,
            ..arriving()
        });
        assert!((tasks - 2.5 / 1.05).abs() < 1e-9);
    }

    /// One place, M/M/1 at a load of 0.5: 0.5 e^(−0.5 × 5) = 4.1% wait longer than 5 processing times, so 2 places at
    /// 10 s, capped to 1.5 × 0.5 + 1 = 1.75; with 30 processing times, one place is enough.
    #[test]
    fn small_loads_by_erlang() {
        let small = Arriving {
            rate: 0.25,
            ..arriving()
        };
        assert_eq!(kept(small).0, 1.0);
        assert_eq!(
            kept(Arriving {
                objective: 10.0,
                ..small
            }),
            (1.75, 0.6)
        );
    }

    /// M/M/1 at a load of 0.95: 0.95 e^(−0.05 × 30) = 21% wait longer than 30 processing times, so one place is enough.
    /// At 0.99, it is 0.99 e^(−0.01 × 30) = 73%, so it takes two.
    #[test]
    fn a_task_can_be_nearly_busy() {
        let loaded = |load: f64| {
            kept(Arriving {
                rate: load / 2.0,
                ..arriving()
            })
        };
        assert_eq!((loaded(0.95).0, loaded(0.99).0), (1.0, 2.0));
    }

    proptest! {
        /// More arrivals never need fewer tasks, within each of the rules, and never more than 1.5 times and one.
        #[test]
        fn is_bounded(rate in 0.0f64..100.0, work in 0.05f64..20.0, objective in 5.0f64..600.0, dispersion in 1.0f64..12.0) {
            let some = Arriving { rate, work, objective, dispersion, most: 1e6, ..arriving() };
            let (tasks, share) = kept(some);
            prop_assert!(tasks >= 0.0 && tasks <= 1.5 * (rate * work) + 1.0);
            prop_assert!(share > 0.0 && share < 1.0);
        }
    }
}
