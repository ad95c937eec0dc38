//! The intrinsic functions of CloudFormation that ecs-scaler's templates use.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use template::contract::types;

use crate::invoke::function_name;
use crate::messages::name_in;

/// Resolves the values of a deployed template. A function whose value isn't known here, such as an attribute that only
/// CloudFormation knows, stays unchanged: [`is_unresolved`] recognizes it.
pub(super) struct Resolver<'a> {
    /// Whether the stack is on AWS, and not on an emulator.
    pub is_aws: bool,
    /// ARN of the stack.
    pub stack_id: &'a str,
    /// Name of the stack.
    pub stack_name: &'a str,
    /// Parameters by name, defaults included.
    pub parameters: BTreeMap<String, String>,
    /// Type and physical ID by logical ID.
    pub resources: BTreeMap<&'a str, (&'a str, &'a str)>,
    /// The template.
    pub template: &'a Value,
}

/// Whether a value is, or contains, an intrinsic function that wasn't resolved.
pub(super) fn is_unresolved(value: &Value) -> bool {
    function_in(value).is_some()
}

/// Returns the name and argument of an intrinsic function.
fn function_in(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (name, argument) = object.iter().next()?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

impl Resolver<'_> {
    /// Resolves a value. `None` is `AWS::NoValue`: the property isn't set.
    pub(super) fn resolve(&self, value: &Value) -> Option<Value> {
        if let Some((name, argument)) = function_in(value) {
            if name == "Ref" && argument == "AWS::NoValue" {
                return None;
            }
            if name == "Fn::If" {
                return self
                    .choose(argument)
                    .map_or_else(|| Some(value.clone()), |chosen| self.resolve(chosen));
            }
            let resolved = self.apply(name, argument);
            return Some(resolved.unwrap_or_else(|| value.clone()));
        }
        Some(match value {
            Value::Object(object) => Value::Object(
                object
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), self.resolve(value)?)))
                    .collect(),
            ),
            Value::Array(items) => {
                Value::Array(items.iter().filter_map(|item| self.resolve(item)).collect())
            }
            plain => plain.clone(),
        })
    }

    /// Returns a function's value, if it is known.
    fn apply(&self, name: &str, argument: &Value) -> Option<Value> {
        match name {
            "Ref" => self.reference(argument.as_str()?).map(Value::String),
            "Fn::GetAtt" => {
                let (id, attribute) = attribute_in(argument)?;
                self.attribute(&id, &attribute).map(Value::String)
            }
            "Fn::Sub" => self.substitute(argument).map(Value::String),
            "Fn::Join" => {
                let separator = argument.get(0)?.as_str()?;
                let parts: Option<Vec<String>> =
                    self.list(argument.get(1)?)?.iter().map(text).collect();
                Some(Value::String(parts?.join(separator)))
            }
            "Fn::Select" => {
                let index: usize = text(argument.get(0)?)?.parse().ok()?;
                self.list(argument.get(1)?)?.get(index).cloned()
            }
            "Fn::Split" => {
                let separator = argument.get(0)?.as_str()?;
                let whole = text(&self.resolved(argument.get(1)?)?)?;
                Some(whole.split(separator).map(str::to_owned).collect())
            }
            _ => None,
        }
    }

    /// Returns a value that could be resolved completely.
    fn resolved(&self, value: &Value) -> Option<Value> {
        self.resolve(value).filter(|value| !is_unresolved(value))
    }

    fn list(&self, value: &Value) -> Option<Vec<Value>> {
        self.resolved(value)?.as_array().cloned()
    }

    /// Returns the value of `Ref`. For the stack's resources, it is the physical ID that CloudFormation lists.
    fn reference(&self, name: &str) -> Option<String> {
        if let Some(pseudo) = self.pseudo(name) {
            return Some(pseudo);
        }
        if let Some(value) = self.parameters.get(name) {
            return Some(value.clone());
        }
        let (kind, id) = self.physical(name)?;
        let first = || id.split('|').next().unwrap_or(id);
        Some(match kind {
            // CloudFormation lists the ARN together with the dimension.
            types::SCALING_POLICY => first().to_owned(),
            _ => id.to_owned(),
        })
    }

    fn physical(&self, name: &str) -> Option<(&str, &str)> {
        let (kind, id) = self.resources.get(name)?;
        (!id.is_empty()).then_some((*kind, *id))
    }

    fn pseudo(&self, name: &str) -> Option<String> {
        let part = |number| self.stack_id.split(':').nth(number).map(str::to_owned);
        match name {
            "AWS::StackName" => Some(self.stack_name.to_owned()),
            "AWS::StackId" => Some(self.stack_id.to_owned()),
            "AWS::Partition" => part(1),
            "AWS::Region" => part(3),
            "AWS::AccountId" => part(4),
            // An emulator's suffix is its own host.
            "AWS::URLSuffix" if !self.is_aws => None,
            "AWS::URLSuffix" => Some(if part(1)?.ends_with("-cn") {
                "amazonaws.com.cn".to_owned()
            } else {
                "amazonaws.com".to_owned()
            }),
            _ => None,
        }
    }

    /// Returns an attribute of our resources that follows from the physical ID. Source: the return values of each
    /// type in the CloudFormation Template Reference.
    fn attribute(&self, id: &str, attribute: &str) -> Option<String> {
        let (kind, physical) = self.physical(id)?;
        let arn = |service: &str, rest: String| {
            let [partition, region, account] =
                ["AWS::Partition", "AWS::Region", "AWS::AccountId"].map(|name| self.pseudo(name));
            Some(format!(
                "arn:{}:{service}:{}:{}:{rest}",
                partition?, region?, account?
            ))
        };
        match (kind, attribute) {
            (types::QUEUE, "QueueName") => Some(name_in(physical).to_owned()),
            (types::QUEUE, "Arn") => arn("sqs", name_in(physical).to_owned()),
            (types::QUEUE, "QueueUrl") | (types::TOPIC, "TopicArn") => Some(physical.to_owned()),
            (types::SERVICE, "Name") => Some(crate::described::name_of(physical).to_owned()),
            (types::SERVICE, "ServiceArn") => Some(physical.to_owned()),
            (types::FUNCTION, "Arn") => {
                arn("lambda", format!("function:{}", function_name(physical)))
            }
            (types::RULE, "Arn") => arn("events", format!("rule/{physical}")),
            (types::ALARM, "Arn") => arn("cloudwatch", format!("alarm:{physical}")),
            (types::LOG_GROUP, "Arn") => arn("logs", format!("log-group:{physical}:*")),
            (types::ROLE, "Arn") => {
                let [partition, account] =
                    ["AWS::Partition", "AWS::AccountId"].map(|name| self.pseudo(name));
                let path = self.path(id)?;
                Some(format!(
                    "arn:{}:iam::{}:role{path}{physical}",
                    partition?, account?
                ))
            }
            (types::CLUSTER, "Arn") => arn("ecs", format!("cluster/{physical}")),
            ("AWS::EC2::SecurityGroup", "GroupId") => Some(physical.to_owned()),
            (LOAD_BALANCER, "LoadBalancerFullName") => {
                Some(physical.split_once(":loadbalancer/")?.1.to_owned())
            }
            (TARGET_GROUP, "TargetGroupFullName") => Some(format!(
                "targetgroup/{}",
                physical.split_once(":targetgroup/")?.1
            )),
            _ => None,
        }
    }

    /// Returns the path of a role. `/` unless the template sets one.
    fn path(&self, role: &str) -> Option<String> {
        let role = self.template.get("Resources")?.get(role)?;
        match role.pointer("/Properties/Path") {
            Some(path) => text(&self.resolved(path)?),
            None => Some("/".to_owned()),
        }
    }

    /// Substitutes `"…${Name}…${Name.Attribute}…"`, or such a text with its own values.
    fn substitute(&self, argument: &Value) -> Option<String> {
        let (text_of, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => (parts.first()?.as_str()?, parts.get(1)?.as_object()),
            _ => return None,
        };
        let mut whole = String::new();
        let mut rest = text_of;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            whole.push_str(before);
            whole.push_str(&self.substituted(name, own)?);
            rest = after;
        }
        whole.push_str(rest);
        Some(whole)
    }

    fn substituted(&self, name: &str, own: Option<&Map<String, Value>>) -> Option<String> {
        if let Some(literal) = name.strip_prefix('!') {
            return Some(format!("${{{literal}}}"));
        }
        if let Some(value) = own.and_then(|own| own.get(name)) {
            return text(&self.resolved(value)?);
        }
        match name.split_once('.') {
            Some((id, attribute)) => self.attribute(id, attribute),
            None => self.reference(name),
        }
    }

    /// Returns the branch of `Fn::If`. `None` if its condition can't be evaluated.
    fn choose<'v>(&self, argument: &'v Value) -> Option<&'v Value> {
        let holds = self.condition(argument.get(0)?.as_str()?)?;
        argument.get(if holds { 1 } else { 2 })
    }

    /// Evaluates a condition of the template. `None` if that isn't possible.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        self.evaluate(self.template.get("Conditions")?.get(name)?)
    }

    fn evaluate(&self, condition: &Value) -> Option<bool> {
        let object = condition.as_object()?;
        let (function, argument) = object.iter().next()?;
        let all = || {
            argument
                .as_array()?
                .iter()
                .map(|one| self.evaluate(one))
                .collect()
        };
        let all = || -> Option<Vec<bool>> { all() };
        match function.as_str() {
            "Fn::Equals" => {
                let [one, other] = [0, 1].map(|index| self.resolved(argument.get(index)?));
                Some(text(&one?)? == text(&other?)?)
            }
            "Fn::Not" => all()?.first().map(|holds| !holds),
            "Fn::And" => Some(all()?.iter().all(|holds| *holds)),
            "Fn::Or" => Some(all()?.iter().any(|holds| *holds)),
            "Condition" => self.condition(argument.as_str()?),
            _ => None,
        }
    }
}

const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// Returns the resource and attribute of `Fn::GetAtt`, in either form.
fn attribute_in(argument: &Value) -> Option<(String, String)> {
    if let Some((id, attribute)) = argument.as_str().and_then(|text| text.split_once('.')) {
        return Some((id.to_owned(), attribute.to_owned()));
    }
    let part = |index| argument.get(index)?.as_str().map(str::to_owned);
    Some((part(0)?, part(1)?))
}

/// Returns a scalar as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// On AWS, the suffix follows from the partition. An emulator's is different and not known.
    #[test]
    fn the_suffix_of_an_emulator_is_not_known() {
        let text = json!({ "Fn::Sub": "ssm.${AWS::Region}.${AWS::URLSuffix}" });
        let template = json!({});
        let resolved = |partition: &str, is_aws: bool| {
            let stack_id =
                format!("arn:{partition}:cloudformation:us-west-2:111122223333:stack/s/1");
            let resolver = Resolver {
                is_aws,
                stack_id: &stack_id,
                stack_name: "s",
                parameters: BTreeMap::new(),
                resources: BTreeMap::new(),
                template: &template,
            };
            resolver.resolve(&text)
        };
        let shown = |text: &str| Some(json!(text));
        assert_eq!(resolved("aws", true), shown("ssm.us-west-2.amazonaws.com"));
        assert_eq!(
            resolved("aws-cn", true),
            shown("ssm.us-west-2.amazonaws.com.cn")
        );
        let emulated = resolved("aws", false);
        assert!(emulated.is_none_or(|value| is_unresolved(&value)));
    }
}
