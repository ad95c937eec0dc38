//! Services that follow demand: their published datapoints, and when there are none. Time is paused: checks are
//! exactly a minute apart.

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::cloud::{Cloud, TestOutcome, event, service};
use crate::Memory;

const IN_FLIGHT: &str = "ApproximateNumberOfMessagesNotVisible";

/// 10 in flight of 2 s each are 5 messages per second, which is work for 10 tasks. With an objective shorter than
/// two starts, tasks are at most 95.24% busy: 10 ÷ 1.05.
const NEED: f64 = 10.0 / 1.05;

/// An objective of 60 s, 2 s per message, and starts of 40 s.
fn law() -> Value {
    json!({"acceptable_latency_ms": 60_000, "processing_time_ms": 2_000, "concurrency": 1,
           "task_start_ms": 40_000, "window_ms": 120_000})
}

fn demanding(law: &Value, queues: &[&str]) -> Value {
    let mut request = service("a", "b", queues);
    request["demand"] = law.clone();
    request
}

/// One queue with this number in flight, and a service with this number of tasks.
fn busy(in_flight: u64, running: i32) -> Cloud {
    let cloud = Cloud::default().queue("q", 0).service("a", "b", running);
    cloud.attribute("q", IN_FLIGHT, &in_flight.to_string())
}

/// The published values of a metric, over all invocations.
fn values(outcomes: &[TestOutcome], metric: &str) -> Vec<Option<f64>> {
    let value = |outcome: &TestOutcome| {
        let data = outcome.calls.puts.iter().flat_map(|put| put.metric_data());
        let found: Vec<f64> = data
            .filter(|datum| datum.metric_name() == Some(metric))
            .map(|datum| datum.value().unwrap())
            .collect();
        assert!(found.len() < 2, "{found:?}");
        found.first().copied()
    };
    outcomes.iter().map(value).collect()
}

/// One invocation per minute in one environment.
async fn minutes(clouds: Vec<Cloud>, request: &Value) -> Vec<TestOutcome> {
    let memory = Mutex::new(Memory::default());
    let mut outcomes = Vec::new();
    for (minute, cloud) in (0..).zip(clouds) {
        let event = event(std::slice::from_ref(request));
        outcomes.push(cloud.run_in(&memory, minute * 60, event).await);
    }
    outcomes
}

fn near(value: Option<f64>, expected: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() < 1e-9)
}

/// Each queue gets 5 messages of 2 s per second. The urgent queue needs as many tasks as it would alone. The other
/// queue, which can wait an hour, takes every other turn: twice as many tasks.
#[tokio::test(start_paused = true)]
async fn queues_with_their_own_objectives_add_up() {
    let cloud = || {
        let cloud = busy(10, 20).queue("r", 0);
        cloud.attribute("r", IN_FLIGHT, "10")
    };
    let mut request = demanding(&law(), &["q", "r"]);
    request["queues"][1]["acceptable_latency_ms"] = json!(3_600_000);
    let outcomes = minutes((0..4).map(|_| cloud()).collect(), &request).await;
    let need = values(&outcomes, "TasksNeeded");
    assert!(near(need[3], 2.0 * NEED), "{need:?}");
    request["queues"][1]["acceptable_latency_ms"] = json!(0);
    let refused = minutes(vec![cloud(), cloud()], &request).await;
    assert_eq!(values(&refused, "TasksNeeded"), [None; 2]);
}

#[tokio::test(start_paused = true)]
async fn the_need_takes_the_place_of_the_backlog_per_task() {
    let clouds = (0..5).map(|_| busy(10, 11)).collect();
    let outcomes = minutes(clouds, &demanding(&law(), &["q"])).await;
    let need = values(&outcomes, "TasksNeeded");
    let per_task = values(&outcomes, "TasksNeededPerDesiredTask");
    assert_eq!(
        (need[0], per_task[0]),
        (None, None),
        "one check knows no rate"
    );
    for minute in 1..5 {
        assert!(near(need[minute], NEED), "{need:?}");
        assert!(near(per_task[minute], NEED / 11.0), "{per_task:?}");
    }
    assert_eq!(values(&outcomes, "BacklogPerTask"), [None; 5]);
    let [put] = outcomes[3].calls.puts.as_slice() else {
        panic!("one call")
    };
    for datum in put.metric_data() {
        let dimensions = datum.dimensions().iter();
        let dimensions: Vec<_> = dimensions.map(|one| (one.name(), one.value())).collect();
        let expected = [
            (Some("ClusterName"), Some("a")),
            (Some("ServiceName"), Some("b")),
        ];
        assert_eq!(dimensions, expected);
    }
    let answer = serde_json::to_value(outcomes[3].answer()).unwrap();
    let value = |metric: &str, value: f64| json!({"cluster": "a", "service": "b", "metric": metric, "value": value});
    let expected = json!({"published": [], "failed": [],
        "needs": [value("TasksNeeded", need[3].unwrap()),
            value("TasksNeededPerDesiredTask", per_task[3].unwrap())]});
    assert_eq!(answer, expected);
}

#[tokio::test(start_paused = true)]
async fn each_look_has_a_line_in_the_log() {
    let outcomes = minutes(vec![busy(10, 11), busy(10, 11)], &demanding(&law(), &["q"])).await;
    let line = &outcomes[1].log[0];
    let expected = json!({
        "timestamp": "2026-03-01T12:01:00Z", "level": "INFO", "requestId": "request-1",
        "message": "need", "cluster": "a", "service": "b", "rate": 5.0, "backlog": 0, "in_flight": 10,
        "need": NEED, "keep": NEED, "running": 11, "desired": 11, "processing_time": 2.0,
        "need_per_task": NEED / 11.0,
    });
    assert_eq!(*line, expected);
    assert_eq!(outcomes[1].log[1]["published"], 2);
}

/// Tasks that are ordered but don't run yet count: the value falls immediately, and no task is added twice.
#[tokio::test(start_paused = true)]
async fn tasks_that_are_starting_are_not_ordered_again() {
    let starting = busy(10, 5).desired("a", "b", 10);
    let outcomes = minutes(
        vec![busy(10, 5), busy(10, 5), starting],
        &demanding(&law(), &["q"]),
    )
    .await;
    let per_task = values(&outcomes, "TasksNeededPerDesiredTask");
    assert!(near(per_task[1], NEED / 5.0), "{per_task:?}");
    assert!(near(per_task[2], NEED / 10.0), "{per_task:?}");
}

/// Datapoints that add tasks are published before the arrivals are known; datapoints that remove tasks aren't.
#[tokio::test(start_paused = true)]
async fn what_is_not_known_adds_and_never_removes() {
    let request = demanding(&law(), &["q"]);
    let cold = |visible: u64| {
        Cloud::default()
            .queue("q", visible)
            .attribute("q", IN_FLIGHT, "0")
    };
    let burst = cold(6_000).service("a", "b", 10);
    let outcomes = minutes(vec![burst], &request).await;
    let per_task = values(&outcomes, "TasksNeededPerDesiredTask")[0].unwrap();
    // 6,000 messages are 12,000 s of work. 10 tasks do 410 s of it before others run (a start of 40 s, and a
    // second), so at least 11,590 s remain for the 60 s of the objective, with a desired count of 10.
    assert!(per_task >= 11_590.0 / 60.0 / 10.0, "{per_task}");
    assert_eq!(values(&outcomes, "TasksNeeded"), [None]);
    let idle = cold(0).service("a", "b", 10);
    let outcomes = minutes(vec![idle], &request).await;
    assert!(outcomes[0].calls.puts.is_empty());
    let answer = serde_json::to_value(outcomes[0].answer()).unwrap();
    let reason = "the required tasks are unknown: two checks of all queues are needed";
    assert_eq!(
        answer["unknown"],
        json!([{"cluster": "a", "service": "b", "reason": reason}])
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_can_not_be_read_is_no_zero_and_fails() {
    let two = || {
        busy(10, 11)
            .queue("other", 0)
            .attribute("other", IN_FLIGHT, "0")
    };
    let mut clouds: Vec<Cloud> = (0..5).map(|_| two()).collect();
    clouds.push(busy(10, 11));
    clouds.push(busy(10, 11).queue("other", 0));
    clouds.push(busy(1_000, 11));
    let outcomes = minutes(clouds, &demanding(&law(), &["q", "other"])).await;
    let per_task = values(&outcomes, "TasksNeededPerDesiredTask");
    assert!(near(per_task[4], NEED / 11.0), "{per_task:?}");
    assert_eq!(per_task[5..7], [None, None]);
    assert!(per_task[7].is_some_and(|value| value > 1.0));
    let missing = "a/b/other: GetQueueAttributes failed: AWS.SimpleQueueService.NonExistentQueue";
    assert!(
        outcomes[5].reasons()[0].starts_with(missing),
        "{:?}",
        outcomes[5].reasons()
    );
    let absent = "a/b/other: the GetQueueAttributes response doesn't contain ApproximateNumberOfMessagesNotVisible";
    assert_eq!(outcomes[6].reasons(), [absent]);
}

#[tokio::test(start_paused = true)]
async fn one_broken_service_does_not_silence_the_others() {
    let memory = Mutex::new(Memory::default());
    let requests = || {
        let mut gone = demanding(&law(), &["q"]);
        gone["service"] = json!("gone");
        let mut impossible = demanding(&law(), &["q"]);
        impossible["service"] = json!("impossible");
        impossible["demand"]["concurrency"] = json!(0);
        event(&[
            gone,
            impossible,
            demanding(&law(), &["q"]),
            service("a", "plain", &["q"]),
        ])
    };
    let cloud = || {
        busy(10, 11)
            .service("a", "plain", 3)
            .service("a", "impossible", 1)
    };
    cloud().run_in(&memory, 0, requests()).await;
    let outcome = cloud().run_in(&memory, 60, requests()).await;
    let expected = [
        "a/gone: ECS reports the service as MISSING",
        "a/impossible/q: the demand settings aren't valid: `concurrency` is zero",
    ];
    assert_eq!(outcome.reasons(), expected);
    let (published, needs) = (&outcome.partial().published, &outcome.partial().needs);
    assert_eq!((published.len(), needs.len()), (1, 2));
    let text = outcome.result.as_ref().unwrap_err().to_string();
    assert!(
        text.contains("a/plain/q = 0; a/b TasksNeeded = 9.52"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_laws_for_one_service_are_ambiguous() {
    let mut other = law();
    other["concurrency"] = json!(4);
    for second in [demanding(&other, &["q"]), service("a", "b", &["other"])] {
        let event = event(&[demanding(&law(), &["q"]), second]);
        let outcome = busy(10, 11).queue("other", 0).run(event).await;
        let text = "a/b/q: the request contains it twice, with different queue URLs, counts, or demand settings";
        assert!(
            outcome.reasons().contains(&text.to_owned()),
            "{:?}",
            outcome.reasons()
        );
        assert!(outcome.calls.puts.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_without_tasks_is_woken_as_before() {
    let mut request = demanding(&law(), &["q"]);
    request["wake"] = json!(true);
    let waiting = Cloud::default()
        .queue("q", 3)
        .attribute("q", IN_FLIGHT, "0");
    let outcomes = minutes(vec![waiting.service("a", "b", 0)], &request).await;
    assert_eq!(values(&outcomes, "BacklogWithoutTasks"), [Some(3.0)]);
    assert_eq!(values(&outcomes, "BacklogPerTask"), [None]);
}

/// 10 in flight, and 300 deleted in a minute: 2 s per message.
#[tokio::test(start_paused = true)]
async fn a_processing_time_that_is_measured_is_read_in_one_call_and_remembered() {
    let mut measured = law();
    measured
        .as_object_mut()
        .unwrap()
        .remove("processing_time_ms");
    let idle = || busy(10, 11);
    let clouds = vec![
        idle().metrics(10.0, 300.0),
        idle().metrics(10.0, 300.0),
        idle(),
        idle().refuse("GetMetricData"),
    ];
    let outcomes = minutes(clouds, &demanding(&measured, &["q"])).await;
    let need = values(&outcomes, "TasksNeeded");
    assert_eq!(need[0], None);
    assert!(need[1..].iter().all(|need| near(*need, NEED)), "{need:?}");
    assert!(
        outcomes
            .iter()
            .all(|one| one.result.is_ok() && one.calls.data.len() == 1)
    );
    let silent = &minutes(vec![idle()], &demanding(&measured, &["q"])).await[0];
    let answer = serde_json::to_value(silent.answer()).unwrap();
    assert_eq!(
        answer["unknown"][0]["reason"],
        "the processing time was not measured yet"
    );

    let refused = idle().refuse("GetMetricData");
    let outcome = &minutes(vec![refused], &demanding(&measured, &["q"])).await[0];
    let text = "a/b: GetMetricData failed: AccessDenied: not GetMetricData";
    assert_eq!(outcome.reasons(), [text]);
    // A configured processing time is calibrated, and doesn't change without an answer.
    let given = minutes(
        vec![
            idle().refuse("GetMetricData"),
            idle().refuse("GetMetricData"),
        ],
        &demanding(&law(), &["q"]),
    )
    .await;
    assert!(near(values(&given, "TasksNeeded")[1], NEED));
    assert!(given.iter().all(|one| one.result.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn another_law_or_other_queues_begin_anew() {
    let memory = Mutex::new(Memory::default());
    let two = || {
        busy(10, 11)
            .queue("other", 0)
            .attribute("other", IN_FLIGHT, "0")
    };
    let mut slower = law();
    slower["processing_time_ms"] = json!(4_000);
    let requests = [
        demanding(&law(), &["q"]),
        demanding(&law(), &["q"]),
        demanding(&slower, &["q"]),
        demanding(&slower, &["q"]),
        demanding(&slower, &["q", "other"]),
    ];
    let mut outcomes = Vec::new();
    for (minute, request) in (0..).zip(requests) {
        outcomes.push(two().run_in(&memory, minute * 60, event(&[request])).await);
    }
    let known: Vec<bool> = values(&outcomes, "TasksNeeded")
        .iter()
        .map(Option::is_some)
        .collect();
    assert_eq!(known, [false, true, false, true, false]);
}

/// No check sees a message, but CloudWatch reports deletes in each of the last minutes: one task is needed if
/// the service can scale to zero. Without an answer, none is.
#[tokio::test(start_paused = true)]
async fn deletes_between_the_looks_need_a_task() {
    let mut request = demanding(&law(), &["q"]);
    request["wake"] = json!(true);
    let metric = "TasksNeededPerDesiredTask";
    let served = (0..4).map(|_| busy(0, 1).metrics(0.0, 3.0)).collect();
    let outcomes = minutes(served, &request).await;
    assert_eq!(values(&outcomes, metric)[3], Some(1.0));
    let refused = (0..4).map(|_| busy(0, 1).refuse("GetMetricData")).collect();
    let outcomes = minutes(refused, &request).await;
    assert_eq!(values(&outcomes, metric)[3], Some(0.0));
    assert!(outcomes.iter().all(|one| one.result.is_ok()));
}
