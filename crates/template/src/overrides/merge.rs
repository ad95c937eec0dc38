//! JSON merge patch, as defined in RFC 7396, except that CloudFormation functions are values.

use serde_json::{Map, Value};

/// Merges a patch into a value: mappings are merged, `null` removes, and everything else replaces.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Some(entries) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    // CloudFormation doesn't accept two functions in one mapping, or a function among properties.
    if !target.is_object() || is_function(target) || is_function(patch) {
        *target = Value::Object(Map::new());
    }
    if let Some(fields) = target.as_object_mut() {
        for (name, value) in entries {
            if value.is_null() {
                fields.remove(name);
            } else {
                merge(fields.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

/// Whether a value is a CloudFormation function, such as `{"Ref": "Queue"}`.
pub(super) fn is_function(value: &Value) -> bool {
    let fields = value.as_object().filter(|fields| fields.len() == 1);
    let mut names = fields.into_iter().flat_map(Map::keys);
    names.any(|name| name == "Ref" || name.starts_with("Fn::"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 7396, appendix A: original, patch, result.
    #[test]
    fn it_does_what_the_rfc_shows() {
        for (original, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!([1, 2]),
                json!({"a": "b", "c": null}),
                json!({"a": "b"}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            let mut merged = original.clone();
            merge(&mut merged, &patch);
            assert_eq!(merged, expected, "{original} {patch}");
        }
    }

    #[test]
    fn a_function_is_replaced_and_not_merged() {
        let of = json!({"Fn::GetAtt": ["Role", "Arn"]});
        for (original, patch) in [
            (json!({"Ref": "Queue"}), of.clone()),
            (json!({"A": 1, "B": 2}), of),
            (json!({"Ref": "Queue"}), json!({"A": 1})),
        ] {
            let mut merged = original;
            merge(&mut merged, &patch);
            assert_eq!(merged, patch);
        }
    }
}
