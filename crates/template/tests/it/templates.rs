//! Reads templates.

use serde_json::{Map, Value};

/// The resources, with their logical IDs and types.
pub(crate) fn resources(template: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    template["Resources"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, resource)| {
            (
                id.as_str(),
                resource["Type"].as_str().unwrap(),
                &resource["Properties"],
            )
        })
}

/// Properties of the resources of a type.
pub(crate) fn of_type<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    resources(template)
        .filter(|(_, type_, _)| *type_ == kind)
        .map(|(id, _, properties)| (id, properties))
        .collect()
}

/// Calls `visit` with every object in a value.
pub(crate) fn objects<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            visit(map);
            map.values().for_each(|value| objects(value, visit));
        }
        Value::Array(items) => items.iter().for_each(|value| objects(value, visit)),
        _ => {}
    }
}

/// Replaces the `${…}` in an `Fn::Sub`, and removes the escape from literal ones.
pub(crate) fn substitute(sub: &str, fill: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut rest = sub;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let (token, after) = after.split_once('}').expect("a closed reference");
        match token.strip_prefix('!') {
            Some(literal) => text.push_str(&format!("${{{literal}}}")),
            None => text.push_str(&fill(token)),
        }
        rest = after;
    }
    text + rest
}

/// The references of an `Fn::Sub`.
pub(crate) fn tokens(sub: &str) -> Vec<String> {
    let tokens = std::cell::RefCell::new(Vec::new());
    substitute(sub, |token| {
        tokens.borrow_mut().push(token.to_owned());
        String::new()
    });
    tokens.into_inner()
}

/// Statements of a role's inline policies, and of its managed policies in the stack.
pub(crate) fn statements<'a>(template: &'a Value, role: &str) -> Vec<&'a Value> {
    let properties = &template["Resources"][role]["Properties"];
    let inline = properties["Policies"].as_array().into_iter().flatten();
    let managed = properties["ManagedPolicyArns"]
        .as_array()
        .into_iter()
        .flatten();
    let managed = managed
        .filter_map(|policy| policy["Ref"].as_str())
        .map(|policy| &template["Resources"][policy]["Properties"]["PolicyDocument"]);
    inline
        .map(|policy| &policy["PolicyDocument"])
        .chain(managed)
        .flat_map(|document| document["Statement"].as_array().unwrap())
        .collect()
}

/// The values of a property that can have one value or a list.
pub(crate) fn listed(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        value => vec![value],
    }
}

/// A value with its intrinsic functions evaluated, and references replaced by the results of `fill`. `Fn::GetAtt`
/// calls it with `Id.Attribute`.
pub(crate) fn complete(value: &Value, fill: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(map) if map.len() == 1 => {
            let (key, argument) = map.iter().next().unwrap();
            match key.as_str() {
                "Ref" => fill(argument.as_str().unwrap()).into(),
                "Fn::GetAtt" => {
                    let (id, attribute) = (argument[0].as_str(), argument[1].as_str());
                    fill(&format!("{}.{}", id.unwrap(), attribute.unwrap())).into()
                }
                "Fn::Sub" => substitute(argument.as_str().unwrap(), fill).into(),
                _ => Value::Object(
                    [(key.clone(), complete(argument, fill))]
                        .into_iter()
                        .collect(),
                ),
            }
        }
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), complete(value, fill)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| complete(item, fill)).collect(),
        scalar => scalar.clone(),
    }
}

/// The conditions that IAM checks for a request that changes nothing except the desired count. Source: Service
/// Authorization Reference, Amazon Elastic Container Service, `UpdateService`.
pub(crate) fn scale_only() -> Value {
    serde_json::json!({
        "Null": {
            "ecs:task-definition": "true",
            "ecs:capacity-provider": "true",
            "ecs:subnet": "true",
            "ecs:namespace": "true",
        },
        "StringEqualsIfExists": {
            "ecs:enable-execute-command": "false",
            "ecs:enable-service-connect": "false",
            "ecs:enable-vpc-lattice": "false",
            "ecs:enable-ebs-volumes": "false",
        },
    })
}
