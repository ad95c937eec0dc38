//! A stack as it would be deployed: with the names that CloudFormation generates, and references resolved.

use serde_json::{Value, json};
use stack::Stack;
use template::{Template, synthesize};

use crate::templates::substitute;

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const REGION: &str = "us-west-2";
/// Suffix of each name that CloudFormation generates.
const RANDOM: &str = "1A2B3C4D5E6F";

/// A deployed stack.
pub(super) struct World {
    pub(super) stack: Stack,
    pub(super) template: Template,
}

pub(super) fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

pub(super) fn global(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}::{ACCOUNT}:{resource}")
}

impl World {
    pub(super) fn new(mut stack: Stack) -> Self {
        stack.region = Some(REGION.to_owned());
        stack.account = Some(ACCOUNT.to_owned());
        let template = synthesize(&stack).unwrap();
        Self { stack, template }
    }

    pub(super) fn resource(&self, id: &str) -> (&str, &Value) {
        let resource = &self.template.to_json()["Resources"][id];
        (resource["Type"].as_str().unwrap(), &resource["Properties"])
    }

    /// The physical name: fixed, or generated from the names of stack and resource. If that is too long for the
    /// service, CloudFormation cuts both.
    pub(super) fn name(&self, id: &str) -> String {
        let (kind, properties) = self.resource(id);
        let (property, limit) = match kind {
            "AWS::SQS::Queue" => ("QueueName", 80),
            "AWS::ECS::Cluster" => ("ClusterName", 255),
            "AWS::ECS::Service" => ("ServiceName", 255),
            "AWS::ECS::CapacityProvider" => ("Name", 255),
            "AWS::IAM::Role" => ("RoleName", 64),
            "AWS::Lambda::Function" => ("FunctionName", 64),
            "AWS::Events::Rule" | "AWS::Scheduler::ScheduleGroup" => ("Name", 64),
            _ => ("", 128),
        };
        let given = self.resolve(&properties[property]);
        if let Some(given) = given.as_str() {
            return given.to_owned();
        }
        let full = format!("{}-{id}-{RANDOM}", self.stack.name);
        if full.len() <= limit {
            return full;
        }
        let room = limit - RANDOM.len() - 2;
        let id = &id[..id.len().min(room / 2)];
        let stack = &self.stack.name[..self.stack.name.len().min(room - id.len())];
        format!("{stack}-{id}-{RANDOM}")
    }

    /// Whether the template has the resource.
    pub(super) fn has(&self, id: &str) -> bool {
        !self.template.to_json()["Resources"][id].is_null()
    }

    /// The topics of `notify` that show plain text: the stack's own if it sends email, and those of others.
    pub(super) fn reminded(&self) -> Vec<String> {
        let mut recipients = self.stack.notify.iter();
        let has_email = recipients.any(|one| matches!(one, stack::Recipient::Email(_)));
        let own = has_email.then(|| self.arn("AlarmTopic"));
        let others = self
            .stack
            .notify
            .iter()
            .filter_map(|recipient| match recipient {
                stack::Recipient::Topic(arn) => Some(arn.clone()),
                _ => None,
            });
        own.into_iter().chain(others).collect()
    }

    /// What `Ref` gives.
    fn reference(&self, id: &str) -> String {
        match id {
            "AWS::Partition" => return "aws".into(),
            "AWS::Region" => return REGION.into(),
            "AWS::AccountId" => return ACCOUNT.into(),
            "AWS::URLSuffix" => return "amazonaws.com".into(),
            "AWS::StackName" => return self.stack.name.clone(),
            "AWS::StackId" => {
                let id = "0a1b2c3d-1111-2222-3333-444455556666";
                return arn("cloudformation", &format!("stack/{}/{id}", self.stack.name));
            }
            "AssetsBucket" => return self.assets_bucket(),
            _ => {}
        }
        let parameters = &self.template.to_json()["Parameters"];
        if !parameters[id].is_null() {
            return format!("parameter-{id}");
        }
        match self.resource(id).0 {
            "AWS::ECS::Service" | "AWS::SNS::Topic" | "AWS::IAM::ManagedPolicy" => self.arn(id),
            _ => self.name(id),
        }
    }

    /// The bucket of the functions' code.
    pub(super) fn assets_bucket(&self) -> String {
        let ours = || template::contract::assets_bucket(ACCOUNT, REGION);
        self.stack.assets_bucket.clone().unwrap_or_else(ours)
    }

    /// The ARN of a resource that has one.
    pub(super) fn arn(&self, id: &str) -> String {
        let (kind, properties) = self.resource(id);
        let name = self.name(id);
        match kind {
            "AWS::SQS::Queue" => arn("sqs", &name),
            "AWS::SNS::Topic" => arn("sns", &name),
            "AWS::Lambda::Function" => arn("lambda", &format!("function:{name}")),
            "AWS::Events::Rule" => arn("events", &format!("rule/{name}")),
            "AWS::Scheduler::ScheduleGroup" => arn("scheduler", &format!("schedule-group/{name}")),
            "AWS::Logs::LogGroup" => arn("logs", &format!("log-group:{name}:*")),
            "AWS::CloudWatch::Alarm" => arn("cloudwatch", &format!("alarm:{name}")),
            "AWS::ECS::Cluster" => arn("ecs", &format!("cluster/{name}")),
            "AWS::ECS::CapacityProvider" => arn("ecs", &format!("capacity-provider/{name}")),
            "AWS::ECS::TaskDefinition" => arn("ecs", &format!("task-definition/{name}:1")),
            "AWS::ECS::Service" => {
                let cluster = self.resolve(&properties["Cluster"]);
                arn(
                    "ecs",
                    &format!("service/{}/{name}", cluster.as_str().unwrap()),
                )
            }
            "AWS::IAM::Role" => {
                let path = properties["Path"].as_str().unwrap_or("/");
                global("iam", &format!("role{path}{name}"))
            }
            "AWS::IAM::ManagedPolicy" => global("iam", &format!("policy/{name}")),
            "AWS::IAM::InstanceProfile" => global("iam", &format!("instance-profile/{name}")),
            _ => panic!("{kind} has no ARN here"),
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> String {
        match attribute {
            "Arn" => self.arn(id),
            "Name" | "QueueName" => self.name(id),
            other => format!("{id}.{other}"),
        }
    }

    /// The value with its references resolved.
    pub(super) fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(map) => match map.iter().next() {
                Some((key, id)) if key == "Ref" => json!(self.reference(id.as_str().unwrap())),
                Some((key, path)) if key == "Fn::GetAtt" => {
                    let [id, attribute] = [&path[0], &path[1]].map(|part| part.as_str().unwrap());
                    json!(self.attribute(id, attribute))
                }
                Some((key, sub)) if key == "Fn::Sub" => json!(self.substitute(sub)),
                _ => map
                    .iter()
                    .map(|(key, value)| (key.clone(), self.resolve(value)))
                    .collect(),
            },
            other => other.clone(),
        }
    }

    fn substitute(&self, sub: &Value) -> String {
        let text = sub.as_str().or_else(|| sub[0].as_str()).unwrap();
        substitute(text, |token| match token.split_once('.') {
            _ if token == "StackSuffix" => "0a1b2c3d".into(),
            Some((id, attribute)) => self.attribute(id, attribute),
            None => self.reference(token),
        })
    }

    /// IDs of the resources of a type.
    pub(super) fn ids_of(&self, kind: &str) -> Vec<String> {
        let found = self
            .template
            .resources()
            .filter(|(_, other)| *other == kind);
        found.map(|(id, _)| id.to_owned()).collect()
    }
}
