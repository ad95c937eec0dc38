//! Scaling functions: their settings, their permissions, and their triggers.

use std::collections::BTreeSet;

use scaling::{AlarmStepsPolicy, LAST_STEP_TAG, POLICY_VARIABLE, ScalingRequest};
use serde_json::{Value, json};
use stack::{Stack, StepScaling};
use template::{SynthesisError, names, synthesize};

use crate::stacks::{self, alarm_steps, by_queue, by_requests, created, existing, scaled_by};
use crate::templates::{listed, scale_only, statements, substitute};

/// One created service and one existing service, both scaled by alarms.
fn stepped() -> Stack {
    let web = scaled_by(alarm_steps(by_requests()), created(stacks::web(), &[]));
    let theirs = existing("their-cluster", "their-service", &[]);
    let theirs = scaled_by(alarm_steps(by_queue("jobs")), theirs);
    stacks::with(
        "shop",
        vec![("jobs", stack::Queue::Create(stacks::queue()))],
        vec![("web", web), ("theirs", theirs)],
    )
}

fn policy(template: &Value, short: &str) -> AlarmStepsPolicy {
    let function = &template["Resources"][names::scaling_function(short)]["Properties"];
    let text = &function["Environment"]["Variables"][POLICY_VARIABLE]["Fn::Sub"];
    let text = substitute(text.as_str().unwrap(), |token| format!("<{token}>"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn its_environment_is_its_policy() {
    let template = synthesize(&stepped()).unwrap();
    let known = policy(template.to_json(), "web");
    assert_eq!(known.cluster, "<Cluster>");
    assert_eq!(known.service, "<WebService.Name>");
    assert_eq!((known.min, known.max), (1, 20));
    let (out, back) = (known.scale_out.unwrap(), known.scale_in.unwrap());
    assert_eq!(
        (out.alarm.as_str(), out.cooldown),
        ("<WebScaleOutAlarm>", 60)
    );
    assert_eq!(
        (back.alarm.as_str(), back.cooldown),
        ("<WebScaleInAlarm>", 300)
    );
    assert_eq!(out.steps, stacks::changes(&[(0.0, 1)]));
    assert_eq!(back.steps, stacks::changes(&[(0.0, -1)]));
    let theirs = policy(template.to_json(), "theirs");
    assert_eq!(
        (theirs.cluster.as_str(), theirs.service.as_str()),
        ("their-cluster", "their-service")
    );
    assert_eq!(theirs.scale_out.unwrap().steps.as_slice().len(), 3);
}

#[test]
fn its_role_may_scale_one_service_and_nothing_else() {
    let template = synthesize(&stepped()).unwrap();
    let template = template.to_json();
    let service = json!({ "Ref": "WebService" });
    let alarm = |id: &str| json!({ "Fn::GetAtt": [id, "Arn"] });
    let alarms = json!([alarm("WebScaleOutAlarm"), alarm("WebScaleInAlarm")]);
    let name = "parameter/ecs-scaler/shop/web/pause";
    let pause = format!("arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:{name}");
    let expected = json!([
        { "Sid": "WriteLogs", "Effect": "Allow",
          "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
          "Resource": { "Fn::GetAtt": ["WebScalingFunctionLogs", "Arn"] } },
        { "Sid": "ReadService", "Effect": "Allow", "Action": ["ecs:DescribeServices"],
          "Resource": service },
        { "Sid": "SetDesiredCount", "Effect": "Allow", "Action": ["ecs:UpdateService"],
          "Resource": service,
          "Condition": scale_only() },
        { "Sid": "ReadPauses", "Effect": "Allow", "Action": ["ssm:GetParameters"],
          "Resource": { "Fn::Sub": pause } },
        { "Sid": "ReadAlarms", "Effect": "Allow",
          "Action": ["cloudwatch:DescribeAlarms"],
          "Resource": { "Fn::Sub":
              "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*" } },
        { "Sid": "ReadLastStep", "Effect": "Allow",
          "Action": ["cloudwatch:ListTagsForResource"],
          "Resource": alarms },
        { "Sid": "NoteLastStep", "Effect": "Allow", "Action": ["cloudwatch:TagResource"],
          "Resource": alarms,
          "Condition": { "ForAllValues:StringEquals": { "aws:TagKeys": LAST_STEP_TAG } } },
        { "Sid": "GiveUp", "Effect": "Allow", "Action": ["sqs:SendMessage"],
          "Resource": { "Fn::GetAtt": ["WebScalingDeadLetterQueue", "Arn"] } },
    ]);
    let granted: Vec<Value> = statements(template, &names::scaling_function_role("web"))
        .into_iter()
        .cloned()
        .collect();
    assert_eq!(Value::from(granted), expected);
    // A function that chooses among several steps reads the metric; an existing service is named, not referred to.
    let theirs = statements(template, &names::scaling_function_role("theirs"));
    let arn = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:service/their-cluster/their-service";
    assert_eq!(theirs[1]["Resource"]["Fn::Sub"], arn);
    let read = theirs.last().unwrap();
    assert_eq!(read["Action"], json!(["cloudwatch:GetMetricData"]));
    assert_eq!(
        read["Condition"],
        json!({ "StringEquals": { "aws:RequestedRegion": { "Ref": "AWS::Region" } } })
    );
}

#[test]
fn it_hears_of_its_own_alarms_and_looks_again_every_minute() {
    let template = synthesize(&stepped()).unwrap();
    let resources = &template.to_json()["Resources"];
    for short in ["web", "theirs"] {
        let of = |id: String| &resources[id]["Properties"];
        let function = names::scaling_function(short);
        let arn = json!({ "Fn::GetAtt": [function, "Arn"] });
        let queue = names::scaling_dead_letter_queue(short);
        let dead_letters = json!({ "Fn::GetAtt": [queue, "Arn"] });
        let subscription = of(names::scaling_subscription(short));
        assert_eq!(subscription["Endpoint"], arn);
        assert_eq!(subscription["TopicArn"]["Ref"], names::ALARM_TOPIC);
        assert_eq!(subscription["FilterPolicyScope"], "MessageBody");
        let own = [names::scale_out_alarm(short), names::scale_in_alarm(short)]
            .map(|id| json!({ "Fn::GetAtt": [id, "Arn"] }));
        assert_eq!(subscription["FilterPolicy"], json!({ "AlarmArn": own }));
        assert_eq!(
            subscription["RedrivePolicy"]["deadLetterTargetArn"],
            dead_letters
        );
        let permission = of(names::scaling_topic_permission(short));
        assert_eq!(permission["Principal"], "sns.amazonaws.com");
        assert_eq!(permission["SourceArn"]["Ref"], names::ALARM_TOPIC);
        let rule = of(names::scaling_rule(short));
        assert_eq!(rule["ScheduleExpression"], "rate(1 minute)");
        assert_eq!(rule["Targets"][0]["Arn"], arn);
        let input = rule["Targets"][0]["Input"].as_str().unwrap();
        assert_eq!(input, r#"{"action":"re-evaluate"}"#);
        let request: ScalingRequest = serde_json::from_str(input).unwrap();
        assert_eq!(request, ScalingRequest::ReEvaluate);
        let permission = of(names::scaling_rule_permission(short));
        assert_eq!(
            permission["SourceArn"]["Fn::GetAtt"][0],
            names::scaling_rule(short)
        );
        // Events that it fails to process go to its queue, after two retries.
        let function = of(function);
        assert_eq!(function["DeadLetterConfig"]["TargetArn"], dead_letters);
        let config = of(names::scaling_function_invoke_config(short));
        assert_eq!(config["MaximumRetryAttempts"], 2);
        assert_eq!(config["MaximumEventAgeInSeconds"], 900);
        let policy = of(names::scaling_dead_letter_queue_policy(short));
        let allow = &policy["PolicyDocument"]["Statement"][1];
        assert_eq!(allow["Principal"]["Service"], "sns.amazonaws.com");
        let source = &allow["Condition"]["ArnEquals"]["aws:SourceArn"];
        assert_eq!(source["Ref"], names::ALARM_TOPIC);
    }
}

#[test]
fn its_calls_are_serialised_where_the_account_lets_them() {
    let template = synthesize(&stepped()).unwrap();
    let template = template.to_json();
    let function = &template["Resources"][names::scaling_function("web")]["Properties"];
    let reserved = &function["ReservedConcurrentExecutions"]["Fn::If"];
    assert_eq!(reserved[1], 1);
    assert_eq!(reserved[2]["Ref"], "AWS::NoValue");
    let condition = &template["Conditions"][reserved[0].as_str().unwrap()];
    assert_eq!(
        *condition,
        json!({ "Fn::Equals": [{ "Ref": "SerializeScaling" }, "true"] })
    );
    let parameter = &template["Parameters"]["SerializeScaling"];
    assert_eq!(parameter["AllowedValues"], json!(["true", "false"]));
    // Without such a service, none of these resources exists.
    let plain = synthesize(&stacks::fleet("f", 1)).unwrap();
    assert!(plain.to_json().get("Conditions").is_none());
}

#[test]
fn its_alarms_are_those_of_the_definition() {
    let template = synthesize(&stepped()).unwrap();
    let alarm = |id: &str| &template.to_json()["Resources"][id]["Properties"];
    let out = alarm("WebScaleOutAlarm");
    assert_eq!(
        (&out["Namespace"], &out["MetricName"]),
        (&json!("AWS/ApplicationELB"), &json!("RequestCount"))
    );
    let dimensions: BTreeSet<_> = listed(&out["Dimensions"])
        .into_iter()
        .map(|one| {
            (
                one["Name"].as_str().unwrap(),
                one["Value"]["Fn::GetAtt"][1].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("LoadBalancer", "LoadBalancerFullName"),
        ("TargetGroup", "TargetGroupFullName"),
    ];
    assert_eq!(dimensions, expected.into());
    assert_eq!(out["Statistic"], "Sum");
    assert_eq!(out["ComparisonOperator"], "GreaterThanOrEqualToThreshold");
    assert_eq!(
        (&out["Threshold"], &out["Period"]),
        (&json!(100), &json!(60))
    );
    assert_eq!(out["TreatMissingData"], "notBreaching");
    let back = alarm("WebScaleInAlarm");
    assert_eq!(back["ComparisonOperator"], "LessThanThreshold");
    assert_eq!(
        (&back["EvaluationPeriods"], &back["DatapointsToAlarm"]),
        (&json!(5), &json!(5))
    );
    assert_eq!(back["TreatMissingData"], "breaching");
    // The topic exists although no one is notified.
    assert!(stepped().notify.is_empty());
    assert_eq!(
        template.to_json()["Resources"][names::ALARM_TOPIC]["Type"],
        "AWS::SNS::Topic"
    );
}

#[test]
fn more_steps_than_its_environment_holds_are_refused() {
    let with = |steps: usize| {
        let all: Vec<(f64, i32)> = (0..steps).map(|n| (n as f64, 1)).collect();
        let mut scaling: StepScaling = by_requests();
        scaling.scale_out.as_mut().unwrap().steps = stacks::changes(&all);
        let mut stack = stepped();
        let web = scaled_by(alarm_steps(scaling), created(stacks::web(), &[]));
        stack.services.insert("web".into(), web);
        stack
    };
    synthesize(&with(80)).unwrap();
    let error = synthesize(&with(200)).unwrap_err();
    assert!(
        matches!(&error, SynthesisError::ScalingTooLong { service, bytes } if service == "web" && *bytes > 4_096),
        "{error}"
    );
    // The maximum is valid with the longest names that AWS generates.
    let most = (80..200).take_while(|steps| synthesize(&with(*steps)).is_ok());
    let template = synthesize(&with(most.last().unwrap())).unwrap();
    let function = &template.to_json()["Resources"]["WebScalingFunction"]["Properties"];
    let text = &function["Environment"]["Variables"][POLICY_VARIABLE]["Fn::Sub"];
    let text = substitute(text.as_str().unwrap(), |token| {
        format!("shop-{}-ABCDEFGHIJKLM", token.split('.').next().unwrap())
    });
    assert!(text.len() + POLICY_VARIABLE.len() <= 4_096);
    assert!(text.len() > 3_900, "{}", text.len());
}
