//! Selects one of a stack's functions.

use deployer::{Function, FunctionKind, Resource};

use super::Which;
use crate::failure::{Failure, Result};

/// When a stack has a metric function.
const METRIC: &str = "it has one where a service has `backlog_per_task`, or `demand` with `actuator: target_tracking`";

/// The selected service.
pub(super) struct Meant<'a> {
    /// The name that the user gave.
    name: &'a str,
    /// The ECS name of the service with this name in the definition, if the stack has created it.
    ecs: Option<&'a str>,
}

impl Meant<'_> {
    /// Whether this is the service with that ECS name.
    pub(super) fn is(&self, service: &str) -> bool {
        service == self.name || Some(service) == self.ecs
    }
}

/// Returns the service of this name among the stack's resources.
pub(super) fn known_to_ecs<'a>(name: &'a str, resources: &'a [Resource]) -> Meant<'a> {
    let id = template::names::service(name);
    let created = resources.iter().find(|resource| resource.logical_id == id);
    let ecs = created.and_then(|resource| resource.physical_id.rsplit('/').next());
    Meant { name, ecs }
}

/// Chooses the function of the wanted kind. By default, the metric function, or a scaling function if there is
/// none. A service's name selects its scaling function.
pub(super) fn choose<'a>(
    functions: &'a [Function],
    which: Option<Which>,
    service: Option<&Meant<'_>>,
    stack: &str,
) -> Result<&'a Function> {
    let metric = functions
        .iter()
        .find(|function| matches!(function.kind, FunctionKind::Metric(_)));
    let scaling: Vec<&Function> = functions
        .iter()
        .filter(|function| matches!(function.kind, FunctionKind::Scaling(_)))
        .collect();
    match (which, service) {
        (Some(Which::Metric), Some(_)) => Err(Failure::failed(
            "--service names a scaling function; the metric function measures every service",
        )
        .hint("omit --service, or use --event with the services to measure")),
        (Some(Which::Metric), None) => metric.ok_or_else(|| {
            let error = format!("the stack {stack} has no metric function");
            Failure::failed(error).hint(METRIC)
        }),
        (None, None) if metric.is_some() || scaling.is_empty() => metric.ok_or_else(|| {
            Failure::failed(format!("the stack {stack} has no function to invoke")).hint(
                "it has one where a service has `backlog_per_task`, `alarm_steps` or `demand`",
            )
        }),
        (Some(Which::Scaling) | None, service) => choose_one(&scaling, service, stack),
    }
}

fn choose_one<'a>(
    scaling: &[&'a Function],
    service: Option<&Meant<'_>>,
    stack: &str,
) -> Result<&'a Function> {
    let found: Vec<&Function> = scaling
        .iter()
        .copied()
        .filter(|function| service.is_none_or(|service| is_of(function, service)))
        .collect();
    let names: Vec<String> = scaling
        .iter()
        .map(|function| describe_function(function))
        .collect();
    match (found.as_slice(), service) {
        ([one], _) => Ok(one),
        ([], _) if scaling.is_empty() => Err(Failure::failed(format!(
            "the stack {stack} has no scaling function"
        ))
        .hint("it has one for each service with `alarm_steps`, and one for all with `demand`")),
        ([], Some(service)) => Err(Failure::failed(format!(
            "the stack {stack} has no scaling function for {}",
            service.name
        ))
        .hint(format!("it has one for: {}", names.join(", ")))),
        _ => Err(Failure::failed(format!(
            "the stack {stack} has {} scaling functions",
            scaling.len()
        ))
        .hint(format!("name one with --service: {}", names.join(", ")))),
    }
}

/// By the service's ECS name, or by its name in the definition, which the logical ID contains.
fn is_of(function: &Function, service: &Meant<'_>) -> bool {
    let services = function.services();
    let ecs = services.iter().any(|name| service.is(&name.service));
    ecs || function.logical_id == template::names::scaling_function(service.name)
}

fn describe_function(function: &Function) -> String {
    let services = function.services();
    let names: Vec<&str> = services.iter().map(|name| name.service.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::{ScalingPolicy, ScalingSetup};
    use scaling::AlarmStepsPolicy;

    fn metric() -> Function {
        Function {
            name: "shop-metric".into(),
            arn: "arn:metric".into(),
            logical_id: template::names::METRIC_FUNCTION.into(),
            targets: vec![],
            kind: FunctionKind::Metric(vec![]),
        }
    }

    fn scaling(short: &str) -> Function {
        let policy = AlarmStepsPolicy {
            pause: None,
            cluster: "shop".into(),
            service: format!("shop-{short}-1"),
            min: 1,
            max: 2,
            schedule: None,
            scale_out: None,
            scale_in: None,
        };
        let setup = ScalingSetup {
            policy: ScalingPolicy::AlarmSteps(Box::new(policy)),
            dead_letters: None,
        };
        Function {
            name: format!("shop-scaling-{short}"),
            arn: format!("arn:{short}"),
            logical_id: template::names::scaling_function(short),
            targets: vec![],
            kind: FunctionKind::Scaling(Box::new(setup)),
        }
    }

    fn chosen(
        functions: &[Function],
        which: Option<Which>,
        service: Option<&str>,
    ) -> Result<String, String> {
        let service = service.map(|name| known_to_ecs(name, &[]));
        let chosen = choose(functions, which, service.as_ref(), "shop");
        chosen
            .map(|function| function.name.clone())
            .map_err(|failure| format!("{} ({})", failure.message(), failure.hints().join("; ")))
    }

    #[test]
    fn the_metric_function_comes_first_and_the_only_scaling_function_is_meant() {
        let both = [scaling("web"), metric()];
        assert_eq!(chosen(&both, None, None).unwrap(), "shop-metric");
        let scaled = Some(Which::Scaling);
        assert_eq!(chosen(&both, scaled, None).unwrap(), "shop-scaling-web");
        assert_eq!(chosen(&both[..1], None, None).unwrap(), "shop-scaling-web");
    }

    #[test]
    fn one_of_several_is_named_by_its_service() {
        let several = [scaling("web"), metric(), scaling("api-v2")];
        assert_eq!(
            chosen(&several, None, Some("api-v2")).unwrap(),
            "shop-scaling-api-v2"
        );
        assert_eq!(
            chosen(&several, None, Some("shop-web-1")).unwrap(),
            "shop-scaling-web"
        );
        insta::assert_snapshot!(chosen(&several, Some(Which::Scaling), None).unwrap_err(), @"the stack shop has 2 scaling functions (name one with --service: shop-web-1, shop-api-v2-1)");
        insta::assert_snapshot!(chosen(&several, None, Some("db")).unwrap_err(), @"the stack shop has no scaling function for db (it has one for: shop-web-1, shop-api-v2-1)");
    }

    #[test]
    fn what_is_not_there_is_said() {
        insta::assert_snapshot!(chosen(&[], None, None).unwrap_err(), @"the stack shop has no function to invoke (it has one where a service has `backlog_per_task`, `alarm_steps` or `demand`)");
        insta::assert_snapshot!(chosen(&[metric()], Some(Which::Scaling), None).unwrap_err(), @"the stack shop has no scaling function (it has one for each service with `alarm_steps`, and one for all with `demand`)");
        insta::assert_snapshot!(chosen(&[scaling("web")], Some(Which::Metric), None).unwrap_err(), @"the stack shop has no metric function (it has one where a service has `backlog_per_task`, or `demand` with `actuator: target_tracking`)");
        let both = chosen(&[metric()], Some(Which::Metric), Some("web"));
        assert!(
            both.unwrap_err()
                .starts_with("--service names a scaling function")
        );
    }
}
