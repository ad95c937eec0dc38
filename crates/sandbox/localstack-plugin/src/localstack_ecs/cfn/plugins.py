"""The entry points of the resource types. LocalStack loads this module when it reads a template."""

from __future__ import annotations

from importlib import import_module

from localstack.services.cloudformation.resource_provider import CloudFormationResourceProviderPlugin


def _plugin(type_name: str, module: str) -> type[CloudFormationResourceProviderPlugin]:
    class Plugin(CloudFormationResourceProviderPlugin):
        name = type_name

        def __init__(self):
            self.factory = None

        def load(self):
            # Imported late, because the provider's service might not be loaded yet.
            provider = import_module(f"localstack_ecs.cfn.{module}")
            self.factory = getattr(provider, type_name.rsplit("::", 1)[-1])

    return Plugin


Cluster = _plugin("AWS::ECS::Cluster", "cluster")
ClusterCapacityProviderAssociations = _plugin(
    "AWS::ECS::ClusterCapacityProviderAssociations", "cluster"
)
CapacityProvider = _plugin("AWS::ECS::CapacityProvider", "cluster")
TaskDefinition = _plugin("AWS::ECS::TaskDefinition", "task_definition")
Service = _plugin("AWS::ECS::Service", "service")
ScalableTarget = _plugin(
    "AWS::ApplicationAutoScaling::ScalableTarget", "application_autoscaling"
)
ScalingPolicy = _plugin("AWS::ApplicationAutoScaling::ScalingPolicy", "application_autoscaling")
LoadBalancer = _plugin("AWS::ElasticLoadBalancingV2::LoadBalancer", "load_balancing")
TargetGroup = _plugin("AWS::ElasticLoadBalancingV2::TargetGroup", "load_balancing")
Listener = _plugin("AWS::ElasticLoadBalancingV2::Listener", "load_balancing")
SlackChannelConfiguration = _plugin("AWS::Chatbot::SlackChannelConfiguration", "slack_channel")
WebACLAssociation = _plugin("AWS::WAFv2::WebACLAssociation", "web_acl")
FlowLog = _plugin("AWS::EC2::FlowLog", "flow_log")
SecurityGroupIngress = _plugin("AWS::EC2::SecurityGroupIngress", "security_group_ingress")
LaunchTemplate = _plugin("AWS::EC2::LaunchTemplate", "instances")
AutoScalingGroup = _plugin("AWS::AutoScaling::AutoScalingGroup", "instances")
Dashboard = _plugin("AWS::CloudWatch::Dashboard", "dashboard")
Alarm = _plugin("AWS::CloudWatch::Alarm", "amended")
VPC = _plugin("AWS::EC2::VPC", "amended_network")
Route = _plugin("AWS::EC2::Route", "amended_network")
SecurityGroup = _plugin("AWS::EC2::SecurityGroup", "amended_network")
Rule = _plugin("AWS::Events::Rule", "amended")
Role = _plugin("AWS::IAM::Role", "amended")
InstanceProfile = _plugin("AWS::IAM::InstanceProfile", "amended")
Function = _plugin("AWS::Lambda::Function", "amended_lambda")
EventInvokeConfig = _plugin("AWS::Lambda::EventInvokeConfig", "amended_lambda")
Permission = _plugin("AWS::Lambda::Permission", "amended_lambda")
LogGroup = _plugin("AWS::Logs::LogGroup", "amended")
Subscription = _plugin("AWS::SNS::Subscription", "amended_messaging")
ScheduleGroup = _plugin("AWS::Scheduler::ScheduleGroup", "amended_scheduler")
Topic = _plugin("AWS::SNS::Topic", "amended_messaging")
TopicPolicy = _plugin("AWS::SNS::TopicPolicy", "amended_messaging")
QueuePolicy = _plugin("AWS::SQS::QueuePolicy", "amended_messaging")
