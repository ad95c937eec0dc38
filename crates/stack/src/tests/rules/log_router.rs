//! Logs that go elsewhere, by FireLens.

use super::{IMAGE, check, check_text, fine};
use crate::tests::changed;

/// The base with the settings of a log router, in line 11.
fn with(settings: &str) -> String {
    format!("{IMAGE}    logs: {{firelens: {{{settings}}}}}\n")
}

#[test]
fn what_fluent_bit_takes_is_taken() {
    for settings in [
        "options: {Name: kinesis_firehose, region: us-west-2, delivery_stream: orders}",
        "options: {name: datadog}, secrets: {apikey: /logs/datadog}",
        "secrets: {Name: /logs/output}",
        "config: /fluent-bit/own.conf, metadata: false, image: 'fluent-bit:3.2'",
        "options: {Name: s3}, environment_files: ['arn:aws:s3:::our-config/router.env']",
    ] {
        fine(IMAGE, &with(settings));
    }
}

#[test]
fn logs_are_not_lost() {
    check(
        IMAGE,
        &with("options: {region: us-west-2}"),
        "error 11:32 services.worker.logs.firelens.options: Fluent Bit would have no output",
    );
    check(
        IMAGE,
        &with(""),
        "error 11:12 services.worker.logs.firelens.options: Fluent Bit would have no output",
    );
}

#[test]
fn options_are_given_once_and_hold_no_secrets() {
    check(
        IMAGE,
        &with("options: {Name: datadog, site: abc}, secrets: {site: /logs/datadog}"),
        "error 11:70 services.worker.logs.firelens.secrets.site: `site` is both in `options` and in `secrets`",
    );
    check(
        IMAGE,
        &with("options: {Name: '{{resolve:ssm:/logs/output}}'}"),
        "error 11:39 services.worker.logs.firelens.options.Name: CloudFormation would replace `{{resolve:…}}`",
    );
    check(
        IMAGE,
        &with("options: {Name: splunk, splunk_password: hunter2hunter2}"),
        "warning 11:47 services.worker.logs.firelens.options.splunk_password: `splunk_password` looks like a secret: by its name",
    );
}

/// The same rules as for sidecars.
#[test]
fn its_image_and_arns_are_checked() {
    check(
        IMAGE,
        &with("options: {Name: s3}, image: 'fluent-bit:latest'"),
        "warning 11:51 services.worker.logs.firelens.image: the image's tag is `latest`",
    );
    let secret = "arn:aws:secretsmanager:cn-north-1:111122223333:secret:a-AbCdEf";
    check(
        IMAGE,
        &with(&format!("secrets: {{Name: '{secret}'}}")),
        "error 11:39 services.worker.logs.firelens.secrets.Name: region cn-north-1 isn't in the partition `aws`",
    );
}

/// Service Connect reaches only its own region.
#[test]
fn a_namespace_is_in_the_region_of_the_stack() {
    let namespace = "arn:aws:servicediscovery:us-west-2:111122223333:namespace/ns-0a1b2c3d4e5f6071";
    let line = format!("{IMAGE}    service_connect: {namespace}\n");
    fine(IMAGE, &line);
    let region = "region: us-west-2";
    let elsewhere = changed(IMAGE, &line).replace(region, "region: eu-west-1");
    check_text(
        &elsewhere,
        "error 11:22 services.worker.service_connect: the namespace is in another region than the service",
    );
    check(
        IMAGE,
        &format!("{IMAGE}    service_connect: production\n"),
        "error 11:22 services.worker.service_connect: `production` isn't the ARN of a Cloud Map namespace",
    );
}
