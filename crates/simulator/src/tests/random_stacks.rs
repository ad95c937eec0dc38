//! Properties that must hold for every definition that `stack` accepts, with any load.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::{Overrides, ScenarioError};

/// A definition, the assumptions about it, and a load.
#[derive(Debug)]
struct Case {
    definition: String,
    assumed: Vec<String>,
    load: String,
}

fn loads() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u32..6).prop_map(|rate| format!("poisson:rate={rate}/s,for=10m")),
        (1u32..60).prop_map(|rate| format!("poisson:rate={rate}/h,for=8h")),
        (1u32..4, 1u32..8)
            .prop_map(|(low, high)| format!("mmpp:rates={low}/min|{high}/s,stays=5m|2m,for=20m")),
        (1u32..30, 5u32..40).prop_map(|(base, peak)| format!(
            "flash-crowd:base={base}/min,peak={peak}/s,at=5m,rise=10s,fall=30s,for=15m"
        )),
        (1u32..20).prop_map(|on| format!("on-off:on={on}/s,on_for=1m,off_for=9m,for=20m")),
    ]
}

/// The scaling of a service whose acceptable latency fits the work. `None` doesn't scale. Steps don't specify a
/// processing time, so the caller must assume one.
fn scalings(latency: u64, millis: u64, concurrency: u32) -> impl Strategy<Value = Option<String>> {
    let common = format!("acceptable_latency: {latency}s, concurrency: {concurrency}");
    let timed = format!("{common}, processing_time: {millis}ms");
    let backlog = timed.clone();
    let steps = |kind: &'static str| {
        (1u32..200, 1u32..5, 1u32..4).prop_map(move |(at, add, periods)| {
            Some(format!(
                "{kind}: {{metric: {{queue: q, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}}, \
                 scale_out: {{at_or_above: {at}, for: {periods}, add: {add}}}, \
                 scale_in: {{below: {at}, for: {periods}, remove: 1}}}}"
            ))
        })
    };
    prop_oneof![
        Just(None),
        (any::<bool>(), 0u32..300, 0u32..300).prop_map(move |(in_flight, out, r#in)| {
            let count = if in_flight { "visible, in_flight" } else { "visible" };
            Some(format!(
                "backlog_per_task: {{{backlog}, count: [{count}], cooldown: {{out: {out}s, in: {in}s}}}}"
            ))
        }),
        prop_oneof![Just("function"), Just("target_tracking")]
            .prop_map(move |actuator| Some(format!("demand: {{{timed}, actuator: {actuator}}}"))),
        Just(Some(format!("demand: {{{common}, processing_time: measured}}"))),
        steps("steps"),
        steps("alarm_steps"),
    ]
}

fn assumptions() -> impl Strategy<Value = Vec<String>> {
    let any = prop_oneof![
        Just("drains=false".to_owned()),
        (0u32..600).prop_map(|start| format!("task_start=uniform:{start}s..{}s", 2 * start)),
        (1u32..60).prop_map(|launches| format!("launches_per_minute={launches}")),
        (0u32..60).prop_map(|lag| format!("count_lag={lag}s")),
        Just("tracking_scale_in=to_target".to_owned()),
        Just("tracking_cooldown=blocks".to_owned()),
        Just("tracking_flapping_guard=off".to_owned()),
    ];
    prop::collection::vec(any, 0..3)
}

prop_compose! {
    /// Numbers that depend on others are generated from them, so that every definition is valid: a visibility
    /// timeout below the processing time needs a heartbeat, and no message expires within its acceptable
    /// latency.
    fn numbers()(
        millis in 10u64..90_000,
        concurrency in 1u32..5,
        more_latency in 1u64..300,
        more_retention in 0u64..600,
    ) -> (u64, u32, u64, u64) {
        let latency = millis.div_ceil(1_000) + more_latency;
        (millis, concurrency, latency, (latency + more_retention).max(60))
    }
}

/// A quarter of an hour with the maximum number of tasks, or with none. A load starts at midnight.
fn schedule(period: Option<(u32, bool)>, max: u32) -> String {
    let Some((minute, all)) = period else {
        return String::new();
    };
    let bounds = if all {
        format!("min: {max}")
    } else {
        "min: 0, max: 0".to_owned()
    };
    let end = minute + 15;
    let end = format!("{:02}:{:02}", end / 60, end % 60);
    format!(", schedule: [{{when: '00:{minute:02}-{end}', timezone: Asia/Tokyo, {bounds}}}]")
}

prop_compose! {
    fn cases()(numbers in numbers())(
        (millis, _, latency, retention) in Just(numbers),
        scaling in scalings(numbers.2, numbers.0, numbers.1),
        visibility in 1u64..180,
        dead_letter in prop::option::of(1u32..4),
        fifo in any::<bool>(),
        (min, more) in (0u32..3, 1u32..20),
        period in prop::option::of((0u32..45, any::<bool>())),
        (protect, share) in (any::<bool>(), prop::option::of(50u32..=100)),
        mut assumed in assumptions(),
        cv in 1u32..30,
        load in loads(),
    ) -> Case {
        let tasks = match &scaling {
            None => "{min: 2}".to_owned(),
            Some(_) => format!("{{min: {min}, max: {}{}}}", min + more, schedule(period, min + more)),
        };
        let heartbeat = visibility * 1_000 < millis;
        let dead_letter = dead_letter.map_or(String::new(), |after| format!(", dead_letter: {{after: {after}}}"));
        let share = share.map_or(String::new(), |share| format!("{share}% within "));
        let scaling = scaling.map_or(String::new(), |scaling| format!("    scaling: {{{scaling}}}\n"));
        // The processing time varies, so that sometimes it exceeds the visibility timeout.
        assumed.push(format!("processing_time=lognormal:{millis}ms,{}", f64::from(cv) / 10.0));
        let definition = format!(
            "name: random\nnetwork: create\nqueues:\n  q: {{visibility_timeout: {visibility}s, \
             retention: {retention}s, fifo: {fifo}{dead_letter}}}\nservices:\n  s:\n    \
             image: busybox\n    consumes: [q]\n    slo: {share}{latency}s\n    protect: {protect}\n    \
             heartbeat: {heartbeat}\n    stop_timeout: 90s\n    tasks: {tasks}\n{scaling}"
        );
        Case { definition, assumed, load }
    }
}

impl Case {
    fn scenario(&self) -> Result<Scenario, ScenarioError> {
        let loaded = stack::parse("random.yaml", &self.definition);
        let loaded = loaded.unwrap_or_else(|report| panic!("{report:?}\n{}", self.definition));
        let mut overrides = Overrides::default();
        for assumption in &self.assumed {
            overrides.assume(assumption).unwrap();
        }
        Scenario::from_stack(&loaded.stack, "s", &overrides)
    }

    fn finish(&self, scenario: &Scenario, seed: u64) -> Finished {
        let load = Load::generate(&self.load).unwrap();
        let bounds = scenario.check().unwrap();
        run_to_end(scenario, bounds, &load, seed, None)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Every sent message meets the objective, is late, or is lost. In each case, it is counted once in the
    /// waiting times.
    #[test]
    fn every_message_of_a_random_stack_is_judged_once(case in cases(), seed in any::<u64>()) {
        let scenario = case.scenario().unwrap();
        let records = case.finish(&scenario, seed).records;
        let totals = records.totals;
        let sent = Load::generate(&case.load).unwrap().arrivals(seed).count() as u64;
        prop_assert_eq!(totals.sent, sent);
        let (within, late) = records.judged();
        prop_assert_eq!(within + late, sent);
        prop_assert_eq!(records.waits.len(), sent);
        prop_assert_eq!(
            totals.deleted + totals.dead + totals.expired + totals.waiting + totals.in_flight,
            sent
        );
        // Messages that weren't deleted are late, unless their processing finished once. In that case, a worker
        // took too long to delete them, which requires a message that was received twice.
        let lost = totals.dead + totals.expired;
        prop_assert!(late + totals.again >= lost, "{totals:?}");
        prop_assert_eq!(records.waited + records.flown, records.stayed);
    }

    /// Mean, percentiles, and share are for the same messages: all of them.
    #[test]
    fn results_of_a_random_stack_agree(case in cases(), seed in any::<u64>()) {
        let scenario = case.scenario().unwrap();
        let outcome = run(&scenario, &case.load, seed);
        let waiting = outcome.waiting;
        prop_assert!(waiting.p50 <= waiting.p90 && waiting.p90 <= waiting.p99);
        prop_assert!(waiting.p99 <= waiting.max);
        prop_assert!(waiting.mean <= waiting.max);
        // At least half wait p50 or longer, 10% p90, and so on. The histogram's resolution is 0.1%.
        let least = 0.4 * waiting.p50 + 0.09 * waiting.p90 + 0.01 * waiting.p99;
        prop_assert!(waiting.mean >= least * 0.998 - 2e-6, "{waiting:?}");
        let messages = outcome.messages;
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let lost = (messages.dead_letters + messages.expired) as f64 / messages.sent.max(1) as f64;
        for (percentile, share) in [(waiting.p50, 0.5), (waiting.p90, 0.9), (waiting.p99, 0.99)] {
            // A lost message is late, regardless of how early it was lost.
            if percentile < outcome.slo * 0.998 {
                prop_assert!(outcome.within_objective + lost >= share - 1e-9, "{outcome:?}");
            }
            if percentile > outcome.slo * 1.002 {
                prop_assert!(outcome.within_objective <= share, "{outcome:?}");
            }
        }
        let repeated = run(&scenario, &case.load, seed);
        prop_assert_eq!(serde_json::to_string(&outcome).unwrap(), serde_json::to_string(&repeated).unwrap());
    }
}

/// The strategy covers what it is for: the dead-letter queue, expiry, redelivery, and late messages.
#[test]
fn random_stacks_lose_messages_in_every_way() {
    let mut runner = TestRunner::deterministic();
    let (mut dead, mut expired, mut again, mut late) = (0, 0, 0, 0);
    for seed in 0..40 {
        let case = cases().new_tree(&mut runner).unwrap().current();
        let records = case.finish(&case.scenario().unwrap(), seed).records;
        let (totals, judged) = (records.totals, records.judged());
        dead += u64::from(totals.dead > 0);
        expired += u64::from(totals.expired > 0);
        again += u64::from(totals.again > 0);
        late += u64::from(judged.0 > 0 && judged.1 > 0);
    }
    assert!(
        [dead, expired, again, late].iter().all(|runs| *runs >= 3),
        "{dead} {expired} {again} {late}"
    );
}
