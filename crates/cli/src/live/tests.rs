//! The output as snapshots, and the loop with a test clock and a test source.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{
    Activity, Alarm, Datapoint, Inspection, LiveSnapshot, Observed, PolicyState, QueueState,
    ServiceState, Status,
};

use scaling::Bounds;

use super::draw::{Canvas, draw};
use super::history::History;
use super::plain::Plain;
use super::view::View;
use super::watch::{Moment, watch};
use crate::failure::{Code, Failure};

/// Seconds since 1970.
const NOW: f64 = 1_800_000_000.0;
const NOW_S: i64 = 1_800_000_000;

const WIDE: Canvas = Canvas {
    columns: 110,
    rows: 50,
    colour: false,
};

fn alarm(name: &str, comparison: &str, threshold: f64, state: &str) -> Alarm {
    Alarm {
        name: name.into(),
        description: String::new(),
        state: state.into(),
        reason: "Threshold Crossed: 3 datapoints".into(),
        metric: None,
        comparison: comparison.into(),
        threshold: Some(threshold),
        datapoints: 3,
        periods: 3,
        period_s: 60,
        configured: None,
        misses_data: false,
        arn: String::new(),
        actions: Vec::new(),
    }
}

fn queue(name: &str, visible: Option<u64>, published: Option<f64>) -> QueueState {
    QueueState {
        name: name.into(),
        url: format!("https://sqs/{name}"),
        visible,
        in_flight: visible.map(|_| 7),
        delayed: visible.map(|_| 0),
        backlog_per_task: published.map(|value| Datapoint {
            value,
            at: NOW_S - 75,
        }),
    }
}

fn service(visible: u64, running: u32, desired: u32, high: &str) -> ServiceState {
    let policy = PolicyState {
        name: "voucher-worker-backlog-per-task".into(),
        kind: "TargetTrackingScaling".into(),
        metric: Some("BacklogPerTask".into()),
        target: Some(100.0),
        adjustment_type: None,
        cooldown_out_s: None,
        cooldown_in_s: None,
        steps: vec![],
        alarms: vec![
            alarm("high", "GreaterThanThreshold", 100.0, high),
            alarm("low", "LessThanThreshold", 90.0, "OK"),
        ],
        arn: String::new(),
    };
    ServiceState {
        cluster: "voucher".into(),
        service: "voucher-worker-VoucherWorkerService-iNWZSmmwSnhv".into(),
        status: "ACTIVE".into(),
        desired: Some(desired),
        running: Some(running),
        pending: Some(desired - running),
        bounds: Bounds::new(1, 20).ok(),
        queues: vec![queue("vouchers-7535c65b", Some(visible), Some(150.0))],
        policies: vec![policy],
        ..ServiceState::default()
    }
}

fn snapshot(service: ServiceState) -> LiveSnapshot {
    let broken = Alarm {
        description: "the promise is broken: messages wait over 10 s".into(),
        ..alarm("oldest", "GreaterThanThreshold", 10.0, "ALARM")
    };
    let stack = Observed {
        id: "arn".into(),
        status: Status::Ready { rolled_back: false },
        status_name: "CREATE_COMPLETE".into(),
        reason: None,
        termination_protection: false,
        name: String::new(),
        tags: Default::default(),
        parameters: Default::default(),
        outputs: Default::default(),
    };
    LiveSnapshot {
        inspection: Inspection {
            unread: vec![],
            stack,
            clusters: vec![],
            services: vec![service],
            queues: vec![],
            dead_letters: vec![queue("vouchers-dead-letter", Some(3), None)],
            alarms: vec![broken, alarm("silent", "LessThanThreshold", 1.0, "OK")],
        },
        oldest: HashMap::new(),
        notes: vec![],
        headline: None,
    }
}

/// The third refresh, with every kind of content.
fn busy() -> View {
    let mut history = History::default();
    for (ago, visible, running) in [
        (120.0, 0, 1),
        (90.0, 200, 1),
        (60.0, 900, 4),
        (30.0, 1_900, 8),
    ] {
        let snapshot = snapshot(service(visible, running, running, "OK"));
        View::new("voucher-worker", &snapshot, NOW - ago, &mut history);
    }
    let mut state = service(1_500, 10, 15, "ALARM");
    state.activities = vec![Activity {
        at: NOW_S - 12,
        description: "Setting desired count to 15.".into(),
        cause: "monitor alarm high in state ALARM triggered policy voucher-worker-backlog-per-task"
            .into(),
        status: "Successful".into(),
    }];
    let mut snapshot = snapshot(state);
    let oldest = Datapoint {
        value: 31.0,
        at: NOW_S - 80,
    };
    snapshot.oldest.insert("vouchers-7535c65b".into(), oldest);
    snapshot.headline = Some("the load is at its height".into());
    View::new("voucher-worker", &snapshot, NOW, &mut history)
}

fn text(view: &View, now: f64, canvas: Canvas) -> String {
    let lines = draw(view, now, canvas);
    assert!(lines.len() <= canvas.rows, "{} lines", lines.len());
    for line in &lines {
        let width = console::measure_text_width(line);
        assert!(width <= canvas.columns, "{width} columns: {line}");
    }
    lines.join("\n")
}

#[test]
fn a_busy_stack_wide() {
    insta::assert_snapshot!(text(&busy(), NOW + 0.4, WIDE));
}

#[test]
fn a_busy_stack_narrow() {
    let canvas = Canvas {
        columns: 60,
        ..WIDE
    };
    insta::assert_snapshot!(text(&busy(), NOW + 0.4, canvas));
}

#[test]
fn a_low_window_says_what_it_leaves_out() {
    let canvas = Canvas { rows: 6, ..WIDE };
    let text = text(&busy(), NOW, canvas);
    assert_eq!(text.lines().count(), 6);
    assert!(
        text.ends_with("more lines: the window isn't tall enough"),
        "{text}"
    );
}

#[test]
fn any_window_is_kept_to() {
    for columns in 1..130 {
        for rows in 1..30 {
            let canvas = Canvas {
                columns,
                rows,
                colour: columns % 2 == 0,
            };
            text(&busy(), NOW, canvas);
        }
    }
}

#[test]
fn colour_only_where_it_is_wanted() {
    let coloured = Canvas {
        colour: true,
        ..WIDE
    };
    let plain = text(&busy(), NOW, WIDE);
    assert!(!plain.contains('\x1b'));
    let shown = text(&busy(), NOW, coloured);
    assert!(shown.contains("\x1b[31m\x1b[1mALARM\x1b[0m"), "{shown:?}");
    assert_eq!(console::strip_ansi_codes(&shown), plain);
}

#[test]
fn what_can_t_be_read_is_said() {
    let mut state = service(0, 0, 0, "INSUFFICIENT_DATA");
    state.queues = vec![queue("gone", None, None)];
    let mut snapshot = snapshot(state);
    snapshot.notes = vec!["failed to read the queue gone: access denied".into()];
    let view = View::new("voucher-worker", &snapshot, NOW, &mut History::default());
    insta::assert_snapshot!(text(&view, NOW + 63.0, WIDE));
}

#[test]
fn programs_get_one_document_a_refresh() {
    let json = serde_json::to_value(busy()).unwrap();
    let service = &json["services"][0];
    assert_eq!(service["queues"][0]["waiting_per_task"], 150.0);
    assert_eq!(service["queues"][0]["oldest"]["value"], 31.0);
    assert_eq!(service["alarms"][0]["state"], "ALARM");
    assert_eq!(service["bounds"], serde_json::json!([1, 20]));
    assert_eq!(json["at"], NOW);
    assert!(service.get("history").is_none());
}

#[test]
fn a_line_a_change() {
    let mut history = History::default();
    let mut plain = Plain::new(2.0);
    let mut lines = String::new();
    let mut tell = |at: f64, snapshot: &LiveSnapshot, notice: Option<&str>| {
        let mut view = View::new("voucher-worker", snapshot, NOW + at, &mut history);
        view.notice = notice.map(str::to_owned);
        for line in plain.changes(&view, NOW + at + 0.5) {
            lines.push_str(&format!("{at:>4} {line}\n"));
        }
    };
    tell(0.0, &snapshot(service(0, 1, 1, "OK")), None);
    tell(1.0, &snapshot(service(40, 1, 1, "OK")), None);
    tell(2.0, &snapshot(service(90, 1, 1, "OK")), None);
    tell(4.0, &snapshot(service(90, 1, 1, "OK")), None);
    let mut scaled = service(200, 1, 3, "ALARM");
    tell(5.0, &snapshot(scaled.clone()), None);
    scaled.activities = vec![Activity {
        at: NOW_S + 5,
        description: "Setting desired count to 3.".into(),
        cause: "monitor alarm high".into(),
        status: "Failed".into(),
    }];
    tell(
        6.0,
        &snapshot(scaled.clone()),
        Some("refresh failed: slow down"),
    );
    tell(
        7.0,
        &snapshot(scaled.clone()),
        Some("refresh failed: slow down"),
    );
    tell(8.0, &snapshot(scaled), None);
    insta::assert_snapshot!(lines);
}

#[test]
fn a_change_that_nobody_explains_is_noticed() {
    let mut history = History::default();
    let snapshot = |desired| {
        let mut state = service(0, 1, desired, "OK");
        state.policies.clear();
        snapshot(state)
    };
    View::new("s", &snapshot(1), NOW, &mut history);
    let view = View::new("s", &snapshot(4), NOW + 5.0, &mut history);
    assert_eq!(
        view.services[0].actions[0].what,
        "desired count from 1 to 4"
    );
}

/// Runs the loop over these results, one per refresh. Returns each displayed text with its second.
async fn watched(
    every: Duration,
    results: Vec<(u64, Result<LiveSnapshot, Failure>)>,
) -> (Vec<String>, bool) {
    let begin = tokio::time::Instant::now();
    let results = RefCell::new(results.into_iter());
    let last = Cell::new(false);
    let shown = RefCell::new(Vec::new());
    let clock = || UNIX_EPOCH + Duration::from_secs(1_000) + begin.elapsed();
    let ended = watch(
        "s",
        every,
        async || {
            let next = results.borrow_mut().next();
            last.set(results.borrow().len() == 0);
            let Some((takes, result)) = next else {
                return Err(Failure::failed("the test is over"));
            };
            tokio::time::sleep(Duration::from_secs(takes)).await;
            result
        },
        super::keys::no_wishes,
        clock,
        |view, now: SystemTime, moment| {
            let at = now.duration_since(UNIX_EPOCH).unwrap().as_secs() - 1_000;
            let waiting = view.services[0].queues[0].visible.unwrap();
            let notice = view.notice.as_deref().unwrap_or("fine");
            let old = at + 1_000 - view.at as u64;
            shown
                .borrow_mut()
                .push(format!("{at} {moment:?}: {waiting}, {old}s old, {notice}"));
            !(last.get() && moment == Moment::Looked)
        },
    )
    .await;
    (shown.into_inner(), ended.is_ok())
}

#[tokio::test(start_paused = true)]
async fn a_failing_look_is_told_and_the_watch_goes_on() {
    let good = |visible| Ok(snapshot(service(visible, 1, 1, "OK")));
    let throttled = Failure::new(
        Code::Unreachable,
        "failed to describe the stack s: throttled\nmore",
    );
    let looks = vec![(0, good(5)), (2, Err(throttled)), (0, good(9))];
    let (shown, ended_well) = watched(Duration::from_secs(3), looks).await;
    assert!(ended_well);
    assert_eq!(
        shown,
        [
            "0 Looked: 5, 0s old, fine",
            "1 Waiting: 5, 1s old, fine",
            "2 Waiting: 5, 2s old, fine",
            "4 Waiting: 5, 4s old, fine",
            "5 Looked: 5, 5s old, refresh failed: failed to describe the stack s: throttled",
            "6 Looked: 9, 0s old, fine",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_once_is_the_result() {
    let denied = Failure::new(Code::Unreachable, "denied");
    let (shown, ended_well) = watched(Duration::from_secs(3), vec![(0, Err(denied))]).await;
    assert!(shown.is_empty() && !ended_well);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_oftener_than_wanted() {
    let good = || Ok(snapshot(service(1, 1, 1, "OK")));
    // The second takes longer than the interval, so the third follows immediately, and no two run at the same
    // time.
    let looks = vec![(1, good()), (7, good()), (0, good()), (0, good())];
    let (shown, _) = watched(Duration::from_secs(5), looks).await;
    let looked: Vec<&str> = shown
        .iter()
        .filter(|line| line.contains("Looked"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(looked, ["1", "12", "12", "17"]);
}

#[test]
fn the_counts_of_a_service_that_may_not_be_read_are_unknown() {
    let unread = ServiceState {
        status: "UNKNOWN".into(),
        desired: None,
        running: None,
        pending: None,
        ..service(1_500, 10, 15, "ALARM")
    };
    let view = View::new("shop", &snapshot(unread), NOW, &mut History::default());
    let lines = Plain::new(0.0).changes(&view, NOW);
    assert!(
        lines.iter().any(|line| line.contains(": unknown, UNKNOWN")),
        "{lines:?}"
    );
}

/// CloudWatch evaluates an alarm as soon as it is created, although ten periods of a minute passed before the
/// alarm existed.
#[test]
fn an_alarm_that_is_too_new_to_have_data_is_not_in_alarm() {
    let silent = |age: i64| {
        let mut snapshot = snapshot(service(0, 1, 1, "OK"));
        snapshot.inspection.alarms = vec![Alarm {
            periods: 10,
            configured: u64::try_from(NOW_S - age).ok(),
            misses_data: true,
            ..alarm("silent", "LessThanThreshold", 1.0, "ALARM")
        }];
        View::new("s", &snapshot, NOW, &mut History::default())
    };
    let (new, old) = (silent(599), silent(600));
    assert_eq!(
        serde_json::to_value(&new.alarms).unwrap()[0]["state"],
        "new"
    );
    let shown = |view: &View| draw(view, NOW, WIDE).join("\n");
    assert!(shown(&new).contains("0 of 1 operational alarms in ALARM"));
    assert!(shown(&old).contains("1 of 1 operational alarms in ALARM"));
}
