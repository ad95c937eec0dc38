//! Volumes: whether tasks can use them, and where containers mount them.

use std::collections::BTreeMap;

use super::texts::path_of;
use crate::findings::{Finding, Findings};
use crate::model::{Network, ServiceSpec, Stack};
use crate::nearest::{listed, suggest};
use crate::path;

/// The folders that ECS Exec's agent writes to. Source: aws/containers-roadmap, issue 1359.
pub(super) const EXEC_FOLDERS: [&str; 3] = [
    "/managed-agents",
    "/var/lib/amazon/ssm",
    "/var/log/amazon/ssm",
];

pub(super) fn check(stack: &Stack, service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    let list = format!("{service}.volumes");
    for (name, volume) in &spec.volumes {
        let path = path::key(&list, name);
        let Some(efs) = &volume.efs else {
            continue;
        };
        if efs.access_point.is_some() && efs.directory != "/" {
            let finding = Finding::error("`directory` can't be combined with `access_point`")
                .at(format!("{path}.directory"), "another folder")
                .at(format!("{path}.access_point"), "sets the folder")
                .help("remove `directory`: ECS uses the folder of the access point");
            findings.report(finding);
        }
        if matches!(stack.network, Network::Create { .. }) {
            let finding = Finding::error("the tasks can't reach the file system")
                .at(
                    format!("{path}.efs"),
                    "has its mount targets in another VPC",
                )
                .at("network", "the stack's own VPC")
                .help("name the file system's network: `network: {vpc: …, subnets: […]}`");
            findings.report(finding);
        }
    }
    check_sidecars(service, spec, findings);
    for container in spec.containers() {
        let path = format!("{}.volumes", path_of(service, container));
        check_folders(&path, spec, container.sidecar, findings);
    }
}

fn check_sidecars(service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    for (key, sidecar) in &spec.sidecars {
        let list = format!("{}.volumes", path::key(&format!("{service}.sidecars"), key));
        for name in sidecar.volumes.keys() {
            if spec.volumes.contains_key(name) {
                continue;
            }
            let known = || spec.volumes.keys().map(String::as_str);
            let help = suggest(name, known(), || match spec.volumes.is_empty() {
                true => format!("define it in `{service}.volumes`: `{name}: {{path: …}}`"),
                false => format!("defined are {}", listed(known())),
            });
            let finding = Finding::error(format!("the service has no volume `{name}`"))
                .at_key(path::key(&list, name), "not defined")
                .help(help);
            findings.report(finding);
        }
    }
}

/// Docker mounts only one volume at a folder.
fn check_folders(path: &str, spec: &ServiceSpec, sidecar: Option<&str>, findings: &mut Findings) {
    // A sidecar's folder is the value itself.
    let place = |name: &str| match sidecar {
        Some(_) => path::key(path, name),
        None => format!("{}.path", path::key(path, name)),
    };
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, folder) in spec.mounts(sidecar) {
        let plain = folder.trim_end_matches('/');
        let finding = if plain.is_empty() {
            Finding::error("a volume can't take the place of the root file system")
                .at(place(name), "the root")
                .help("name a folder, such as `/tmp`")
        } else if let Some(first) = seen.insert(plain, name) {
            Finding::error("two volumes have the same folder")
                .at(place(name), "again here")
                .at(place(first), "first here")
                .help("give each volume its own folder")
        } else {
            continue;
        };
        findings.report(finding);
    }
}

/// The folders of ECS Exec's agent that the service's own container can't write to.
pub(super) fn list_closed_folders(spec: &ServiceSpec) -> Vec<&'static str> {
    let open: Vec<&str> = spec
        .volumes
        .values()
        .filter(|volume| volume.efs.as_ref().is_none_or(|efs| !efs.read_only))
        .map(|volume| volume.path.trim_end_matches('/'))
        .collect();
    let is_open = |folder: &str| {
        open.iter().any(|path| {
            let rest = folder.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let folders = EXEC_FOLDERS.into_iter();
    folders.filter(|folder| !is_open(folder)).collect()
}
