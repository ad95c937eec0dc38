//! Invariants of every template.

use std::collections::BTreeSet;

use serde_json::Value;
use stack::{Queue, Recipient, Service, ServiceSource, Stack};
use template::{
    PARAMETER_ASSETS_BUCKET, PARAMETER_METRIC_FUNCTION_KEY, PARAMETER_SCALING_FUNCTION_KEY,
    PARAMETER_SERIALIZE_SCALING, names, synthesize,
};

use crate::stacks;
use crate::templates::{listed, objects, of_type, resources, statements, tokens};

fn each_template(mut check: impl FnMut(&str, &Stack, &Value)) {
    for (name, stack) in stacks::all() {
        let template = synthesize(&stack).unwrap_or_else(|error| panic!("{name}: {error}"));
        check(name, &stack, template.to_json());
    }
}

#[test]
fn every_reference_has_its_target() {
    each_template(|name, _, template| {
        let mut known: BTreeSet<&str> = resources(template).map(|(id, ..)| id).collect();
        let parameters = template["Parameters"].as_object().into_iter().flatten();
        known.extend(parameters.map(|(id, _)| id.as_str()));
        known.extend([
            "AWS::AccountId",
            "AWS::Partition",
            "AWS::Region",
            "AWS::URLSuffix",
        ]);
        known.extend([
            "AWS::StackId",
            "AWS::StackName",
            "AWS::NoValue",
            "StackSuffix",
        ]);
        let mut seen = 0;
        let mut check = |target: &str| {
            seen += 1;
            let id = target.split('.').next().unwrap();
            assert!(known.contains(id), "{name}: {target}");
        };
        objects(template, &mut |map| {
            for (key, value) in map {
                match key.as_str() {
                    "Ref" => check(value.as_str().unwrap()),
                    "Fn::GetAtt" => check(value[0].as_str().unwrap()),
                    "Fn::Sub" => {
                        let sub = value.as_str().or_else(|| value[0].as_str()).unwrap();
                        tokens(sub).iter().for_each(|token| check(token));
                    }
                    "DependsOn" => listed(value)
                        .iter()
                        // A container's own `DependsOn` contains objects that name containers.
                        .filter_map(|id| id.as_str())
                        .for_each(&mut check),
                    _ => {}
                }
            }
        });
        assert!(seen > 20, "{name}: {seen}");
    });
}

#[test]
fn only_named_resources_have_fixed_names() {
    const NAMING: &[(&str, &str)] = &[
        ("AWS::ApplicationAutoScaling::ScalingPolicy", "Name"),
        ("AWS::AutoScaling::AutoScalingGroup", "AutoScalingGroupName"),
        ("AWS::CloudWatch::Alarm", "AlarmName"),
        ("AWS::CloudWatch::Dashboard", "DashboardName"),
        ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"),
        ("AWS::EC2::SecurityGroup", "GroupName"),
        ("AWS::ECS::Cluster", "ClusterName"),
        ("AWS::ECS::Service", "ServiceName"),
        ("AWS::ECS::TaskDefinition", "Family"),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"),
        ("AWS::Events::Rule", "Name"),
        ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
        ("AWS::IAM::Role", "RoleName"),
        ("AWS::Lambda::Function", "FunctionName"),
        ("AWS::Logs::LogGroup", "LogGroupName"),
        ("AWS::SNS::Topic", "TopicName"),
    ];
    each_template(|name, stack, template| {
        let given = given_names(stack);
        for (kind, property) in NAMING {
            for (id, properties) in of_type(template, kind) {
                let fixed = &properties[property];
                let allowed = fixed.as_str().is_some_and(|fixed| given.contains(fixed));
                assert!(fixed.is_null() || allowed, "{name}: {id} is called {fixed}");
            }
        }
        for (id, properties) in of_type(template, "AWS::ECS::CapacityProvider") {
            let fixed = &properties["Name"]["Fn::Sub"];
            // The name that CloudFormation would generate starts with a prefix that ECS refuses.
            let reserved = stack.name.starts_with("ecs");
            assert_eq!(fixed.is_string(), reserved, "{name}: {id}");
        }
        let ours: BTreeSet<String> = stack
            .services
            .keys()
            .map(|short| names::scaling_dead_letter_queue(short))
            .collect();
        for (id, properties) in of_type(template, "AWS::SQS::Queue") {
            let fixed = &properties["QueueName"];
            if ours.contains(id) {
                assert!(fixed.is_null(), "{name}: {id} is called {fixed}");
                continue;
            }
            let allowed = fixed.as_str().is_some_and(|fixed| given.contains(fixed));
            // Part of the stack's ID is part of the name, so that no other stack has the same name.
            let unique = fixed["Fn::Sub"][0]
                .as_str()
                .is_some_and(|s| s.contains("${StackSuffix}"))
                && fixed["Fn::Sub"][1]["StackSuffix"]
                    .to_string()
                    .contains("AWS::StackId");
            assert!(allowed || unique, "{name}: {id} is called {fixed}");
            let fifo = properties["FifoQueue"] == true;
            let called = fixed
                .as_str()
                .or_else(|| fixed["Fn::Sub"][0].as_str())
                .unwrap();
            assert_eq!(fifo, called.ends_with(".fifo"), "{name}: {id}");
        }
    });
}

fn given_names(stack: &Stack) -> BTreeSet<&str> {
    let cluster = match &stack.cluster {
        stack::Cluster::Create { name, .. } => name.as_deref(),
        stack::Cluster::Existing { .. } => None,
    };
    let queues = stack.queues.values().filter_map(|queue| match queue {
        Queue::Create(spec) => spec.name.as_deref(),
        Queue::Existing(_) => None,
    });
    let services = stack
        .services
        .values()
        .filter_map(|service| match &service.source {
            ServiceSource::Create(spec) => spec.name.as_deref(),
            ServiceSource::Existing { .. } => None,
        });
    cluster.into_iter().chain(queues).chain(services).collect()
}

#[test]
fn only_unscaled_services_have_a_desired_count() {
    each_template(|name, stack, template| {
        for (short, service) in &stack.services {
            let resource = &template["Resources"][names::service(short)];
            match (&service.source, &service.scaling) {
                (ServiceSource::Existing { .. }, _) => assert!(resource.is_null(), "{name}"),
                (_, Some(_)) => {
                    assert_eq!(resource["Type"], "AWS::ECS::Service", "{name}");
                    assert!(
                        resource["Properties"].get("DesiredCount").is_none(),
                        "{name}"
                    );
                }
                (_, None) => {
                    assert_eq!(
                        resource["Properties"]["DesiredCount"], service.tasks.min,
                        "{name}"
                    );
                }
            }
        }
    });
}

#[test]
fn every_role_has_the_boundary_if_there_is_one() {
    let mut bounded = 0;
    each_template(|name, stack, template| {
        for (id, properties) in of_type(template, "AWS::IAM::Role") {
            let boundary = properties
                .get("PermissionsBoundary")
                .and_then(Value::as_str);
            assert_eq!(
                boundary,
                stack.permissions_boundary.as_deref(),
                "{name}: {id}"
            );
            bounded += usize::from(boundary.is_some());
        }
    });
    // In `everything` two roles for each of two services, the metric function's, and that of Slack channels; in each of the two
    // others the metric function's, two for each of seven services and one for each of four scaling
    // functions, and the one of the instances. In `containers` as in `everything`. In `hardened` two for each of two services, and
    // one for each of two functions. Each of the five has one for the schedules of pauses.
    assert_eq!(bounded, 6 + 2 * 19 + 1 + 6 + 6 + 5);
}

#[test]
fn a_star_stands_only_where_nothing_is_narrower_and_then_with_a_condition() {
    let mut stars = BTreeSet::new();
    each_template(|name, _, template| {
        for (role, _) in of_type(template, "AWS::IAM::Role") {
            let statements = statements(template, role);
            let empty = statements.is_empty();
            assert_eq!(empty, role == names::INSTANCE_ROLE, "{name}: {role}");
            for statement in statements {
                assert_eq!(statement["Effect"], "Allow");
                let actions = listed(&statement["Action"]);
                assert!(
                    actions
                        .iter()
                        .all(|action| !action.as_str().unwrap().contains('*'))
                );
                if listed(&statement["Resource"])
                    .iter()
                    .any(|resource| *resource == "*")
                {
                    assert!(statement["Condition"].is_object(), "{name}: {role}");
                    stars.extend(
                        actions
                            .iter()
                            .map(|action| action.as_str().unwrap().to_owned()),
                    );
                }
            }
        }
    });
    let expected = [
        "cloudwatch:GetMetricData",
        "cloudwatch:PutMetricData",
        "ec2:AssignPrivateIpAddresses",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
        "ecr:GetAuthorizationToken",
        "logs:DescribeLogGroups",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ];
    assert_eq!(stars, expected.map(str::to_owned).into());
}

fn has_alarm_steps(service: &Service) -> bool {
    let scaling = service.scaling.as_ref();
    scaling.is_some_and(|scaling| scaling.alarm_steps.is_some())
}

#[test]
fn the_metric_function_may_read_what_it_measures_and_nothing_else() {
    each_template(|name, stack, template| {
        let measured: Vec<_> = stack
            .services
            .values()
            .filter(|service| service.is_measured())
            .collect();
        let queues: BTreeSet<_> = measured.iter().flat_map(|s| &s.consumes).collect();
        let granted = |action: &str| {
            statements(template, names::METRIC_FUNCTION_ROLE)
                .into_iter()
                .filter(|statement| listed(&statement["Action"]).iter().any(|a| *a == action))
                .flat_map(|statement| listed(&statement["Resource"]))
                .map(Value::to_string)
                .collect::<Vec<_>>()
        };
        if measured.is_empty() {
            assert!(
                template["Resources"]
                    .get(names::METRIC_FUNCTION_ROLE)
                    .is_none(),
                "{name}"
            );
            return;
        }
        for (action, expected) in [
            ("sqs:GetQueueAttributes", queues.len()),
            ("ecs:DescribeServices", measured.len()),
        ] {
            let resources = granted(action);
            let distinct: BTreeSet<_> = resources.iter().collect();
            assert_eq!(
                (resources.len(), distinct.len()),
                (expected, expected),
                "{name}: {action}"
            );
        }
    });
}

#[test]
fn queues_refuse_plain_http_and_dead_letter_queues_strangers() {
    each_template(|name, _, template| {
        let policies = of_type(template, "AWS::SQS::QueuePolicy");
        for (id, properties) in of_type(template, "AWS::SQS::Queue") {
            let (_, policy) = policies
                .iter()
                .find(|(_, policy)| policy["Queues"][0]["Ref"] == id)
                .unwrap_or_else(|| panic!("{name}: {id} has no policy"));
            let deny = &policy["PolicyDocument"]["Statement"][0];
            assert_eq!(deny["Effect"], "Deny");
            assert_eq!(deny["Condition"]["Bool"]["aws:SecureTransport"], "false");
            let public = listed(&policy["PolicyDocument"]["Statement"])
                .into_iter()
                .filter(|one| one["Effect"] == "Allow" && one["Condition"].is_null());
            // Without a condition, it is for the identities of an account in the definition.
            for statement in public {
                let root = statement["Principal"]["AWS"]["Fn::Sub"].as_str();
                assert!(
                    root.is_some_and(|arn| arn.ends_with(":root")),
                    "{name}: {id}"
                );
            }
            if let Some(target) =
                properties["RedrivePolicy"]["deadLetterTargetArn"].get("Fn::GetAtt")
            {
                let dead_letters =
                    &template["Resources"][target[0].as_str().unwrap()]["Properties"];
                assert_eq!(
                    dead_letters["FifoQueue"], properties["FifoQueue"],
                    "{name}: {id}"
                );
                let allow = &dead_letters["RedriveAllowPolicy"];
                assert_eq!(allow["redrivePermission"], "byQueue");
                let arn = &allow["sourceQueueArns"][0]["Fn::Sub"];
                let arn = arn.as_str().or_else(|| arn[0].as_str()).unwrap();
                let called = &properties["QueueName"];
                let called = called
                    .as_str()
                    .or_else(|| called["Fn::Sub"][0].as_str())
                    .unwrap();
                assert_eq!(arn.rsplit(':').next(), Some(called), "{name}: {id}");
            }
        }
    });
}

#[test]
fn parameters_are_those_that_the_functions_need() {
    each_template(|name, stack, template| {
        let any = |is: fn(&Service) -> bool| stack.services.values().any(is);
        let measured = any(Service::is_measured);
        let steps = any(Service::has_scaling_function);
        let declared: Vec<_> = synthesize(stack).unwrap().parameters().to_vec();
        let mut expected = Vec::new();
        if measured || steps {
            expected.push(PARAMETER_ASSETS_BUCKET);
        }
        if measured {
            expected.push(PARAMETER_METRIC_FUNCTION_KEY);
        }
        if steps {
            expected.extend([PARAMETER_SCALING_FUNCTION_KEY, PARAMETER_SERIALIZE_SCALING]);
        }
        assert_eq!(declared, expected, "{name}");
        let in_template = template["Parameters"]
            .as_object()
            .map_or(0, serde_json::Map::len);
        assert_eq!(in_template, declared.len(), "{name}");
    });
}

#[test]
fn the_same_stack_gives_the_same_bytes() {
    for (name, stack) in stacks::all() {
        let (first, second) = (synthesize(&stack).unwrap(), synthesize(&stack).unwrap());
        assert_eq!(first.body(), second.body(), "{name}");
        let parsed: Value = serde_json::from_str(first.body()).unwrap();
        assert_eq!(&parsed, first.to_json(), "{name}");
    }
}

#[test]
fn alarms_act_on_the_topic_when_somebody_is_to_be_notified() {
    each_template(|name, stack, template| {
        let alarms = of_type(template, "AWS::CloudWatch::Alarm");
        assert!(!alarms.is_empty() || name == "unscaled", "{name}");
        for (id, alarm) in alarms {
            let (rings, ends) = (
                &alarm["AlarmActions"][0]["Ref"],
                &alarm["OKActions"][0]["Ref"],
            );
            match scales(stack, id) {
                // It acts on the topic, for the scaling function, or on a policy; a return to OK needs no
                // notification.
                Some(acts) => {
                    assert_eq!(*rings, acts, "{name}: {id}");
                    assert!(ends.is_null(), "{name}: {id}");
                }
                None => {
                    let acts = *rings == names::ALARM_TOPIC && *ends == names::ALARM_TOPIC;
                    assert_eq!(acts, stack.has_subscribers(), "{name}: {id}");
                    let actions = listed(&alarm["AlarmActions"]);
                    let theirs: Vec<_> = actions.iter().filter_map(|arn| arn.as_str()).collect();
                    assert_eq!(
                        theirs,
                        stack.alarm_topics().collect::<Vec<_>>(),
                        "{name}: {id}"
                    );
                }
            }
            let description = alarm["AlarmDescription"].as_str().unwrap();
            assert!(
                description.starts_with(&format!("Stack {}: ", stack.name)),
                "{description}"
            );
        }
        let subscribed: BTreeSet<_> = of_type(template, "AWS::SNS::Subscription")
            .iter()
            .filter(|(_, subscription)| subscription["Protocol"] == "email")
            .map(|(_, subscription)| subscription["Endpoint"].as_str().unwrap())
            .collect();
        assert_eq!(subscribed, addresses(stack), "{name}");
    });
}

fn addresses(stack: &Stack) -> BTreeSet<&str> {
    let recipients = stack.notify.iter();
    recipients
        .filter_map(|recipient| match recipient {
            Recipient::Email(address) => Some(address.as_str()),
            Recipient::Topic(_) | Recipient::Slack { .. } => None,
        })
        .collect()
}

/// The target of the alarm with this logical ID, if it is one that scales.
fn scales(stack: &Stack, id: &str) -> Option<String> {
    let alarms = |(short, service): (&String, &Service)| {
        let (out, r#in) = match has_alarm_steps(service) {
            true => (names::ALARM_TOPIC.to_owned(), names::ALARM_TOPIC.to_owned()),
            false => (
                names::scale_out_policy(short),
                names::scale_in_policy(short),
            ),
        };
        [
            (names::scale_out_alarm(short), out),
            (names::scale_in_alarm(short), r#in),
            (names::wake_alarm(short), names::wake_policy(short)),
        ]
    };
    let mut alarms = stack.services.iter().flat_map(alarms);
    alarms.find_map(|(alarm, acts)| (alarm == id).then_some(acts))
}

/// A new alarm on a metric that hasn't been published yet would go into ALARM: see `metric_silent`.
#[test]
fn alarms_on_silence_are_made_after_all_that_the_metric_needs() {
    let mut seen = 0;
    each_template(|name, stack, template| {
        let permissions: BTreeSet<&str> = of_type(template, "AWS::Lambda::Permission")
            .into_iter()
            .map(|(id, _)| id)
            .filter(|id| id.starts_with("MetricRule"))
            .collect();
        let measured = stack.services.iter().filter(|(_, s)| s.is_measured());
        for (short, service) in measured.filter(|(_, s)| s.demand().is_none()) {
            for queue in &service.consumes {
                let alarm = &template["Resources"][names::metric_silent_alarm(short, queue)];
                assert_eq!(
                    alarm["Properties"]["TreatMissingData"], "breaching",
                    "{name}"
                );
                let after: BTreeSet<&str> = listed(&alarm["DependsOn"])
                    .into_iter()
                    .map(|id| id.as_str().unwrap())
                    .collect();
                let policy = names::scaling_policy(short);
                let expected = permissions.iter().copied().chain([policy.as_str()]);
                assert_eq!(after, expected.collect(), "{name}: {short}");
                seen += 1;
            }
        }
    });
    assert!(seen > 130, "{seen}");
}

#[test]
fn secrets_are_decrypted_through_their_store_alone() {
    let template = synthesize(&stacks::everything()).unwrap();
    let decrypt: Vec<&Value> = statements(template.to_json(), "WorkerExecutionRole")
        .into_iter()
        .filter(|statement| {
            listed(&statement["Action"])
                .iter()
                .any(|a| *a == "kms:Decrypt")
        })
        .collect();
    let through: Vec<&Value> = decrypt
        .iter()
        .map(|statement| &statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"])
        .collect();
    let of = |store: &str| format!("{store}.us-west-2.${{AWS::URLSuffix}}");
    assert_eq!(through, [&of("secretsmanager"), &of("ssm")]);
    for statement in decrypt {
        assert_eq!(
            statement["Resource"],
            "arn:aws:kms:us-west-2:111122223333:key/*"
        );
    }
}

#[test]
fn statement_ids_are_unique_in_a_policy() {
    each_template(|name, _, template| {
        objects(template, &mut |map| {
            let Some(all) = map.get("Statement").and_then(Value::as_array) else {
                return;
            };
            let ids: Vec<&str> = all.iter().filter_map(|one| one["Sid"].as_str()).collect();
            let distinct: BTreeSet<&&str> = ids.iter().collect();
            assert_eq!(ids.len(), distinct.len(), "{name}: {ids:?}");
        });
    });
}

/// Tasks can reach the internet while they run, and none of their dependencies is deleted before them.
#[test]
fn services_stand_on_their_network_and_capacity() {
    let depends = |stack: &Stack, short: &str| -> BTreeSet<String> {
        let template = synthesize(stack).unwrap();
        let service = &template.to_json()["Resources"][names::service(short)];
        let after = listed(&service["DependsOn"]).into_iter();
        after
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect()
    };
    let minimal = stacks::with(
        "own",
        vec![("a", Queue::Create(stacks::queue()))],
        vec![("w", stacks::created(stacks::spec(), &["a"]))],
    );
    let network = [
        names::CAPACITY_PROVIDERS,
        names::PUBLIC_ROUTE,
        "PublicSubnet1RouteTable",
        "PublicSubnet2RouteTable",
    ];
    assert_eq!(depends(&minimal, "w"), network.map(str::to_owned).into());
    let route = synthesize(&minimal).unwrap();
    let route = &route.to_json()["Resources"][names::PUBLIC_ROUTE];
    assert_eq!(route["DependsOn"][0], "InternetGatewayAttachment");
    let spot = [names::CAPACITY_PROVIDERS.to_owned()];
    assert_eq!(depends(&stacks::everything(), "worker"), spot.into());
}
