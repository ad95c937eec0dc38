//! Problems of a deployed stack, as data.

use serde::Serialize;
use serde_json::Value;

/// The differences between a deployed stack and its template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// A missing, disabled, or different resource.
    pub findings: Vec<Finding>,
    /// What couldn't be checked, and why. These aren't findings.
    pub unchecked: Vec<Unchecked>,
}

/// A part of a stack that differs from its template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Logical ID in the template. For an alarm that Application Auto Scaling created, the ID of its policy.
    pub logical_id: String,
    /// CloudFormation's type.
    pub resource_type: String,
    /// Its ID in AWS.
    pub physical_id: String,
    /// Its problem.
    #[serde(flatten)]
    pub problem: Problem,
}

/// The problem with a part of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// It was deleted.
    Missing,
    /// It was disabled.
    Disabled {
        /// The property that disables it, such as `State`.
        property: String,
    },
    /// A property has another value.
    Different {
        /// Path of the property, such as `TargetTrackingScalingPolicyConfiguration.TargetValue`.
        property: String,
        /// The template's value.
        expected: Value,
        /// The value that the service returned. `null` if there is none.
        found: Value,
    },
}

/// A part that couldn't be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unchecked {
    /// Logical ID, the stack's name, or the kind of part that can't be read, such as `scaling policies`.
    pub name: String,
    /// The reason.
    pub reason: String,
}

impl Drift {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }
}
