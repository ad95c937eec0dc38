//! The capacity that a service's tasks run on.

use super::readings::{ProviderReading, ServiceReading};

impl ServiceReading {
    /// The capacity of its tasks, for people.
    pub(super) fn capacity(&self) -> String {
        match &self.launch_type {
            Some(kind) if kind == "EC2" => "EC2 instances".to_owned(),
            Some(kind) if kind == "FARGATE" => "Fargate".to_owned(),
            Some(other) => other.clone(),
            None => {
                let of = |one: &ProviderReading| {
                    format!("{} (base {}, weight {})", one.name, one.base, one.weight)
                };
                let providers: Vec<String> = self.providers.iter().map(of).collect();
                match providers.is_empty() {
                    true => "the cluster's default capacity".to_owned(),
                    false => providers.join(" and "),
                }
            }
        }
    }

    /// Whether its tasks run on EC2 instances.
    #[must_use]
    pub fn on_instances(&self) -> bool {
        let on_fargate = |name: &str| name.starts_with("FARGATE");
        match &self.launch_type {
            Some(kind) => kind == "EC2",
            None => self.providers.iter().any(|one| !on_fargate(&one.name)),
        }
    }
}
