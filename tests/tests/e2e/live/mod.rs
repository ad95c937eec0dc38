//! The closed loop: real messages, real workers, the deployed function and policy, and a compressed clock.
//!
//! Each test has its own sandbox, whose minute takes three seconds. Messages are processed in real time: 0.1 s
//! each.

mod course;
mod demand;
mod faults;
mod scene;

use std::time::Duration;

use sandbox::{Due, Producer, Sending};

pub(crate) use course::Course;
pub(crate) use scene::Live;

/// Speed of the loop as a multiple of real time.
const SPEED: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60 / SPEED as u64);
/// Maximum number of tasks of the service.
const MOST: u32 = 6;
/// Target of messages per task.
const TARGET: f64 = 20.0;

/// The articles' policy: vouchers can wait 2 s and take 0.1 s each, so the target is 20 per task.
fn definition(name: &str) -> String {
    format!(
        "\
name: {name}
queues:
  vouchers:
    visibility_timeout: 5s
    dead_letter: {{after: 5, retention: 14d}}
services:
  worker:
    image: public.ecr.aws/docker/library/busybox:1.37
    cpu: 256
    memory: 512
    environment: {{WORK_TIME: 100ms}}
    consumes: [vouchers]
    stop_timeout: 10s
    tasks: {{min: 1, max: {MOST}}}
    scaling:
      backlog_per_task:
        acceptable_latency: 2s
        processing_time: 100ms
        cooldown: {{out: 60s, in: 60s}}
alarms: {{metric_silent: 5m}}
"
    )
}

/// Messages at a constant rate between two times.
fn steady(rate: f64, from: Duration, to: Duration) -> impl Iterator<Item = Due> {
    let pause = Duration::from_secs_f64(1.0 / rate);
    let moments = std::iter::successors(Some(from), move |at| Some(*at + pause));
    let moments = moments.take_while(move |at| *at < to);
    moments.map(|at| Due { at, work: None })
}

/// Sends a load. Returns the IDs of the messages that SQS accepted.
async fn send(live: &Live, load: impl IntoIterator<Item = Due>) -> Vec<String> {
    let producer = Producer::new(live.cloud.clients.sqs.clone(), &live.queue);
    let mut ids = Vec::new();
    let sending: Sending = producer
        .send(load, std::future::pending(), |sent| {
            ids.push(sent.message_id)
        })
        .await;
    assert_eq!(sending.not_sent, 0, "{sending:?}");
    ids
}

/// A load that rises to three and a half tasks' work for forty seconds, and then ends.
#[tokio::test]
async fn scales_out_by_the_law_and_in_to_the_least() {
    let live = Live::start("step", definition).await;
    let course = Course::follow(&live);
    let calm = Duration::from_secs(9);
    let busy = Duration::from_secs(40);
    let quiet = steady(4.0, Duration::ZERO, calm);
    let ids = send(&live, quiet.chain(steady(35.0, calm, calm + busy))).await;
    live.is_drained(Duration::from_secs(60)).await;
    // The low alarm needs fifteen datapoints, plus the cooldown.
    live.comes_to(1, MINUTE * 40).await;
    let looks = course.end().await;

    let most = looks.iter().map(|look| look.desired).max().unwrap();
    assert!(most > 1, "it never scaled out");
    assert!(looks.iter().all(|look| (1..=MOST).contains(&look.desired)));
    let actions = live.activities().await;
    assert!(actions.len() >= 2, "{actions:?}");
    for action in actions.iter().filter(|action| action.to > action.from) {
        assert!(action.cause.contains("in state ALARM"), "{action:?}");
        assert!(
            action.cause.contains("BacklogPerTask") || action.cause.contains("policy"),
            "{action:?}"
        );
    }
    // Three datapoints over the target come before the first new task, plus at most three minutes and the time
    // from a datapoint to an action.
    let first = looks.iter().find(|look| look.desired > 1).unwrap();
    let rise = looks
        .iter()
        .find(|look| f64::from(look.visible) > TARGET)
        .unwrap();
    let after = first.at - rise.at;
    assert!(
        after >= MINUTE * 2 && after <= MINUTE * 7,
        "{after:?} after the rise"
    );

    let processed = live.processed();
    assert_eq!(processed.distinct(), ids.len(), "a message is missing");
    assert!(ids.iter().all(|id| processed.has(id)));
    let again = processed.lines() - processed.distinct();
    assert_eq!(again, 0, "drained tasks leave nothing to be done twice");
    assert_eq!(
        live.counts().await,
        (0, 0),
        "nothing is left, waiting or in flight"
    );
}

/// A new task definition while the service is scaled out: the tasks are replaced, and the count stays.
#[tokio::test]
async fn a_deploy_while_scaled_out_keeps_the_count() {
    let live = Live::start("roll", definition).await;
    let load = steady(35.0, Duration::ZERO, Duration::from_secs(75));
    let (ids, ()) = tokio::join!(send(&live, load), async {
        let before = live.is_above(1, MINUTE * 12).await;
        let course = Course::follow(&live);
        let old = live.task_definition().await;
        live.deploy(&definition(&live.stack.name).replace("WORK_TIME: 100ms", "WORK_TIME: 90ms"))
            .await;
        live.runs_only_other_than(&old, Duration::from_secs(40))
            .await;
        let looks = course.end().await;
        let least = looks.iter().map(|look| look.desired).min().unwrap();
        assert!(
            least >= before,
            "the deploy took the count from {before} to {least}"
        );
    });
    live.is_drained(Duration::from_secs(60)).await;
    let processed = live.processed();
    assert!(
        ids.iter().all(|id| processed.has(id)),
        "a message is missing"
    );
}
