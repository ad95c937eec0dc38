//! The services that a deployed stack runs or scales.

use serde::Serialize;
use stack::{ServiceSource, parse_record, suggest_name};
use template::contract::{SERVICE, read_definition, types};

use crate::deployed_stack::DeployedStack;
use crate::described::{cluster_of, name_of};
use crate::error::{Error, Kind, Result};
use crate::functions::ServiceName;

/// A service of a deployed stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DeployedService {
    /// Its name in the definition.
    pub name: String,
    /// Its cluster and name in ECS.
    #[serde(flatten)]
    pub ecs: ServiceName,
    /// Logical ID of the service in the template. `None` for an existing service, which the stack only scales.
    #[serde(skip)]
    pub(crate) logical_id: Option<String>,
}

/// Suffix of a scalable target's logical ID.
const TARGET: &str = "ScalableTarget";

impl DeployedStack {
    /// Returns the stack's services, and the existing services of its definition. Without a record of that, only those that
    /// Application Auto Scaling scales.
    pub fn services(&self) -> impl Iterator<Item = DeployedService> {
        let created = self.of_type(types::SERVICE).map(|service| {
            let id = &service.logical_id;
            let stem = id.strip_suffix(SERVICE).unwrap_or(id);
            DeployedService {
                name: self.short_name(id).unwrap_or(stem).to_owned(),
                ecs: ServiceName {
                    cluster: cluster_of(&service.physical_id).to_owned(),
                    service: name_of(&service.physical_id).to_owned(),
                },
                logical_id: Some(id.clone()),
            }
        });
        let recorded = read_definition(self.template()).and_then(parse_record);
        let recorded = recorded.and_then(Result::ok);
        let is_recorded = recorded.is_some();
        let targets = self.of_type(types::SCALABLE_TARGET);
        let by_targets = targets.filter(move |_| !is_recorded);
        let by_targets = by_targets.filter_map(|target| {
            let stem = target.logical_id.strip_suffix(TARGET)?;
            if self
                .find(types::SERVICE, &format!("{stem}{SERVICE}"))
                .is_some()
            {
                return None;
            }
            let ecs = ServiceName::of_target(&target.physical_id)?;
            Some(DeployedService {
                name: ecs.service.clone(),
                ecs,
                logical_id: None,
            })
        });
        let recorded = recorded.into_iter().flat_map(|stack| stack.services);
        let existing = recorded.filter_map(|(name, service)| match service.source {
            ServiceSource::Existing { cluster, service } => Some(DeployedService {
                name,
                ecs: ServiceName { cluster, service },
                logical_id: None,
            }),
            ServiceSource::Create(_) => None,
        });
        created.chain(by_targets).chain(existing)
    }

    /// Finds a service by its name in the definition or in ECS.
    ///
    /// # Errors
    /// If the stack has no such service.
    pub fn find_service(&self, name: &str) -> Result<DeployedService> {
        let by_definition = self.services().find(|service| service.name == name);
        let by_ecs = || self.services().find(|service| service.ecs.service == name);
        by_definition.or_else(by_ecs).ok_or_else(|| {
            let names: Vec<String> = self.services().map(|service| service.name).collect();
            let error = format!("the stack {} has no service {name}", self.stack.name);
            let error = Error::new(Kind::Usage, error);
            match suggest_name(name, names.iter().map(String::as_str)) {
                None => error,
                Some(hint) => error.hint(hint),
            }
        })
    }

    /// Whether a schedule changes the bounds of the service, given by its cluster and name in ECS.
    pub(crate) fn has_schedule(&self, service: &ServiceName) -> bool {
        let mut targets = self.of_type(types::SCALABLE_TARGET);
        targets.any(|target| {
            ServiceName::of_target(&target.physical_id).as_ref() == Some(service)
                && self.schedule_of(&target.logical_id).is_some()
        })
    }
}
