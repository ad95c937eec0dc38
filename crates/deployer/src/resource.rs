//! A resource of a deployed stack.

use serde::Serialize;

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Resource {
    /// CloudFormation's type, such as `AWS::SQS::Queue`.
    pub resource_type: String,
    /// Logical id in the template.
    pub logical_id: String,
    /// What AWS calls it; empty when it was never made.
    pub physical_id: String,
    /// CloudFormation's status.
    pub status: String,
}
