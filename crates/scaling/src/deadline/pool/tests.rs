//! Known answers for queues with different objectives. A task starts within 39 s plus a margin of 1 s.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    Bounds, DeadlineScaler, DeadlineSettings, DeadlineTuning, DecisionReason, PerSide, QueueCounts,
    QueueSettings, ServiceReading, Sharing, Warm, tasks_for,
};

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn settings() -> DeadlineSettings {
    DeadlineSettings {
        objective: at(300),
        share: None,
        processing_time: Some(at(2)),
        concurrency: 1,
        task_start: at(39),
        every: at(10),
        minute: at(60),
        reported: at(60),
        window: at(60),
        warm: Warm::Auto,
        tuning: DeadlineTuning::default(),
    }
}

fn queue(objective: u64, work: u64) -> QueueSettings {
    QueueSettings {
        objective: at(objective),
        share: None,
        processing_time: Some(at(work)),
    }
}

fn scaler(queues: &[QueueSettings]) -> DeadlineScaler {
    scaler_between(queues, 0, 100)
}

fn scaler_between(queues: &[QueueSettings], min: u32, max: u32) -> DeadlineScaler {
    let bounds = Bounds::new(min, max).unwrap();
    DeadlineScaler::new(queues.to_vec(), settings(), bounds, PerSide::default())
}

fn waiting(visible: u64) -> Option<QueueCounts> {
    Some(QueueCounts {
        visible,
        in_flight: 0,
    })
}

/// What this many waiting messages need while no task runs, and the resulting count.
fn first_check(queues: &[QueueSettings], visible: &[u64]) -> (f64, u32) {
    let counts: Vec<_> = visible.iter().map(|visible| waiting(*visible)).collect();
    let seen = ServiceReading {
        at: at(1_000),
        queues: &counts,
        running: 0,
        desired: 0,
    };
    let (estimate, decision) = scaler(queues).decide(&seen, false);
    (estimate.at_least.unwrap(), decision.desired)
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found}");
}

/// 80% of 300 s are 240 s, a start leaves 200 s of them: 500 messages of 2 s are 1,000 task-seconds and
/// need 5 tasks. 80% of 600 s less 40 s are 440 s, in which 1,100 messages need 5 tasks, too. Together they
/// need 10; the larger need alone is 5.
#[test]
fn the_needs_of_two_queues_add_up() {
    let queues = [queue(300, 2), queue(600, 2)];
    near(first_check(&queues, &[500, 0]).0, 5.0);
    near(first_check(&queues, &[0, 1_100]).0, 5.0);
    let (need, desired) = first_check(&queues, &[500, 1_100]);
    near(need, 10.0);
    assert_eq!(desired, 10);
}

/// 130 messages need 1.3 tasks and 286 need 1.3: 2.6, rounded up once to 3. Rounded up each, they would be 4. And 0.3 and 0.3
/// are one task.
#[test]
fn fractions_are_rounded_up_once() {
    let queues = [queue(300, 2), queue(600, 2)];
    let (need, desired) = first_check(&queues, &[130, 286]);
    near(need, 2.6);
    assert_eq!(desired, 3);
    assert_eq!(first_check(&queues, &[30, 66]).1, 1);
    assert_eq!(first_check(&queues, &[0, 0]).1, 0);
}

/// 900 messages need 9 tasks for the urgent queue. Tasks take messages in turn, so the patient queue's 220,
/// which alone need one task, are drained in the urgent queue's 240 s: 440 ÷ 240 = 1.83 tasks more. Of
/// 5,500, which alone need 25, the tasks take at most every other message: 9 tasks more, which the sum of
/// 34 exceeds.
#[test]
fn a_patient_backlog_takes_its_turns() {
    let queues = [queue(300, 2), queue(600, 2)];
    near(first_check(&queues, &[900, 220]).0, 9.0 + 440.0 / 240.0);
    near(first_check(&queues, &[900, 5_500]).0, 34.0);
}

/// In a day, 720 s of planned waiting less 40 s: 2,720 messages of 2 s need 8 tasks. The urgent queue's 100
/// messages need 1. A turn of the patient queue takes as long as one of the urgent: 1 task more is enough
/// for the urgent queue, and the sum is right. Of messages that take 20 s, each turn takes ten times as
/// long: 1 + 10 tasks, although the sum of the needs is 9.
#[test]
fn the_turns_of_long_messages_take_longer() {
    let short = [queue(300, 2), queue(900, 2)];
    near(first_check(&short, &[100, 2_720]).0, 9.0);
    let long = [queue(300, 2), queue(900, 20)];
    near(first_check(&long, &[100, 272]).0, 11.0);
}

/// 360 messages of 2 s in a queue that can wait 15 min: 720 ÷ (720 − 40) = 1.06 tasks. As one queue with an
/// objective of 1 min, the plan would be to finish them within 42 s, 2 s after the tasks start.
#[test]
fn patience_is_used() {
    let queues = [queue(60, 2), queue(900, 2)];
    near(first_check(&queues, &[0, 360]).0, 720.0 / 680.0);
    assert!(first_check(&[queue(60, 2)], &[360]).0 > 10.0);
}

/// A burst of 300 messages every 10 min for 3 days. An objective of 10 s is shorter than a start, so such
/// bursts pay for warm tasks; a queue that can wait 15 min needs none, and a fixed number is for the whole
/// service.
#[test]
fn warm_tasks_are_for_the_urgent_queue_alone() {
    let queues = [queue(10, 2), queue(900, 2)];
    let bursts = || {
        (0..3 * 24 * 60u64).map(|minute| {
            let messages = if minute.is_multiple_of(10) {
                300.0
            } else {
                0.0
            };
            (at(minute * 60), messages)
        })
    };
    let warm = |group: usize| {
        let mut scaler = scaler(&queues);
        scaler.seed_arrivals(group, bursts());
        let begin = 3 * 86_400;
        let mut found = Vec::new();
        for check in 0..12u64 {
            let counts = [waiting(0), waiting(0)];
            let seen = ServiceReading {
                at: at(begin + check * 10),
                queues: &counts,
                running: 0,
                desired: 0,
            };
            found.push(scaler.decide(&seen, false).0.warm.tasks);
        }
        found.pop().unwrap()
    };
    assert!(warm(0) > 0);
    assert_eq!(warm(1), 0);
    let fixed = DeadlineSettings {
        warm: Warm::Tasks(4),
        ..settings()
    };
    let bounds = Bounds::new(0, 100).unwrap();
    let mut scaler = DeadlineScaler::new(queues.to_vec(), fixed, bounds, PerSide::default());
    let counts = [waiting(0), waiting(0)];
    let seen = ServiceReading {
        at: at(0),
        queues: &counts,
        running: 0,
        desired: 0,
    };
    assert_eq!(scaler.decide(&seen, false).1.desired, 4);
}

#[test]
fn queues_with_equal_settings_are_one_group() {
    let queues = [queue(300, 2), queue(600, 2), queue(300, 2)];
    let scaler = scaler(&queues);
    let groups: Vec<&[usize]> = scaler.groups().collect();
    assert_eq!(groups, [&[0usize, 2][..], &[1]]);
    assert_eq!(
        scaler_between(&[queue(300, 2); 3], 1, 9).groups().count(),
        1
    );
}

/// Each part shows what its queues would need without the others, and the share of the service is the
/// lowest.
#[test]
fn parts_are_those_of_the_latest_check() {
    let mut scaler = scaler(&[queue(300, 2), queue(600, 2)]);
    let counts = [waiting(500), waiting(1_100)];
    let seen = ServiceReading {
        at: at(0),
        queues: &counts,
        running: 0,
        desired: 0,
    };
    scaler.decide(&seen, false);
    let parts: Vec<_> = scaler.parts().collect();
    assert_eq!(parts.len(), 2);
    for part in parts {
        near(part.estimate.at_least.unwrap(), 5.0);
    }
    assert_eq!(scaler_between(&[queue(300, 2)], 0, 9).parts().count(), 0);
}

/// One check of a random life: the contents of each queue (`None`: it can't be read).
type Moment = [Option<(u64, u64)>; 2];

fn moments() -> impl Strategy<Value = Vec<Moment>> {
    let queue = || prop::option::weighted(0.9, (0u64..400, 0u64..60));
    prop::collection::vec([queue(), queue()], 1..80)
}

fn counts(moment: &Moment) -> [Option<QueueCounts>; 2] {
    moment.map(|one| one.map(|(visible, in_flight)| QueueCounts { visible, in_flight }))
}

proptest! {
    /// The count stays within the bounds, and never falls unless both queues were read.
    #[test]
    fn bounds_hold_and_no_data_of_one_queue_is_no_scale_in(
        life in moments(), max in 1u32..60, urgent in 5u64..400, patient in 400u64..2_000,
    ) {
        let mut scaler = scaler_between(&[queue(urgent, 2), queue(patient, 5)], 1, max);
        let mut desired = 1u32;
        for (check, moment) in (0u64..).zip(&life) {
            let queues = counts(moment);
            let now = at(check * 10);
            let seen = ServiceReading { at: now, queues: &queues, running: desired, desired };
            let (estimate, decision) = scaler.decide(&seen, false);
            prop_assert!((1..=max).contains(&decision.desired));
            if decision.desired < desired {
                prop_assert_eq!(decision.why, DecisionReason::Spare);
                prop_assert!(queues.iter().all(Option::is_some));
                let kept = estimate.keep.map(|keep| tasks_for(keep, Bounds::new(1, max).unwrap()));
                prop_assert!(kept.is_some_and(|kept| kept <= decision.desired));
            }
            scaler.record_change(now, desired, decision.desired);
            desired = decision.desired;
        }
    }

    /// More messages in either queue never need fewer tasks.
    #[test]
    fn grows_with_each_backlog(
        visible in [0u64..2_000, 0u64..2_000], more in [0u64..500, 0u64..500], in_flight in [0u64..40, 0u64..40],
        running in 0u32..60, works in [1u64..10, 1u64..60],
    ) {
        let need = |visible: [u64; 2]| {
            let mut scaler = scaler(&[queue(60, works[0]), queue(900, works[1])]);
            let queues = [0, 1].map(|place| Some(QueueCounts {
                visible: visible[place], in_flight: in_flight[place],
            }));
            let seen = ServiceReading { at: at(0), queues: &queues, running, desired: running };
            scaler.decide(&seen, false).0.at_least.unwrap()
        };
        let few = need(visible);
        prop_assert!(need([visible[0] + more[0], visible[1]]) >= few - 1e-9);
        prop_assert!(need([visible[0], visible[1] + more[1]]) >= few - 1e-9);
    }

    /// Two queues with the same settings never need less than one queue with the messages of both, and all else is
    /// estimated as for that one.
    #[test]
    fn equal_objectives_need_at_least_what_one_queue_needs(
        life in prop::collection::vec([(0u64..400, 0u64..60), (0u64..400, 0u64..60)], 1..60), objective in 10u64..600,
    ) {
        let mut two = scaler_between(&[queue(objective, 2), queue(objective, 2)], 1, 50);
        let mut one = scaler_between(&[queue(objective, 2)], 1, 50);
        for (check, [first, second]) in (0u64..).zip(life) {
            let count = |(visible, in_flight)| Some(QueueCounts { visible, in_flight });
            let both = [count(first), count(second)];
            let sum = [count((first.0 + second.0, first.1 + second.1))];
            let seen = |queues| ServiceReading { at: at(check * 10), queues, running: 3, desired: 3 };
            let (two, one) = (two.decide(&seen(&both), false).0, one.decide(&seen(&sum), false).0);
            for (two, one) in [(two.need, one.need), (two.keep, one.keep), (two.at_least, one.at_least)] {
                prop_assert_eq!(two.is_some(), one.is_some());
                prop_assert!(two.zip(one).is_none_or(|(two, one)| two >= one - 1e-9));
            }
            prop_assert_eq!(
                (two.visible, two.in_flight, two.rate, two.processing_time, two.starting),
                (one.visible, one.in_flight, one.rate, one.processing_time, one.starting)
            );
        }
    }
}

/// Two queues with an objective of 300 s, and 10 tasks, which the second queue keeps busy with 5 messages of 2 s
/// per second. Within 10 s, 900 messages come to the first. It gets every other turn: 5 tasks, which
/// process 100 messages in the 40 s until new tasks run. At its new rate, 900 + 90 × 40 − 100 = 4,400
/// messages wait then, and 8,800 s of work in 240 s need 36.67 tasks. In these 240 s, the second queue has
/// its 10 messages and 1,200 new ones: 2,420 ÷ 240 = 10.08 tasks more. In the order of sending, 910 + 95 ×
/// 40 − 200 = 4,510 messages would need 37.58.
#[test]
fn a_burst_waits_for_the_turns_of_a_queue_with_the_same_objective() {
    let need = |sharing| {
        let tuning = DeadlineTuning {
            sharing,
            ..DeadlineTuning::default()
        };
        let settings = DeadlineSettings {
            tuning,
            ..settings()
        };
        let bounds = Bounds::new(0, 100).unwrap();
        let queues = vec![queue(300, 2); 2];
        let mut scaler = DeadlineScaler::new(queues, settings, bounds, PerSide::default());
        let mut last = None;
        for check in 0..7 {
            let burst = if check == 6 { 900 } else { 0 };
            let busy = Some(QueueCounts {
                visible: 0,
                in_flight: 10,
            });
            let seen = ServiceReading {
                at: at(check * 10),
                queues: &[waiting(burst), busy],
                running: 10,
                desired: 10,
            };
            last = scaler.decide(&seen, false).0.need;
        }
        last.unwrap()
    };
    near(need(Sharing::Sum), 4_510.0 * 2.0 / 240.0);
    near(need(Sharing::Turns), 8_800.0 / 240.0 + 2_420.0 / 240.0);
}

/// A queue that has no messages and no measured processing time keeps no task. While nothing is known about any
/// queue, nothing is removed.
#[test]
fn an_idle_queue_that_was_never_measured_does_not_block_scale_in() {
    let unmeasured = QueueSettings {
        processing_time: None,
        ..queue(7_200, 2)
    };
    let fewest = |queues: &[QueueSettings]| {
        let mut scaler = scaler_between(queues, 1, 100);
        let mut desired = 10;
        for check in 0..60 {
            let seen = ServiceReading {
                at: at(1_000 + 10 * check),
                queues: &[waiting(0), waiting(0)],
                running: desired,
                desired,
            };
            let (_, decision) = scaler.decide(&seen, false);
            if decision.desired != desired {
                scaler.record_change(seen.at, desired, decision.desired);
            }
            desired = decision.desired;
        }
        desired
    };
    assert_eq!(fewest(&[queue(300, 2), unmeasured]), 1);
    let other = QueueSettings {
        objective: at(300),
        ..unmeasured
    };
    assert_eq!(fewest(&[other, unmeasured]), 10);
}
