//! Where the functions' code and large templates are stored. The permissions refer to it, and the deployer uploads
//! to it.

/// Prefix of the key of each template that is uploaded only for a plan.
pub const DRAFTS: &str = "drafts/";

/// Prefix of the objects that list the services that the functions of the stack `name` scale. A function can read
/// them at any time, so they don't expire.
#[must_use]
pub fn fleet_objects(name: &str) -> String {
    format!("{FLEETS}{name}/")
}

/// Prefix of the keys of all these objects.
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
