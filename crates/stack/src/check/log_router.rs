//! The container that sends a service's logs elsewhere.

use super::texts::{path_of_router, refuse_doubles, refuse_references};
use crate::findings::{Finding, Findings};
use crate::model::{LogRouter, ServiceSpec};
use crate::path;

/// The option that names Fluent Bit's output.
const OUTPUT: &str = "Name";

pub(super) fn check(service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    let Some(router) = &spec.log_router else {
        return;
    };
    let path = path_of_router(service);
    need_output(&path, router, findings);
    let plain = ("options", &router.options);
    let help = "keep one of the two";
    refuse_doubles(&path, plain, &router.secrets, help, findings);
    let options = path::entries(format!("{path}.options"), &router.options);
    refuse_references(options.map(|(place, _, value)| (place, value)), findings);
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
