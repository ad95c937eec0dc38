//! The load of a service's queues, from CloudWatch.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{
    Between, DeployedStack, RecordSubject, SentHistory, ServiceName, Session, TrackRecord,
};
use simulator::{Load, Rows};
use stack::{Queue, ServiceSource, Stack};

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::Known;
use crate::failure::{Code, Failure, Result};
use crate::ui::Ui;

/// A time in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// An absolute time.
    Time(SystemTime),
    /// A duration after the start.
    Length(String),
}

impl Moment {
    pub(super) fn time(&self) -> Option<SystemTime> {
        match self {
            Self::Time(time) => Some(*time),
            Self::Length(_) => None,
        }
    }

    pub(super) fn length(self) -> Option<String> {
        match self {
            Self::Time(_) => None,
            Self::Length(length) => Some(length),
        }
    }
}

/// Parses `2026-11-21`, `2026-11-21T12:00:00Z`, or a duration.
pub(super) fn parse_moment(text: &str) -> Result<Moment> {
    let midnight = format!("{}T00:00:00Z", text.trim());
    let time = humantime::parse_rfc3339_weak(text.trim())
        .or_else(|_| humantime::parse_rfc3339_weak(&midnight));
    match time {
        Ok(time) => Ok(Moment::Time(time)),
        Err(_) if text.contains(['-', ':']) => Err(Failure::new(
            Code::Usage,
            format!(
                "\"{text}\" isn't a valid time: use 2026-11-21, 2026-11-21T12:00:00Z (UTC), or a duration after the start, such as 3d"
            ),
        )),
        Err(_) => Ok(Moment::Length(text.to_owned())),
    }
}

/// Reads the messages that were sent to the queues of a service.
pub(super) async fn read(
    stack: &Stack,
    service: &str,
    connect: &ConnectArgs,
    between: Between,
    ui: &Ui,
) -> Result<Load> {
    let known = Known::of(stack);
    let cloud = connect.connect(&known, ui).await?;
    let histories = read_histories(&cloud, &known, stack, service, between, ui).await;
    let histories = histories.map_err(|failure| cloud.explain(failure))?;
    match histories.as_slice() {
        [(None, all)] => load_history(all),
        several => {
            let loads = several.iter().map(|(queue, history)| {
                Ok((queue.clone().unwrap_or_default(), load_history(history)?))
            });
            Ok(Load::mixed(loads.collect::<Result<_>>()?))
        }
    }
}

/// A history, and the short name of its queue. `None`: the history of all queues.
type QueueHistory = (Option<String>, SentHistory);

/// Reads the history of all queues together, or of each queue if a simulation distinguishes them.
async fn read_histories(
    cloud: &Cloud,
    known: &Known,
    stack: &Stack,
    service: &str,
    between: Between,
    ui: &Ui,
) -> Result<Vec<QueueHistory>> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let (names, _) = find_queues(cloud, &session, known, (stack, service)).await?;
    let all: Vec<String> = names.iter().map(|(_, name)| name.clone()).collect();
    ui.note(&format!(
        "reading the numbers of messages sent to {}",
        all.join(", ")
    ));
    let now = SystemTime::now();
    if !separately(stack, service) {
        let history = deployer::sent_history(&session, &all, between, now).await?;
        return Ok(vec![(None, history)]);
    }
    let found = deployer::sent_histories(&session, &all, between, now).await?;
    let mut histories = Vec::new();
    for ((short, name), history) in names.into_iter().zip(found) {
        match history {
            Some(history) => histories.push((Some(short), history)),
            None => ui.note(&format!("no messages were sent to {name}: it is skipped")),
        }
    }
    Ok(histories)
}

/// The names of queues in SQS, after those that the definition has for them, and the deployed stack, if it was read.
type Named = (Vec<(String, String)>, Option<DeployedStack>);

/// Returns the queues that a service consumes, by their short names and names.
async fn find_queues(
    cloud: &Cloud,
    session: &Session<'_>,
    known: &Known,
    (stack, service): (&Stack, &str),
) -> Result<Named> {
    let identity = cloud.identify(session, known).await?;
    let account = Some(identity.account.as_str()).filter(|_| !cloud.local);
    let names = list_queue_names(session, stack, service, account).await?;
    names.ok_or_else(|| {
        let missing = identity.no_such_stack(&stack.name);
        missing
            .hint("before it is deployed, use a CSV file or a generator as the load")
            .into()
    })
}

/// Reads the history of a service, with the names that the definition has for its queues, and the messages to its queues as a load.
pub(crate) async fn read_record(
    stack: &Stack,
    service: &str,
    connect: &ConnectArgs,
    between: Between,
    ui: &Ui,
) -> Result<(Vec<String>, TrackRecord, Load)> {
    let known = Known::of(stack);
    let cloud = connect.connect(&known, ui).await?;
    let read = async {
        let progress = |progress| ui.progress(progress);
        let session = cloud.session(&progress);
        let found = find_queues(&cloud, &session, &known, (stack, service)).await?;
        let (queues, deployed) = found;
        let (shorts, queues) = queues.into_iter().unzip();
        let of = (stack, service, deployed);
        let subject = find_subject(&session, of, queues).await?;
        ui.note(&format!(
            "reading the history of {}",
            subject.service.service.as_str()
        ));
        let record = deployer::read_track_record(&session, &subject, between, SystemTime::now());
        Ok((shorts, record.await?))
    };
    let read: Result<(Vec<String>, TrackRecord)> = read.await;
    let (shorts, record) = read.map_err(|failure| cloud.explain(failure))?;
    if !separately(stack, service) {
        let load = load_history(&record.sent)?;
        return Ok((shorts, record, load));
    }
    let mut loads = Vec::new();
    for (short, queue) in shorts.iter().zip(&record.queues) {
        match &queue.sent {
            Some(sent) => loads.push((short.clone(), load_history(sent)?)),
            None => ui.note(&format!("no messages were sent to {short}: it is skipped")),
        }
    }
    Ok((shorts, record, Load::mixed(loads)))
}

/// Whether each queue of a service has a load of its own.
fn separately(stack: &Stack, service: &str) -> bool {
    let service = stack.services.get(service);
    service.is_some_and(simulator::distinguishes_queues)
}

async fn find_subject(
    session: &Session<'_>,
    (stack, service, deployed): (&Stack, &str, Option<DeployedStack>),
    queues: Vec<String>,
) -> Result<RecordSubject> {
    let found = stack.services.get(service);
    let name = match found.map(|found| &found.source) {
        Some(ServiceSource::Existing { cluster, service }) => ServiceName {
            cluster: cluster.clone(),
            service: service.clone(),
        },
        _ => {
            let deployed = match deployed {
                None => DeployedStack::read(session, &stack.name).await?,
                known => known,
            };
            let missing = || Failure::failed(format!("the stack {} isn't deployed", stack.name));
            deployed.ok_or_else(missing)?.find_service(service)?.ecs
        }
    };
    let cpu = found.and_then(|found| found.scaling.as_ref()?.cpu);
    let often = cpu.is_some_and(|cpu| cpu.high_resolution);
    Ok(RecordSubject {
        service: name,
        queues,
        separately: separately(stack, service),
        namespace: stack.metric.namespace.clone(),
        datapoints_per_minute: if often { 3 } else { 1 },
    })
}

/// Returns the queues that a service consumes, by their short names and names. `None` if its stack isn't
/// deployed.
async fn list_queue_names(
    session: &Session<'_>,
    stack: &Stack,
    service: &str,
    account: Option<&str>,
) -> Result<Option<Named>> {
    let consumed = stack.services.get(service).map(|service| &service.consumes);
    let mut names = Vec::new();
    let (mut own, mut shorts) = (Vec::new(), Vec::new());
    for short in consumed.into_iter().flatten() {
        match stack.queues.get(short) {
            Some(Queue::Existing(queue)) => {
                let other = account.is_some_and(|account| queue.account != account);
                if other || queue.region != session.clients.region() {
                    return Err(Failure::failed(format!(
                        "the metrics of the queue {} are in account {}, {}",
                        queue.name, queue.account, queue.region
                    ))
                    .hint("export NumberOfMessagesSent there as CSV rows of timestamp,count"));
                }
                names.push((short.clone(), queue.name.clone()));
            }
            _ => {
                own.push(template::names::queue(short));
                shorts.push(short.clone());
            }
        }
    }
    if own.is_empty() {
        return Ok(Some((names, None)));
    }
    let Some(deployed) = DeployedStack::read(session, &stack.name).await? else {
        return Ok(None);
    };
    let queues = deployer::deployed_queues(&deployed, &own)?;
    let names = shorts.into_iter().zip(queues).chain(names).collect();
    Ok(Some((names, Some(deployed))))
}

/// Converts the history into a load, with the same code as a CSV file of counts.
pub(crate) fn load_history(history: &SentHistory) -> Result<Load> {
    let mut rows = String::new();
    for (index, count) in (0u32..).zip(&history.counts) {
        let at = Duration::from_secs(history.begin).saturating_add(history.period * index);
        let written = humantime::format_rfc3339_seconds(UNIX_EPOCH + at);
        rows.push_str(&format!("{written},{count}\n"));
    }
    let load = Load::read_csv(rows.as_bytes(), Some(Rows::Counts))
        .map_err(|error| Failure::failed(format!("failed to use the history: {error}")))?;
    let silent = match history.silent {
        0 => "all of them with a datapoint".to_owned(),
        silent => format!(
            "{silent} of them without a datapoint: SQS publishes none for an idle queue, so nothing was sent"
        ),
    };
    Ok(load.noting(format!(
        "NumberOfMessagesSent of {} in CloudWatch: {} periods of {}, {silent}",
        history.queues.join(" and "),
        history.counts.len(),
        humantime::format_duration(history.period),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_lengths() {
        let time = |text: &str| parse_moment(text).unwrap().time();
        let noon = UNIX_EPOCH + Duration::from_secs(1_795_262_400);
        assert_eq!(time("2026-11-21T12:00:00Z"), Some(noon));
        assert_eq!(time("2026-11-21 12:00:00"), Some(noon));
        assert_eq!(
            time("2026-11-21"),
            Some(noon - Duration::from_secs(12 * 3_600))
        );
        assert_eq!(parse_moment("3d").unwrap().length(), Some("3d".to_owned()));
        assert_eq!(parse_moment("2026-13-40").unwrap_err().code(), Code::Usage);
    }

    #[test]
    fn a_history_is_a_load_like_a_file_of_counts() {
        let history = SentHistory {
            queues: vec!["orders".to_owned(), "returns".to_owned()],
            period: Duration::from_secs(300),
            begin: 1_795_262_400,
            counts: vec![5, 0, 7],
            silent: 1,
        };
        let found = load_history(&history).unwrap();
        assert_eq!(found.duration(), Duration::from_secs(900));
        assert_eq!(found.begins().as_deref(), Some("2026-11-21T12:00:00Z"));
        assert_eq!(found.arrivals(1).count(), 12);
        let late = found
            .arrivals(1)
            .filter(|message| message.at >= 600_000_000_000);
        assert_eq!(late.count(), 7);
        let notes = found.notes().join("\n");
        assert!(notes.contains("of orders and returns"), "{notes}");
        assert!(
            notes.contains("3 periods of 5m, 1 of them without"),
            "{notes}"
        );
    }
}
