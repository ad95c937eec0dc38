//! Properties that must hold in every run.

use proptest::prelude::*;

use super::*;
use crate::engine;
use crate::{BacklogPolicy, Deployments, KedaPolicy, OldReceipt, StepPolicy};

fn loads() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u32..20).prop_map(|rate| format!("poisson:rate={rate}/s,for=25m")),
        (1u32..20).prop_map(|rate| format!("constant:rate={rate}/s,for=25m")),
        (0u32..5, 5u32..60)
            .prop_map(|(low, high)| format!("mmpp:rates={low}/s|{high}/s,stays=5m|3m,for=30m")),
        (1u32..5, 10u32..200).prop_map(|(base, peak)| format!(
            "flash-crowd:base={base}/s,peak={peak}/s,at=10m,rise=30s,fall=2m,for=30m"
        )),
        (1u32..60).prop_map(|on| format!("on-off:on={on}/s,on_for=4m,off_for=9m,for=30m")),
    ]
}

fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![
        (0u32..30).prop_map(|tasks| Policy::Fixed { tasks }),
        (1.0f64..300.0, any::<bool>(), 0u64..300, 0u64..300).prop_map(
            |(target, in_flight, out, r#in)| {
                Policy::BacklogPerTask(BacklogPolicy {
                    target,
                    visible: true,
                    in_flight,
                    cooldown_out: Duration::from_secs(out),
                    cooldown_in: Duration::from_secs(r#in),
                    every: Duration::from_secs(60),
                })
            }
        ),
        (1.0f64..100.0).prop_map(|length| Policy::Keda(KedaPolicy::defaults(length))),
        Just(Policy::Ideal),
        Just(StepPolicy::cdk_queue_processing().map_or(Policy::Ideal, Policy::Steps)),
    ]
}

prop_compose! {
    fn scenarios()(
        policy in policies(),
        millis in 20u64..20_000,
        kind in 0u8..3,
        concurrency in 1u32..4,
        (batch, prefetch) in prop_oneof![Just((1, false)), (1u32..=10, any::<bool>())],
        (min, more) in (0u32..4, 1u32..40),
        initial in 0u32..50,
        visibility in 0u64..120,
        retention in 60u64..5_000,
        max_receives in proptest::option::of(1u32..4),
        stop in 0u64..40,
        (drains, protect, heartbeat) in any::<(bool, bool, bool)>(),
        old_receipt in prop_oneof![Just(OldReceipt::Ignored), Just(OldReceipt::Deletes)],
        deployments in proptest::option::of((1u64..1_000, 0u32..=100, 100u32..=200)),
        slo in 1u64..600,
    ) -> Scenario {
        let mean = Duration::from_millis(millis);
        let base = scenario();
        Scenario {
            policy,
            slo: Duration::from_secs(slo),
            processing: match kind {
                0 => Distribution::Fixed(mean),
                1 => Distribution::Exponential(mean),
                _ => Distribution::Lognormal { mean, cv: 1.5 },
            },
            concurrency,
            batch,
            prefetch,
            min,
            max: min + more,
            initial: initial.clamp(min, min + more),
            visibility_timeout: Duration::from_secs(visibility),
            retention: Duration::from_secs(retention),
            // Batches that are hidden for too short a time would be received again for a simulated day.
            max_receives: max_receives.or((batch > 1 || prefetch).then_some(4)),
            stop_timeout: Duration::from_secs(stop),
            protect,
            heartbeat,
            deployments: deployments.map(|(every, min_healthy, max)| Deployments {
                every: Duration::from_secs(every),
                min_healthy,
                max,
            }),
            assumptions: Assumptions { drains, old_receipt, ..base.assumptions.clone() },
            ..base
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// No message is lost or created, and Little's law holds exactly: the message-seconds in the system are the
    /// sum of the messages' own times in it.
    #[test]
    fn messages_are_conserved(scenario in scenarios(), load in loads(), seed in any::<u64>()) {
        let load = Load::generate(&load).unwrap();
        let bounds = scenario.check().unwrap();
        let known = (scenario.policy == Policy::Ideal)
            .then(|| crate::simulate::foresee_work(&scenario, &load, seed));
        let finished = run_to_end(&scenario, bounds, &load, seed, known.as_ref());
        let records = &finished.records;
        let totals = records.totals;
        prop_assert_eq!(totals.sent, load.arrivals(seed).count() as u64);
        prop_assert_eq!(
            totals.sent,
            totals.deleted + totals.dead + totals.expired + totals.waiting + totals.in_flight
        );
        prop_assert_eq!(records.waited + records.flown, records.stayed);
        let (within, late) = records.judged();
        prop_assert_eq!(within + late, totals.sent);
        prop_assert_eq!(records.waits.len(), totals.sent);
        if scenario.protect {
            prop_assert_eq!(totals.interrupted, 0);
        }
        if scenario.heartbeat && totals.interrupted == 0 && scenario.batch == 1 && !scenario.prefetch {
            prop_assert_eq!(totals.again, 0);
        }
        if scenario.max_receives.is_none() {
            prop_assert_eq!(totals.dead, 0);
        }
    }

    /// The score that a search compares equals the values of the complete outcome.
    #[test]
    fn a_score_is_what_the_outcome_says(scenario in scenarios(), load in loads(), seed in any::<u64>()) {
        prop_assume!(scenario.policy != Policy::Ideal);
        let load = Load::generate(&load).unwrap();
        let outcome = simulate(&scenario, &load, seed).unwrap();
        let messages: Vec<_> = engine::Sender::new(&scenario, &load, seed).collect();
        let drawn = (&load, &*messages);
        let score = crate::simulate::score_messages(&scenario, drawn, seed).unwrap();
        prop_assert_eq!(score.within_objective, outcome.within_objective);
        prop_assert_eq!(score.cost, outcome.cost.total);
        prop_assert_eq!(score.messages, outcome.messages.sent);
        let again = crate::simulate::simulate_messages(&scenario, drawn, seed).unwrap();
        prop_assert_eq!(again, outcome);
    }

    #[test]
    fn figures_make_sense(scenario in scenarios(), load in loads(), seed in any::<u64>()) {
        let outcome = run(&scenario, &load, seed);
        prop_assert!((0.0..=1.0).contains(&outcome.within_objective));
        prop_assert!(outcome.over_slo >= 0.0 && outcome.over_slo <= outcome.duration + 1e-6);
        let waiting = outcome.waiting;
        prop_assert!(waiting.p50 <= waiting.p90 && waiting.p90 <= waiting.p99 && waiting.p99 <= waiting.max);
        prop_assert!(outcome.series.len() <= 4_000);
        prop_assert!(outcome.tasks.billed_seconds >= outcome.tasks.seconds - 1e-6);
        let items: f64 = outcome.cost.items.iter().map(|item| item.cost).sum();
        prop_assert!((outcome.cost.total - items).abs() < 1e-9);
        let monthly: f64 = outcome.cost.items.iter().map(|item| item.per_month).sum();
        prop_assert!((outcome.cost.per_month - monthly).abs() < 1e-6);
        prop_assert!(outcome.cost.items.iter().all(|item| item.cost >= 0.0 && item.quantity > 0.0));
        let times: Vec<f64> = outcome.series.iter().map(|point| point.at).collect();
        prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!((times.last().unwrap() - outcome.duration).abs() < 1e-6);
        for action in &outcome.actions {
            prop_assert!(action.from != action.to);
            let bounded = (scenario.min..=scenario.max).contains(&action.to);
            prop_assert!(bounded || matches!(scenario.policy, Policy::Fixed { .. }), "{action:?}");
        }
        let series: f64 = outcome.series.iter().scan(0.0, |begin, point| {
            let length = point.at - *begin;
            *begin = point.at;
            Some(point.load * length)
        }).sum();
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let sent = outcome.messages.sent as f64;
        prop_assert!((series - sent).abs() < 1e-3);
        let task_seconds: f64 = outcome.elasticity.under_timeshare + outcome.elasticity.over_timeshare;
        prop_assert!(task_seconds <= 100.0 + 1e-6);
    }

    #[test]
    fn the_same_seed_gives_the_same_outcome(scenario in scenarios(), load in loads(), seed in any::<u64>()) {
        let first = serde_json::to_string(&run(&scenario, &load, seed)).unwrap();
        let second = serde_json::to_string(&run(&scenario, &load, seed)).unwrap();
        prop_assert_eq!(first, second);
    }
}

#[test]
fn another_seed_gives_another_outcome() {
    let outcome = |seed| run(&scenario(), "poisson:rate=0.5/s,for=1h", seed);
    assert_ne!(outcome(1).waiting, outcome(2).waiting);
}
