//! Values as a part of a definition in YAML.

use serde_json::Value;

/// A mapping of keys to values: the part of a definition that sets these paths. A removed key is a comment.
pub(super) fn write(entries: &[(Vec<String>, Value)]) -> String {
    let mut root = Node::default();
    let mut text = String::new();
    for (path, value) in entries {
        match value {
            Value::Null => text.push_str(&format!("# remove {}\n", path.join("."))),
            value => root.insert(path, value),
        }
    }
    root.write(0, &mut text);
    text
}

/// A mapping in the order of its keys' first use, or a value.
#[derive(Default)]
struct Node {
    keys: Vec<(String, Node)>,
    value: Option<Value>,
}

impl Node {
    fn insert(&mut self, path: &[String], value: &Value) {
        let Some((first, rest)) = path.split_first() else {
            if let Value::Object(map) = value {
                for (key, value) in map {
                    self.insert(std::slice::from_ref(key), value);
                }
            } else {
                self.value = Some(value.clone());
            }
            return;
        };
        let place = match self.keys.iter().position(|(key, _)| key == first) {
            Some(place) => place,
            None => {
                self.keys.push((first.clone(), Self::default()));
                self.keys.len() - 1
            }
        };
        if let Some((_, inner)) = self.keys.get_mut(place) {
            inner.insert(rest, value);
        }
    }

    fn write(&self, indent: usize, text: &mut String) {
        for (key, node) in &self.keys {
            text.push_str(&format!("{:indent$}{}:", "", scalar(key)));
            match &node.value {
                Some(value) => text.push_str(&format!(" {}\n", flow(value))),
                None => {
                    text.push('\n');
                    node.write(indent + 2, text);
                }
            }
        }
    }
}

/// A value in one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Text, quoted unless every reader takes it as it is.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-. %/".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_word = text.parse::<f64>().is_err()
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if begins && is_word && text.chars().all(plain) && !text.ends_with(' ') {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_become_one_tree() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let text = write(&[
            (path("services.w.scaling.backlog_per_task"), Value::Null),
            (
                path("services.w.scaling.demand"),
                json!({"processing_time": "100ms"}),
            ),
            (path("services.w.tasks.min"), json!(3)),
            (path("services.w.slo"), json!("99% within 30s")),
            (
                path("services.w.tasks.schedule"),
                json!([{"min": 5, "when": "Mon-Fri 08:00-18:00"}]),
            ),
        ]);
        let expected = "\
# remove services.w.scaling.backlog_per_task
services:
  w:
    scaling:
      demand:
        processing_time: 100ms
    tasks:
      min: 3
      schedule: [{min: 5, when: \"Mon-Fri 08:00-18:00\"}]
    slo: 99% within 30s
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_could_mean_something_else_is_quoted() {
        for text in ["1", "true", "No", "", "- a", "a: b", "1e3", "#a", "a "] {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
        assert_eq!(scalar("1m30s"), "1m30s");
    }
}
