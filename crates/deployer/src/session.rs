//! What every operation of the engine is given: clients, pace, the ear for progress, an id for its requests.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use crate::clients::Clients;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::run::TOKEN_PREFIX;

/// How often CloudFormation is asked, and how long it may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// First delay between two polls.
    pub first: Duration,
    /// Longest delay between two polls; each is half as long again as the one before.
    pub longest: Duration,
    /// How long AWS may be out of reach while an operation is followed.
    pub patience: Duration,
    /// After how long without news a wait says what it waits for.
    pub remind: Duration,
    /// How long an operation may go on without any progress. ECS services are waited for up to 3 h.
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
    /// For a cloud on this machine.
    pub const LOCAL: Self = Self {
        first: Duration::from_millis(100),
        longest: Duration::from_millis(400),
        patience: Duration::from_secs(60),
        remind: Duration::from_secs(30),
        stall: Duration::from_secs(900),
    };

    /// The delay after `delay`.
    #[must_use]
    pub fn next(self, delay: Duration) -> Duration {
        (delay + delay / 2).min(self.longest)
    }
}

/// Something that people want to see while they wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Progress {
    /// A step begins, or something was decided.
    Note {
        /// One sentence.
        text: String,
    },
    /// A resource changed its status.
    Resource {
        /// Logical id in the template.
        logical_id: String,
        /// CloudFormation's type.
        resource_type: String,
        /// CloudFormation's status, such as `CREATE_COMPLETE`.
        status: String,
        /// Its reason, if any.
        reason: Option<String>,
        /// Since the operation began to be followed.
        elapsed_ms: u64,
    },
    /// A step of a deploy begins.
    Step {
        /// Which one.
        step: DeployStep,
    },
    /// CloudFormation has made a plan, which isn't approved yet.
    Planned {
        /// The plan.
        plan: Plan,
    },
    /// Parts are repaired by direct calls, one after another: the state before each call and after the last one.
    Repair {
        /// Logical IDs of the parts that are repaired.
        repaired: Vec<String>,
        /// Logical IDs of the parts that aren't. Empty while they are still looked for.
        left: Vec<String>,
    },
}

/// The steps of a deploy, in order. When the stack changes in the meantime, a new plan is made and executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployStep {
    /// Asks whose account it is.
    Identify,
    /// Checks what the stack needs besides its template.
    Check,
    /// Builds the functions, makes the template, uploads assets.
    Prepare,
    /// Clears away or follows what blocks, and plans.
    Plan,
    /// CloudFormation executes the approved plan, and continues even if this process ends.
    Execute,
    /// Sets the counts of services that nothing scales, and termination protection.
    Protect,
    /// Verifies the deployed stack through the APIs of its services.
    Verify,
    /// Invokes each function once, instead of waiting for its rule.
    Measure,
}

/// What an operation works with.
pub struct Session<'a> {
    /// The SDK clients.
    pub clients: &'a Clients,
    /// How often to poll.
    pub pace: Pace,
    /// Called for everything that people want to see while they wait.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Letters, digits and hyphens, unlike those of any other run: the stem of its request tokens.
    pub run_id: String,
    /// The IAM role that CloudFormation assumes; `None`: the caller's own permissions, or the role that the stack
    /// already has.
    pub role_arn: Option<String>,
    tokens: AtomicU32,
    /// Number of drafts that are in the account just now.
    drafts: watch::Sender<usize>,
    interrupted: AtomicBool,
}

/// Something that a command made in the account only to plan, such as a change set. The command removes it, and
/// drops this then.
#[derive(Debug)]
pub(crate) struct DraftHold(watch::Sender<usize>);

impl Drop for DraftHold {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl<'a> Session<'a> {
    /// A session of the run `run_id`.
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

    /// Marks that a draft is about to be made, until the hold is dropped.
    pub(crate) fn hold_draft(&self) -> DraftHold {
        self.drafts.send_modify(|count| *count += 1);
        DraftHold(self.drafts.clone())
    }

    /// Whether a draft is in the account, which the running command removes if it isn't dropped.
    #[must_use]
    pub fn has_drafts(&self) -> bool {
        *self.drafts.borrow() > 0
    }

    /// Waits until no draft is in the account.
    pub async fn wait_for_drafts(&self) {
        // The sender lives as long as the session.
        let _ = self.drafts.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Asks the running command to end. It changes nothing more, and removes its drafts.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Whether the running command was asked to end.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Refuses the next change of a command that was asked to end.
    pub(crate) fn require_uninterrupted(&self) -> Result<()> {
        match self.is_interrupted() {
            true => Err(Error::failed("interrupted")),
            false => Ok(()),
        }
    }

    /// The same session, in which CloudFormation assumes this role.
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

    /// A client request token: the same for every retry of one request, and for no other request.
    pub(crate) fn token(&self) -> String {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        format!("{TOKEN_PREFIX}{}-{number}", self.run_id)
    }
}
