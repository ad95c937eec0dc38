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
        "\nPlan: {verb} the stack {}\n{}\n{}\n",
        plan.stack,
        table.trim_fmt(),
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
    let parts: Vec<String> = parts.map(|(n, word)| format!("{n} {word}")).collect();
    if parts.is_empty() {
        return "no resource changes, only outputs or descriptions".to_owned();
    }
    parts.join(", ")
}

/// What was done, and what came out of it.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    let deployed = &outcome.deployed;
    let what = match (deployed.changed, deployed.followed) {
        (true, _) => "deployed",
        (false, true) => "deployed by the run that was followed; nothing else to change",
        (false, false) => "no change: already deployed",
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

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::{Change, Deployed, Identity};

    fn change(
        action: Action,
        resource_type: &str,
        logical_id: &str,
        properties: &[&str],
    ) -> Change {
        Change {
            action,
            logical_id: logical_id.into(),
            resource_type: resource_type.into(),
            physical_id: (action != Action::Add).then(|| format!("{logical_id}-1a2b")),
            properties: properties.iter().map(|p| (*p).to_owned()).collect(),
            expendable: false,
        }
    }

    #[test]
    fn a_plan_names_each_change_and_its_losses() {
        let plan = Plan {
            stack: "voucher-worker".into(),
            creates_stack: false,
            changes: vec![
                change(Action::Add, "AWS::SQS::Queue", "OrdersQueue", &[]),
                change(
                    Action::Change,
                    "AWS::ApplicationAutoScaling::ScalingPolicy",
                    "VoucherWorkerScalingPolicy",
                    &["TargetTrackingScalingPolicyConfiguration"],
                ),
                change(
                    Action::Replace,
                    "AWS::SQS::Queue",
                    "VouchersQueue",
                    &["FifoQueue"],
                ),
                change(
                    Action::MayReplace,
                    "AWS::ECS::Service",
                    "VoucherWorkerService",
                    &["Cluster"],
                ),
                change(Action::Remove, "AWS::IAM::Role", "OldRole", &[]),
            ],
        };
        insta::assert_snapshot!(super::plan(&plan));
    }

    #[test]
    fn our_templates_carry_the_mark_that_tells_them_apart() {
        let stack = stack::parse("x", include_str!("../init.yaml"))
            .unwrap()
            .stack;
        let template = template::synthesize(&stack).unwrap();
        let description = template.to_json()["Description"].as_str().unwrap();
        assert!(description.contains(deployer::MARK), "{description}");
    }

    #[test]
    fn an_outcome_says_whether_anything_changed() {
        let outcome = |changed, followed| Outcome {
            stack: "voucher-worker".into(),
            identity: Identity {
                account: "111122223333".into(),
                caller: "arn:aws:iam::111122223333:user/ana".into(),
                region: "us-west-2".into(),
            },
            deployed: Deployed {
                stack_id: "arn".into(),
                changed,
                followed,
                plan: Plan::default(),
                outputs: [
                    ("ClusterName", "voucher"),
                    ("VouchersQueueUrl", "https://sqs/vouchers"),
                ]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            },
        };
        insta::assert_snapshot!(format!(
            "{}{}{}",
            super::outcome(&outcome(true, false)),
            super::outcome(&outcome(false, true)),
            super::outcome(&outcome(false, false))
        ));
    }
}
