//! Where the functions' code and large templates are. The permissions name it, and the deployer uploads to it.

/// What the key of each template that is uploaded for a plan alone begins with.
pub const DRAFTS: &str = "drafts/";

/// Prefix of the objects that list what the functions of the stack `name` scale. A function reads them at any time, so they
/// don't expire.
#[must_use]
pub fn fleet_objects(name: &str) -> String {
    format!("{FLEETS}{name}/")
}

/// What the keys of all these objects begin with.
pub const FLEETS: &str = "fleets/";

/// Prefix of the records of the good deploys of the stack `name`, which `rollback` reads. They don't expire: each deploy removes
/// those that are too many, and `destroy` the rest.
#[must_use]
pub fn deploy_records(name: &str) -> String {
    format!("deploys/{name}/")
}

/// The name of the assets bucket: one for each account and region.
#[must_use]
pub fn assets_bucket(account: &str, region: &str) -> String {
    format!("ecs-scaler-assets-{account}-{region}")
}
