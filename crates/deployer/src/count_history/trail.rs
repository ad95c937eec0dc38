//! CloudTrail's record: its event history shows who called UpdateService. Every account has it for 90 days.

use std::time::SystemTime;

use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use serde_json::Value;

use super::{ChangeSource, CountChange};
use crate::described::name_of;
use crate::error::{Result, aws, is_not_emulated};
use crate::functions::ServiceName;
use crate::session::Session;

/// Maximum number of pages, 50 events each. LookupEvents allows two requests per second for the whole account.
const PAGES: usize = 20;

/// Returns the calls that set a count, and notes on what couldn't be read. The other records are still useful
/// without them.
pub(super) async fn read(
    session: &Session<'_>,
    services: &[ServiceName],
    (since, until): (SystemTime, SystemTime),
) -> Result<(Vec<CountChange>, Vec<String>)> {
    let by_name = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::EventName)
        .attribute_value("UpdateService")
        .build()
        .map_err(|error| crate::Error::failed(error.to_string()))?;
    let request = session.clients.cloudtrail.lookup_events();
    let mut pages = request
        .lookup_attributes(by_name)
        .start_time(DateTime::from(since))
        .end_time(DateTime::from(until))
        .into_paginator()
        .send();
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for _ in 0..PAGES {
        match pages.next().await {
            None => return Ok((found, notes)),
            Some(Ok(page)) => found.extend(convert_page(&page, services)),
            Some(Err(error)) => {
                notes.push(match is_not_emulated(&error) {
                    true => NOT_EMULATED.to_owned(),
                    false => format!("{}; {WITHOUT}", aws("read CloudTrail's events")(error)),
                });
                return Ok((found, notes));
            }
        }
    }
    notes.push(format!(
        "CloudTrail has more than {} calls of UpdateService in this time: the oldest weren't read",
        PAGES * 50
    ));
    Ok((found, notes))
}

const WITHOUT: &str = "manual changes are shown only if another record has the count";
const NOT_EMULATED: &str = "this cloud has no CloudTrail, because the sandbox doesn't emulate it: manual changes are shown only if another record has the count";

fn convert_page<'a>(
    page: &'a LookupEventsOutput,
    services: &'a [ServiceName],
) -> impl Iterator<Item = CountChange> + 'a {
    let events = page.events().iter();
    events.filter_map(|event| {
        let at = u64::try_from(event.event_time()?.secs()).ok()?;
        let record: Value = serde_json::from_str(event.cloud_trail_event()?).ok()?;
        convert(at, &record, services)
    })
}

/// Converts a call that succeeded and set the count of one of these services.
pub(super) fn convert(at: u64, record: &Value, services: &[ServiceName]) -> Option<CountChange> {
    if record.get("errorCode").is_some_and(|code| !code.is_null()) {
        return None;
    }
    let parameters = record.get("requestParameters")?;
    let to = u32::try_from(parameters.get("desiredCount")?.as_u64()?).ok()?;
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    let service = name_of(text("service")?);
    let cluster = name_of(text("cluster").unwrap_or("default"));
    let mut known = services.iter();
    let name = known.find(|one| one.service == service && one.cluster == cluster)?;
    let agent = record.get("userAgent").and_then(Value::as_str);
    let agent = agent.and_then(|agent| agent.split(' ').next());
    let with = agent.map_or_else(String::new, |agent| format!(" with {agent}"));
    Some(CountChange {
        to: Some(to),
        who: caller(record),
        why: format!("called UpdateService{with}"),
        sources: vec![ChangeSource::CloudTrail],
        ..CountChange::of(name, at)
    })
}

/// Returns who made the call: the name of a person or role, or the AWS service that made it for them. Source:
/// "CloudTrail userIdentity element" in the AWS CloudTrail User Guide.
fn caller(record: &Value) -> String {
    let identity = record.get("userIdentity").unwrap_or(&Value::Null);
    let text = |name: &str| identity.get(name).and_then(Value::as_str);
    let arn = text("arn").unwrap_or_default();
    let named = match text("type") {
        Some("AWSService") => text("invokedBy"),
        Some("Root") => Some("the root user"),
        Some("IAMUser") => text("userName"),
        // `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`
        Some("AssumedRole") => arn.split_once(":assumed-role/").map(|(_, role)| role),
        _ => None,
    };
    let name = named.or(text("principalId")).unwrap_or("unknown");
    match text("invokedBy").filter(|service| *service != name) {
        Some(service) => format!("{name}, through {service}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn services() -> Vec<ServiceName> {
        vec![ServiceName {
            cluster: "shop".to_owned(),
            service: "worker".to_owned(),
        }]
    }

    /// The format of a record: "CloudTrail record contents for management events" in the AWS CloudTrail User
    /// Guide.
    fn call(identity: &Value, parameters: &Value) -> Value {
        json!({
            "eventName": "UpdateService",
            "userAgent": "aws-cli/2.30.0 md/awscrt#0.27.6 ua/2.1",
            "userIdentity": identity,
            "requestParameters": parameters,
        })
    }

    fn of(record: &Value) -> Option<(Option<u32>, String, String)> {
        let change = convert(7, record, &services())?;
        assert_eq!(change.at, 7);
        Some((change.to, change.who, change.why))
    }

    #[test]
    fn a_call_has_a_caller_and_a_count() {
        let role = json!({
            "type": "AssumedRole",
            "principalId": "AROA0:ann",
            "arn": "arn:aws:sts::111122223333:assumed-role/Operator/ann",
        });
        let by_arn = json!({
            "cluster": "arn:aws:ecs:us-west-2:111122223333:cluster/shop",
            "service": "arn:aws:ecs:us-west-2:111122223333:service/shop/worker",
            "desiredCount": 7,
        });
        let why = "called UpdateService with aws-cli/2.30.0".to_owned();
        let expected = (Some(7), "Operator/ann".to_owned(), why.clone());
        assert_eq!(of(&call(&role, &by_arn)), Some(expected));
        let user = json!({"type": "IAMUser", "userName": "ann", "invokedBy": "cloudformation.amazonaws.com"});
        let by_name = json!({"cluster": "shop", "service": "worker", "desiredCount": 0});
        let who = "ann, through cloudformation.amazonaws.com".to_owned();
        assert_eq!(of(&call(&user, &by_name)), Some((Some(0), who, why)));
    }

    #[test]
    fn other_calls_are_no_changes() {
        let root = json!({"type": "Root"});
        let of = |parameters: Value| of(&call(&root, &parameters));
        assert_eq!(of(json!({"cluster": "shop", "service": "worker"})), None);
        let other = json!({"cluster": "shop", "service": "web", "desiredCount": 1});
        assert_eq!(of(other), None);
        let elsewhere = json!({"service": "worker", "desiredCount": 1});
        assert_eq!(of(elsewhere), None, "in the cluster `default`");
        let mut refused = call(
            &root,
            &json!({"cluster": "shop", "service": "worker", "desiredCount": 1}),
        );
        assert!(convert(7, &refused, &services()).is_some());
        refused["errorCode"] = json!("AccessDenied");
        assert_eq!(convert(7, &refused, &services()), None);
        assert_eq!(convert(7, &json!("text"), &services()), None);
    }
}
