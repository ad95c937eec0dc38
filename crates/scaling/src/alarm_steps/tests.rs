use serde_json::json;

use super::*;
use crate::steps::Step;

fn side(alarm: &str, adjustment: i32) -> AlarmSteps {
    let step = Step {
        from: 0.0,
        adjustment,
    };
    AlarmSteps {
        alarm: alarm.to_owned(),
        steps: Steps::new(AdjustmentType::ChangeInCapacity, None, vec![step]).unwrap(),
        cooldown: 60,
    }
}

fn policy() -> AlarmStepsPolicy {
    AlarmStepsPolicy {
        pause: None,
        cluster: "web".to_owned(),
        service: "sample".to_owned(),
        min: 1,
        max: 2,
        schedule: None,
        scale_out: Some(side("busy", 1)),
        scale_in: Some(side("idle", -1)),
    }
}

#[test]
fn reads_the_form_that_it_writes() {
    let text = serde_json::to_string(&policy()).unwrap();
    let read: AlarmStepsPolicy = serde_json::from_str(&text).unwrap();
    assert_eq!(read, policy());
    let scaling = read.scaling(Duration::ZERO).unwrap();
    assert_eq!((scaling.bounds.min(), scaling.bounds.max()), (1, 2));
    assert_eq!(read.side_of("busy"), Some(Side::Out));
    assert_eq!(read.side_of("idle"), Some(Side::In));
    assert_eq!(read.side_of("other"), None);
}

#[test]
fn unknown_keys_are_refused() {
    let mut value = serde_json::to_value(policy()).unwrap();
    value["minimum"] = json!(1);
    let error = serde_json::from_value::<AlarmStepsPolicy>(value).unwrap_err();
    assert!(error.to_string().contains("minimum"), "{error}");
}

#[test]
fn says_why_a_policy_can_not_be_followed() {
    type Spoil = fn(&mut AlarmStepsPolicy);
    let cases: [(Spoil, &str); 7] = [
        (|p| p.cluster.clear(), "`cluster` is empty"),
        (|p| p.service.clear(), "`service` is empty"),
        (|p| p.scale_out = Some(side("", 1)), "`alarm` is empty"),
        (
            |p| (p.scale_out, p.scale_in) = (None, None),
            "there is neither `scale_out` nor `scale_in`",
        ),
        (
            |p| p.scale_in = Some(side("busy", -1)),
            "scale-out and scale-in have one and the same alarm, \"busy\"",
        ),
        (
            |p| p.scale_in = Some(side("idle", 2)),
            "a step of scale_in is 2, which goes the other way",
        ),
        (
            |p| p.min = 3,
            "the minimum capacity 3 is greater than the maximum capacity 2",
        ),
    ];
    for (spoil, message) in cases {
        let mut policy = policy();
        spoil(&mut policy);
        assert_eq!(
            policy.scaling(Duration::ZERO).unwrap_err().to_string(),
            message
        );
    }
    let mut policy = policy();
    policy.scale_out = Some(side("busy", -2));
    assert!(policy.scaling(Duration::ZERO).is_err());
}

/// 2026-11-30 is a Monday; 08:00 in Berlin is 07:00Z, 1,796,022,000 s after 1970.
#[test]
fn a_schedule_changes_the_bounds() {
    let text = r#"{"timezone": {"name": "Europe/Berlin", "rule": "CET-1CEST,M3.5.0,M10.5.0/3"},
        "periods": [{"when": "Mon-Fri 08:00-18:00", "min": 2, "max": 9}]}"#;
    let mut policy = policy();
    policy.schedule = Some(serde_json::from_str(text).unwrap());
    let bounds = |policy: &AlarmStepsPolicy, second| {
        let scaling = policy.scaling(Duration::from_secs(second)).unwrap();
        (scaling.bounds.min(), scaling.bounds.max())
    };
    assert_eq!(bounds(&policy, 1_796_022_000 - 1), (1, 2));
    assert_eq!(bounds(&policy, 1_796_022_000), (2, 9));
    let text = serde_json::to_string(&policy).unwrap();
    assert_eq!(
        serde_json::from_str::<AlarmStepsPolicy>(&text).unwrap(),
        policy
    );
    policy.schedule = policy.schedule.map(|mut schedule| {
        schedule.periods[0].max = Some(1);
        schedule
    });
    let error = policy.scaling(Duration::ZERO).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`schedule`: in period 0, the minimum capacity 2 is greater than the maximum capacity 1"
    );
}

#[test]
fn one_side_is_enough() {
    let mut policy = policy();
    policy.scale_in = None;
    assert!(
        policy
            .scaling(Duration::ZERO)
            .unwrap()
            .steps
            .scale_in
            .is_none()
    );
}

#[test]
fn the_rules_event_is_the_documented_one() {
    let text = serde_json::to_string(&ScalingRequest::ReEvaluate).unwrap();
    assert_eq!(text, r#"{"action":"re-evaluate"}"#);
    for wrong in [r#"{"action":"scale"}"#, "{}", r#""re-evaluate""#] {
        assert!(
            serde_json::from_str::<ScalingRequest>(wrong).is_err(),
            "{wrong}"
        );
    }
}
