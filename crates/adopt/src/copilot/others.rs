//! Files of a workspace that aren't imported.

use stack::YamlNode;

use super::files::File;
use super::finding::{Finding, Kind};

/// Findings about a manifest of a type that a definition can't contain.
pub(super) fn about_kind(file: &File, root: &YamlNode, name: &str, kind: &str) -> Finding {
    let line = root
        .entries()
        .iter()
        .find(|entry| entry.key == "type")
        .map_or(1, |entry| entry.line);
    let (message, help) = match kind {
        "Scheduled Job" => (
            "a scheduled job isn't a service; none of its keys is imported",
            "keep it in Copilot, or run the task by a schedule of EventBridge Scheduler (`AWS::Scheduler::Schedule` with the target `ecs:runTask`)",
        ),
        "Static Site" => (
            "a static site runs no tasks; none of its keys is imported",
            "keep it in Copilot, or serve the files from S3 and CloudFront with a separate stack",
        ),
        "Request-Driven Web Service" => (
            "App Runner services aren't ECS services; none of its keys is imported",
            "keep it in Copilot; to move it to ECS, make it a Load Balanced Web Service first",
        ),
        "Environment" | "Pipeline" => (
            "this manifest isn't of a service",
            "import the workspace, or the manifest of a service",
        ),
        _ => (
            "this type of manifest isn't known; none of its keys is imported",
            "supported types: Worker Service, Backend Service, Load Balanced Web Service",
        ),
    };
    let key = format!("type: {kind}");
    finding(&file.path, line, &key, &format!("{name}: {message}"), help)
}

/// Findings about a file that isn't a service's manifest.
pub(super) fn about(file: &File) -> Vec<Finding> {
    let say =
        |line, key: &str, message: &str, help: &str| finding(&file.path, line, key, message, help);
    let is_in = |folder: &str| file.place.split('/').any(|part| part == folder);
    if is_in("overrides") {
        let help = "repeat what it changes in `overrides`, which is a merge patch on the template (docs/overrides.md)";
        return vec![say(1, "", "changes Copilot's own template", help)];
    }
    if is_in("addons") {
        let help = "add the resource to `overrides.Resources`, or keep it in a separate stack, before you delete the service; `services.*.permissions` has the tasks' permissions for it";
        let message =
            "a resource of an addon, which Copilot deletes with the service or environment";
        let resources = resource_types(&file.text);
        if resources.is_empty() {
            return vec![say(1, "", "belongs to an addon", help)];
        }
        return resources
            .iter()
            .map(|(line, kind)| say(*line, kind, message, help))
            .collect();
    }
    let help = "let your pipeline run `ecs-scaler deploy --yes --env NAME --set services.NAME.image=IMAGE` instead of `copilot svc deploy` (docs/github-actions.md)";
    vec![say(1, "", "belongs to a pipeline of Copilot", help)]
}

/// The resources of a CloudFormation template by line. Templates have tags (`!Ref`) that our reader refuses, so
/// only their lines are searched.
fn resource_types(text: &str) -> Vec<(usize, String)> {
    let kind = |line: &str| {
        let kind = line
            .trim()
            .strip_prefix("Type:")?
            .trim()
            .trim_matches(['"', '\'']);
        let kind = kind.split([' ', '#', '"', '\'']).next()?;
        (kind.starts_with("AWS::") && kind.matches("::").count() == 2 && kind.len() < 100)
            .then(|| kind.to_owned())
    };
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| Some((index + 1, kind(line)?)))
        .take(200)
        .collect()
}

fn finding(file: &str, line: usize, key: &str, message: &str, help: &str) -> Finding {
    Finding {
        file: file.to_owned(),
        line,
        key: key.to_owned(),
        kind: Kind::Missing,
        message: message.to_owned(),
        help: help.to_owned(),
        service: None,
    }
}
