//! Which services of a stack are paused.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scaling::{Pause, paused_service};
use template::contract::types;
use template::names::scalable_target;

use crate::error::Result;
use crate::functions::{Function, FunctionKind, ServiceName};
use crate::pause::read_records;
use crate::resource::Resource;
use crate::session::Session;

/// Reads the pauses that hold now.
pub(super) async fn read(
    session: &Session<'_>,
    stack: &str,
    (functions, resources): (&[Function], &[Resource]),
    now: SystemTime,
) -> Result<HashMap<ServiceName, Pause>> {
    let now: Duration = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let records = read_records(session, stack).await?;
    let by_functions = list_functions(functions, stack);
    let found = records.into_iter().filter_map(|record| {
        let pause = record.holding(now)?.clone();
        let by_function = by_functions.get(record.service.as_str()).cloned();
        let name = by_function.or_else(|| find_target(resources, &record.service))?;
        Some((name, pause))
    });
    Ok(found.collect())
}

/// The services that functions scale, by their names in the definition.
fn list_functions<'f>(functions: &'f [Function], stack: &str) -> HashMap<&'f str, ServiceName> {
    let setups = functions
        .iter()
        .filter_map(|function| match &function.kind {
            FunctionKind::Scaling(setup) => Some(setup),
            FunctionKind::Metric(_) => None,
        });
    let named = setups.flat_map(|setup| setup.acting());
    let named = named.filter_map(|(ecs, name)| Some((paused_service(stack, name?)?, ecs)));
    named.collect()
}

/// The service of the scalable target that belongs to a name of the definition.
fn find_target(resources: &[Resource], service: &str) -> Option<ServiceName> {
    let logical_id = scalable_target(service);
    let mut targets = resources.iter();
    let target = targets
        .find(|one| one.resource_type == types::SCALABLE_TARGET && one.logical_id == logical_id)?;
    ServiceName::of_target(&target.physical_id)
}
