//! Chooses the sentence that explains a service's count: the first cause, by priority, that the facts show.

use scaling::Side;

use super::facts::{AlarmFacts, Facts, Want};
use super::sentences::{clock, number, side_name, tasks};
use super::{Cause, Why, functions, measured, waiting};

type Found = Option<(Cause, String)>;

/// Causes in the order of their priority. A cause that makes all others irrelevant comes first: datapoints have no
/// effect on a suspended policy, and a larger count doesn't help if tasks can't start.
const CAUSES: [fn(&Facts) -> Found; 19] = [
    gone,
    paused,
    waiting::pending,
    functions::no_data,
    functions::function_fails,
    at_max,
    paused_scale_in,
    waiting::deployment,
    fixed,
    functions::cooldown,
    measured::last_cooldown,
    waiting::starting,
    flapping,
    at_min,
    empty_queue,
    measured::due,
    measured::datapoints,
    functions::checked,
    measured::on_target,
];

/// Chooses the sentence.
pub(crate) fn choose(facts: &Facts) -> Why {
    let found = CAUSES.iter().find_map(|cause| cause(facts));
    let (cause, sentence) = found.unwrap_or_else(|| {
        let text = "nothing that was read explains it";
        (Cause::Unknown, text.to_owned())
    });
    Why {
        cause,
        sentence,
        name: None,
    }
}

fn gone(facts: &Facts) -> Found {
    let service = &facts.service;
    let name = format!("{} in cluster {}", service.service, service.cluster);
    match service.status.as_str() {
        "MISSING" | "INACTIVE" => Some((Cause::Gone, format!("ECS has no service {name}"))),
        "DRAINING" => Some((Cause::Gone, "the service is being deleted".to_owned())),
        "UNKNOWN" => Some((
            Cause::Unreadable,
            "these credentials can't read the service".to_owned(),
        )),
        _ => None,
    }
}

fn paused(facts: &Facts) -> Found {
    let pause = facts.service.pause.as_ref();
    if let Some(pause) = pause.filter(|pause| !pause.in_only) {
        return Some((Cause::Paused, pause.describe()));
    }
    let suspended = facts.suspended;
    let what = match (suspended.scale_out, suspended.scale_in) {
        (true, true) => "scale-out and scale-in are suspended",
        (true, false) => "scale-out is suspended",
        _ => return None,
    };
    let text = format!("paused: Application Auto Scaling's {what}");
    Some((Cause::Paused, text))
}

/// A suspended scale-in matters only without a reason to scale out.
fn paused_scale_in(facts: &Facts) -> Found {
    if facts.want() == Want::Out {
        return None;
    }
    if let Some(pause) = &facts.service.pause {
        return Some((Cause::Paused, pause.describe()));
    }
    facts.suspended.scale_in.then(|| {
        let text = "paused: Application Auto Scaling's scale-in is suspended";
        (Cause::Paused, text.to_owned())
    })
}

/// Returns the bound that a schedule sets at the moment, if it differs from the definition's own, and until
/// when.
fn scheduled(facts: &Facts, side: Side) -> Option<String> {
    let schedule = facts.schedule.as_ref()?;
    let now = std::time::Duration::from_secs(facts.now);
    let held = schedule.bounds_at(now);
    let (name, bound, plain) = match side {
        Side::Out => ("max", held.max(), schedule.base.max()),
        Side::In => ("min", held.min(), schedule.base.min()),
    };
    if bound == plain {
        return None;
    }
    let until = schedule.schedule.next_change(schedule.base, now);
    let until = until.map_or_else(String::new, |until| {
        format!(" until {}", clock(until.as_secs(), facts.now))
    });
    Some(format!("a schedule holds {name} at {bound}{until}"))
}

fn at_max(facts: &Facts) -> Found {
    let max = facts.service.task_bounds()?.max();
    let desired = facts.service.desired?;
    let refused = facts.refused("AlreadyAtMaxCapacity");
    if desired < max || (facts.want() != Want::Out && !refused) {
        return None;
    }
    if let Some(held) = scheduled(facts, Side::Out) {
        return Some((Cause::Schedule, held));
    }
    let need = facts.need().filter(|need| *need > f64::from(max));
    let need = need.map_or_else(String::new, |need| {
        format!(", and the work needs {} tasks", number(need))
    });
    Some((
        Cause::AtMax,
        format!("the count is at tasks.max ({max}){need}"),
    ))
}

fn at_min(facts: &Facts) -> Found {
    let min = facts.service.task_bounds()?.min();
    let desired = facts.service.desired?;
    let less = facts
        .need()
        .is_some_and(|need| need.ceil() < f64::from(desired));
    let rings = facts.of_side(Side::In).any(AlarmFacts::rings);
    let refused = facts.refused("AlreadyAtMinCapacity");
    if desired > min || facts.want() == Want::Out || !(less || rings || refused) {
        return None;
    }
    match scheduled(facts, Side::In) {
        Some(held) => Some((Cause::Schedule, held)),
        None if is_idle(facts) => None,
        None => {
            let metric = measured::on_target(facts).filter(|(cause, _)| *cause == Cause::OnTarget);
            let metric = metric.map_or_else(String::new, |(_, text)| format!(": {text}"));
            Some((
                Cause::AtMin,
                format!("the count is at tasks.min ({min}){metric}"),
            ))
        }
    }
}

fn fixed(facts: &Facts) -> Found {
    let service = &facts.service;
    let observed = service.demand.as_ref().filter(|_| service.is_observed());
    let by_demand = service.demand.is_some() && observed.is_none();
    let scaled = !service.policies.is_empty() || service.alarm_steps.is_some() || by_demand;
    if scaled || facts.hidden.policies {
        return None;
    }
    let count = tasks(service.desired?);
    let mut text =
        format!("nothing scales it: its count stays at {count} until someone changes it");
    if let Some(observed) = observed {
        text.push_str("; `demand` only observes");
        if let Some(recommended) = observed.recommended {
            text.push_str(&format!(", and would set {recommended}"));
        }
    }
    Some((Cause::Fixed, text))
}

fn flapping(facts: &Facts) -> Found {
    facts.refused("AutoScalingAnticipatedFlapping").then(|| {
        let text = "Application Auto Scaling removes no task, because it would have to add it again at once \
                    (AutoScalingAnticipatedFlapping)";
        (Cause::Flapping, text.to_owned())
    })
}

/// Whether its queues are known to be empty.
fn is_idle(facts: &Facts) -> bool {
    let queues = &facts.service.queues;
    let empty = |count: Option<u64>| count == Some(0);
    !queues.is_empty()
        && queues
            .iter()
            .all(|queue| empty(queue.visible) && empty(queue.in_flight))
}

fn empty_queue(facts: &Facts) -> Found {
    let min = facts.service.task_bounds()?.min();
    if !is_idle(facts) || facts.service.desired? > min {
        return None;
    }
    let queues = match facts.service.queues.len() {
        1 => "the queue is empty",
        _ => "its queues are empty",
    };
    let text = match scheduled(facts, Side::In) {
        Some(held) => format!("{queues}, and {held}"),
        None => format!("{queues}, and the count is at tasks.min ({min})"),
    };
    Some((Cause::EmptyQueue, text))
}

/// How long a refusal of Application Auto Scaling can explain a count, in seconds.
const RECENT: u64 = 300;

impl Facts {
    /// Whether Application Auto Scaling's newest refusal is recent and has this code.
    fn refused(&self, code: &str) -> bool {
        let newest = self.not_scaled.first();
        newest.is_some_and(|one| one.code == code && self.now.saturating_sub(one.at) < RECENT)
    }
}

/// Returns a sentence about a cooldown, with `scale-out` or `scale-in`.
pub(super) fn in_cooldown(until: u64, side: Side, acted: u64, now: u64) -> String {
    format!(
        "in cooldown until {}, after the {} at {}",
        clock(until, now),
        side_name(side),
        clock(acted, now)
    )
}
