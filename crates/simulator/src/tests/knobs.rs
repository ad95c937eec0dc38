//! Knobs: what each of them means for a definition.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    Assumed, CommandLine, Experiment, Extent, Load, Overrides, Progress, Scenario, Share,
    Simulation, Turns, compare, list_knobs, public_definition, survey,
};

const SERVICE: &str = "services.voucher-worker";

fn experiment(text: &str, service: &str, load: &str) -> Experiment {
    let stack = stack::parse("a.yaml", text).unwrap().stack;
    let process = ["ecs-scaler", "simulate", "a.yaml", "--load", load].map(str::to_owned);
    Experiment {
        definition: public_definition(&stack).unwrap(),
        service: service.to_owned(),
        assumed: Assumed::default(),
        seed: 1,
        required: None,
        load_name: load.to_owned(),
        load: Load::generate(load).unwrap(),
        command: CommandLine::find("ecs-scaler", "a.yaml", "simulate", &process),
    }
}

fn shipped(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks");
    std::fs::read_to_string(root.join(name)).unwrap()
}

fn voucher_worker() -> Experiment {
    let text = shipped("voucher-worker.yaml");
    experiment(&text, "voucher-worker", "poisson:rate=2/s,for=10m")
}

fn turns(turned: &[(&str, &str)]) -> Turns {
    let pairs = turned.iter();
    pairs
        .map(|(knob, value)| ((*knob).to_owned(), (*value).to_owned()))
        .collect()
}

/// What turned knobs set, as `--set` and `--assume`.
fn set(experiment: &Experiment, turned: &[(&str, &str)]) -> Vec<String> {
    let changed = experiment.run(&turns(turned), Extent::Phase).unwrap();
    let arguments = changed.turned.arguments();
    let values = arguments.chunks_exact(2).map(|pair| pair[1].clone());
    values.map(|value| value.replace(SERVICE, "S")).collect()
}

#[test]
fn a_knob_sets_the_keys_that_it_means() {
    let own = voucher_worker();
    assert_eq!(
        set(&own, &[("min", "3"), ("max", "40")]),
        ["S.tasks.min=3", "S.tasks.max=40"]
    );
    // The definition's aim was its objective, so it follows.
    assert_eq!(
        set(&own, &[("slo", "30s"), ("share", "99%")]),
        [
            "S.slo=99% within 30s",
            "S.scaling.backlog_per_task.acceptable_latency=30s"
        ]
    );
    assert_eq!(
        set(
            &own,
            &[("cooldown_out", "0s"), ("processing_time", "200ms")]
        ),
        [
            "S.scaling.backlog_per_task.processing_time=200ms",
            "S.scaling.backlog_per_task.cooldown.out=0s"
        ]
    );
    // Twice the default of 23 s to 60 s.
    assert_eq!(
        set(&own, &[("task_start", "83s")]),
        ["task_start=uniform:46s..2m"]
    );
    assert_eq!(
        set(
            &own,
            &[("schedule", "Mon-Fri 08:00-18:00"), ("schedule_min", "4")]
        ),
        ["S.tasks.schedule=[{min: 4, when: \"Mon-Fri 08:00-18:00\"}]"]
    );
    assert_eq!(
        set(&own, &[("policy", "demand"), ("cooldown_in", "5m")]),
        [
            "S.scaling.backlog_per_task=null",
            "S.scaling.demand={acceptable_latency: 10s, processing_time: 100ms}"
        ]
    );
    assert_eq!(
        set(&own, &[("policy", "fixed"), ("min", "2"), ("max", "9")]),
        [
            "S.scaling=null",
            "S.tasks.max=null",
            "S.slo=10s",
            "S.tasks.min=2",
            "processing_time=exponential:100ms"
        ]
    );
}

#[test]
fn the_changed_command_and_its_advice_are_about_the_changed_definition() {
    let own = voucher_worker();
    let changed = own.run(&turns(&[("min", "3")]), Extent::Phases).unwrap();
    assert_eq!(changed.report.outcome.task_limits.min, 3);
    assert_eq!(changed.report.phases.unwrap().runs, 10);
    let advice = changed.report.advice.unwrap();
    assert_eq!(
        advice.command.unwrap(),
        "ecs-scaler simulate a.yaml --load poisson:rate=2/s,for=10m --set services.voucher-worker.tasks.min=3 --compare"
    );
    assert_eq!(
        changed.turned.yaml(),
        "services:\n  voucher-worker:\n    tasks:\n      min: 3\n"
    );
    let other = "daily:low=1/s,high=9/s,for=1d";
    let changed = own.run(&turns(&[("load", other)]), Extent::Phase).unwrap();
    assert_eq!(changed.report.load, other);
    assert_eq!(
        changed.command.unwrap(),
        "ecs-scaler simulate a.yaml --load daily:low=1/s,high=9/s,for=1d"
    );
    let refused = own
        .run(&turns(&[("load", "dayly:low=1/s")]), Extent::Phase)
        .unwrap_err();
    assert!(refused.message.contains("did you mean daily"), "{refused}");
    let refused = own
        .run(&turns(&[("min", "30")]), Extent::Phase)
        .unwrap_err();
    assert_eq!(refused.message, "`min` is greater than `max`");
    let refused = own
        .run(&turns(&[("min", "many")]), Extent::Phase)
        .unwrap_err();
    assert_eq!(refused.message, "min can't be \"many\"");
}

#[test]
fn an_experiment_survives_as_json() {
    let row = |row: u64| format!("2026-11-0{}T{:02}:00:00Z,{row}\n", 1 + row / 24, row % 24);
    let text = format!("time,count\n{}", (0..72).map(row).collect::<String>());
    let load = Load::read_csv(text.as_bytes(), None).unwrap();
    let load = load
        .scaled(0.1 + 0.2)
        .unwrap()
        .between(Some("30m"), None)
        .unwrap();
    let own = Experiment {
        load: Load::mixed(vec![
            ("a".to_owned(), load),
            (
                "b".to_owned(),
                Load::generate("daily:low=1/s,high=3/s,for=2d").unwrap(),
            ),
        ]),
        required: Some(Share(0.999_5)),
        ..voucher_worker()
    };
    let json = serde_json::to_string(&own).unwrap();
    assert_eq!(serde_json::from_str::<Experiment>(&json).unwrap(), own);
}

#[test]
fn a_public_definition_has_no_secrets() {
    let text = shipped("voucher-worker.yaml").replace(
        "    stop_timeout: 30s",
        "    stop_timeout: 30s\n    environment: {TOKEN: hunter2}\n    secrets: {KEY: \"arn:aws:ssm:us-west-2:111122223333:parameter/hunter2\"}\n    sidecars: {log: {image: \"log:1\", environment: {A: hunter2}}}\n    logs: {firelens: {options: {Name: splunk, splunk_token: hunter2}}}",
    );
    let text = text + "\noverrides: {Resources: {VouchersQueue: {Metadata: {Note: hunter2}}}}\n";
    let stack = stack::parse("a.yaml", &text).unwrap().stack;
    let public = public_definition(&stack).unwrap();
    assert!(!public.to_string().contains("hunter2"), "{public}");
    assert_eq!(
        public["services"]["voucher-worker"]["sidecars"]["log"]["image"],
        "log:1"
    );
    assert_eq!(public["queues"]["vouchers"]["retention"], Value::from("4d"));
    // Still a definition, with a log router.
    let again = stack::parse("a.yaml", &public.to_string()).unwrap().stack;
    let stack::ServiceSource::Create(spec) = &again.services["voucher-worker"].source else {
        panic!("the stack creates the service");
    };
    assert!(spec.log_router.is_some());
}

/// The row of a comparison has the same messages, so the same waits and tasks.
#[test]
fn each_policy_of_a_comparison_is_a_knob() {
    let text = shipped("voucher-worker.yaml");
    let load = "mmpp:rates=2/s|40/s,stays=2h|30m,for=26h";
    let own = experiment(&text, "voucher-worker", load);
    let stack = stack::parse("a.yaml", &text).unwrap().stack;
    let overrides = Overrides::default();
    let scenario = Scenario::from_stack(&stack, "voucher-worker", &overrides).unwrap();
    let progress = Progress::none();
    let survey = survey(&scenario, &own.load, 1, &progress).unwrap();
    let rows = compare(&scenario, &own.load, 1, &survey, &progress).unwrap();
    let row = |name: &str| {
        &rows
            .iter()
            .find(|row| row.name.starts_with(name))
            .unwrap()
            .outcome
    };
    for (knob, name) in [
        ("copilot", "Copilot"),
        ("cdk", "the CDK"),
        ("articles", "alarm steps"),
        ("keda", "KEDA"),
        ("predictive", "predictive"),
        ("demand", "demand"),
    ] {
        let changed = own.run(&turns(&[("policy", knob)]), Extent::Phase).unwrap();
        let outcome = &changed.report.outcome;
        assert_eq!(
            outcome.wait_percentiles,
            row(name).wait_percentiles,
            "{knob}"
        );
        assert_eq!(outcome.tasks, row(name).tasks, "{knob}");
    }
    // No definition can have it, so only an assumption names it, and nothing says to deploy it.
    assert_eq!(
        set(&own, &[("policy", "keda"), ("min", "2")]),
        ["S.tasks.min=2", "policy=keda"]
    );
    let changed = own
        .run(&turns(&[("policy", "keda")]), Extent::Phase)
        .unwrap();
    assert_eq!(changed.report.advice.unwrap().command, None);
}

#[test]
fn queues_with_their_own_objectives_have_their_own_knobs() {
    let text = shipped("image-resizer.yaml");
    let own = experiment(&text, "resizer", "poisson:rate=1/s,for=1h");
    let turned = turns(&[("slo.backfill", "30m"), ("processing_time.uploads", "5s")]);
    let changed = own.run(&turned, Extent::Phase).unwrap();
    assert_eq!(
        changed.turned.yaml(),
        "services:\n  resizer:\n    consumes: [{processing_time: 5s, queue: uploads}, \
         {processing_time: 10s, queue: backfill, slo: 95% within 30m}]\n"
    );
    let queues = &changed.report.outcome.queues;
    let slos: Vec<f64> = queues.iter().map(|queue| queue.slo).collect();
    assert_eq!(slos, [300.0, 1_800.0]);
}

/// Each value of each knob of each shipped definition either simulates, or is refused by a sentence about the definition.
#[test]
fn every_value_of_every_knob_means_something() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks");
    let files = std::fs::read_dir(folder).unwrap();
    let files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    let (mut simulated, mut refused) = (0, 0);
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "yaml"))
    {
        let text = std::fs::read_to_string(file).unwrap();
        let stack = stack::parse("a.yaml", &text).unwrap().stack;
        for service in stack.services.keys() {
            let own = experiment(&text, service, "poisson:rate=2/s,for=2m");
            let (overrides, load) = (Overrides::default(), own.load.clone());
            let simulation = Simulation {
                stack: &stack,
                service,
                overrides: &overrides,
                load: &load,
                load_name: "",
                seed: 1,
                required: None,
                commands: None,
            };
            let Ok(scenario) = simulation.scenario() else {
                continue;
            };
            for knob in list_knobs(&simulation, &scenario) {
                for choice in &knob.values {
                    let turned = turns(&[("schedule", "08:00-20:00"), (&knob.name, &choice.value)]);
                    match own.run(&turned, Extent::Phase) {
                        Ok(_) => simulated += 1,
                        Err(error) => {
                            assert!(
                                !error.message.contains("can't be"),
                                "{}: {error}",
                                knob.name
                            );
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    // Most refusals are bounds that exclude each other, such as a minimum above the maximum.
    assert!(
        simulated > 1_000 && simulated > 4 * refused,
        "{simulated} {refused}"
    );
}
