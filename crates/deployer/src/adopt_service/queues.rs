//! The queues that the service consumes, and their settings.

use std::time::Duration;

use adopt::live::{
    Candidate, QueueChoice, QueueName, QueueReading, Readings, choose_queues, find_candidates,
    parse_queue,
};
use aws_sdk_sqs::types::QueueAttributeName;

use crate::error::{Error, Kind, Result, aws, unless_denied};
use crate::messages::find_queue_url;
use crate::session::Session;

/// Reads the queues that the user named, or otherwise the queues that the service consumes.
///
/// # Errors
/// If a named queue doesn't exist or can't be read; if no queue is found; or if there are several, and it can't be
/// determined which of them the service consumes.
pub(super) async fn read(
    session: &Session<'_>,
    asked: &[String],
    readings: &mut Readings,
) -> Result<Vec<QueueReading>> {
    if !asked.is_empty() {
        return read_asked(session, asked, readings).await;
    }
    let candidates = find_candidates(&readings.service, &readings.task);
    let mut found = Vec::new();
    for candidate in candidates {
        let read = unless_denied(read_one(session, &candidate, readings).await)?;
        match read {
            Ok(Ok(queue)) => found.push(queue),
            // A name isn't necessarily a queue's.
            Ok(Err(_)) if candidate.unsure => {}
            Ok(Err(why)) | Err(why) => readings.unread.push(why),
        }
    }
    let choices = found.iter().map(|queue| QueueChoice {
        arn: queue.arn.clone(),
        found: queue.found.clone(),
        dead_letter: queue.dead_letter.as_ref().map(|(_, arn)| arn.clone()),
    });
    let chosen = choose_queues(&readings.task, choices.collect());
    let chosen = chosen.map_err(|several| explain_several(readings, &several))?;
    if chosen.is_empty() {
        return Err(explain_none(readings));
    }
    let queue = |choice: QueueChoice| {
        let mut same = found.iter().filter(|queue| queue.arn == choice.arn);
        same.next().map(|queue| QueueReading {
            found: choice.found,
            ..queue.clone()
        })
    };
    Ok(chosen.into_iter().filter_map(queue).collect())
}

async fn read_asked(
    session: &Session<'_>,
    asked: &[String],
    readings: &Readings,
) -> Result<Vec<QueueReading>> {
    let mut found: Vec<QueueReading> = Vec::new();
    for text in asked {
        let Some(queue) = parse_queue(text) else {
            return Err(Error::new(
                Kind::Usage,
                format!("--queue {text} is neither a queue's URL nor its ARN nor its name"),
            ));
        };
        let candidate = Candidate {
            queue,
            found: "--queue".to_owned(),
            unsure: false,
        };
        let queue = read_one(session, &candidate, readings).await?;
        let queue = queue.map_err(|why| Error::new(Kind::Usage, why))?;
        if found.iter().all(|known| known.arn != queue.arn) {
            found.push(queue);
        }
    }
    Ok(found)
}

/// Reads one queue. The inner error is the reason why it can't be used.
async fn read_one(
    session: &Session<'_>,
    candidate: &Candidate,
    readings: &Readings,
) -> Result<std::result::Result<QueueReading, String>> {
    let name = match local_name(candidate, readings) {
        Ok(name) => name,
        Err(why) => return Ok(Err(why)),
    };
    let doing = format!("read the queue {name} (from {})", candidate.found);
    let Some(url) = find_queue_url(session, &name, &doing).await? else {
        return Ok(Err(format!(
            "there is no queue {name} (from {}) in {}",
            candidate.found, readings.region
        )));
    };
    let request = session.clients.sqs.get_queue_attributes().queue_url(url);
    let reply = request
        .attribute_names(QueueAttributeName::All)
        .send()
        .await;
    let reply = reply.map_err(aws(doing))?;
    let attribute = |key: QueueAttributeName| {
        let all = reply.attributes();
        all.and_then(|all| all.get(&key)).map(String::as_str)
    };
    Ok(Ok(convert(candidate, &name, &attribute)))
}

/// Returns the name of a queue in the service's own account and region. The error is the reason why the queue
/// isn't there.
fn local_name(candidate: &Candidate, readings: &Readings) -> std::result::Result<String, String> {
    let found = &candidate.found;
    let (account, name) = match &candidate.queue {
        QueueName::Name(name) => return Ok(name.clone()),
        QueueName::Url { account, name } => (account.as_str(), name.as_str()),
        QueueName::Arn(arn) => {
            let parts: Vec<&str> = arn.split(':').collect();
            let (Some(region), Some(account), Some(name)) =
                (parts.get(3), parts.get(4), parts.get(5))
            else {
                return Err(format!("{arn} isn't the ARN of a queue"));
            };
            if *region != readings.region {
                return Err(format!(
                    "the queue {arn} (from {found}) is in another region than the service"
                ));
            }
            (*account, *name)
        }
    };
    match account == readings.account {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "the queue {name} (from {found}) is in account {account}, not in {}",
            readings.account
        )),
    }
}

fn convert<'a>(
    candidate: &Candidate,
    name: &str,
    attribute: &impl Fn(QueueAttributeName) -> Option<&'a str>,
) -> QueueReading {
    let seconds = |key| {
        let value = attribute(key).and_then(|text| text.parse().ok());
        Duration::from_secs(value.unwrap_or_default())
    };
    QueueReading {
        arn: attribute(QueueAttributeName::QueueArn)
            .unwrap_or_default()
            .to_owned(),
        name: name.to_owned(),
        found: candidate.found.clone(),
        visibility_timeout: seconds(QueueAttributeName::VisibilityTimeout),
        retention: seconds(QueueAttributeName::MessageRetentionPeriod),
        delay: seconds(QueueAttributeName::DelaySeconds),
        dead_letter: attribute(QueueAttributeName::RedrivePolicy).and_then(dead_letter),
        key: attribute(QueueAttributeName::KmsMasterKeyId).map(str::to_owned),
    }
}

/// The count is a number or text, depending on how the policy was written.
fn dead_letter(policy: &str) -> Option<(u32, String)> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    let count = &policy["maxReceiveCount"];
    let number = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
    let arn = policy["deadLetterTargetArn"].as_str()?;
    Some((u32::try_from(number).ok()?, arn.to_owned()))
}

const GIVE: &str = "name it with --queue (a URL, an ARN, or a name; repeatable)";

fn explain_none(readings: &Readings) -> Error {
    let service = &readings.service;
    let error = Error::failed(format!(
        "found no queue that the service {}/{} consumes: not in its environment variables, in its task role, or in its tags",
        service.cluster, service.name
    ))
    .hint(GIVE);
    let secrets = readings.task.containers.iter().flat_map(|one| &one.secrets);
    let secrets: Vec<&str> = secrets.map(String::as_str).collect();
    let error = match secrets.is_empty() {
        true => error,
        false => error.hint(format!(
            "these variables are secrets, which aren't read: {}",
            secrets.join(", ")
        )),
    };
    readings
        .unread
        .iter()
        .fold(error, |error, why| error.hint(format!("not read: {why}")))
}

fn explain_several(readings: &Readings, several: &[QueueChoice]) -> Error {
    let service = &readings.service;
    let name = |queue: &QueueChoice| {
        let name = queue.arn.rsplit(':').next().unwrap_or_default();
        format!("{name} (from {})", queue.found)
    };
    let names: Vec<String> = several.iter().map(name).collect();
    let error = Error::failed(format!(
        "found {} queues for the service {}/{}, and it isn't clear which of them it consumes: {}",
        several.len(),
        service.cluster,
        service.name,
        names.join(", ")
    ))
    .hint(GIVE);
    readings
        .unread
        .iter()
        .fold(error, |error, why| error.hint(format!("not read: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redrive_policies_are_read_in_both_ways() {
        let arn = "arn:aws:sqs:us-west-2:1:dead";
        for count in ["5", "\"5\""] {
            let policy =
                format!(r#"{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {count}}}"#);
            assert_eq!(dead_letter(&policy), Some((5, arn.to_owned())));
        }
        for wrong in [
            "",
            "{}",
            r#"{"maxReceiveCount": -1, "deadLetterTargetArn": "a"}"#,
        ] {
            assert_eq!(dead_letter(wrong), None, "{wrong}");
        }
    }
}
