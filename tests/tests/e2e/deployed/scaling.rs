//! Application Auto Scaling: the scalable target, its policy, and the policy's alarms.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, ScalingPolicy, ServiceNamespace,
};

use super::Seen;
use super::watching::{alarms, rule_of};

impl Seen<'_> {
    pub(super) async fn scaling(&self) {
        let client = &self.cloud.clients.applicationautoscaling;
        let resource = format!("service/{}/{}", self.name, self.service_name());
        let targets = client.describe_scalable_targets();
        let targets = targets.service_namespace(ServiceNamespace::Ecs);
        let targets = targets.resource_ids(&resource).send().await.unwrap();
        let [target] = targets.scalable_targets() else {
            panic!("{targets:?}");
        };
        assert_eq!((target.min_capacity(), target.max_capacity()), (1, 20));
        let dimension = target.scalable_dimension().as_str();
        assert_eq!(dimension, "ecs:service:DesiredCount");
        let policies = client.describe_scaling_policies();
        let policies = policies.service_namespace(ServiceNamespace::Ecs);
        let policies = policies.resource_id(&resource).send().await.unwrap();
        let [policy] = policies.scaling_policies() else {
            panic!("{policies:?}");
        };
        self.scaling_policy(policy);
        self.tracking_alarms(policy).await;
    }

    fn scaling_policy(&self, policy: &ScalingPolicy) {
        let name = format!("{}-backlog-per-task", self.name);
        assert_eq!(policy.policy_name(), name);
        let tracking = policy.target_tracking_scaling_policy_configuration();
        let tracking = tracking.unwrap();
        let target = tracking.target_value();
        assert_eq!(target, 100.0, "10 s acceptable ÷ 0.1 s a message");
        assert_eq!(tracking.scale_out_cooldown(), Some(60));
        assert_eq!(tracking.scale_in_cooldown(), Some(300));
        let metric = tracking.customized_metric_specification().unwrap();
        self.is_backlog_per_task(metric);
    }

    fn is_backlog_per_task(&self, metric: &CustomizedMetricSpecification) {
        assert_eq!(metric.namespace(), Some("EcsScaler"));
        assert_eq!(metric.metric_name(), Some("BacklogPerTask"));
        assert_eq!(metric.statistic().map(|s| s.as_str()), Some("Average"));
        let dimensions = metric.dimensions().iter();
        let dimensions: BTreeMap<_, _> = dimensions.map(|d| (d.name(), d.value())).collect();
        assert_eq!(dimensions, self.dimensions());
    }

    /// Application Auto Scaling creates them, on the metric that the function publishes.
    async fn tracking_alarms(&self, policy: &ScalingPolicy) {
        let names = policy.alarms().iter().map(|alarm| alarm.alarm_name());
        let found = alarms(self.cloud, names).await;
        let mut rules: Vec<String> = found.iter().map(rule_of).collect();
        rules.sort();
        let expected = [
            "EcsScaler BacklogPerTask Average GreaterThanThreshold 100, 3 × 60 s",
            "EcsScaler BacklogPerTask Average LessThanThreshold 90, 15 × 60 s",
        ];
        assert_eq!(rules, expected);
        for alarm in &found {
            let dimensions = alarm.dimensions().iter();
            let dimensions = dimensions.map(|d| (d.name().unwrap(), d.value().unwrap()));
            assert_eq!(dimensions.collect::<BTreeMap<_, _>>(), self.dimensions());
            assert_eq!(alarm.alarm_actions(), [policy.policy_arn()]);
        }
    }
}
