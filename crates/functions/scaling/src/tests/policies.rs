//! The policy in the environment: missing, garbled, impossible.

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};

use crate::policy::Followed;
use crate::{Policy, PolicyProblem};

fn text(change: impl FnOnce(&mut Value)) -> String {
    let steps = |alarm: &str, adjustment: i32| {
        json!({"alarm": alarm, "cooldown": 60, "steps": {
            "adjustment_type": "change_in_capacity", "steps": [{"from": 0, "adjustment": adjustment}]}})
    };
    let mut policy = json!({"cluster": "web", "service": "sample", "min": 1, "max": 2,
        "scale_out": steps("loud", 1), "scale_in": steps("idle", -1)});
    change(&mut policy);
    policy.to_string()
}

#[test]
fn a_policy_that_can_be_followed() {
    let policy = Policy::from_variables(Some(text(|_| {})), None).unwrap();
    let Followed::AlarmSteps(policy) = policy.followed() else {
        panic!("{policy:?}")
    };
    assert_eq!((policy.min, policy.max), (1, 2));
}

#[test]
fn problems_say_where() {
    let garbled =
        text(|policy| policy["scale_out"]["steps"]["steps"][0]["adjustment"] = json!("x"));
    let unknown = text(|policy| policy["scale_in"]["pause"] = json!(1));
    let gap = text(|policy| policy["scale_out"]["steps"]["steps"][0]["from"] = json!(5));
    let one = text(|policy| policy["scale_in"]["alarm"] = json!("loud"));
    for (text, name, part) in [
        ("", "PolicyGarbled", "EOF while parsing"),
        ("7", "PolicyGarbled", "invalid type: integer `7`"),
        (
            garbled.as_str(),
            "PolicyGarbled",
            "is not a policy: scale_out.steps",
        ),
        (unknown.as_str(), "PolicyGarbled", "unknown field `pause`"),
        (
            gap.as_str(),
            "PolicyGarbled",
            "the first step begins at 5, not at 0",
        ),
        (one.as_str(), "PolicyImpossible", "one and the same alarm"),
    ] {
        let diagnostic =
            Diagnostic::from(Policy::from_variables(Some(text.to_owned()), None).unwrap_err());
        assert_eq!(diagnostic.error_type, name, "{text}");
        let message = diagnostic.error_message;
        assert!(message.starts_with("the environment variable SCALING_POLICY is not a policy"));
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn a_missing_policy_is_told() {
    // No test sets either variable.
    let problem = Policy::from_environment().unwrap_err();
    assert!(matches!(problem, PolicyProblem::Missing));
    let diagnostic = Diagnostic::from(problem);
    assert_eq!(diagnostic.error_type, "PolicyMissing");
    let text = "neither the environment variable SCALING_POLICY nor DEMAND_POLICY is set";
    assert_eq!(diagnostic.error_message, text);
}

fn demand(change: impl FnOnce(&mut Value)) -> String {
    let mut policy = json!({"namespace": "EcsScaler", "cluster": "web", "service": "worker",
        "queues": [{"name": "orders", "url": "https://sqs/orders"}], "min": 1, "max": 20,
        "every_ms": 10_000, "period_ms": 60_000, "cooldown_out_ms": 0, "cooldown_in_ms": 0,
        "law": {"acceptable_latency_ms": 10_000, "concurrency": 1, "task_start_ms": 40_000,
                "window_ms": 120_000, "rate_over_ms": 120_000}});
    change(&mut policy);
    policy.to_string()
}

#[test]
fn demand_is_a_policy_of_its_own() {
    let policy = Policy::from_variables(None, Some(demand(|_| {}))).unwrap();
    let Followed::Demand(policy) = policy.followed() else {
        panic!("{policy:?}")
    };
    assert_eq!((policy.max, policy.law.processing_time_ms), (20, None));
}

#[test]
fn problems_of_a_demand_policy_say_where() {
    let unknown = demand(|policy| policy["law"]["pause"] = json!(1));
    let none = demand(|policy| policy["queues"] = json!([]));
    let bounds = demand(|policy| policy["min"] = json!(30));
    let zero = demand(|policy| policy["every_ms"] = json!(0));
    for (text, name, part) in [
        ("{", "PolicyGarbled", "EOF while parsing"),
        (
            &unknown,
            "PolicyGarbled",
            "law.pause: unknown field `pause`",
        ),
        (&none, "PolicyImpossible", "`queues` is empty"),
        (&zero, "PolicyImpossible", "`every_ms` is zero"),
        (
            &bounds,
            "PolicyImpossible",
            "the minimum capacity 30 is over",
        ),
    ] {
        let diagnostic =
            Diagnostic::from(Policy::from_variables(None, Some(text.to_owned())).unwrap_err());
        assert_eq!(diagnostic.error_type, name, "{text}");
        let message = diagnostic.error_message;
        assert!(message.starts_with("the environment variable DEMAND_POLICY is not a policy"));
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn two_policies_are_one_too_many() {
    let both = Policy::from_variables(Some(text(|_| {})), Some(demand(|_| {})));
    let diagnostic = Diagnostic::from(both.unwrap_err());
    assert_eq!(diagnostic.error_type, "PolicyAmbiguous");
    let text = "the environment variables SCALING_POLICY and DEMAND_POLICY are both set: \
                one function follows one policy";
    assert_eq!(diagnostic.error_message, text);
}
