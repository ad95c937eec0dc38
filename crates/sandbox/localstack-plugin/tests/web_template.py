"""The second system's types: a load balancer, capacity on EC2, and alarms that invoke a function.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from full_template import ASSUME_LAMBDA, function, network

IMAGE = "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/%srecommended/image_id}}"


@dataclass
class Web:
    """A variant of the template. Each field is something that an update changes."""

    instances: bool = True
    arm: bool = False
    instance_type: str = "t3.small"
    most_instances: int = 4
    target_capacity: int = 100
    health_path: str = "/"
    first_port: int = 32768
    step: int = 1
    policy: str = "one"
    reserved: int | None = 1
    dead_letters: bool = True
    scope: str = "MessageBody"


def web_template(web: Web) -> dict:
    resources = {**network(), **balancer(web), **service(web), **steps(web), **alarm_function(web)}
    if web.instances:
        resources |= instances(web)
    outputs = {
        "BalancerArn": {"Ref": "Balancer"},
        "BalancerFullName": {"Fn::GetAtt": ["Balancer", "LoadBalancerFullName"]},
        "BalancerDns": {"Fn::GetAtt": ["Balancer", "DNSName"]},
        "BalancerZone": {"Fn::GetAtt": ["Balancer", "CanonicalHostedZoneID"]},
        "TargetGroupFullName": {"Fn::GetAtt": ["Targets", "TargetGroupFullName"]},
        "TargetGroupArn": {"Fn::GetAtt": ["Targets", "TargetGroupArn"]},
        "Cluster": {"Ref": "Cluster"},
        "Service": {"Fn::GetAtt": ["Service", "Name"]},
        "StepPolicy": {"Ref": "Steps"},
        "Function": {"Ref": "Function"},
    }
    if web.instances:
        outputs |= {
            "Group": {"Ref": "Group"},
            "GroupArn": {"Fn::GetAtt": ["Group", "AutoScalingGroupARN"]},
            "Template": {"Ref": "Launch"},
            "TemplateVersion": {"Fn::GetAtt": ["Launch", "LatestVersionNumber"]},
            "Provider": {"Ref": "Provider"},
        }
    return {
        "Parameters": {"CodeBucket": {"Type": "String"}, "CodeKey": {"Type": "String"}},
        "Resources": resources,
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }


def balancer(web: Web) -> dict:
    return {
        "BalancerSecurity": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "load balancer",
                "VpcId": {"Ref": "Vpc"},
                "SecurityGroupIngress": [
                    {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0"}
                ],
            },
        },
        "FromBalancer": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {
                "GroupId": {"Fn::GetAtt": ["SecurityGroup", "GroupId"]},
                "IpProtocol": "tcp",
                "FromPort": web.first_port,
                "ToPort": 65535,
                "SourceSecurityGroupId": {"Fn::GetAtt": ["BalancerSecurity", "GroupId"]},
                "Description": "from the load balancer",
            },
        },
        "Balancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "DependsOn": ["Route"],
            "Properties": {
                "Type": "application",
                "Scheme": "internet-facing",
                "Subnets": [{"Ref": "Subnet0"}, {"Ref": "Subnet1"}],
                "SecurityGroups": [{"Fn::GetAtt": ["BalancerSecurity", "GroupId"]}],
                "LoadBalancerAttributes": [
                    {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}
                ],
                "Tags": [{"Key": "own", "Value": "tag"}],
            },
        },
        "Targets": {
            "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "Protocol": "HTTP",
                "Port": 8080,
                "TargetType": "instance" if web.instances else "ip",
                "HealthCheckPath": web.health_path,
                "HealthCheckPort": "traffic-port",
                "HealthCheckIntervalSeconds": 30,
                "Matcher": {"HttpCode": "200-399"},
                "TargetGroupAttributes": [
                    {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
                ],
            },
        },
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": {"Ref": "Balancer"},
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Targets"}}],
            },
        },
    }


def instances(web: Web) -> dict:
    ec2_role = "arn:${AWS::Partition}:iam::aws:policy/service-role/"
    return {
        "InstanceRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": json.loads(
                    json.dumps(ASSUME_LAMBDA).replace("lambda.", "ec2.")
                ),
                "ManagedPolicyArns": [
                    {"Fn::Sub": ec2_role + "AmazonEC2ContainerServiceforEC2Role"}
                ],
            },
        },
        "Profile": {
            "Type": "AWS::IAM::InstanceProfile",
            "Properties": {"Roles": [{"Ref": "InstanceRole"}]},
        },
        "Launch": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {
                "LaunchTemplateData": {
                    "ImageId": IMAGE % ("arm64/" if web.arm else ""),
                    "InstanceType": web.instance_type,
                    "IamInstanceProfile": {"Arn": {"Fn::GetAtt": ["Profile", "Arn"]}},
                    "SecurityGroupIds": [{"Fn::GetAtt": ["SecurityGroup", "GroupId"]}],
                    "BlockDeviceMappings": [
                        {
                            "DeviceName": "/dev/xvda",
                            "Ebs": {"Encrypted": True, "DeleteOnTermination": True},
                        }
                    ],
                    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
                    "UserData": {
                        "Fn::Base64": {
                            "Fn::Sub": "#!/bin/bash\n"
                            "echo ECS_CLUSTER=${Cluster} >> /etc/ecs/ecs.config"
                        }
                    },
                    "TagSpecifications": [
                        {
                            "ResourceType": "instance",
                            "Tags": [{"Key": "Name", "Value": {"Fn::Sub": "${AWS::StackName}"}}],
                        }
                    ],
                }
            },
        },
        "Group": {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "DependsOn": ["Route"],
            "Properties": {
                "MinSize": "1",
                "MaxSize": str(web.most_instances),
                "VPCZoneIdentifier": [{"Ref": "Subnet0"}, {"Ref": "Subnet1"}],
                "LaunchTemplate": {
                    "LaunchTemplateId": {"Ref": "Launch"},
                    "Version": {"Fn::GetAtt": ["Launch", "LatestVersionNumber"]},
                },
                "Tags": [{"Key": "own", "Value": "tag", "PropagateAtLaunch": True}],
            },
        },
        "Provider": {
            "Type": "AWS::ECS::CapacityProvider",
            "Properties": {
                "AutoScalingGroupProvider": {
                    "AutoScalingGroupArn": {"Ref": "Group"},
                    "ManagedScaling": {"Status": "ENABLED", "TargetCapacity": web.target_capacity},
                    "ManagedTerminationProtection": "DISABLED",
                    "ManagedDraining": "ENABLED",
                }
            },
        },
    }


def service(web: Web) -> dict:
    provider = {"Ref": "Provider"} if web.instances else "FARGATE"
    strategy = [{"CapacityProvider": provider, "Weight": 1, "Base": 0}]
    task = {"NetworkMode": "bridge", "RequiresCompatibilities": ["EC2"]}
    own = {}
    port = {"ContainerPort": 8080, "HostPort": 0, "Protocol": "tcp"}
    if not web.instances:
        task = {
            "NetworkMode": "awsvpc",
            "RequiresCompatibilities": ["FARGATE"],
            "Cpu": "256",
            "Memory": "512",
        }
        port = {"ContainerPort": 8080, "Protocol": "tcp"}
        own["NetworkConfiguration"] = {
            "AwsvpcConfiguration": {
                "AssignPublicIp": "ENABLED",
                "Subnets": [{"Ref": "Subnet0"}, {"Ref": "Subnet1"}],
                "SecurityGroups": [{"Fn::GetAtt": ["SecurityGroup", "GroupId"]}],
            }
        }
    return {
        "Cluster": {
            "Type": "AWS::ECS::Cluster",
            "Properties": {"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]},
        },
        "Capacity": {
            "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "CapacityProviders": [provider],
                "DefaultCapacityProviderStrategy": strategy,
            },
        },
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                **task,
                "ContainerDefinitions": [
                    {
                        "Name": "web",
                        "Image": "nginx:1",
                        "Cpu": 128,
                        "MemoryReservation": 128,
                        "PortMappings": [port],
                    }
                ],
            },
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "DependsOn": ["Listener", "Capacity"],
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "CapacityProviderStrategy": strategy,
                "HealthCheckGracePeriodSeconds": 60,
                "LoadBalancers": [
                    {
                        "ContainerName": "web",
                        "ContainerPort": 8080,
                        "TargetGroupArn": {"Ref": "Targets"},
                    }
                ],
                **own,
            },
        },
    }


def steps(web: Web) -> dict:
    """Returns an Application Auto Scaling step policy on a separate alarm, and predefined metrics.
    """
    tracking = {
        kind: {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {
                "PolicyName": kind,
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": {"Ref": "Target"},
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 60,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": f"ECSServiceAverage{kind}Utilization"
                    },
                },
            },
        }
        for kind in ("CPU", "Memory")
    }
    dimensions = [
        {"Name": "LoadBalancer", "Value": {"Fn::GetAtt": ["Balancer", "LoadBalancerFullName"]}},
        {"Name": "TargetGroup", "Value": {"Fn::GetAtt": ["Targets", "TargetGroupFullName"]}},
    ]
    requests = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCount",
        "Dimensions": dimensions,
    }
    evaluation = {
        "EvaluationPeriods": 1,
        "Threshold": 100,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    return {
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": {"Fn::Sub": "service/${Cluster}/${Service.Name}"},
                "MinCapacity": 1,
                "MaxCapacity": 4,
            },
        },
        "Steps": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {
                "PolicyName": "out",
                "PolicyType": "StepScaling",
                "ScalingTargetId": {"Ref": "Target"},
                "StepScalingPolicyConfiguration": {
                    "AdjustmentType": "ChangeInCapacity",
                    "Cooldown": 60,
                    "MetricAggregationType": "Average",
                    "StepAdjustments": [
                        {
                            "MetricIntervalLowerBound": 0,
                            "MetricIntervalUpperBound": 200,
                            "ScalingAdjustment": web.step,
                        },
                        {"MetricIntervalLowerBound": 200, "ScalingAdjustment": web.step + 2},
                    ],
                },
            },
        },
        **tracking,
        "StepAlarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **requests,
                **evaluation,
                "Statistic": "Sum",
                "Period": 60,
                "AlarmActions": [{"Ref": "Steps"}],
            },
        },
        "Slow": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **requests,
                **evaluation,
                "MetricName": "TargetResponseTime",
                "ExtendedStatistic": "p99.9",
                "Period": 60,
                "AlarmActions": [{"Ref": "Topic"}],
            },
        },
        "Share": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **evaluation,
                "AlarmActions": [{"Ref": "Topic"}],
                "Metrics": [
                    {
                        "Id": "requests",
                        "ReturnData": False,
                        "MetricStat": {"Metric": requests, "Period": 60, "Stat": "Sum"},
                    },
                    {"Id": "share", "Expression": "IF(requests > 0, requests / 2, 0)"},
                ],
            },
        },
    }


def alarm_function(web: Web) -> dict:
    """Returns an alarm, its topic, and the function that receives only this alarm."""
    event = {"Fn::GetAtt": ["High", "Arn"]}
    body = {"AlarmArn": [event]}
    letters = {"Fn::GetAtt": ["Letters", "Arn"]}
    resources = {k: v for k, v in function(14, 1).items() if k not in ("Rule", "Invoke")}
    resources["Function"]["Properties"] |= {
        "Environment": {"Variables": {"SCALING_POLICY": web.policy}},
        **({"DeadLetterConfig": {"TargetArn": letters}} if web.dead_letters else {}),
        **({} if web.reserved is None else {"ReservedConcurrentExecutions": web.reserved}),
    }
    resources["FunctionRole"]["Properties"]["Policies"].append(
        {
            "PolicyName": "letters",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": letters}
                ],
            },
        }
    )
    del resources["NoRetries"]
    return {
        **resources,
        "Topic": {"Type": "AWS::SNS::Topic"},
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": allowed("cloudwatch", "sns:Publish", {"Ref": "Topic"}),
            },
        },
        "Letters": {"Type": "AWS::SQS::Queue"},
        "LettersPolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Letters"}],
                "PolicyDocument": allowed("sns", "sqs:SendMessage", letters),
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
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "lambda",
                "Endpoint": {"Fn::GetAtt": ["Function", "Arn"]},
                "FilterPolicyScope": web.scope,
                "FilterPolicy": body,
                "RedrivePolicy": {"deadLetterTargetArn": letters},
            },
        },
        "InvokeBySns": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Action": "lambda:InvokeFunction",
                "Principal": "sns.amazonaws.com",
                "SourceArn": {"Ref": "Topic"},
            },
        },
        **{
            name: {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmDescription": json.dumps({"do": "echo"}),
                    "Namespace": "Web",
                    "MetricName": "Requests",
                    "Dimensions": [{"Name": "Service", "Value": {"Ref": "AWS::StackName"}}],
                    "Statistic": "Sum",
                    "Period": 10,
                    "EvaluationPeriods": 1,
                    "Threshold": 100,
                    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                    "TreatMissingData": "ignore",
                    "AlarmActions": [{"Ref": "Topic"}],
                    "Tags": [{"Key": "own", "Value": web.policy}],
                },
            }
            for name in ("High", "Foreign")
        },
    }


def allowed(service: str, action: str, resource: dict) -> dict:
    """Returns a resource's policy that lets one service do one thing."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": action,
        "Resource": resource,
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
