//! The kinds of scaling that Application Auto Scaling performs.

use serde_json::{Value, json};
use stack::{AlarmMetric, BacklogPerTask, BacklogSource, Capacity, Count, Queue, Scaling, Tasks};
use template::{SynthesisError, names, synthesize};

use crate::stacks::{self, backlog, created, scaled_by, scaling, spec};
use crate::templates::{objects, of_type};

fn properties(template: &Value, id: &str) -> Value {
    template["Resources"][id]["Properties"].clone()
}

/// Two queues, and one service that consumes both.
fn one(scaling: Scaling) -> stack::Stack {
    let queue = || Queue::Create(stacks::queue());
    let worker = scaled_by(scaling, created(spec(), &["a", "b"]));
    stacks::with(
        "s",
        vec![("a", queue()), ("b", queue())],
        vec![("w", worker)],
    )
}

#[test]
fn each_service_has_one_target_and_each_policy_its_own_name() {
    let template = synthesize(&stacks::every_kind("all", Capacity::Fargate)).unwrap();
    let template = template.to_json();
    let targets = of_type(template, "AWS::ApplicationAutoScaling::ScalableTarget");
    let ids: Vec<&str> = targets.iter().map(|(id, _)| *id).collect();
    let expected = [
        "InternalScalableTarget",
        "MathScalableTarget",
        "WakingScalableTarget",
    ];
    assert_eq!(
        ids, expected,
        "none for a scaling function, nor for a fixed count"
    );
    let policies = of_type(template, "AWS::ApplicationAutoScaling::ScalingPolicy");
    let mut named: Vec<(String, String)> = policies
        .iter()
        .map(|(_, policy)| {
            (
                policy["ResourceId"].to_string(),
                policy["PolicyName"].to_string(),
            )
        })
        .collect();
    let all = named.len();
    named.sort();
    named.dedup();
    assert_eq!((named.len(), all), (7, 7));
}

#[test]
fn utilization_is_tracked_by_the_predefined_metrics() {
    let template = synthesize(&stacks::every_kind("all", Capacity::Fargate)).unwrap();
    for (id, metric, target) in [
        ("InternalCpuPolicy", "ECSServiceAverageCPUUtilization", 60),
        (
            "InternalMemoryPolicy",
            "ECSServiceAverageMemoryUtilization",
            70,
        ),
    ] {
        let policy = properties(template.to_json(), id);
        let expected = json!({
            "TargetValue": target,
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 300,
            "PredefinedMetricSpecification": { "PredefinedMetricType": metric },
        });
        assert_eq!(policy["TargetTrackingScalingPolicyConfiguration"], expected);
    }
}

#[test]
fn steps_lie_on_their_side_of_the_threshold() {
    let template = synthesize(&stacks::every_kind("all", Capacity::Fargate)).unwrap();
    let template = template.to_json();
    let out = properties(template, "InternalScaleOutPolicy");
    let (low, high) = ("MetricIntervalLowerBound", "MetricIntervalUpperBound");
    let expected = json!([
        { "ScalingAdjustment": 1, low: 0, high: 200 },
        { "ScalingAdjustment": 3, low: 200, high: 500.5 },
        { "ScalingAdjustment": 10, low: 500.5 },
    ]);
    let out = &out["StepScalingPolicyConfiguration"];
    assert_eq!(out["StepAdjustments"], expected);
    assert_eq!(out["MetricAggregationType"], "Maximum");
    assert_eq!(
        (&out["AdjustmentType"], &out["Cooldown"]),
        (&json!("ChangeInCapacity"), &json!(60))
    );
    let back = properties(template, "InternalScaleInPolicy");
    let back = &back["StepScalingPolicyConfiguration"];
    let expected = json!([
        { "ScalingAdjustment": -1, low: -15, high: 0 },
        { "ScalingAdjustment": -2, high: -15 },
    ]);
    assert_eq!(
        (&back["StepAdjustments"], &back["Cooldown"]),
        (&expected, &json!(300))
    );
    for (alarm, policy) in [
        ("InternalScaleOutAlarm", "InternalScaleOutPolicy"),
        ("InternalScaleInAlarm", "InternalScaleInPolicy"),
    ] {
        let actions = &properties(template, alarm)["AlarmActions"];
        assert_eq!(*actions, json!([{ "Ref": policy }]));
    }
}

/// Each side has its own metric, and a sum misses a datapoint if one of its terms does.
#[test]
fn a_scale_in_counts_messages_in_flight() {
    let steps = stacks::by_outstanding("a");
    for scaling in [
        Scaling {
            steps: Some(steps.clone()),
            ..Scaling::default()
        },
        stacks::alarm_steps(steps),
    ] {
        let template = synthesize(&one(scaling)).unwrap();
        let out = properties(template.to_json(), "WScaleOutAlarm");
        assert_eq!(out["MetricName"], "ApproximateNumberOfMessagesVisible");
        assert!(out["Metrics"].is_null());
        let alarm = properties(template.to_json(), "WScaleInAlarm");
        for absent in [
            "MetricName",
            "Namespace",
            "Statistic",
            "Period",
            "Dimensions",
        ] {
            assert!(alarm[absent].is_null(), "{absent}");
        }
        insta::assert_json_snapshot!("outstanding", alarm["Metrics"]);
        let body = &properties(template.to_json(), names::DASHBOARD)["DashboardBody"]["Fn::Sub"];
        let body = body.as_str().unwrap();
        assert!(body.contains("MessagesVisible") && body.contains("MessagesNotVisible"));
    }
}

#[test]
fn percentages_and_percentiles_are_passed_on() {
    let steps = Scaling {
        steps: Some(stacks::by_latency()),
        ..Scaling::default()
    };
    let template = synthesize(&one(steps)).unwrap();
    let policy = properties(template.to_json(), "WScaleOutPolicy");
    let policy = &policy["StepScalingPolicyConfiguration"];
    assert_eq!(policy["AdjustmentType"], "PercentChangeInCapacity");
    assert_eq!(policy["MinAdjustmentMagnitude"], 2);
    assert_eq!(policy["MetricAggregationType"], "Average");
    let alarm = properties(template.to_json(), "WScaleOutAlarm");
    assert_eq!(alarm["ExtendedStatistic"], "p99.9");
    assert!(alarm["Statistic"].is_null());
    assert_eq!(alarm["Namespace"], "Team/${Odd}");
    assert_eq!(
        alarm["Dimensions"],
        json!([{ "Name": "Api", "Value": "checkout" }])
    );
    assert_eq!(
        (&alarm["Period"], &alarm["TreatMissingData"]),
        (&json!(10), &json!("ignore"))
    );
    assert_eq!(
        (&alarm["DatapointsToAlarm"], &alarm["EvaluationPeriods"]),
        (&json!(2), &json!(3))
    );
    assert!(
        template.to_json()["Resources"]
            .get("WScaleInAlarm")
            .is_none()
    );
    // On the dashboard, inside `Fn::Sub`, the namespace isn't treated as a reference.
    let body = &properties(template.to_json(), names::DASHBOARD)["DashboardBody"]["Fn::Sub"];
    assert!(body.as_str().unwrap().contains("Team/${!Odd}"), "{body}");
}

#[test]
fn a_service_without_tasks_is_woken_by_its_first_message() {
    let mut stack = one(backlog(scaling()));
    let plain = synthesize(&stack).unwrap();
    assert!(plain.to_json()["Resources"].get("WWakeAlarm").is_none());
    stack.services.get_mut("w").unwrap().tasks = Tasks { min: 0, max: 3 };
    let template = synthesize(&stack).unwrap();
    let template = template.to_json();
    let policy = properties(template, "WWakePolicy");
    let expected = json!({
        "AdjustmentType": "ExactCapacity",
        "Cooldown": 0,
        "MetricAggregationType": "Maximum",
        "StepAdjustments": [{ "MetricIntervalLowerBound": 0, "ScalingAdjustment": 1 }],
    });
    assert_eq!(policy["StepScalingPolicyConfiguration"], expected);
    let alarm = properties(template, "WWakeAlarm");
    assert_eq!(alarm["MetricName"], scaling::WAKE_METRIC_NAME);
    assert_eq!(alarm["Dimensions"].as_array().unwrap().len(), 2);
    assert_eq!(alarm["AlarmActions"], json!([{ "Ref": "WWakePolicy" }]));
    assert_eq!(
        (
            &alarm["ComparisonOperator"],
            &alarm["Threshold"],
            &alarm["EvaluationPeriods"]
        ),
        (
            &json!("GreaterThanOrEqualToThreshold"),
            &json!(1),
            &json!(1)
        )
    );
    assert_eq!(alarm["TreatMissingData"], "notBreaching");
    let rule = properties(template, "MetricRule1");
    let input = rule["Targets"][0]["Input"]["Fn::Sub"].as_str().unwrap();
    assert!(input.contains(r#""wake":true"#), "{input}");
}

fn math(count: &[Count]) -> BacklogPerTask {
    BacklogPerTask {
        source: BacklogSource::MetricMath,
        count: count.iter().copied().collect(),
        ..scaling()
    }
}

#[test]
fn metric_math_needs_no_function() {
    let template = synthesize(&one(backlog(math(&[Count::Visible, Count::InFlight])))).unwrap();
    let template = template.to_json();
    let policy = properties(template, "WScalingPolicy");
    let metrics = &policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
        ["Metrics"];
    let metrics = metrics.as_array().unwrap();
    let returned: Vec<&Value> = metrics
        .iter()
        .filter(|one| one["ReturnData"] == true)
        .collect();
    let [returned] = returned.as_slice() else {
        panic!("one series: {metrics:?}")
    };
    let expression = "(m1 + m2 + m3 + m4) / IF(tasks > 0, tasks, 1)";
    assert_eq!(returned["Expression"], expression);
    let named: Vec<(&str, &str)> = metrics[..5]
        .iter()
        .map(|one| {
            let metric = &one["MetricStat"]["Metric"];
            (
                metric["Namespace"].as_str().unwrap(),
                metric["MetricName"].as_str().unwrap(),
            )
        })
        .collect();
    let (visible, hidden) = (
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible"),
    );
    let tasks = ("ECS/ContainerInsights", "RunningTaskCount");
    assert_eq!(named, [visible, hidden, visible, hidden, tasks]);
    for kind in ["AWS::Lambda::Function", "AWS::Events::Rule"] {
        assert!(of_type(template, kind).is_empty(), "{kind}");
    }
    assert!(template.get("Parameters").is_none());
    let settings = &properties(template, names::CLUSTER)["ClusterSettings"];
    assert_eq!(
        *settings,
        json!([{ "Name": "containerInsights", "Value": "enabled" }])
    );
    let silent = properties(template, "WTasksSilentAlarm");
    assert_eq!(
        (&silent["MetricName"], &silent["TreatMissingData"]),
        (&json!("RunningTaskCount"), &json!("breaching"))
    );
}

/// Only users of Container Insights pay for it.
#[test]
fn a_cluster_without_metric_math_has_no_container_insights() {
    let template = synthesize(&one(backlog(scaling()))).unwrap();
    objects(template.to_json(), &mut |map| {
        assert!(!map.contains_key("ClusterSettings"));
    });
}

#[test]
fn definitions_that_no_policy_holds_are_refused() {
    let mut stack = one(backlog(math(&Count::ALL)));
    let more: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
    for name in &more {
        stack
            .queues
            .insert(name.clone(), Queue::Create(stacks::queue()));
    }
    stack.services.get_mut("w").unwrap().consumes = more[..3].to_vec();
    synthesize(&stack).unwrap();
    stack.services.get_mut("w").unwrap().consumes = more;
    let service = || "w".to_owned();
    assert_eq!(
        synthesize(&stack).unwrap_err(),
        SynthesisError::TooManyMetrics {
            service: service(),
            metrics: 13
        }
    );
    let mut requests = stacks::by_requests();
    let steps = |steps| Scaling {
        steps: Some(steps),
        ..Scaling::default()
    };
    assert_eq!(
        synthesize(&one(steps(requests.clone()))).unwrap_err(),
        SynthesisError::NoLoadBalancer { service: service() }
    );
    requests.metric = AlarmMetric::Queue {
        queue: "nobody".into(),
        name: "NumberOfMessagesSent".into(),
        statistic: stack::Statistic::Plain("Sum".into()),
    };
    assert_eq!(
        synthesize(&one(steps(requests))).unwrap_err(),
        SynthesisError::UnknownQueue {
            service: service(),
            queue: "nobody".into()
        }
    );
    let mut long = stacks::by_queue("a");
    long.scale_out.as_mut().unwrap().periods = 1_441;
    let error = synthesize(&one(steps(long))).unwrap_err();
    assert!(
        matches!(error, SynthesisError::WindowTooLong { .. }),
        "{error}"
    );
}

/// Amazon ECS API, `ClusterSetting`: `enabled`, `disabled`, or `enhanced`.
#[test]
fn container_insights_that_are_given_win() {
    let setting = |insights| {
        let mut stack = stacks::with("s", vec![], vec![]);
        let service = created(spec(), &[]);
        let service = stack::Service {
            scaling: None,
            ..service
        };
        stack.services.insert("w".into(), service);
        stack.cluster = stack::Cluster::Create {
            name: None,
            capacity: Capacity::Fargate,
            insights,
        };
        let template = synthesize(&stack).unwrap();
        let cluster = &template.to_json()["Resources"]["Cluster"]["Properties"];
        cluster["ClusterSettings"][0]["Value"].clone()
    };
    assert!(setting(None).is_null());
    assert_eq!(setting(Some(stack::Insights::On)), "enabled");
    assert_eq!(setting(Some(stack::Insights::Off)), "disabled");
    assert_eq!(setting(Some(stack::Insights::Enhanced)), "enhanced");
}

/// Amazon ECS Developer Guide, "Faster auto scaling with high-resolution metrics": the service publishes the metric every 20 s,
/// and the policy names it.
#[test]
fn a_policy_of_high_resolution_has_its_metric() {
    let with = |cpu: bool, memory: bool| {
        let policy = |high_resolution| {
            Some(stack::Utilization {
                high_resolution,
                ..stacks::utilization(60)
            })
        };
        let scaling = Scaling {
            cpu: policy(cpu),
            memory: policy(memory),
            ..Scaling::default()
        };
        synthesize(&one(scaling)).unwrap()
    };
    let kind = |template: &Value, id: &str| {
        let policy = properties(template, id);
        let tracking = &policy["TargetTrackingScalingPolicyConfiguration"];
        tracking["PredefinedMetricSpecification"]["PredefinedMetricType"].clone()
    };
    let often = with(true, false);
    let json = often.to_json();
    assert_eq!(
        kind(json, &names::cpu_policy("w")),
        "ECSServiceAverageCPUUtilizationHighResolution"
    );
    assert_eq!(
        kind(json, &names::memory_policy("w")),
        "ECSServiceAverageMemoryUtilization"
    );
    let monitoring =
        |template: &Value| properties(template, &names::service("w"))["Monitoring"].clone();
    let configured = |metrics: Value, seconds: u32| json!({ "MetricConfigurations": [{ "MetricNames": metrics, "ResolutionSeconds": seconds }] });
    assert_eq!(monitoring(json), configured(json!(["CPUUtilization"]), 20));
    let plain = with(false, false);
    assert!(monitoring(plain.to_json()).is_null());
    let left = plain.adapt_to(json).unwrap();
    let both = json!(["CPUUtilization", "MemoryUtilization"]);
    assert_eq!(monitoring(left.to_json()), configured(both, 60));
}
