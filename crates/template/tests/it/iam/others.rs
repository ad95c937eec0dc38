//! Requests for resources outside of the stack: other teams' resources, and ways to gain permissions.

use super::Request;
use super::world::{arn, global};

const STACK_NAME: &str = "aws:ResourceTag/aws:cloudformation:stack-name";
const BOUNDARY: &str = crate::stacks::BOUNDARY;

/// Each request is made directly, through CloudFormation, and with CloudFormation's role.
pub(super) fn others() -> Vec<Request> {
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

pub(super) fn on(action: &str, resource: impl Into<String>) -> Request {
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
    // A topic in the definition: it can send only to the stack's queues.
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
    // Also in the clusters that the definitions name.
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
        all.push(target(
            "application-autoscaling:PutScheduledAction",
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

/// Other teams' resources have their own stack's name, or none.
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

/// Ways to gain permissions that no one granted.
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

const ASSETS: &str = "arn:aws:s3:::ecs-scaler-assets-111122223333-us-west-2";

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
        on("s3:DeleteBucket", ASSETS),
        on("s3:DeleteObject", format!("{ASSETS}/a.zip")),
        // Records of another stack's deploys hold its template.
        on(
            "s3:GetObject",
            format!("{ASSETS}/deploys/payments/0a1b/a.json"),
        ),
        on(
            "s3:PutObject",
            format!("{ASSETS}/deploys/payments/0a1b/a.json"),
        ),
        on(
            "s3:DeleteObject",
            format!("{ASSETS}/deploys/payments/0a1b/a.json"),
        ),
        on(
            "s3:DeleteObjectVersion",
            format!("{ASSETS}/fleets/payments/a.json"),
        ),
        on(
            "s3:DeleteObjectVersion",
            format!("{ASSETS}/functions/a.zip"),
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
