//! What is wrong with a deployed stack, as data.

use serde::Serialize;
use serde_json::Value;

/// The differences between a deployed stack and its template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// What is missing, disabled, or different.
    pub findings: Vec<Finding>,
    /// What couldn't be checked, and why. It is no finding.
    pub unchecked: Vec<Unchecked>,
}

/// A part of a stack that isn't as its template has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Logical ID in the template. An alarm that Application Auto Scaling made has its policy's.
    pub logical_id: String,
    /// CloudFormation's type.
    pub resource_type: String,
    /// What AWS calls it.
    pub physical_id: String,
    /// What is wrong.
    #[serde(flatten)]
    pub problem: Problem,
}

/// What is wrong with a part of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// It was deleted.
    Missing,
    /// It was switched off.
    Disabled {
        /// The property that is the switch, such as `State`.
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
    /// Logical ID, the stack's name, or the kind of what can't be read, such as `scaling policies`.
    pub name: String,
    /// The reason.
    pub reason: String,
}

impl Drift {
    /// Whether nothing is missing, disabled, or different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }
}
