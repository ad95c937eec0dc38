//! What to do next: one sentence and one command, only with simulated numbers.

use serde::Serialize;

use super::cause::USUAL;
use super::cause_words::capitalized;
use super::{CauseKind, ComparedPolicy, Report};
use crate::compare::IDEAL;
use crate::number::{format_dollars, format_share};
use crate::policy::Policy;
use crate::scenario::Scenario;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// A sentence.
    pub text: String,
    /// The command that does it or finds out, as it stands.
    pub command: Option<String>,
    /// The compared policy that it names.
    pub policy: Option<String>,
}

/// Commands about the same definition and load, each as it can be run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commands {
    /// Compares other policies.
    pub compare: String,
    /// Shows what other objectives cost.
    pub frontier: String,
    /// Searches parameters, of the definition's policy and of demand scaling.
    pub tune: String,
    /// Deploys the definition.
    pub deploy: String,
}

/// A cheaper policy is one that costs less than this share.
const CHEAPER: f64 = 0.95;

impl Advice {
    pub(super) fn find(
        report: &Report,
        cause: CauseKind,
        scenario: &Scenario,
        commands: &Commands,
    ) -> Self {
        if matches!(scenario.policy, Policy::Keda(_) | Policy::Predictive(_)) {
            let text = "No definition can have this policy: it is simulated to compare with.";
            return Self::new(text.to_owned(), "");
        }
        let first = match cause {
            CauseKind::NoMessages => {
                return Self::new("Simulate a load with messages.".to_owned(), "");
            }
            CauseKind::LimitTooLow { needed, .. } => {
                format!("Raise `tasks.max` to at least {needed} and simulate again. ")
            }
            CauseKind::WorkDoesNotEnd {
                arrival_rate,
                max_rate,
                ..
            } if arrival_rate > max_rate => {
                "Raise `tasks.max`, or shorten the processing, and simulate again. ".to_owned()
            }
            CauseKind::MessagesLost { .. } => {
                "Check the queue's `retention`, `dead_letter`, and `visibility_timeout`. "
                    .to_owned()
            }
            CauseKind::KnownTimes { .. } => {
                "Try a `schedule` that raises `min` before this time. ".to_owned()
            }
            _ => String::new(),
        };
        let mut advice = if report.meets() {
            of_met(report, commands)
        } else {
            of_missed(report, commands)
        };
        advice.text.insert_str(0, &first);
        advice
    }

    fn new(text: String, command: &str) -> Self {
        Self {
            text,
            command: Some(command.to_owned()).filter(|command| !command.is_empty()),
            policy: None,
        }
    }
}

fn of_met(report: &Report, commands: &Commands) -> Advice {
    if report.compared.is_empty() {
        let text = "Compare other policies on the same messages before you deploy:";
        return Advice::new(text.to_owned(), &commands.compare);
    }
    let own = report.outcome.cost.per_month;
    match report.cheapest() {
        Some(other) if !report.is_own(other) && other.cost_per_month < CHEAPER * own => {
            let less = percent_less(other.cost_per_month, own);
            let text = format!(
                "{} also meets the objective, for {} per month, {less}. Search for cheaper settings:",
                name(other),
                format_dollars(other.cost_per_month)
            );
            Advice {
                policy: Some(other.name.clone()),
                ..Advice::new(text, &commands.tune)
            }
        }
        _ => Advice::new(
            "Deploy it: none of the compared policies meets the objective for clearly less."
                .to_owned(),
            &commands.deploy,
        ),
    }
}

fn of_missed(report: &Report, commands: &Commands) -> Advice {
    if let Some(need) = report.warm_need.filter(|need| need.enough) {
        let text = format!(
            "With `warm: {}`, {} of the messages meet the objective, for {} per month. See what longer objectives cost:",
            need.tasks,
            format_share(need.within_objective),
            format_dollars(need.cost_per_month)
        );
        return Advice::new(text, &commands.frontier);
    }
    if report.compared.is_empty() {
        let text = "See which policies meet the objective on the same messages:";
        return Advice::new(text.to_owned(), &commands.compare);
    }
    let Some(other) = report.cheapest() else {
        let text =
            "None of the compared policies meets the objective. See what longer objectives cost:";
        return Advice::new(text.to_owned(), &commands.frontier);
    };
    let text = format!(
        "{} meets the objective for {} of these messages, at {} per month, {}. Search for settings that meet it:",
        name(other),
        format_share(other.phases.within_objective.lowest),
        format_dollars(other.cost_per_month),
        percent_less(other.cost_per_month, report.outcome.cost.per_month)
    );
    Advice {
        policy: Some(other.name.clone()),
        ..Advice::new(text, &commands.tune)
    }
}

/// A policy as the subject of a sentence.
fn name(policy: &ComparedPolicy) -> String {
    match policy.name.split_once(", ") {
        Some(("fixed", tasks)) => format!("A fixed count of {tasks}"),
        Some(("backlog per task", cooldowns)) => format!("Backlog per task with {cooldowns}"),
        _ => capitalized(policy.short_name()),
    }
}

fn percent_less(cost: f64, than: f64) -> String {
    let percent = (cost / than.max(1e-12) - 1.0) * 100.0;
    match percent {
        less if less <= -0.5 => format!("{:.0}% less", less.abs()),
        more if more >= 100.0 => format!("{:.1} times as much", more / 100.0 + 1.0),
        more if more >= 0.5 => format!("{more:.0}% more"),
        _ => "the same".to_owned(),
    }
}

impl Report {
    /// Whether the objective counts as met: by the required share in every phase, or by 99% if none is required.
    pub(crate) fn meets(&self) -> bool {
        self.satisfied
            .unwrap_or_else(|| self.lowest_share() >= USUAL)
    }

    /// Whether a compared policy is the definition's: the first.
    pub(super) fn is_own(&self, policy: &ComparedPolicy) -> bool {
        self.compared
            .first()
            .is_some_and(|own| own.name == policy.name)
    }

    /// Share of messages within the objective, from 0 to 1, in the worst phase.
    #[must_use]
    pub fn lowest_share(&self) -> f64 {
        self.phases.map_or(self.outcome.within_objective, |phases| {
            phases.within_objective.lowest
        })
    }

    /// The cheapest compared policy, the definition's among them, that meets the objective in every phase.
    #[must_use]
    pub fn cheapest(&self) -> Option<&ComparedPolicy> {
        let meeting = self.compared.iter().filter(|policy| policy.name != IDEAL);
        meeting
            .filter(|policy| self.met_by(policy))
            .min_by(|one, other| one.cost_per_month.total_cmp(&other.cost_per_month))
    }

    /// Whether a compared policy meets the objective in every phase.
    pub(super) fn met_by(&self, policy: &ComparedPolicy) -> bool {
        if self.is_own(policy) {
            return self.meets();
        }
        let share = policy.phases.within_objective.lowest;
        policy.phases.missed == 0 && share >= self.required.unwrap_or(USUAL)
    }
}
