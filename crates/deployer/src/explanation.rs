//! What a plan shows in addition to CloudFormation's change set: the changes in the definition, and the values of
//! properties.

use std::collections::BTreeMap;

use serde_json::Value;
use stack::{Place, Stack, ValueChange, compare_records};
use template::contract::read_definition;
use template::{Template, compare_resources, find_origin};

use crate::follow::Cause;
use crate::plan::Plan;

/// Explains a plan. Empty for a stack that is created.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// The differences between the definitions, by their keys.
    pub words: Vec<ValueChange>,
    /// What differs in the properties of each resource, by logical ID.
    pub values: BTreeMap<String, Vec<ValueChange>>,
    /// Whether the deployed template doesn't contain its definition, so that `words` isn't known.
    pub is_unrecorded: bool,
    /// The place in the definition that each resource comes from, by logical ID.
    pub places: BTreeMap<String, Place>,
}

impl Explanation {
    /// Compares the deployed template with the one that follows it.
    pub(crate) fn of(deployed: &Value, new: &Value) -> Self {
        let records = read_definition(deployed).zip(read_definition(new));
        let words = records.and_then(|(old, new)| compare_records(old, new));
        Self {
            is_unrecorded: words.is_none(),
            words: words.unwrap_or_default(),
            values: compare_resources(deployed, new),
            places: BTreeMap::new(),
        }
    }

    /// Adds the place in the definition that each resource comes from.
    pub(crate) fn locate(mut self, stack: &Stack, template: &Template) -> Self {
        let place = |id: &str| stack.written.place(&find_origin(stack, id)?).cloned();
        let ids = template.resources().map(|(id, _)| id);
        self.places = ids
            .filter_map(|id| Some((id.to_owned(), place(id)?)))
            .collect();
        self
    }

    /// Adds the places of the resources that failed.
    pub(crate) fn locate_causes(&self, causes: &mut [Cause]) {
        for cause in causes {
            cause.definition = self.places.get(&cause.logical_id).cloned();
        }
    }
}

impl Plan {
    /// Adds the explanation of the change.
    pub(crate) fn explain(&mut self, explanation: &Explanation) {
        self.words.clone_from(&explanation.words);
        for change in &mut self.changes {
            let values = explanation.values.get(&change.logical_id);
            change.values = values.cloned().unwrap_or_default();
        }
    }
}
