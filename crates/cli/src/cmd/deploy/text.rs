//! The result of a deploy, formatted for people.

use deployer::Deployment;

use crate::plan::is_repair;

/// Formats the changes and their result.
pub(super) fn format_outcome(outcome: &Deployment) -> String {
    let deployed = &outcome.deployed;
    let what = match (deployed.changed, deployed.followed) {
        (true, _) if is_repair(&deployed.plan) => "reverted manual changes",
        (true, _) => "deployed",
        (false, true) => "deployed by the run that was followed; nothing else to change",
        (false, false) => "no change: already deployed",
    };
    let mut text = format!(
        "{}: {what} (account {}, {})\n",
        outcome.stack, outcome.identity.account, outcome.identity.region
    );
    // ARNs are for programs, which read JSON.
    let outputs = deployed.outputs.iter();
    let outputs: Vec<_> = outputs
        .filter(|(_, value)| !value.starts_with("arn:"))
        .collect();
    let widths = outputs.iter().map(|(key, _)| key.len());
    let width = widths.max().unwrap_or_default();
    for (key, value) in outputs {
        text.push_str(&format!("  {key:<width$}  {value}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use deployer::{Deployed, Identity, Plan};

    use super::*;

    #[test]
    fn an_outcome_says_whether_anything_changed() {
        let outcome = |changed, followed| Deployment {
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
            format_outcome(&outcome(true, false)),
            format_outcome(&outcome(false, true)),
            format_outcome(&outcome(false, false))
        ));
    }
}
