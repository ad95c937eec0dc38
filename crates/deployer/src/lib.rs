//! deployer.
