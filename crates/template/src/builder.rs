//! The template during its construction, and the finished template.

use serde_json::{Map, Value, json};
use stack::Stack;

use crate::contract::{
    DESCRIPTION, TargetSchedule, metadata, read_schedule, types, write_definition,
};
use crate::error::SynthesisError;
use crate::limits;
use crate::overrides;
use crate::parameters::PARAMETERS;
use crate::text::{Text, canonical};

/// A CloudFormation template within CloudFormation's limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    document: Value,
    body: String,
    parameters: Vec<&'static str>,
    objects: Vec<Object>,
}

/// An object that must be in the assets bucket before the template is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key, which contains the hash of its content.
    pub key: String,
    /// Its content.
    pub body: String,
}

impl Template {
    /// The template of a document, unless its text is longer than CloudFormation accepts.
    pub(crate) fn from_document(
        document: Value,
        parameters: Vec<&'static str>,
        objects: Vec<Object>,
    ) -> Result<Self, SynthesisError> {
        let document = canonical(document);
        let body = document.to_string();
        if body.len() > limits::BODY_BYTES {
            return Err(SynthesisError::BodyTooLarge { bytes: body.len() });
        }
        Ok(Self {
            document,
            body,
            parameters,
            objects,
        })
    }

    /// The template of a text that was deployed before, word for word. Its objects are in the assets bucket already.
    ///
    /// # Errors
    /// If the text isn't JSON.
    pub fn of_deployed(body: &str) -> serde_json::Result<Self> {
        let document: Value = serde_json::from_str(body)?;
        let mut parameters = PARAMETERS.to_vec();
        parameters.retain(|name| !document["Parameters"][name].is_null());
        Ok(Self {
            document,
            body: body.to_owned(),
            parameters,
            objects: Vec::new(),
        })
    }

    /// The document, the names of the parameters, and the objects.
    pub(crate) fn into_parts(self) -> (Value, Vec<&'static str>, Vec<Object>) {
        (self.document, self.parameters, self.objects)
    }

    /// The same template with the record of its definition in its metadata. If the template would become too long,
    /// the record is omitted.
    #[must_use]
    pub fn with_record(self, record: &str) -> Self {
        let mut document = self.document.clone();
        write_definition(&mut document, record);
        let objects = self.objects.clone();
        let recorded = Self::from_document(document, self.parameters.clone(), objects);
        recorded.unwrap_or(self)
    }

    /// The objects that must be in the assets bucket, in addition to the functions' code.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The template as JSON, keys in alphabetical order.
    #[must_use]
    pub fn to_json(&self) -> &Value {
        &self.document
    }

    /// The template as the text to deploy: JSON without white space. The same definition results in the same bytes.
    /// A text over [`INLINE_BODY_BYTES`](crate::INLINE_BODY_BYTES) bytes must be uploaded.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Names of the parameters that a deployment must set; it can't set others.
    #[must_use]
    pub fn parameters(&self) -> &[&'static str] {
        &self.parameters
    }

    /// Its number of resources.
    #[must_use]
    pub fn resource_count(&self) -> usize {
        self.resources().count()
    }

    /// Logical ID and type of each resource, by logical ID.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &str)> {
        let resources = self.document.get("Resources").and_then(Value::as_object);
        resources.into_iter().flatten().map(|(id, resource)| {
            (
                id.as_str(),
                resource
                    .get("Type")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            )
        })
    }

    /// Lists the services without scaling: logical ID, and number of tasks.
    #[must_use]
    pub fn list_fixed_counts(&self) -> Vec<(String, i32)> {
        let resources = self.document.get("Resources").and_then(Value::as_object);
        let counts = resources
            .into_iter()
            .flatten()
            .filter_map(|(id, resource)| {
                let count = resource.pointer("/Properties/DesiredCount")?.as_i64()?;
                let is_service =
                    resource.get("Type").and_then(Value::as_str) == Some(types::SERVICE);
                let count = i32::try_from(count).ok().filter(|_| is_service)?;
                Some((id.clone(), count))
            });
        counts.collect()
    }

    /// Lists the scalable targets with a schedule, by logical ID.
    #[must_use]
    pub fn list_schedules(&self) -> Vec<(String, TargetSchedule)> {
        let resources = self.document.get("Resources").and_then(Value::as_object);
        let targets = resources.into_iter().flatten();
        targets
            .filter_map(|(id, resource)| Some((id.clone(), read_schedule(resource)?)))
            .collect()
    }

    /// Logical IDs of the functions that reserve concurrency, in order.
    #[must_use]
    pub fn list_reserving_functions(&self) -> Vec<String> {
        let resources = self.document.get("Resources").and_then(Value::as_object);
        let functions = resources.into_iter().flatten().filter(|(_, resource)| {
            let reserved = resource.pointer("/Properties/ReservedConcurrentExecutions");
            resource.get("Type").and_then(Value::as_str) == Some(types::FUNCTION)
                && reserved.is_some_and(|reserved| !reserved.is_null())
        });
        functions.map(|(id, _)| id.clone()).collect()
    }
}

/// A template under construction.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    parameters: Vec<Parameter>,
    conditions: Map<String, Value>,
    resources: Map<String, Value>,
    outputs: Map<String, Value>,
    objects: Vec<Object>,
}

/// A parameter of type String.
#[derive(Clone, Copy, Debug)]
struct Parameter {
    name: &'static str,
    description: &'static str,
    /// The valid values; if empty, any but the empty text.
    allowed: &'static [&'static str],
}

/// A resource to be added.
#[derive(Debug)]
pub(crate) struct Resource {
    kind: &'static str,
    properties: Value,
    depends_on: Vec<String>,
    stateful: bool,
    update_policy: Option<Value>,
    metadata: Option<Value>,
}

impl Resource {
    pub(crate) fn new(kind: &'static str, properties: Value) -> Self {
        Self {
            kind,
            properties,
            depends_on: Vec::new(),
            stateful: false,
            update_policy: None,
            metadata: None,
        }
    }

    /// Metadata by which readers of the deployed stack identify it.
    pub(crate) fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// How CloudFormation applies a change to the existing resource.
    pub(crate) fn update_policy(mut self, policy: Value) -> Self {
        self.update_policy = Some(policy);
        self
    }

    /// It is created after, and deleted before, the resources with these logical IDs.
    pub(crate) fn depends_on<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.depends_on.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Documents in the template that deleting the resource deletes its data. That is CloudFormation's default,
    /// written out where data is lost: a retained queue or log group would be an orphan that no one notices. The
    /// guards come before the deletion (`--allow-loss`, `--force`).
    pub(crate) fn stateful(mut self) -> Self {
        self.stateful = true;
        self
    }

    fn into_json(self) -> Value {
        let mut json = json!({ "Type": self.kind, "Properties": self.properties });
        if let Some(map) = json.as_object_mut() {
            if !self.depends_on.is_empty() {
                map.insert("DependsOn".into(), self.depends_on.into());
            }
            if let Some(policy) = self.update_policy {
                map.insert("UpdatePolicy".into(), policy);
            }
            if let Some(metadata) = self.metadata {
                map.insert("Metadata".into(), metadata);
            }
            if self.stateful {
                map.insert("DeletionPolicy".into(), "Delete".into());
                map.insert("UpdateReplacePolicy".into(), "Delete".into());
            }
        }
        json
    }
}

impl Parameter {
    fn into_json(self) -> (String, Value) {
        let json = match self.allowed {
            [] => json!({ "Type": "String", "MinLength": 1, "Description": self.description }),
            values => json!({
                "Type": "String",
                "AllowedValues": values,
                "Description": self.description,
            }),
        };
        (self.name.to_owned(), json)
    }
}

impl Builder {
    /// Adds a parameter of type String.
    pub(crate) fn parameter(&mut self, name: &'static str, description: &'static str) {
        self.parameters.push(Parameter {
            name,
            description,
            allowed: &[],
        });
    }

    /// Adds a parameter that is `true` or `false`, and a condition of the same name that it is true.
    pub(crate) fn switch(
        &mut self,
        name: &'static str,
        condition: &'static str,
        description: &'static str,
    ) {
        self.parameters.push(Parameter {
            name,
            description,
            allowed: &["true", "false"],
        });
        let equals = json!({ "Fn::Equals": [{ "Ref": name }, "true"] });
        self.conditions.insert(condition.into(), equals);
    }

    /// Adds a resource; its logical ID must be new.
    pub(crate) fn add(
        &mut self,
        id: impl Into<String>,
        resource: Resource,
    ) -> Result<(), SynthesisError> {
        let id = id.into();
        if self.resources.contains_key(&id) {
            return Err(SynthesisError::SameLogicalId { id });
        }
        self.resources.insert(id, resource.into_json());
        Ok(())
    }

    /// Logical IDs of the resources of a type that were added so far.
    pub(crate) fn ids_of(&self, kind: &str) -> Vec<String> {
        let is_kind = |resource: &Value| resource.get("Type").and_then(Value::as_str) == Some(kind);
        let mut ids: Vec<_> = self
            .resources
            .iter()
            .filter(|(_, r)| is_kind(r))
            .map(|(id, _)| id.clone())
            .collect();
        ids.sort();
        ids
    }

    /// Adds an object that the stack's functions read from the assets bucket.
    pub(crate) fn object(&mut self, object: Object) {
        self.objects.push(object);
    }

    pub(crate) fn output(&mut self, id: impl Into<String>, description: &str, value: &Text) {
        self.outputs.insert(
            id.into(),
            json!({ "Description": description, "Value": value.value() }),
        );
    }

    /// The template of a stack with its overrides, unless it is larger than CloudFormation accepts.
    pub(crate) fn finish(mut self, stack: &Stack) -> Result<Template, SynthesisError> {
        let parameters = self.parameters.iter().map(|one| one.name).collect();
        let objects = std::mem::take(&mut self.objects);
        let mut document = self.document(&stack.name, stack.environment.as_deref());
        overrides::apply(&mut document, stack)?;
        let count = |section: &str| document[section].as_object().map_or(0, Map::len);
        let (resources, outputs) = (count("Resources"), count("Outputs"));
        if resources > limits::RESOURCES {
            return Err(SynthesisError::TooManyResources { count: resources });
        }
        if outputs > limits::OUTPUTS {
            return Err(SynthesisError::TooManyOutputs { count: outputs });
        }
        Template::from_document(document, parameters, objects)
    }

    fn document(self, name: &str, environment: Option<&str>) -> Value {
        let mut document = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": DESCRIPTION,
            "Metadata": metadata(name, environment),
            "Resources": self.resources,
        });
        if let Some(map) = document.as_object_mut() {
            if !self.outputs.is_empty() {
                map.insert("Outputs".into(), self.outputs.into());
            }
            if !self.parameters.is_empty() {
                let parameters = self.parameters.into_iter().map(Parameter::into_json);
                map.insert("Parameters".into(), Value::Object(parameters.collect()));
            }
            if !self.conditions.is_empty() {
                map.insert("Conditions".into(), self.conditions.into());
            }
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_functions_that_reserve_concurrency_are_listed() {
        let mut builder = Builder::default();
        let reserves = json!({ "ReservedConcurrentExecutions": 1 });
        for (id, kind, properties) in [
            ("WebScalingFunction", types::FUNCTION, reserves.clone()),
            ("ApiScalingFunction", types::FUNCTION, reserves.clone()),
            ("MetricFunction", types::FUNCTION, json!({})),
            ("OrdersQueue", types::QUEUE, reserves),
        ] {
            builder.add(id, Resource::new(kind, properties)).unwrap();
        }
        let template =
            Template::from_document(builder.document("", None), Vec::new(), Vec::new()).unwrap();
        assert_eq!(
            template.list_reserving_functions(),
            ["ApiScalingFunction", "WebScalingFunction"]
        );
    }
}
