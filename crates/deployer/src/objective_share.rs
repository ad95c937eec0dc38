//! The share of messages that started within the latency objective, in the last hour and the last day, as far as SQS's metrics
//! show it.
//!
//! No metric of AWS has it. SQS publishes, per minute, how many messages were received and the age of the oldest one. Messages that
//! were received while the oldest wasn't too old were in time; of a minute in which it was, or was before, all count as late. SQS counts the age
//! until a message is deleted, so the work on it is allowed for. Source: Amazon SQS Developer Guide, "Available CloudWatch metrics
//! for Amazon SQS".

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use stack::{ExistingQueue, Queue, Service, Stack, parse_record};
use template::contract::{read_definition, types};
use template::names;

use crate::cloudwatch::{Datapoint, Reading, Window, read};
use crate::deployed_stack::DeployedStack;
use crate::error::Result;
use crate::functions::ServiceName;
use crate::messages::name_in;
use crate::observe::{Observed, template};
use crate::session::Session;

/// How a service met the objectives of its queues.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceShares {
    /// Its name in the definition.
    pub name: String,
    /// Its cluster and name in ECS.
    #[serde(flatten)]
    pub ecs: ServiceName,
    /// Its queues.
    pub queues: Vec<QueueShares>,
}

/// How the objective of a queue was met.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueShares {
    /// The queue's name in the definition.
    pub queue: String,
    /// Seconds that a message can wait.
    pub objective: f64,
    /// In the last hour.
    pub hour: Share,
    /// In the last day.
    pub day: Share,
}

/// How much was met in a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Messages that were received.
    pub messages: u64,
    /// Share from 0 to 1 of the messages that started in time, by minutes. `None` if it can't be measured.
    pub share: Option<f64>,
    /// Why it can't be measured.
    pub reason: Option<&'static str>,
}

/// The purpose of the request in errors.
const DOING: &str = "read how the latency objectives were met";
const HOUR: i64 = 3_600;
const DAY: Duration = Duration::from_hours(24);
/// Share of the messages whose minutes may lack an age.
const UNKNOWN: f64 = 0.1;

/// A queue to measure.
struct Subject {
    queue: String,
    in_sqs: String,
    objective: Duration,
    /// Seconds up to which an age is in time.
    limit: f64,
}

/// Reads how the services of a deployed stack met their objectives, by the definition that was deployed. A stack that was deployed
/// without a record of its definition has none.
///
/// # Errors
/// If AWS can't be reached, or if these credentials aren't allowed to read metrics.
pub async fn objective_shares(
    session: &Session<'_>,
    stack: &Observed,
    now: SystemTime,
) -> Result<Vec<ServiceShares>> {
    let template = template(session, &stack.id, None).await.ok().flatten();
    let deployed = DeployedStack::of(session, stack.clone(), template).await?;
    let definition = read_definition(deployed.template()).and_then(parse_record);
    let Some(Ok(definition)) = definition else {
        return Ok(Vec::new());
    };
    let services = definition.services.iter();
    let subjects: Vec<(ServiceName, &String, Vec<Subject>)> = services
        .filter_map(|(name, service)| {
            let subjects = list_subjects(&deployed, &definition, service);
            let ecs = find_ecs(&deployed, name, service).filter(|_| !subjects.is_empty())?;
            Some((ecs, name, subjects))
        })
        .collect();
    let readings = subjects.iter().flat_map(|(.., queues)| queues);
    let readings: Vec<Reading> = readings
        .flat_map(|subject| queue_readings(&subject.in_sqs))
        .collect();
    let window = Window::whole_minutes(now, DAY);
    let mut found = read(session, DOING, &readings, window).await?.into_iter();
    let mut next = || {
        found
            .next()
            .map_or(Ok(Vec::new()), |one| one.complete(DOING))
    };
    let mut all = Vec::new();
    for (ecs, name, subjects) in subjects {
        let mut queues = Vec::new();
        for subject in subjects {
            let (received, ages) = (next()?, next()?);
            let measure = |begin| measure(&received, &ages, subject.limit, begin);
            queues.push(QueueShares {
                hour: measure(window.end - HOUR),
                day: measure(window.begin),
                objective: subject.objective.as_secs_f64(),
                queue: subject.queue,
            });
        }
        let name = name.clone();
        all.push(ServiceShares { name, ecs, queues });
    }
    Ok(all)
}

fn find_ecs(deployed: &DeployedStack, name: &str, service: &Service) -> Option<ServiceName> {
    match &service.source {
        stack::ServiceSource::Existing { cluster, service } => Some(ServiceName {
            cluster: cluster.clone(),
            service: service.clone(),
        }),
        stack::ServiceSource::Create(_) => deployed.find_service(name).ok().map(|found| found.ecs),
    }
}

fn list_subjects(deployed: &DeployedStack, stack: &Stack, service: &Service) -> Vec<Subject> {
    let queues = service.consumes.iter();
    let subject = |queue: &String| {
        let objective = service.queue_objective(queue)?;
        let work = service.queue_processing_time(queue).unwrap_or_default();
        let in_sqs = match stack.queues.get(queue)? {
            Queue::Create(_) => {
                let made = deployed.find(types::QUEUE, &names::queue(queue))?;
                name_in(&made.physical_id).to_owned()
            }
            // Metrics are where the queue is.
            Queue::Existing(existing) if is_here(deployed, existing) => existing.name.clone(),
            Queue::Existing(_) => return None,
        };
        Some(Subject {
            queue: queue.clone(),
            in_sqs,
            objective,
            limit: (objective + work).as_secs_f64(),
        })
    };
    queues.filter_map(subject).collect()
}

fn is_here(deployed: &DeployedStack, queue: &ExistingQueue) -> bool {
    let place = format!(":{}:{}:", queue.region, queue.account);
    deployed.stack.id.contains(&place)
}

/// What was received from a queue, by its name in SQS, then the age of the oldest.
pub(crate) fn queue_readings(queue: &str) -> [Reading; 2] {
    let reading = |name, statistic| Reading {
        namespace: "AWS/SQS".to_owned(),
        name,
        dimensions: vec![("QueueName", queue.to_owned())],
        statistic,
    };
    [
        reading("NumberOfMessagesReceived", "Sum"),
        reading("ApproximateAgeOfOldestMessage", "Maximum"),
    ]
}

/// The share after `begin`. `limit`: seconds up to which an age is in time.
fn measure(received: &[Datapoint], ages: &[Datapoint], limit: f64, begin: i64) -> Share {
    let ages: BTreeMap<i64, f64> = ages.iter().map(|point| (point.at, point.value)).collect();
    let received = received.iter().filter(|point| point.at >= begin);
    let points = received.map(|point| {
        let age = |at| ages.get(&at).copied();
        (point.value, [age(point.at), age(point.at - 60)])
    });
    share_in_time(points, limit)
}

/// The share in time of messages that were received in each of several periods, with the ages of the oldest one in that period and in
/// the minute before. A backlog that is drained within a minute leaves no age in that minute. `limit`: seconds up to which an age is
/// in time.
pub(crate) fn share_in_time(
    points: impl Iterator<Item = (f64, [Option<f64>; 2])>,
    limit: f64,
) -> Share {
    let (mut all, mut known, mut met) = (0.0, 0.0, 0.0);
    for (received, [age, before]) in points {
        all += received;
        if let Some(age) = age {
            known += received;
            let in_time = age.max(before.unwrap_or(age)) <= limit;
            met += if in_time { received } else { 0.0 };
        }
    }
    let reason = if all == 0.0 {
        Some("no message was received")
    } else if all - known > UNKNOWN * all {
        Some("the age of the oldest message is missing for many of them")
    } else {
        None
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of messages"
    )]
    let messages = all as u64;
    Share {
        messages,
        share: reason.is_none().then(|| met / known),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(i64, f64)]) -> Vec<Datapoint> {
        let point = |&(minute, value): &(i64, f64)| Datapoint {
            value,
            at: minute * 60,
        };
        values.iter().map(point).collect()
    }

    /// 90 messages in minutes of at most 10 s, and 10 in one of 11 s: 90%.
    #[test]
    fn messages_count_by_the_oldest_of_their_minute() {
        let received = points(&[(0, 50.0), (1, 40.0), (2, 10.0)]);
        let ages = points(&[(0, 3.0), (1, 10.0), (2, 11.0)]);
        let all = measure(&received, &ages, 10.0, 0);
        assert_eq!((all.messages, all.share), (100, Some(0.9)));
        // The last two minutes: 40 of 50.
        assert_eq!(measure(&received, &ages, 10.0, 60).share, Some(0.8));
    }

    /// 40 messages waited for three minutes for the first task, which received all of them at once.
    #[test]
    fn a_backlog_that_is_drained_within_a_minute_was_late() {
        let ages = points(&[(0, 60.0), (1, 120.0), (2, 180.0), (3, 0.0), (4, 1.0)]);
        let share = measure(&points(&[(3, 40.0), (4, 10.0)]), &ages, 10.0, 0);
        assert_eq!((share.messages, share.share), (50, Some(0.2)));
    }

    #[test]
    fn what_isn_t_known_isn_t_claimed() {
        let received = points(&[(0, 50.0), (1, 50.0)]);
        assert_eq!(
            measure(&received, &points(&[(0, 3.0)]), 10.0, 0).share,
            None
        );
        // Of 100, 95 are known.
        let received = points(&[(0, 95.0), (1, 5.0)]);
        let share = measure(&received, &points(&[(0, 3.0)]), 10.0, 0);
        assert_eq!((share.messages, share.share), (100, Some(1.0)));
        let none = measure(&[], &[], 10.0, 0);
        assert_eq!(
            (none.share, none.reason),
            (None, Some("no message was received"))
        );
    }
}
