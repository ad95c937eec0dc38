//! Reads what Application Auto Scaling, CloudWatch, and ECS did.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, StatusCode};
use aws_smithy_types::DateTime;
use deployer::{Error, Result, Session, aws, observe_ours, resources};
use simulator::calibration::{AlarmSide, Experiment, ObservedActivity};

use crate::publish::dimensions;
use crate::stage::{IMAGE_SERVICE, METRIC, NAMESPACE, designs};

/// The services of the experiments.
pub(crate) struct Services {
    /// Name or ARN of the cluster.
    pub cluster: String,
    /// `CLUSTER/SERVICE` by experiment.
    paths: BTreeMap<&'static str, String>,
}

/// The current state of an alarm.
pub(crate) struct AlarmNow {
    pub experiment: &'static str,
    pub side: AlarmSide,
    pub is_alarm: bool,
    /// When its state changed, in seconds since 1970.
    pub since: f64,
    pub datapoints: u32,
    pub threshold: f64,
}

/// Seconds since 1970.
pub(crate) fn unix(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

impl Services {
    /// Finds the services of the deployed stack.
    pub(crate) async fn find(session: &Session<'_>, stack_id: &str) -> Result<Self> {
        let gone = || Error::failed(format!("the stack {stack_id} is gone"));
        let stack = observe_ours(session, stack_id).await?.ok_or_else(gone)?;
        let resources = resources(session, &stack).await?;
        let path = |name: &str| {
            let id = template::names::service(name);
            let found = resources.iter().find(|one| one.logical_id == id)?;
            let (_, path) = found.physical_id.split_once(":service/")?;
            Some(path.to_owned())
        };
        let missing = |name: &str| Error::failed(format!("the stack has no service {name}"));
        let mut paths = BTreeMap::new();
        for name in designs().iter().map(|one| one.name).chain([IMAGE_SERVICE]) {
            paths.insert(name, path(name).ok_or_else(|| missing(name))?);
        }
        let path = paths
            .get(IMAGE_SERVICE)
            .ok_or_else(|| missing(IMAGE_SERVICE))?;
        let cluster = path.split('/').next().unwrap_or_default().to_owned();
        Ok(Self { cluster, paths })
    }

    fn service(&self, experiment: &str) -> &str {
        let path = self.paths.get(experiment).map_or("", String::as_str);
        path.rsplit('/').next().unwrap_or_default()
    }

    /// Reads the desired and running count of each experiment's service.
    pub(crate) async fn counts(
        &self,
        session: &Session<'_>,
    ) -> Result<BTreeMap<&'static str, (u32, u32)>> {
        let names = self.paths.keys().map(|name| self.service(name).to_owned());
        let reply = session
            .clients
            .ecs
            .describe_services()
            .cluster(&self.cluster)
            .set_services(Some(names.collect()))
            .send()
            .await
            .map_err(aws("read the services"))?;
        let count = |tasks: i32| u32::try_from(tasks).unwrap_or_default();
        let found = self.paths.keys().filter_map(|name| {
            let mut services = reply.services().iter();
            let one = services.find(|one| one.service_name() == Some(self.service(name)))?;
            Some((
                *name,
                (count(one.desired_count()), count(one.running_count())),
            ))
        });
        Ok(found.collect())
    }

    /// Reads the scaling activities of an experiment, oldest first, with times in seconds since 1970.
    pub(crate) async fn activities(
        &self,
        session: &Session<'_>,
        experiment: &str,
    ) -> Result<Vec<ObservedActivity>> {
        let Some(path) = self.paths.get(experiment) else {
            return Ok(Vec::new());
        };
        let reply = session
            .clients
            .applicationautoscaling
            .describe_scaling_activities()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(format!("service/{path}"))
            .send()
            .await
            .map_err(aws("read the scaling activities"))?;
        let mut found: Vec<ObservedActivity> = reply
            .scaling_activities()
            .iter()
            .filter_map(|one| {
                let at = one.start_time().as_secs_f64();
                let to = one.description().trim_end_matches('.').rsplit(' ').next()?;
                Some(ObservedActivity {
                    at,
                    to: to.parse().ok()?,
                })
            })
            .collect();
        found.sort_by(|one, other| one.at.total_cmp(&other.at));
        Ok(found)
    }

    /// Reads the alarms of all policies.
    pub(crate) async fn alarms(&self, session: &Session<'_>, run: &str) -> Result<Vec<AlarmNow>> {
        let mut found = Vec::new();
        for design in designs() {
            let reply = session
                .clients
                .cloudwatch
                .describe_alarms_for_metric()
                .namespace(NAMESPACE)
                .metric_name(METRIC)
                .set_dimensions(Some(dimensions(design.name, run)))
                .send()
                .await
                .map_err(aws("read the alarms"))?;
            found.extend(reply.metric_alarms().iter().filter_map(|alarm| {
                let changed = alarm
                    .state_transitioned_timestamp()
                    .or(alarm.state_updated_timestamp());
                let periods = alarm.datapoints_to_alarm().or(alarm.evaluation_periods())?;
                Some(AlarmNow {
                    experiment: design.name,
                    side: match alarm.comparison_operator()? {
                        ComparisonOperator::GreaterThanThreshold => AlarmSide::High,
                        _ => AlarmSide::Low,
                    },
                    is_alarm: alarm.state_value() == Some(&StateValue::Alarm),
                    since: changed?.as_secs_f64(),
                    datapoints: u32::try_from(periods).ok()?,
                    threshold: alarm.threshold()?,
                })
            }));
        }
        Ok(found)
    }

    /// Returns the time from creation to running for each task with the image.
    pub(crate) async fn task_starts(&self, session: &Session<'_>) -> Result<Vec<f64>> {
        let ecs = &session.clients.ecs;
        let listed = ecs
            .list_tasks()
            .cluster(&self.cluster)
            .service_name(self.service(IMAGE_SERVICE));
        let listed = listed.send().await.map_err(aws("list the tasks"))?;
        if listed.task_arns().is_empty() {
            return Ok(Vec::new());
        }
        let tasks = ecs.describe_tasks().cluster(&self.cluster);
        let tasks = tasks
            .set_tasks(Some(listed.task_arns().to_vec()))
            .send()
            .await;
        let tasks = tasks.map_err(aws("read the tasks"))?;
        let starts = tasks.tasks().iter().filter_map(|task| {
            let (created, started) = (task.created_at()?, task.started_at()?);
            Some(started.as_secs_f64() - created.as_secs_f64())
        });
        Ok(starts.filter(|start| *start >= 0.0).collect())
    }
}

/// Whether CloudWatch returns the datapoint that was published at a time.
pub(crate) async fn is_visible(
    session: &Session<'_>,
    experiment: &Experiment,
    run: &str,
    at: f64,
) -> Result<bool> {
    let minute = (at / 60.0).floor() * 60.0;
    let time = |seconds: f64| DateTime::from(UNIX_EPOCH + Duration::from_secs_f64(seconds));
    let reply = session
        .clients
        .cloudwatch
        .get_metric_data()
        .start_time(time(minute))
        .end_time(time(minute + 60.0))
        .metric_data_queries(query(&experiment.name, run))
        .send()
        .await
        .map_err(aws("read the metrics"))?;
    let results = reply.metric_data_results().iter();
    let mut results = results.filter(|one| one.status_code() != Some(&StatusCode::InternalError));
    Ok(results.any(|one| !one.values().is_empty()))
}

fn query(experiment: &str, run: &str) -> aws_sdk_cloudwatch::types::MetricDataQuery {
    use aws_sdk_cloudwatch::types::{Metric, MetricDataQuery, MetricStat};
    let metric = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name(METRIC)
        .set_dimensions(Some(dimensions(experiment, run)))
        .build();
    let statistic = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Average")
        .build();
    MetricDataQuery::builder()
        .id("load")
        .metric_stat(statistic)
        .build()
}
