//! Searches whose results are known in advance.

use std::time::Duration;

use stack::Stack;

use super::*;
use crate::Distribution;
use crate::Progress;

const SERVICE: &str = "worker";

/// A service that costs about $0.10 per day, with this scaling.
fn definition(tasks: &str, scaling: &str) -> Stack {
    let text = format!(
        "name: shop\nqueues: {{orders: {{visibility_timeout: 1h}}}}\nservices:\n  worker:\n    image: a/b:1\n    cpu: 256\n    memory: 512\n    consumes: [orders]\n    tasks: {tasks}\n    scaling:\n      {scaling}\n"
    );
    stack::parse("t.yaml", &text)
        .unwrap_or_else(|report| panic!("{report}"))
        .stack
}

fn backlog(latency: &str, processing: &str) -> String {
    format!("backlog_per_task: {{acceptable_latency: {latency}, processing_time: {processing}}}")
}

fn tuned(
    stack: &Stack,
    overrides: &Overrides,
    load: &str,
    options: &TuneOptions,
) -> Result<Tuned, TuneError> {
    let load = if Load::is_generator(load) {
        Load::generate(load).unwrap()
    } else {
        Load::read_csv(load.as_bytes(), None).unwrap()
    };
    tune(
        stack,
        SERVICE,
        overrides,
        &load,
        options,
        &|_| {},
        &Progress::none(),
    )
}

fn fixed(millis: u64) -> Overrides {
    Overrides {
        processing: Some(Distribution::Fixed(Duration::from_millis(millis))),
        ..Overrides::default()
    }
}

/// Ten messages per second of 0.5 s each, one every 0.1 s: five tasks process exactly that. With four, a
/// message waits 10 s after 40 s, long before any alarm goes into ALARM. So an objective that every message
/// must meet needs five tasks from the start, and no sixth.
#[test]
fn a_constant_load_needs_what_division_says() {
    let stack = definition("{min: 1, max: 20}", &backlog("10s", "500ms"));
    let options = TuneOptions {
        required: 1.0,
        candidates: 200,
        ..TuneOptions::default()
    };
    let tuned = tuned(&stack, &fixed(500), "constant:rate=10/s,for=50m", &options).unwrap();
    assert!(tuned.keeps(), "{tuned:?}");
    let found = tuned.tuned;
    assert_eq!((found.settings.min, found.settings.max), (5, 20));
    assert_eq!(found.settings.law, Law::BacklogPerTask);
    assert_eq!(
        (found.searched.within_objective, found.searched.actions),
        (1.0, 0.0)
    );
    // The last message is done up to 0.5 s after the end of the load.
    assert!((found.searched.task_hours - 5.0 * 0.5).abs() < 5.0 * 0.5 / 3_600.0);
    let holdout = found.holdout.unwrap();
    assert!((holdout.task_hours - 5.0 / 3.0).abs() < 5.0 * 0.5 / 3_600.0);
    // A quarter of a vCPU and 0.5 GB on ARM. A month has 730 hours.
    let tasks = 5.0 * (0.25 * 0.03238 + 0.5 * 0.00356) * 730.0;
    let billed = found.searched.bill_per_month.of(crate::BillItem::Tasks);
    assert!((billed / tasks - 1.0).abs() < 1e-3, "{billed} for {tasks}");
    assert!(tuned.present.searched.within_objective < 1.0);
    assert_eq!(tuned.searched.messages, 10 * 1_800);
    // No reactive policy could have met it, and the result reports that.
    let limits = tuned.limits.unwrap();
    assert_eq!((limits.peak, limits.standing.enough), (5, true));
    assert!(limits.settings.min <= 2 && limits.within_objective < 1.0);
}

/// M/M/c: with 5 erlang, Erlang's C formula gives the probability that a message waits longer than 1 s: 0.080
/// for 6 tasks and 0.0059 for 7. The target is so large that nothing ever scales.
#[test]
fn a_poisson_load_needs_what_erlang_says() {
    let stack = definition("{min: 1, max: 50}", &backlog("1h", "500ms"));
    let overrides = Overrides {
        slo: Some(Duration::from_secs(1)),
        ..Overrides::default()
    };
    let options = TuneOptions {
        keep: vec![Parameter::AcceptableLatency, Parameter::Cooldown],
        candidates: 24,
        required: 0.98,
        ..TuneOptions::default()
    };
    let tuned = tuned(&stack, &overrides, "poisson:rate=10/s,for=10h", &options).unwrap();
    assert!(tuned.keeps(), "{tuned:?}");
    assert_eq!(tuned.tuned.settings.min, 7);
    let kept = tuned.tuned.searched.within_objective;
    assert!((0.992..0.9955).contains(&kept), "{kept}");
    assert_eq!(tuned.changes.len(), 1, "{:?}", tuned.changes);
    assert_eq!(tuned.changes[0].key, "services.worker.tasks.min");
}

#[test]
fn threads_change_nothing() {
    let stack = definition("{min: 1, max: 30}", &backlog("1m", "1s"));
    let load = "mmpp:rates=1/s|12/s,stays=20m|5m,for=6h";
    let tune_with = |threads| {
        let options = TuneOptions {
            candidates: 40,
            ..TuneOptions::default()
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let search = || tuned(&stack, &Overrides::default(), load, &options).unwrap();
        let tuned = pool.build().unwrap().install(search);
        assert!(tuned.candidates >= 40);
        serde_json::to_string(&tuned).unwrap()
    };
    assert_eq!(tune_with(1), tune_with(5));
}

/// A load that requires 5 tasks when 3 are allowed.
#[test]
fn more_tasks_are_allowed_only_where_they_may_be() {
    let stack = definition("{min: 1, max: 3}", &backlog("10s", "500ms"));
    let load = "constant:rate=10/s,for=50m";
    let options = TuneOptions {
        candidates: 60,
        ..TuneOptions::default()
    };
    let raised = tuned(&stack, &fixed(500), load, &options).unwrap();
    assert!(raised.keeps());
    assert!(raised.tuned.settings.max >= 5, "{:?}", raised.tuned);
    let keys: Vec<&str> = raised.changes.iter().map(|change| &*change.key).collect();
    assert!(keys.contains(&"services.worker.tasks.max"), "{keys:?}");

    let options = TuneOptions {
        keep: vec![Parameter::Max],
        ..options
    };
    let none = tuned(&stack, &fixed(500), load, &options).unwrap();
    assert!(!none.found && !none.keeps());
    assert_eq!(none.tuned.settings.max, 3);
    let limits = none.limits.unwrap();
    let lift = |name: &str| {
        limits
            .lifted
            .iter()
            .find(|lift| lift.limit == name)
            .unwrap()
    };
    assert!(
        lift("maximum number of tasks").within_objective > limits.within_objective + 0.5,
        "{limits:?}"
    );
    assert!(!lift("task start").enough, "{limits:?}");
    assert!(!lift("launch rate of ECS").enough, "{limits:?}");
    assert!(limits.standing.enough, "{limits:?}");
    assert_eq!(limits.standing.within_objective, 1.0);
}

#[test]
fn what_is_found_is_what_the_edits_mean() {
    let text = "name: shop\nqueues: {orders: {}}\nservices:\n  worker:\n    image: a/b:1\n    consumes: [orders]\n    tasks: {min: 1, max: 30} # few\n    scaling:\n      backlog_per_task:\n        acceptable_latency: 1m # the objective\n        processing_time: 1s\n";
    let stack = stack::parse("t.yaml", text).unwrap().stack;
    let options = TuneOptions {
        candidates: 60,
        required: 0.97,
        ..TuneOptions::default()
    };
    let load = "on-off:on=8/s,off=0.5/s,on_for=30m,off_for=90m,for=10h";
    let tuned = tuned(&stack, &Overrides::default(), load, &options).unwrap();
    assert!(tuned.found, "{tuned:?}");
    assert!(tuned.tuned.searched.cost <= tuned.present.searched.cost * 3.0);
    let edited = stack::edit(text, &tuned.edits, &tuned.definition).unwrap();
    assert_eq!(
        stack::parse("t.yaml", &edited).unwrap().stack,
        tuned.definition
    );
    assert!(edited.contains("# few") && edited.contains("# the objective"));
    if tuned.tuned.settings.acceptable_latency != Duration::from_secs(60) {
        let slo = tuned.definition.services.get(SERVICE).unwrap().slo;
        assert_eq!(
            slo.map(|slo| slo.latency),
            Some(Duration::from_secs(60)),
            "it is judged as before"
        );
    }
}

#[test]
fn what_cannot_be_tuned_is_said() {
    let options = TuneOptions::default();
    let none = |scaling: &str, load: &str| {
        let stack = definition("{min: 1, max: 3}", scaling);
        let overrides = Overrides {
            slo: Some(Duration::from_secs(60)),
            ..fixed(100)
        };
        tuned(&stack, &overrides, load, &options).unwrap_err()
    };
    let error = none(
        "steps: {metric: {queue: orders, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}, scale_out: {at_or_above: 9, for: 1, add: 1}, scale_in: {below: 1, for: 5, remove: 1}}",
        "constant:rate=1/s,for=1h",
    );
    assert_eq!(error, TuneError::Law(SERVICE.to_owned()));
    let error = none(
        &backlog("1m", "1s"),
        "0,0\n600,0\n1200,0\n1800,0\n2400,0\n3000,5\n",
    );
    assert_eq!(error, TuneError::Silent(Duration::from_secs(36 * 60)));
    let error = none(&backlog("1m", "1s"), "constant:rate=10/s,for=1s");
    assert_eq!(error, TuneError::Short);
}

/// Counts per minute: for 36 minutes `first` messages per second, for 24 minutes `then`. 60% is the training
/// period.
fn two_rates(first: u32, then: u32) -> String {
    let rate = |minute| if minute < 36 { first } else { then };
    let rows = (0..60).map(|minute| format!("{},{}\n", minute * 60, rate(minute) * 60));
    rows.collect()
}

/// At 8 messages of 0.5 s per second, 4 tasks are busy. At 16, 8 are busy, so with fewer tasks the backlog
/// grows. An alarm needs 3 of the 24 minutes, far more than the 1% that can be late. So only 8 tasks from the
/// start meet the objective in both periods, and they cost more than the number that is enough in the first
/// period.
#[test]
fn finalists_that_fail_in_the_holdout_period_make_way_for_the_next() {
    let stack = definition("{min: 1, max: 20}", &backlog("10s", "500ms"));
    let options = TuneOptions {
        candidates: 120,
        ..TuneOptions::default()
    };
    let tuned = tuned(&stack, &fixed(500), &two_rates(8, 16), &options).unwrap();
    assert!(tuned.keeps(), "{}", tuned.verdict());
    assert!(tuned.tuned.settings.min >= 8, "{:?}", tuned.tuned);
    assert!(!tuned.rejected.is_empty());
    for rejected in &tuned.rejected {
        assert!(rejected.tuning.settings.min < 8, "{rejected:?}");
        assert_eq!(rejected.missed_in, Period::Holdout);
        assert!(rejected.tuning.searched.within_objective >= 0.99);
        assert!(rejected.tuning.holdout.unwrap().within_objective < 0.99);
    }
    let caution = tuned.caution.unwrap();
    assert!(caution.contains("no longer independent"), "{caution}");
    assert_eq!(tuned.searched.seeds, 10, "a recorded load has phases too");
}

/// At 100 messages per second 50 tasks are busy, but only 20 are allowed.
#[test]
fn if_every_finalist_fails_the_result_is_rejected() {
    let stack = definition("{min: 1, max: 20}", &backlog("10s", "500ms"));
    let options = TuneOptions {
        candidates: 60,
        ..TuneOptions::default()
    };
    let load = two_rates(8, 100);
    let tuned = tuned(&stack, &fixed(500), &load, &options).unwrap();
    assert!(!tuned.keeps());
    let tested = tuned.rejected.iter().map(|one| one.tuning);
    assert!(tested.clone().count() > 1 && tested.clone().count() <= 8);
    let share = |tuning: Tuning| tuning.holdout.unwrap().within_objective;
    let closest = tested.map(share).fold(0.0, f64::max);
    assert_eq!(share(tuned.tuned), closest);
    assert!(tuned.known.is_empty());
    let verdict = tuned.verdict();
    assert!(verdict.starts_with("objective missed: "), "{verdict}");
    // The page shows the same failure as the text.
    let scenario = Scenario::from_stack(&stack, SERVICE, &fixed(500)).unwrap();
    let load = Load::read_csv(load.as_bytes(), None).unwrap();
    let outcome = crate::simulate(&scenario, &load, 1).unwrap();
    let report = crate::Report::new(String::new(), None, outcome).of_tuning(&tuned);
    assert_eq!(report.verdict(), verdict);
    let page = report.html().unwrap();
    assert!(page.contains("class=\"verdict broken\""));
    assert!(page.contains("misses the objective in the holdout period"));
}

#[test]
fn progress_never_goes_back_and_ends_at_one() {
    let told = std::sync::Mutex::new(Vec::new());
    let progress = Progress::new(|share| told.lock().unwrap().push(share));
    let stack = definition("{min: 1, max: 20}", &backlog("10s", "500ms"));
    let load = Load::generate("poisson:rate=5/s,for=2h").unwrap();
    let options = TuneOptions {
        candidates: 20,
        ..TuneOptions::default()
    };
    let tell = |_: &str| {};
    progress.begin_part(0.6);
    tune(
        &stack,
        SERVICE,
        &fixed(500),
        &load,
        &options,
        &tell,
        &progress,
    )
    .unwrap();
    progress.begin_part(1.0);
    let scenario = Scenario::from_stack(&stack, SERVICE, &fixed(500)).unwrap();
    crate::survey(&scenario, &load, 1, &progress).unwrap();
    drop(progress);
    let told = told.into_inner().unwrap();
    assert!(told.len() > 50, "{told:?}");
    assert!(told.is_sorted(), "{told:?}");
    assert!(told.contains(&0.6), "{told:?}");
    assert_eq!(told.last(), Some(&1.0));
}
