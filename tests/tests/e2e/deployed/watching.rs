//! CloudWatch, SNS, and Logs: the resources that inform users.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::MetricAlarm;
use e2e::Cloud;
use serde_json::{Value, json};

use super::{ACCOUNT, REGION, Seen};

impl Seen<'_> {
    pub(super) async fn alarms(&self) {
        let dead = self.id("VouchersDeadLetterQueue");
        let dead = dead.rsplit('/').next().unwrap();
        let queue = |name| BTreeMap::from([("QueueName", name)]);
        let function = BTreeMap::from([("FunctionName", self.id("MetricFunction"))]);
        let expected = [
            (
                "VouchersOldestMessageAlarm",
                queue(self.queue_name()),
                "AWS/SQS ApproximateAgeOfOldestMessage Maximum GreaterThanThreshold 10, \
                 5 of 10 × 60 s, missing notBreaching",
            ),
            (
                "VouchersDeadLettersAlarm",
                queue(dead),
                "AWS/SQS ApproximateNumberOfMessagesVisible Maximum GreaterThanOrEqualToThreshold 1, \
                 1 of 1 × 60 s, missing notBreaching",
            ),
            (
                "VoucherWorkerFromVouchersSilentAlarm",
                self.dimensions(),
                "EcsScaler BacklogPerTask SampleCount LessThanThreshold 1, 10 of 10 × 60 s, \
                 missing breaching",
            ),
            (
                "MetricFunctionErrorsAlarm",
                function,
                "AWS/Lambda Errors Sum GreaterThanOrEqualToThreshold 1, 3 of 5 × 60 s, \
                 missing notBreaching",
            ),
        ];
        let made = self.found.ids_of_type("AWS::CloudWatch::Alarm").count();
        assert_eq!(made, expected.len());
        for (logical_id, dimensions, rule) in expected {
            let found = alarms(self.cloud, [self.id(logical_id)]).await;
            let [alarm] = &*found else {
                panic!("{logical_id}: {found:?}");
            };
            assert_eq!(rule_of(alarm), rule, "{logical_id}");
            let found = alarm.dimensions().iter();
            let found = found.map(|d| (d.name().unwrap(), d.value().unwrap()));
            let found: BTreeMap<_, _> = found.collect();
            assert_eq!(found, dimensions, "{logical_id}");
            let topic = [self.id("AlarmTopic")];
            assert_eq!(alarm.alarm_actions(), topic, "{logical_id}");
            assert_eq!(alarm.ok_actions(), topic, "{logical_id}");
        }
    }

    pub(super) async fn topic(&self) {
        let (sns, topic) = (&self.cloud.clients.sns, self.id("AlarmTopic"));
        let found = sns.list_subscriptions_by_topic().topic_arn(topic);
        let found = found.send().await.unwrap();
        let [subscription] = found.subscriptions() else {
            panic!("{found:?}");
        };
        assert_eq!(subscription.protocol(), Some("email"));
        assert_eq!(subscription.endpoint(), Some("ops@example.com"));
        let attributes = sns
            .get_topic_attributes()
            .topic_arn(topic)
            .send()
            .await
            .unwrap();
        let policy = &attributes.attributes().unwrap()["Policy"];
        let policy: Value = serde_json::from_str(policy).unwrap();
        let expected = json!([{
            "Sid": "PublishAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*")},
            },
        }, {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }]);
        assert_eq!(policy["Statement"], expected);
    }

    pub(super) async fn logs_and_dashboard(&self) {
        for logical_id in ["MetricFunctionLogs", "VoucherWorkerLogGroup"] {
            let name = self.id(logical_id);
            let request = self.cloud.clients.cloudwatchlogs.describe_log_groups();
            let reply = request.log_group_name_prefix(name).send().await.unwrap();
            let [group] = reply.log_groups() else {
                panic!("{logical_id}: {reply:?}");
            };
            assert_eq!(group.retention_in_days(), Some(14), "{logical_id}");
        }
        let request = self.cloud.clients.cloudwatch.get_dashboard();
        let request = request.dashboard_name(self.id("Dashboard"));
        let body = request.send().await.unwrap().dashboard_body.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        let widgets = body["widgets"].as_array().unwrap();
        let titles = widgets
            .iter()
            .map(|widget| widget["properties"]["title"].as_str().unwrap());
        let expected = [
            "Alarms",
            "voucher-worker: backlog per task",
            "voucher-worker: tasks",
            "vouchers: messages",
            "Metric function",
        ];
        assert_eq!(titles.collect::<Vec<_>>(), expected);
        let backlog = &widgets[1]["properties"];
        let metric = &backlog["metrics"][0];
        assert_eq!(metric[5], self.service_name());
        assert_eq!(metric[7], self.queue_name());
        assert_eq!(backlog["annotations"]["horizontal"][0]["value"], 100);
    }
}

/// Returns the alarms with these names.
pub(super) async fn alarms<'a>(
    cloud: &Cloud,
    names: impl IntoIterator<Item = &'a str>,
) -> Vec<MetricAlarm> {
    let names = names.into_iter().map(str::to_owned).collect();
    let request = cloud.clients.cloudwatch.describe_alarms();
    let reply = request.set_alarm_names(Some(names)).send().await;
    reply.unwrap().metric_alarms.unwrap_or_default()
}

/// Formats in one line when it goes into ALARM.
pub(super) fn rule_of(alarm: &MetricAlarm) -> String {
    let periods = alarm.evaluation_periods().unwrap();
    let datapoints = alarm.datapoints_to_alarm();
    let datapoints = datapoints.map_or(String::new(), |some| format!("{some} of "));
    let missing = alarm.treat_missing_data();
    let missing = missing.map_or(String::new(), |how| format!(", missing {how}"));
    format!(
        "{} {} {} {} {}, {datapoints}{periods} × {} s{missing}",
        alarm.namespace().unwrap(),
        alarm.metric_name().unwrap(),
        alarm.statistic().unwrap().as_str(),
        alarm.comparison_operator().unwrap().as_str(),
        alarm.threshold().unwrap(),
        alarm.period().unwrap(),
    )
}
