//! The queues that a service consumes: from its environment variables, its role, its tags, or from the user.

use std::collections::BTreeMap;

use super::readings::{ServiceReading, TaskReading};
use super::role_policy::{QueueGrant, queue_grants};

/// A queue as written by the user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueName {
    /// Its ARN.
    Arn(String),
    /// Its URL; account and name are at its end.
    Url {
        /// Account ID.
        account: String,
        /// Name.
        name: String,
    },
    /// Only its name, in the service's own account.
    Name(String),
}

/// A queue that the service might consume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The queue.
    pub queue: QueueName,
    /// Where it was found, for people: text after "from".
    pub found: String,
    /// Whether it is a guess that the text is a queue's name at all.
    pub unsure: bool,
}

/// An existing candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueChoice {
    /// ARN.
    pub arn: String,
    /// Where it was found.
    pub found: String,
    /// ARN of its dead-letter queue.
    pub dead_letter: Option<String>,
}

/// Reads a queue's ARN, URL, or name; `None` for anything else.
#[must_use]
pub fn parse_queue(text: &str) -> Option<QueueName> {
    let text = text.trim();
    if text.starts_with("arn:") {
        let parts: Vec<&str> = text.split(':').collect();
        let is_queue = parts.len() == 6 && parts[2] == "sqs" && is_name(parts[5]);
        return is_queue.then(|| QueueName::Arn(text.to_owned()));
    }
    if let Some((_, rest)) = text.split_once("://") {
        let mut parts = rest.trim_end_matches('/').rsplit('/');
        let (name, account) = (parts.next()?, parts.next()?);
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        return (is_account && is_name(name)).then(|| QueueName::Url {
            account: account.to_owned(),
            name: name.to_owned(),
        });
    }
    is_name(text).then(|| QueueName::Name(text.to_owned()))
}

/// Letters, digits, hyphens, and underscores, at most 80 with `.fifo`. Source: "Amazon SQS queue quotas".
fn is_name(text: &str) -> bool {
    let stem = text.strip_suffix(".fifo").unwrap_or(text);
    let fits = !stem.is_empty() && text.len() <= 80;
    fits && stem
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Everything that might be a queue of the service, without duplicates. This excludes queues that a role can only
/// send to, and queues in variables with a dead-letter name.
#[must_use]
pub fn find_candidates(service: &ServiceReading, task: &TaskReading) -> Vec<Candidate> {
    let mut found = Vec::new();
    for container in &task.containers {
        for (key, value) in &container.environment {
            let origin = format!("{key} of container {}", container.name);
            add_text(&mut found, key, value, origin);
        }
    }
    for grant in grants(task) {
        if grant.receives && grant.is_exact() {
            let queue = QueueName::Arn(grant.resource.clone());
            add(
                &mut found,
                queue,
                "what the task role can receive".to_owned(),
                false,
            );
        }
    }
    for (key, value) in &service.tags {
        add_text(&mut found, key, value, format!("the service's tag {key}"));
    }
    found
}

/// A URL or an ARN is clear by itself; a name only together with its key.
fn add_text(found: &mut Vec<Candidate>, key: &str, value: &str, origin: String) {
    let key = key.to_lowercase();
    if key.contains("dlq") || key.contains("dead") {
        return;
    }
    match parse_queue(value) {
        Some(queue @ QueueName::Name(_)) if key.contains("queue") => {
            add(found, queue, origin, true);
        }
        None | Some(QueueName::Name(_)) => {}
        Some(queue) => add(found, queue, origin, false),
    }
}

fn add(found: &mut Vec<Candidate>, queue: QueueName, origin: String, unsure: bool) {
    if found.iter().all(|known| known.queue != queue) {
        found.push(Candidate {
            queue,
            found: origin,
            unsure,
        });
    }
}

fn grants(task: &TaskReading) -> Vec<QueueGrant> {
    queue_grants(task.role_policies.as_deref().unwrap_or_default())
}

/// The queues that the service consumes, among the existing ones. If the role was read, these are the queues that
/// it can receive from. Otherwise, it is the only candidate.
///
/// # Errors
/// The candidates, if there are several and it isn't known which of them the service consumes.
pub fn choose_queues(
    task: &TaskReading,
    candidates: Vec<QueueChoice>,
) -> Result<Vec<QueueChoice>, Vec<QueueChoice>> {
    let left = join_choices(candidates);
    if left.len() <= 1 {
        let left = left.into_iter();
        return Ok(left.filter(|queue| !is_only_sent_to(task, queue)).collect());
    }
    // A role that can do everything doesn't show which.
    let grants: Vec<QueueGrant> = grants(task)
        .into_iter()
        .filter(|grant| grant.resource != "*")
        .collect();
    let receives = |queue: &QueueChoice| {
        let mut grants = grants.iter();
        grants.any(|grant| grant.receives && grant.covers(&queue.arn))
    };
    let received: Vec<QueueChoice> = left
        .iter()
        .filter(|queue| receives(queue))
        .cloned()
        .collect();
    match received.is_empty() {
        true => Err(left),
        false => Ok(received),
    }
}

/// Whether the role has permissions on a queue, and none to receive from it.
fn is_only_sent_to(task: &TaskReading, queue: &QueueChoice) -> bool {
    let covering: Vec<QueueGrant> = grants(task)
        .into_iter()
        .filter(|grant| grant.covers(&queue.arn))
        .collect();
    !covering.is_empty() && !covering.iter().any(|grant| grant.receives)
}

/// Each queue once, without dead-letter queues of others.
fn join_choices(candidates: Vec<QueueChoice>) -> Vec<QueueChoice> {
    let mut by_arn: BTreeMap<String, QueueChoice> = BTreeMap::new();
    for candidate in candidates {
        let known = by_arn.entry(candidate.arn.clone());
        known
            .and_modify(|known| known.found = format!("{}, and {}", known.found, candidate.found))
            .or_insert(candidate);
    }
    let dead: Vec<String> = by_arn
        .values()
        .filter_map(|queue| queue.dead_letter.clone())
        .collect();
    let mut left: Vec<QueueChoice> = by_arn.into_values().collect();
    if left.len() > 1 {
        left.retain(|queue| !dead.contains(&queue.arn));
    }
    left
}
