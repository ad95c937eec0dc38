//! Whom to remind of a pause that no one ends, in the metadata of the group of a stack's schedules.

use serde_json::{Value, json};

use super::types;

/// The key in the metadata of the group.
const KEY: &str = "ecs-scaler:reminds";

/// The metadata of the group of schedules. `topics`: ARNs of topics, or logical IDs of the stack's own.
pub(crate) fn reminded_metadata(topics: &[String]) -> Value {
    json!({ KEY: topics })
}

/// The topics that are reminded, as ARNs or as logical IDs of the stack's own; none if the resource is no group of schedules.
#[must_use]
pub fn read_reminded(resource: &Value) -> Vec<&str> {
    if resource["Type"] != types::SCHEDULE_GROUP {
        return Vec::new();
    }
    let topics = resource["Metadata"][KEY].as_array();
    topics
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_come_back() {
        let topics = [
            "AlarmTopic".to_owned(),
            "arn:aws:sns:eu-west-1:1:pager".to_owned(),
        ];
        let mut group =
            json!({ "Type": types::SCHEDULE_GROUP, "Metadata": reminded_metadata(&topics) });
        assert_eq!(read_reminded(&group), topics);
        group["Type"] = json!(types::TOPIC);
        assert!(read_reminded(&group).is_empty());
        assert!(read_reminded(&json!({ "Type": types::SCHEDULE_GROUP })).is_empty());
    }
}
