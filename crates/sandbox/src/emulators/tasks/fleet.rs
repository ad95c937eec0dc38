//! Every service's scheduler, and the processes of every task.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, oneshot};

use super::event::Event;
use super::model::{Container, Protection, Service, ServiceReport};
use super::process::{self, Launch};
use super::scheduler::{Draw, Ended, Scheduler, TaskAction};
use super::shipping::Shipping;
use super::wire::Reports;
use crate::behavior::Behavior;
use crate::emulators::EmulatorSettings;
use crate::emulators::log::log;
use crate::emulators::reaper::Reaper;

/// All services and tasks.
pub(crate) struct Fleet {
    behavior: Behavior,
    endpoint_url: String,
    logs: PathBuf,
    reaper: Arc<Reaper>,
    clock: Clock,
    events: mpsc::Sender<Event>,
    services: BTreeMap<String, Scheduler>,
    /// The last report of each service.
    reported: BTreeMap<String, ServiceReport>,
    stops: BTreeMap<String, oneshot::Sender<()>>,
}

/// The time since the Unix epoch, which never goes back.
#[derive(Clone, Copy)]
struct Clock {
    begin: Instant,
    epoch: Duration,
}

impl Clock {
    fn new() -> Self {
        let epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            begin: Instant::now(),
            epoch: epoch.unwrap_or_default(),
        }
    }

    fn now(self) -> Duration {
        self.epoch + self.begin.elapsed()
    }
}

impl Fleet {
    pub(crate) fn new(settings: &EmulatorSettings, events: mpsc::Sender<Event>) -> Self {
        Self {
            behavior: settings.behavior.clone(),
            endpoint_url: settings.endpoint_url.clone(),
            logs: settings.logs.clone(),
            reaper: Arc::new(Reaper::new(settings.reaper.clone())),
            clock: Clock::new(),
            events,
            services: BTreeMap::new(),
            reported: BTreeMap::new(),
            stops: BTreeMap::new(),
        }
    }

    /// Does the work that is due, and reports it. The future is ready when more work is due.
    pub(crate) fn tick(&mut self, reports: &Reports) -> impl Future<Output = ()> + use<> {
        let now = self.clock.now();
        let start = self.behavior.task_start;
        let speed = self.behavior.speed;
        let mut draw = || Draw {
            id: format!("{:016x}{:016x}", random_number(), random_number()),
            start: speed.compress(start.at(to_share(random_number()))),
        };
        loop {
            let mut due = Vec::new();
            for (arn, scheduler) in &mut self.services {
                let actions = scheduler.tick(now, &mut draw);
                due.extend(actions.into_iter().map(|action| (arn.clone(), action)));
            }
            if due.is_empty() {
                break;
            }
            // The end of a placeholder can be the event that others are waiting for.
            for (arn, action) in due {
                self.carry_out(&arn, action, now);
            }
        }
        self.report_changes(now, reports);
        self.services.retain(|_, scheduler| !scheduler.is_gone());
        let next = self
            .services
            .values()
            .filter_map(|s| s.next_tick(now))
            .min();
        async move {
            match next {
                Some(next) => tokio::time::sleep(next.saturating_sub(now)).await,
                None => std::future::pending().await,
            }
        }
    }

    pub(crate) fn handle(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Services(services, protections) => {
                if let Some(services) = services {
                    self.update_services(services, now);
                }
                self.protect_tasks(&protections);
            }
            Event::Ended {
                service,
                task,
                ended,
            } => {
                self.stops.remove(&task);
                if let Some(scheduler) = self.services.get_mut(&service) {
                    log_end(scheduler, &task, &ended);
                    scheduler.end_task(&task, ended, now);
                }
            }
            Event::LocalStackGone => {}
        }
    }

    /// Stops everything and waits until it has stopped.
    pub(crate) async fn stop_all(&mut self, events: &mut mpsc::Receiver<Event>, reports: &Reports) {
        for scheduler in self.services.values_mut() {
            scheduler.delete();
        }
        loop {
            // Only the end of a task can make this earlier.
            drop(self.tick(reports));
            if self.services.is_empty() {
                return;
            }
            match events.recv().await {
                Some(Event::Services(..)) => {}
                Some(event) => self.handle(event),
                None => return,
            }
        }
    }

    fn update_services(&mut self, services: Vec<Service>, now: Duration) {
        let mut left: BTreeMap<String, Service> = services
            .into_iter()
            .map(|service| (service.arn.clone(), service))
            .collect();
        for (arn, scheduler) in &mut self.services {
            match left.remove(arn) {
                Some(service) => scheduler.update(service, now),
                None => scheduler.delete(),
            }
        }
        for (arn, service) in left {
            self.log_programs(&service);
            self.services.insert(arn, Scheduler::new(service, now));
        }
    }

    fn protect_tasks(&mut self, protections: &BTreeMap<String, Protection>) {
        for (task, asked) in protections {
            for scheduler in self.services.values_mut() {
                scheduler.protect(task, *asked);
            }
        }
    }

    /// Logs once which containers of a service run a program, and which don't.
    fn log_programs(&self, service: &Service) {
        let found = process::find_programs(&service.task_definition, &self.behavior.programs);
        let runs: Vec<_> = found
            .iter()
            .map(|(container, program)| format!("{} runs {}", container.name, program.display()))
            .collect();
        let runs = if runs.is_empty() {
            "no container has a program: its tasks are counted, nothing runs".to_owned()
        } else {
            runs.join(", ")
        };
        log("tasks", &format!("service {}: {runs}", service.arn));
    }

    fn carry_out(&mut self, arn: &str, action: TaskAction, now: Duration) {
        match action {
            TaskAction::Launch(id) => self.launch_task(arn, id),
            TaskAction::Stop(id) => match self.stops.remove(&id) {
                Some(stop) => {
                    // A task that has just ended doesn't need a stop.
                    let _ = stop.send(());
                }
                None => self.end_placeholder(arn, &id, now),
            },
        }
    }

    fn launch_task(&mut self, arn: &str, id: String) {
        let Some(scheduler) = self.services.get(arn) else {
            return;
        };
        let (service, task) = (scheduler.service(), scheduler.task(&id));
        let Some(task) = task else { return };
        if process::find_programs(&task.definition, &self.behavior.programs).is_empty() {
            return;
        }
        let launch = Launch {
            definition: Arc::clone(&task.definition),
            variables: self.build_environment(service, &id),
            log: self.logs.join(&service.name).join(format!("{id}.log")),
        };
        let shipped = self.ship_logs(service, &launch, &id);
        let (stop, stopped) = oneshot::channel();
        self.stops.insert(id.clone(), stop);
        let (events, reaper) = (self.events.clone(), Arc::clone(&self.reaper));
        let programs = self.behavior.programs.clone();
        let service = arn.to_owned();
        tokio::spawn(async move {
            let ended = process::run(launch, &programs, reaper, stopped).await;
            drop(shipped);
            let event = Event::Ended {
                service,
                task: id,
                ended,
            };
            // The receiving loop outlives every task, unless the whole process ends.
            let _ = events.send(event).await;
        });
    }

    /// Ships the output of a task's containers to their log groups until the senders are dropped.
    fn ship_logs(
        &self,
        service: &Service,
        launch: &Launch,
        task: &str,
    ) -> Vec<oneshot::Sender<()>> {
        let programs = process::find_programs(&launch.definition, &self.behavior.programs);
        let ship = |(place, (container, _)): (usize, (&Container, &Path))| {
            let (end, ended) = oneshot::channel();
            let shipping = Shipping {
                endpoint_url: self.endpoint_url.clone(),
                account: service.account.clone(),
                region: service.region.clone(),
                task_definition: launch.definition.arn.clone(),
                container: container.name.clone(),
                task: task.to_owned(),
                file: process::log_file(&launch.log, place, &container.name),
            };
            tokio::spawn(shipping.run(ended));
            end
        };
        programs.into_iter().enumerate().map(ship).collect()
    }

    /// Returns a task's environment in addition to its container's own variables: the location of the sandbox,
    /// and nothing from the user's environment.
    fn build_environment(&self, service: &Service, task: &str) -> BTreeMap<String, String> {
        let agent = format!("{}/_ecs_scaler/agent/{task}", self.endpoint_url);
        // LocalStack treats a key of twelve digits as the account, and any other as its default
        // account.
        let key = match service.account.as_str() {
            "000000000000" => "test",
            account => account,
        };
        let pairs = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("AWS_ENDPOINT_URL", self.endpoint_url.as_str()),
            ("AWS_REGION", &service.region),
            ("AWS_DEFAULT_REGION", &service.region),
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE"),
            ("ECS_AGENT_URI", &agent),
        ];
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn end_placeholder(&mut self, arn: &str, id: &str, now: Duration) {
        if let Some(scheduler) = self.services.get_mut(arn) {
            scheduler.end_task(id, Ended::default(), now);
        }
    }

    fn report_changes(&mut self, now: Duration, reports: &Reports) {
        for (arn, scheduler) in &self.services {
            let report = scheduler.report(now);
            if self.reported.get(arn) != Some(&report) {
                reports.put(arn, report.clone());
                self.reported.insert(arn.clone(), report);
            }
        }
        self.reported
            .retain(|arn, _| self.services.contains_key(arn));
    }
}

fn log_end(scheduler: &Scheduler, id: &str, ended: &Ended) {
    let name = &scheduler.service().name;
    let how = match (&ended.not_started, scheduler.is_stopping(id)) {
        (Some(reason), _) => reason.clone(),
        (None, true) => format!("stopped on request, exit codes {:?}", ended.exits),
        (None, false) => format!("ended without a request, exit codes {:?}", ended.exits),
    };
    log("tasks", &format!("service {name}: task {id}: {how}"));
}

/// Returns a random number from std's seed for hash tables, which is good enough for IDs and delays.
fn random_number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Converts to a share of the maximum, 0 to 1.
fn to_share(chance: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 of 64 bits are plenty for a delay"
    )]
    let share = chance as f64 / u64::MAX as f64;
    share
}
