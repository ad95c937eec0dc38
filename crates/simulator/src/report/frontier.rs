//! Cost against objective on the page: a chart that needs no script, and its tables.

use maud::{Markup, html};

use super::curves::{Curve, Curves};
use super::first_screen::datum;
use crate::compare::{IDEAL, OWN};
use crate::frontier::{Frontier, FrontierRun};
use crate::number::{format_dollars, format_duration, format_number, format_share};

/// Shown if no setting meets an objective.
const NONE: &str = "–";

pub(super) fn render_frontier(frontier: &Frontier) -> Markup {
    let share = format_share(frontier.share);
    html! {
        section #tighter {
            h2 { "Cost against objective" }
            figure #frontier {
                figcaption { "US dollars per month for " (share) " of the messages, by the longest wait that meets the objective. Costs are those of the most expensive phase; the ideal's are those of the first." }
                (Curves::new(frontier, list_curves(frontier)).render())
            }
            (render_objectives(frontier))
            p .note {
                "An objective that is marked \"warm\" is shorter than a check and the start of a task, "
                (format_duration(frontier.reaction))
                ": after a jump, only tasks that are already running can meet it. Settings marked * keep more of them than tasks.min. "
                (NONE) ": no setting meets it."
            }
            (render_policies(frontier))
        }
    }
}

/// The policies, the definition, and the ideal.
fn list_curves(frontier: &Frontier) -> Vec<Curve> {
    let objectives = 0..frontier.objectives.len();
    let point = |objective: usize, run: &FrontierRun| {
        let met = run.within_objective.get(objective);
        let met = met.map_or_else(String::new, |share| format_share(*share));
        (run.cost_per_month, format!("{}: {met}", run.describe()))
    };
    let policies = frontier.policies.iter().filter_map(|policy| {
        let runs = policy.cheapest.get(frontier.required_share())?;
        let points = runs.iter().enumerate();
        let points = points.map(|(objective, run)| Some(point(objective, run.as_ref()?)));
        Some(Curve {
            name: policy.policy.clone(),
            points: points.collect(),
        })
    });
    let present = &frontier.present;
    let meets = |objective: &usize| present.meets(*objective, frontier.share);
    let own = objectives.map(|objective| {
        Some(objective)
            .filter(meets)
            .map(|objective| point(objective, present))
    });
    let ideal = frontier.ideal.iter().map(|ideal| {
        let reached = ideal.limited_by_max.is_none();
        reached.then(|| (ideal.cost_per_month, "every message in time".to_owned()))
    });
    let curve = |name: &str, points: Vec<_>| Curve {
        name: name.to_owned(),
        points,
    };
    policies
        .chain([
            curve(&present.policy, own.collect()),
            curve(IDEAL, ideal.collect()),
        ])
        .collect()
}

/// A row per objective: the cheapest settings for each share.
fn render_objectives(frontier: &Frontier) -> Markup {
    let cell = |share: usize, objective: usize| {
        let run = frontier.cheapest(share, objective);
        html! {
            td title=[run.map(FrontierRun::describe)] {
                @if let Some(run) = run {
                    (cost(run)) " " span .soft { (format!("{:.1}×", frontier.times_ideal(run, objective))) }
                } @else { (NONE) }
            }
        }
    };
    let present = |objective: usize| frontier.present.within_objective.get(objective);
    html! {
        h3 { "The cheapest setting, and its task-hours ÷ the ideal's" }
        div .scroll { table #objectives {
            thead { tr {
                th scope="col" { "within" }
                @for share in &frontier.shares { th scope="col" { (format_number(*share * 100.0, 2)) "%" } }
                th scope="col" { "ideal" }
                th scope="col" { (OWN) }
                th scope="col" .text { "setting for " (format_share(frontier.share)) }
            } }
            tbody { @for (objective, (seconds, ideal)) in frontier.objectives.iter().zip(&frontier.ideal).enumerate() {
                tr {
                    th scope="row" { (format_duration(*seconds)) @if frontier.needs_warm(objective) { span .soft { " warm" } } }
                    @for share in 0..frontier.shares.len() { (cell(share, objective)) }
                    td {
                        (datum(format!("frontier.ideal.{objective}.cost_per_month"), ideal.cost_per_month, &format_dollars(ideal.cost_per_month)))
                        @if let Some(limit) = ideal.limited_by_max { span .soft { " needs " (limit.needed) " tasks" } }
                    }
                    td { @if let Some(share) = present(objective) {
                        (datum(format!("frontier.present.within_objective.{objective}"), *share, &format_share(*share)))
                    } }
                    td .text { (frontier.cheapest(frontier.required_share(), objective).map_or_else(|| "no policy meets it".to_owned(), FrontierRun::describe)) }
                }
            } }
        } }
    }
}

/// A row per policy: its cheapest setting for each objective.
fn render_policies(frontier: &Frontier) -> Markup {
    let place = frontier.required_share();
    html! {
        h3 { "Each policy's cheapest setting for " (format_share(frontier.share)) " of the messages" }
        div .scroll { table #policies {
            thead { tr { th scope="col" { "per month" } @for seconds in &frontier.objectives { th scope="col" { (format_duration(*seconds)) } } } }
            tbody { @for (index, policy) in frontier.policies.iter().enumerate() {
                tr {
                    th scope="row" { (policy.policy) }
                    @for (objective, run) in policy.cheapest.get(place).into_iter().flatten().enumerate() {
                        td title=[run.as_ref().map(FrontierRun::describe)] {
                            @if let Some(run) = run {
                                (datum(format!("frontier.policies.{index}.cheapest.{place}.{objective}.cost_per_month"), run.cost_per_month, &cost(run)))
                            } @else { (NONE) }
                        }
                    }
                }
            } }
        } }
    }
}

fn cost(run: &FrontierRun) -> String {
    let sign = if run.warm { "*" } else { "" };
    format!("{}{sign}", format_dollars(run.cost_per_month))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Distribution, Load, Policy, Progress, Report, Scenario, frontier, simulate};

    fn report(load: &str) -> Report {
        let load = Load::generate(load).unwrap();
        let processing = Distribution::Exponential(Duration::from_secs(1));
        let policy = Policy::Fixed { tasks: 2 };
        let scenario = Scenario::new("test", Duration::from_secs(60), processing, policy);
        let found = frontier(&scenario, &load, 1, None, &Progress::none()).unwrap();
        let outcome = simulate(&scenario, &load, 1).unwrap();
        Report::new("load".to_owned(), None, outcome).with_frontier(Some(found))
    }

    /// The page shows the values that the document has at the named paths.
    #[test]
    fn values_on_the_page_are_those_of_the_document() {
        let report = report("poisson:rate=3/s,for=5m");
        let document = serde_json::to_value(&report).unwrap();
        let page = report.html().unwrap();
        let mut found = 0;
        for part in page.split("data-path=\"frontier.").skip(1) {
            let (path, rest) = part.split_once("\" value=\"").unwrap();
            let value: f64 = rest.split_once('"').unwrap().0.parse().unwrap();
            let mut at = &document["frontier"];
            for key in path.split('.') {
                at = match key.parse::<usize>() {
                    Ok(index) => &at[index],
                    Err(_) => &at[key],
                };
            }
            assert_eq!(at.as_f64(), Some(value), "{path}");
            found += 1;
        }
        // The ideal and the definition for 7 objectives, and at least the fixed count for each.
        assert!(found >= 21, "{found}");
        assert!(page.contains("<svg class=\"frontier\"") && !page.contains("NaN"));
    }

    /// Nothing is drawn outside, and no two names overlap.
    #[test]
    fn the_chart_holds_all_curves() {
        let report = report("flash-crowd:base=1/s,peak=20/s,at=2m,for=10m");
        let found = report.frontier.as_ref().unwrap();
        let chart = Curves::new(found, list_curves(found))
            .render()
            .into_string();
        let texts = |after: &str| -> Vec<f64> {
            let parts = chart.split(after).skip(1);
            parts
                .map(|part| part.split_once('"').unwrap().0.parse().unwrap())
                .collect()
        };
        assert!(texts(" cx=\"").iter().all(|x| (56.0..=590.0).contains(x)));
        assert!(texts(" cy=\"").iter().all(|y| (12.0..=300.0).contains(y)));
        let mut names = texts("<text x=\"610.0\" y=\"");
        names.sort_by(f64::total_cmp);
        assert!(names.len() >= 8, "{names:?}");
        let mut pairs = names.iter().zip(names.iter().skip(1));
        assert!(pairs.all(|(one, next)| next - one > 14.9), "{names:?}");
    }

    /// Nothing is needed then, so nothing can be divided by it.
    #[test]
    fn a_load_without_messages_has_a_frontier() {
        let load = Load::generate("poisson:rate=0.000001/s,for=1m").unwrap();
        let processing = Distribution::Exponential(Duration::from_secs(1));
        let policy = Policy::Fixed { tasks: 2 };
        let scenario = Scenario {
            min: 0,
            initial: 0,
            ..Scenario::new("test", Duration::from_secs(60), processing, policy)
        };
        let found = frontier(&scenario, &load, 1, None, &Progress::none()).unwrap();
        assert_eq!(found.ideal[0].task_seconds, 0.0);
        let text = render_frontier(&found).into_string();
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}
