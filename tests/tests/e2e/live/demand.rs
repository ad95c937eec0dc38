//! Demand scaling live: the deployed function checks its queue every 5 s of the loop and sets the count itself.

use std::time::Duration;

use super::{Course, Live, MINUTE, MOST, definition, send, steady};

/// The same service as with backlog per task. An objective of 4 s is longer than a start of at most 3 s plus a check,
/// so no tasks are kept warm.
fn by_demand(name: &str) -> String {
    let text = definition(name);
    let (before, after) = text.split_once("      backlog_per_task:\n").unwrap();
    let (_, after) = after.split_once("alarms:").unwrap();
    let law = "      demand: {acceptable_latency: 4s, processing_time: 100ms, task_start: 40s}\n";
    format!("{before}{law}alarms:{after}")
}

#[tokio::test]
async fn the_demand_law_follows_a_load() {
    let live = Live::start("demand", by_demand).await;
    let course = Course::follow(&live);
    let calm = Duration::from_secs(9);
    let busy = Duration::from_secs(40);
    let quiet = steady(4.0, Duration::ZERO, calm);
    let ids = send(&live, quiet.chain(steady(35.0, calm, calm + busy))).await;
    live.is_drained(Duration::from_secs(30)).await;
    // Arrivals are known after a minute, and the tasks that deadlines require are held. A check is added to
    // that.
    live.comes_to(1, MINUTE * 8).await;
    let looks = course.end().await;

    // The work needs at least three and a half tasks, and more while a backlog is drained.
    let most = looks.iter().map(|look| look.desired).max().unwrap();
    assert!((4..=MOST).contains(&most), "at most {most}");
    assert!(looks.iter().all(|look| (1..=MOST).contains(&look.desired)));
    // It acts at one of the next checks. Target tracking would wait for three datapoints.
    let first = looks.iter().find(|look| look.desired > 1).unwrap();
    let rise = looks.iter().find(|look| look.visible > 10).unwrap();
    let after = first.at.saturating_sub(rise.at);
    assert!(after <= MINUTE * 2, "{after:?} after the rise");
    assert_eq!(live.activities().await.len(), 0, "no policy scales it");
    let processed = live.processed();
    assert!(
        ids.iter().all(|id| processed.has(id)),
        "a message is missing"
    );
    let again = processed.lines() - processed.distinct();
    assert_eq!(again, 0, "drained tasks leave nothing to be done twice");
}
