//! One key for everything, and the settings of roles.

use super::{LETTERS, NOTIFY, check, check_text};
use crate::tests::{BASE, changed, line, problems};
use crate::{Encryption, Queue, Stack, parse};

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1a2b";
const OTHER: &str = "arn:aws:kms:us-west-2:111122223333:key/2a2b";

fn stack(text: &str) -> Stack {
    parse("shop.yaml", text).unwrap().stack
}

#[test]
fn one_key_is_for_everything_that_has_none() {
    let encryption = |stack: &Stack| match &stack.queues["orders"] {
        Queue::Create(spec) => spec.encryption.clone(),
        Queue::Existing(_) => panic!("a created queue"),
    };
    let common = format!("encryption: {KEY}\n");
    let read = stack(&(BASE.to_owned() + &common));
    assert_eq!(encryption(&read), Encryption::Kms(KEY.to_owned()));
    assert_eq!(
        (read.key.as_deref(), read.log_key.as_deref()),
        (Some(KEY), Some(KEY))
    );
    let own = |value: &str| {
        let text = changed(LETTERS, &format!("{LETTERS}    encryption: {value}\n"));
        encryption(&stack(&(text + &common)))
    };
    assert_eq!(own("sqs"), Encryption::Sqs);
    assert_eq!(own(OTHER), Encryption::Kms(OTHER.to_owned()));
    let read = stack(&(BASE.to_owned() + &common + &format!("logs: {{key: {OTHER}}}\n")));
    assert_eq!(
        (read.key.as_deref(), read.log_key.as_deref()),
        (Some(KEY), Some(OTHER))
    );
    let read = stack(&(BASE.to_owned() + &format!("logs: {{key: {OTHER}}}\n")));
    assert_eq!(
        (read.key.as_deref(), read.log_key.as_deref()),
        (None, Some(OTHER))
    );
}

#[test]
fn keys_that_aws_may_not_use() {
    let with = |lines: &str| {
        problems(&(BASE.to_owned() + lines))
            .iter()
            .map(line)
            .collect::<Vec<_>>()
    };
    assert_eq!(with(&format!("encryption: {KEY}\n")), [""; 0]);
    let elsewhere = KEY.replace("us-west-2", "eu-west-1");
    assert_eq!(
        with(&format!("encryption: {elsewhere}\n")),
        ["error 18:13 encryption: the KMS key is in another region than the stack"]
    );
    assert_eq!(
        with(&format!("logs: {{key: {elsewhere}}}\n")),
        ["error 18:13 logs.key: the KMS key is in another region than the stack"]
    );
}

#[test]
fn roles_and_their_older_name() {
    let boundary = "arn:aws:iam::111122223333:policy/b";
    let given = format!("roles: {{path: /workers/, boundary: '{boundary}'}}\n");
    let read = stack(&(BASE.to_owned() + &given));
    assert_eq!(read.permissions_boundary.as_deref(), Some(boundary));
    assert_eq!(read.role_path, "/workers/");
    let read = stack(&(BASE.to_owned() + &format!("permissions_boundary: {boundary}\n")));
    assert_eq!(read.permissions_boundary.as_deref(), Some(boundary));
    assert_eq!(read.role_path, "/");
    check_text(
        &(BASE.to_owned() + &given + &format!("permissions_boundary: {boundary}\n")),
        "error 19:23 permissions_boundary: the roles' permissions boundary is set twice",
    );
    check(
        NOTIFY,
        &format!("{NOTIFY}roles: {{boundary: 'arn:aws:iam::444455556666:policy/b'}}\n"),
        "error 18:19 roles.boundary: the permissions boundary belongs to another account",
    );
    check(
        NOTIFY,
        &format!("{NOTIFY}roles: {{path: workers}}\n"),
        "error 18:15 roles.path: `workers` isn't a path of IAM",
    );
}

/// Every ARN has the partition of its region.
#[test]
fn arns_of_sidecars_and_files() {
    let secret = "arn:aws:secretsmanager:cn-north-1:111122223333:secret:a-AbCdEf";
    let sidecars =
        format!("    sidecars: {{log: {{image: 'log:1', secrets: {{A: '{secret}'}}}}}}\n");
    check(
        super::IMAGE,
        &format!("{}{sidecars}", super::IMAGE),
        "error 11:51 services.worker.sidecars.log.secrets.A: region cn-north-1 isn't in the partition `aws`",
    );
}
