//! Services that scale by demand: the function that sets their count, its input, and its permissions.

use std::collections::BTreeSet;

use scaling::{
    DemandOrder, DemandPolicy, DemandPolicyError, DemandRequest, FleetDocument, MetricRequest,
    NEED_PER_TASK_METRIC, QueueRequest, TASKS_NEEDED_METRIC,
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

fn order(template: &Value) -> DemandOrder {
    let rule = properties(template, &names::demand_rule(1));
    let text = rule["Targets"][0]["Input"]["Fn::Sub"].as_str().unwrap();
    let text = substitute(text, |token| format!("<{token}>"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn policies(template: &Value) -> [DemandPolicy; 2] {
    order(template).services.try_into().unwrap()
}

#[test]
fn its_rule_says_what_it_scales() {
    let template = template(&by_demand("shop"));
    let [known, theirs] = policies(&template);
    let function = properties(&template, &names::demand_function(1));
    assert!(function.get("Environment").is_none());
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
        period_ms: None,
        rate_over_ms: None,
    };
    assert_eq!(known.law, law);
    theirs.check().unwrap();
    assert_eq!(
        (theirs.cluster.as_str(), theirs.service.as_str()),
        ("their-cluster", "their-service")
    );
    assert_eq!(theirs.law.processing_time_ms, None);
    assert_eq!(theirs.queues.len(), 2);
}

#[test]
fn its_role_may_scale_its_services_and_read_their_queues_and_nothing_else() {
    let template = template(&by_demand("shop"));
    let queues = json!([
        { "Fn::GetAtt": ["JobsQueue", "Arn"] },
        "arn:aws:sqs:us-west-2:111122223333:theirs",
    ]);
    let theirs = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service/their-cluster/their-service";
    let pause = |service: &str| {
        let name = format!("parameter/ecs-scaler/shop/{service}/pause");
        json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:{name}") })
    };
    let expected = json!([
        { "Sid": "WriteLogs", "Effect": "Allow",
          "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
          "Resource": { "Fn::GetAtt": ["ScalingFunctionLogs", "Arn"] } },
        { "Sid": "PublishNeed", "Effect": "Allow", "Action": ["cloudwatch:PutMetricData"],
          "Resource": "*",
          "Condition": { "StringEquals": { "cloudwatch:namespace": "EcsScaler" } } },
        // Deletes, messages in flight, and messages sent, which only CloudWatch knows.
        { "Sid": "ReadMetric", "Effect": "Allow", "Action": ["cloudwatch:GetMetricData"],
          "Resource": "*",
          "Condition": { "StringEquals": { "aws:RequestedRegion": { "Ref": "AWS::Region" } } } },
        { "Sid": "ReadPauses", "Effect": "Allow", "Action": ["ssm:GetParameters"],
          "Resource": [pause("function"), pause("theirs")] },
        // Somebody else's service is named, not referred to.
        { "Sid": "SetDesiredCounts", "Effect": "Allow",
          "Action": ["ecs:DescribeServices", "ecs:UpdateService"],
          "Resource": [{ "Ref": "FunctionService" }, { "Fn::Sub": theirs }],
          "Condition": scale_only() },
        { "Sid": "ReadQueues", "Effect": "Allow", "Action": ["sqs:GetQueueAttributes"],
          "Resource": queues },
    ]);
    let granted: Vec<Value> = statements(&template, &names::demand_function_role(1))
        .into_iter()
        .cloned()
        .collect();
    assert_eq!(Value::from(granted), expected);
}

#[test]
fn it_looks_every_minute_and_nothing_is_tried_again() {
    let template = template(&by_demand("shop"));
    let functions = of_type(&template, "AWS::Lambda::Function");
    let functions: Vec<&str> = functions.into_iter().map(|(id, _)| id).collect();
    assert_eq!(functions, [names::METRIC_FUNCTION, "ScalingFunction"]);
    let of = |id: String| properties(&template, &id);
    let function = of(names::demand_function(1));
    assert_eq!(function["Timeout"], 60);
    assert!(function.get("DeadLetterConfig").is_none());
    let reserved = &function["ReservedConcurrentExecutions"]["Fn::If"];
    assert_eq!(
        (&reserved[1], &reserved[2]["Ref"]),
        (&json!(1), &json!("AWS::NoValue"))
    );
    let config = of(names::demand_function_invoke_config(1));
    assert_eq!(config["MaximumRetryAttempts"], 0);
    assert_eq!(config["MaximumEventAgeInSeconds"], 60);
    let rule = of(names::demand_rule(1));
    assert_eq!(rule["ScheduleExpression"], "rate(1 minute)");
    let target = &rule["Targets"][0];
    assert_eq!(target["Arn"]["Fn::GetAtt"][0], names::demand_function(1));
    assert_eq!(target["RetryPolicy"]["MaximumRetryAttempts"], 0);
    assert!(!order(&template).once);
    let permission = of(names::demand_rule_permission(1));
    assert_eq!(
        permission["SourceArn"]["Fn::GetAtt"][0],
        names::demand_rule(1)
    );
    assert_eq!(of(names::demand_function_logs(1))["RetentionInDays"], 14);
    let errors = of(names::demand_errors_alarm(1));
    let watched = &errors["Dimensions"][0]["Value"]["Ref"];
    assert_eq!(*watched, names::demand_function(1));
}

/// Two controllers of one desired count would undo each other's changes.
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
    // Neither a topic nor a queue: alarms don't notify it, and nothing is kept for later.
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
    // It calibrates the processing time, and reads metrics for that.
    let actions = |template: &Value| -> BTreeSet<String> {
        let statements = statements(template, names::METRIC_FUNCTION_ROLE).into_iter();
        let actions = statements.flat_map(|statement| listed(&statement["Action"]));
        actions.map(Value::to_string).collect()
    };
    let reads = r#""cloudwatch:GetMetricData""#;
    assert!(actions(&template).contains(reads));
    let mut given = by_demand("shop");
    for follows in ["waking", "tracked"] {
        given.services.remove(follows);
    }
    assert!(!actions(&self::template(&given)).contains(reads));
}

/// A queue with its own objective has its own deadline in the function's order, and its own alarm. The others are
/// sent as before.
#[test]
fn each_queue_has_its_own_objective() {
    let template = template(&stacks::shipped("image-resizer"));
    let [policy] = order(&template).services.try_into().unwrap();
    assert_eq!(policy.law.acceptable_latency_ms, 300_000);
    let [uploads, backfill] = policy.queues.as_slice() else {
        panic!("{:?}", policy.queues)
    };
    let plain = QueueRequest::new("<UploadsQueue.QueueName>", "<UploadsQueue>");
    assert_eq!(*uploads, plain);
    let own = (
        backfill.acceptable_latency_ms,
        backfill.share,
        backfill.processing_time_ms,
    );
    assert_eq!(own, (Some(43_200_000), Some(0.95), Some(10_000)));
    let threshold = |queue: &str| {
        let alarm = properties(&template, &names::oldest_message_alarm(queue));
        alarm["Threshold"].as_f64()
    };
    assert_eq!(threshold("uploads"), Some(300.0));
    assert_eq!(threshold("backfill"), Some(43_200.0));
}

/// Target tracking has no required share, so the metric function doesn't receive one.
#[test]
fn the_metric_function_is_told_each_objective() {
    let mut stack = by_demand("shop");
    let tracked = stack.services.get_mut("tracked").unwrap();
    let own = stack::ConsumedQueue {
        slo: Some(stack::Slo {
            share: Some(0.9),
            latency: std::time::Duration::from_secs(900),
        }),
        processing_time: None,
    };
    tracked
        .queue_settings
        .insert(tracked.consumes[0].clone(), own);
    let template = self::template(&stack);
    let rule = properties(&template, "MetricRule1");
    let input = rule["Targets"][0]["Input"]["Fn::Sub"].as_str().unwrap();
    let input = substitute(input, |token| format!("<{token}>"));
    let request: MetricRequest = serde_json::from_str(&input).unwrap();
    let found = request.services.iter().flat_map(|one| &one.queues);
    let found: Vec<_> = found
        .filter_map(|queue| Some((queue.acceptable_latency_ms?, queue.share)))
        .collect();
    assert_eq!(found, [(900_000, None)]);
}

/// The same as in [`crate::invariants`] for the backlog per task.
#[test]
fn silence_is_told_by_an_alarm_that_is_made_last() {
    let template = template(&by_demand("shop"));
    for (short, after) in [
        ("function", vec!["ScalingRulePermission"]),
        ("theirs", vec!["ScalingRulePermission"]),
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
        // Before its first messages, a measured processing time is unknown, which is correct.
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
    titled("Scaling by demand: function");
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
    assert_eq!(scaling, ["ScalingFunctionName"]);
    // The namespace is set although there is no metric function.
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
    let [known, _] = policies(&template(&stack));
    assert_eq!(known.namespace, stack.metric.namespace);
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

/// The function that scales each service, by ECS name, with the references of an object completed.
fn assignment(template: &template::Template) -> std::collections::BTreeMap<String, String> {
    let json = template.to_json();
    let mut found = std::collections::BTreeMap::new();
    for (id, rule) in of_type(json, "AWS::Events::Rule") {
        let text = rule["Targets"][0]["Input"]["Fn::Sub"].as_str().unwrap();
        let text = substitute(text, |token| format!("<{token}>"));
        assert!(text.chars().count() <= 8_192, "{id}");
        let order: DemandOrder = serde_json::from_str(&text).unwrap();
        let services = match order.object {
            None => order.services,
            Some(object) => {
                let mut objects = template.objects().iter();
                let known = objects.find(|one| one.key == object.key).unwrap();
                let document: FleetDocument = serde_json::from_str(&known.body).unwrap();
                document.complete(&object.values).unwrap()
            }
        };
        for service in services {
            service.check().unwrap();
            found.insert(service.service, id.to_owned());
        }
    }
    found
}

#[test]
fn what_a_rule_cant_hold_is_an_object_that_the_function_may_read() {
    let small = synthesize(&stacks::many_by_demand(5)).unwrap();
    assert_eq!((small.objects(), assignment(&small).len()), (&[][..], 5));
    let large = synthesize(&stacks::many_by_demand(100)).unwrap();
    let [object] = large.objects() else {
        panic!("{:?}", large.objects())
    };
    let digest = object.key.strip_prefix("fleets/shop/").unwrap();
    assert_eq!(digest.len(), 64 + ".json".len());
    assert_eq!(assignment(&large).len(), 100);
    let statements = statements(large.to_json(), &names::demand_function_role(1));
    let reads = statements
        .iter()
        .find(|one| one["Sid"] == "ReadServices")
        .unwrap();
    let objects = "arn:${AWS::Partition}:s3:::${AssetsBucket}/fleets/shop/*";
    assert_eq!(reads["Resource"]["Fn::Sub"], objects);
    assert_eq!(reads["Action"], json!(["s3:GetObject"]));
    // The function completes names that CloudFormation generates.
    let created = synthesize(&by_demand("shop")).unwrap();
    assert!(created.objects().is_empty());
}

/// A function can scale 125 services.
#[test]
fn more_services_are_spread_over_functions_and_a_new_one_moves_no_other() {
    let template = |count| synthesize(&stacks::many_by_demand(count)).unwrap();
    let before = assignment(&template(200));
    let functions: BTreeSet<&String> = before.values().collect();
    assert_eq!(
        functions.into_iter().collect::<Vec<_>>(),
        ["ScalingRule", "ScalingRule2"]
    );
    let after = assignment(&template(201));
    assert_eq!(after.len(), 201);
    assert!(before.iter().all(|(service, rule)| after[service] == *rule));
    let template = template(200);
    let errors = of_type(template.to_json(), "AWS::CloudWatch::Alarm").into_iter();
    let errors = errors.filter(|(id, _)| id.starts_with("ScalingErrors"));
    assert_eq!(errors.count(), 2);
}

#[test]
fn a_thousand_services_are_refused_with_a_way_to_split_them() {
    let error = synthesize(&stacks::many_by_demand(1_000))
        .map(drop)
        .unwrap_err();
    let SynthesisError::TooManyResources { count } = error else {
        panic!("{error}")
    };
    // Two alarms for each service and its queue; for each of nine to twelve functions: the function, its role, log
    // group, settings, rule, permission, and alarm, and up to ten managed policies; and the dashboard.
    let possible = 2_000 + 9 * 7 + 1..=2_000 + 12 * 17 + 1;
    assert!(possible.contains(&count), "{count}");
    insta::assert_snapshot!(error);
    assert!(synthesize(&stacks::many_by_demand(235)).is_ok());
}

/// A service with a name of this length, with a queue with a name of the same length.
fn large(key: &str, length: usize) -> (String, stack::Service) {
    let name = format!("{key:->length$}");
    let service = stacks::existing("production", &name, &["q"]);
    let service = scaled_by(demanded(demand(Actuator::Function)), service);
    (key.to_owned(), service)
}

fn synthesize_all(services: Vec<(String, stack::Service)>) -> SynthesisError {
    let services = services
        .iter()
        .map(|(key, one)| (key.as_str(), one.clone()));
    let queues = vec![("q", stacks::existing_queue("q"))];
    let stack = stacks::with("shop", queues, services.collect());
    synthesize(&stack).map(drop).unwrap_err()
}

/// All inline policies of a role together can have 10,240 characters.
#[test]
fn a_service_that_no_role_holds_is_refused_for_its_role() {
    let expected = SynthesisError::PolicyTooLarge {
        role: names::demand_function_role(1),
    };
    assert_eq!(synthesize_all(vec![large("a", 11_000)]), expected);
}

/// 64 functions of 125 services.
#[test]
fn more_services_than_functions_hold_are_counted_as_they_are() {
    let services = (0..8_001).map(|number| large(&format!("s{number}"), 8));
    let expected = SynthesisError::TooManyFunctions {
        services: 8_001,
        most: 64,
    };
    assert_eq!(synthesize_all(services.collect()), expected);
}

/// Nothing in the stack can set the count of a service that is only observed, and nothing registers it.
#[test]
fn what_only_observes_is_not_allowed_to_act() {
    let template = template(&stacks::observing("shop"));
    let role = statements(&template, &names::demand_function_role(1));
    let services = |action: &str| -> Vec<String> {
        let granted = role
            .iter()
            .filter(|one| one["Action"].to_string().contains(action));
        granted.map(|one| one["Resource"].to_string()).collect()
    };
    let described = services("ecs:DescribeServices").join("\n");
    assert!(described.contains("their-service"), "{described}");
    assert_eq!(services("ecs:UpdateService"), Vec::<String>::new());
    let text = template.to_string();
    assert!(!text.contains("AWS::ApplicationAutoScaling::ScalableTarget"));
    assert!(
        text.contains(r#"\"observe\":true"#),
        "the rule's input says it"
    );
    assert!(text.contains("RecommendedTasks"), "the dashboard shows it");
}
