//! Where the functions' code and large templates are. The permissions name it, and the deployer uploads to it.

/// What the key of each template that is uploaded for a plan alone begins with.
pub const DRAFTS: &str = "drafts/";

/// The name of the assets bucket: one for each account and region.
#[must_use]
pub fn assets_bucket(account: &str, region: &str) -> String {
    format!("ecs-scaler-assets-{account}-{region}")
}
