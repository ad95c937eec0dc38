//! The reviewed table: the meaning of a replacement, an unset property, or a removal for a running stack.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{Finding, Kind};

type Key = (String, String, String);

/// The table of `docs/updates.md`.
pub(super) struct Consequences {
    rows: BTreeMap<Key, String>,
    seen: BTreeSet<Key>,
    unknown: BTreeSet<Key>,
}

impl Consequences {
    pub(super) fn read() -> Self {
        let file = crate::stacks::root().join("docs/updates.md");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let rows = text.lines().filter_map(|line| {
            let cells: Vec<&str> = line
                .split('|')
                .map(|cell| cell.trim().trim_matches('`'))
                .collect();
            match cells[..] {
                ["", kind, resource_type, property, plan, _, ""]
                    if resource_type.starts_with("AWS::") =>
                {
                    let key = (
                        kind.to_owned(),
                        resource_type.to_owned(),
                        property.to_owned(),
                    );
                    Some((key, plan.to_owned()))
                }
                _ => None,
            }
        });
        Self {
            rows: rows.collect(),
            seen: BTreeSet::new(),
            unknown: BTreeSet::new(),
        }
    }

    /// Records that an update has this finding. Returns false for a change in place without a consequence.
    pub(super) fn note(&mut self, finding: &Finding) -> bool {
        let key = finding.key();
        let any = (key.0.clone(), key.1.clone(), "any".to_owned());
        if self.rows.contains_key(&key) {
            self.seen.insert(key);
        } else if self.rows.contains_key(&any) {
            self.seen.insert(any);
        } else if finding.kind == Kind::Changed {
            return false;
        } else {
            self.unknown.insert(key);
        }
        true
    }

    /// Every finding has a row, and every row has a finding.
    pub(super) fn assert_complete(&self) {
        let unused: Vec<&Key> = self
            .rows
            .keys()
            .filter(|key| !self.seen.contains(*key))
            .collect();
        assert!(
            self.unknown.is_empty() && unused.is_empty(),
            "docs/updates.md has no row for {:#?}, and rows for what doesn't happen: {unused:#?}",
            self.unknown
        );
    }
}
