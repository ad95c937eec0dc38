//! The emulator for Application Auto Scaling: from policies and alarms to the desired count.
//!
//! Six times per sandbox minute, shortly after alarms are evaluated, it reads which alarms in ALARM have a scaling
//! policy in their actions. The action of such an alarm fires when the alarm goes into ALARM, and every minute while it
//! stays there. For the targets of these alarms, it reads policies, bounds, counts, and datapoints, and lets
//! `scaling`'s algorithms decide what to do (`decide`). Then it updates the service and records a scaling activity. Its
//! state, mainly cooldowns, is in memory. Once per real minute, it runs the scheduled actions that are due
//! (`scheduled`).

mod activity;
mod clients;
mod clock;
mod convert;
mod decide;
mod model;
mod read;
mod region;
mod scheduled;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::join_all;

use super::log::log;
use super::{EmulatorSettings, Plugin, Stop};
use clock::Clock;
use region::Region;

/// Regions, by account and name.
type Regions = BTreeMap<(String, String), Region>;

/// Evaluates the scaling policies in the sandbox until it must stop.
pub(crate) async fn run(settings: &EmulatorSettings, mut stop: Stop) {
    let plugin = Plugin::new(&settings.endpoint_url);
    let clock = Clock::new(settings.behavior.speed);
    let mut regions = Regions::new();
    let mut trouble = None;
    loop {
        tokio::select! {
            () = stop.wait() => return,
            () = tokio::time::sleep(clock.until_next(read_unix_time())) => {}
        }
        let now = clock.time(read_unix_time());
        let checked = tokio::select! {
            () = stop.wait() => return,
            checked = check_regions(settings, &plugin, now, &mut regions) => checked,
        };
        // While LocalStack is unreachable, each check fails in the same way. The log shows it once.
        let failed = checked.err();
        if failed != trouble {
            match (&failed, &trouble) {
                (Some(failure), _) => log("autoscaling", &failure.to_string()),
                (None, _) => log("autoscaling", "recovered"),
            }
            trouble = failed;
        }
    }
}

/// Checks every region with scalable targets.
async fn check_regions(
    settings: &EmulatorSettings,
    plugin: &Plugin,
    now: Duration,
    regions: &mut Regions,
) -> Result<(), String> {
    let registered = read::read_registrations(plugin)
        .await
        .map_err(|error| error.to_string())?;
    let key = |found: &read::Registered| (found.account.clone(), found.region.clone());
    regions.retain(|known, _| registered.iter().any(|found| key(found) == *known));
    for found in &registered {
        regions.entry(key(found)).or_insert_with(|| {
            let (account, region) = (&found.account, &found.region);
            Region::new(&settings.endpoint_url, plugin.clone(), account, region)
                .with_behavior(settings.behavior.tracking.0)
        });
    }
    let checks = regions.iter_mut().filter_map(|(known, region)| {
        let found = registered.iter().find(|found| key(found) == *known)?;
        Some(region.check(found, now, read_unix_time))
    });
    let failed = join_all(checks).await.into_iter().find_map(Result::err);
    failed.map_or(Ok(()), |error| Err(error.to_string()))
}

/// Returns the real time since 1970.
fn read_unix_time() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
