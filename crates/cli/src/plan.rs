//! A plan, formatted for people.

use deployer::{Action, Change, Plan, Recovering, Recovery};
use stack::ValueChange;
use template::contract::types::DASHBOARD;

use crate::drift::{count_findings, format_findings};
use crate::layout::width;
use crate::values::format_values;

/// Formats what the plan will do. Interruptions, losses, and failures come last, where users notice them.
pub(crate) fn format_plan(plan: &Plan) -> String {
    let mut text = match plan.words.is_empty() {
        true => String::new(),
        false => format!("\n{}", format_words(&plan.words)),
    };
    text.push_str(&format!("\nPlan: {}\n", format_headline(plan)));
    if !plan.drift.is_empty() {
        text.push_str(&format!(
            "{}, to be reverted:\n",
            count_findings(&plan.drift)
        ));
        text.push_str(&format_findings(&plan.drift));
    }
    if !is_repair(plan) {
        text.push_str(&format_rows(plan));
        text.push_str(&format!("{}\n", format_totals(plan)));
    }
    for change in plan.interruptions() {
        text.push_str(&format_consequence("INTERRUPTS", change));
    }
    for loss in plan.losses() {
        text.push_str(&format_consequence("DATA LOSS", loss));
    }
    for failure in plan.failures() {
        text.push_str(&format_consequence("FAILS", failure));
    }
    text
}

/// Formats the changes in the definition.
pub(crate) fn format_words(words: &[ValueChange]) -> String {
    format!("Definition:\n{}", format_values(words, "  "))
}

/// Maximum number of values to show per resource.
const SHOWN: usize = 12;

/// Columns of a usual logical ID.
const USUAL_NAME: usize = 16;

/// A line per change, with the values that change below it.
fn format_rows(plan: &Plan) -> String {
    let widest = |text: fn(&Change) -> &str| {
        let widths = plan.changes.iter().map(|change| text(change).len());
        widths.max().unwrap_or_default()
    };
    let mut kinds = widest(|change| &change.resource_type);
    let mut names = widest(|change| &change.logical_id);
    let actions = plan
        .changes
        .iter()
        .map(|change| change.action.to_string().len());
    let actions = actions.max().unwrap_or_default();
    // If only short names fit after the types, most lines would be folded, and a few not.
    if 2 + actions + 2 + kinds + 2 + USUAL_NAME > width() {
        (kinds, names) = (0, 0);
    }
    let mut text = String::new();
    for change in &plan.changes {
        let line = format!(
            "  {:<actions$}  {:<kinds$}  {:<names$}  {}",
            change.action.to_string(),
            change.resource_type,
            change.logical_id,
            describe_properties(change)
        );
        text.push_str(&format!("{}\n{}", line.trim_end(), explain(change)));
    }
    text
}

/// The properties that change, or else the resource's name: an ARN or a URL says no more than the logical ID.
fn describe_properties(change: &Change) -> String {
    if has_values(change.action) && !change.properties.is_empty() {
        return change.properties.join(", ");
    }
    let name = change.physical_id.as_deref().unwrap_or_default();
    match name.contains(":") {
        true => String::new(),
        false => name.to_owned(),
    }
}

/// Whether the values of properties change.
fn has_values(action: Action) -> bool {
    matches!(
        action,
        Action::Change | Action::MayReplace | Action::Replace
    )
}

fn explain(change: &Change) -> String {
    if change.action == Action::Import && !change.values.is_empty() {
        let values = format_values(&change.values, "             ");
        return format!("           the next `deploy` changes:\n{values}");
    }
    if !has_values(change.action) {
        return String::new();
    }
    if change.resource_type == DASHBOARD {
        return "             the dashboard's widgets change\n".to_owned();
    }
    let shown = change.values.get(..SHOWN).unwrap_or(&change.values);
    let mut text = format_values(shown, "             ");
    if let Some(more @ 1..) = change.values.len().checked_sub(SHOWN) {
        text.push_str(&format!(
            "             and {more} more; `diff --full` shows the template\n"
        ));
    }
    text
}

/// Whether the plan only reverts manual changes.
pub(crate) fn is_repair(plan: &Plan) -> bool {
    !plan.drift.is_empty() && plan.changes.is_empty()
}

fn format_consequence(word: &str, change: &Change) -> String {
    let does = change
        .consequence
        .map(|found| found.text)
        .unwrap_or_default();
    let what = format!("{} ({})", change.logical_id, change.resource_type);
    match change.action {
        Action::MayReplace => format!("{word}: replacing {what}, if CloudFormation does, {does}\n"),
        Action::Replace => format!("{word}: replacing {what} {does}\n"),
        Action::Remove => format!("{word}: removing {what} {does}\n"),
        Action::Add => format!("{word}: creating {what} {does}\n"),
        Action::Import | Action::Change | Action::Release => {
            format!("{word}: changing {what} {does}\n")
        }
    }
}

fn format_headline(plan: &Plan) -> String {
    let name = &plan.stack;
    if is_repair(plan) {
        return format!("repair the stack {name}");
    }
    match plan.recovery.as_ref().filter(|recovery| !recovery.done) {
        None if plan.is_import() && plan.creates_stack => {
            format!(
                "create the stack {name} from resources that exist; CloudFormation adds the stack's tags to them"
            )
        }
        None if plan.is_import() => {
            format!(
                "import resources into the stack {name}; CloudFormation adds the stack's tags to them"
            )
        }
        None if plan.creates_stack => format!("create the stack {name}"),
        None => format!("update the stack {name}"),
        Some(Recovering { step, status, .. }) => match step {
            Recovery::Delete => {
                format!(
                    "delete the remaining resources of the stack {name} ({status}), then create it again"
                )
            }
            Recovery::RollBack | Recovery::ContinueRollback => {
                format!("finish the rollback of the stack {name} ({status}), then plan its update")
            }
        },
    }
}

fn format_totals(plan: &Plan) -> String {
    let count = |action| {
        plan.changes
            .iter()
            .filter(|change| change.action == action)
            .count()
    };
    let words = [
        (Action::Add, "to add"),
        (Action::Import, "to import"),
        (Action::Change, "to change"),
        (Action::MayReplace, "that might be replaced"),
        (Action::Replace, "to replace"),
        (Action::Release, "to release, which stay in AWS"),
        (Action::Remove, "to remove"),
    ];
    let parts = words
        .iter()
        .map(|(action, word)| (count(*action), word))
        .filter(|(n, _)| *n > 0);
    let parts: Vec<String> = parts.map(|(n, word)| format!("{n} {word}")).collect();
    let rolls_back = |recovery: &Recovering| recovery.step != Recovery::Delete && !recovery.done;
    if plan.recovery.as_ref().is_some_and(rolls_back) {
        return "CloudFormation undoes the failed update: it deletes the added resources, and reverts the changed ones"
            .to_owned();
    }
    if parts.is_empty() {
        return "no resource changes, only outputs or descriptions".to_owned();
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use deployer::{Consequence, Effect, Finding, Problem};

    use super::*;

    fn change(
        action: Action,
        resource_type: &str,
        logical_id: &str,
        properties: &[&str],
    ) -> Change {
        let properties: Vec<String> = properties.iter().map(|p| (*p).to_owned()).collect();
        Change {
            consequence: Consequence::find(action, resource_type, &properties),
            action,
            logical_id: logical_id.into(),
            resource_type: resource_type.into(),
            physical_id: (action != Action::Add).then(|| format!("{logical_id}-1a2b")),
            properties,
            values: Vec::new(),
            expendable: false,
        }
    }

    #[test]
    fn a_plan_names_each_change_and_its_losses() {
        let plan = Plan {
            stack: "voucher-worker".into(),
            creates_stack: false,
            words: Vec::new(),
            recovery: None,
            drift: Vec::new(),
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
                change(
                    Action::Replace,
                    "AWS::ElasticLoadBalancingV2::LoadBalancer",
                    "ShopLoadBalancer",
                    &["Scheme"],
                ),
                change(Action::Remove, "AWS::IAM::Role", "OldRole", &[]),
            ],
        };
        insta::assert_snapshot!(format_plan(&plan));
    }

    #[test]
    fn the_words_of_the_definition_come_first_and_values_below_their_resource() {
        let value = |path: &str, old: u32, new: u32| ValueChange {
            path: path.to_owned(),
            old: Some(old.into()),
            new: Some(new.into()),
            default: None,
        };
        let many = (0..14).map(|n| value(&format!("Steps[{n}]"), n, n + 1));
        let policy = Change {
            values: vec![value("Configuration.TargetValue", 600, 120)],
            ..change(
                Action::Change,
                "AWS::ApplicationAutoScaling::ScalingPolicy",
                "WorkerScalingPolicy",
                &["Configuration"],
            )
        };
        let alarm = Change {
            values: many.collect(),
            ..change(
                Action::Change,
                "AWS::CloudWatch::Alarm",
                "Alarm",
                &["Steps"],
            )
        };
        let dashboard = change(Action::Change, DASHBOARD, "Dashboard", &["DashboardBody"]);
        let plan = Plan {
            stack: "shop".into(),
            words: vec![
                value("services.worker.tasks.max", 20, 40),
                value("services.worker.scaling.backlog_per_task target", 600, 120),
            ],
            changes: vec![policy, dashboard, alarm],
            ..Plan::default()
        };
        insta::assert_snapshot!(format_plan(&plan), @r"

        Definition:
          services.worker.tasks.max                        20 → 40
          services.worker.scaling.backlog_per_task target  600 → 120

        Plan: update the stack shop
          change  AWS::ApplicationAutoScaling::ScalingPolicy  WorkerScalingPolicy  Configuration
                     Configuration.TargetValue  600 → 120
          change  AWS::CloudWatch::Dashboard                  Dashboard            DashboardBody
                     the dashboard's widgets change
          change  AWS::CloudWatch::Alarm                      Alarm                Steps
                     Steps[0]   0 → 1
                     Steps[1]   1 → 2
                     Steps[2]   2 → 3
                     Steps[3]   3 → 4
                     Steps[4]   4 → 5
                     Steps[5]   5 → 6
                     Steps[6]   6 → 7
                     Steps[7]   7 → 8
                     Steps[8]   8 → 9
                     Steps[9]   9 → 10
                     Steps[10]  10 → 11
                     Steps[11]  11 → 12
                     and 2 more; `diff --full` shows the template
        3 to change
        ");
    }

    #[test]
    fn a_repair_is_a_plan_of_its_own_or_part_of_an_update() {
        let disabled = Finding {
            logical_id: "MetricRule".into(),
            resource_type: "AWS::Events::Rule".into(),
            physical_id: "shop-MetricRule-1".into(),
            problem: Problem::Disabled {
                property: "State".into(),
            },
        };
        let repair = Plan {
            stack: "shop".into(),
            drift: vec![disabled],
            ..Plan::default()
        };
        let update = Plan {
            changes: vec![change(
                Action::Change,
                "AWS::Events::Rule",
                "Rule",
                &["State"],
            )],
            ..repair.clone()
        };
        insta::assert_snapshot!([repair, update].map(|plan| format_plan(&plan)).concat(), @"

        Plan: repair the stack shop
        1 part was changed manually, to be reverted:
          MetricRule (AWS::Events::Rule): shop-MetricRule-1 is disabled (State)

        Plan: update the stack shop
        1 part was changed manually, to be reverted:
          MetricRule (AWS::Events::Rule): shop-MetricRule-1 is disabled (State)
          change  AWS::Events::Rule  Rule  State
        1 to change
        ");
    }

    #[test]
    fn a_change_that_cant_succeed_comes_last() {
        let taken = Consequence {
            effect: Effect::Fails,
            text: "fails, because its name is taken",
        };
        let plan = Plan {
            stack: "shop".into(),
            creates_stack: true,
            changes: vec![
                Change {
                    consequence: Some(taken),
                    ..change(Action::Add, "AWS::SQS::Queue", "OrdersQueue", &[])
                },
                change(Action::Remove, "AWS::ECS::Service", "OldService", &[]),
            ],
            ..Plan::default()
        };
        let text = format_plan(&plan);
        let last = "DATA LOSS: removing OldService (AWS::ECS::Service) stops its tasks
FAILS: creating OrdersQueue (AWS::SQS::Queue) fails, because its name is taken
";
        assert!(text.ends_with(last), "{text}");
    }

    #[test]
    fn a_recovery_is_part_of_the_plan() {
        let recovering = |step, status: &str| {
            Some(Recovering {
                step,
                status: status.into(),
                done: false,
            })
        };
        let deletion = Plan {
            stack: "voucher-worker".into(),
            creates_stack: true,
            words: Vec::new(),
            recovery: recovering(Recovery::Delete, "CREATE_FAILED"),
            drift: Vec::new(),
            changes: vec![
                change(Action::Remove, "AWS::IAM::Role", "TaskRole", &[]),
                change(Action::Remove, "AWS::SQS::Queue", "VouchersQueue", &[]),
                change(Action::Add, "AWS::SQS::Queue", "VouchersQueue", &[]),
            ],
        };
        let rollback = Plan {
            stack: "voucher-worker".into(),
            recovery: recovering(Recovery::ContinueRollback, "UPDATE_ROLLBACK_FAILED"),
            ..Plan::default()
        };
        insta::assert_snapshot!([deletion, rollback].map(|plan| format_plan(&plan)).concat(), @"

        Plan: delete the remaining resources of the stack voucher-worker (CREATE_FAILED), then create it again
          remove  AWS::IAM::Role   TaskRole       TaskRole-1a2b
          remove  AWS::SQS::Queue  VouchersQueue  VouchersQueue-1a2b
          add     AWS::SQS::Queue  VouchersQueue
        1 to add, 2 to remove
        DATA LOSS: removing VouchersQueue (AWS::SQS::Queue) deletes its messages

        Plan: finish the rollback of the stack voucher-worker (UPDATE_ROLLBACK_FAILED), then plan its update
        CloudFormation undoes the failed update: it deletes the added resources, and reverts the changed ones
        ");
    }
}
