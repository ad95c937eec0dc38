//! CloudFormation's statuses as our own types, and the next step for each.

use aws_sdk_cloudformation::types::StackStatus as SdkStatus;
use serde::Serialize;

/// Status of a stack, reduced to the facts that decide the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The stack doesn't exist, or it was deleted.
    Absent,
    /// Only a change set exists: `REVIEW_IN_PROGRESS`.
    InReview,
    /// An operation is in progress.
    Busy(Operation),
    /// Deployed, and ready for an update.
    Ready {
        /// Whether the last update failed and was rolled back.
        rolled_back: bool,
    },
    /// The first create failed. CloudFormation can only delete the stack.
    NeverCreated,
    /// The first create failed and wasn't rolled back, because rollback was off.
    HalfCreated,
    /// A deletion failed halfway.
    HalfDeleted,
    /// An update failed, and its rollback failed too.
    HalfRolledBack,
    /// An update failed and wasn't rolled back, because rollback was off.
    HalfUpdated,
    /// An import failed, and its rollback failed too.
    HalfImported,
}

/// The operation that is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `CREATE_IN_PROGRESS`.
    Create,
    /// `UPDATE_IN_PROGRESS` and its cleanup, or an import.
    Update,
    /// A rollback of any kind.
    Rollback,
    /// `DELETE_IN_PROGRESS`.
    Delete,
}

/// A status that this version doesn't know, or from a truncated reply. It must be read again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CloudFormation answered with the unknown stack status {0:?}")]
pub struct UnknownStatus(String);

impl Status {
    /// Whether no operation is in progress.
    #[must_use]
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Busy(_))
    }

    /// Whether the stack has resources. If so, an empty list of resources is a broken reply.
    pub(crate) fn has_resources(self) -> bool {
        matches!(
            self,
            Self::Ready { .. }
                | Self::HalfCreated
                | Self::HalfDeleted
                | Self::HalfRolledBack
                | Self::HalfUpdated
                | Self::HalfImported
        )
    }
}

impl Operation {
    /// Returns its name for a sentence: "a … is in progress".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Rollback => "rollback",
            Self::Delete => "delete",
        }
    }
}

impl TryFrom<&SdkStatus> for Status {
    type Error = UnknownStatus;

    fn try_from(status: &SdkStatus) -> Result<Self, UnknownStatus> {
        Ok(match status {
            SdkStatus::DeleteComplete => Self::Absent,
            SdkStatus::ReviewInProgress => Self::InReview,
            SdkStatus::CreateInProgress => Self::Busy(Operation::Create),
            SdkStatus::UpdateInProgress
            | SdkStatus::UpdateCompleteCleanupInProgress
            | SdkStatus::ImportInProgress => Self::Busy(Operation::Update),
            SdkStatus::RollbackInProgress
            | SdkStatus::UpdateRollbackInProgress
            | SdkStatus::UpdateRollbackCompleteCleanupInProgress
            | SdkStatus::ImportRollbackInProgress => Self::Busy(Operation::Rollback),
            SdkStatus::DeleteInProgress => Self::Busy(Operation::Delete),
            SdkStatus::CreateComplete | SdkStatus::UpdateComplete | SdkStatus::ImportComplete => {
                Self::Ready { rolled_back: false }
            }
            SdkStatus::UpdateRollbackComplete | SdkStatus::ImportRollbackComplete => {
                Self::Ready { rolled_back: true }
            }
            SdkStatus::CreateFailed | SdkStatus::RollbackComplete | SdkStatus::RollbackFailed => {
                Self::NeverCreated
            }
            SdkStatus::DeleteFailed => Self::HalfDeleted,
            SdkStatus::UpdateRollbackFailed => Self::HalfRolledBack,
            SdkStatus::ImportRollbackFailed => Self::HalfImported,
            SdkStatus::UpdateFailed => Self::HalfUpdated,
            other => return Err(UnknownStatus(other.as_str().to_owned())),
        })
    }
}

/// The next step of a deploy for the stack's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Make a change set that creates the stack.
    Create,
    /// Make a change set that updates the stack.
    Update,
    /// Follow the operation in progress, then check again.
    Follow(Operation),
    /// Make a change set that updates the stack from the state that the failed operation left. If
    /// CloudFormation refuses, recover the stack.
    UpdateOr(Recovery),
    /// Recover the stack, then check again.
    Recover(Recovery),
    /// Refuse: no request of CloudFormation is known to be right.
    Refuse,
}

/// How to recover a stuck stack. A plan shows it, and must be approved first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Delete the rest of the stack, because CloudFormation allows nothing else.
    Delete,
    /// Undo the failed update.
    RollBack,
    /// Continue the rollback that failed.
    ContinueRollback,
}

/// Returns the next step of a deploy. A stack in review belongs to a run that was interrupted before its change
/// set, or to one that is still active. Our own create change set works for both.
///
/// Source of the recoveries: AWS CloudFormation API Reference. `ContinueUpdateRollback` is for `UPDATE_ROLLBACK_FAILED` only, and
/// `RollbackStack` for `CREATE_FAILED` and `UPDATE_FAILED` only: none is for the rollback of an import.
#[must_use]
pub fn next_step(status: Status) -> NextStep {
    match status {
        Status::Absent | Status::InReview => NextStep::Create,
        Status::Busy(operation) => NextStep::Follow(operation),
        Status::Ready { .. } => NextStep::Update,
        Status::NeverCreated | Status::HalfDeleted => NextStep::Recover(Recovery::Delete),
        Status::HalfCreated => NextStep::UpdateOr(Recovery::Delete),
        Status::HalfUpdated => NextStep::UpdateOr(Recovery::RollBack),
        Status::HalfRolledBack => NextStep::Recover(Recovery::ContinueRollback),
        Status::HalfImported => NextStep::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_that_the_sdk_knows_is_ours_too() {
        for name in SdkStatus::values() {
            let status = SdkStatus::from(*name);
            assert!(Status::try_from(&status).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_status_is_busy_just_when_its_name_says_so() {
        for name in SdkStatus::values() {
            let busy = name.ends_with("_IN_PROGRESS") && *name != "REVIEW_IN_PROGRESS";
            let status = Status::try_from(&SdkStatus::from(*name)).unwrap();
            assert_eq!(status.is_settled(), !busy, "{name}");
        }
    }

    #[test]
    fn an_unknown_status_is_an_error_to_read_again() {
        let error = Status::try_from(&SdkStatus::from("NO_SUCH")).unwrap_err();
        assert!(error.to_string().contains("NO_SUCH"));
    }

    #[test]
    fn every_stuck_stack_has_a_way_out() {
        let next = |name| next_step(Status::try_from(&SdkStatus::from(name)).unwrap());
        for name in [
            "ROLLBACK_COMPLETE",
            "CREATE_FAILED",
            "ROLLBACK_FAILED",
            "DELETE_FAILED",
        ] {
            let step = NextStep::Recover(Recovery::Delete);
            assert_eq!(next(name), step, "{name}");
        }
        assert_eq!(
            next("UPDATE_ROLLBACK_FAILED"),
            NextStep::Recover(Recovery::ContinueRollback)
        );
        assert_eq!(
            next("UPDATE_FAILED"),
            NextStep::UpdateOr(Recovery::RollBack)
        );
        assert_eq!(
            next_step(Status::HalfCreated),
            NextStep::UpdateOr(Recovery::Delete)
        );
        assert_eq!(next("IMPORT_ROLLBACK_FAILED"), NextStep::Refuse);
        for name in ["REVIEW_IN_PROGRESS", "DELETE_COMPLETE"] {
            assert_eq!(next(name), NextStep::Create, "{name}");
        }
        assert_eq!(next("UPDATE_ROLLBACK_COMPLETE"), NextStep::Update);
        assert_eq!(
            next("UPDATE_IN_PROGRESS"),
            NextStep::Follow(Operation::Update)
        );
    }
}
