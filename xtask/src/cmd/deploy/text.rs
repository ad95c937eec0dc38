//! A plan and an outcome, for people.

use comfy_table::{Table, presets};
use deployer::{Action, Plan};

use super::Outcome;

/// What the plan will do, the losses last, where they are read.
pub(crate) fn plan(plan: &Plan) -> String {
    let verb = if plan.creates_stack {
        "create"
    } else {
        "update"
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for change in &plan.changes {
        let name = change.physical_id.clone().unwrap_or_default();
        let properties = match change.action {
            Action::Add | Action::Remove => String::new(),
            _ => change.properties.join(", "),
        };
        table.add_row([
            format!("  {}", change.action),
            change.resource_type.clone(),
            change.logical_id.clone(),
            if properties.is_empty() {
                name
            } else {
                properties
            },
        ]);
    }
    let mut text = format!(
        "\nPlan: {verb} the stack {}\n{table}\n{}\n",
        plan.stack,
        totals(plan)
    );
    for loss in plan.losses() {
        let what = match loss.action {
            Action::MayReplace => "may be lost by replacement",
            _ => "is lost",
        };
        text.push_str(&format!(
            "LOSS: {} {} {what}, with all that it holds\n",
            loss.resource_type, loss.logical_id
        ));
    }
    text
}

fn totals(plan: &Plan) -> String {
    let count = |action| {
        plan.changes
            .iter()
            .filter(|change| change.action == action)
            .count()
    };
    let words = [
        (Action::Add, "to add"),
        (Action::Change, "to change"),
        (Action::MayReplace, "that may be replaced"),
        (Action::Replace, "to replace"),
        (Action::Remove, "to remove"),
    ];
    let parts = words
        .iter()
        .map(|(action, word)| (count(*action), word))
        .filter(|(n, _)| *n > 0);
    parts
        .map(|(n, word)| format!("{n} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What was done, and what came out of it.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    let deployed = &outcome.deployed;
    let what = if deployed.changed {
        "deployed"
    } else {
        "no change: already deployed"
    };
    let mut text = format!(
        "{}: {what} (account {}, {})\n",
        outcome.stack, outcome.identity.account, outcome.identity.region
    );
    let width = deployed
        .outputs
        .keys()
        .map(String::len)
        .max()
        .unwrap_or_default();
    for (key, value) in &deployed.outputs {
        text.push_str(&format!("  {key:<width$}  {value}\n"));
    }
    text
}
