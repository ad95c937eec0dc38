//! The connection to the plugin: receives services, and sends reports. If LocalStack pauses, both directions
//! wait, then continue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use super::event::Event;
use super::model::{Listing, Report, ServiceReport};
use crate::emulators::Plugin;
use crate::emulators::log::log;
use crate::emulators::plugin::PluginError;

/// How long the plugin delays its response while nothing changes.
const HOLD: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the endpoint can refuse connections before LocalStack counts as gone. A paused LocalStack still
/// listens.
const GONE: Duration = Duration::from_secs(15);

/// Receives every change of the services.
pub(super) async fn listen(plugin: Plugin, events: mpsc::Sender<Event>) {
    let mut version = String::new();
    let mut pause = SHORTEST_PAUSE;
    let mut refused: Option<Instant> = None;
    loop {
        match get_services(&plugin, &version).await {
            Ok(listing) => {
                (pause, refused) = (SHORTEST_PAUSE, None);
                version = listing.version;
                let event = Event::Services(listing.services, listing.protections);
                if events.send(event).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                refused = refused.filter(|_| error.is_refused());
                if error.is_refused() {
                    let since = *refused.get_or_insert_with(Instant::now);
                    if since.elapsed() > GONE {
                        log("tasks", "LocalStack is gone");
                        let _ = events.send(Event::LocalStackGone).await;
                        return;
                    }
                }
                log("tasks", &format!("{error}; trying again"));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn get_services(plugin: &Plugin, since: &str) -> Result<Listing, PluginError> {
    let hold = HOLD.as_secs();
    let route = format!("services?since={since}&wait={hold}");
    plugin.get(&route, HOLD).await
}

/// Holds the loop's reports. A newer report replaces one that hasn't been sent yet.
#[derive(Clone, Debug)]
pub(super) struct Reports(Arc<Waiting>);

/// The sending side.
#[derive(Debug)]
pub(super) struct ToPublish(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    services: Mutex<BTreeMap<String, ServiceReport>>,
    more: Notify,
}

/// Creates both sides.
pub(super) fn reports() -> (Reports, ToPublish) {
    let waiting = Arc::new(Waiting::default());
    (Reports(Arc::clone(&waiting)), ToPublish(waiting))
}

impl Reports {
    pub(super) fn put(&self, arn: &str, report: ServiceReport) {
        let mut services = lock(&self.0.services);
        services.insert(arn.to_owned(), report);
        self.0.more.notify_one();
    }
}

/// Reports changes to the plugin.
pub(super) async fn publish(plugin: Plugin, from: ToPublish) {
    let mut pause = SHORTEST_PAUSE;
    // The first report shows that an emulator is running, even without tasks.
    let mut report = Report::default();
    loop {
        match put_tasks(&plugin, &report).await {
            Ok(()) => {
                pause = SHORTEST_PAUSE;
                report.services.clear();
                from.0.more.notified().await;
            }
            Err(error) => {
                log("tasks", &format!("{error}; trying again"));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        // Newer reports replace the ones that couldn't be sent.
        report.services.append(&mut lock(&from.0.services));
    }
}

async fn put_tasks(plugin: &Plugin, report: &Report) -> Result<(), PluginError> {
    plugin.put("tasks", report).await
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
