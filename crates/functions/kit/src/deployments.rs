//! A service's deployments, from its description.

use aws_sdk_ecs::types::{DeploymentRolloutState, Service};

/// Whether a deployment is in progress: the primary one, or an older one that still has tasks.
#[must_use]
pub fn is_deploying(service: &Service) -> bool {
    let deployments = service.deployments();
    let in_progress = Some(&DeploymentRolloutState::InProgress);
    deployments.len() > 1
        || deployments
            .iter()
            .any(|deployment| deployment.rollout_state() == in_progress)
}
