//! Roles of IAM, and log groups.

use aws_sdk_iam::types::Tag;

use crate::error::{Result, aws};
use crate::session::Session;

use super::broken::Broken;
use super::given::Properties;

/// Recreates the role under its name, or restores its policies.
pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    let client = &session.clients.iam;
    let given = broken.given();
    let doing = || format!("repair the role {name}");
    let trust = given.at("AssumeRolePolicyDocument").required();
    let boundary = given.at("PermissionsBoundary").text();
    if broken.is_missing() {
        broken.note(session, format!("recreating the role {name}"));
        let request = client.create_role().role_name(name);
        let tags = broken.tags_as(|(key, value)| Tag::builder().key(key).value(value).build().ok());
        request
            .assume_role_policy_document(&trust)
            .set_path(given.at("Path").text())
            .set_description(given.at("Description").text())
            .set_permissions_boundary(boundary)
            .set_tags(tags)
            .send()
            .await
            .map_err(aws(doing()))?;
    } else {
        if broken.is_different("AssumeRolePolicyDocument") {
            let request = client.update_assume_role_policy().role_name(name);
            let sent = request.policy_document(&trust).send().await;
            sent.map_err(aws(doing()))?;
        }
        if broken.is_different("Description") {
            let request = client.update_role().role_name(name);
            let sent = request
                .set_description(given.at("Description").text())
                .send()
                .await;
            sent.map_err(aws(doing()))?;
        }
        if let Some(boundary) = boundary.filter(|_| broken.is_different("PermissionsBoundary")) {
            let request = client.put_role_permissions_boundary().role_name(name);
            let sent = request.permissions_boundary(boundary).send().await;
            sent.map_err(aws(doing()))?;
        }
    }
    put_policies(session, broken, given).await
}

async fn put_policies(
    session: &Session<'_>,
    broken: &Broken<'_>,
    given: Properties<'_>,
) -> Result<()> {
    let name = &broken.part.physical_id;
    let client = &session.clients.iam;
    let inline = given.at("Policies").items();
    for policy in inline.filter(|_| broken.is_different("Policies")) {
        let request = client.put_role_policy().role_name(name);
        let request = request.policy_name(policy.at("PolicyName").required());
        let document = policy.at("PolicyDocument").required();
        let sent = request.policy_document(document).send().await;
        sent.map_err(aws(format!("put a policy of the role {name}")))?;
    }
    let managed = given.at("ManagedPolicyArns").texts().into_iter();
    for arn in managed.filter(|_| broken.is_different("ManagedPolicyArns")) {
        let request = client.attach_role_policy().role_name(name);
        let sent = request.policy_arn(&arn).send().await;
        sent.map_err(aws(format!("attach {arn} to the role {name}")))?;
    }
    Ok(())
}

pub(super) async fn repair_log_group(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    let client = &session.clients.cloudwatchlogs;
    if broken.is_missing() {
        let request = client.create_log_group().log_group_name(name);
        let key = broken.given().at("KmsKeyId").text();
        let request = request
            .set_tags(Some(broken.tags().collect()))
            .set_kms_key_id(key);
        let sent = request.send().await;
        sent.map_err(aws(format!("recreate the log group {name}")))?;
    }
    let Some(days) = broken.given().at("RetentionInDays").int() else {
        return Ok(());
    };
    let request = client.put_retention_policy().log_group_name(name);
    let sent = request.retention_in_days(days).send().await;
    sent.map(drop)
        .map_err(aws(format!("set the retention of {name}")))
}
