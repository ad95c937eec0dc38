use super::*;
use crate::policy::KedaPolicy;
use crate::{Distribution, simulate};

/// Every message takes 1 s.
fn scenario() -> Scenario {
    let processing = Distribution::Fixed(Duration::from_secs(1));
    let policy = Policy::Fixed { tasks: 1 };
    Scenario {
        max: 10,
        visibility_timeout: Duration::from_secs(3_600),
        ..Scenario::new("test", Duration::from_secs(60), processing, policy)
    }
}

/// 300 messages in 75 s, one every 0.25 s, and one more after 400 s.
fn burst() -> Load {
    let rows = (0..300).map(|message| message * 250).chain([400_000]);
    let rows: String = rows
        .map(|millis| format!("{}\n", 1_764_000_000_000_u64 + millis))
        .collect();
    Load::read_csv(format!("timestamp\n{rows}").as_bytes(), None).unwrap()
}

fn find(scenario: &Scenario, load: &Load) -> Frontier {
    frontier(scenario, load, 1, None, &Progress::none()).unwrap()
}

fn runs<'a>(frontier: &'a Frontier, policy: &str, share: f64) -> &'a [Option<FrontierRun>] {
    let place = frontier.shares.iter().position(|one| *one == share);
    let mut policies = frontier.policies.iter();
    let found = policies.find(|one| one.policy == policy).unwrap();
    &found.cheapest[place.unwrap()]
}

/// Message k of the burst arrives after k ÷ 4 s. With n tasks, at most 4, each task starts one message per second:
/// message k = n q + r starts after q + r ÷ 4 s, so it waits q (1 − n ÷ 4) s.
/// - With 4 tasks, none waits.
/// - With 3 tasks, they wait q ÷ 4 s. Within 10 s, q is at most 40, which applies to 123 messages. The last, q = 99,
///   waits 24.75 s.
/// - With 2 tasks, they wait q ÷ 2 s. Within 60 s, q is at most 120, which applies to 242 messages. The last, q = 149,
///   waits 74.5 s.
/// - With 1 task, they wait 3 q ÷ 4 s. Within 120 s, q is at most 160, which applies to 161 messages. The last waits
///   224.25 s.
#[test]
fn fixed_counts_follow_from_arithmetic() {
    let found = find(&scenario(), &burst());
    let objectives = [5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];
    assert_eq!(found.objectives, objectives);
    for share in SHARES {
        let fixed = runs(&found, FIXED, share).iter().flatten();
        let counts: Vec<u32> = fixed.map(|run| run.min).collect();
        assert_eq!(counts, [4, 4, 3, 3, 2, 1, 1], "{share}");
    }
    let three = runs(&found, FIXED, 0.95)[2].as_ref().unwrap();
    // The very last message doesn't wait.
    assert_eq!(three.within_objective[1], 124.0 / 301.0);
}

/// With at most 2 tasks, 60 s is too short for 58 of 301 messages regardless of the policy, by the same
/// arithmetic.
#[test]
fn what_no_policy_can_meet_is_shown_with_the_tasks_that_it_needs() {
    let scenario = Scenario {
        max: 2,
        ..scenario()
    };
    let found = find(&scenario, &burst());
    for objective in 0..4 {
        assert_eq!(found.cheapest(0, objective), None, "{objective}");
        let limit = found.ideal[objective].limited_by_max.unwrap();
        assert_eq!(limit.allowed, 2);
        assert!((3..=4).contains(&limit.needed), "{limit:?}");
    }
    assert!(found.cheapest(0, 4).is_some());
    assert_eq!(found.ideal[4].limited_by_max, None);
}

/// A run that meets an objective also meets longer objectives and smaller shares.
#[test]
fn a_looser_objective_never_costs_more() {
    let load = Load::generate("mmpp:rates=1/s|6/s,stays=5m|1m,for=30m").unwrap();
    let found = find(&scenario(), &load);
    let cost = |run: &Option<FrontierRun>| {
        let run = run.as_ref();
        run.map_or(f64::INFINITY, |run| run.cost_per_month)
    };
    for policy in &found.policies {
        for costs in &policy.cheapest {
            assert!(costs.is_sorted_by(|one, next| cost(one) >= cost(next)));
        }
        for (smaller, larger) in policy.cheapest.iter().zip(policy.cheapest.iter().skip(1)) {
            let mut pairs = smaller.iter().zip(larger);
            assert!(pairs.all(|(smaller, larger)| cost(smaller) <= cost(larger)));
        }
    }
    // Objectives and shares affect the result, so the checks above test something.
    let keda = runs(&found, "KEDA's SQS scaler", 0.99);
    assert!(cost(&keda[6]) < cost(&keda[0]));
}

/// A point on the frontier equals a simulation of its policy with its settings for its objective.
#[test]
fn a_point_simulated_alone_meets_its_objective() {
    let load = Load::generate("mmpp:rates=1/s|6/s,stays=5m|1m,for=30m").unwrap();
    let found = find(&scenario(), &load);
    let mut compared = 0;
    for (objective, run) in runs(&found, "KEDA's SQS scaler", 0.99).iter().enumerate() {
        let Some(run) = run else { continue };
        let scenario = scenario();
        let alone = Scenario {
            slo: Duration::from_secs_f64(found.objectives[objective]),
            min: run.min,
            initial: run.min,
            // 1 s of work per message.
            ..scenario.with_policy(Policy::Keda(KedaPolicy::defaults(run.aim.unwrap())))
        };
        let outcomes: Vec<RunOutcome> = (1..=run.phases)
            .map(|seed| simulate(&alone, &load, seed).unwrap())
            .collect();
        let shares = outcomes.iter().map(|outcome| outcome.within_objective);
        let worst = shares.fold(1.0, f64::min);
        assert!(worst >= 0.99, "{worst}");
        assert_eq!(worst, run.within_objective[objective]);
        let costs = outcomes.iter().map(|outcome| outcome.cost.per_month);
        assert_eq!(costs.fold(0.0, f64::max), run.cost_per_month);
        assert_eq!(outcomes[0].tasks.seconds, run.task_seconds);
        // The same number that `simulate` uses for a load of this size.
        assert_eq!(run.phases, 10);
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}

/// The definition's own objective and the required share are shown with the others. Tasks that start after 50 s leave
/// 10 s of a minute for the check.
#[test]
fn warm_tasks_matter_below_a_check_and_a_start() {
    let mut scenario = Scenario {
        slo: Duration::from_secs(45),
        ..scenario()
    };
    let start = Duration::from_secs(50);
    scenario.assumptions.task_start = Distribution::Fixed(start);
    let required = Some(0.98);
    let found = frontier(&scenario, &burst(), 1, required, &Progress::none()).unwrap();
    assert_eq!(found.objectives[3], 45.0);
    assert_eq!(found.shares, [0.95, 0.98, 0.99, 0.999]);
    assert_eq!((found.share, found.required_share()), (0.98, 1));
    assert_eq!(
        found.reaction,
        (start + scaling::DEMAND_INTERVAL).as_secs_f64()
    );
    let warm: Vec<bool> = (0..found.objectives.len())
        .map(|objective| found.needs_warm(objective))
        .collect();
    assert_eq!(
        warm,
        [
            true,
            true,
            true,
            true,
            scaling::DEMAND_INTERVAL.as_secs() > 10,
            false,
            false,
            false
        ]
    );
}

/// The minimum number of tasks is at least the definition's, and no run exceeds the maximum.
#[test]
fn settings_stay_within_the_bounds_of_the_tasks() {
    let load = Load::generate("mmpp:rates=1/s|20/s,stays=20m|5m,for=1h").unwrap();
    let scenario = Scenario {
        min: 3,
        max: 12,
        ..scenario()
    };
    let candidates = list_candidates(&scenario, &load, 1, 12);
    let bounds: Vec<(u32, u32)> = candidates
        .iter()
        .map(|one| (one.scenario.min, one.scenario.max))
        .collect();
    assert!(
        bounds
            .iter()
            .all(|(min, max)| (3..=12).contains(min) && *max == 12)
    );
    // All policies except the ideal, with and without warm tasks.
    for warm in [false, true] {
        let mut policies: Vec<&str> = candidates
            .iter()
            .filter(|one| one.warm == warm)
            .map(|one| &*one.policy)
            .collect();
        policies.dedup();
        assert!(policies.len() >= 7, "{policies:?}");
    }
}
