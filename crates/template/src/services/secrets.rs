//! The secrets and parameters with which ECS starts a service's tasks.

use std::collections::{BTreeMap, BTreeSet};

use stack::ServiceSpec;

use crate::resources::role::Statement;
use crate::text::{Text, text};

/// Where secrets are stored: the service, the ID of the statement that allows reading them, and the action.
pub(crate) const STORES: [(&str, &str, &str); 2] = [
    (
        "secretsmanager",
        "ReadSecrets",
        "secretsmanager:GetSecretValue",
    ),
    ("ssm", "ReadParameters", "ssm:GetParameters"),
];

/// Reads and decrypts all of them.
pub(super) fn read_all(spec: &ServiceSpec) -> Vec<Statement> {
    let named: BTreeSet<String> = secrets_of(spec).map(secret_itself).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let read = STORES
        .into_iter()
        .filter_map(|(store, sid, action)| read_secrets(&named, store, sid, action));
    let secrets: Vec<&str> = secrets_of(spec).collect();
    read.chain(decrypt_secrets(&secrets)).collect()
}

/// The secrets of a service's containers, as in the definition.
pub(crate) fn secrets_of(spec: &ServiceSpec) -> impl Iterator<Item = &str> {
    let secrets = spec
        .containers()
        .flat_map(|container| container.secrets.values());
    let options = spec.log_router.iter();
    let options = options.flat_map(|router| router.secrets.values());
    secrets.chain(options).map(String::as_str)
}

/// Reads the secrets of one store.
fn read_secrets(
    secrets: &[&str],
    store: &str,
    sid: &'static str,
    action: &str,
) -> Option<Statement> {
    let stored = secrets.iter().filter(|secret| store_of(secret) == store);
    let resources: Vec<_> = stored.map(|secret| arn_of(secret)).collect();
    (!resources.is_empty()).then(|| Statement::new(sid, &[action], resources))
}

/// The store of a secret: the third field of its ARN. A parameter can also be named without an ARN.
pub(crate) fn store_of(secret: &str) -> &str {
    secret.split(':').nth(2).unwrap_or("ssm")
}

/// The ARN of a secret that is named by ARN, or of a parameter of the stack's account and region.
fn arn_of(secret: &str) -> Text {
    match secret.strip_prefix('/') {
        Some(name) => Text::arn("ssm", format!("parameter/{name}")),
        None => secret.into(),
    }
}

/// Decrypts secrets under a customer-managed KMS key. An ARN doesn't show which key that is, so the statement
/// includes every key in the secret's account and region, but only through the store with the secret, which
/// decrypts only secrets that the role can read. The key's policy must also allow it.
fn decrypt_secrets(secrets: &[&str]) -> Vec<Statement> {
    let mut keys: BTreeMap<(&str, &str), Vec<Text>> = BTreeMap::new();
    for secret in secrets {
        let fields: Vec<&str> = secret.split(':').collect();
        let (region, all) = match fields.as_slice() {
            [_, partition, _, region, account, ..] => {
                let all = format!("arn:{partition}:kms:{region}:{account}:key/*");
                (*region, all.into())
            }
            _ => ("", Text::arn("kms", "key/*")),
        };
        let found = keys.entry((store_of(secret), region)).or_default();
        if !found.contains(&all) {
            found.push(all);
        }
    }
    let statement = |((store, region), keys): ((&str, &str), Vec<Text>)| {
        let region = match region {
            "" => Text::region(),
            region => region.into(),
        };
        let through = text![store, ".", region, ".", Text::url_suffix()];
        // Statement IDs are unique in a policy, and each store and region has its own statement.
        Statement::new("", &["kms:Decrypt"], keys).when(
            "StringEquals",
            "kms:ViaService",
            vec![through],
        )
    };
    keys.into_iter().map(statement).collect()
}

/// The ARN, or a parameter's name, without the suffix that ECS supports: `:json-key:version-stage:version-id`.
pub(crate) fn secret_itself(arn: &str) -> String {
    const FIELDS: usize = 7;
    match arn.split(':').nth(2) {
        Some("secretsmanager") => arn.split(':').take(FIELDS).collect::<Vec<_>>().join(":"),
        _ => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_whole() {
        let arn = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf";
        assert_eq!(secret_itself(&format!("{arn}:password::")), arn);
        assert_eq!(secret_itself(arn), arn);
        let parameter = "arn:aws:ssm:us-west-2:111122223333:parameter/db/password";
        assert_eq!(secret_itself(parameter), parameter);
    }
}
