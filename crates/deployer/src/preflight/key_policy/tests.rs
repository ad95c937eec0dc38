//! Policies from AWS's documentation and its console, and their gaps.

use super::*;

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d";
const HOME: Home<'_> = Home {
    partition: "aws",
    region: "us-west-2",
    account: "111122223333",
};
const ALL: [Use; 3] = [Use::Logs, Use::Alarms, Use::Topics];

/// Source: AWS KMS Developer Guide, "Default key policy".
fn default_statement() -> Value {
    json!({
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
        "Action": "kms:*",
        "Resource": "*",
    })
}

fn missing(statements: &[Value]) -> Vec<Use> {
    let all: Vec<Value> = [&[default_statement()], statements].concat();
    let policy = json!({ "Version": "2012-10-17", "Id": "key-default-1", "Statement": all });
    list_missing(&policy.to_string(), KEY, &ALL, HOME).unwrap()
}

#[test]
fn the_default_policy_of_a_key_lets_no_service_use_it() {
    assert_eq!(missing(&[]), ALL);
    let alone = json!({ "Statement": default_statement() }).to_string();
    assert_eq!(
        list_missing(&alone, KEY, &[Use::Logs], HOME),
        Some(vec![Use::Logs])
    );
}

#[test]
fn each_statement_that_is_shown_is_what_was_missing() {
    for used in ALL {
        let others: Vec<Use> = ALL.into_iter().filter(|other| *other != used).collect();
        assert_eq!(missing(&[used.statement(HOME)]), others);
    }
}

/// The documentation of permissions shows the same statements as the code.
#[test]
fn the_documentation_has_the_same_statements() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");
    let page = std::fs::read_to_string(root).unwrap();
    let (_, rest) = page.split_once("## The policy of a KMS key").unwrap();
    let (_, rest) = rest.split_once("```json\n").unwrap();
    let (text, _) = rest.split_once("```\n").unwrap();
    let text = text
        .replace("REGION", HOME.region)
        .replace("ACCOUNT", HOME.account);
    let documented: Vec<Value> = serde_json::from_str(&text).unwrap();
    let sorted = |mut all: Vec<Value>| {
        all.sort_by_key(|one| one["Sid"].to_string());
        all
    };
    let ours = ALL.map(|used| used.statement(HOME)).to_vec();
    assert_eq!(sorted(documented), sorted(ours));
}

/// Sources: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"; Amazon CloudWatch User Guide,
/// "Amazon SNS topic encryption"; Amazon SNS Developer Guide, "Enabling compatibility between event sources from AWS services and
/// encrypted topics".
#[test]
fn policies_of_the_documentation_of_aws_are_enough() {
    let logs = json!({
        "Effect": "Allow",
        "Principal": { "Service": "logs.us-west-2.amazonaws.com" },
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": { "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-west-2:111122223333:log-group:*" } },
    });
    let alarms = json!({
        "Sid": "Allow_CloudWatch_for_CMK",
        "Effect": "Allow",
        "Principal": { "Service": ["cloudwatch.amazonaws.com", "sns.amazonaws.com"] },
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:cloudwatch:*:111122223333:*" } },
    });
    assert_eq!(missing(&[logs.clone(), alarms.clone()]), []);
    assert_eq!(missing(&[alarms]), [Use::Logs]);
    assert_eq!(missing(&[logs]), [Use::Alarms, Use::Topics]);
}

/// Returns a statement for a service, with one more field.
fn allow(service: &str, field: &str, value: Value) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "kms:*",
        "Resource": "*",
    });
    statement[field] = value;
    statement
}

#[test]
fn a_statement_for_something_else_is_not_enough() {
    let (cloudwatch, logs) = ("cloudwatch.amazonaws.com", "logs.us-west-2.amazonaws.com");
    let account = |account: &str| json!({ "StringEquals": { "aws:SourceAccount": account } });
    let groups = |arn: &str| json!({ "ArnLike": { "kms:EncryptionContext:aws:logs:arn": arn } });
    for (statement, used) in [
        (
            allow("logs.eu-west-1.amazonaws.com", "Sid", json!("Logs")),
            Use::Logs,
        ),
        (
            allow(cloudwatch, "Action", json!("kms:Decrypt")),
            Use::Alarms,
        ),
        (
            allow(cloudwatch, "Action", json!(["kms:Decrypt", "kms:Encrypt*"])),
            Use::Alarms,
        ),
        (allow(cloudwatch, "NotAction", json!("kms:*")), Use::Alarms),
        (allow(cloudwatch, "Effect", json!("Deny")), Use::Alarms),
        (
            allow(cloudwatch, "Condition", account("444455556666")),
            Use::Alarms,
        ),
        (
            allow(
                cloudwatch,
                "Resource",
                json!("arn:aws:kms:us-west-2:111122223333:key/other"),
            ),
            Use::Alarms,
        ),
        (
            allow(
                logs,
                "Condition",
                groups("arn:aws:logs:us-west-2:444455556666:log-group:*"),
            ),
            Use::Logs,
        ),
        (
            allow(logs, "Condition", groups("arn:aws:logs:*:444455556666:*")),
            Use::Logs,
        ),
        (
            allow(
                logs,
                "Condition",
                groups("arn:aws:logs:eu-west-1:111122223333:*"),
            ),
            Use::Logs,
        ),
    ] {
        let mut statement = statement;
        if statement.get("NotAction").is_some() {
            statement.as_object_mut().unwrap().remove("Action");
        }
        assert!(
            missing(std::slice::from_ref(&statement)).contains(&used),
            "{statement}"
        );
    }
}

#[test]
fn what_may_be_enough_is_no_reason_to_refuse() {
    let (cloudwatch, logs) = ("cloudwatch.amazonaws.com", "logs.us-west-2.amazonaws.com");
    let everyone = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {
        "StringLike": { "kms:ViaService": "*.us-west-2.amazonaws.com" },
    }});
    for (statement, used) in [
        (everyone, Use::Alarms),
        (allow(cloudwatch, "Resource", json!(KEY)), Use::Alarms),
        (
            allow(
                cloudwatch,
                "Action",
                json!(["KMS:decrypt", "kms:generatedatakey"]),
            ),
            Use::Alarms,
        ),
        (
            allow(
                cloudwatch,
                "Condition",
                json!({ "StringLike": { "aws:SourceAccount": "1111*" } }),
            ),
            Use::Alarms,
        ),
        (
            allow(
                cloudwatch,
                "Condition",
                json!({ "Bool": { "aws:SecureTransport": "true" } }),
            ),
            Use::Alarms,
        ),
        (
            allow(
                cloudwatch,
                "Condition",
                json!({ "ArnLike": { "aws:SourceArn": "*" } }),
            ),
            Use::Alarms,
        ),
        (
            allow(
                logs,
                "Condition",
                json!({ "ForAnyValue:StringLikeIfExists": {
            "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-west-?:1111*:log-group:shop-*",
        } }),
            ),
            Use::Logs,
        ),
    ] {
        assert!(
            !missing(std::slice::from_ref(&statement)).contains(&used),
            "{statement}"
        );
    }
}

#[test]
fn a_denial_counts_unless_it_has_a_condition() {
    let statements = ALL.map(|used| used.statement(HOME));
    let denied = |condition: Option<Value>| {
        let mut deny =
            json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*" });
        if let Some(condition) = condition {
            deny["Condition"] = condition;
        }
        missing(&[statements.to_vec(), vec![deny]].concat())
    };
    assert_eq!(denied(None), ALL);
    let unencrypted = json!({ "Bool": { "aws:SecureTransport": "false" } });
    assert_eq!(denied(Some(unencrypted)), []);
}

#[test]
fn what_is_no_policy_is_not_judged() {
    for text in ["", "null", "[]", "{}", r#"{"Version": "2012-10-17"}"#] {
        assert_eq!(list_missing(text, KEY, &ALL, HOME), None, "{text}");
    }
}

#[test]
fn patterns_are_those_of_iam() {
    for (pattern, text, expected) in [
        ("kms:Generate*", "kms:GenerateDataKey", true),
        ("kms:*Key", "kms:GenerateDataKey", true),
        ("kms:?ecrypt", "kms:Decrypt", true),
        ("*", "", true),
        ("", "", true),
        ("a*b*c", "axxbxxbc", true),
        ("a*b*c", "axxbxxb", false),
        ("kms:Decrypt", "kms:Decrypt2", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }
}

/// A service's own request has no organization, principal account, or caller account. The policy of `alias/aws/sns`
/// depends on the last of these, so alarms can't use that key.
#[test]
fn conditions_on_what_a_services_request_never_has_are_known() {
    let cloudwatch = || allow("cloudwatch.amazonaws.com", "Sid", json!("Alarms"));
    let managed = allow(
        "cloudwatch.amazonaws.com",
        "Condition",
        json!({ "StringEquals": { "kms:CallerAccount": "111122223333", "kms:ViaService": "sns.us-west-2.amazonaws.com" } }),
    );
    assert!(missing(&[managed]).contains(&Use::Alarms));
    let optional = json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-1234567890" } });
    let optional = allow("cloudwatch.amazonaws.com", "Condition", optional);
    assert!(!missing(&[optional]).contains(&Use::Alarms));
    let denied = |condition: Value| {
        let mut denial = allow("cloudwatch.amazonaws.com", "Condition", condition);
        denial["Effect"] = json!("Deny");
        denial["Principal"] = json!("*");
        missing(&[cloudwatch(), denial]).contains(&Use::Alarms)
    };
    let outsider = json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1234567890" } });
    assert!(denied(outsider));
    // Services are usually omitted.
    let person = json!({
        "StringNotEquals": { "aws:PrincipalOrgID": "o-1234567890" },
        "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
    });
    assert!(!denied(person));
    assert!(!denied(
        json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1234567890" } })
    ));
}
