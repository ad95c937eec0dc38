//! Rules among the keys of a mapping, and among the items of a list.

use super::check::{Checker, Spot};
use super::kind::{Misfit, Object, Rule};
use crate::findings::Finding;
use crate::nearest::listed;
use crate::path;
use crate::yaml::{Key, Node};

impl Checker<'_> {
    /// Checks the rules of an object, except rules about misspelled keys.
    pub(super) fn rules(&mut self, object: &Object, misspelt: &[&str], spot: Spot<'_>) {
        for rule in object.rules {
            match rule {
                Rule::OneOf(keys) => self.one_of(keys, misspelt, spot),
                Rule::AnyOf(keys) => self.any_of(keys, misspelt, spot),
                Rule::Needs(key, other) => self.needs(key, other, misspelt, spot),
                Rule::Elsewhere(..) => {}
                Rule::Also(look) => self.misfit(look(spot.node), spot),
            }
        }
    }

    /// Refuses a value that doesn't match the others.
    pub(super) fn misfit(&mut self, misfit: Option<Misfit>, spot: Spot<'_>) {
        let Some(misfit) = misfit else {
            return;
        };
        let path = format!("{}{}", spot.path, misfit.at);
        let finding = Finding::error(misfit.message)
            .at(path.as_str(), misfit.label)
            .help(misfit.help);
        self.findings.report(finding);
        self.findings.refuse_silently(&path);
    }

    fn one_of(&mut self, keys: &[&str], misspelt: &[&str], spot: Spot<'_>) {
        let given = given(keys, spot.node);
        match given.as_slice() {
            [] => self.any_of(keys, misspelt, spot),
            [_] => {}
            [first, second, ..] => {
                let message = format!("`{}` and `{}` exclude each other", first.text, second.text);
                let labels = [(second.span, "one too many"), (first.span, "already here")];
                let names = given.iter().map(|key| key.text.as_str());
                let help = format!("keep one of {}", listed(names));
                self.findings.refuse(spot.path, message, &labels, help);
            }
        }
    }

    fn any_of(&mut self, keys: &[&str], misspelt: &[&str], spot: Spot<'_>) {
        if !given(keys, spot.node).is_empty() || keys.iter().any(|key| misspelt.contains(key)) {
            return;
        }
        let shown = self.shown(spot);
        let names = listed(keys.iter().copied());
        let message = format!("`{}` has none of {names}", spot.path);
        let labels = [(shown, "lacks one")];
        self.findings
            .refuse(spot.path, message, &labels, "add one of them");
    }

    fn needs(&mut self, key: &str, other: &str, misspelt: &[&str], spot: Spot<'_>) {
        let Some(found) = given(&[key], spot.node).first().copied() else {
            return;
        };
        if spot.node.has(other) || misspelt.contains(&other) {
            return;
        }
        let message = format!("`{key}` requires `{other}`");
        let labels = [(found.span, "not alone")];
        let help = format!("add `{other}: …`, or remove `{key}`");
        let path = path::key(spot.path, key);
        self.findings.refuse(&path, message, &labels, help);
    }
}

/// The keys that a mapping has, in the file's order.
fn given<'n>(keys: &[&str], node: &'n Node) -> Vec<&'n Key> {
    let entries = node.entries().iter().map(|(key, _)| key);
    entries
        .filter(|key| keys.contains(&key.text.as_str()))
        .collect()
}
