//! The queues of a service with different objectives or processing times: one estimate for each kind, and
//! one pool of tasks.

use std::time::Duration;

use super::insurance::WarmFloor;
use super::settings::{DeadlineSettings, QueueSettings, Sharing, Warm};
use super::watch::{DeadlineEstimate, DeadlineWatch};
use super::workload::{Workload, need_with_turns, parts_of_tasks};
use crate::{Bounds, QueueCounts, ServiceReading};

/// The queues of a service, in groups of equal settings.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    groups: Vec<Group>,
    settings: DeadlineSettings,
}

/// Queues with the same objective, share, and processing time.
#[derive(Clone, Debug)]
struct Group {
    settings: QueueSettings,
    /// Indexes of its queues among the service's queues.
    queues: Vec<usize>,
    watch: DeadlineWatch,
    /// Its part of the latest check.
    latest: DeadlineEstimate,
}

/// The latest check's result for the queues with one objective and processing time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueEstimate<'a> {
    /// Indexes of the queues among the service's queues.
    pub queues: &'a [usize],
    /// Their latency objective.
    pub objective: Duration,
    /// Their part of the estimate. Its tasks are the ones that they would need without other queues.
    pub estimate: DeadlineEstimate,
}

impl Pool {
    pub(super) fn new(
        queues: &[QueueSettings],
        settings: DeadlineSettings,
        bounds: Bounds,
    ) -> Self {
        let mut places: Vec<(QueueSettings, Vec<usize>)> = Vec::new();
        for (place, own) in queues.iter().enumerate() {
            match places.iter_mut().find(|(known, _)| known == own) {
                Some((_, queues)) => queues.push(place),
                None => places.push((*own, vec![place])),
            }
        }
        let shared = places.len() > 1;
        let groups = places.into_iter().map(|(own, queues)| {
            let mut settings = own.apply(settings);
            if shared && matches!(settings.warm, Warm::Tasks(_)) {
                // A fixed number belongs to the whole service.
                settings.warm = Warm::Off;
            }
            let watch = DeadlineWatch::new(queues.len(), settings, bounds);
            Group {
                settings: own,
                queues,
                watch: if shared { watch.in_pool() } else { watch },
                latest: DeadlineEstimate::default(),
            }
        });
        Self {
            groups: groups.collect(),
            settings,
        }
    }

    /// The indexes of the queues of each group.
    pub(super) fn queues(&self) -> impl Iterator<Item = &[usize]> {
        self.groups.iter().map(|group| group.queues.as_slice())
    }

    /// The latest check's result for each group; empty for a single group, which is the service's estimate.
    pub(super) fn parts(&self) -> impl Iterator<Item = QueueEstimate<'_>> {
        let shared = self.is_shared();
        self.groups
            .iter()
            .filter(move |_| shared)
            .map(|group| QueueEstimate {
                queues: &group.queues,
                objective: group.settings.objective,
                estimate: group.latest,
            })
    }

    pub(super) fn watch_mut(&mut self, group: usize) -> Option<&mut DeadlineWatch> {
        self.groups.get_mut(group).map(|group| &mut group.watch)
    }

    pub(super) fn watches_mut(&mut self) -> impl Iterator<Item = &mut DeadlineWatch> {
        self.groups.iter_mut().map(|group| &mut group.watch)
    }

    fn is_shared(&self) -> bool {
        self.groups.len() > 1
    }

    /// The latest sample of any group.
    pub(super) fn latest(&self) -> Option<f64> {
        let latest = self.groups.iter().filter_map(|group| group.watch.latest());
        latest.reduce(f64::max)
    }

    /// Whether a starting task can still be expected to run.
    pub(super) fn is_starting(&self, at: Duration) -> bool {
        self.groups.iter().any(|group| group.watch.is_starting(at))
    }

    /// Whether a group's warm tasks depend on arrivals of earlier days that aren't known yet.
    pub(super) fn lacks_arrivals(&self) -> bool {
        self.groups.iter().any(|group| group.watch.lacks_arrivals())
    }

    /// Adds counts of all queues.
    pub(super) fn sample(&mut self, at: Duration, queues: &[Option<QueueCounts>]) {
        for group in &mut self.groups {
            let own = group.pick(queues);
            group.watch.sample(at, &own);
        }
    }

    /// Checks all queues: computes what their work needs together.
    pub(super) fn check(&mut self, seen: &ServiceReading<'_>, deploying: bool) -> DeadlineEstimate {
        let counts: Vec<_> = self
            .groups
            .iter()
            .map(|group| group.pick(seen.queues))
            .collect();
        if self.is_shared() {
            let groups = self.groups.iter().zip(&counts);
            let loads: Vec<Workload> = groups
                .map(|(group, own)| group.watch.workload(own))
                .collect();
            let places = f64::from(seen.running) * self.settings.places();
            let parts = parts_of_tasks(&loads, places);
            for (group, part) in self.groups.iter_mut().zip(parts) {
                group.watch.set_part(part);
            }
        }
        for (group, own) in self.groups.iter_mut().zip(&counts) {
            let reading = ServiceReading {
                queues: own,
                ..*seen
            };
            group.latest = group.watch.check(&reading, deploying);
        }
        match self.groups.as_slice() {
            [only] => only.latest,
            groups => self.add_up(groups),
        }
    }

    /// The needs of all groups together. The sum is unknown if one of them is.
    fn add_up(&self, groups: &[Group]) -> DeadlineEstimate {
        let parts = || groups.iter().map(|group| &group.latest);
        let all = |number: fn(&DeadlineEstimate) -> Option<f64>| {
            let numbers: Option<Vec<f64>> = parts().map(number).collect();
            numbers
        };
        let any = |number: fn(&DeadlineEstimate) -> Option<f64>| parts().filter_map(number);
        let messages = parts().any(|part| part.visible + part.in_flight > 0);
        let warm = self.warm(groups);
        let least = f64::from(u8::from(messages)).max(match self.settings.warm {
            Warm::Tasks(tasks) => f64::from(tasks),
            Warm::Auto | Warm::Off => 0.0,
        });
        let loads = groups.iter().map(|group| group.watch.known_load());
        let loads: Vec<Workload> = loads.collect();
        let together = |needs: Vec<f64>| self.together(&needs, &loads).max(least);
        let known: Vec<f64> = parts().map(|part| part.at_least.unwrap_or(0.0)).collect();
        let work = mean_work(groups);
        // While no work is known, nothing is removed.
        let measured = |tasks: &f64| work.is_some() || *tasks > 0.0 && messages;
        let first = groups.first().map(|group| group.latest).unwrap_or_default();
        DeadlineEstimate {
            visible: parts().fold(0, |sum, part| sum.saturating_add(part.visible)),
            in_flight: parts().fold(0, |sum, part| sum.saturating_add(part.in_flight)),
            rate: all(|part| part.rate).map(|rates| rates.iter().sum()),
            need: all(|part| part.need).map(together).filter(measured),
            at_least: parts()
                .any(|part| part.at_least.is_some())
                .then(|| together(known)),
            keep: all(|part| part.keep)
                .map(together)
                .filter(|_| work.is_some()),
            warm,
            processing_time: work,
            measured: parts().any(|part| part.measured),
            // All of them share the same starting tasks.
            task_start: first.task_start,
            task_start_measured: first.task_start_measured,
            delivered: any(|part| part.delivered).reduce(f64::min),
            starting: first.starting,
        }
    }

    /// The needs of the groups together, each with its load.
    fn together(&self, needs: &[f64], loads: &[Workload]) -> f64 {
        let sum = needs.iter().sum();
        match self.settings.tuning.sharing {
            Sharing::Turns => need_with_turns(sum, needs, loads),
            Sharing::Sum => sum,
            Sharing::Largest => needs.iter().copied().fold(0.0, f64::max),
            Sharing::Earliest => earliest(needs, loads),
        }
    }

    fn warm(&self, groups: &[Group]) -> WarmFloor {
        if let Warm::Tasks(tasks) = self.settings.warm {
            return WarmFloor {
                tasks,
                ..WarmFloor::default()
            };
        }
        let floors = || groups.iter().map(|group| group.latest.warm);
        let most = floors().max_by_key(|floor| floor.tasks).unwrap_or_default();
        WarmFloor {
            tasks: floors().fold(0, |sum, floor| sum.saturating_add(floor.tasks)),
            ..most
        }
    }
}

impl Group {
    /// Picks the counts of its queues.
    fn pick(&self, queues: &[Option<QueueCounts>]) -> Vec<Option<QueueCounts>> {
        let own = self.queues.iter();
        own.map(|place| queues.get(*place).copied().flatten())
            .collect()
    }
}

/// The tasks, if they always take the message with the earliest deadline: up to each group's deadline, they
/// only work on messages due by then.
fn earliest(needs: &[f64], loads: &[Workload]) -> f64 {
    let by = |limit: f64| {
        let due = needs
            .iter()
            .zip(loads)
            .filter(|(_, load)| load.planned <= limit);
        due.map(|(need, load)| {
            let part = load.planned / limit.max(f64::MIN_POSITIVE);
            need * part + load.rate * load.work * (1.0 - part)
        })
        .sum::<f64>()
    };
    loads
        .iter()
        .map(|load| by(load.planned))
        .fold(0.0, f64::max)
}

/// The mean processing time of the arriving messages, or of one message of each group if none arrives.
fn mean_work(groups: &[Group]) -> Option<f64> {
    let known = || {
        let known = groups.iter().map(|group| group.latest);
        known.filter_map(|part| Some((part.rate.unwrap_or(0.0), part.processing_time?)))
    };
    let rate: f64 = known().map(|(rate, _)| rate).sum();
    let count = known().count() as f64;
    let weight = |one: f64| if rate > 0.0 { one / rate } else { 1.0 / count };
    (count > 0.0).then(|| known().map(|(rate, work)| weight(rate) * work).sum())
}

#[cfg(test)]
mod tests;
