use proptest::prelude::*;

use super::*;
use crate::emulators::tasks::model::TaskDefinition;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn service(desired: u32, deployment: &str) -> Service {
    Service {
        arn: "arn".to_owned(),
        account: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        cluster: "c".to_owned(),
        name: "s".to_owned(),
        desired_count: desired,
        deployment: deployment.to_owned(),
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        task_definition: Arc::new(TaskDefinition {
            arn: format!("definition of {deployment}"),
            containers: Vec::new(),
        }),
    }
}

/// A service with its clock, whose tasks take `start` to start.
struct Bench {
    scheduler: Scheduler,
    now: Duration,
    start: Duration,
    drawn: u32,
}

impl Bench {
    fn new(desired: u32, start: u64) -> Self {
        Self {
            scheduler: Scheduler::new(service(desired, "one"), secs(1_000)),
            now: secs(1_000),
            start: secs(start),
            drawn: 0,
        }
    }

    fn tick(&mut self) -> Vec<TaskAction> {
        let (start, drawn) = (self.start, &mut self.drawn);
        self.scheduler.tick(self.now, &mut || {
            *drawn += 1;
            Draw {
                id: format!("t{drawn}"),
                start,
            }
        })
    }

    /// Waits, and ticks whenever an action is due.
    fn pass(&mut self, seconds: u64) -> Vec<TaskAction> {
        let end = self.now + secs(seconds);
        let mut actions = self.tick();
        while let Some(next) = self
            .scheduler
            .next_tick(self.now)
            .filter(|next| *next <= end)
        {
            self.now = next;
            actions.extend(self.tick());
        }
        self.now = end;
        actions.extend(self.tick());
        actions
    }

    fn protect(&mut self, id: &str, request: u64, seconds: u64) {
        let until = (self.now + secs(seconds)).as_secs_f64();
        let asked = Protection {
            id: request,
            until: Some(until),
        };
        self.scheduler.protect(id, asked);
    }

    fn want(&mut self, service: Service) {
        self.scheduler.update(service, self.now);
    }

    fn end(&mut self, id: &str, code: i32) {
        let ended = Ended {
            not_started: None,
            exits: [("w".to_owned(), code)].into(),
        };
        self.scheduler.end_task(id, ended, self.now);
    }

    /// Stops all tasks that are stopping.
    fn stop(&mut self, actions: &[TaskAction]) -> usize {
        let stops = actions.iter().filter_map(|action| match action {
            TaskAction::Stop(id) => Some(id.clone()),
            TaskAction::Launch(_) => None,
        });
        let stops: Vec<_> = stops.collect();
        for id in &stops {
            self.end(id, 0);
        }
        stops.len()
    }

    /// Returns running and pending tasks, and whether each deployment is complete, newest first.
    fn counts(&self) -> (usize, usize, Vec<bool>) {
        let report = self.scheduler.report(self.now);
        let deployments = report.deployments;
        (
            deployments.iter().map(|d| d.running).sum(),
            deployments.iter().map(|d| d.pending).sum(),
            deployments.iter().map(|d| d.completed).collect(),
        )
    }

    fn status(&self, id: &str) -> TaskReport {
        let report = self.scheduler.report(self.now);
        let mut tasks = report.tasks.into_iter();
        tasks.find(|task| task.id == id).unwrap()
    }
}

#[test]
fn without_a_delay_everything_runs_at_once() {
    let mut bench = Bench::new(3, 0);
    assert_eq!(bench.tick().len(), 3);
    assert_eq!(bench.counts(), (3, 0, vec![true]));
    bench.want(service(1, "one"));
    let actions = bench.tick();
    assert_eq!(bench.stop(&actions), 2);
    assert_eq!(bench.counts(), (1, 0, vec![true]));
}

#[test]
fn a_task_waits_for_its_start_and_its_states_have_ecs_names() {
    let mut bench = Bench::new(1, 40);
    assert_eq!(bench.tick(), []);
    assert_eq!(bench.counts(), (0, 1, vec![false]));
    assert_eq!(bench.status("t1").last_status, Status::Provisioning);
    assert_eq!(bench.scheduler.next_tick(bench.now), Some(secs(1_040)));
    assert_eq!(bench.pass(39), []);
    assert_eq!(bench.status("t1").last_status, Status::Pending);
    assert_eq!(bench.pass(1), [TaskAction::Launch("t1".to_owned())]);
    let task = bench.status("t1");
    assert_eq!(
        (task.last_status, task.started_at),
        (Status::Running, Some(secs(1_040)))
    );
    assert_eq!(bench.counts(), (1, 0, vec![true]));
}

#[test]
fn scale_in_takes_those_that_do_not_run_first_then_the_youngest() {
    let mut bench = Bench::new(2, 10);
    bench.pass(10);
    bench.want(service(4, "one"));
    bench.pass(5);
    bench.want(service(1, "one"));
    assert_eq!(
        bench.tick(),
        [TaskAction::Stop("t2".to_owned())],
        "t3 and t4 run nothing"
    );
    assert_eq!(bench.status("t3").last_status, Status::Stopped);
    assert_eq!(bench.status("t2").last_status, Status::Stopping);
    assert_eq!(
        bench.counts(),
        (1, 0, vec![true]),
        "a count that changes deploys nothing"
    );
    bench.end("t2", 0);
    let task = bench.status("t2");
    assert_eq!(task.last_status, Status::Stopped);
    assert_eq!(task.stop_code, Some(StopCode::ServiceSchedulerInitiated));
    assert_eq!(task.exits, [("w".to_owned(), 0)].into());
}

#[test]
fn a_protected_task_stays_until_its_time_is_over() {
    let mut bench = Bench::new(2, 0);
    bench.tick();
    bench.protect("t2", 1, 60);
    bench.want(service(1, "one"));
    assert_eq!(
        bench.tick(),
        [TaskAction::Stop("t1".to_owned())],
        "the youngest is protected"
    );
    bench.end("t1", 0);
    bench.want(service(0, "one"));
    assert_eq!(bench.pass(59), []);
    assert_eq!(bench.pass(1), [TaskAction::Stop("t2".to_owned())]);
    bench.protect("t2", 2, 60);
    assert_eq!(
        bench.status("t2").protection.unwrap().id,
        1,
        "it stops: too late"
    );
    bench.protect("t9", 3, 60);
}

#[test]
fn an_outdated_task_finishes_its_protection_and_gets_no_more() {
    let mut bench = Bench::new(1, 0);
    bench.tick();
    bench.protect("t1", 1, 60);
    bench.want(service(1, "two"));
    assert_eq!(bench.tick(), [TaskAction::Launch("t2".to_owned())]);
    bench.protect("t1", 2, 600);
    let decision = bench.status("t1").protection.unwrap();
    assert!(decision.blocked);
    assert_eq!(decision.until, Some(bench.now + secs(60)));
    let off = Protection { id: 3, until: None };
    bench.scheduler.protect("t1", off);
    assert_eq!(bench.tick(), [TaskAction::Stop("t1".to_owned())]);
}

#[test]
fn a_deployment_starts_the_new_before_it_stops_the_old_and_keeps_the_count() {
    let mut bench = Bench::new(4, 10);
    bench.pass(10);
    bench.want(service(4, "two"));
    assert_eq!(bench.pass(9), []);
    assert_eq!(bench.counts(), (4, 4, vec![false, true]));
    let actions = bench.pass(1);
    assert_eq!(actions.len(), 8, "four start, four stop: {actions:?}");
    assert_eq!(
        bench.counts(),
        (4, 0, vec![false, true]),
        "the old ones are stopping"
    );
    assert_eq!(bench.stop(&actions), 4);
    bench.tick();
    assert_eq!(bench.counts(), (4, 0, vec![true]));
    let deployment = &bench.scheduler.report(bench.now).deployments[0];
    assert_eq!(deployment.task_definition, "definition of two");
}

#[test]
fn without_room_above_a_deployment_goes_below() {
    let narrow = |deployment| Service {
        minimum_healthy_percent: 50,
        maximum_percent: 100,
        ..service(4, deployment)
    };
    let mut bench = Bench::new(4, 10);
    bench.want(narrow("one"));
    bench.pass(10);
    bench.want(narrow("two"));
    let mut actions = bench.tick();
    assert_eq!(bench.counts(), (2, 2, vec![false, true]));
    let mut stopped = bench.stop(&actions);
    for _ in 0..3 {
        actions = bench.pass(10);
        let (running, pending, _) = bench.counts();
        assert!(running >= 2 && running + pending <= 4);
        stopped += bench.stop(&actions);
    }
    bench.tick();
    assert_eq!((stopped, bench.counts()), (4, (4, 0, vec![true])));
}

#[test]
fn a_crash_is_replaced_later_and_later_and_told_with_its_exit_code() {
    let mut bench = Bench::new(1, 0);
    let mut begins = Vec::new();
    for number in 1..=5 {
        bench.tick();
        if let Some(next) = bench.scheduler.next_tick(bench.now) {
            bench.now = next;
            bench.tick();
        }
        begins.push(bench.now.as_secs());
        bench.end(&format!("t{number}"), 1);
        assert_eq!(bench.counts().0, 0);
    }
    let waits: Vec<_> = begins.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits, [1, 2, 4, 8]);
    let task = bench.status("t5");
    assert_eq!(task.stop_code, Some(StopCode::EssentialContainerExited));
    assert_eq!(
        task.stopped_reason.unwrap(),
        "Essential container in task exited"
    );
    assert_eq!(bench.scheduler.report(bench.now).deployments[0].failed, 5);
    bench.want(service(1, "two"));
    assert_eq!(
        bench.tick().len(),
        1,
        "another deployment starts immediately"
    );
}

#[test]
fn a_worker_that_is_killed_after_a_while_is_replaced_at_once() {
    let mut bench = Bench::new(1, 0);
    bench.pass(10);
    bench.end("t1", 137);
    assert_eq!(bench.tick(), [TaskAction::Launch("t2".to_owned())]);
}

#[test]
fn what_can_not_be_started_says_why_and_never_ran() {
    let mut bench = Bench::new(1, 0);
    bench.tick();
    let ended = Ended {
        not_started: Some("CannotStartContainerError: no".to_owned()),
        exits: BTreeMap::new(),
    };
    bench.scheduler.end_task("t1", ended, bench.now);
    let task = bench.status("t1");
    assert_eq!(task.stop_code, Some(StopCode::TaskFailedToStart));
    assert_eq!(task.started_at, None);
    assert_eq!(bench.tick(), [], "it waits");
}

#[test]
fn a_deleted_service_stops_all_protected_or_not() {
    let mut bench = Bench::new(2, 0);
    bench.tick();
    bench.protect("t1", 1, 600);
    bench.scheduler.delete();
    let actions = bench.tick();
    assert!(!bench.scheduler.is_gone());
    assert_eq!(bench.stop(&actions), 2);
    assert_eq!(bench.tick(), []);
    assert!(bench.scheduler.is_gone());
}

#[test]
fn stopped_tasks_are_shown_for_an_hour() {
    let mut bench = Bench::new(1, 0);
    bench.tick();
    bench.want(service(0, "one"));
    let actions = bench.tick();
    bench.stop(&actions);
    bench.pass(3_599);
    assert_eq!(bench.scheduler.report(bench.now).tasks.len(), 1);
    bench.pass(2);
    assert_eq!(bench.scheduler.report(bench.now).tasks.len(), 0);
}

#[derive(Clone, Debug)]
enum Step {
    Want { desired: u32, deploy: bool },
    Pass(u64),
    Crash(usize),
    Stopped,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u32..12, any::<bool>()).prop_map(|(desired, deploy)| Step::Want { desired, deploy }),
        (0_u64..30).prop_map(Step::Pass),
        (0_usize..12).prop_map(Step::Crash),
        Just(Step::Stopped),
    ]
}

proptest! {
    /// In any case, a deployment stays within its percentages, and in the end exactly the desired tasks of the
    /// last deployment are running.
    #[test]
    fn it_settles_on_what_is_desired(
        steps in prop::collection::vec(step(), 1..40),
        start in 0_u64..20,
        low in 0_u32..=100,
        high in 100_u32..=200,
    ) {
        prop_assume!(high > 100 || low < 100);
        let mut bench = Bench::new(2, start);
        let (mut desired, mut deployment) = (2, 0);
        let mut stopping = Vec::new();
        for step in steps {
            match step {
                Step::Want { desired: wanted, deploy } => {
                    desired = wanted;
                    deployment += u32::from(deploy);
                    bench.want(Service {
                        minimum_healthy_percent: low,
                        maximum_percent: high,
                        ..service(desired, &deployment.to_string())
                    });
                    stopping.extend(bench.tick());
                }
                Step::Pass(seconds) => stopping.extend(bench.pass(seconds)),
                Step::Crash(index) => {
                    let report = bench.scheduler.report(bench.now);
                    let running = report.tasks.iter().filter(|t| t.last_status == Status::Running);
                    if let Some(task) = running.clone().nth(index) {
                        bench.end(&task.id.clone(), 1);
                    }
                    stopping.extend(bench.tick());
                }
                Step::Stopped => {
                    bench.stop(&stopping);
                    stopping = bench.tick();
                }
            }
        }
        for _ in 0..100 {
            bench.stop(&stopping);
            stopping = bench.pass(61);
        }
        let (running, pending, completed) = bench.counts();
        let wanted = usize::try_from(desired).unwrap();
        // If the percentages round to the count, a single task can't be replaced.
        let stuck = completed.len() > 1;
        if stuck {
            let room = percent_of(wanted, high, 0) > wanted;
            let below = percent_of(wanted, low, 99) < wanted;
            prop_assert!(!room && !below, "{:?}", bench.scheduler);
        } else {
            prop_assert_eq!((running, pending, completed), (wanted, 0, vec![true]));
        }
    }
}
