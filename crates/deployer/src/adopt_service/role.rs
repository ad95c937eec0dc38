//! The policies of a task role.

use crate::error::{Result, aws};
use crate::session::Session;

/// Reads the documents of a role's inline and attached policies, as JSON.
///
/// # Errors
/// If IAM refuses or can't be reached.
pub(super) async fn read_policies(session: &Session<'_>, role: &str) -> Result<Vec<String>> {
    let iam = &session.clients.iam;
    let doing = format!("read the policies of the task role {role}");
    let request = iam.list_role_policies().role_name(role);
    let names: Vec<String> = request
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(aws(&doing))?;
    let mut documents = Vec::new();
    for name in names {
        let request = iam.get_role_policy().role_name(role).policy_name(name);
        let reply = request.send().await.map_err(aws(&doing))?;
        documents.push(decode(reply.policy_document()));
    }
    let request = iam.list_attached_role_policies().role_name(role);
    let pages = request.into_paginator().items().send();
    let attached: Vec<_> = pages.try_collect().await.map_err(aws(&doing))?;
    for arn in attached.iter().filter_map(|policy| policy.policy_arn()) {
        let reply = iam.get_policy().policy_arn(arn).send().await;
        let reply = reply.map_err(aws(&doing))?;
        let Some(version) = reply
            .policy()
            .and_then(|policy| policy.default_version_id())
        else {
            continue;
        };
        let request = iam.get_policy_version().policy_arn(arn).version_id(version);
        let reply = request.send().await.map_err(aws(&doing))?;
        let document = reply
            .policy_version()
            .and_then(|version| version.document());
        documents.push(decode(document.unwrap_or_default()));
    }
    Ok(documents)
}

/// Decodes a document: IAM returns documents with percent-encoding (RFC 3986).
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = text.get(at + 1..at + 3);
        match (*byte == b'%').then(|| pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            Some(Some(value)) => {
                decoded.push(value);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        assert_eq!(decode("%7B%22a%22%3A%20%5B%5D%7D"), r#"{"a": []}"#);
        for plain in ["{\"a\": []}", "100%", "%zz", "%é", ""] {
            assert_eq!(decode(plain), plain);
        }
    }
}
