//! The capacity of a single service.

use super::{IMAGE, TASKS, check_text, fine};
use crate::tests::{BASE, changed};
use crate::{ServiceSource, Spot, parse};

fn with(lines: &str) -> String {
    changed(IMAGE, &format!("{IMAGE}{lines}"))
}

fn spot(text: &str) -> Option<Spot> {
    let stack = parse("shop.yaml", text).unwrap().stack;
    match &stack.services["worker"].source {
        ServiceSource::Create(spec) => stack.spot(spec),
        ServiceSource::Existing { .. } => None,
    }
}

#[test]
fn a_service_wins_over_its_cluster() {
    let share = |share, base| Some(Spot { share, base });
    let on_spot = "cluster: {capacity: {fargate_spot: {base: 3}}}\n";
    let existing = "cluster: {existing: shared}\n";
    assert_eq!(spot(BASE), share(0, 0));
    assert_eq!(spot(&(BASE.to_owned() + on_spot)), share(100, 3));
    assert_eq!(spot(&(BASE.to_owned() + existing)), None);
    let own = with("    capacity: {spot: 80%, base: 2}\n");
    assert_eq!(spot(&own), share(80, 2));
    assert_eq!(spot(&(own.clone() + on_spot)), share(80, 2));
    assert_eq!(spot(&(own + existing)), share(80, 2));
    let plain = with("    capacity: fargate\n");
    assert_eq!(spot(&(plain + on_spot)), share(0, 0));
}

#[test]
fn shares_are_for_fargate() {
    let own = with("    capacity: {spot: 80%}\n    architecture: x86_64\n");
    let instances = "cluster: {capacity: {ec2: {instance_type: t3.large, max: 9}}}\n";
    check_text(
        &(own + instances),
        "error 11:5 services.worker.capacity: `capacity` of a service is for Fargate and for existing clusters",
    );
    check_text(
        &with("    capacity: {spot: 101%}\n"),
        "error 11:22 services.worker.capacity.spot: `101%` isn't a share of the tasks",
    );
    fine(IMAGE, &format!("{IMAGE}    capacity: {{spot: 100%}}\n"));
}

/// A task on Spot has two minutes, even if it is protected.
#[test]
fn protection_doesn_t_hold_on_spot() {
    let text = |capacity: &str, seconds: u32| {
        with(&format!("    protect: true\n    capacity: {capacity}\n"))
            .replace(
                "processing_time: 1s",
                &format!("processing_time: {seconds}s"),
            )
            .replace("visibility_timeout: 60s", "visibility_timeout: 5m")
            .replace("acceptable_latency: 10m", "acceptable_latency: 5h")
            .replace(TASKS, "{min: 1, max: 10}")
    };
    check_text(
        &text("{spot: 50%}", 121),
        "warning 12:5 services.worker.capacity: an interruption of Fargate Spot ends tasks in the middle of a message",
    );
    for fine in [
        text("{spot: 50%}", 120),
        text("{spot: 0%}", 121),
        text("fargate", 121),
    ] {
        assert!(crate::tests::problems(&fine).is_empty(), "{fine}");
    }
}
