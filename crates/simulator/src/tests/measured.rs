//! A measurement results in the same numbers as a simulation.

use super::*;
use crate::{Comparison, MeasuredAction, Measurement, Processing, Sample};

/// A separate computation of the queue discipline: each message goes to the first task that is free.
fn first_come_first_served(sent: &[f64], tasks: usize, work: f64) -> Vec<(f64, f64)> {
    let mut free = vec![0.0f64; tasks];
    sent.iter()
        .map(|sent| {
            let next = free
                .iter_mut()
                .min_by(|one, other| one.total_cmp(other))
                .unwrap();
            let began = next.max(*sent);
            *next = began + work;
            (began, *next)
        })
        .collect()
}

fn service(tasks: u32) -> Scenario {
    Scenario {
        slo: Duration::from_secs(5),
        processing: Distribution::Fixed(Duration::from_millis(1_400)),
        policy: Policy::Fixed { tasks },
        ..scenario()
    }
}

fn sample_at(at: f64, running: u32) -> Sample {
    Sample {
        at,
        desired: running,
        running,
        ..Sample::default()
    }
}

/// The same load through the engine, and through a log of messages that was created without it.
#[test]
fn a_log_of_messages_comes_to_the_figures_of_the_simulation() {
    let scenario = service(3);
    let load = Load::generate("mmpp:rates=1/s|4/s,stays=5m|1m,for=1h").unwrap();
    let sent: Vec<f64> = load
        .arrivals(3)
        .map(|arrival| Duration::from_nanos(arrival.at).as_secs_f64())
        .collect();
    let runs = first_come_first_served(&sent, 3, 1.4);
    let simulated = simulate(&scenario, &load, 3).unwrap();
    // Events at the very end aren't measured.
    let lasts = Duration::from_secs_f64(simulated.duration + 1e-6);
    let mut measurement = Measurement::new(lasts);
    for (index, (sent, (began, ended))) in sent.iter().zip(runs).enumerate() {
        let id = index.to_string();
        measurement.sent(&id, *sent);
        let processing = Processing {
            began,
            ended: Some(ended),
            done: true,
            receive_count: 1,
        };
        measurement.processing(&id, *sent, processing);
    }
    measurement.sample(sample_at(0.0, 3));
    let measured = measurement.outcome(&scenario).unwrap();

    assert_eq!(measured.messages, simulated.messages);
    assert_eq!(measured.seed, None);
    let pairs = [
        (measured.within_objective, simulated.within_objective),
        (measured.waiting.mean, simulated.waiting.mean),
        (measured.waiting.p50, simulated.waiting.p50),
        (measured.waiting.p99, simulated.waiting.p99),
        (measured.waiting.max, simulated.waiting.max),
        (measured.over_slo, simulated.over_slo),
        (measured.backlog.mean, simulated.backlog.mean),
        (
            measured.backlog.in_flight_mean,
            simulated.backlog.in_flight_mean,
        ),
        (measured.tasks.seconds, simulated.tasks.seconds),
    ];
    assert!(
        measured.within_objective < 0.99,
        "a load that tells something"
    );
    // A measurement doesn't know when its load ended, so its ideal keeps one task running until its end.
    let longer = measured.tasks.needed_seconds - simulated.tasks.needed_seconds;
    assert!((0.0..=simulated.drain).contains(&longer), "{longer}");
    for (measured, simulated) in pairs {
        near(measured, simulated, 1e-6);
    }
    assert_eq!(measured.backlog.max, simulated.backlog.max);
    assert_eq!(measured.series.len(), simulated.series.len());
    for (measured, simulated) in measured.series.iter().zip(&simulated.series) {
        assert!((measured.at - simulated.at).abs() < 1e-5);
        near(measured.backlog, simulated.backlog, 1e-6);
        near(measured.running, simulated.running, 1e-9);
        near(measured.worst_wait, simulated.worst_wait, 1e-6);
    }
    let comparison = Comparison::new(&measured, &simulated.clone().into());
    assert_eq!(comparison.differing(1e-6).count(), 0, "{comparison:?}");

    // The load can be simulated again from the log.
    let again = simulate(&scenario, &measurement.load(true), 99).unwrap();
    assert_eq!(again.messages, simulated.messages);
    near(again.waiting.mean, simulated.waiting.mean, 1e-4);
    near(
        measurement.mean_processing().unwrap().as_secs_f64(),
        1.4,
        1e-6,
    );
}

/// Three messages, computed manually: one fails and is received again, one is lost with its task, and one moves to the
/// dead-letter queue.
#[test]
fn failures_worked_by_hand() {
    let scenario = Scenario {
        visibility_timeout: Duration::from_secs(10),
        max_receives: Some(2),
        ..service(1)
    };
    let mut log = Measurement::new(Duration::from_secs(100));
    let processing = |began: f64, ended: Option<f64>, done, receive_count| Processing {
        began,
        ended,
        done,
        receive_count,
    };
    // Failed at 2 s, hidden until 11 s, started again at 15 s: it waited 15 s.
    log.processing("fails once", 0.0, processing(1.0, Some(2.0), false, 1));
    log.processing("fails once", 0.0, processing(15.0, Some(16.0), true, 2));
    // Killed. The second worker receives it 12 s after the first.
    log.processing("killed", 20.0, processing(20.0, None, false, 1));
    log.processing("killed", 20.0, processing(32.0, Some(33.0), true, 2));
    // Failed twice: moves to the dead-letter queue at 60 s.
    log.processing("poison", 40.0, processing(40.0, Some(41.0), false, 1));
    log.processing("poison", 40.0, processing(50.0, Some(51.0), false, 2));
    // Never started, in flight, and sent after the end.
    log.sent("waits", 97.0);
    log.processing("in flight", 95.0, processing(99.0, None, false, 1));
    log.sent("too late", 100.0);
    log.sample(sample_at(0.0, 1));
    log.sample(Sample {
        pending: 2,
        ..sample_at(50.0, 1)
    });
    let outcome = log.outcome(&scenario).unwrap();
    let messages = outcome.messages;
    assert_eq!(
        (messages.sent, messages.deleted, messages.dead_letters),
        (5, 2, 1)
    );
    assert_eq!((messages.waiting, messages.in_flight), (1, 1));
    assert_eq!((messages.processed_again, messages.interrupted), (3, 1));
    // Of the known ones: late, late, in the dead-letter queue, and one that started after 4 s.
    near(outcome.within_objective, 0.25, 1e-9);
    // The one in the dead-letter queue had waited for 20 s when it was lost.
    near(outcome.waiting.max, 20.0, 1e-6);
    // 1 + 4 s before the first, 1 + 2 s for the second, 4 + 3 s for the others, in 100 s.
    near(outcome.backlog.mean, (5.0 + 2.0 + 7.0) / 100.0, 1e-6);
    near(outcome.tasks.seconds, 50.0 + 3.0 * 50.0, 1e-6);
    assert_eq!(outcome.tasks.most, 1);
}

#[test]
fn actions_keep_their_reasons() {
    let mut log = Measurement::new(Duration::from_secs(100));
    let action = |at, from, to, reason: &str| MeasuredAction {
        at,
        from,
        to,
        reason: reason.to_owned(),
    };
    log.action(action(70.0, 4, 1, "low"));
    log.action(action(10.0, 1, 4, "high"));
    log.action(action(20.0, 4, 4, "nothing"));
    log.action(action(100.0, 1, 9, "after the end"));
    let outcome = log.outcome(&service(1)).unwrap();
    assert_eq!(outcome.reasons, ["high", "low"]);
    assert_eq!((outcome.scaling.out, outcome.scaling.r#in), (1, 1));
    near(outcome.first_scale_out().unwrap(), 10.0, 1e-9);
}

/// Invalid input results in some outcome, not in a panic.
#[test]
fn nothing_is_asked_of_clocks() {
    let mut log = Measurement::new(Duration::from_secs(10));
    let odd = [f64::NAN, -5.0, 1e300, f64::INFINITY, 3.0];
    for (index, began) in odd.iter().enumerate() {
        for (other, ended) in odd.iter().enumerate() {
            let processing = Processing {
                began: *began,
                ended: Some(*ended),
                done: other % 2 == 0,
                receive_count: 1,
            };
            log.processing(&index.to_string(), odd[other], processing);
            log.sample(sample_at(*began, 1));
        }
    }
    let outcome = log.outcome(&service(1)).unwrap();
    let messages = outcome.messages;
    let kept = messages.deleted + messages.dead_letters + messages.waiting + messages.in_flight;
    assert_eq!(messages.sent, kept);
    assert!(
        Measurement::default()
            .outcome(&service(1))
            .unwrap()
            .within_objective
            == 1.0
    );
}
