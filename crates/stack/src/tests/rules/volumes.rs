//! Volumes of tasks.

use super::{IMAGE, check, check_text, fine};
use crate::tests::changed;
use crate::{ServiceSource, Volume, parse};

const NETWORK: &str = "network: {vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d]}\n";
const EFS: &str = "{efs: fs-0a1b2c3d, path: /cache}";

fn with(lines: &str) -> String {
    changed(IMAGE, &format!("{IMAGE}{lines}"))
}

#[test]
fn both_kinds_are_read() {
    let text = with(&format!(
        "    volumes: {{cache: {EFS}, scratch: {{path: /tmp}}}}\n    sidecars: {{log: {{image: 'log:1', volumes: {{scratch: /in}}}}}}\n"
    ));
    let stack = parse("shop.yaml", &(text + NETWORK)).unwrap().stack;
    let ServiceSource::Create(spec) = &stack.services["worker"].source else {
        panic!("a created service");
    };
    let scratch = Volume {
        path: "/tmp".to_owned(),
        efs: None,
    };
    assert_eq!(spec.volumes["scratch"], scratch);
    let efs = spec.volumes["cache"].efs.as_ref().unwrap();
    assert_eq!(
        (efs.id.as_str(), efs.directory.as_str()),
        ("fs-0a1b2c3d", "/")
    );
    assert!(efs.access_point.is_none() && !efs.read_only);
    assert_eq!(
        spec.mounts(None),
        [("cache", "/cache"), ("scratch", "/tmp")]
    );
    assert_eq!(spec.mounts(Some("log")), [("scratch", "/in")]);
}

#[test]
fn what_no_task_can_mount() {
    let volume = |volumes: &str| format!("{IMAGE}    volumes: {volumes}\n");
    let path = "services.worker.volumes";
    check(
        IMAGE,
        &volume(&format!("{{cache: {EFS}}}")),
        &format!("error 11:28 {path}.cache.efs: the tasks can't reach the file system"),
    );
    check_text(
        &(with(
            "    volumes: {cache: {efs: fs-0a1b2c3d, path: /cache, access_point: fsap-0a1b2c3d, directory: /in}}\n",
        ) + NETWORK),
        &format!(
            "error 11:95 {path}.cache.directory: `directory` can't be combined with `access_point`"
        ),
    );
    check(
        IMAGE,
        &volume("{one: {path: /tmp}, two: {path: /tmp/}}"),
        &format!("error 11:46 {path}.two.path: two volumes have the same folder"),
    );
    check(
        IMAGE,
        &volume("{one: {path: /}}"),
        &format!(
            "error 11:27 {path}.one.path: a volume can't take the place of the root file system"
        ),
    );
    check(
        IMAGE,
        &volume("{one: {path: tmp}}"),
        &format!("error 11:27 {path}.one.path: `tmp` isn't an absolute path"),
    );
    check(
        IMAGE,
        &format!(
            "{}    sidecars: {{log: {{image: 'log:1', volumes: {{scrach: /in}}}}}}\n",
            volume("{scratch: {path: /tmp}}")
        ),
        "error 12:48 services.worker.sidecars.log.volumes.scrach: the service has no volume `scrach`",
    );
}

/// aws/containers-roadmap, issue 1359: the folders of the agent.
#[test]
fn exec_needs_its_folders() {
    let shell = |volumes: &str| {
        format!("{IMAGE}    exec: true\n    read_only: true\n    volumes: {volumes}\n")
    };
    let agent = "a: {path: /managed-agents}, b: {path: /var/lib/amazon/ssm}";
    check(
        IMAGE,
        &shell(&format!("{{{agent}}}")),
        "error 11:11 services.worker.exec: `exec` can't be combined with `read_only`",
    );
    fine(
        IMAGE,
        &shell(&format!("{{{agent}, c: {{path: /var/log/amazon/ssm}}}}")),
    );
    // A parent folder is enough, but not a folder with the same prefix.
    fine(
        IMAGE,
        &shell(&format!("{{{agent}, c: {{path: /var/log}}}}")),
    );
    check(
        IMAGE,
        &shell(&format!("{{{agent}, c: {{path: /var/log/amazon/ss}}}}")),
        "error 11:11 services.worker.exec: `exec` can't be combined with `read_only`",
    );
}
