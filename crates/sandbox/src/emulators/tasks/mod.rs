//! The emulator for ECS's scheduler and agent: from the desired count to tasks.
//!
//! `scheduler` decides for one service, `process` runs one task, and the loop here connects them. It receives
//! services from the plugin and events from the tasks' processes, and reports the running tasks to the plugin.

mod backoff;
mod event;
mod fleet;
mod model;
mod process;
mod scheduler;
mod shipping;
mod task;
mod wire;

use tokio::sync::mpsc;

use super::{EmulatorSettings, Plugin, Stop};
use event::Event;
use fleet::Fleet;

/// Runs the tasks of every service in the sandbox until it must stop or LocalStack is permanently gone. Then
/// stops the tasks.
pub(crate) async fn run(settings: &EmulatorSettings, mut stop: Stop) {
    let plugin = Plugin::new(&settings.endpoint_url);
    let (sender, mut events) = mpsc::channel(64);
    let (reports, to_publish) = wire::reports();
    let listening = tokio::spawn(wire::listen(plugin.clone(), sender.clone()));
    let publishing = tokio::spawn(wire::publish(plugin, to_publish));
    let mut fleet = Fleet::new(settings, sender);
    loop {
        let wake = fleet.tick(&reports);
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::LocalStackGone) | None => break,
                Some(event) => fleet.handle(event),
            },
            () = wake => {}
            () = stop.wait() => break,
        }
    }
    listening.abort();
    fleet.stop_all(&mut events, &reports).await;
    publishing.abort();
}
