//! Whether AWS can use the KMS keys of the stack. CloudFormation doesn't check this, and without the permission
//! an alarm can't notify anyone.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::error::SdkError;
use futures::future::try_join_all;
use stack::{Encryption, Queue, ServiceSource, Stack};

use super::key_policy::{Home, Use, list_missing};
use crate::error::{Error, Result, aws};
use crate::session::Session;

/// The uses of each key, with the definition's key that causes them.
type Uses<'a> = BTreeMap<&'a str, BTreeSet<(Use, String)>>;

/// Checks the policy of each key.
///
/// # Errors
/// If a policy definitely doesn't let AWS use the key, if the key doesn't exist, or if AWS can't be reached. A policy
/// that can't be read is only reported.
pub(super) async fn check(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let uses = list_uses(stack);
    let checks = uses.iter().map(|(key, uses)| check_key(session, key, uses));
    try_join_all(checks).await.map(drop)
}

fn list_uses(stack: &Stack) -> Uses<'_> {
    let mut all = Uses::new();
    let mut add = |key, used, place: String| {
        all.entry(key).or_default().insert((used, place));
    };
    let common = stack.key.as_deref();
    if let Some(key) = stack.log_key.as_ref().filter(|_| has_logs(stack)) {
        let place = match common == Some(key) {
            true => "encryption",
            false => "logs.key",
        };
        add(key.as_str(), Use::Logs, place.to_owned());
    }
    let has_steps = |service: &stack::Service| {
        let scaling = service.scaling.as_ref();
        scaling.is_some_and(|scaling| scaling.alarm_steps.is_some())
    };
    let has_topic = stack.has_subscribers() || stack.services.values().any(has_steps);
    if let Some(key) = common.filter(|_| has_topic) {
        // An alarm's topic is encrypted and decrypted with the sender's permissions.
        add(key, Use::Alarms, "encryption".to_owned());
    }
    for (name, queue) in &stack.queues {
        if let Queue::Create(spec) = queue
            && let Encryption::Kms(key) = &spec.encryption
            && !spec.subscribe.is_empty()
        {
            let place = match common == Some(key) {
                true => "encryption".to_owned(),
                false => format!("queues.{name}.encryption"),
            };
            add(key.as_str(), Use::Topics, place);
        }
    }
    all
}

/// Whether the stack creates a log group: for tasks, functions, or flow logs.
fn has_logs(stack: &Stack) -> bool {
    stack.services.values().any(|service| {
        matches!(service.source, ServiceSource::Create(_))
            || service.is_measured()
            || service.has_scaling_function()
    })
}

async fn check_key(session: &Session<'_>, key: &str, uses: &BTreeSet<(Use, String)>) -> Result<()> {
    let mut parts = key.split(':').skip(1);
    let mut part = || parts.next().unwrap_or_default();
    let (partition, _, region, account) = (part(), part(), part(), part());
    let home = Home {
        partition,
        region,
        account,
    };
    let places: BTreeSet<&str> = uses.iter().map(|(_, place)| place.as_str()).collect();
    let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
    let named = format!("the KMS key {key} ({})", places.join(", "));
    let Some(policy) = read_policy(session, key, &named).await? else {
        return Ok(());
    };
    let wanted: BTreeSet<Use> = uses.iter().map(|(used, _)| *used).collect();
    let wanted: Vec<Use> = wanted.into_iter().collect();
    match list_missing(&policy, key, &wanted, home) {
        None => session.note(format!("skipped: the policy of {named} isn't understood")),
        Some(missing) if missing.is_empty() => {}
        Some(missing) => return Err(refuse(&named, &missing, home)),
    }
    Ok(())
}

/// Returns `None`, and reports a note, if the policy can't be read: without the permission, of a key that
/// doesn't exist or belongs to another account, and in emulators without KMS. CloudFormation might still be
/// able to use the key.
async fn read_policy(session: &Session<'_>, key: &str, named: &str) -> Result<Option<String>> {
    let request = session.clients.kms.get_key_policy().key_id(key);
    let error = match request.send().await {
        Ok(reply) => return Ok(reply.policy().map(str::to_owned)),
        Err(error) => error,
    };
    let is_answered = matches!(
        error,
        SdkError::ServiceError(_) | SdkError::ResponseError(_)
    );
    let error = aws(format!("read the policy of {named}"))(error);
    if !is_answered {
        return Err(error);
    }
    session.note(format!(
        "skipped: {error}. Whether AWS can use the key is unknown: allow kms:GetKeyPolicy, or compare its policy with \
         docs/permissions.md"
    ));
    Ok(None)
}

fn refuse(named: &str, missing: &[Use], home: Home<'_>) -> Error {
    let reasons: Vec<&str> = missing.iter().map(|used| used.consequence()).collect();
    let error = Error::refused(format!(
        "the policy of {named} is too narrow: {}",
        reasons.join("; ")
    ));
    let error = error.hint("ask the key's owner to add to its policy (`aws kms put-key-policy`):");
    missing.iter().fold(error, |error, used| {
        error.hint(used.statement(home).to_string())
    })
}
