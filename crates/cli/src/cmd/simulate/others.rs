//! Other policies on the same load, as a table.

use console::Style;
use simulator::{ComparedPolicy, Report, format_dollars, format_duration, format_share};

use crate::table::Table;

/// A row per policy: the ideal, policies that meet the objective from the cheapest on, and then the others.
pub(super) fn format_compared(report: &Report) -> String {
    let own = report.compared.first().map(|own| own.cost_per_month);
    let mut table = Table::new([
        "policy",
        "within objective",
        "p99 wait",
        "per month",
        "to yours",
        "peak tasks",
        "flaps",
    ])
    .widest(31);
    let mut rows: Vec<(usize, &ComparedPolicy)> = report.compared.iter().enumerate().collect();
    rows.sort_by(|(_, one), (_, other)| {
        let rank = |policy: &ComparedPolicy| (policy.scaling.is_some(), !meets(report, policy));
        let cost = one.cost_per_month.total_cmp(&other.cost_per_month);
        let share = share(other).total_cmp(&share(one));
        let order = rank(one).cmp(&rank(other));
        order.then(if meets(report, one) { cost } else { share })
    });
    let mut is_missing = false;
    for (place, policy) in rows {
        if policy.scaling.is_some() && !meets(report, policy) && !is_missing {
            is_missing = true;
            table.row(["── missed"]);
        }
        let count = |number: fn(&simulator::ScalingFigures) -> u64| {
            let count = policy.scaling.as_ref().map(number);
            count.map_or_else(|| "–".to_owned(), |count| count.to_string())
        };
        table.row([
            name(report, policy, place == 0),
            format_share(share(policy)),
            format_duration(policy.waiting.p99),
            format_dollars(policy.cost_per_month),
            match place {
                0 => "–".to_owned(),
                _ => own.map_or_else(String::new, |own| to_yours(policy.cost_per_month, own)),
            },
            policy.tasks.most.to_string(),
            count(|scaling| scaling.flaps),
        ]);
    }
    let phases = report.phases.map_or(1, |phases| phases.runs);
    let worst = match phases {
        1 => String::new(),
        phases => format!("shares are of the worst of {phases} phases; "),
    };
    format!(
        "{}{worst}`cost` shows a bill item by item\n",
        table.format()
    )
}

/// The lowest share of all phases.
fn share(policy: &ComparedPolicy) -> f64 {
    policy.phases.within_objective.lowest
}

/// Whether it meets the objective; without a required share, every policy does.
fn meets(report: &Report, policy: &ComparedPolicy) -> bool {
    report
        .required
        .is_none_or(|required| share(policy) >= required)
}

fn name(report: &Report, policy: &ComparedPolicy, is_own: bool) -> String {
    let sign = match (is_own, report.required) {
        _ if policy.scaling.is_none() => "◇",
        (true, _) => "●",
        (false, None) => "○",
        (false, Some(_)) if meets(report, policy) => "✓",
        (false, Some(_)) => "✗",
    };
    // Their details are in JSON and in the report.
    let name = match policy.name.split_once(", ") {
        Some((short @ ("demand" | "alarm steps"), _)) => short,
        Some(("backlog per task", cooldowns)) => cooldowns,
        _ => &policy.name,
    };
    let name = format!("{sign} {name}");
    match is_own {
        true => Style::new().bold().apply_to(name).to_string(),
        false => name,
    }
}

/// What a policy costs in comparison: a percentage, or from twice as much on a factor.
fn to_yours(cost: f64, own: f64) -> String {
    let ratio = cost / own;
    match ratio {
        ratio if !ratio.is_finite() => "–".to_owned(),
        ratio if ratio >= 2.0 => format!("{ratio:.1}×"),
        ratio if (ratio - 1.0).abs() < 0.005 => "same".to_owned(),
        ratio if ratio < 1.0 => format!("−{:.0}%", (1.0 - ratio) * 100.0),
        ratio => format!("+{:.0}%", (ratio - 1.0) * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed manually: 12.06 ÷ 40.18 = 0.300, 50.46 ÷ 40.18 = 1.256, 144.20 ÷ 40.18 = 3.589.
    #[test]
    fn costs_are_compared_with_yours() {
        assert_eq!(to_yours(12.06, 40.18), "−70%");
        assert_eq!(to_yours(50.46, 40.18), "+26%");
        assert_eq!(to_yours(144.20, 40.18), "3.6×");
        assert_eq!(to_yours(40.1, 40.18), "same");
        assert_eq!(to_yours(1.0, 0.0), "–");
    }
}
