//! The knobs of single queues, for services whose queues have their own objectives.

use serde_json::{Map, Value, json};
use stack::Service;

use super::scales::percent;
use super::turned::{Turned, Turning};
use super::{Knob, duration, written};
use crate::experiment::Refused;
use crate::scenario::Scenario;
use crate::simulation::Simulation;

/// The objective and the processing time of each queue, unless an assumption or the load sets those of all.
pub(super) fn list(
    simulation: &Simulation<'_>,
    service: &Service,
    scenario: &Scenario,
) -> Vec<Knob> {
    let given = simulation.overrides;
    let is_timed = simulation.load.has_processing_times() || given.processing.is_some();
    let queues = scenario.queues.iter().flat_map(|queue| {
        let name = &queue.name;
        let slo = given.slo.is_none().then(|| {
            let label = format!("{name}: latency objective");
            duration(format!("slo.{name}"), label, queue.slo)
        });
        let has_time = service.queue_processing_time(name).is_some() && !is_timed;
        let time = has_time.then(|| {
            let (name, label) = (
                format!("processing_time.{name}"),
                format!("{name}: processing time, mean"),
            );
            duration(name, label, queue.processing.mean())
        });
        [slo, time]
    });
    queues.flatten().collect()
}

impl Turning<'_> {
    /// The objectives and processing times of single queues.
    pub(super) fn queues(&self, turned: &mut Turned) -> Result<(), Refused> {
        let mut is_changed = false;
        let mut items = Vec::new();
        for (place, queue) in self.service.consumes.iter().enumerate() {
            let mut item = self.written_item(place);
            let slo = self.time(&format!("slo.{queue}"))?;
            if let Some(latency) = slo {
                let share = self.service.queue_slo(queue).and_then(|slo| slo.share);
                let text = match share.map(percent) {
                    Some(share) => format!("{share} within {}", written(latency)),
                    None => written(latency),
                };
                item.insert("slo".to_owned(), json!(text));
            }
            let time = self.time(&format!("processing_time.{queue}"))?;
            if let Some(mean) = time {
                item.insert("processing_time".to_owned(), json!(written(mean)));
            }
            is_changed = is_changed || slo.is_some() || time.is_some();
            items.push(match item.is_empty() {
                true => json!(queue),
                false => {
                    item.insert("queue".to_owned(), json!(queue));
                    Value::Object(item)
                }
            });
        }
        if is_changed {
            self.set(turned, &["consumes"], Value::Array(items));
        }
        Ok(())
    }

    /// An item of `consumes` as the definition has it; a queue's plain name is empty.
    fn written_item(&self, place: usize) -> Map<String, Value> {
        let definition = self.simulation.stack.written.definition();
        let mut path = self.path(&["consumes"]);
        let found = definition.and_then(|root| path.try_fold(root, |value, key| value.get(key)));
        let item = found.and_then(|items| items.get(place)?.as_object());
        item.cloned().unwrap_or_default()
    }
}
