//! Selects log groups.

use serde::Serialize;
use serde_json::Value;
use template::contract::{function_logs, types};
use template::names;

use crate::deployed_stack::DeployedStack;
use crate::error::{Error, Kind, Result};
use crate::resource::Resource;

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogSource {
    /// Its name.
    pub group: String,
}

/// Selects the metric function.
const METRIC: &str = "metric";
/// Selects all scaling functions.
const SCALING: &str = "scaling";

impl DeployedStack {
    /// Returns the log groups that `what` selects: the tasks of a service in the definition, the metric function
    /// for `metric`, or all scaling functions for `scaling`.
    ///
    /// # Errors
    /// If the stack has no such log group.
    pub fn log_sources(&self, what: &str) -> Result<Vec<LogSource>> {
        let group = |id: &str| self.find(types::LOG_GROUP, id);
        let functions = self.of_type(types::FUNCTION).map(|one| &*one.logical_id);
        let (metric, scaling): (Vec<&str>, Vec<&str>) =
            functions.partition(|id| *id == names::METRIC_FUNCTION);
        let logs = |functions: &[&str]| -> Vec<&Resource> {
            let groups = functions.iter();
            groups.filter_map(|id| group(&function_logs(id))).collect()
        };
        let found = match (self.service_log_group(what), what) {
            (Some(tasks), _) => vec![tasks],
            (None, METRIC) => logs(&metric),
            (None, SCALING) => logs(&scaling),
            (None, _) => Vec::new(),
        };
        if found.is_empty() {
            return Err(self.no_logs(what));
        }
        let groups = found.into_iter().map(|group| LogSource {
            group: group.physical_id.clone(),
        });
        Ok(groups.collect())
    }

    /// Returns where a log router sends a service's logs, such as `kinesis_firehose (delivery_stream orders)`. `None` if
    /// they are in the service's log group.
    #[must_use]
    pub fn routed_logs(&self, what: &str) -> Option<String> {
        let service = self.find_service(what).ok()?;
        let id = names::task_definition(&service.name);
        let containers = self.property(&id, "ContainerDefinitions").as_array()?;
        let mut logs = containers.iter().map(|one| &one["LogConfiguration"]);
        let routed = logs.find(|logs| logs["LogDriver"] == "awsfirelens")?;
        Some(describe_destination(&routed["Options"]))
    }

    /// Finds a service by its name in the definition or in ECS.
    fn service_log_group(&self, what: &str) -> Option<&Resource> {
        let of_short = |short: &str| self.find(types::LOG_GROUP, &names::service_log_group(short));
        let service = self.find_service(what).ok()?;
        of_short(&service.name)
    }

    fn no_logs(&self, what: &str) -> Error {
        let stack = &self.stack.name;
        let mut names: Vec<String> = self.services().map(|service| service.name).collect();
        let functions: Vec<&str> = self
            .of_type(types::FUNCTION)
            .map(|one| &*one.logical_id)
            .collect();
        if functions.contains(&names::METRIC_FUNCTION) {
            names.push(METRIC.to_owned());
        }
        if functions.iter().any(|id| *id != names::METRIC_FUNCTION) {
            names.push(SCALING.to_owned());
        }
        let error = format!("the stack {stack} has no log group for {what}");
        let error = Error::new(Kind::Usage, error);
        match names.is_empty() {
            true => error,
            false => error.hint(format!("it has one for: {}", names.join(", "))),
        }
    }
}

/// Options of Fluent Bit's outputs that say where the logs are. Others can be secrets.
const PLACES: [&str; 5] = [
    "delivery_stream",
    "stream",
    "log_group_name",
    "bucket",
    "host",
];

/// `options`: those of one output of Fluent Bit, whose names ignore case.
fn describe_destination(options: &Value) -> String {
    let option = |name: &str| {
        let mut options = options.as_object().into_iter().flatten();
        let (key, value) = options.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some((key, value.as_str()?))
    };
    let Some((_, output)) = option("name") else {
        return "what the router's own configuration names".to_owned();
    };
    let place = PLACES.into_iter().find_map(option);
    let place = place.map_or_else(String::new, |(key, value)| format!(" ({key} {value})"));
    format!("{output}{place}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_destination_is_named_without_secrets() {
        for (options, expected) in [
            (
                json!({ "Name": "kinesis_firehose", "region": "us-west-2", "delivery_stream": "audit" }),
                "kinesis_firehose (delivery_stream audit)",
            ),
            (
                json!({ "name": "http", "Host": "logs.example.com", "header": "Authorization abc" }),
                "http (Host logs.example.com)",
            ),
            (json!({ "Name": "datadog", "apikey": "abc" }), "datadog"),
            (json!(null), "what the router's own configuration names"),
        ] {
            assert_eq!(describe_destination(&options), expected);
        }
    }
}
