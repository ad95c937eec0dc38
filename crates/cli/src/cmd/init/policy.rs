//! A scenario with the known data of the service.

use std::time::Duration;

use adopt::live::Readings;
use simulator::{Distribution, Hosting, Scenario, TaskSize};

/// Adds to a scenario what the definition of an existing service can't contain: the tasks' size, the queue's settings,
/// and the hosting of the tasks.
pub(super) fn complete(scenario: &mut Scenario, readings: &Readings) {
    let task = &readings.task;
    if let (Some(cpu), Some(memory)) = (task.cpu, task.memory) {
        scenario.size = TaskSize {
            cpu,
            memory,
            arm: task.arm,
        };
    }
    let stop = task
        .containers
        .iter()
        .filter_map(|container| container.stop_timeout);
    scenario.stop_timeout = stop.max().unwrap_or(scenario.stop_timeout);
    if let Some(queue) = readings.queues.first() {
        scenario.visibility_timeout = queue.visibility_timeout;
        scenario.retention = queue.retention;
        scenario.delay = queue.delay;
        scenario.max_receives = queue.dead_letter.as_ref().map(|(after, _)| *after);
    }
    scenario.initial = readings
        .service
        .desired
        .clamp(scenario.min, scenario.max.max(scenario.min));
    if let Some(hosting) = spot(readings) {
        scenario.billing.hosting = hosting;
    }
    // The known data contradicts the assumptions about existing services.
    scenario
        .notes
        .retain(|note| !note.contains("is an existing one:"));
}

/// Returns the share of Spot in a strategy of Fargate's two providers.
fn spot(readings: &Readings) -> Option<Hosting> {
    let providers = &readings.service.providers;
    let spot = providers.iter().find(|one| one.name == "FARGATE_SPOT")?;
    let weights: u32 = providers
        .iter()
        .map(|one| one.weight)
        .fold(0, u32::saturating_add);
    let base = providers
        .iter()
        .filter(|one| one.name == "FARGATE")
        .map(|one| one.base);
    let share = spot.weight.saturating_mul(100).checked_div(weights);
    Some(Hosting::Spot {
        base: base.sum(),
        share: share.unwrap_or(100),
    })
}

/// Returns the measured start time of tasks, if available.
pub(super) fn task_start(facts: &adopt::live::Facts) -> Option<Distribution> {
    let start = facts.start.as_ref()?;
    let seconds = |value: f64| Duration::try_from_secs_f64(value).ok();
    Some(Distribution::Uniform(
        seconds(start.median.min(start.p95))?,
        seconds(start.p95)?,
    ))
}

/// Returns how many messages each task receives at once, if a busy task clearly holds more than it processes. SQS
/// returns at most 10.
pub(super) fn batch(facts: &adopt::live::Facts) -> Option<u32> {
    let held = facts.work.busy?.held;
    let works_on = f64::from(facts.concurrency.value);
    let mut sizes = (2..=10).filter(|size| f64::from(*size) <= held.round());
    sizes.next_back().filter(|_| held >= 2.0 * works_on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use adopt::live::{ProviderReading, QueueReading};
    use simulator::Policy;

    fn scenario() -> Scenario {
        let processing = Distribution::Fixed(Duration::from_secs(1));
        Scenario::new(
            "shop",
            Duration::from_secs(60),
            processing,
            Policy::Fixed { tasks: 1 },
        )
    }

    #[test]
    fn what_was_read_replaces_what_is_assumed() {
        let mut readings = Readings::default();
        readings.task.cpu = Some(1_024);
        readings.task.memory = Some(2_048);
        readings.service.desired = 500;
        readings.queues = vec![QueueReading {
            visibility_timeout: Duration::from_secs(90),
            retention: Duration::from_secs(86_400),
            dead_letter: Some((3, "arn".to_owned())),
            ..QueueReading::default()
        }];
        let mut scenario = scenario();
        scenario.notes = vec![
            "the queue is an existing one: …".to_owned(),
            "kept".to_owned(),
        ];
        complete(&mut scenario, &readings);
        assert_eq!(
            (scenario.size.cpu, scenario.size.memory, scenario.size.arm),
            (1_024, 2_048, false)
        );
        assert_eq!(scenario.visibility_timeout, Duration::from_secs(90));
        assert_eq!((scenario.max_receives, scenario.initial), (Some(3), 100));
        assert_eq!(scenario.notes, ["kept"]);
        assert_eq!(scenario.billing.hosting, Hosting::Fargate);
    }

    /// Base 2 on demand, then 1 on demand for every 3 on Spot: 75%.
    #[test]
    fn the_share_of_spot_is_that_of_the_weights() {
        let mut readings = Readings::default();
        let provider = |name: &str, base, weight| ProviderReading {
            name: name.to_owned(),
            base,
            weight,
        };
        readings.service.providers =
            vec![provider("FARGATE", 2, 1), provider("FARGATE_SPOT", 0, 3)];
        assert_eq!(spot(&readings), Some(Hosting::Spot { base: 2, share: 75 }));
        readings.service.providers = vec![provider("FARGATE_SPOT", 0, 0)];
        assert_eq!(
            spot(&readings),
            Some(Hosting::Spot {
                base: 0,
                share: 100
            })
        );
        readings.service.providers = vec![provider("FARGATE", 0, 1)];
        assert_eq!(spot(&readings), None);
    }

    #[test]
    fn a_task_that_holds_more_than_it_works_on_receives_in_batches() {
        let mut facts = adopt::live::infer(&Readings::default());
        assert_eq!(batch(&facts), None);
        for (held, concurrency, expected) in [
            (10.0, 1, Some(10)),
            (3.4, 1, Some(3)),
            (1.6, 1, None),
            (10.0, 8, None),
            (40.0, 10, Some(10)),
        ] {
            facts.concurrency.value = concurrency;
            facts.work.busy = Some(adopt::live::Concurrency {
                held,
                rate: 1.0,
                minutes: 60,
            });
            assert_eq!(batch(&facts), expected, "{held} {concurrency}");
        }
    }
}
