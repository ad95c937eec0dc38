//! The variables that AWS Copilot gives a worker, for workers that migrate from Copilot.
//!
//! Source: aws/copilot-cli, `internal/pkg/template/templates/workloads/partials/cf/envvars-common.yml` and
//! `internal/pkg/template/template_functions.go`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stack::{ServiceSpec, Stack};

use crate::resolved::ResolvedService;
use crate::text::Text;

const APPLICATION: &str = "COPILOT_APPLICATION_NAME";
const ENVIRONMENT: &str = "COPILOT_ENVIRONMENT_NAME";
const SERVICE: &str = "COPILOT_SERVICE_NAME";

/// The environment of a definition that has none.
const NO_ENVIRONMENT: &str = "default";

/// The name of the queue of a single topic: `SERVICETopicEventsQueue`.
const TOPIC_QUEUE: &str = "EventsQueue";

pub(super) fn list_variables(
    stack: &Stack,
    service: &ResolvedService<'_>,
    spec: &ServiceSpec,
) -> Vec<(String, Value)> {
    let environment = stack.environment.as_deref().unwrap_or(NO_ENVIRONMENT);
    let names = [
        (APPLICATION, stack.application()),
        (ENVIRONMENT, environment),
        (SERVICE, service.short),
    ];
    // A worker can still have its old name.
    let names = names.map(|(variable, name)| {
        let own = spec.environment.get(variable).map(String::as_str);
        (variable, own.unwrap_or(name))
    });
    let topics = map_topics(spec, &names.map(|(_, name)| name));
    let queue = service.queues.first().map(|queue| queue.url.value());
    let maps = [
        ("COPILOT_QUEUE_URI", queue),
        ("COPILOT_TOPIC_QUEUE_URIS", map_topic_queues(service)),
        ("COPILOT_SNS_TOPIC_ARNS", topics),
    ];
    let maps = maps
        .into_iter()
        .filter_map(|(variable, value)| Some((variable.to_owned(), value?)));
    let names = names
        .into_iter()
        .map(|(variable, name)| (variable.to_owned(), json!(name)));
    names.chain(maps).collect()
}

/// The URLs of the queues with one topic each, by the queues' keys. If there are none, Copilot sets no variable.
fn map_topic_queues(service: &ResolvedService<'_>) -> Option<Value> {
    let queues = service.queues.iter();
    let queues: Vec<_> = queues
        .filter(|queue| queue.short.ends_with(TOPIC_QUEUE))
        .collect();
    let mut parts = Vec::new();
    for queue in &queues {
        let before = if parts.is_empty() { "{" } else { "\"," };
        // A key contains only letters, digits, and hyphens.
        parts.push(Text::from(format!("{before}\"{}\":\"", queue.short)));
        parts.push(queue.url.clone());
    }
    parts.push("\"}".into());
    (!queues.is_empty()).then(|| Text::concat(parts).value())
}

/// The ARNs of the topics by their names in the manifest. In Copilot's topic names, the publisher's names come
/// first.
fn map_topics(spec: &ServiceSpec, names: &[&str]) -> Option<Value> {
    let prefix = format!("{}-", names.join("-"));
    let topics = spec.publishes.iter().map(|arn| {
        let name = arn.rsplit(':').next().unwrap_or_default();
        let name = name.strip_prefix(&prefix).unwrap_or(name);
        (name.to_owned(), json!(arn))
    });
    let topics: BTreeMap<String, Value> = topics.collect();
    (!topics.is_empty()).then(|| json!(topics).to_string().into())
}
