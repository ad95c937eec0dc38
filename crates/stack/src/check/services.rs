//! Services: what they consume, their bounds, their image and their environment.

use std::collections::BTreeMap;

use crate::findings::{Finding, Findings};
use crate::model::{Permission, Service, ServiceSource, ServiceSpec, Stack};
use crate::nearest::{listed, nearest};
use crate::path;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let path = format!("services.{key}");
        check_consumed_queues(stack, service, &path, findings);
        check_tasks(service, &path, findings);
        if let ServiceSource::Create(spec) = &service.source {
            check_sent_queues(stack, service, spec, &path, findings);
            check_environment(&path, spec, findings);
            dynamic_references(&path, spec, findings);
            check_image(&path, spec, findings);
            check_size(&path, spec, findings);
        }
    }
}

fn check_consumed_queues(stack: &Stack, service: &Service, path: &str, findings: &mut Findings) {
    let list = format!("{path}.consumes");
    let way = match (service.backlog_per_task(), service.demand()) {
        (Some(_), _) => Some(("backlog", "backlog_per_task")),
        (None, Some(_)) => Some(("demand", "demand")),
        (None, None) => None,
    };
    if let (Some((by, way)), true) = (way, service.consumes.is_empty()) {
        let finding = Finding::error(format!(
            "scaling by {by} needs a queue, and the service consumes none"
        ))
        .at(list.as_str(), "empty")
        .at_key(format!("{path}.scaling.{way}"), "needs a queue")
        .help(format!(
            "name the queues in `consumes`, or leave `{way}` out"
        ));
        findings.report(finding);
    }
    for (index, name) in service.consumes.iter().enumerate() {
        check_queue_exists(stack, name, path::item(&list, index), findings);
    }
}

fn check_sent_queues(
    stack: &Stack,
    service: &Service,
    spec: &ServiceSpec,
    path: &str,
    findings: &mut Findings,
) {
    let list = format!("{path}.sends");
    let named = spec.sends.iter().enumerate();
    for (index, name) in named.filter(|(_, name)| !name.starts_with("arn:")) {
        check_queue_exists(stack, name, path::item(&list, index), findings);
    }
    let consumed = service.consumes.iter().enumerate();
    let consumed =
        consumed.map(|(index, name)| (path::item(&format!("{path}.consumes"), index), name));
    let sent = spec.sends.iter().enumerate();
    let sent = sent.map(|(index, name)| (path::item(&list, index), name));
    check_variables("QUEUE_URL", consumed.chain(sent), findings);
    let topics = spec.publishes.iter().enumerate();
    let topics = topics.map(|(index, arn)| (path::item(&format!("{path}.publishes"), index), arn));
    check_variables("TOPIC_ARN", topics, findings);
}

/// Whether each variable carries the address of one thing: names keep neither case nor punctuation.
fn check_variables<'s>(
    prefix: &str,
    named: impl Iterator<Item = (String, &'s String)>,
    findings: &mut Findings,
) {
    let mut seen: BTreeMap<String, (String, &String)> = BTreeMap::new();
    for (place, name) in named {
        let spelled = name.rsplit(':').next().unwrap_or_default();
        let spelled = spelled.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let variable = format!("{prefix}_{}", spelled.to_ascii_uppercase());
        match seen.get(&variable) {
            Some((_, first)) if *first == name => {}
            Some((first, _)) => {
                let finding = Finding::error(format!("two addresses would be in `{variable}`"))
                    .at(place, "this one")
                    .at(first.as_str(), "and this one")
                    .help("keep one of the two, and give the tasks the other one by `permissions` and `environment`");
                findings.report(finding);
            }
            None => {
                seen.insert(variable, (place, name));
            }
        }
    }
}

/// Whether a queue that is named is one of the definition's.
pub(super) fn check_queue_exists(stack: &Stack, name: &str, path: String, findings: &mut Findings) {
    if stack.queues.contains_key(name) || findings.is_refused("queues") || findings.is_full() {
        return;
    }
    let names = stack.queues.keys().map(String::as_str);
    let help = match nearest(name, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if stack.queues.is_empty() => format!("define it under `queues`: `{name}: {{}}`"),
        None => format!("defined are {}", listed(names.take(20))),
    };
    let finding = Finding::error(format!("no queue `{name}` is defined"))
        .at(path, "not under `queues`")
        .help(help);
    findings.report(finding);
}

fn check_tasks(service: &Service, path: &str, findings: &mut Findings) {
    let (tasks, scales) = (service.tasks, service.scaling.is_some());
    let (min, max) = (format!("{path}.tasks.min"), format!("{path}.tasks.max"));
    let given = findings.is_given(&max);
    let finding = if scales && !given {
        Finding::error("`max` is missing: scaling needs a most")
            .at_key(max.as_str(), "without `max`")
            .help(
                "add `max: …` to `tasks`; it bounds what a flood of messages or requests can cost",
            )
    } else if !scales && given && tasks.max != tasks.min {
        Finding::error("`max` differs from `min`, and nothing scales the service")
            .at(max.as_str(), "never reached")
            .help("add `scaling`, or leave `max` out: `min` is then the number of tasks")
    } else if given && tasks.min > tasks.max {
        Finding::error("`min` is over `max`")
            .at(min.as_str(), format!("at least {}", tasks.min))
            .at(max.as_str(), format!("at most {}", tasks.max))
            .help(format!(
                "lower `min` to {}, or raise `max` to {}",
                tasks.max, tasks.min
            ))
    } else {
        return;
    };
    findings.report(finding);
}

fn check_environment(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
    for name in spec
        .secrets
        .keys()
        .filter(|name| spec.environment.contains_key(*name))
    {
        let finding = Finding::error(format!(
            "`{name}` is both in `environment` and in `secrets`"
        ))
        .at_key(path::key(&format!("{path}.secrets"), name), "again here")
        .at_key(
            path::key(&format!("{path}.environment"), name),
            "first here",
        )
        .help("keep one of the two: ECS takes a variable once");
        findings.report(finding);
    }
    let plain = spec.environment.keys().map(|name| ("environment", name));
    let secret = spec.secrets.keys().map(|name| ("secrets", name));
    let topics = (!spec.publishes.is_empty()).then_some(("TOPIC_ARN", "topics in `publishes`"));
    let reserved = [Some(("QUEUE_URL", "queues in `consumes`")), topics];
    for (map, name) in plain.chain(secret) {
        let mut set = reserved.iter().flatten();
        let Some((prefix, what)) = set.find(|(prefix, _)| name.starts_with(prefix)) else {
            continue;
        };
        let finding = Finding::error(format!("`{name}` is a name that the stack sets"))
            .at_key(path::key(&format!("{path}.{map}"), name), "reserved")
            .help(format!("variables that begin with `{prefix}` carry the addresses of the {what}: choose another name"));
        findings.report(finding);
    }
}

/// CloudFormation knows no way to keep such text as it is.
fn dynamic_references(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
    let variables = spec.environment.iter().map(|(name, value)| {
        let place = path::key(&format!("{path}.environment"), name);
        (place, value)
    });
    let health = spec.container.health_check.as_ref();
    let lists = [
        ("command", spec.command.as_slice()),
        ("entrypoint", &spec.container.entrypoint),
        (
            "health_check.command",
            health.map_or(&[], |health| &health.command),
        ),
    ];
    let words = lists.into_iter().flat_map(|(key, words)| {
        let words = words.iter().enumerate();
        words.map(move |(index, word)| (path::item(&format!("{path}.{key}"), index), word))
    });
    let values = condition_values(path, spec);
    for (place, _) in variables
        .chain(words)
        .chain(values)
        .filter(|(_, text)| text.contains("{{resolve:"))
    {
        let finding = Finding::error("CloudFormation would replace `{{resolve:…}}`")
            .at(place, "a dynamic reference to it")
            .help("a secret's value would show in the task definition: name it under `secrets`; where the text itself is meant, keep it in the image");
        findings.report(finding);
    }
}

/// The values of the conditions of a service's permissions, with their keys' paths.
fn condition_values<'s>(
    path: &str,
    spec: &'s ServiceSpec,
) -> impl Iterator<Item = (String, &'s String)> {
    let list = format!("{path}.permissions");
    let permissions = spec.permissions.iter().enumerate();
    let conditions = permissions.flat_map(move |(index, permission)| {
        let place = format!("{}.when", path::item(&list, index));
        let when = match permission {
            Permission::Statement(statement) => Some(&statement.when),
            Permission::Policy(_) => None,
        };
        when.into_iter()
            .flatten()
            .map(move |(operator, keys)| (path::key(&place, operator), keys))
    });
    conditions.flat_map(|(place, keys)| {
        keys.iter().flat_map(move |(key, values)| {
            let place = path::key(&place, key);
            values.iter().map(move |value| (place.clone(), value))
        })
    })
}

/// What ECS and IAM hold of a service's texts.
fn check_size(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
    /// Source: Amazon ECS service quotas, "Task definition size".
    const TASK_DEFINITION: usize = 64 * 1_024;
    /// The secrets' ARNs stand in the execution role's policies, which hold this much of them whatever
    /// their lengths: an inline policy of 10,240 characters and ten managed ones of 6,144, none of which
    /// divides an ARN. Source: IAM quotas.
    const SECRETS: usize = 40_000;
    let entries = |map: &BTreeMap<String, String>| -> usize {
        let lengths = map.iter().map(|(name, value)| name.len() + value.len());
        lengths.sum()
    };
    let (environment, secrets) = (entries(&spec.environment), entries(&spec.secrets));
    let command: usize = spec.command.iter().map(String::len).sum();
    let parts = [
        ("environment", environment),
        ("secrets", secrets),
        ("command", command),
    ];
    let total: usize = parts.iter().map(|(_, size)| size).sum();
    let largest = parts.iter().max_by_key(|(_, size)| size);
    let finding = match largest {
        Some((part, size)) if total > TASK_DEFINITION => {
            Finding::error("the task definition would be larger than ECS takes")
                .at_key(format!("{path}.{part}"), format!("{size} of {total} bytes"))
                .help("it holds 64 KiB, environment, secrets and command included: keep large texts in S3, or in the image")
        }
        _ if secrets > SECRETS => Finding::error("the secrets are more than a role's policies hold")
            .at_key(format!("{path}.secrets"), format!("{secrets} characters"))
            .help("keep several values in one Secrets Manager secret, and name them by `ARN:key::`"),
        _ => return,
    };
    findings.report(finding);
}

fn check_image(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
    let last = spec.image.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag);
    let message = match tag {
        _ if last.contains('@') => return,
        None => "the image has no tag, so it means `latest`",
        Some("latest") => "the image's tag is `latest`",
        Some(_) => return,
    };
    let finding = Finding::warning(message)
        .at(format!("{path}.image"), "may change under way")
        .help("tasks that start later may run other code than the first ones, and no deploy is needed to change it: write a version or a digest");
    findings.report(finding);
}
