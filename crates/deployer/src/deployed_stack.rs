//! A deployed stack, and the names that its definition gives to its parts.

use serde_json::Value;
use template::contract::{TargetSchedule, read_definition, read_schedule};
use template::names::NAME_TAG;

use crate::error::Result;
use crate::observe::{Observed, resources};
use crate::ownership::observe_ours_with_template;
use crate::resource::Resource;
use crate::session::Session;

/// A deployed stack with its resources.
#[derive(Clone, Debug)]
pub struct DeployedStack {
    /// The stack itself.
    pub stack: Observed,
    /// Its resources that aren't deleted, sorted.
    pub resources: Vec<Resource>,
    /// Its template. Null if it can't be read.
    template: Value,
}

impl DeployedStack {
    /// Reads the stack of this name, which must be ours. `None` if the stack doesn't exist.
    ///
    /// # Errors
    /// If the stack isn't ours, or if AWS can't be reached.
    pub async fn read(session: &Session<'_>, name: &str) -> Result<Option<Self>> {
        let Some((stack, template)) = observe_ours_with_template(session, name).await? else {
            return Ok(None);
        };
        Self::of(session, stack, template).await.map(Some)
    }

    /// Reads the resources of a stack that is ours, with its template if that could be read.
    pub(crate) async fn of(
        session: &Session<'_>,
        stack: Observed,
        template: Option<String>,
    ) -> Result<Self> {
        let template = template.and_then(|text| serde_json::from_str(&text).ok());
        Ok(Self {
            resources: resources(session, &stack).await?,
            template: template.unwrap_or_default(),
            stack,
        })
    }

    /// Its template; null if it can't be read.
    pub(crate) fn template(&self) -> &Value {
        &self.template
    }

    /// The resources of a type that were created.
    pub(crate) fn of_type(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        let made = self.resources.iter();
        made.filter(move |one| one.resource_type == kind && !one.physical_id.is_empty())
    }

    /// Returns the resource of this type and logical ID, if it was created.
    pub(crate) fn find(&self, kind: &str, logical_id: &str) -> Option<&Resource> {
        self.of_type(kind).find(|one| one.logical_id == logical_id)
    }

    /// Returns a property from the template. Null if the template doesn't set it.
    pub(crate) fn property(&self, logical_id: &str, property: &str) -> &Value {
        &self.resource(logical_id)["Properties"][property]
    }

    /// A resource as the template has it; null if it doesn't.
    pub(crate) fn resource(&self, logical_id: &str) -> &Value {
        &self.template["Resources"][logical_id]
    }

    /// The record of the definition; null if the template has none.
    pub(crate) fn definition(&self) -> Value {
        let record = read_definition(&self.template);
        let record = record.and_then(|text| serde_json::from_str(text).ok());
        record.unwrap_or_default()
    }

    /// Returns the resource's name in the definition. Queues and services are tagged with it.
    pub(crate) fn short_name(&self, logical_id: &str) -> Option<&str> {
        let tags = self.property(logical_id, "Tags").as_array()?;
        let tag = tags.iter().find(|tag| tag["Key"] == NAME_TAG)?;
        tag["Value"].as_str()
    }

    /// Returns the schedule of a scalable target.
    pub(crate) fn schedule_of(&self, logical_id: &str) -> Option<TargetSchedule> {
        read_schedule(self.resource(logical_id))
    }
}
