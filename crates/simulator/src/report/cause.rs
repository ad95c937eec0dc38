//! Why a run had this result: one cause, with its numbers.

use serde::Serialize;

use super::Report;
use crate::number::count;
use crate::policy::Policy;
use crate::scenario::Scenario;

/// Why the objective is met or missed, or the cost is what it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The cause and its numbers.
    #[serde(flatten)]
    pub kind: CauseKind,
    /// The same as a sentence.
    pub text: String,
}

/// A cause with its numbers. Rates are messages per second, times are seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CauseKind {
    /// No message was sent.
    NoMessages,
    /// More messages arrive than all tasks process, or nothing starts them: some still wait at the end.
    WorkDoesNotEnd {
        /// Messages that wait or are in flight at the end.
        left: u64,
        /// Rate at which messages are sent, on average.
        arrival_rate: f64,
        /// Rate at which the maximum number of tasks processes them, on average.
        max_rate: f64,
    },
    /// Most late messages are in the dead-letter queue, or SQS deleted them.
    MessagesLost {
        /// In the dead-letter queue.
        dead_letters: u64,
        /// Older than the queue's retention.
        expired: u64,
    },
    /// `tasks.max` is below the number of tasks that the objective takes.
    LimitTooLow {
        /// Tasks that are allowed.
        allowed: u32,
        /// Tasks that are needed.
        needed: u32,
    },
    /// Tasks start slower than the objective, and the load jumps.
    ObjectiveOutOfReach {
        /// Mean time until a task has started.
        task_start: f64,
        /// The objective.
        slo: f64,
    },
    /// The load jumps faster than the policy reacts.
    Bursts {
        /// Rate before the worst burst.
        load_before: f64,
        /// Rate in it.
        load_max: f64,
        /// From the sending of the first late message to the first scale-out, if there was one.
        scale_out_after: Option<f64>,
        /// Desired count before and after tasks were removed that were needed, where that was another cause.
        cut: Option<(u32, u32)>,
    },
    /// Tasks are removed while they are needed.
    CutAtFullLoad {
        /// Desired count before.
        from: u32,
        /// Desired count after.
        to: u32,
        /// Tasks that were needed then.
        needed: u32,
    },
    /// Most messages are late at the same time of the day.
    KnownTimes {
        /// The hour, from 0 to 23 in UTC.
        hour: u32,
        /// Share of the late messages, of the worst times, in this hour and the next.
        share: f64,
    },
    /// Many changes are reversed soon.
    Flapping {
        /// Changes soon after one of the other direction.
        flaps: u64,
        /// All changes.
        actions: u64,
    },
    /// A fixed count that is too low.
    TooFewTasks {
        /// Tasks that run.
        running: u32,
        /// Peak of the required tasks.
        needed: u32,
    },
    /// With the given seed no message is late; with others some are.
    OtherPhases {
        /// Lowest share within the objective of all phases.
        lowest: f64,
        /// Number of phases.
        phases: u64,
    },
    /// Tasks follow a changing load too late.
    SlowReaction {
        /// Tasks that ran when the worst time started.
        running: u32,
        /// Peak of the required tasks in it.
        needed: u32,
        /// From the sending of the first late message to the first scale-out, if there was one.
        scale_out_after: Option<f64>,
    },
    /// The objective is met at almost the cost of the ideal.
    NearIdeal {
        /// Cost divided by the ideal's.
        times_ideal: f64,
    },
    /// The objective is met, and `tasks.min` keeps most of the tasks.
    MinTooHigh {
        /// `tasks.min`.
        min: u32,
        /// Tasks that the work keeps busy, on average.
        busy: f64,
    },
    /// The objective is met with more task time than is needed.
    SpareTasks {
        /// Task time divided by the ideal's.
        times_needed: f64,
    },
    /// The objective is met, and most of the cost isn't for tasks.
    OtherCosts {
        /// Share of the cost that is for tasks.
        tasks_share: f64,
    },
    /// The objective is met because tasks follow the load.
    TasksFollow {
        /// Time in which messages were late.
        over_slo: f64,
    },
}

/// Share of the late messages that makes something a cause.
const MANY: f64 = 0.3;
/// The share by which a result is judged if none is required.
pub(super) const USUAL: f64 = 0.99;

impl Cause {
    pub(super) fn find(report: &Report, scenario: &Scenario) -> Self {
        let kind = if report.outcome.messages.sent == 0 {
            CauseKind::NoMessages
        } else if report.meets() {
            why_met(report, scenario)
        } else {
            why_missed(report, scenario)
        };
        let text = kind.describe(report, &scenario.policy);
        Self { kind, text }
    }
}

fn why_missed(report: &Report, scenario: &Scenario) -> CauseKind {
    let lowest = report.lowest_share();
    if let Some(phases) = report.phases.filter(|phases| phases.runs > 1)
        && report.outcome.within_objective >= report.required.unwrap_or(USUAL)
        && lowest < report.outcome.within_objective
    {
        return CauseKind::OtherPhases {
            lowest,
            phases: phases.runs,
        };
    }
    lost_or_limited(report, scenario)
        .or_else(|| late_reaction(report, scenario))
        .unwrap_or_else(|| {
            let outcome = &report.outcome;
            let worst = outcome.late_times.worst.first();
            let needed = worst.map_or(outcome.tasks.needed_most, |worst| worst.needed_max);
            let running = worst.map_or(outcome.tasks.most, |worst| worst.tasks_before);
            if matches!(scenario.policy, Policy::Fixed { .. }) {
                return CauseKind::TooFewTasks { running, needed };
            }
            CauseKind::SlowReaction {
                running,
                needed,
                scale_out_after: worst.and_then(|worst| worst.scale_out_after),
            }
        })
}

/// Causes that no policy can do anything about.
fn lost_or_limited(report: &Report, scenario: &Scenario) -> Option<CauseKind> {
    let outcome = &report.outcome;
    let messages = &outcome.messages;
    let left = messages.waiting + messages.in_flight;
    let loaded = (outcome.duration - outcome.drain).max(1e-9);
    let works = f64::from(scenario.widest().1) * f64::from(scenario.concurrency);
    if left > 0 && outcome.drain > 0.0 {
        return Some(CauseKind::WorkDoesNotEnd {
            left,
            arrival_rate: count(messages.sent) / loaded,
            max_rate: works / scenario.processing.mean().as_secs_f64().max(1e-9),
        });
    }
    let late = (1.0 - outcome.within_objective) * count(messages.sent);
    let lost = messages.dead_letters + messages.expired;
    if count(lost) > late / 2.0 {
        return Some(CauseKind::MessagesLost {
            dead_letters: messages.dead_letters,
            expired: messages.expired,
        });
    }
    let limit = outcome.limited_by_max?;
    Some(CauseKind::LimitTooLow {
        allowed: limit.allowed,
        needed: limit.needed,
    })
}

/// Causes of a policy that reacts, by what the late messages have in common.
fn late_reaction(report: &Report, scenario: &Scenario) -> Option<CauseKind> {
    let outcome = &report.outcome;
    let late = &outcome.late_times;
    if matches!(scenario.policy, Policy::Fixed { .. }) || late.examined == 0 {
        return None;
    }
    let share = |messages: u64| count(messages) / count(late.examined);
    let jumps = share(late.after_jump) >= MANY;
    let start = scenario.assumptions.task_start.mean();
    if jumps && start >= scenario.slo {
        return Some(CauseKind::ObjectiveOutOfReach {
            task_start: start.as_secs_f64(),
            slo: outcome.slo,
        });
    }
    if let Some((hour, share)) = late.hour.filter(|(_, share)| *share >= 0.8) {
        return Some(CauseKind::KnownTimes { hour, share });
    }
    let cuts = share(late.after_cut) >= MANY;
    let worst_cut = || {
        let cut = late.worst.iter().filter_map(|time| time.cut);
        cut.max_by_key(|cut| cut.from.saturating_sub(cut.to))
            .filter(|_| cuts)
    };
    let burst = late.worst.iter().find(|time| time.jumped());
    if let Some(burst) = burst.filter(|_| jumps) {
        return Some(CauseKind::Bursts {
            load_before: burst.load_before,
            load_max: burst.load_max,
            scale_out_after: burst.scale_out_after,
            cut: worst_cut().map(|cut| (cut.from, cut.to)),
        });
    }
    if let Some(cut) = worst_cut() {
        return Some(CauseKind::CutAtFullLoad {
            from: cut.from,
            to: cut.to,
            needed: cut.needed,
        });
    }
    let scaling = &outcome.scaling;
    let actions = scaling.out + scaling.r#in;
    (actions >= 10 && scaling.flaps * 3 >= actions).then_some(CauseKind::Flapping {
        flaps: scaling.flaps,
        actions,
    })
}

fn why_met(report: &Report, scenario: &Scenario) -> CauseKind {
    let outcome = &report.outcome;
    let (cost, tasks) = (&outcome.cost, &outcome.tasks);
    let times_ideal = cost.total / cost.ideal.max(1e-12);
    let work = count(outcome.messages.sent) * scenario.processing.mean().as_secs_f64();
    let busy = work / f64::from(scenario.concurrency) / outcome.duration.max(1e-9);
    let min = scenario.widest().0;
    let standing = f64::from(min) * outcome.duration;
    if min > 1 && f64::from(min) > 2.0 * busy && standing > 0.6 * tasks.seconds {
        return CauseKind::MinTooHigh { min, busy };
    }
    if times_ideal <= 1.25 {
        return CauseKind::NearIdeal { times_ideal };
    }
    let for_tasks: f64 = [
        crate::BillItem::Tasks,
        crate::BillItem::SpotTasks,
        crate::BillItem::Instances,
    ]
    .iter()
    .map(|item| cost.of(*item))
    .sum();
    let tasks_share = for_tasks / cost.total.max(1e-12);
    if tasks_share < 0.4 {
        return CauseKind::OtherCosts { tasks_share };
    }
    let times_needed = tasks.seconds / tasks.needed_seconds.max(1e-9);
    if times_needed >= 1.25 {
        return CauseKind::SpareTasks { times_needed };
    }
    CauseKind::TasksFollow {
        over_slo: outcome.over_slo,
    }
}
