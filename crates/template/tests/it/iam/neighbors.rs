//! What isn't the stack's stays out of reach: other teams' resources, and ways to more permissions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::deploy::{policies, worlds};
use super::world::{arn, global};
use super::{Request, expect_all, simulator};

const STACK_NAME: &str = "aws:ResourceTag/aws:cloudformation:stack-name";
const BOUNDARY: &str = crate::stacks::BOUNDARY;

/// Each is asked directly and through CloudFormation, and of the role of CloudFormation.
fn neighbors() -> Vec<Request> {
    [
        queues_and_topics(),
        containers(),
        scaling(),
        networks(),
        balancers(),
        instances(),
        functions(),
        identities(),
        data(),
    ]
    .concat()
}

fn on(action: &str, resource: impl Into<String>) -> Request {
    Request::new(action, resource)
}

fn queues_and_topics() -> Vec<Request> {
    let queue = arn("sqs", "payments");
    let topic = arn("sns", "payments");
    let mut all: Vec<Request> = [
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
        "sqs:PurgeQueue",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "sqs:DeleteMessage",
        "sqs:AddPermission",
    ]
    .map(|action| on(action, queue.as_str()))
    .into();
    all.extend(
        [
            "sns:DeleteTopic",
            "sns:SetTopicAttributes",
            "sns:Publish",
            "sns:Unsubscribe",
            "sns:SetSubscriptionAttributes",
            "sns:TagResource",
        ]
        .map(|action| on(action, topic.as_str())),
    );
    let subscribe = |protocol: &str, endpoint: &str| {
        on("sns:Subscribe", topic.as_str())
            .with("sns:Protocol", protocol)
            .with("sns:Endpoint", endpoint)
    };
    all.push(subscribe("sqs", &queue));
    all.push(subscribe("https", "https://example.com/listen"));
    all.push(subscribe("email", "somebody@example.com"));
    // A topic that the definition names: its messages go to the stack's queues alone.
    let theirs = "arn:aws:sns:eu-central-1:444455556666:jobs";
    all.push(
        on("sns:Subscribe", theirs)
            .with("sns:Protocol", "https")
            .with("sns:Endpoint", "https://example.com/listen"),
    );
    all.push(
        on("sns:Subscribe", theirs)
            .with("sns:Protocol", "sqs")
            .with("sns:Endpoint", queue),
    );
    all
}

fn containers() -> Vec<Request> {
    let cluster = arn("ecs", "cluster/payments");
    let service = arn("ecs", "service/payments/api");
    let mut all: Vec<Request> = [
        "ecs:UpdateService",
        "ecs:DeleteService",
        "ecs:CreateService",
        "ecs:TagResource",
        "ecs:StopServiceDeployment",
    ]
    .map(|action| on(action, service.as_str()))
    .into();
    all.extend(
        [
            "ecs:DeleteCluster",
            "ecs:UpdateCluster",
            "ecs:PutClusterCapacityProviders",
            "ecs:DeregisterContainerInstance",
        ]
        .map(|action| on(action, cluster.as_str())),
    );
    // In the clusters that the definitions name, too.
    all.extend(["shared", "their-cluster"].map(|cluster| {
        on(
            "ecs:DeleteService",
            arn("ecs", &format!("service/{cluster}/api")),
        )
    }));
    all.extend(["shared", "their-cluster"].map(|cluster| {
        on(
            "ecs:PutClusterCapacityProviders",
            arn("ecs", &format!("cluster/{cluster}")),
        )
    }));
    all.push(on("ecs:StopTask", arn("ecs", "task/payments/0a1b2c3d")));
    all.push(
        on("ecs:StopTask", arn("ecs", "task/shared/0a1b2c3d"))
            .with("aws:ResourceTag/ecs-scaler:stack", "payments"),
    );
    all.push(on("ecs:RunTask", arn("ecs", "task-definition/payments:1")));
    all.push(on(
        "ecs:RegisterTaskDefinition",
        arn("ecs", "task-definition/payments:1"),
    ));
    all.push(on(
        "ecs:ExecuteCommand",
        arn("ecs", "task/payments/0a1b2c3d"),
    ));
    all.push(on(
        "ecs:DeleteCapacityProvider",
        arn("ecs", "capacity-provider/payments"),
    ));
    all
}

fn scaling() -> Vec<Request> {
    let target = |action: &str, namespace: &str, dimension: &str| {
        on(
            action,
            arn("application-autoscaling", "scalable-target/0ec5abcd1234"),
        )
        .with("application-autoscaling:service-namespace", namespace)
        .with("application-autoscaling:scalable-dimension", dimension)
    };
    let table = ("dynamodb", "dynamodb:table:WriteCapacityUnits");
    let database = ("rds", "rds:cluster:ReadReplicaCount");
    let function = ("lambda", "lambda:function:ProvisionedConcurrency");
    let mut all = Vec::new();
    for (namespace, dimension) in [table, database, function] {
        all.push(target(
            "application-autoscaling:RegisterScalableTarget",
            namespace,
            dimension,
        ));
        all.push(target(
            "application-autoscaling:DeregisterScalableTarget",
            namespace,
            dimension,
        ));
        all.push(target(
            "application-autoscaling:PutScalingPolicy",
            namespace,
            dimension,
        ));
        all.push(target(
            "application-autoscaling:DeleteScalingPolicy",
            namespace,
            dimension,
        ));
    }
    all.push(on(
        "cloudwatch:DeleteAlarms",
        arn("cloudwatch", "alarm:payments-down"),
    ));
    all.push(on(
        "cloudwatch:PutMetricAlarm",
        arn("cloudwatch", "alarm:payments-down"),
    ));
    let tracked = "alarm:TargetTracking-service/payments/api-AlarmHigh-0a1b";
    all.push(on("cloudwatch:DeleteAlarms", arn("cloudwatch", tracked)));
    let table = "alarm:TargetTracking-table/payments-ProvisionedCapacityHigh-0a1b";
    all.push(on("cloudwatch:DeleteAlarms", arn("cloudwatch", table)));
    all.push(on(
        "cloudwatch:DeleteDashboards",
        global("cloudwatch", "dashboard/payments"),
    ));
    all.push(on(
        "cloudwatch:PutDashboard",
        global("cloudwatch", "dashboard/payments"),
    ));
    all
}

/// Theirs carries their stack's name, or none.
fn networks() -> Vec<Request> {
    let theirs = |action: &str, resource: &str| {
        on(action, arn("ec2", resource)).with(STACK_NAME, "payments")
    };
    let group = "security-group/sg-9f8e7d6c";
    let table = "route-table/rtb-9f8e7d6c";
    let mut all: Vec<Request> = [
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:DeleteSecurityGroup",
        "ec2:CreateTags",
    ]
    .map(|action| theirs(action, group))
    .into();
    all.extend(
        [
            "ec2:CreateRoute",
            "ec2:ReplaceRoute",
            "ec2:DeleteRoute",
            "ec2:DeleteRouteTable",
        ]
        .map(|action| theirs(action, table)),
    );
    all.extend([
        on("ec2:AuthorizeSecurityGroupIngress", arn("ec2", group)),
        on("ec2:CreateRoute", arn("ec2", table)),
        on("ec2:CreateTags", arn("ec2", group)),
        on("ec2:CreateTags", arn("ec2", group)).with("ec2:CreateAction", "RunInstances"),
        on("ec2:DeleteTags", arn("ec2", group)),
        on("ec2:CreateSecurityGroup", arn("ec2", "vpc/vpc-9f8e7d6c")),
        theirs("ec2:DeleteVpc", "vpc/vpc-9f8e7d6c"),
        theirs("ec2:DeleteSubnet", "subnet/subnet-9f8e7d6c"),
        theirs("ec2:AssociateRouteTable", "subnet/subnet-9f8e7d6c"),
        theirs("ec2:DetachInternetGateway", "internet-gateway/igw-9f8e7d6c"),
        theirs("ec2:ModifyVpcAttribute", "vpc/vpc-9f8e7d6c"),
    ]);
    all
}

fn balancers() -> Vec<Request> {
    let balancer = arn(
        "elasticloadbalancing",
        "loadbalancer/app/payments/9f8e7d6c5b4a",
    );
    let group = arn("elasticloadbalancing", "targetgroup/payments/9f8e7d6c5b4a");
    let listener = arn(
        "elasticloadbalancing",
        "listener/app/payments/9f8e7d6c5b4a/8e7d6c5b4a39",
    );
    vec![
        on("elasticloadbalancing:DeleteLoadBalancer", balancer.as_str())
            .with(STACK_NAME, "payments"),
        on("elasticloadbalancing:CreateListener", balancer.as_str()),
        on("elasticloadbalancing:SetSecurityGroups", balancer.as_str())
            .with(STACK_NAME, "payments"),
        on("elasticloadbalancing:AddTags", balancer),
        on("elasticloadbalancing:ModifyListener", listener.as_str()).with(STACK_NAME, "payments"),
        on("elasticloadbalancing:DeleteListener", listener),
        on("elasticloadbalancing:DeleteTargetGroup", group.as_str()).with(STACK_NAME, "payments"),
        on("elasticloadbalancing:RegisterTargets", group).with(STACK_NAME, "payments"),
    ]
}

fn instances() -> Vec<Request> {
    let group = arn(
        "autoscaling",
        "autoScalingGroup:9f8e:autoScalingGroupName/payments",
    );
    vec![
        on("autoscaling:DeleteAutoScalingGroup", group.as_str()),
        on("autoscaling:UpdateAutoScalingGroup", group.as_str()),
        on("autoscaling:SuspendProcesses", group),
        on("ec2:TerminateInstances", arn("ec2", "instance/i-9f8e7d6c")),
        on("ec2:RunInstances", arn("ec2", "instance/i-9f8e7d6c")),
        on(
            "ssm:GetParameters",
            arn("ssm", "parameter/payments/password"),
        ),
        on("ssm:SendCommand", arn("ec2", "instance/i-9f8e7d6c")),
    ]
}

fn functions() -> Vec<Request> {
    let function = arn("lambda", "function:payments-charge");
    let mut all: Vec<Request> = [
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:DeleteFunction",
        "lambda:AddPermission",
        "lambda:InvokeFunction",
        "lambda:PutFunctionConcurrency",
    ]
    .map(|action| on(action, function.as_str()))
    .into();
    all.extend([
        on("events:PutTargets", arn("events", "rule/payments-nightly")),
        on("events:DeleteRule", arn("events", "rule/payments-nightly")),
        on("logs:DeleteLogGroup", arn("logs", "log-group:payments-api")),
        on(
            "logs:PutRetentionPolicy",
            arn("logs", "log-group:payments-api"),
        ),
    ]);
    all
}

/// Ways to permissions that nobody gave.
fn identities() -> Vec<Request> {
    let admin = global("iam", "role/administrator");
    let mut all: Vec<Request> = [
        "iam:PutRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:TagRole",
    ]
    .map(|action| on(action, admin.as_str()))
    .into();
    all.extend([
        on("iam:CreateRole", global("iam", "role/anything"))
            .with("iam:PermissionsBoundary", BOUNDARY),
        on("iam:PutRolePermissionsBoundary", admin.as_str())
            .with("iam:PermissionsBoundary", BOUNDARY),
        on("iam:AttachRolePolicy", admin.as_str()).with(
            "iam:PolicyARN",
            "arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        on("iam:PassRole", admin.as_str()).with("iam:PassedToService", "ecs-tasks.amazonaws.com"),
        on("iam:PassRole", admin.as_str()).with("iam:PassedToService", "lambda.amazonaws.com"),
        on("iam:CreateUser", global("iam", "user/somebody")),
        on("iam:CreateAccessKey", global("iam", "user/somebody")),
        on("iam:PutUserPolicy", global("iam", "user/somebody")),
        on("iam:AttachUserPolicy", global("iam", "user/somebody")),
        on("iam:CreatePolicyVersion", global("iam", "policy/payments")),
        on("iam:CreatePolicyVersion", BOUNDARY),
        on("iam:DeletePolicyVersion", BOUNDARY),
        on("iam:SetDefaultPolicyVersion", BOUNDARY),
        on("iam:DeletePolicy", BOUNDARY),
        on(
            "iam:CreateServiceLinkedRole",
            global(
                "iam",
                "role/aws-service-role/organizations.amazonaws.com/AWSServiceRole",
            ),
        ),
        on(
            "iam:AddRoleToInstanceProfile",
            global("iam", "instance-profile/payments"),
        ),
        on("sts:AssumeRole", admin),
    ]);
    all
}

fn data() -> Vec<Request> {
    let stack = arn("cloudformation", "stack/payments/0a1b2c3d");
    let mut all: Vec<Request> = [
        "cloudformation:DeleteStack",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:UpdateTerminationProtection",
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteChangeSet",
    ]
    .map(|action| on(action, stack.as_str()))
    .into();
    all.extend([
        on("s3:GetObject", "arn:aws:s3:::payments/ledger.csv"),
        on("s3:PutObject", "arn:aws:s3:::payments/ledger.csv"),
        on(
            "s3:DeleteBucket",
            "arn:aws:s3:::ecs-scaler-assets-111122223333-us-west-2",
        ),
        on(
            "s3:DeleteObject",
            "arn:aws:s3:::ecs-scaler-assets-111122223333-us-west-2/a.zip",
        ),
        on("s3:PutBucketPolicy", "arn:aws:s3:::payments"),
        on(
            "secretsmanager:GetSecretValue",
            arn("secretsmanager", "secret:payments-AbCdEf"),
        ),
        on("kms:Decrypt", arn("kms", "key/9f8e7d6c")),
        on("dynamodb:DeleteTable", arn("dynamodb", "table/payments")),
        on("ecr:PutImage", arn("ecr", "repository/payments")),
    ]);
    all
}

#[test]
fn what_is_not_the_stacks_is_denied() {
    let neighbors = neighbors();
    assert!(neighbors.len() > 120, "{}", neighbors.len());
    if simulator().is_none() {
        return;
    }
    let mut seen = 0;
    for world in worlds() {
        let asked = neighbors.iter().flat_map(|request| {
            let request = |who: &str| request.clone().by(who);
            [
                request("deploy"),
                request("deploy").via_cloudformation(),
                request("role"),
                request("deploy_with_role"),
                request("repair"),
            ]
        });
        seen += expect_all(&policies(&world), &asked.collect::<Vec<_>>(), false);
    }
    assert!(seen > 5_000, "{seen}");
    eprintln!("{seen} requests denied");
}

/// With a boundary, the deployer makes no role that exceeds it: not by a role without it, and not by changing one.
#[test]
fn a_boundary_holds_for_the_stacks_own_roles_too() {
    let all = worlds().into_iter();
    let bounded = all.filter(|world| world.stack.permissions_boundary.is_some());
    let mut seen = 0;
    for world in bounded {
        let mut asked = Vec::new();
        for role in world.ids_of("AWS::IAM::Role") {
            let own = world.arn(&role);
            let other = "arn:aws:iam::111122223333:policy/wider";
            asked.extend([
                on("iam:CreateRole", own.as_str()),
                on("iam:CreateRole", own.as_str()).with("iam:PermissionsBoundary", other),
                on("iam:PutRolePolicy", own.as_str()),
                on("iam:PutRolePolicy", own.as_str()).with("iam:PermissionsBoundary", other),
                on("iam:PutRolePermissionsBoundary", own.as_str())
                    .with("iam:PermissionsBoundary", other),
                on("iam:DeleteRolePermissionsBoundary", own.as_str())
                    .with("iam:PermissionsBoundary", BOUNDARY),
                on("iam:AttachRolePolicy", own.as_str())
                    .with("iam:PermissionsBoundary", BOUNDARY)
                    .with(
                        "iam:PolicyARN",
                        "arn:aws:iam::aws:policy/AdministratorAccess",
                    ),
                on("iam:PassRole", own.as_str())
                    .with("iam:PassedToService", "sagemaker.amazonaws.com"),
            ]);
        }
        let by = |request: &Request| {
            [
                request.clone().by("deploy").via_cloudformation(),
                request.clone().by("role"),
            ]
        };
        let asked: Vec<Request> = asked.iter().flat_map(by).collect();
        seen += expect_all(&policies(&world), &asked, false);
    }
    assert!(seen > 50 || simulator().is_none(), "{seen}");
}

/// What the deployer may pass to CloudFormation, and a change set that would take over what others made.
#[test]
fn nothing_is_imported_and_one_role_is_passed() {
    let world = worlds().remove(0);
    let stack = arn(
        "cloudformation",
        &format!("stack/{}/0a1b2c3d", world.stack.name),
    );
    let import = on("cloudformation:CreateChangeSet", stack.as_str()).with(
        "cloudformation:ImportResourceTypes",
        json!(["AWS::IAM::Role"]),
    );
    let pass = |role: &str, service: &str| {
        on("iam:PassRole", global("iam", &format!("role/{role}")))
            .with("iam:PassedToService", service)
    };
    let denied = [
        import.clone().by("deploy"),
        import.by("deploy_with_role"),
        pass("administrator", "cloudformation.amazonaws.com").by("deploy_with_role"),
        pass("CLOUDFORMATION_ROLE", "ec2.amazonaws.com").by("deploy_with_role"),
    ];
    let policies: BTreeMap<String, Vec<Value>> = policies(&world);
    expect_all(&policies, &denied, false);
    let allowed = [
        on("cloudformation:CreateChangeSet", stack.as_str()).by("deploy"),
        on("cloudformation:ExecuteChangeSet", stack).by("deploy_with_role"),
        pass("CLOUDFORMATION_ROLE", "cloudformation.amazonaws.com").by("deploy_with_role"),
    ];
    expect_all(&policies, &allowed, true);
}
