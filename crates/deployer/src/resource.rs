//! A resource of a deployed stack.

use serde::Serialize;

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Resource {
    /// CloudFormation's type, such as `AWS::SQS::Queue`.
    pub resource_type: String,
    /// Logical ID in the template.
    pub logical_id: String,
    /// Its ID in AWS. Empty if it was never created.
    pub physical_id: String,
    /// CloudFormation's status.
    pub status: String,
}
