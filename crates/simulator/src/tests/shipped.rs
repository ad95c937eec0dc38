//! The shipped definitions of real workers meet their objectives for the loads that their comments describe.

use super::*;
use crate::Overrides;

const RESIZER: &str = include_str!("../../../../stacks/image-resizer.yaml");
const MAILER: &str = include_str!("../../../../stacks/mailer.yaml");
const TRANSCODER: &str = include_str!("../../../../stacks/transcoder.yaml");
const BILLING: &str = include_str!("../../../../stacks/billing.yaml");
const SHOP: &str = include_str!("../../../../stacks/shop.yaml");

fn load(text: &str) -> Load {
    Load::generate(text).unwrap()
}

/// Returns whether the service meets what its definition requires, and the outcome.
#[track_caller]
fn keeps_its_promise(text: &str, service: &str, load: &Load) -> RunOutcome {
    let stack = stack::parse("stack.yaml", text).unwrap().stack;
    let scenario = Scenario::from_stack(&stack, service, &Overrides::default()).unwrap();
    let outcome = simulate(&scenario, load, 1).unwrap();
    let slo = stack.services[service].slo.unwrap();
    assert!(
        outcome.within_objective >= slo.share.unwrap_or(1.0),
        "{service}: {} {:?}",
        outcome.within_objective,
        outcome.queues
    );
    outcome
}

/// 300,000 originals of 10 s, four at once in a task, are 208 task-hours, 17 tasks for 12 hours. They are all sent within 25
/// minutes, and don't delay the uploads, of which there are up to 8 per second.
#[test]
fn a_night_of_originals_does_not_delay_uploads() {
    let load = Load::mixed(vec![
        (
            "uploads".to_owned(),
            load("mmpp:rates=1/s|8/s,stays=50m|10m,for=24h"),
        ),
        ("backfill".to_owned(), load("constant:rate=200/s,for=25m")),
    ]);
    let outcome = keeps_its_promise(RESIZER, "resizer", &load);
    let objectives: Vec<f64> = outcome.queues.iter().map(|queue| queue.slo).collect();
    assert_eq!(objectives, [300.0, 43_200.0]);
    assert!(outcome.tasks.most <= 40);
}

/// A newsletter to 120,000 people, at 13 emails per second and task, is 2.5 hours of work; and bursts of 20 receipts per second,
/// which two tasks send at 26.
#[test]
fn both_classes_of_emails_are_in_time() {
    let bulk = keeps_its_promise(MAILER, "bulk", &load("constant:rate=200/s,for=10m"));
    assert!((2..=3).contains(&bulk.tasks.most));
    let bursts = load("mmpp:rates=2/s|20/s,stays=50m|5m,for=24h");
    keeps_its_promise(MAILER, "urgent", &bursts);
}

/// 2 to 20 videos per hour, as the definition's comment says, of an hour and a half each.
#[test]
fn videos_start_in_time() {
    for rate in ["2/h", "10/h", "20/h"] {
        let load = load(&format!("poisson:rate={rate},for=14d"));
        keeps_its_promise(TRANSCODER, "transcoder", &load);
    }
}

/// Two tasks process 10 records per second, and four orders at once per task are 16 per second: bursts of 30 need more.
#[test]
fn records_and_orders_are_in_time() {
    let bursts = load("mmpp:rates=3/s|30/s,stays=50m|10m,for=24h");
    keeps_its_promise(BILLING, "biller", &bursts);
    let shop = keeps_its_promise(SHOP, "shop", &bursts);
    assert!((5..=12).contains(&shop.tasks.most), "{:?}", shop.tasks);
}
