//! The comparison with other policies as a table: policies that meet the objective first, the cheapest on top.

use maud::{Markup, html};

use super::first_screen::{datum, mark};
use super::{ComparedPolicy, Report};
use crate::compare::IDEAL;
use crate::number::{count, format_dollars, format_duration, format_number, format_share};
use crate::outcome::ScalingFigures;

/// Headings; the last ones are hidden on phones.
const HEADINGS: [&str; 9] = [
    "policy",
    "within objective",
    "p99 wait",
    "per month",
    "next to yours",
    "task-hours",
    "peak tasks",
    "changes a day",
    "flaps a day",
];

pub(super) fn render_compared(report: &Report) -> Markup {
    let mut rows: Vec<(usize, &ComparedPolicy)> = report.compared.iter().enumerate().collect();
    let rank = |policy: &ComparedPolicy| match () {
        () if policy.name == IDEAL => 0,
        () if report.met_by(policy) => 1,
        () => 2,
    };
    rows.sort_by(|(_, one), (_, other)| {
        let cost = one.cost_per_month.total_cmp(&other.cost_per_month);
        rank(one).cmp(&rank(other)).then(cost)
    });
    let (meeting, missing): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, one)| rank(one) < 2);
    html! {
        @if report.compared.len() > 1 {
            section #table {
                h2 { "Comparison" }
                p .lead { "The same messages under each policy, the cheapest first." }
                div .scroll { table #compared {
                    thead { tr { @for (place, name) in HEADINGS.iter().enumerate() { th scope="col" .wider[place > 4] { (name) } } } }
                    tbody { @for (place, policy) in meeting { (render_row(report, place, policy)) } }
                    @if !missing.is_empty() {
                        tbody .missing {
                            tr .separator { td colspan=(HEADINGS.len()) { "miss the objective" } }
                            @for (place, policy) in missing { (render_row(report, place, policy)) }
                        }
                    }
                } }
                p .note { "Shares are the lowest and highest of the phases. A flap is a change that is reversed soon after." }
            }
        }
    }
}

fn render_row(report: &Report, place: usize, policy: &ComparedPolicy) -> Markup {
    let path = |key: &str| format!("compared.{place}.{key}");
    let own = report.is_own(policy);
    let ideal = policy.name == IDEAL;
    let days = report.outcome.duration / 86_400.0;
    let a_day = |changes: &dyn Fn(&ScalingFigures) -> u64| match &policy.scaling {
        Some(scaling) if days >= 1.0 => format_number(count(changes(scaling)) / days, 1),
        Some(scaling) => format!("{} in all", changes(scaling)),
        None => "–".to_owned(),
    };
    let share = policy.phases.within_objective.format(format_share);
    html! {
        tr .me[own] .ideal[ideal] {
            th scope="row" {
                @if ideal { i .key .ideal {} } @else { (mark(report.met_by(policy))) }
                span { (policy.name) @if own { " " span .pill { "yours" } } }
            }
            td data-label="within" { (datum(path("within_objective"), policy.within_objective, &share)) }
            td data-label="p99 wait" { (datum(path("waiting.p99"), policy.waiting.p99, &format_duration(policy.waiting.p99))) }
            td data-label="per month" { b { (datum(path("cost_per_month"), policy.cost_per_month, &format_dollars(policy.cost_per_month))) } }
            td data-label="next to yours" { @if own { "–" } @else { (beside(policy.cost_per_month, report.outcome.cost.per_month)) } }
            td .wider { (datum(path("tasks.seconds"), policy.tasks.seconds, &format_number(policy.tasks.seconds / 3_600.0, 1))) }
            td .wider { (policy.tasks.most) }
            td .wider { (a_day(&|scaling| scaling.out + scaling.r#in)) }
            td .wider { (a_day(&|scaling| scaling.flaps)) }
        }
    }
}

/// A cost compared with another: `−18%`, `same`, `3.6×`.
fn beside(cost: f64, own: f64) -> String {
    let times = cost / own.max(1e-12);
    match (times - 1.0) * 100.0 {
        percent if percent.abs() < 0.5 => "same".to_owned(),
        percent if percent >= 100.0 => format!(
            "{}×",
            format_number(times, if times < 9.95 { 1 } else { 0 })
        ),
        percent if percent < 0.0 => format!("−{:.0}%", percent.abs()),
        percent => format!("+{percent:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_beside_one_another() {
        let cases = [
            (82.0, "−18%"),
            (100.4, "same"),
            (126.0, "+26%"),
            (360.0, "3.6×"),
            (1_300.0, "13×"),
        ];
        for (cost, text) in cases {
            assert_eq!(beside(cost, 100.0), text);
        }
    }
}
