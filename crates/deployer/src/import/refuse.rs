//! Services that a definition can't describe in full: the next deploy would fail, or remove a part of them.

use aws_sdk_ecs::types::Service;

use crate::described::{controller_of, service_connect_of, strategy_of};
use crate::error::{Error, Result};

/// Refuses a service that a stack can't deploy as it is.
pub(super) fn refuse(service: &Service) -> Result<()> {
    let Some(reason) = find_reason(service) else {
        return Ok(());
    };
    let name = service.service_name().unwrap_or_default();
    let refusal = Error::refused(format!("the service {name} can't be imported: {reason}"));
    Err(refusal.hint("to scale it as it is, keep `existing` in the definition"))
}

fn find_reason(service: &Service) -> Option<String> {
    let controller = controller_of(service);
    if controller != "ECS" {
        return Some(format!(
            "its deployment controller is {controller}, and CloudFormation deploys only services with ECS's own"
        ));
    }
    let strategy = strategy_of(service);
    if strategy != "REPLICA" {
        return Some(format!(
            "its scheduling strategy is {strategy}, and a definition has only services with REPLICA"
        ));
    }
    let connect = service_connect_of(service);
    let publishes = connect.is_some_and(|connect| !connect.services().is_empty());
    let newest = service.deployments().first();
    let attaches = newest.is_some_and(|newest| !newest.volume_configurations().is_empty());
    let lattice = newest.is_some_and(|newest| !newest.vpc_lattice_configurations().is_empty());
    let places =
        !service.placement_constraints().is_empty() || !service.placement_strategy().is_empty();
    let parts = [
        (publishes, "it publishes names by Service Connect"),
        (
            !service.service_registries().is_empty(),
            "it is registered in Cloud Map (service discovery)",
        ),
        (attaches, "it attaches EBS volumes to its tasks"),
        (lattice, "it is a target of VPC Lattice"),
        (places, "it has placement constraints or strategies"),
    ];
    let (_, part) = parts.into_iter().find(|(has, _)| *has)?;
    Some(format!("{part}, which a definition can't describe"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{
        Deployment, DeploymentController, DeploymentControllerType, PlacementStrategy,
        SchedulingStrategy, ServiceConnectConfiguration, ServiceConnectService, ServiceRegistry,
        ServiceVolumeConfiguration, VpcLatticeConfiguration,
    };

    use super::*;

    fn controlled(by: DeploymentControllerType) -> Service {
        let controller = DeploymentController::builder().r#type(by).build().unwrap();
        Service::builder().deployment_controller(controller).build()
    }

    /// A client only if it publishes no port.
    fn connected(ports: &[&str]) -> Service {
        let port = |port: &&str| ServiceConnectService::builder().port_name(*port).build();
        let services = ports.iter().map(port).map(Result::unwrap).collect();
        let connect = ServiceConnectConfiguration::builder()
            .enabled(true)
            .set_services(Some(services))
            .build();
        let deployment = Deployment::builder().service_connect_configuration(connect);
        Service::builder().deployments(deployment.build()).build()
    }

    #[test]
    fn a_service_that_a_definition_describes_is_imported() {
        for service in [
            Service::builder().build(),
            controlled(DeploymentControllerType::Ecs),
            connected(&[]),
        ] {
            assert!(refuse(&service).is_ok(), "{service:?}");
        }
    }

    #[test]
    fn a_service_that_a_deploy_would_break_is_refused() {
        let deployed = |deployment: Deployment| Service::builder().deployments(deployment).build();
        let volume = ServiceVolumeConfiguration::builder().name("data").build();
        let lattice = VpcLatticeConfiguration::builder()
            .role_arn("arn:aws:iam::111122223333:role/lattice")
            .target_group_arn("tg-0a1b")
            .port_name("web")
            .build();
        let volumes = Deployment::builder().volume_configurations(volume.unwrap());
        let lattices = Deployment::builder().vpc_lattice_configurations(lattice.unwrap());
        for (service, reason) in [
            (
                controlled(DeploymentControllerType::CodeDeploy),
                "CODE_DEPLOY",
            ),
            (controlled(DeploymentControllerType::External), "EXTERNAL"),
            (
                Service::builder()
                    .scheduling_strategy(SchedulingStrategy::Daemon)
                    .build(),
                "DAEMON",
            ),
            (connected(&["web"]), "Service Connect"),
            (
                Service::builder()
                    .service_registries(ServiceRegistry::builder().build())
                    .build(),
                "Cloud Map",
            ),
            (deployed(volumes.build()), "EBS volumes"),
            (deployed(lattices.build()), "VPC Lattice"),
            (
                Service::builder()
                    .placement_strategy(PlacementStrategy::builder().build())
                    .build(),
                "placement",
            ),
        ] {
            let refused = refuse(&service).unwrap_err();
            assert_eq!(refused.kind(), crate::Kind::Refused);
            assert!(refused.to_string().contains(reason), "{refused}");
        }
    }
}
