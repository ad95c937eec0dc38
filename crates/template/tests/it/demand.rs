//! Services that scale by demand: who sets their count, what it knows, and what it may do.

use std::collections::BTreeSet;

use scaling::{
    DEMAND_POLICY_VARIABLE, DemandPolicy, DemandPolicyError, DemandRequest, MetricRequest,
    NEED_PER_TASK_METRIC, POLICY_VARIABLE, ScalingRequest, TASKS_NEEDED_METRIC,
};
use serde_json::{Value, json};
use stack::{Actuator, Queue, Stack, Tasks};
use template::{SynthesisError, names, synthesize};

use crate::stacks::{self, by_demand, created, demand, demanded, scaled_by, spec};
use crate::templates::{listed, of_type, resources, scale_only, statements, substitute};

fn template(stack: &Stack) -> Value {
    synthesize(stack).unwrap().to_json().clone()
}

fn properties<'a>(template: &'a Value, id: &str) -> &'a Value {
    &template["Resources"][id]["Properties"]
}

fn policy(template: &Value, short: &str) -> DemandPolicy {
    let function = properties(template, &names::scaling_function(short));
    let variables = function["Environment"]["Variables"].as_object().unwrap();
    assert!(
        !variables.contains_key(POLICY_VARIABLE),
        "exactly one of the two"
    );
    let text = variables[DEMAND_POLICY_VARIABLE]["Fn::Sub"]
        .as_str()
        .unwrap();
    let text = substitute(text, |token| format!("<{token}>"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn its_environment_is_its_policy() {
    let template = template(&by_demand("shop"));
    let known = policy(&template, "function");
    known.check().unwrap();
    assert_eq!(
        (known.cluster.as_str(), known.service.as_str()),
        ("<Cluster>", "<FunctionService.Name>")
    );
    assert_eq!(
        (known.namespace.as_str(), known.min, known.max),
        ("EcsScaler", 1, 20)
    );
    assert_eq!(known.queues[0].url, "<JobsQueue>");
    assert_eq!(known.queues[0].name, "<JobsQueue.QueueName>");
    assert_eq!((known.every_ms, known.period_ms), (5_000, 60_000));
    assert_eq!((known.cooldown_out_ms, known.cooldown_in_ms), (0, 30_000));
    let law = DemandRequest {
        acceptable_latency_ms: 60_000,
        processing_time_ms: Some(2_000),
        concurrency: 4,
        task_start_ms: 40_000,
        window_ms: 120_000,
        rate_over_ms: 120_000,
    };
    assert_eq!(known.law, law);
    let theirs = policy(&template, "theirs");
    assert_eq!(
        (theirs.cluster.as_str(), theirs.service.as_str()),
        ("their-cluster", "their-service")
    );
    assert_eq!(theirs.law.processing_time_ms, None);
    assert_eq!(theirs.queues.len(), 2);
}

#[test]
fn its_role_may_scale_one_service_and_read_its_queues_and_nothing_else() {
    let template = template(&by_demand("shop"));
    let service = json!({ "Ref": "FunctionService" });
    let expected = json!([
        { "Sid": "WriteLogs", "Effect": "Allow",
          "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
          "Resource": { "Fn::GetAtt": ["FunctionScalingFunctionLogs", "Arn"] } },
        { "Sid": "ReadService", "Effect": "Allow", "Action": ["ecs:DescribeServices"],
          "Resource": service },
        { "Sid": "SetDesiredCount", "Effect": "Allow", "Action": ["ecs:UpdateService"],
          "Resource": service,
          "Condition": scale_only() },
        { "Sid": "ReadQueues", "Effect": "Allow", "Action": ["sqs:GetQueueAttributes"],
          "Resource": { "Fn::GetAtt": ["JobsQueue", "Arn"] } },
        { "Sid": "PublishNeed", "Effect": "Allow", "Action": ["cloudwatch:PutMetricData"],
          "Resource": "*",
          "Condition": { "StringEquals": { "cloudwatch:namespace": "EcsScaler" } } },
        // Deletes, in flight and sent messages, which CloudWatch alone knows.
        { "Sid": "ReadMetric", "Effect": "Allow", "Action": ["cloudwatch:GetMetricData"],
          "Resource": "*",
          "Condition": { "StringEquals": { "aws:RequestedRegion": { "Ref": "AWS::Region" } } } },
    ]);
    let granted: Vec<Value> = statements(&template, &names::scaling_function_role("function"))
        .into_iter()
        .cloned()
        .collect();
    assert_eq!(Value::from(granted), expected);
    // Somebody else's service is named, not referred to.
    let theirs = statements(&template, &names::scaling_function_role("theirs"));
    let arn = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service/their-cluster/their-service";
    assert_eq!(theirs[2]["Resource"]["Fn::Sub"], arn);
    assert_eq!(listed(&theirs[3]["Resource"]).len(), 2);
}

#[test]
fn it_looks_every_minute_and_nothing_is_tried_again() {
    let template = template(&by_demand("shop"));
    for short in ["function", "theirs"] {
        let of = |id: String| properties(&template, &id);
        let function = of(names::scaling_function(short));
        assert_eq!(function["Timeout"], 60);
        assert!(function.get("DeadLetterConfig").is_none());
        let reserved = &function["ReservedConcurrentExecutions"]["Fn::If"];
        assert_eq!(
            (&reserved[1], &reserved[2]["Ref"]),
            (&json!(1), &json!("AWS::NoValue"))
        );
        let config = of(names::scaling_function_invoke_config(short));
        assert_eq!(config["MaximumRetryAttempts"], 0);
        assert_eq!(config["MaximumEventAgeInSeconds"], 60);
        let rule = of(names::scaling_rule(short));
        assert_eq!(rule["ScheduleExpression"], "rate(1 minute)");
        let target = &rule["Targets"][0];
        assert_eq!(
            target["Arn"]["Fn::GetAtt"][0],
            names::scaling_function(short)
        );
        assert_eq!(target["RetryPolicy"]["MaximumRetryAttempts"], 0);
        let request: ScalingRequest =
            serde_json::from_str(target["Input"].as_str().unwrap()).unwrap();
        assert_eq!(request, ScalingRequest::ReEvaluate);
        let permission = of(names::scaling_rule_permission(short));
        assert_eq!(
            permission["SourceArn"]["Fn::GetAtt"][0],
            names::scaling_rule(short)
        );
        let logs = of(names::scaling_function_logs(short));
        assert_eq!(logs["RetentionInDays"], 14);
        let errors = of(names::scaling_errors_alarm(short));
        assert_eq!(
            errors["Dimensions"][0]["Value"]["Ref"],
            names::scaling_function(short)
        );
    }
}

/// Two hands on one desired count would undo each other's work.
#[test]
fn who_has_a_function_has_no_scalable_target() {
    let template = template(&by_demand("shop"));
    let of = |kind: &str| -> BTreeSet<String> {
        let found = of_type(&template, kind).into_iter();
        found.map(|(id, _)| id.to_owned()).collect()
    };
    let ids = |shorts: [&str; 3], id: fn(&str) -> String| shorts.map(id).into();
    let tracked = ["backlog", "tracked", "waking"];
    assert_eq!(
        of("AWS::ApplicationAutoScaling::ScalableTarget"),
        ids(tracked, names::scalable_target)
    );
    let mut policies: BTreeSet<String> = ids(tracked, names::scaling_policy);
    policies.insert(names::wake_policy("waking"));
    assert_eq!(of("AWS::ApplicationAutoScaling::ScalingPolicy"), policies);
    assert!(
        resources(&template).all(|(_, _, properties)| properties.get("DesiredCount").is_none())
    );
    // Neither a topic nor a queue of its own: alarms tell it nothing, and nothing is kept for later.
    assert!(of("AWS::SNS::Topic").is_empty());
    assert!(
        of("AWS::SQS::Queue")
            .iter()
            .all(|id| !id.contains("Scaling"))
    );
}

#[test]
fn target_tracking_keeps_one_needed_task_for_each_that_runs() {
    let template = template(&by_demand("shop"));
    let policy = properties(&template, "TrackedScalingPolicy");
    let expected = json!({
        "TargetValue": 1,
        "ScaleOutCooldown": 0,
        "ScaleInCooldown": 30,
        "CustomizedMetricSpecification": {
            "Namespace": "EcsScaler",
            "MetricName": NEED_PER_TASK_METRIC,
            "Statistic": "Maximum",
            "Dimensions": [
                { "Name": "ClusterName", "Value": { "Ref": "Cluster" } },
                { "Name": "ServiceName", "Value": { "Fn::GetAtt": ["TrackedService", "Name"] } },
            ],
        },
    });
    assert_eq!(policy["TargetTrackingScalingPolicyConfiguration"], expected);
    let alarm = properties(&template, "WakingWakeAlarm");
    assert_eq!(alarm["MetricName"], scaling::WAKE_METRIC_NAME);
    assert!(template["Resources"].get("TrackedWakeAlarm").is_none());
}

#[test]
fn the_metric_function_is_told_the_law() {
    let template = template(&by_demand("shop"));
    let rule = properties(&template, "MetricRule1");
    let [target] = rule["Targets"].as_array().unwrap().as_slice() else {
        panic!("{rule}")
    };
    let input = target["Input"]["Fn::Sub"].as_str().unwrap();
    let input = substitute(input, |token| format!("<{token}>"));
    let request: MetricRequest = serde_json::from_str(&input).unwrap();
    let known: Vec<(&str, Option<Option<u64>>, bool)> = request
        .services
        .iter()
        .map(|one| {
            let law = one.demand.map(|law| law.processing_time_ms);
            (one.service.as_str(), law, one.wake)
        })
        .collect();
    let expected = [
        ("<BacklogService.Name>", None, false),
        ("<TrackedService.Name>", Some(Some(2_000)), false),
        ("<WakingService.Name>", Some(None), true),
    ];
    assert_eq!(known, expected);
    // It measures a processing time, and reads metrics for that.
    let actions = |template: &Value| -> BTreeSet<String> {
        let statements = statements(template, names::METRIC_FUNCTION_ROLE).into_iter();
        let actions = statements.flat_map(|statement| listed(&statement["Action"]));
        actions.map(Value::to_string).collect()
    };
    let reads = r#""cloudwatch:GetMetricData""#;
    assert!(actions(&template).contains(reads));
    let mut given = by_demand("shop");
    given.services.remove("waking");
    assert!(!actions(&self::template(&given)).contains(reads));
}

/// As [`crate::invariants`] has it for the backlog per task.
#[test]
fn silence_is_told_by_an_alarm_that_is_made_last() {
    let template = template(&by_demand("shop"));
    for (short, after) in [
        ("function", vec!["FunctionScalingRulePermission"]),
        ("theirs", vec!["TheirsScalingRulePermission"]),
        (
            "tracked",
            vec!["MetricRule1Permission", "TrackedScalingPolicy"],
        ),
        (
            "waking",
            vec!["MetricRule1Permission", "WakingScalingPolicy"],
        ),
    ] {
        let id = names::need_silent_alarm(short);
        let alarm = properties(&template, &id);
        // Before its first messages a measured processing time is rightly unknown.
        let (namespace, metric, dimensions) = match short {
            "theirs" | "waking" => ("AWS/Lambda", "Invocations", 1),
            _ => ("EcsScaler", TASKS_NEEDED_METRIC, 2),
        };
        assert_eq!(alarm["Namespace"], namespace, "{short}");
        assert_eq!(alarm["MetricName"], metric);
        assert_eq!(alarm["Dimensions"].as_array().unwrap().len(), dimensions);
        assert_eq!(
            (
                &alarm["EvaluationPeriods"],
                &alarm["Statistic"],
                &alarm["TreatMissingData"]
            ),
            (&json!(10), &json!("SampleCount"), &json!("breaching"))
        );
        let depends: Vec<&str> = listed(&template["Resources"][&id]["DependsOn"])
            .into_iter()
            .map(|id| id.as_str().unwrap())
            .collect();
        assert_eq!(depends, after, "{short}");
    }
}

#[test]
fn the_dashboard_shows_what_is_needed() {
    let template = template(&by_demand("shop"));
    let body = properties(&template, names::DASHBOARD)["DashboardBody"]["Fn::Sub"]
        .as_str()
        .unwrap();
    let body: Value = serde_json::from_str(&substitute(body, str::to_owned)).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let titled = |title: &str| {
        let found = widgets
            .iter()
            .find(|one| one["properties"]["title"] == title);
        found.unwrap_or_else(|| panic!("no widget {title}"))
    };
    let names = |widget: &Value| -> Vec<String> {
        let rows = widget["properties"]["metrics"].as_array().unwrap();
        rows.iter()
            .map(|row| row[1].as_str().unwrap().to_owned())
            .collect()
    };
    let needed = [TASKS_NEEDED_METRIC, TASKS_NEEDED_METRIC, "CPUUtilization"];
    assert_eq!(names(titled("function: tasks needed")), needed);
    let tracked = [&needed[..], &[NEED_PER_TASK_METRIC]].concat();
    assert_eq!(names(titled("tracked: tasks needed")), tracked);
    titled("function: scaling function");
    titled("theirs: scaling function");
    let promise = &titled("jobs: messages")["properties"]["annotations"]["horizontal"][0];
    assert_eq!(promise["value"], 60);
}

#[test]
fn outputs_name_the_functions() {
    let template = template(&by_demand("shop"));
    let outputs = template["Outputs"].as_object().unwrap();
    let scaling: Vec<&str> = outputs
        .keys()
        .map(String::as_str)
        .filter(|id| id.contains("Scaling"))
        .collect();
    assert_eq!(
        scaling,
        ["FunctionScalingFunctionName", "TheirsScalingFunctionName"]
    );
    // The namespace is told although there is no metric function.
    let alone = template_of_function(Tasks { min: 0, max: 3 });
    assert_eq!(alone["Outputs"]["MetricNamespace"]["Value"], "EcsScaler");
    assert!(alone["Outputs"].get("MetricFunctionName").is_none());
    assert!(alone["Resources"].get(names::METRIC_FUNCTION).is_none());
}

fn template_of_function(tasks: Tasks) -> Value {
    let mut worker = scaled_by(
        demanded(demand(Actuator::Function)),
        created(spec(), &["a"]),
    );
    worker.tasks = tasks;
    template(&stacks::with(
        "s",
        vec![("a", Queue::Create(stacks::queue()))],
        vec![("w", worker)],
    ))
}

#[test]
fn a_namespace_is_told_as_it_is() {
    let mut stack = by_demand("shop");
    stack.metric.namespace = r#"odd "${Name}" \ here"#.to_owned();
    assert_eq!(
        policy(&template(&stack), "function").namespace,
        stack.metric.namespace
    );
}

#[test]
fn what_no_function_would_take_is_refused() {
    let refused = |change: fn(&mut stack::Service)| {
        let mut stack = by_demand("shop");
        change(stack.services.get_mut("function").unwrap());
        synthesize(&stack).unwrap_err()
    };
    fn law(service: &mut stack::Service) -> &mut stack::Demand {
        service.scaling.as_mut().unwrap().demand.as_mut().unwrap()
    }
    let service = || "function".to_owned();
    assert_eq!(
        refused(|service| law(service).acceptable_latency = stacks::seconds(0)),
        SynthesisError::UnusableDemand {
            service: service(),
            problem: DemandPolicyError::Zero("acceptable_latency_ms")
        }
    );
    assert_eq!(
        refused(|service| service.consumes.clear()),
        SynthesisError::NothingToMeasure { service: service() }
    );
    let bounds = refused(|service| service.tasks = Tasks { min: 3, max: 2 });
    assert!(
        matches!(bounds, SynthesisError::UnusableDemand { .. }),
        "{bounds}"
    );
}

/// As many queues as the reader of definitions takes, with names as long as SQS takes, fit.
#[test]
fn ten_queues_fit_into_its_environment() {
    let with = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("{number:0>80}")).collect();
        let queues = names
            .iter()
            .map(|name| (name.as_str(), stacks::existing_queue(name)))
            .collect();
        let consumed: Vec<&str> = names.iter().map(String::as_str).collect();
        let theirs = stacks::existing(&"c".repeat(255), &"s".repeat(255), &consumed);
        let theirs = scaled_by(demanded(demand(Actuator::Function)), theirs);
        stacks::with("s", queues, vec![("w", theirs)])
    };
    let template = template(&with(10));
    let function = properties(&template, "WScalingFunction");
    let text = &function["Environment"]["Variables"][DEMAND_POLICY_VARIABLE]["Fn::Sub"];
    let text = substitute(text.as_str().unwrap(), |_| "amazonaws.com.cn".to_owned());
    assert!(
        text.len() + DEMAND_POLICY_VARIABLE.len() <= 4_096,
        "{}",
        text.len()
    );
    let error = synthesize(&with(16)).map(drop).unwrap_err();
    assert!(
        matches!(&error, SynthesisError::ScalingTooLong { service, bytes } if service == "w" && *bytes > 4_096),
        "{error}"
    );
}
