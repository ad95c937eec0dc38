//! The metric that an alarm watches, with its dimensions and the statistic over a period.

use serde_json::{Map, Value, json};
use stack::{AlarmMetric, Statistic};

use crate::error::SynthesisError;
use crate::names;
use crate::resolved::{Resolved, ResolvedService};
use crate::text::{Text, escape};

#[derive(Clone, Debug)]
pub(crate) struct MetricStatistic<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// Names of additional metrics with the same dimensions, which are added to it.
    pub(crate) added: Vec<&'a str>,
    pub(crate) dimensions: Vec<(&'a str, Text)>,
    pub(crate) statistic: Statistic,
}

impl<'a> MetricStatistic<'a> {
    /// A metric with one of the five plain statistics.
    pub(crate) fn new(
        namespace: &'a str,
        name: &'a str,
        dimensions: Vec<(&'a str, Text)>,
        statistic: &str,
    ) -> Self {
        let statistic = Statistic::Plain(statistic.to_owned());
        Self {
            namespace,
            name,
            added: Vec::new(),
            dimensions,
            statistic,
        }
    }

    /// The metric for a service's metric in the definition.
    pub(crate) fn from_definition(
        resolved: &Resolved<'a>,
        service: &ResolvedService<'_>,
        metric: &'a AlarmMetric,
    ) -> Result<Self, SynthesisError> {
        match metric {
            AlarmMetric::RequestCount => match service.load_balancer() {
                Some(_) => {
                    let dimensions = target_dimensions(service);
                    Ok(Self::new(LOAD_BALANCING, "RequestCount", dimensions, "Sum"))
                }
                None => Err(SynthesisError::NoLoadBalancer {
                    service: service.short.to_owned(),
                }),
            },
            AlarmMetric::Queue {
                queue,
                name,
                statistic,
            } => {
                let dimensions = queue_dimensions(resolved, service, queue)?;
                Ok(Self {
                    namespace: SQS,
                    name,
                    added: Vec::new(),
                    dimensions,
                    statistic: statistic.clone(),
                })
            }
            AlarmMetric::Messages {
                queue,
                count,
                statistic,
            } => {
                let dimensions = queue_dimensions(resolved, service, queue)?;
                let mut names = count.iter().map(|count| count.metric_name());
                Ok(Self {
                    namespace: SQS,
                    name: names.next().unwrap_or_default(),
                    added: names.collect(),
                    dimensions,
                    statistic: statistic.clone(),
                })
            }
            AlarmMetric::Other {
                namespace,
                name,
                dimensions,
                statistic,
            } => Ok(Self {
                namespace,
                name,
                added: Vec::new(),
                dimensions: dimensions
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str().into()))
                    .collect(),
                statistic: statistic.clone(),
            }),
        }
    }

    /// The properties of an alarm that set its metric.
    pub(crate) fn properties(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("Namespace".into(), self.namespace.into());
        map.insert("MetricName".into(), self.name.into());
        map.insert("Dimensions".into(), render_dimensions(&self.dimensions));
        let (property, statistic) = match &self.statistic {
            Statistic::Plain(statistic) => ("Statistic", statistic),
            Statistic::Extended(statistic) => ("ExtendedStatistic", statistic),
        };
        map.insert(property.into(), statistic.as_str().into());
        map
    }

    /// The metrics of the sum, one by one; for a single metric, the metric itself.
    pub(crate) fn terms(&self) -> Vec<Self> {
        let names = std::iter::once(&self.name).chain(&self.added);
        let term = |name: &&'a str| Self {
            name,
            added: Vec::new(),
            ..self.clone()
        };
        names.map(term).collect()
    }

    /// Its name, or the names of the metrics of the sum.
    pub(crate) fn title(&self) -> String {
        let names = std::iter::once(&self.name).chain(&self.added);
        names.copied().collect::<Vec<_>>().join(" + ")
    }

    /// The queries of an alarm on a sum, over periods in seconds. If a datapoint of one metric is missing, the sum
    /// is missing too.
    pub(crate) fn sum(&self, period: u64) -> Vec<Value> {
        let terms = self.terms();
        let ids: Vec<String> = (1..=terms.len())
            .map(|number| format!("m{number}"))
            .collect();
        let queries = ids.iter().zip(&terms).map(|(id, term)| {
            let mut metric = term.properties();
            metric.remove("Statistic");
            metric.remove("ExtendedStatistic");
            json!({
                "Id": id,
                "MetricStat": { "Metric": metric, "Period": period, "Stat": term.statistic_name() },
                "ReturnData": false,
            })
        });
        let sum = json!({
            "Id": "sum",
            "Expression": ids.join(" + "),
            "Label": self.title(),
            "ReturnData": true,
        });
        queries.chain([sum]).collect()
    }

    /// The metric as a row in a dashboard: namespace, name, dimensions, options.
    pub(crate) fn row(&self, mut options: Value) -> Value {
        let mut row = vec![json!(escape(self.namespace)), json!(escape(self.name))];
        for (name, value) in &self.dimensions {
            row.push(json!(escape(name)));
            row.push(json!(value.sub()));
        }
        if let Some(map) = options.as_object_mut() {
            map.insert("stat".into(), self.statistic_name().into());
        }
        row.push(options);
        row.into()
    }

    pub(crate) fn statistic_name(&self) -> &str {
        match &self.statistic {
            Statistic::Plain(name) | Statistic::Extended(name) => name,
        }
    }
}

/// Namespace of the queues' metrics.
const SQS: &str = "AWS/SQS";

fn queue_dimensions<'a>(
    resolved: &Resolved<'_>,
    service: &ResolvedService<'_>,
    queue: &str,
) -> Result<Vec<(&'a str, Text)>, SynthesisError> {
    let found = resolved.queues.iter().find(|one| one.short == queue);
    let found = found.ok_or_else(|| SynthesisError::UnknownQueue {
        service: service.short.to_owned(),
        queue: queue.to_owned(),
    })?;
    Ok(vec![("QueueName", found.name.clone())])
}

/// Namespace of an Application Load Balancer's metrics.
pub(crate) const LOAD_BALANCING: &str = "AWS/ApplicationELB";

/// Dimensions of the metrics of a service's target group.
pub(crate) fn target_dimensions(service: &ResolvedService<'_>) -> Vec<(&'static str, Text)> {
    let group = Text::attribute(service.target_group(), "TargetGroupFullName", 0);
    let mut dimensions = vec![("TargetGroup", group)];
    dimensions.extend(balancer_dimensions(service));
    dimensions
}

/// Dimensions of the metrics of a service's load balancer as a whole.
pub(crate) fn balancer_dimensions(service: &ResolvedService<'_>) -> Vec<(&'static str, Text)> {
    let id = names::load_balancer(service.short);
    vec![(
        "LoadBalancer",
        Text::attribute(id, "LoadBalancerFullName", 0),
    )]
}

/// Dimensions in CloudFormation's format.
pub(crate) fn render_dimensions(dimensions: &[(&str, Text)]) -> Value {
    dimensions
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value.value() }))
        .collect()
}
