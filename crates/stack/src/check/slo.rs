//! Latency objectives: whether a service has what its objective needs, and the latency that its policy aims at.

use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{Service, Stack};

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let path = format!("services.{key}");
        needs_queue(service, &path, findings);
        for (way, given) in [
            ("backlog_per_task", service.backlog_per_task().is_some()),
            ("demand", service.demand().is_some()),
        ] {
            if given {
                check_setpoint(service, &path, way, findings);
            }
        }
    }
}

/// Path of the latency that a policy aims at: its own, or the service's objective.
pub(super) fn setpoint_path(findings: &Findings, path: &str, way: &str) -> String {
    let own = format!("{path}.scaling.{way}.acceptable_latency");
    let slo = format!("{path}.slo");
    if !findings.is_given(&own) && findings.is_given(&slo) {
        slo
    } else {
        own
    }
}

/// Path of the latency of the service's objective.
pub(super) fn objective_path(findings: &Findings, path: &str, way: &str) -> String {
    let slo = format!("{path}.slo");
    if findings.is_given(&slo) {
        slo
    } else {
        setpoint_path(findings, path, way)
    }
}

fn needs_queue(service: &Service, path: &str, findings: &mut Findings) {
    if service.slo.is_none() || !service.consumes.is_empty() {
        return;
    }
    let finding = Finding::error("`slo` needs a queue, but the service consumes none")
        .at(format!("{path}.slo"), "how long messages wait")
        .at(format!("{path}.consumes"), "empty")
        .help("name the queues in `consumes`, or remove `slo`");
    findings.report(finding);
}

/// Whether a policy has a latency to aim at, and whether that is at most the objective.
fn check_setpoint(service: &Service, path: &str, way: &str, findings: &mut Findings) {
    let here = format!("{path}.scaling.{way}");
    let own = format!("{here}.acceptable_latency");
    match (service.slo, service.acceptable_latency()) {
        (Some(slo), Some(aim)) if findings.is_given(&own) && aim > slo.latency => {
            let finding = Finding::warning("the policy aims at more than the latency objective")
                .at(own, format!("aims at {}", written(aim)))
                .at(format!("{path}.slo"), format!("at most {}", written(slo.latency)))
                .help("the policy doesn't act although messages wait longer than the objective allows: remove `acceptable_latency`, or lower it");
            findings.report(finding);
        }
        // Each queue has its own objective.
        (None, _) if service.common_objective().is_none() => {}
        (None, _) if !findings.is_given(&own) => {
            let known = findings.is_refused(&own) || findings.is_refused(&format!("{path}.slo"));
            if !known {
                let finding = Finding::error(format!("`{way}` has no latency to aim at"))
                    .at_key(here, "lacks `acceptable_latency`")
                    .help("add the latency objective to the service, such as `slo: 99% within 10s`, or `acceptable_latency: 10s` here");
                findings.report(finding);
            }
            // Checks that depend on it are skipped.
            findings.refuse_silently(&own);
        }
        _ => {}
    }
}
