//! The container that sends a service's logs elsewhere.

use super::texts::{path_of, refuse_references};
use crate::findings::{Finding, Findings};
use crate::model::{LogRouter, ServiceSpec, TaskContainer};
use crate::path;

/// The option that names Fluent Bit's output.
const OUTPUT: &str = "Name";

pub(super) fn check(service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    let router = spec.log_router.as_ref();
    let of_router = |one: &TaskContainer<'_>| one.sidecar == Some(LogRouter::NAME);
    if let (Some(router), Some(container)) = (router, spec.containers().find(of_router)) {
        let path = path_of(service, container);
        need_output(&path, router, findings);
        refuse_doubles(&path, router, findings);
        let options = router.options.iter();
        let options =
            options.map(|(name, value)| (path::key(&format!("{path}.options"), name), value));
        refuse_references(options, findings);
    }
}

/// Without an output, the logs would be lost. The names of options don't depend on case.
fn need_output(path: &str, router: &LogRouter, findings: &mut Findings) {
    let names = |name: &String| name.eq_ignore_ascii_case(OUTPUT);
    let mut all = router.options.keys().chain(router.secrets.keys());
    if router.config.is_some() || all.any(names) {
        return;
    }
    let finding = Finding::error("Fluent Bit would have no output")
        .at(format!("{path}.options"), "without `Name`")
        .help("name the output, such as `Name: kinesis_firehose`, or configure one in `config`");
    findings.report(finding);
}

fn refuse_doubles(path: &str, router: &LogRouter, findings: &mut Findings) {
    let is_plain = |name: &&String| router.options.contains_key(*name);
    for name in router.secrets.keys().filter(is_plain) {
        let finding = Finding::error(format!("`{name}` is both in `options` and in `secrets`"))
            .at_key(path::key(&format!("{path}.secrets"), name), "again here")
            .at_key(path::key(&format!("{path}.options"), name), "first here")
            .help("keep one of the two");
        findings.report(finding);
    }
}
