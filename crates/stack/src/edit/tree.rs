//! The intended tree of an edit.

use super::change::{Edit, NewValue};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

/// The tree after an edit; `None` if its path doesn't exist, or leads through something that isn't a mapping.
pub(super) fn apply_edit(root: &Node, edit: &Edit) -> Option<Node> {
    let mut root = root.clone();
    let (last, outer) = edit.path.split_last()?;
    let mut node = &mut root;
    for key in outer {
        let Value::Map(entries) = &mut node.value else {
            return None;
        };
        let at = entries.iter().position(|(found, _)| found.text == *key);
        let at = match (at, edit.value()) {
            (Some(at), _) => at,
            (None, Some(_)) => {
                entries.push((make_key(key), make_node(Value::Map(Vec::new()))));
                entries.len() - 1
            }
            // The key to remove or rename doesn't exist.
            (None, None) => return (edit.to == NewValue::Gone).then_some(root),
        };
        node = &mut entries.get_mut(at)?.1;
    }
    let Value::Map(entries) = &mut node.value else {
        return None;
    };
    change_entry(entries, last, edit)?;
    Some(root)
}

fn change_entry(entries: &mut Vec<(Key, Node)>, last: &str, edit: &Edit) -> Option<()> {
    let at = entries.iter().position(|(found, _)| found.text == last);
    match (&edit.to, at) {
        (NewValue::Gone, None) => {}
        (NewValue::Gone, Some(at)) => {
            entries.remove(at);
        }
        (NewValue::Key(key), Some(at)) => {
            if entries.iter().any(|(found, _)| found.text == *key) {
                return None;
            }
            entries.get_mut(at)?.0.text = (*key).to_owned();
        }
        (NewValue::Key(_), None) => return None,
        (NewValue::Text(_) | NewValue::Number(_), at) => {
            let value = edit.value()?;
            match at.and_then(|at| entries.get_mut(at)) {
                // A complete mapping or list is more than one value.
                Some((_, node)) if matches!(node.value, Value::Map(_) | Value::Seq(_)) => {
                    return None;
                }
                Some((_, node)) => node.value = value,
                None => entries.push((make_key(last), make_node(value))),
            }
        }
    }
    Some(())
}

fn make_key(key: &str) -> Key {
    Key {
        text: key.to_owned(),
        span: Span::default(),
    }
}

fn make_node(value: Value) -> Node {
    Node {
        span: Span::default(),
        value,
    }
}

/// Whether two trees have the same content, at any position; the order of keys is ignored.
pub(super) fn are_equal(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Map(first), Value::Map(second)) => {
            first.len() == second.len()
                && first
                    .iter()
                    .all(|(key, node)| b.get(&key.text).is_some_and(|other| are_equal(node, other)))
        }
        (Value::Seq(first), Value::Seq(second)) => {
            first.len() == second.len() && first.iter().zip(second).all(|(a, b)| are_equal(a, b))
        }
        (Value::Float(first), Value::Float(second)) => first.to_bits() == second.to_bits(),
        (first, second) => first == second,
    }
}
