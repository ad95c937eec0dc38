//! Containers of a task that wait for each other. Source: Amazon ECS API, `ContainerDependency`.

use std::collections::BTreeSet;

use super::texts::path_of;
use crate::findings::{Finding, Findings};
use crate::model::{ContainerState, LogRouter, ServiceSpec, TaskContainer};
use crate::nearest::{listed, suggest};
use crate::path;

pub(super) fn check(service: &str, key: &str, spec: &ServiceSpec, findings: &mut Findings) {
    if spec.sidecars.contains_key(key) {
        let finding = Finding::error(format!(
            "`{key}` is also the name of the service's own container"
        ))
        .at_key(
            path::key(&format!("{service}.sidecars"), key),
            "another container",
        )
        .help("choose another name for the sidecar");
        findings.report(finding);
        return;
    }
    let task = Task { service, key, spec };
    for container in spec.containers() {
        for (name, state) in &container.container.depends_on {
            let list = format!("{}.depends_on", path_of(service, container));
            task.check_dependency(&path::key(&list, name), name, *state, findings);
        }
    }
    task.check_circles(findings);
}

struct Task<'s> {
    service: &'s str,
    key: &'s str,
    spec: &'s ServiceSpec,
}

impl Task<'_> {
    fn name_of<'s>(&'s self, container: TaskContainer<'s>) -> &'s str {
        container.sidecar.unwrap_or(self.key)
    }

    fn find(&self, name: &str) -> Option<TaskContainer<'_>> {
        let mut all = self.spec.containers();
        all.find(|container| self.name_of(*container) == name)
    }

    fn check_dependency(
        &self,
        path: &str,
        name: &str,
        state: ContainerState,
        findings: &mut Findings,
    ) {
        let Some(container) = self.find(name) else {
            let names: Vec<&str> = self
                .spec
                .containers()
                .map(|one| self.name_of(one))
                .filter(|name| *name != LogRouter::NAME)
                .collect();
            let help = suggest(name, names.iter().copied(), || {
                format!("the containers are {}", listed(names.iter().copied()))
            });
            let finding = Finding::error(format!("the task has no container `{name}`"))
                .at_key(path, "not in the task")
                .help(help);
            return findings.report(finding);
        };
        let place = path_of(self.service, container);
        let finding = match state {
            ContainerState::Healthy if container.container.health_check.is_none() => {
                Finding::error(format!("`{name}` has no health check to pass"))
                    .at(path, "needs a health check")
                    .help(format!(
                        "add `health_check` to `{place}`, or wait for its `start`"
                    ))
            }
            ContainerState::Complete | ContainerState::Success if container.essential => {
                Finding::error(format!(
                    "the task ends when `{name}` does, because it is essential"
                ))
                .at(path, "waits for its end")
                .help(match container.sidecar {
                    Some(_) => {
                        format!("add `essential: false` to `{place}`, or wait for its `start`")
                    }
                    None => "wait for its `start`, or `healthy` with a health check".to_owned(),
                })
            }
            _ => return,
        };
        findings.report(finding);
    }

    /// Containers that wait for each other would never start.
    fn check_circles(&self, findings: &mut Findings) {
        for container in self.spec.containers() {
            let own = self.name_of(container);
            let mut reached = BTreeSet::new();
            let mut next = vec![container];
            while let Some(one) = next.pop() {
                for name in one.container.depends_on.keys() {
                    if reached.insert(name.as_str()) {
                        next.extend(self.find(name));
                    }
                }
            }
            if reached.contains(own) {
                let path = format!("{}.depends_on", path_of(self.service, container));
                let finding = Finding::error(format!("`{own}` would wait for itself"))
                    .at_key(path, "leads back to it")
                    .help("remove one of the dependencies in the circle");
                return findings.report(finding);
            }
        }
    }
}
