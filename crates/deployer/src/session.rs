//! The context of every operation of the engine: clients, polling intervals, progress, and an ID for its
//! requests.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use crate::clients::Clients;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::run::TOKEN_PREFIX;

/// How often to poll CloudFormation, and how long to tolerate missing replies.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// First delay between two polls.
    pub first: Duration,
    /// Longest delay between two polls. Each delay is 1.5 times the previous one.
    pub longest: Duration,
    /// How long AWS can be unreachable while an operation is followed.
    pub patience: Duration,
    /// If nothing changes for this time, a message says what the operation waits for.
    pub remind: Duration,
    /// How long an operation can run without progress. Waiting for an ECS service can take up to 3 h.
    pub stall: Duration,
}

impl Pace {
    /// For AWS, whose operations take minutes and whose API is throttled.
    pub const AWS: Self = Self {
        first: Duration::from_millis(500),
        longest: Duration::from_secs(3),
        patience: Duration::from_secs(300),
        remind: Duration::from_secs(60),
        stall: Duration::from_hours(4),
    };
    /// For an emulator on this machine.
    pub const LOCAL: Self = Self {
        first: Duration::from_millis(100),
        longest: Duration::from_millis(400),
        patience: Duration::from_secs(60),
        remind: Duration::from_secs(30),
        stall: Duration::from_secs(900),
    };

    /// Returns the delay that follows `delay`.
    #[must_use]
    pub fn next(self, delay: Duration) -> Duration {
        (delay + delay / 2).min(self.longest)
    }
}

/// Progress to show to the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Progress {
    /// A step starts, or a decision was made.
    Note {
        /// One sentence.
        text: String,
    },
    /// A resource changed its status.
    Resource {
        /// Logical ID in the template.
        logical_id: String,
        /// CloudFormation's type.
        resource_type: String,
        /// CloudFormation's status, such as `CREATE_COMPLETE`.
        status: String,
        /// Its reason, if any.
        reason: Option<String>,
        /// Milliseconds since the operation was first followed.
        elapsed_ms: u64,
    },
    /// A step of a deploy starts.
    Step {
        /// The step.
        step: DeployStep,
    },
    /// A rollback has chosen an earlier deploy. Notes say the rest.
    GoingBack {
        /// The time of that deploy.
        to: String,
    },
    /// CloudFormation made a plan, which isn't approved yet.
    Planned {
        /// The plan.
        plan: Plan,
    },
    /// Parts are repaired by direct calls, one after another. Reported before each call and after the last one.
    Repair {
        /// Logical IDs of the parts that are repaired.
        repaired: Vec<String>,
        /// Logical IDs of the parts that aren't repaired yet. Empty while the search for them is in progress.
        left: Vec<String>,
    },
}

/// The steps of a deploy, in order. If the stack changes in the meantime, a new plan is made and executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployStep {
    /// Determines the account.
    Identify,
    /// Checks everything that the stack needs in addition to its template.
    Check,
    /// Builds the functions, creates the template, and uploads assets.
    Prepare,
    /// Resolves or follows whatever prevents the change, and plans.
    Plan,
    /// CloudFormation executes the approved plan, and continues even if this process ends.
    Execute,
    /// Sets the counts of services without scaling, and termination protection.
    Protect,
    /// Verifies the deployed stack through the APIs of its services.
    Verify,
    /// Invokes each function once instead of waiting for its rule.
    Measure,
}

/// The context of an operation.
pub struct Session<'a> {
    /// The SDK clients.
    pub clients: &'a Clients,
    /// How often to poll.
    pub pace: Pace,
    /// Receives the progress to show to the user.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Prefix of the request tokens: letters, digits, and hyphens, unique for each run.
    pub run_id: String,
    /// The IAM role that CloudFormation assumes. `None`: the caller's own permissions, or the role that the stack
    /// already has.
    pub role_arn: Option<String>,
    tokens: AtomicU32,
    /// Number of drafts that are currently in the account.
    drafts: watch::Sender<usize>,
    interrupted: AtomicBool,
}

/// Marks a temporary object in the account, such as a change set that is made only to plan. The command deletes
/// the object, and then drops this.
#[derive(Debug)]
pub(crate) struct DraftHold(watch::Sender<usize>);

impl Drop for DraftHold {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl<'a> Session<'a> {
    /// Creates a session of the run `run_id`.
    pub fn new(
        clients: &'a Clients,
        pace: Pace,
        progress: &'a (dyn Fn(Progress) + Sync),
        run_id: impl Into<String>,
    ) -> Self {
        Self {
            clients,
            pace,
            progress,
            run_id: run_id.into(),
            role_arn: None,
            tokens: AtomicU32::new(0),
            drafts: watch::Sender::new(0),
            interrupted: AtomicBool::new(false),
        }
    }

    /// Marks that a draft is about to be created, until the hold is dropped.
    pub(crate) fn hold_draft(&self) -> DraftHold {
        self.drafts.send_modify(|count| *count += 1);
        DraftHold(self.drafts.clone())
    }

    /// Whether the account contains a draft that the running command must delete.
    #[must_use]
    pub fn has_drafts(&self) -> bool {
        *self.drafts.borrow() > 0
    }

    /// Waits until the account contains no draft.
    pub async fn wait_for_drafts(&self) {
        // The sender lives as long as the session.
        let _ = self.drafts.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Requests that the running command stop. It makes no more changes, and deletes its drafts.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Whether the running command was requested to stop.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Refuses the next change of a command that was requested to stop.
    pub(crate) fn require_uninterrupted(&self) -> Result<()> {
        match self.is_interrupted() {
            true => Err(Error::failed("interrupted")),
            false => Ok(()),
        }
    }

    /// Returns the same session with a role for CloudFormation to assume.
    #[must_use]
    pub fn as_role(mut self, role_arn: Option<String>) -> Self {
        self.role_arn = role_arn;
        self
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        (self.progress)(Progress::Note { text: text.into() });
    }

    pub(crate) fn begin(&self, step: DeployStep) {
        (self.progress)(Progress::Step { step });
    }

    /// Returns a client request token: the same for every retry of one request, and different for every other
    /// request.
    pub(crate) fn token(&self) -> String {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        format!("{TOKEN_PREFIX}{}-{number}", self.run_id)
    }
}
