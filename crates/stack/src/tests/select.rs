//! Environments, and values from the command line.

use std::time::Duration;

use super::{BASE, changed, line, shown};
use crate::{Edit, Loaded, Recipient, Report, Selection, Stack, edit_selected, parse_selected};

/// The base with two environments, starting on line 18.
fn with_environments() -> String {
    BASE.to_owned()
        + r"environments:
  staging:
    region: eu-west-1
    notify: [dev@example.com, qa@example.com]
    queues: {orders: {dead_letter: null}}
    services: {worker: {tasks: {max: 4}, environment: {STAGE: staging}}}
  live: {name: orders, termination_protection: true}
  wrong: {services: {worker: {tasks: {mex: 4}, scaling: {backlog_per_task: {acceptable_latency: soon}}}}}
"
}

fn select(text: &str, environment: Option<&str>, set: &[&str]) -> Result<Loaded, Report> {
    let selection = Selection {
        environment: environment.map(str::to_owned),
        set: set.iter().map(|one| (*one).to_owned()).collect(),
    };
    parse_selected("shop.yaml", text, &selection)
}

fn stack(environment: Option<&str>, set: &[&str]) -> Stack {
    let loaded = select(&with_environments(), environment, set);
    loaded
        .unwrap_or_else(|report| panic!("{}", shown(&report)))
        .stack
}

#[track_caller]
fn refused(environment: Option<&str>, set: &[&str], expected: &[&str]) -> Report {
    let report = select(&with_environments(), environment, set).unwrap_err();
    let lines: Vec<String> = report.problems().iter().map(line).collect();
    let errors: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert_eq!(errors, expected, "{}", shown(&report));
    let helped = |problem: &crate::Problem| problem.help().is_some_and(|help| !help.is_empty());
    assert!(report.problems().iter().all(helped));
    report
}

#[test]
fn mappings_are_merged_and_the_rest_is_replaced() {
    let base = stack(None, &[]);
    let staging = stack(Some("staging"), &[]);
    assert_eq!(
        (base.name.as_str(), staging.name.as_str()),
        ("shop", "shop-staging")
    );
    assert_eq!(staging.region.as_deref(), Some("eu-west-1"));
    assert_eq!(staging.account, base.account);
    let email = |address: &str| Recipient::Email(address.to_owned());
    assert_eq!(
        staging.notify,
        [email("dev@example.com"), email("qa@example.com")]
    );
    let tasks = |stack: &Stack| stack.services["worker"].tasks;
    assert_eq!((tasks(&base).min, tasks(&base).max), (1, 10));
    assert_eq!((tasks(&staging).min, tasks(&staging).max), (1, 4));
    let crate::Queue::Create(orders) = &staging.queues["orders"] else {
        panic!("it is created");
    };
    assert_eq!(
        (orders.dead_letter, orders.visibility_timeout.as_secs()),
        (None, 60)
    );
}

#[test]
fn a_name_of_its_own_is_kept() {
    assert_eq!(stack(Some("live"), &[]).name, "orders");
    assert!(stack(Some("live"), &[]).termination_protection);
    assert_eq!(stack(Some("staging"), &["name=other"]).name, "other");
    assert_eq!(stack(None, &["name=other"]).name, "other");
}

/// It is the same stack as the definition with the values written out.
#[test]
fn it_is_the_definition_that_is_written_out() {
    let text =
        changed("{min: 1, max: 10}", "{min: 2, max: 4}").replace("name: shop", "name: shop-a");
    let written = select(&text, None, &[]).unwrap().stack;
    let merged =
        BASE.to_owned() + "environments: {a: {services: {worker: {tasks: {min: 2, max: 4}}}}}\n";
    let merged = select(&merged, Some("a"), &[]).unwrap().stack;
    assert_eq!(
        (merged.application(), written.application()),
        ("shop", "shop-a")
    );
    let written = Stack {
        environment: Some("a".to_owned()),
        ..written
    };
    assert_eq!(merged, written);
}

/// Text stays text, and a number stays a number, depending on the key.
#[test]
fn values_have_the_type_of_their_key() {
    let set = [
        "account=444455556666",
        "services.worker.tasks.max=7",
        "services.worker.image=example/worker:2",
        "services.worker.environment.STAGE=1",
        "services.worker.command=[run, --all]",
        "termination_protection=true",
        "tags.\"cost.center\"=12",
        "queues.orders.dead_letter.after=9",
        "services.worker.scaling.backlog_per_task.processing_time=2s",
        "notify=null",
    ];
    let stack = stack(None, &set);
    let worker = &stack.services["worker"];
    let crate::ServiceSource::Create(spec) = &worker.source else {
        panic!("it is created");
    };
    assert_eq!(stack.account.as_deref(), Some("444455556666"));
    assert_eq!(
        (worker.tasks.max, spec.image.as_str()),
        (7, "example/worker:2")
    );
    assert_eq!(spec.environment["STAGE"], "1");
    assert_eq!(spec.command, ["run", "--all"]);
    assert!(stack.termination_protection && stack.notify.is_empty());
    assert_eq!(stack.tags["cost.center"], "12");
    let crate::Queue::Create(orders) = &stack.queues["orders"] else {
        panic!("it is created");
    };
    assert_eq!(orders.dead_letter.map(|queue| queue.after), Some(9));
}

#[test]
fn arguments_win_over_environments_and_later_ones_over_earlier_ones() {
    let max = |set: &[&str]| stack(Some("staging"), set).services["worker"].tasks.max;
    assert_eq!(max(&["services.worker.tasks.max=6"]), 6);
    assert_eq!(
        max(&["services.worker.tasks.max=6", "services.worker.tasks.max=7"]),
        7
    );
}

#[test]
fn problems_point_to_where_the_value_came_from() {
    refused(
        Some("wrong"),
        &[],
        &[
            "error 25:39 services.worker.tasks.mex: unknown key `mex`",
            "error 25:97 services.worker.scaling.backlog_per_task.acceptable_latency: `soon` isn't a duration",
        ],
    );
    let report = refused(
        Some("staging"),
        &["region=us-west-2", "services.worker.tasks.max=many"],
        &["error 1:27 services.worker.tasks.max: expected a whole number, found `many`"],
    );
    let label = &report.problems()[0].labels()[0];
    assert_eq!(
        label.argument.as_deref(),
        Some("services.worker.tasks.max=many")
    );
    insta::assert_snapshot!("argument", shown(&report));
    // One place in the file, and one in an argument.
    let report = refused(
        None,
        &["services.worker.tasks.min=11"],
        &["error 1:27 services.worker.tasks.min: `min` is greater than `max`"],
    );
    insta::assert_snapshot!("argument_and_file", shown(&report));
}

#[test]
fn what_does_not_fit_is_refused() {
    refused(
        Some("stagin"),
        &[],
        &["error 18:1 environments: no environment `stagin` is defined"],
    );
    for (set, expected) in [
        ("region", "error 1:1 : a value is set as PATH=VALUE"),
        (".region=a", "error 1:1 : a value is set as PATH=VALUE"),
        (
            "notify[0]=a@b.de",
            "error 1:1 : an item of a list can't be set",
        ),
        (
            "environments.staging.region=eu-west-1",
            "error 1:1 : environments can't be set",
        ),
        (
            "services.wrker.image=a:1",
            "error 1:10 services.wrker: there is no `wrker` in `services`",
        ),
        ("regoin=us-west-2", "error 1:1 regoin: unknown key `regoin`"),
        (
            "services.worker.imag=a:1",
            "error 1:17 services.worker.imag: unknown key `imag`",
        ),
        (
            "services.wrker=null",
            "error 1:10 services.wrker: there is no `wrker` to remove",
        ),
        (
            "services.worker.consumes.0=vouchers",
            "error 1:26 services.worker.consumes: an item of a list can't be set",
        ),
        (
            "services.worker.tasks.max.x=1",
            "error 1:27 services.worker.tasks.max: `services.worker.tasks.max` has no keys",
        ),
        (
            "services.worker.image=null",
            "error 1:23 services.worker.image: `image` is missing in `services.worker`",
        ),
        ("name=null", "error 1:6 name: `name` is missing"),
        (
            "notify=a@b.de",
            "error 1:8 notify: expected a list, found `a@b.de`",
        ),
    ] {
        refused(None, &[set], &[expected]);
    }
    let nested = BASE.to_owned() + "environments: {a: {environments: {b: {}}}}\n";
    let report = select(&nested, Some("a"), &[]).unwrap_err();
    assert_eq!(
        line(&report.problems()[0]),
        "error 18:20 environments.a.environments: an environment has no environments"
    );
    let none = select(BASE, Some("a"), &[]).unwrap_err();
    assert_eq!(
        line(&none.problems()[0]),
        "error 1:1 environments: no environment `a` is defined"
    );
}

/// `tune --write` changes a value where it is defined.
#[test]
fn a_value_is_changed_where_it_is_defined() {
    let text = BASE.to_owned() + "environments: {a: {services: {worker: {tasks: {max: 4}}}}}\n";
    let change = |set: &[&str], key: &str, to: u32| {
        let selection = Selection {
            environment: Some("a".to_owned()),
            set: set.iter().map(|one| (*one).to_owned()).collect(),
        };
        let mut intended = parse_selected("", &text, &selection).unwrap().stack;
        let tasks = &mut intended.services.get_mut("worker").unwrap().tasks;
        match key {
            "min" => tasks.min = to,
            _ => tasks.max = to,
        }
        let edits = [Edit::number(&["services", "worker", "tasks", key], to)];
        edit_selected(&text, &edits, &intended, &selection)
    };
    assert_eq!(
        change(&[], "max", 6).unwrap(),
        text.replace("{max: 4}", "{max: 6}")
    );
    assert_eq!(
        change(&[], "min", 2).unwrap(),
        text.replace("min: 1,", "min: 2,")
    );
    // What nothing defines is for this environment only.
    let selection = Selection {
        environment: Some("a".to_owned()),
        set: Vec::new(),
    };
    let expected = text.replace("{max: 4}", "{max: 4}, stop_timeout: 1m");
    let intended = parse_selected("", &expected, &selection).unwrap().stack;
    let edits = [Edit::duration(
        &["services", "worker", "stop_timeout"],
        Duration::from_secs(60),
    )];
    let found = edit_selected(&text, &edits, &intended, &selection).unwrap();
    assert_eq!(found, expected);
    let refused = change(&["services.worker.tasks.max=5"], "max", 6).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "services.worker.tasks.max is set by an argument (--set), not by the file"
    );
}

#[test]
fn an_environment_can_do_without_a_schedule() {
    let text = changed(
        "{min: 1, max: 10}",
        "{min: 1, max: 10, schedule: [{when: Mon, min: 5}]}",
    ) + "environments: {staging: {services: {worker: {tasks: {max: 4, schedule: null}}}}}\n";
    let schedule = |environment| {
        let loaded = select(&text, environment, &[]).unwrap();
        loaded
            .stack
            .services
            .get("worker")
            .unwrap()
            .schedule
            .clone()
    };
    assert!(schedule(None).is_some());
    assert_eq!(schedule(Some("staging")), None);
}

/// What an environment removes or adds is shown there, with the nearest name for a new service, and with the key to remove
/// for another kind of scaling.
#[test]
fn an_environment_s_own_mistakes_are_shown_in_it() {
    for (patch, label, help) in [
        (
            "worker: {image: null}",
            "removed here",
            "`null` removes it: write a value instead. ",
        ),
        (
            "wroker: {tasks: {min: 4}}",
            "lacks it",
            "did you mean `worker`? A new one needs it: ",
        ),
        (
            "worker: {scaling: {demand: {acceptable_latency: 10m, processing_time: 1s}}}",
            "sets the desired count",
            "undo the other's changes within seconds: remove the other with `backlog_per_task: null`",
        ),
    ] {
        let text = format!("{BASE}environments:\n  a: {{services: {{{patch}}}}}\n");
        let report = select(&text, Some("a"), &[]).unwrap_err();
        let [problem] = report.problems() else {
            panic!("{:?}", report.problems())
        };
        let found = problem.labels().iter().find(|one| one.text == label);
        assert_eq!(found.unwrap().line, text.lines().count(), "{patch}");
        let said = problem.help().unwrap();
        assert!(said.contains(help), "{said}");
        // With the key that the help names, it is valid.
        if patch.contains("demand") {
            let both = text.replace("{demand:", "{backlog_per_task: null, demand:");
            select(&both, Some("a"), &[]).unwrap();
        }
    }
}
