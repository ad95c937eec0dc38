//! Tasks that aren't running, deployments, and the priority between two causes.

use scaling::Bounds;

use super::{NOW, choose, feed, rising, says, with};
use crate::why::Cause;
use crate::why::facts::{Event, Facts};

#[test]
fn a_deployment() {
    let facts = with(|facts| facts.deployment = Some(NOW - 90));
    let text = "a deployment is in progress since 11:58:30 UTC";
    says(&facts, Cause::Deployment, text);
    let facts = with(|facts| {
        facts.deployment = Some(NOW - 86_400);
        facts.alarms[1].values = Some(vec![10.0; 12]);
    });
    let text =
        "a deployment is in progress since 2026-11-29 12:00:00 UTC, and scale-in waits for it";
    says(&facts, Cause::Deployment, text);
    // Scale-out doesn't wait for it.
    let facts = with(|facts| {
        rising(facts);
        facts.deployment = Some(NOW - 90);
    });
    assert_eq!(choose(&facts).cause, Cause::Datapoints);
}

/// Two of five tasks aren't running, and ECS has reported these events, newest first.
fn pending(events: &[&str]) -> Facts {
    with(|facts| {
        rising(facts);
        (facts.service.desired, facts.service.running) = (Some(5), Some(3));
        let event = |text: &&str| Event {
            at: NOW - 180,
            text: (*text).to_owned(),
        };
        facts.events = events.iter().map(event).collect();
    })
}

/// Source of the events: "Amazon ECS service event messages" in the Amazon ECS Developer Guide.
#[test]
fn tasks_that_cannot_start() {
    let place = "(service worker) was unable to place a task because no container instance met all of its requirements.";
    let facts = pending(&[place]);
    let text = "2 tasks are pending for lack of capacity; ECS reports (3 minutes ago): (service worker) was unable to \
                place a task because no container instance met all of its requirements";
    says(&facts, Cause::Capacity, text);
    let quota = "(service worker) was unable to place a task. Reason: You've reached the limit on the number of vCPUs \
                 you can run concurrently.";
    let text = "quota: 2 tasks are pending; ECS reports (3 minutes ago): (service worker) was unable to place a task. \
                Reason: You've reached the limit on the number of vCPUs you can run concurrently";
    says(&pending(&[quota]), Cause::Quota, text);
    let fails = "(service worker) is unable to consistently start tasks successfully.";
    let text = "2 tasks can't start; ECS reports (3 minutes ago): (service worker) is unable to consistently start \
                tasks successfully";
    says(&pending(&[fails]), Cause::TasksFail, text);
    // Tasks have started since then.
    let started = "(service worker) has started 2 tasks: (task 0a) (task 1b).";
    let text = "3 of 5 tasks run; the others are starting, and ECS has reported no problem";
    says(&pending(&[started, place]), Cause::Starting, text);
    // ECS starts tasks that fail again and again, until the service is steady.
    assert_eq!(choose(&pending(&[started, fails])).cause, Cause::TasksFail);
    let steady = "(service worker) has reached a steady state.";
    says(&pending(&[started, steady, fails]), Cause::Starting, text);
}

/// Cooldown, capacity, maximum: the first one makes the others irrelevant.
#[test]
fn what_hides_all_others_comes_first() {
    let mut facts = pending(&["(service worker) was unable to place a task."]);
    facts.alarms[0].acted = Some(NOW - 10);
    facts.service.bounds = Bounds::new(1, 5).ok();
    assert_eq!(choose(&facts).cause, Cause::Capacity);
    facts.events.clear();
    assert_eq!(choose(&facts).cause, Cause::AtMax);
    facts.service.bounds = Bounds::new(1, 40).ok();
    assert_eq!(choose(&facts).cause, Cause::Cooldown);
    feed(&mut facts).enabled = Some(false);
    assert_eq!(choose(&facts).cause, Cause::NoData);
    facts.suspended.scale_out = true;
    assert_eq!(choose(&facts).cause, Cause::Paused);
}
