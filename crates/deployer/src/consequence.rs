//! What a change does to the running system. `docs/updates.md` has the whole table.

use serde::Serialize;
use template::contract::types;

use crate::action::Action;
use crate::deploy::is_importable;

/// What a change of a resource does to its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Consequence {
    /// How much it matters.
    pub effect: Effect,
    /// What the change does, such as `deletes its messages`.
    pub text: &'static str,
}

/// How much a consequence matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Deletes messages or interrupts running work. Must be allowed explicitly.
    DataLoss,
    /// The service is unavailable for a time, or at its old address.
    Interrupts,
    /// The change can't succeed, so `deploy` refuses the plan.
    Fails,
}

/// A shorter retention deletes the messages that are older.
pub(crate) const SHORTER_RETENTION: Consequence = Consequence {
    effect: Effect::DataLoss,
    text: "deletes messages that are older than the new retention",
};

impl Consequence {
    /// The creation of a resource whose name is taken by the one that stays.
    pub(crate) fn fails(resource_type: &str) -> Self {
        let text = match is_importable(resource_type) {
            true => {
                "fails, because the one that stays has its name: `destroy`, then `import resources`"
            }
            false => {
                "fails, because the one that stays has its name: `destroy`, then change the name"
            }
        };
        let effect = Effect::Fails;
        Self { effect, text }
    }

    /// Returns the consequence of an action on a resource. `properties` are the properties that change.
    #[must_use]
    pub fn find(action: Action, resource_type: &str, properties: &[String]) -> Option<Self> {
        let changes = |names: &[&str]| {
            action == Action::Change && properties.iter().any(|name| names.contains(&name.as_str()))
        };
        let ends = matches!(
            action,
            Action::Remove | Action::Replace | Action::MayReplace
        );
        let is_replaced = ends && action != Action::Remove;
        let (effect, text) = match resource_type {
            types::QUEUE if ends => (Effect::DataLoss, "deletes its messages"),
            types::SERVICE if ends => (Effect::DataLoss, "stops its tasks"),
            types::LOAD_BALANCER if is_replaced => (Effect::Interrupts, "changes its address"),
            types::LOAD_BALANCER if ends => (Effect::Interrupts, "makes its address unreachable"),
            types::TARGET_GROUP if is_replaced => (
                Effect::Interrupts,
                "leaves the load balancer without targets until new tasks are healthy",
            ),
            types::LISTENER if changes(&["Port", "Protocol"]) => {
                (Effect::Interrupts, "closes the old port or protocol")
            }
            other if ends && !is_ours(other) => (
                Effect::DataLoss,
                "deletes a resource of `overrides`, with its contents",
            ),
            _ => return None,
        };
        Some(Self { effect, text })
    }
}

/// Whether our templates contain resources of this type. The effects on other types, added by `overrides`,
/// aren't known.
fn is_ours(resource_type: &str) -> bool {
    template::permissions::list_handler_actions().contains_key(resource_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(update: &str) -> Option<Action> {
        match update {
            "replaced" => Some(Action::Replace),
            "may be replaced" => Some(Action::MayReplace),
            "removed" => Some(Action::Remove),
            "changed" | "unset" => Some(Action::Change),
            _ => None,
        }
    }

    /// Compares the code with the table that the update matrix is checked against, row by row.
    #[test]
    fn the_plan_says_what_the_documentation_does() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join("../../docs/updates.md")).unwrap();
        let mut rows = 0;
        for line in text.lines() {
            let cells: Vec<&str> = line
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect();
            let ["", update, resource_type, property, plan, _, ""] = cells[..] else {
                continue;
            };
            let Some(action) = action(update) else {
                continue;
            };
            let found = Consequence::find(action, resource_type, &[property.to_owned()]);
            let expected = match found.map(|found| found.effect) {
                Some(Effect::DataLoss) => "data loss",
                Some(Effect::Interrupts) => "interrupts",
                Some(Effect::Fails) => "fails",
                None => "-",
            };
            assert_eq!(plan, expected, "{line}");
            rows += 1;
        }
        assert!(rows > 40, "{rows} rows");
    }

    /// The update from version 0.1.0 replaces target groups. No definition does so anymore.
    #[test]
    fn a_replaced_target_group_interrupts() {
        let found = Consequence::find(Action::Replace, types::TARGET_GROUP, &["Port".to_owned()]);
        assert_eq!(found.unwrap().effect, Effect::Interrupts);
        for action in [Action::Add, Action::Change, Action::Remove] {
            let found = Consequence::find(action, types::TARGET_GROUP, &["Port".to_owned()]);
            assert!(found.is_none(), "{action:?}");
        }
    }

    /// A table holds data, and so might any other resource that `overrides` adds.
    #[test]
    fn the_end_of_a_resource_that_overrides_added_is_a_loss() {
        for action in [Action::Remove, Action::Replace, Action::MayReplace] {
            let found = Consequence::find(action, "AWS::DynamoDB::Table", &[]);
            assert_eq!(found.unwrap().effect, Effect::DataLoss, "{action:?}");
        }
        assert!(Consequence::find(Action::Add, "AWS::DynamoDB::Table", &[]).is_none());
        assert!(Consequence::find(Action::Remove, types::LOG_GROUP, &[]).is_none());
    }

    #[test]
    fn a_load_balancer_gets_another_address_or_loses_it() {
        let text = |action| {
            let found = Consequence::find(action, types::LOAD_BALANCER, &[]);
            found.map(|found| found.text)
        };
        assert_eq!(text(Action::Replace), Some("changes its address"));
        assert_eq!(text(Action::MayReplace), Some("changes its address"));
        assert_eq!(text(Action::Remove), Some("makes its address unreachable"));
        assert_eq!(text(Action::Change), None);
    }
}
