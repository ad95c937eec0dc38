//! The permissions of the tasks: statements, policies, and existing roles.

use super::{IMAGE, check, fine};

const LIST: &str = "services.worker.permissions";

/// The base with permissions, on line 11.
fn with(permissions: &str) -> String {
    format!("{IMAGE}    permissions: [{permissions}]\n")
}

#[test]
fn statements_and_policies_are_taken() {
    for permission in [
        "{allow: ['s3:GetObject'], on: ['arn:aws:s3:::uploads/*']}",
        "{allow: ['s3:Get*', 'sqs:SendMessage'], on: ['arn:aws:s3:::uploads/${aws:PrincipalTag/team}/*']}",
        "{allow: ['dynamodb:GetItem'], on: ['arn:aws:dynamodb:us-west-2:111122223333:table/jobs']}",
        "{allow: ['ec2:DescribeInstances'], on: ['*']}",
        "{allow: ['s3:*'], on: ['*'], when: {StringEquals: {'aws:ResourceAccount': ['111122223333']}}}",
        "'arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess'",
        "'arn:aws:iam::111122223333:policy/team/reads'",
    ] {
        fine(IMAGE, &with(permission));
    }
}

#[test]
fn everything_on_everything_is_refused() {
    check(
        IMAGE,
        &with("{allow: ['*'], on: ['*']}"),
        &format!("error 11:28 {LIST}[0].allow[0]: this allows every action on every resource"),
    );
    check(
        IMAGE,
        &with(
            "{allow: ['s3:GetObject', '*'], on: ['arn:aws:s3:::a/*', '*'], when: {Bool: {'aws:SecureTransport': ['true']}}}",
        ),
        &format!("error 11:44 {LIST}[0].allow[1]: this allows every action on every resource"),
    );
    check(
        IMAGE,
        &with("{allow: ['s3:*'], on: ['*']}"),
        &format!(
            "warning 11:28 {LIST}[0].allow[0]: this allows every action of `s3` on every resource"
        ),
    );
}

#[test]
fn what_iam_would_refuse_is_refused() {
    for (permission, expected) in [
        (
            "{allow: [GetObject], on: ['*']}",
            "11:28 LIST[0].allow[0]: `GetObject` isn't an action of IAM",
        ),
        (
            "{allow: ['*:*'], on: ['*']}",
            "11:28 LIST[0].allow[0]: `*:*` isn't an action of IAM",
        ),
        (
            "{allow: ['s3:GetObject'], on: [uploads]}",
            "11:50 LIST[0].on[0]: `uploads` isn't a resource of IAM",
        ),
        (
            "{allow: ['s3:GetObject']}",
            "11:19 LIST[0].on: `on` is missing in `LIST[0]`",
        ),
        (
            "{allow: [], on: ['*']}",
            "11:27 LIST[0].allow: `LIST[0].allow` is empty",
        ),
        (
            "ReadOnlyAccess",
            "11:19 LIST[0]: `ReadOnlyAccess` isn't the ARN of an IAM policy",
        ),
        (
            "{allow: ['s3:GetObject'], on: ['*'], when: {Equals: {'s3:prefix': [a]}}}",
            "11:63 LIST[0].when.Equals: `Equals` isn't a condition operator of IAM",
        ),
        (
            "{allow: ['s3:GetObject'], on: ['*'], when: {StringLike: {'s3:prefix': a}}}",
            "11:89 LIST[0].when.StringLike.\"s3:prefix\": expected a list, found `a`",
        ),
        (
            "{allow: ['s3:GetObject'], on: ['*'], when: {StringLike: {'s3:prefix': ['{{resolve:ssm:a}}']}}}",
            "11:89 LIST[0].when.StringLike.\"s3:prefix\": CloudFormation would replace `{{resolve:…}}`",
        ),
        (
            "'arn:aws:iam::444455556666:policy/reads'",
            "11:19 LIST[0]: the policy belongs to another account",
        ),
    ] {
        let expected = format!("error {}", expected.replace("LIST", LIST));
        check(IMAGE, &with(permission), &expected);
    }
    let policies: Vec<String> = (0..11)
        .map(|number| format!("'arn:aws:iam::aws:policy/P{number}'"))
        .collect();
    check(
        IMAGE,
        &with(&policies.join(", ")),
        &format!("error 11:5 {LIST}: a role can have at most 10 IAM policies"),
    );
}

#[test]
fn existing_roles() {
    let role = |account: &str| format!("arn:aws:iam::{account}:role/team/worker");
    for key in ["task_role", "execution_role"] {
        let with = |arn: &str| format!("{IMAGE}    {key}: {arn}\n");
        fine(IMAGE, &with(&role("111122223333")));
        check(
            IMAGE,
            &with(&role("444455556666")),
            &format!(
                "error 11:{} services.worker.{key}: the role belongs to another account",
                key.len() + 7
            ),
        );
        check(
            IMAGE,
            &with("worker"),
            &format!(
                "error 11:{} services.worker.{key}: `worker` isn't the ARN of an IAM role",
                key.len() + 7
            ),
        );
    }
    let both = format!(
        "{}    task_role: {}\n",
        with("'arn:aws:iam::aws:policy/P'"),
        role("111122223333")
    );
    check(
        IMAGE,
        &both,
        &format!("error 11:5 {LIST}: `permissions` can't be combined with `task_role`"),
    );
}
