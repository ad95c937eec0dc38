"""A template with every resource type and intrinsic function that the project's own ones use."""

from __future__ import annotations

import json

ASSUME_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def template(*, image="busybox:1", target=100, spare_queue=True, retention=14, targets=2) -> dict:
    """Returns the template. Each argument is something that an update changes."""
    resources = {**network(), **messaging(spare_queue), **containers(image), **scaling(target)}
    resources |= {**function(retention, targets), **watching(target)}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "every type that the project uses",
        "Parameters": {
            "CodeBucket": {"Type": "String"},
            "CodeKey": {"Type": "String"},
            "Unused": {"Type": "String", "Default": "x"},
        },
        "Resources": resources,
        "Outputs": {
            "QueueUrl": {"Value": {"Ref": "Queue"}},
            "QueueName": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}},
            "ServiceName": {"Value": {"Fn::GetAtt": ["Service", "Name"]}},
            "ServiceArn": {"Value": {"Ref": "Service"}},
            "ClusterName": {"Value": {"Ref": "Cluster"}},
            "ClusterArn": {"Value": {"Fn::GetAtt": ["Cluster", "Arn"]}},
            "TaskDefinition": {"Value": {"Ref": "Task"}},
            "Target": {"Value": {"Ref": "Target"}},
            "Policy": {"Value": {"Ref": "Policy"}},
            "Function": {"Value": {"Ref": "Function"}},
            "Rule": {"Value": {"Ref": "Rule"}},
            "LogGroupArn": {"Value": {"Fn::GetAtt": ["FunctionLog", "Arn"]}},
            "TopicName": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}},
            "AlarmArn": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}},
            "Dashboard": {"Value": {"Ref": "Dashboard"}},
        },
    }


def network() -> dict:
    subnet = {
        f"Subnet{index}": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": f"10.0.{index}.0/24",
                "AvailabilityZone": {"Fn::Select": [index, {"Fn::GetAZs": {"Ref": "AWS::Region"}}]},
                "MapPublicIpOnLaunch": True,
                "Tags": [{"Key": "Name", "Value": {"Fn::Sub": "${AWS::StackName}-" + str(index)}}],
            },
        }
        for index in (0, 1)
    }
    routes = {
        f"SubnetRoutes{index}": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {"SubnetId": {"Ref": f"Subnet{index}"}, "RouteTableId": {"Ref": "Routes"}},
        }
        for index in (0, 1)
    }
    return {
        "Vpc": {
            "Type": "AWS::EC2::VPC",
            "Properties": {
                "CidrBlock": "10.0.0.0/16",
                "EnableDnsHostnames": True,
                "EnableDnsSupport": True,
            },
        },
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "Attachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "Routes": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "Vpc"}}},
        "Route": {
            "Type": "AWS::EC2::Route",
            "DependsOn": "Attachment",
            "Properties": {
                "RouteTableId": {"Ref": "Routes"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": {"Ref": "Gateway"},
            },
        },
        "SecurityGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "tasks",
                "VpcId": {"Ref": "Vpc"},
                "SecurityGroupEgress": [
                    {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "Description": "out"}
                ],
            },
        },
        **subnet,
        **routes,
    }


def messaging(spare_queue: bool) -> dict:
    resources = {
        "DeadLetters": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"MessageRetentionPeriod": 1209600, "SqsManagedSseEnabled": True},
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "VisibilityTimeout": 60,
                "MessageRetentionPeriod": 345600,
                "SqsManagedSseEnabled": True,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
                    "maxReceiveCount": 5,
                },
                "Tags": [{"Key": "own", "Value": "tag"}],
            },
        },
        "RedriveAllow": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "RedriveAllowPolicy": {
                    "redrivePermission": "byQueue",
                    "sourceQueueArns": [{"Fn::GetAtt": ["Queue", "Arn"]}],
                }
            },
        },
        "Fifo": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"FifoQueue": True, "ContentBasedDeduplication": True},
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "sqs:*",
                            "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
                            "Condition": {"Bool": {"aws:SecureTransport": False}},
                        }
                    ],
                },
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "alarms"}},
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "cloudwatch.amazonaws.com"},
                            "Action": "sns:Publish",
                            "Resource": {"Ref": "Topic"},
                            "Condition": {
                                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
                            },
                        }
                    ],
                },
            },
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                "RawMessageDelivery": True,
                "FilterPolicy": {"kind": ["voucher"]},
            },
        },
        "Mail": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "email",
                "Endpoint": "ops@example.com",
            },
        },
    }
    if spare_queue:
        resources["Spare"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "spare"}}
    return resources


def containers(image: str) -> dict:
    return {
        "Cluster": {
            "Type": "AWS::ECS::Cluster",
            "Properties": {
                "ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}],
                "Tags": [{"Key": "own", "Value": "tag"}],
            },
        },
        "Capacity": {
            "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
                "DefaultCapacityProviderStrategy": [
                    {"CapacityProvider": "FARGATE", "Weight": 1, "Base": 1}
                ],
            },
        },
        "TaskLog": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 14}},
        "TaskRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                            "Condition": {
                                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                                "ArnLike": {
                                    "aws:SourceArn": {
                                        "Fn::Sub": "arn:${AWS::Partition}:ecs:${AWS::Region}:"
                                        "${AWS::AccountId}:*"
                                    }
                                },
                            },
                        }
                    ],
                },
                "Policies": [
                    {
                        "PolicyName": "queue",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
                                    "Resource": [{"Fn::GetAtt": ["Queue", "Arn"]}],
                                }
                            ],
                        },
                    }
                ],
            },
        },
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": {"Fn::Sub": "${AWS::StackName}-worker"},
                "Cpu": "256",
                "Memory": "512",
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "RuntimePlatform": {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"},
                "TaskRoleArn": {"Fn::GetAtt": ["TaskRole", "Arn"]},
                "ExecutionRoleArn": {"Fn::GetAtt": ["TaskRole", "Arn"]},
                "ContainerDefinitions": [
                    {
                        "Name": "worker",
                        "Image": image,
                        "Essential": True,
                        "StopTimeout": 30,
                        "DockerLabels": {"Kind": "worker"},
                        "Environment": [{"Name": "QUEUE_URL", "Value": {"Ref": "Queue"}}],
                        "LogConfiguration": {
                            "LogDriver": "awslogs",
                            "Options": {
                                "awslogs-group": {"Ref": "TaskLog"},
                                "awslogs-region": {"Ref": "AWS::Region"},
                                "awslogs-stream-prefix": "worker",
                            },
                        },
                    }
                ],
            },
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "DependsOn": ["Route", "Capacity"],
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "CapacityProviderStrategy": [
                    {"CapacityProvider": "FARGATE", "Base": 1, "Weight": 0},
                    {"CapacityProvider": "FARGATE_SPOT", "Weight": 1},
                ],
                "PropagateTags": "SERVICE",
                "EnableECSManagedTags": True,
                "DeploymentConfiguration": {
                    "MinimumHealthyPercent": 100,
                    "MaximumPercent": 200,
                    "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                },
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {
                        "AssignPublicIp": "ENABLED",
                        "Subnets": [{"Ref": "Subnet0"}, {"Ref": "Subnet1"}],
                        "SecurityGroups": [{"Fn::GetAtt": ["SecurityGroup", "GroupId"]}],
                    }
                },
            },
        },
    }


def scaling(target: float) -> dict:
    resource = {"Fn::Sub": "service/${Cluster}/${Service.Name}"}
    return {
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": resource,
                "MinCapacity": 2,
                "MaxCapacity": 10,
                # Another target has another action, and the previous one is gone.
                "ScheduledActions": [
                    {
                        "ScheduledActionName": f"morning of {target:g}",
                        "Schedule": "cron(0 8 ? * MON-FRI *)",
                        "Timezone": "Europe/Berlin",
                        "ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 10},
                    }
                ],
            },
        },
        "Policy": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {
                "PolicyName": "backlog-per-task",
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": {"Ref": "Target"},
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": target,
                    "ScaleInCooldown": 300,
                    "ScaleOutCooldown": 60,
                    "CustomizedMetricSpecification": {
                        "Namespace": "EcsScaler",
                        "MetricName": "BacklogPerTask",
                        "Statistic": "Average",
                        "Unit": "Count",
                        "Dimensions": [
                            {"Name": "ClusterName", "Value": {"Ref": "Cluster"}},
                            {"Name": "ServiceName", "Value": {"Fn::GetAtt": ["Service", "Name"]}},
                        ],
                    },
                },
            },
        },
    }


def function(retention: int, targets: int) -> dict:
    event = json.dumps({"url": "${Queue}", "service": "${Service.Name}"}, separators=(",", ":"))
    return {
        "FunctionLog": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"RetentionInDays": retention},
        },
        "FunctionRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": ASSUME_LAMBDA,
                "Policies": [
                    {
                        "PolicyName": "log",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                                    "Resource": {"Fn::GetAtt": ["FunctionLog", "Arn"]},
                                }
                            ],
                        },
                    }
                ],
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "provided.al2023",
                "Handler": "bootstrap",
                "Architectures": ["arm64"],
                "MemorySize": 128,
                "Timeout": 10,
                "Role": {"Fn::GetAtt": ["FunctionRole", "Arn"]},
                "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}},
                "LoggingConfig": {"LogGroup": {"Ref": "FunctionLog"}},
            },
        },
        "NoRetries": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 0,
                "MaximumEventAgeInSeconds": 60,
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "ScheduleExpression": "rate(1 minute)",
                "State": "ENABLED",
                "Targets": [
                    {
                        "Id": f"part{index}",
                        "Arn": {"Fn::GetAtt": ["Function", "Arn"]},
                        "Input": {"Fn::Sub": event},
                    }
                    for index in range(targets)
                ],
            },
        },
        "Invoke": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]},
                "SourceAccount": {"Ref": "AWS::AccountId"},
            },
        },
    }


def watching(threshold: float) -> dict:
    return {
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmDescription": "oldest message over the objective",
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [
                    {"Name": "QueueName", "Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}
                ],
                "Statistic": "Maximum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": threshold,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                "AlarmActions": [{"Ref": "Topic"}],
                "Tags": [{"Key": "own", "Value": "tag"}],
            },
        },
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": {"Fn::Join": ["-", [{"Ref": "AWS::StackName"}, "main"]]},
                "DashboardBody": {
                    "Fn::Sub": json.dumps(
                        {
                            "widgets": [
                                {
                                    "type": "text",
                                    "properties": {"markdown": "${Cluster} ${Service.Name}"},
                                }
                            ]
                        }
                    )
                },
            },
        },
    }
