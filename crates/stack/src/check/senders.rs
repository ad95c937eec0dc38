//! The senders of a queue: whether the source belongs to the service, and whether the service can deliver.

use crate::arn::Arn;
use crate::findings::{Finding, Findings};
use crate::model::{Encryption, QueueSpec, Sender};
use crate::path;

pub(super) fn check(path: &str, spec: &QueueSpec, findings: &mut Findings) {
    let list = format!("{path}.senders");
    for (index, sender) in spec.senders.iter().enumerate() {
        let item = path::item(&list, index);
        if spec.senders.iter().take(index).any(|other| other == sender) {
            let finding = Finding::error("the same sender is listed twice")
                .at(item, "again here")
                .help("keep one of the two");
            findings.report(finding);
            continue;
        }
        if let Sender::Service {
            service, source, ..
        } = sender
        {
            check_source(&item, service, source, findings);
            check_delivery(&item, path, service, spec, findings);
        }
    }
}

fn check_source(item: &str, service: &str, source: &str, findings: &mut Findings) {
    let Some(owner) = Arn::split(source).filter(|arn| arn.service != service) else {
        return;
    };
    let finding = Finding::error(format!(
        "`{service}` doesn't send on behalf of this resource"
    ))
    .at(format!("{item}.source"), format!("of `{}`", owner.service))
    .at(format!("{item}.service"), "sends for its own resources")
    .help(match service {
        "s3" => "name the bucket: `arn:aws:s3:::BUCKET`",
        "events" => "name the rule: `arn:aws:events:REGION:ACCOUNT:rule/NAME`",
        _ => "name the topic: `arn:aws:sns:REGION:ACCOUNT:NAME`",
    });
    findings.report(finding);
}

/// Sources: Amazon S3 User Guide, "Supported event destinations"; Amazon SQS Developer Guide, "Key management".
fn check_delivery(
    item: &str,
    path: &str,
    service: &str,
    spec: &QueueSpec,
    findings: &mut Findings,
) {
    if service == "s3" && spec.fifo.is_some() {
        let finding = Finding::error("S3 can't send to a FIFO queue")
            .at(format!("{item}.service"), "sends only to standard queues")
            .at(format!("{path}.fifo"), "a FIFO queue")
            .help("use a standard queue, or let an EventBridge rule send the bucket's events");
        findings.report(finding);
    }
    if let Encryption::Kms(_) = spec.encryption {
        let finding = Finding::warning(format!(
            "`{service}.amazonaws.com` delivers to this queue only if the key allows it"
        ))
        .at(format!("{path}.encryption"), "this key")
        .at(format!("{item}.service"), "this service")
        .help(format!("let `{service}.amazonaws.com` use `kms:GenerateDataKey` and `kms:Decrypt` in the key's policy"));
        findings.report(finding);
    }
}
