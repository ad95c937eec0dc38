//! Causes as sentences: present tense, at most 35 words, the mechanism with its numbers, and no advice.

use super::{CauseKind, Report};
use crate::late::LateTime;
use crate::number::{
    count, format_duration, format_number, format_rate, format_share, format_tasks,
};
use crate::policy::Policy;

impl CauseKind {
    /// The cause as a sentence.
    pub(super) fn describe(self, report: &Report, policy: &Policy) -> String {
        let outcome = &report.outcome;
        let actor = policy.actor();
        match self {
            Self::NoMessages => {
                "No message is sent, so the cost is that of the smallest number of tasks."
                    .to_owned()
            }
            Self::WorkDoesNotEnd {
                left,
                arrival_rate,
                max_rate,
            } if arrival_rate > max_rate => format!(
                "Messages arrive at {} on average, and `tasks.max` tasks process at most {}: {} messages aren't done at the end.",
                format_rate(arrival_rate),
                format_rate(max_rate),
                whole(left)
            ),
            Self::WorkDoesNotEnd { left, .. } => format!(
                "{} messages aren't done {} after the end of the load, with at most {} tasks.",
                whole(left),
                format_duration(outcome.drain),
                outcome.tasks.most
            ),
            Self::MessagesLost {
                dead_letters,
                expired,
            } => format!(
                "Most late messages are lost: {} go to the dead-letter queue, and SQS deletes {} after the queue's retention.",
                whole(dead_letters),
                whole(expired)
            ),
            Self::LimitTooLow { allowed, needed } => format!(
                "The objective requires up to {needed} tasks, and `tasks.max` is {allowed}: messages are late during {} of {}.",
                format_duration(outcome.over_slo),
                format_duration(outcome.duration)
            ),
            Self::ObjectiveOutOfReach { task_start, slo } => format!(
                "The load jumps, and a task takes {} on average to start: tasks that are added after a jump come too late for an objective of {}.",
                format_duration(task_start),
                format_duration(slo)
            ),
            Self::Bursts {
                load_before,
                load_max,
                scale_out_after,
                cut,
            } => {
                let reaction = match scale_out_after {
                    Some(after) => format!(
                        "{actor} adds tasks {} later",
                        format_duration(after.max(1.0))
                    ),
                    None => format!("{actor} adds no task"),
                };
                let cut = cut.map(|(from, to)| {
                    format!("; in long bursts it also cuts {from} tasks to {to} at full load")
                });
                format!(
                    "Bursts go from {} to {}, and {reaction}{}.",
                    format_rate(load_before),
                    format_rate(load_max),
                    cut.unwrap_or_default()
                )
            }
            Self::CutAtFullLoad { from, to, needed } => {
                let mistake = match policy {
                    Policy::BacklogPerTask(_) | Policy::BacklogPerTaskAndSteps(..) => {
                        " treats an empty queue as an idle service and"
                    }
                    _ => "",
                };
                format!(
                    "{}{mistake} cuts {from} tasks to {to} at full load, when {needed} are needed.",
                    capitalized(actor)
                )
            }
            Self::KnownTimes { hour, share } => format!(
                "{} of the late messages of the worst times fall between {hour:02}:00 and {:02}:00 UTC.",
                format_share(share),
                (hour + 2) % 24
            ),
            Self::Flapping { flaps, actions } => format!(
                "{} of {} scaling actions are reversed soon after; each leaves too few tasks for a while.",
                whole(flaps),
                whole(actions)
            ),
            Self::TooFewTasks { running, needed } => format!(
                "{} always running, and the objective requires up to {needed}.",
                are(running)
            ),
            Self::SlowReaction {
                running,
                needed,
                scale_out_after,
            } => {
                let after = match scale_out_after {
                    Some(after) => format!(
                        "{actor} adds the first {} after the first late message is sent",
                        format_duration(after.max(1.0))
                    ),
                    None => format!("{actor} adds none"),
                };
                format!(
                    "In the worst time, {} running at first, and up to {needed} are needed; {after}.",
                    are(running)
                )
            }
            Self::OtherPhases { lowest, phases } => format!(
                "This phase meets the objective; in the worst of {phases}, {} of the messages do. It depends on when rules run and how long tasks take to start.",
                format_share(lowest)
            ),
            Self::NearIdeal { times_ideal } => format!(
                "Tasks follow the load closely: the cost is {} the ideal's.",
                difference(times_ideal)
            ),
            Self::MinTooHigh { min, busy } => format!(
                "`tasks.min` keeps {min} tasks running, and the work occupies {} of them on average.",
                format_number(busy, 1)
            ),
            Self::SpareTasks { times_needed } => format!(
                "Tasks run {} times as long as the objective requires: {actor} adds too many or removes them late.",
                format_number(times_needed, 1)
            ),
            Self::OtherCosts { tasks_share } => format!(
                "Only {} of the cost is for tasks; the rest is for the resources around them.",
                format_share(tasks_share)
            ),
            Self::TasksFollow { over_slo } => format!(
                "Tasks follow the load: messages are late during {} of {}.",
                format_duration(over_slo),
                format_duration(outcome.duration)
            ),
        }
    }
}

impl LateTime {
    /// What led to it, in a few words.
    pub(super) fn describe(&self) -> String {
        let (before, most) = (format_rate(self.load_before), format_rate(self.load_max));
        match self.cut {
            _ if self.jumped() => {
                format!(
                    "{before} to {most}, {} running",
                    format_tasks(self.tasks_before)
                )
            }
            Some(cut) => format!("{most}, {} cut to {}", format_tasks(cut.from), cut.to),
            None => format!(
                "{most}, {} running, {} needed",
                format_tasks(self.tasks_before),
                self.needed_max
            ),
        }
    }

    /// Load and tasks when its first late message was sent.
    pub(super) fn describe_start(&self) -> String {
        let (before, most) = (format_rate(self.load_before), format_rate(self.load_max));
        let load = match self.jumped() {
            true => format!("{before} to {most}"),
            false => most,
        };
        format!(
            "{load}, {} running, {} needed",
            format_tasks(self.tasks_before),
            self.needed_max
        )
    }
}

/// `1 task is`, `2 tasks are`.
fn are(count: u32) -> String {
    format!(
        "{} {}",
        format_tasks(count),
        if count == 1 { "is" } else { "are" }
    )
}

/// A ratio as a difference: `9% above`, `3% below`, `the same as`.
fn difference(times: f64) -> String {
    let percent = (times - 1.0) * 100.0;
    match percent {
        same if same.abs() < 0.5 => "the same as".to_owned(),
        more if more > 0.0 => format!("{more:.0}% above"),
        less => format!("{:.0}% below", less.abs()),
    }
}

fn whole(number: u64) -> String {
    format_number(count(number), 0)
}

/// The first letter in upper case.
pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}
