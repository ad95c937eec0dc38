//! The progress of a deploy when it was interrupted, and its meaning.

use std::sync::{Mutex, PoisonError};

use deployer::{DeployStep, Progress};

use crate::failure::Failure;

/// The progress of a deploy.
#[derive(Debug, Default)]
pub(crate) struct Course(Mutex<Stage>);

#[derive(Debug, Default)]
enum Stage {
    /// Nothing has changed yet.
    #[default]
    Planning,
    /// An earlier plan was executed, or another change came first.
    PlanningAgain,
    /// CloudFormation is executing the plan.
    Executing,
    /// This command repairs parts of the stack.
    Repairing {
        repaired: Vec<String>,
        left: Vec<String>,
    },
    /// The plan was executed.
    Deployed,
}

impl Course {
    /// Follows the progress.
    pub(crate) fn follow(&self, progress: &Progress) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *stage = match progress {
            Progress::Step { step } => match step {
                DeployStep::Execute => Stage::Executing,
                DeployStep::Protect | DeployStep::Verify | DeployStep::Measure => Stage::Deployed,
                _ if matches!(*stage, Stage::Planning) => Stage::Planning,
                _ => Stage::PlanningAgain,
            },
            Progress::Repair { repaired, left } => Stage::Repairing {
                repaired: repaired.clone(),
                left: left.clone(),
            },
            _ => return,
        };
    }

    /// The completed part, the part that continues, and how to complete it: by `again`, the same command. `follow`: the command that follows an
    /// update, if `again` refuses while there is one.
    pub(crate) fn explain_interruption(&self, again: &str, follow: Option<&str>) -> Failure {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Stage::Planning => Failure::failed("interrupted: the stack was not changed")
                .hint(format!("to start again: {again}")),
            Stage::PlanningAgain => Failure::failed(
                "interrupted while planning again: nothing continues in the background",
            )
            .hint(format!("to plan again: {again}")),
            Stage::Executing => {
                let failure =
                    Failure::failed("interrupted: CloudFormation continues in the background")
                        .hint(format!("to follow it: {}", follow.unwrap_or(again)));
                match follow {
                    Some(_) => failure.hint(format!("after its end, to verify it: {again}")),
                    None => failure,
                }
            }
            Stage::Repairing { repaired, left } if repaired.is_empty() && left.is_empty() => {
                Failure::failed("interrupted while the stack was compared with its template")
                    .hint(format!("to compare it again, and repair it: {again}"))
            }
            Stage::Repairing { repaired, left } => explain_repair(repaired, left, again),
            Stage::Deployed => {
                Failure::failed("interrupted: the stack is deployed, but not verified")
                    .hint(format!("to verify it: {again}"))
            }
        }
    }
}

fn explain_repair(repaired: &[String], left: &[String], again: &str) -> Failure {
    let message = format!(
        "interrupted while reverting manual changes: {} of {} parts are repaired, and nothing continues \
         in the background",
        repaired.len(),
        repaired.len() + left.len()
    );
    let list = |state: &str, parts: &[String]| match parts.is_empty() {
        true => None,
        false => Some(format!("{state}: {}", parts.join(", "))),
    };
    [list("repaired", repaired), list("not repaired", left)]
        .into_iter()
        .flatten()
        .fold(Failure::failed(message), Failure::hint)
        .hint(format!("to repair the rest: {again}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(progress: &[Progress]) -> String {
        explained(progress, "deploy shop.yaml", None)
    }

    fn explained(progress: &[Progress], again: &str, follow: Option<&str>) -> String {
        let course = Course::default();
        progress.iter().for_each(|progress| course.follow(progress));
        let failure = course.explain_interruption(again, follow);
        format!(
            "{}\n  {}\n",
            failure.message(),
            failure.hints().join("\n  ")
        )
    }

    #[test]
    fn an_interruption_says_what_was_done_and_what_continues() {
        let step = |step| Progress::Step { step };
        let repair = |repaired: &[&str], left: &[&str]| Progress::Repair {
            repaired: repaired.iter().map(|&id| id.to_owned()).collect(),
            left: left.iter().map(|&id| id.to_owned()).collect(),
        };
        let text: String = [
            vec![step(DeployStep::Plan)],
            vec![repair(&[], &[])],
            vec![repair(&[], &["Rule", "Alarm"])],
            vec![repair(&["Rule"], &["Alarm"])],
            // CloudFormation executes the change set that follows.
            vec![repair(&["Rule", "Alarm"], &[]), step(DeployStep::Execute)],
            // Another change came first.
            vec![step(DeployStep::Execute), step(DeployStep::Plan)],
            vec![step(DeployStep::Execute), step(DeployStep::Protect)],
        ]
        .iter()
        .map(|progress| told(progress))
        .collect();
        insta::assert_snapshot!(text, @r"
        interrupted: the stack was not changed
          to start again: deploy shop.yaml
        interrupted while the stack was compared with its template
          to compare it again, and repair it: deploy shop.yaml
        interrupted while reverting manual changes: 0 of 2 parts are repaired, and nothing continues in the background
          not repaired: Rule, Alarm
          to repair the rest: deploy shop.yaml
        interrupted while reverting manual changes: 1 of 2 parts are repaired, and nothing continues in the background
          repaired: Rule
          not repaired: Alarm
          to repair the rest: deploy shop.yaml
        interrupted: CloudFormation continues in the background
          to follow it: deploy shop.yaml
        interrupted while planning again: nothing continues in the background
          to plan again: deploy shop.yaml
        interrupted: the stack is deployed, but not verified
          to verify it: deploy shop.yaml
        ");
    }

    #[test]
    fn another_command_follows_a_rollback() {
        let executing = Progress::Step {
            step: DeployStep::Execute,
        };
        let text = explained(&[executing], "rollback shop", Some("status shop --watch"));
        insta::assert_snapshot!(text, @r"
        interrupted: CloudFormation continues in the background
          to follow it: status shop --watch
          after its end, to verify it: rollback shop
        ");
    }
}
