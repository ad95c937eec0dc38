//! The effect of an update from one template to another on AWS, by the schemas of the resource types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use super::schemas::Schemas;

/// The effect of an update on a resource, apart from changing it in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A create-only property has changed.
    Replaced,
    /// A property has changed that is create-only in some cases.
    MayBeReplaced,
    /// A property has another value, which the update sets.
    Changed,
    /// A property is no longer in the template. The resource's handler might leave it unchanged.
    Unset,
    /// The resource is no longer in the template.
    Removed,
    /// The update fails: a new resource needs the name or place that the old one still has.
    Collides,
    /// The update fails: CloudFormation never changes the type of a resource.
    ChangesType,
}

/// The effect of an update on one property of one resource, or on all of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    pub(super) resource_type: String,
    pub(super) property: Option<String>,
    pub(super) id: String,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replaced => "replaced",
            Self::MayBeReplaced => "may be replaced",
            Self::Changed => "changed",
            Self::Unset => "unset",
            Self::Removed => "removed",
            Self::Collides => "collides",
            Self::ChangesType => "changes type",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.kind, self.id, self.resource_type)?;
        match &self.property {
            Some(property) => write!(f, " by {property}"),
            None => Ok(()),
        }
    }
}

struct Update<'t> {
    before: &'t Map<String, Value>,
    after: &'t Map<String, Value>,
    schemas: &'t Schemas,
}

/// Compares the deployed template with the one that updates it.
pub(super) fn compare(before: &Value, after: &Value, schemas: &Schemas) -> BTreeSet<Finding> {
    let update = Update {
        before: before["Resources"].as_object().unwrap(),
        after: after["Resources"].as_object().unwrap(),
        schemas,
    };
    let mut findings = update.replacements();
    let replaced: BTreeSet<String> = findings
        .iter()
        .filter(|finding| finding.kind == Kind::Replaced)
        .map(|finding| finding.id.clone())
        .collect();
    findings.extend(update.removals());
    findings.extend(update.changes());
    findings.extend(update.unset(&replaced));
    findings.extend(update.collisions(&replaced));
    findings
}

impl Update<'_> {
    /// Pairs of a resource before and after, with its type.
    fn kept(&self) -> impl Iterator<Item = (&String, &str, &Value, &Value)> {
        self.after.iter().filter_map(|(id, after)| {
            let before = self.before.get(id)?;
            let kind = after["Type"].as_str()?;
            (before["Type"] == after["Type"]).then_some((id, kind, before, after))
        })
    }

    /// The replaced resources, including resources that refer to a replaced one by a create-only property.
    fn replacements(&self) -> BTreeSet<Finding> {
        let mut findings = BTreeSet::new();
        loop {
            let replaced: BTreeSet<&str> = findings
                .iter()
                .filter(|finding: &&Finding| finding.kind == Kind::Replaced)
                .map(|finding| finding.id.as_str())
                .collect();
            let mut found = BTreeSet::new();
            for (id, resource_type, before, after) in self.kept() {
                let schema = self.schemas.of(resource_type);
                for (kind, properties) in [
                    (Kind::Replaced, &schema.create_only),
                    (Kind::MayBeReplaced, &schema.conditional),
                ] {
                    for property in properties {
                        let old = property_of(before, property);
                        let new = property_of(after, property);
                        if old != new || refers_to(new, &replaced) {
                            let property = Some(property.clone());
                            found.insert(finding(kind, id, resource_type, property));
                        }
                    }
                }
            }
            if found == findings {
                return findings;
            }
            findings = found;
        }
    }

    fn changes(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (id, resource_type, before, after) in self.kept() {
            for (name, value) in after["Properties"].as_object().into_iter().flatten() {
                if before["Properties"][name] != *value {
                    let name = Some(name.clone());
                    findings.push(finding(Kind::Changed, id, resource_type, name));
                }
            }
        }
        findings
    }

    fn removals(&self) -> Vec<Finding> {
        let gone = self.before.iter().filter_map(|(id, before)| {
            let kind = before["Type"].as_str()?;
            match self.after.get(id) {
                None => Some(finding(Kind::Removed, id, kind, None)),
                Some(after) if after["Type"] != before["Type"] => {
                    Some(finding(Kind::ChangesType, id, kind, None))
                }
                Some(_) => None,
            }
        });
        gone.collect()
    }

    /// Properties that were removed, and their members if the schema names them.
    fn unset(&self, replaced: &BTreeSet<String>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (id, resource_type, before, after) in self.kept() {
            if replaced.contains(id) {
                continue;
            }
            let schema = self.schemas.of(resource_type);
            let mut lost = Vec::new();
            let (old, new) = (&before["Properties"], &after["Properties"]);
            collect_lost(&schema.root, &schema.root, old, new, "", &mut lost);
            let lost = lost.into_iter();
            findings.extend(lost.map(|path| finding(Kind::Unset, id, resource_type, Some(path))));
        }
        findings
    }

    /// New resources with the name or place of one that still exists: CloudFormation creates first and deletes last.
    fn collisions(&self, replaced: &BTreeSet<String>) -> Vec<Finding> {
        let mut there: BTreeMap<(String, String), &String> = BTreeMap::new();
        for (id, before) in self.before {
            let kind = before["Type"].as_str().unwrap_or_default();
            if let Some(identity) = self.identity(kind, before) {
                there.insert((kind.to_owned(), identity), id);
            }
        }
        let made = self
            .after
            .iter()
            .filter(|(id, _)| replaced.contains(*id) || !self.before.contains_key(*id));
        let collides = made.filter_map(|(id, after)| {
            let kind = after["Type"].as_str().unwrap_or_default();
            let identity = self.identity(kind, after)?;
            // A resource that refers to a replaced one is in another place.
            let moves = refers_to(
                Some(&after["Properties"]),
                &replaced.iter().map(String::as_str).collect(),
            );
            let taken = there.contains_key(&(kind.to_owned(), identity)) && !moves;
            taken.then(|| finding(Kind::Collides, id, kind, None))
        });
        collides.collect()
    }

    /// The values of the properties that must be unique in AWS. `None` if AWS generates one of them.
    fn identity(&self, resource_type: &str, resource: &Value) -> Option<String> {
        let schema = self.schemas.of(resource_type);
        let unique: Vec<String> = match UNIQUE.iter().find(|(kind, _)| *kind == resource_type) {
            Some((_, properties)) => properties.iter().map(|&one| one.to_owned()).collect(),
            None => schema.identifier.clone(),
        };
        let values = unique
            .iter()
            .map(|property| property_of(resource, property));
        let values: Option<Vec<&Value>> = values.collect();
        values.map(|values| format!("{values:?}"))
    }
}

/// Types with an identifier that AWS generates, although only one resource can have these properties.
const UNIQUE: [(&str, &[&str]); 8] = [
    (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        &["PolicyName", "ResourceId", "ScalableDimension"],
    ),
    ("AWS::EC2::SubnetRouteTableAssociation", &["SubnetId"]),
    ("AWS::EC2::Route", &["RouteTableId", "DestinationCidrBlock"]),
    ("AWS::ECS::Service", &["Cluster", "ServiceName"]),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        &["LoadBalancerArn", "Port"],
    ),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", &["Name"]),
    ("AWS::SNS::Subscription", &["TopicArn", "Endpoint"]),
    ("AWS::SQS::Queue", &["QueueName"]),
];

fn finding(kind: Kind, id: &str, resource_type: &str, property: Option<String>) -> Finding {
    Finding {
        kind,
        resource_type: resource_type.to_owned(),
        property,
        id: id.to_owned(),
    }
}

fn property_of<'v>(resource: &'v Value, path: &str) -> Option<&'v Value> {
    resource["Properties"].pointer(&format!("/{path}"))
}

fn refers_to(value: Option<&Value>, ids: &BTreeSet<&str>) -> bool {
    match value {
        Some(Value::Object(map)) => map.iter().any(|(key, value)| match (key.as_str(), value) {
            ("Ref", Value::String(id)) => ids.contains(id.as_str()),
            ("Fn::GetAtt", Value::Array(parts)) => {
                parts[0].as_str().is_some_and(|id| ids.contains(id))
            }
            ("Fn::Sub", Value::String(text)) => ids.iter().any(|id| {
                text.contains(&format!("${{{id}}}")) || text.contains(&format!("${{{id}."))
            }),
            (_, value) => refers_to(Some(value), ids),
        }),
        Some(Value::Array(items)) => items.iter().any(|item| refers_to(Some(item), ids)),
        _ => false,
    }
}

/// Follows the members that the schema names; the keys of a policy or an environment are content.
fn collect_lost(
    root: &Value,
    schema: &Value,
    before: &Value,
    after: &Value,
    path: &str,
    lost: &mut Vec<String>,
) {
    let Some(members) = resolve(root, schema)["properties"].as_object() else {
        return;
    };
    let is_function = |map: &Map<String, Value>| {
        map.keys()
            .any(|key| key.starts_with("Fn::") || key == "Ref")
    };
    for (name, old) in before.as_object().into_iter().flatten() {
        let Some(member) = members.get(name) else {
            continue;
        };
        let path = match path {
            "" => name.clone(),
            _ => format!("{path}/{name}"),
        };
        match (old, &after[name]) {
            (_, Value::Null) => lost.push(path),
            (Value::Object(old_map), Value::Object(new_map))
                if !is_function(old_map) && !is_function(new_map) =>
            {
                collect_lost(root, member, old, &after[name], &path, lost);
            }
            _ => {}
        }
    }
}

fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let target = schema["$ref"]
        .as_str()
        .and_then(|target| target.strip_prefix('#'));
    target
        .and_then(|target| root.pointer(target))
        .unwrap_or(schema)
}
