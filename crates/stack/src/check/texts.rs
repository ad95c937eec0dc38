//! The texts of a service's containers: their images, variables, and commands.

use std::collections::BTreeMap;

use crate::findings::{Finding, Findings};
use crate::image::EcrImage;
use crate::model::{LogRouter, ServiceSpec, TaskContainer};
use crate::path;

pub(super) fn check(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
    for container in spec.containers() {
        let path = path_of(path, container);
        check_environment(&path, container, findings);
        check_references(&path, container, findings);
        check_image(&path, container, findings);
    }
    check_reserved(path, spec, findings);
    refuse_references(condition_values(path, spec), findings);
    check_size(path, spec, findings);
}

/// The path of a container: for the service's own container, the path of the service.
pub(super) fn path_of(service: &str, container: TaskContainer<'_>) -> String {
    match container.sidecar {
        Some(LogRouter::NAME) => path_of_router(service),
        Some(name) => path::key(&format!("{service}.sidecars"), name),
        None => service.to_owned(),
    }
}

/// The path of a service's log router.
pub(super) fn path_of_router(service: &str) -> String {
    format!("{service}.logs.firelens")
}

fn check_environment(path: &str, container: TaskContainer<'_>, findings: &mut Findings) {
    let plain = ("environment", container.environment);
    let help = "keep one of the two: ECS accepts a variable only once";
    refuse_doubles(path, plain, container.secrets, help, findings);
}

/// Refuses names that are both in a mapping and in `secrets`.
pub(super) fn refuse_doubles(
    path: &str,
    (list, plain): (&str, &BTreeMap<String, String>),
    secrets: &BTreeMap<String, String>,
    help: &str,
    findings: &mut Findings,
) {
    for name in secrets.keys().filter(|name| plain.contains_key(*name)) {
        let finding = Finding::error(format!("`{name}` is both in `{list}` and in `secrets`"))
            .at_key(path::key(&format!("{path}.secrets"), name), "again here")
            .at_key(path::key(&format!("{path}.{list}"), name), "first here")
            .help(help);
        findings.report(finding);
    }
}

/// The variables that the stack sets in the service's own container.
fn check_reserved(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
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
            .help(format!("variables that start with `{prefix}` contain the addresses of the {what}: choose another name"));
        findings.report(finding);
    }
}

/// CloudFormation has no escape for such text.
fn check_references(path: &str, part: TaskContainer<'_>, findings: &mut Findings) {
    let variables = path::entries(format!("{path}.environment"), part.environment);
    let variables = variables.map(|(place, _, value)| (place, value));
    let health = part.container.health_check.as_ref();
    let lists = [
        ("command", part.command),
        ("entrypoint", &part.container.entrypoint),
        (
            "health_check.command",
            health.map_or(&[], |health| &health.command),
        ),
    ];
    let words = lists.into_iter().flat_map(|(key, words)| {
        let words = words.iter().enumerate();
        words.map(move |(index, word)| (path::item(&format!("{path}.{key}"), index), word))
    });
    refuse_references(variables.chain(words), findings);
}

pub(super) fn refuse_references<'s>(
    texts: impl Iterator<Item = (String, &'s String)>,
    findings: &mut Findings,
) {
    for (place, _) in texts.filter(|(_, text)| text.contains("{{resolve:")) {
        let finding = Finding::error("CloudFormation would replace `{{resolve:…}}`")
            .at(place, "a dynamic reference to it")
            .help("a secret's value would be visible in the task definition: set it under `secrets`; if you need the text itself, keep it in the image");
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
        let when = permission.statement().map(|statement| &statement.when);
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

/// Characters of names and values.
fn entries(map: &BTreeMap<String, String>) -> usize {
    let lengths = map.iter().map(|(name, value)| name.len() + value.len());
    lengths.sum()
}

/// The size limits of ECS and IAM for a service's texts.
fn check_size(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
    /// Source: Amazon ECS service quotas, "Task definition size".
    const TASK_DEFINITION: usize = 64 * 1_024;
    /// The secrets' ARNs are in the execution role's policies. These always have space for this many characters:
    /// one inline policy of 10,240 characters and ten managed policies of 6,144, where no ARN is split between two.
    /// Source: IAM quotas.
    const SECRETS: usize = 40_000;
    let sum = |size: fn(TaskContainer<'_>) -> usize| spec.containers().map(size).sum::<usize>();
    let secrets = sum(|part| entries(part.secrets));
    let options = spec.log_router.as_ref();
    let options = options.map_or(0, |router| entries(&router.options));
    let parts = [
        ("environment", sum(|part| entries(part.environment))),
        ("secrets", secrets),
        // Each other container has them.
        ("logs", options * (1 + spec.sidecars.len())),
        (
            "command",
            sum(|part| part.command.iter().map(String::len).sum()),
        ),
    ];
    let total: usize = parts.iter().map(|(_, size)| size).sum();
    let largest = parts.iter().max_by_key(|(_, size)| size);
    let finding = match largest {
        Some((part, size)) if total > TASK_DEFINITION => {
            Finding::error("the task definition would be larger than ECS allows")
                .at_key(format!("{path}.{part}"), format!("{size} of {total} bytes"))
                .help("it is limited to 64 KiB, including environment, secrets, and command: keep large texts in S3, or in the image")
        }
        _ if secrets > SECRETS => Finding::error("the secrets don't fit into a role's policies")
            .at_key(format!("{path}.secrets"), format!("{secrets} characters"))
            .help("keep several values in one Secrets Manager secret, and name them by `ARN:key::`"),
        _ => return,
    };
    findings.report(finding);
}

fn check_image(path: &str, container: TaskContainer<'_>, findings: &mut Findings) {
    let image = container.image;
    if container.container.resolve_digest {
        if EcrImage::parse(image).is_none() {
            let finding = Finding::error("the digest of the image can't be resolved")
                .at(format!("{path}.image_digest"), "needs an image in private ECR")
                .at(format!("{path}.image"), "from another registry")
                .help("write the digest itself (`image: REPOSITORY@sha256:…`), or copy the image to ECR");
            findings.report(finding);
        }
        return;
    }
    let last = image.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag);
    let message = match tag {
        _ if last.contains('@') => return,
        None => "the image has no tag, so it means `latest`",
        Some("latest") => "the image's tag is `latest`",
        Some(_) => return,
    };
    let finding = Finding::warning(message)
        .at(format!("{path}.image"), "can change at any time")
        .help("tasks that start later might run other code than the first ones, without any deploy: use a version or a digest");
    findings.report(finding);
}
