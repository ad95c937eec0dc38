//! Overrides of the template: a JSON merge patch whose outermost keys are sections of a CloudFormation template.
//! The `template` crate knows what they can change.

use super::check::{Checker, Spot};
use crate::nearest::{listed, suggest};
use crate::path;
use crate::yaml::{Key, Node, Value};

/// Sections that a patch can change.
pub(super) const SECTIONS: [&str; 4] = ["Resources", "Outputs", "Conditions", "Mappings"];

impl Checker<'_> {
    pub(super) fn overrides(&mut self, found: &[(Key, Node)], spot: Spot<'_>) {
        for (key, node) in found {
            let path = path::key(spot.path, &key.text);
            let spot = Spot::new(node, &path, Some(key.span));
            if !SECTIONS.contains(&key.text.as_str()) {
                let message = format!("overrides can't change `{}`", key.text);
                let help = explain(&key.text);
                let labels = [(key.span, "not valid here")];
                self.findings.refuse(&path, message, &labels, help);
                continue;
            }
            self.parts(node, spot);
        }
    }

    /// Checks the parts of a section, which are mappings by logical ID. The template checks `null`.
    fn parts(&mut self, section: &Node, spot: Spot<'_>) {
        if matches!(section.value, Value::Refused) {
            return self.findings.refuse_silently(spot.path);
        }
        if !matches!(section.value, Value::Map(_)) {
            let labels = [(self.shown(spot), "no mapping")];
            let message = "expected a mapping by logical ID";
            let help = "write `{LogicalId: {…}}`; `synth` shows the logical IDs";
            return self.findings.refuse(spot.path, message, &labels, help);
        }
        for (key, node) in section.entries() {
            let path = path::key(spot.path, &key.text);
            let spot = Spot::new(node, &path, Some(key.span));
            self.place(spot);
            if !matches!(node.value, Value::Refused) && node.to_json().is_none() {
                let labels = [(self.shown(spot), "not in JSON")];
                let message = "a value in here has no form in JSON";
                let help =
                    "write numbers from -2^63 to 2^63-1, and text in place of `.nan` and `.inf`";
                self.findings.refuse(&path, message, &labels, help);
            }
        }
    }
}

/// Why a section can't be changed, or which one was probably meant.
fn explain(section: &str) -> String {
    let reason = match section {
        "Parameters" => "a deploy sets the template's parameters: write the value itself",
        "Metadata" | "Description" => "it marks the stack as created by ecs-scaler",
        "Transform" | "Hooks" | "Rules" | "AWSTemplateFormatVersion" => {
            "a macro or a rule could change the planned and checked template"
        }
        other => {
            return suggest(other, SECTIONS, || {
                format!(
                    "the keys are {}; the parts of a resource are under `Resources`, by its logical ID",
                    listed(SECTIONS)
                )
            });
        }
    };
    reason.to_owned()
}
