//! Secrets in `environment`, where anyone with access to the file or the task definition can read them.

use super::texts::{path_of, path_of_router};
use crate::findings::{Finding, Findings};
use crate::model::{ServiceSource, Stack};
use crate::path;
use crate::secret::recognize;

/// Warns about variables whose name or value looks like a secret. Never shows the value.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let ServiceSource::Create(spec) = &service.source else {
            continue;
        };
        let service = path::key("services", key);
        let variables = spec.containers().flat_map(|container| {
            let outer = format!("{}.environment", path_of(&service, container));
            path::entries(outer, container.environment)
        });
        let options = spec.log_router.iter().flat_map(|router| {
            let outer = format!("{}.options", path_of_router(&service));
            path::entries(outer, &router.options)
        });
        for (place, name, value) in variables.chain(options) {
            let Some(reason) = recognize(name, value) else {
                continue;
            };
            let finding = Finding::warning(format!("`{name}` looks like a secret: {reason}"))
                .at_key(place, "readable by everyone who can read the task definition")
                .help(format!(
                    "store it in Secrets Manager or in SSM Parameter Store, and set `secrets: {{{name}: ARN}}` instead; replace a value that was shared"
                ))
                .without_snippet();
            findings.report(finding);
        }
    }
}
