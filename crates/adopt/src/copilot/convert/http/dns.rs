//! DNS names, and the certificate that they need.

use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::Map;

pub(super) fn names_and_certificate(
    section: &mut Section<'_>,
    is_internal: bool,
    balancer: &mut Map,
    cx: &mut Context<'_>,
) {
    if let Some(alias) = section.take("alias") {
        names(&alias, cx);
        if !is_internal && balancer.get("certificate").is_none() {
            balancer
                .set("certificate", "<CERTIFICATE-ARN>")
                .above("Copilot creates this certificate with the application's domain.");
            let help = "request one in ACM, and write its ARN";
            cx.report(
                &alias,
                Kind::Incomplete,
                "Copilot creates the certificate of the alias; ecs-scaler doesn't",
                help,
            );
        }
    }
    if let Some(zone) = section.take("hosted_zone") {
        let value = zone.text(cx).unwrap_or_default();
        cx.missing(
            &zone,
            format!("no key for DNS names (zone {value})"),
            "see the alias",
        );
    }
    let redirect = section.take("redirect_to_https");
    // Copilot's default is true.
    let redirects = redirect
        .as_ref()
        .and_then(|field| field.boolean(cx))
        .unwrap_or(true);
    let has_certificate = balancer.get("certificate").is_some();
    if has_certificate && !is_internal && redirects {
        balancer.set("redirect_http", true);
    }
    if let Some(field) = redirect.filter(|_| !has_certificate) {
        cx.report(
            &field,
            Kind::Different,
            "without a certificate, HTTP can't redirect to HTTPS",
            "",
        );
    }
}

/// Reports the names of an alias: one, several, or several with their zones.
fn names(alias: &Field<'_>, cx: &mut Context<'_>) {
    let mut found = Vec::new();
    let items = if alias.is_list() {
        alias.items(cx)
    } else {
        Vec::new()
    };
    for item in items.iter().filter(|item| item.is_map()) {
        for (key, value) in item.entries(cx) {
            found.push(format!("{key} {}", value.text(cx).unwrap_or_default()));
        }
    }
    if found.is_empty() {
        found = alias.texts(cx);
    }
    let help = "add an `AWS::Route53::RecordSet` with `overrides`, or point the name to the load balancer where you keep it";
    cx.missing(
        alias,
        format!("no key for DNS names ({})", found.join(", ")),
        help,
    );
}
