//! The progress of a run: stored in a file after each step, and the report at the end.

use std::path::Path;

use deployer::Identity;
use serde::{Deserialize, Serialize};

use crate::failure::{Code, Failure, Result};

/// A step of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Deploy,
    ScaleOut,
    ScaleIn,
    Update,
    Drift,
    Destroy,
}

impl Step {
    pub(super) const ALL: [Self; 6] = [
        Self::Deploy,
        Self::ScaleOut,
        Self::ScaleIn,
        Self::Update,
        Self::Drift,
        Self::Destroy,
    ];

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Deploy => "deploy the stack",
            Self::ScaleOut => "scale out for messages that wait",
            Self::ScaleIn => "scale in when the queue is empty",
            Self::Update => "update the service in place",
            Self::Drift => "find and repair a manual change",
            Self::Destroy => "destroy the stack, and check for remaining resources",
        }
    }
}

/// A step that succeeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) step: Step,
    /// Seconds that it took.
    pub(super) seconds: f64,
    /// The observation.
    pub(super) seen: String,
}

/// The progress of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Version of ecs-scaler.
    pub(super) version: String,
    pub(super) stack: String,
    pub(super) region: String,
    /// Not in the report, which is public.
    account: String,
    /// Dollars, as estimated before the start.
    pub(super) estimated_cost: f64,
    pub(super) steps: Vec<Done>,
    /// Why the later steps were skipped.
    pub(super) failure: Option<String>,
}

impl Record {
    pub(super) fn new(stack: String, identity: &Identity, estimated_cost: f64) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stack,
            region: identity.region.clone(),
            account: identity.account.clone(),
            estimated_cost,
            steps: Vec::new(),
            failure: None,
        }
    }

    /// Reads the record of a run that hasn't ended. `None` if there is none.
    pub(super) fn read(file: &Path) -> Result<Option<Self>> {
        let failed =
            |why: String| Failure::failed(format!("failed to read {}: {why}", file.display()));
        match std::fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| failed(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Writes the record atomically, because a run can be killed at any time.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let new = file.with_extension("new");
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::failed(format!("failed to write the record: {error}")))?;
        super::write(&new, &text)?;
        std::fs::rename(&new, file).map_err(|error| {
            Failure::failed(format!("failed to write {}: {error}", file.display()))
        })
    }

    /// Refuses to continue in another account or region.
    pub(super) fn require(self, identity: &Identity) -> Result<Self> {
        if (&self.account, &self.region) == (&identity.account, &identity.region) {
            return Ok(self);
        }
        Err(Failure::new(
            Code::Refused,
            format!(
                "the run in progress is in account {}, {}",
                self.account, self.region
            ),
        )
        .hint("continue it with the same --profile and --region, or start a new one with another --report"))
    }

    pub(super) fn is_done(&self, step: Step) -> bool {
        self.steps.iter().any(|done| done.step == step)
    }

    /// Returns the report as Markdown.
    pub(super) fn describe(&self) -> String {
        let Self {
            version, region, ..
        } = self;
        let verdict = match &self.failure {
            None => "accepted",
            Some(_) => "not accepted",
        };
        let mut text = format!(
            "# ecs-scaler {version} in {region}: {verdict}\n\nEstimated cost before the start: {}\n\n\
             | step | seconds | seen |\n|---|---:|---|\n",
            simulator::format_dollars(self.estimated_cost)
        );
        for step in Step::ALL {
            let what = step.describe();
            let row = match self.steps.iter().find(|done| done.step == step) {
                Some(Done { seconds, seen, .. }) => format!("| {what} | {seconds:.0} | {seen} |\n"),
                None => format!("| {what} | | not done |\n"),
            };
            text.push_str(&row);
        }
        if let Some(why) = &self.failure {
            text.push_str(&format!("\nFailed: {}\n", self.hide_account(why)));
        }
        text
    }

    /// Hides the account, because the report goes to a public issue.
    fn hide_account(&self, text: &str) -> String {
        text.replace(&self.account, "ACCOUNT")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let identity = Identity {
            account: "111122223333".into(),
            caller: "ana".into(),
            region: "eu-west-1".into(),
        };
        let mut record = Record::new("ecs-scaler-acceptance-a".into(), &identity, 0.123);
        record.steps.push(Done {
            step: Step::Deploy,
            seconds: 181.4,
            seen: "30 resources".into(),
        });
        record
    }

    #[test]
    fn a_record_is_found_again_and_continued_in_its_account_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.state.json");
        assert_eq!(Record::read(&file).unwrap(), None);
        record().write(&file).unwrap();
        let read = Record::read(&file).unwrap().unwrap();
        assert_eq!(read, record());
        assert!(read.is_done(Step::Deploy) && !read.is_done(Step::ScaleOut));
        let other = Identity {
            account: "444455556666".into(),
            caller: "bob".into(),
            region: "eu-west-1".into(),
        };
        assert_eq!(read.require(&other).unwrap_err().code(), Code::Refused);
        std::fs::write(&file, "{").unwrap();
        assert!(Record::read(&file).is_err());
    }

    #[test]
    fn the_report_has_every_step_and_no_account() {
        let mut record = record();
        record.failure =
            Some("the count of arn:aws:ecs:eu-west-1:111122223333:a stays at 1".into());
        insta::assert_snapshot!(record.describe(), @r"
        # ecs-scaler 0.1.0 in eu-west-1: not accepted

        Estimated cost before the start: $0.123

        | step | seconds | seen |
        |---|---:|---|
        | deploy the stack | 181 | 30 resources |
        | scale out for messages that wait | | not done |
        | scale in when the queue is empty | | not done |
        | update the service in place | | not done |
        | find and repair a manual change | | not done |
        | destroy the stack, and check for remaining resources | | not done |

        Failed: the count of arn:aws:ecs:eu-west-1:ACCOUNT:a stays at 1
        ");
    }
}
