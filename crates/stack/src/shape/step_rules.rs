//! Rules among the steps of a side: their order, and that all are of the same kind.

use super::amount::{Adjust, amount};
use super::kind::Misfit;
use super::numbers::number_of;
use crate::yaml::Node;

/// The meaning of a step's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Tasks,
    Percent,
    Count,
}

impl Meaning {
    /// The key of a step and the meaning of its number; `None` if unknown.
    fn from_step(step: &Node) -> Option<(&'static str, Self)> {
        if step.has("set") {
            return Some(("set", Self::Count));
        }
        let key = ["add", "remove"].into_iter().find(|key| step.has(key))?;
        let meaning = match amount(&step.get(key)?.value)? {
            Adjust::Tasks(_) => Self::Tasks,
            Adjust::Percent(_) => Self::Percent,
        };
        Some((key, meaning))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Percent => "percent",
            Self::Count => "the count itself",
        }
    }
}

/// The first step starts at the threshold, the others follow in order, and all are of the same kind.
pub(super) fn steps_in_order(steps: &[Node]) -> Option<Misfit> {
    begins_at_zero(steps)
        .or_else(|| ascends(steps))
        .or_else(|| is_of_one_kind(steps))
}

fn from(step: &Node) -> Option<f64> {
    number_of(&step.get("from")?.value)
}

fn begins_at_zero(steps: &[Node]) -> Option<Misfit> {
    let first = from(steps.first()?)?;
    (first != 0.0).then(|| Misfit {
        at: "[0].from".to_owned(),
        label: "leaves a gap",
        message: format!("the first step starts {first} beyond the threshold, not at it"),
        help: "set `from: 0`: `from` counts from the threshold, not from 0 of the metric"
            .to_owned(),
    })
}

fn ascends(steps: &[Node]) -> Option<Misfit> {
    let index = steps.windows(2).position(|pair| match pair {
        [before, after] => {
            matches!((from(before), from(after)), (Some(before), Some(after)) if after <= before)
        }
        _ => false,
    })?;
    Some(Misfit {
        at: format!("[{}].from", index + 1),
        label: "not after the one before",
        message: "the steps aren't in ascending order".to_owned(),
        help: "order them by `from`, each further beyond the threshold than the one before"
            .to_owned(),
    })
}

fn is_of_one_kind(steps: &[Node]) -> Option<Misfit> {
    let (_, first) = Meaning::from_step(steps.first()?)?;
    let (index, (key, other)) = steps.iter().enumerate().find_map(|(index, step)| {
        Some((
            index,
            Meaning::from_step(step).filter(|(_, of)| *of != first)?,
        ))
    })?;
    Some(Misfit {
        at: format!("[{index}].{key}"),
        label: "another kind",
        message: format!(
            "this step is in {}, and the first one in {}",
            other.name(),
            first.name()
        ),
        help: "all steps of a side are tasks, all are percent, or all set the count".to_owned(),
    })
}

/// Application Auto Scaling accepts `MinAdjustmentMagnitude` only for percentages.
pub(super) fn needs_percent(side: &Node) -> Option<Misfit> {
    side.get("at_least")?;
    let steps = side.get("steps").map_or(&[][..], Node::items);
    let (_, meaning) = Meaning::from_step(side).or_else(|| Meaning::from_step(steps.first()?))?;
    (meaning != Meaning::Percent).then(|| Misfit {
        at: ".at_least".to_owned(),
        label: "without percent",
        message: "`at_least` requires percentages".to_owned(),
        help: "remove it: the number of tasks is exact".to_owned(),
    })
}
