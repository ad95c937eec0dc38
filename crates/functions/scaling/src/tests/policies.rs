//! The policy in the environment: missing, invalid, contradictory.

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};

use crate::Policy;

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
    let policy = Policy::alarm_steps(&text(|_| {})).unwrap();
    let steps = policy.steps().unwrap();
    assert_eq!((steps.min, steps.max), (1, 2));
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
            "the first step starts at 5, not at 0",
        ),
        (one.as_str(), "PolicyImpossible", "one and the same alarm"),
    ] {
        let diagnostic = Diagnostic::from(Policy::alarm_steps(text).unwrap_err());
        assert_eq!(diagnostic.error_type, name, "{text}");
        let message = diagnostic.error_message;
        assert!(message.starts_with("the environment variable SCALING_POLICY is not a policy"));
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn without_a_policy_the_events_say_what_to_scale() {
    // No test sets the variable.
    assert_eq!(Policy::from_environment().unwrap(), Policy::demand());
}
