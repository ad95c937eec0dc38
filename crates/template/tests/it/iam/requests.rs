//! CloudFormation's requests for the resources of a stack, action by action.

use serde_json::Value;
use template::permissions::list_handler_actions;

use super::Request;
use super::world::{World, arn, global};
use crate::templates::of_type;

const STACK_NAME: &str = "aws:ResourceTag/aws:cloudformation:stack-name";

/// CloudFormation's requests while it creates, changes, reads, and deletes the stack's resources.
pub(super) fn needed(world: &World) -> Vec<Request> {
    let handlers = list_handler_actions();
    let mut all = Vec::new();
    for (id, kind) in world.template.resources() {
        let namespace = &world.resource(id).1["ServiceConnectConfiguration"]["Namespace"];
        if let Some(namespace) = namespace.as_str() {
            all.push(Request::new("servicediscovery:GetNamespace", namespace));
        }
        for action in handlers[kind] {
            for request in requests(world, id, kind, action) {
                if !all.contains(&request) {
                    all.push(request);
                }
            }
        }
    }
    all
}

fn requests(world: &World, id: &str, kind: &str, action: &str) -> Vec<Request> {
    let (service, name) = action.split_once(':').unwrap();
    let on = |resource: String| vec![Request::new(action, resource)];
    let everything = || on("*".to_owned());
    let reads = name.starts_with("Describe");
    match service {
        "application-autoscaling" => scaling(action, name),
        "autoscaling" if reads => everything(),
        "autoscaling" => {
            let name = world.name("AutoScalingGroup");
            on(arn(
                "autoscaling",
                &format!("autoScalingGroup:1b2c:autoScalingGroupName/{name}"),
            ))
        }
        "chatbot" if reads || name.starts_with("Create") || name.starts_with("List") => {
            everything()
        }
        "chatbot" => {
            let (_, properties) = world.resource(id);
            let name = properties["ConfigurationName"].as_str().unwrap();
            let channel = format!("chat-configuration/slack-channel/{name}");
            on(global("chatbot", &channel))
        }
        "cloudwatch" => metrics(world, id, kind, action),
        "ec2" => network(world, id, kind, action),
        "ecs" => containers(world, id, kind, action),
        "elasticloadbalancing" => balancers(world, kind, action),
        "iam" => identities(world, id, kind, action),
        "events" | "lambda" => {
            let (_, properties) = world.resource(id);
            let function = world.resolve(&properties["FunctionName"]);
            match function.as_str() {
                Some(name) if kind != "AWS::Lambda::Function" => {
                    let name = name.rsplit(':').next().unwrap();
                    on(arn("lambda", &format!("function:{name}")))
                }
                _ => on(world.arn(id)),
            }
        }
        "logs" if name == "DescribeLogGroups" => everything(),
        "logs" => on(arn("logs", &format!("log-group:{}", world.name(id)))),
        "s3" => on(format!(
            "arn:aws:s3:::{}/functions/a.zip",
            world.assets_bucket()
        )),
        "scheduler" if name == "DeleteSchedule" => on(arn(
            "scheduler",
            &format!("schedule/{}/worker", world.name(id)),
        )),
        "scheduler" => on(world.arn(id)),
        "sns" => topics(world, id, kind, action),
        "wafv2" => {
            let (_, properties) = world.resource(id);
            on(match name {
                "DisassociateWebACL" => {
                    arn("elasticloadbalancing", "loadbalancer/app/shop/0a1b2c3d")
                }
                _ => properties["WebACLArn"].as_str().unwrap().to_owned(),
            })
        }
        "sqs" => {
            let queue = match kind {
                "AWS::SQS::QueuePolicy" => {
                    let (_, properties) = world.resource(id);
                    properties["Queues"][0]["Ref"].as_str().unwrap()
                }
                _ => id,
            };
            on(world.arn(queue))
        }
        // The parameter is AWS's: its ARN has no account, which the simulator's data doesn't have.
        "ssm" => Vec::new(),
        _ => panic!("{action}"),
    }
}

fn scaling(action: &str, name: &str) -> Vec<Request> {
    if name.starts_with("Describe") {
        return vec![Request::new(action, "*")];
    }
    let target = arn("application-autoscaling", "scalable-target/0ec5abcd1234");
    let request = Request::new(action, target);
    let known = !name.to_lowercase().contains("tag");
    vec![if known {
        request
            .with("application-autoscaling:service-namespace", "ecs")
            .with(
                "application-autoscaling:scalable-dimension",
                "ecs:service:DesiredCount",
            )
    } else {
        request
    }]
}

fn metrics(world: &World, id: &str, kind: &str, action: &str) -> Vec<Request> {
    let resource = match (kind, action) {
        (_, "cloudwatch:GetMetricData" | "cloudwatch:DescribeAlarms") => "*".to_owned(),
        ("AWS::CloudWatch::Alarm", _) => world.arn(id),
        // CloudFormation names a dashboard only after its logical ID.
        ("AWS::CloudWatch::Dashboard", _) => {
            global("cloudwatch", &format!("dashboard/{id}-aBcDeF123456"))
        }
        _ => {
            let (_, properties) = world.resource(id);
            let service = world.resolve(&properties["ResourceId"]);
            let name = format!(
                "alarm:TargetTracking-{}-AlarmHigh-0a1b",
                service.as_str().unwrap()
            );
            arn("cloudwatch", &name)
        }
    };
    vec![Request::new(action, resource)]
}

/// Requests about a network name each resource that they affect.
fn network(world: &World, id: &str, kind: &str, action: &str) -> Vec<Request> {
    let name = action.trim_start_matches("ec2:");
    let ours = |resource: &str| {
        Request::new(action, arn("ec2", resource)).with(STACK_NAME, world.stack.name.as_str())
    };
    let new = |resource: &str| Request::new(action, arn("ec2", resource));
    let own = match kind {
        "AWS::EC2::FlowLog" => "vpc-flow-log/fl-0a1b2c3d",
        "AWS::EC2::InternetGateway" => "internet-gateway/igw-0a1b2c3d",
        "AWS::EC2::RouteTable" => "route-table/rtb-0a1b2c3d",
        "AWS::EC2::Subnet" => "subnet/subnet-0a1b2c3d",
        "AWS::EC2::VPC" => "vpc/vpc-0a1b2c3d",
        _ => "security-group/sg-0a1b2c3d",
    };
    let (_, properties) = world.resource(id);
    let vpc = match properties["VpcId"].as_str() {
        Some(theirs) => new(&format!("vpc/{theirs}")),
        None => ours("vpc/vpc-0a1b2c3d"),
    };
    match name {
        "DescribeVpcAttribute" => vec![new("vpc/vpc-0a1b2c3d")],
        _ if name.starts_with("Describe") => vec![Request::new(action, "*")],
        "RunInstances" => launch(action),
        "CreateTags" | "DeleteTags" if kind == "AWS::EC2::LaunchTemplate" => Vec::new(),
        "CreateLaunchTemplate" | "CreateLaunchTemplateVersion" | "DeleteLaunchTemplate" => {
            vec![new("launch-template/lt-0a1b2c3d")]
        }
        "CreateVpc" | "CreateInternetGateway" => vec![new(own)],
        "CreateSubnet" | "CreateRouteTable" | "CreateSecurityGroup" | "CreateFlowLogs" => {
            vec![new(own), vpc]
        }
        "CreateTags" => {
            let made = format!("Create{}", kind.rsplit(':').next().unwrap());
            let made = made.replace("VPC", "Vpc").replace("FlowLog", "FlowLogs");
            vec![new(own).with("ec2:CreateAction", made), ours(own)]
        }
        "CreateRoute" | "ReplaceRoute" | "DeleteRoute" => vec![ours("route-table/rtb-0a1b2c3d")],
        "AssociateRouteTable" | "ReplaceRouteTableAssociation" | "DisassociateRouteTable" => {
            vec![
                ours("route-table/rtb-0a1b2c3d"),
                ours("subnet/subnet-0a1b2c3d"),
            ]
        }
        "AttachInternetGateway" | "DetachInternetGateway" => {
            vec![
                ours("internet-gateway/igw-0a1b2c3d"),
                ours("vpc/vpc-0a1b2c3d"),
            ]
        }
        "AuthorizeSecurityGroupEgress" | "AuthorizeSecurityGroupIngress" => {
            vec![ours(own), new("security-group-rule/sgr-0a1b2c3d")]
        }
        _ => vec![ours(own)],
    }
}

fn launch(action: &str) -> Vec<Request> {
    let template = arn("ec2", "launch-template/lt-0a1b2c3d");
    let parts = [
        arn("ec2", "instance/i-0a1b2c3d"),
        arn("ec2", "network-interface/eni-0a1b2c3d"),
        arn("ec2", "security-group/sg-0a1b2c3d"),
        arn("ec2", "subnet/subnet-0a1b2c3d"),
        arn("ec2", "volume/vol-0a1b2c3d"),
        "arn:aws:ec2:us-west-2::image/ami-0a1b2c3d".to_owned(),
        template.clone(),
    ];
    let request =
        |part: String| Request::new(action, part).with("ec2:LaunchTemplate", template.as_str());
    parts.into_iter().map(request).collect()
}

fn containers(world: &World, id: &str, kind: &str, action: &str) -> Vec<Request> {
    let on = |resource: String| Request::new(action, resource);
    let name = action.trim_start_matches("ecs:");
    match (kind, name) {
        (_, "DeregisterTaskDefinition" | "DescribeTaskDefinition") => vec![on("*".into())],
        ("AWS::ECS::ClusterCapacityProviderAssociations", "DescribeCapacityProviders") => {
            vec![on(arn("ecs", "capacity-provider/FARGATE"))]
        }
        ("AWS::ECS::ClusterCapacityProviderAssociations", _) => vec![on(world.arn("Cluster"))],
        ("AWS::ECS::Service", "DescribeServiceDeployments" | "StopServiceDeployment") => {
            let service = world.arn(id);
            let deployment = service.replace(":service/", ":service-deployment/");
            vec![on(format!("{deployment}/0a1b2c3d4e5f"))]
        }
        _ => vec![on(world.arn(id))],
    }
}

fn balancers(world: &World, kind: &str, action: &str) -> Vec<Request> {
    let name = action.trim_start_matches("elasticloadbalancing:");
    let short = "sampl-Sampl-1A2B3C4D5E6F";
    let own = match kind.rsplit(':').next().unwrap() {
        "Listener" => format!("listener/app/{short}/0a1b2c3d4e5f/1a2b3c4d5e6f"),
        "LoadBalancer" | "WebACLAssociation" => format!("loadbalancer/app/{short}/0a1b2c3d4e5f"),
        _ => format!("targetgroup/{short}/0a1b2c3d4e5f"),
    };
    let own = arn("elasticloadbalancing", &own);
    let balancer = arn(
        "elasticloadbalancing",
        &format!("loadbalancer/app/{short}/0a1b2c3d4e5f"),
    );
    let ours =
        |resource: &str| Request::new(action, resource).with(STACK_NAME, world.stack.name.as_str());
    match name {
        _ if name.starts_with("Describe") || name == "SetWebACL" => vec![Request::new(action, "*")],
        "CreateLoadBalancer" | "CreateTargetGroup" => vec![Request::new(action, own)],
        "CreateListener" => vec![ours(&balancer)],
        // The simulator's data has these two only for load balancers.
        "AddTags" | "RemoveTags" if !own.contains(":loadbalancer/") => Vec::new(),
        "AddTags" => {
            let made = format!("Create{}", kind.rsplit(':').next().unwrap());
            let new =
                Request::new(action, own.as_str()).with("elasticloadbalancing:CreateAction", made);
            vec![new, ours(&own)]
        }
        _ => vec![ours(&own)],
    }
}

fn identities(world: &World, id: &str, kind: &str, action: &str) -> Vec<Request> {
    let name = action.trim_start_matches("iam:");
    let bounded = |request: Request| match &world.stack.permissions_boundary {
        Some(boundary) => request.with("iam:PermissionsBoundary", boundary.as_str()),
        None => request,
    };
    match name {
        "CreateServiceLinkedRole" => linked_roles(kind, action),
        "PassRole" => passed_roles(world, kind, action),
        // Never while a boundary is set.
        "DeleteRolePermissionsBoundary" if world.stack.permissions_boundary.is_some() => Vec::new(),
        "CreateRole" | "PutRolePolicy" | "DeleteRolePolicy" => {
            vec![bounded(Request::new(action, world.arn(id)))]
        }
        "PutRolePermissionsBoundary" => {
            let request = bounded(Request::new(action, world.arn(id)));
            Vec::from_iter((!request.context.is_empty()).then_some(request))
        }
        "AttachRolePolicy" | "DetachRolePolicy" => attachments(world, id, kind, action)
            .into_iter()
            .map(bounded)
            .collect(),
        "AddRoleToInstanceProfile" | "RemoveRoleFromInstanceProfile" => {
            vec![Request::new(action, world.arn(id))]
        }
        "GetRole" if kind != "AWS::IAM::Role" => {
            let roles = world.ids_of("AWS::IAM::Role").into_iter();
            roles
                .map(|role| Request::new(action, world.arn(&role)))
                .collect()
        }
        _ => vec![Request::new(action, world.arn(id))],
    }
}

fn linked_roles(kind: &str, action: &str) -> Vec<Request> {
    let service = match kind {
        "AWS::AutoScaling::AutoScalingGroup" => "autoscaling.amazonaws.com",
        "AWS::ECS::Cluster" => "ecs.amazonaws.com",
        "AWS::Chatbot::SlackChannelConfiguration" => "management.chatbot.amazonaws.com",
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => "elasticloadbalancing.amazonaws.com",
        _ => "ecs.application-autoscaling.amazonaws.com",
    };
    let role = global(
        "iam",
        &format!("role/aws-service-role/{service}/AWSServiceRole"),
    );
    vec![Request::new(action, role)]
}

/// The roles that a resource names, with the service that will assume them.
fn passed_roles(world: &World, kind: &str, action: &str) -> Vec<Request> {
    let service = match kind {
        "AWS::Lambda::Function" => "lambda.amazonaws.com",
        "AWS::Chatbot::SlackChannelConfiguration" => "chatbot.amazonaws.com",
        "AWS::AutoScaling::AutoScalingGroup"
        | "AWS::EC2::LaunchTemplate"
        | "AWS::IAM::InstanceProfile" => "ec2.amazonaws.com",
        _ => "ecs-tasks.amazonaws.com",
    };
    let trusted = |role: &String| {
        let (_, properties) = world.resource(role);
        properties["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"] == service
    };
    let roles = world.ids_of("AWS::IAM::Role").into_iter().filter(trusted);
    let mut arns: Vec<String> = roles.map(|role| world.arn(&role)).collect();
    if kind == "AWS::ECS::TaskDefinition" {
        for (_, task) in of_type(world.template.to_json(), kind) {
            let named = [&task["TaskRoleArn"], &task["ExecutionRoleArn"]];
            arns.extend(
                named
                    .into_iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
        }
    }
    arns.into_iter()
        .map(|role| Request::new(action, role).with("iam:PassedToService", service))
        .collect()
}

fn attachments(world: &World, id: &str, kind: &str, action: &str) -> Vec<Request> {
    if kind == "AWS::IAM::ManagedPolicy" {
        let roles = world.ids_of("AWS::IAM::Role").into_iter();
        return roles
            .map(|role| Request::new(action, world.arn(&role)).with("iam:PolicyARN", world.arn(id)))
            .collect();
    }
    let (_, properties) = world.resource(id);
    let managed = world.resolve(&properties["ManagedPolicyArns"]);
    let policies = managed.as_array().into_iter().flatten().map(Value::as_str);
    policies
        .map(|policy| Request::new(action, world.arn(id)).with("iam:PolicyARN", policy.unwrap()))
        .collect()
}

fn topics(world: &World, id: &str, kind: &str, action: &str) -> Vec<Request> {
    let (_, properties) = world.resource(id);
    let topic = match kind {
        "AWS::SNS::Topic" => world.arn(id),
        "AWS::SNS::TopicPolicy" => world
            .resolve(&properties["Topics"][0])
            .as_str()
            .unwrap()
            .to_owned(),
        _ => world
            .resolve(&properties["TopicArn"])
            .as_str()
            .unwrap()
            .to_owned(),
    };
    let request = Request::new(action, topic);
    vec![match action {
        "sns:Subscribe" => request
            .with("sns:Protocol", properties["Protocol"].clone())
            .with("sns:Endpoint", world.resolve(&properties["Endpoint"])),
        _ => request,
    }]
}
