//! A world of one service and two alarms, and the effects of the calls on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// 2026-11-21T10:00:00Z, in milliseconds.
pub(super) const START: i64 = 1_795_255_200_000;
pub(super) const OUT: &str = "sample-out";
pub(super) const IN: &str = "sample-in";

/// The state of AWS.
#[derive(Debug)]
pub(super) struct World {
    pub(super) now: i64,
    pub(super) alarms: BTreeMap<&'static str, FakeAlarm>,
    /// Values of the tag, by ARN.
    pub(super) tags: BTreeMap<String, String>,
    pub(super) service: Option<FakeService>,
    /// Datapoints of the metric: end of period in milliseconds, value.
    pub(super) datapoints: Vec<(i64, f64)>,
    /// Operations that fail, with the code of their error.
    pub(super) failing: BTreeMap<&'static str, &'static str>,
    pub(super) calls: Vec<&'static str>,
    /// The value of the parameter that records the pause; the error code of its reading.
    pub(super) pause: Result<Option<String>, &'static str>,
    /// Every count that was set.
    pub(super) set: Vec<i32>,
}

#[derive(Clone, Debug)]
pub(super) struct FakeAlarm {
    pub(super) state: &'static str,
    pub(super) changed: i64,
    pub(super) threshold: Option<f64>,
}

#[derive(Clone, Debug)]
pub(super) struct FakeService {
    pub(super) status: &'static str,
    pub(super) desired: i32,
    /// Rollout state of each deployment.
    pub(super) deployments: Vec<&'static str>,
}

pub(super) type Shared = Arc<Mutex<World>>;

/// A service with this many tasks, and both alarms in OK for an hour.
pub(super) fn world(desired: i32) -> Shared {
    let alarm = |threshold| FakeAlarm {
        state: "OK",
        changed: START - 3_600_000,
        threshold: Some(threshold),
    };
    let service = FakeService {
        status: "ACTIVE",
        desired,
        deployments: vec!["COMPLETED"],
    };
    Arc::new(Mutex::new(World {
        now: START,
        alarms: [(OUT, alarm(100.0)), (IN, alarm(20.0))].into(),
        tags: BTreeMap::new(),
        service: Some(service),
        datapoints: Vec::new(),
        failing: BTreeMap::new(),
        calls: Vec::new(),
        pause: Ok(None),
        set: Vec::new(),
    }))
}

impl World {
    /// An alarm changes its state now; returns the message about it.
    pub(super) fn ring(&mut self, name: &'static str, state: &'static str) -> Value {
        let changed = self.now;
        let alarm = self.alarms.get_mut(name).unwrap();
        (alarm.state, alarm.changed) = (state, changed);
        message(name, state, changed)
    }

    pub(super) fn pause(&mut self, seconds: i64) {
        self.now += seconds * 1_000;
    }

    pub(super) fn desired(&self) -> i32 {
        self.service.as_ref().unwrap().desired
    }

    pub(super) fn service(&mut self) -> &mut FakeService {
        self.service.as_mut().unwrap()
    }
}

pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:us-west-2:111122223333:alarm:{name}")
}

/// CloudWatch's message to SNS.
pub(super) fn message(name: &str, state: &str, changed: i64) -> Value {
    let (seconds, millis) = (changed.div_euclid(1_000), changed.rem_euclid(1_000));
    let minutes = (seconds - START / 1_000).div_euclid(60);
    let time = format!(
        "2026-11-21T{:02}:{:02}:{:02}.{millis:03}+0000",
        10 + minutes.div_euclid(60),
        minutes.rem_euclid(60),
        seconds.rem_euclid(60)
    );
    json!({
        "AlarmName": name, "AlarmDescription": null, "AWSAccountId": "111122223333",
        "AlarmConfigurationUpdatedTimestamp": "2026-11-01T00:00:00.000+0000",
        "NewStateValue": state, "NewStateReason": "Threshold Crossed: 1 datapoint …",
        "StateChangeTime": time, "Region": "US West (Oregon)", "AlarmArn": arn(name),
        "OldStateValue": "OK", "OKActions": [], "AlarmActions": [], "InsufficientDataActions": [],
        "Trigger": {"MetricName": "RequestCount", "Namespace": "AWS/ApplicationELB", "Period": 60},
    })
}

/// The event with which SNS passes messages to Lambda.
pub(super) fn event(messages: &[&Value]) -> Value {
    let record = |(index, message): (usize, &&Value)| {
        json!({
            "EventSource": "aws:sns", "EventVersion": "1.0",
            "EventSubscriptionArn": "arn:aws:sns:us-west-2:111122223333:alarms:1",
            "Sns": {
                "Type": "Notification", "MessageId": format!("message-{index}"),
                "TopicArn": "arn:aws:sns:us-west-2:111122223333:alarms",
                "Subject": "ALARM: \"sample-out\" in US West (Oregon)",
                "Message": message.to_string(), "Timestamp": "2026-11-21T10:00:00.500Z",
                "SignatureVersion": "1", "MessageAttributes": {},
            },
        })
    };
    let records: Vec<Value> = messages.iter().enumerate().map(record).collect();
    json!({"Records": records})
}

pub(super) fn re_evaluate() -> Value {
    json!({"action": "re-evaluate"})
}
