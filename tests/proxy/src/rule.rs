//! Which requests have a fault.

use std::collections::HashMap;

use crate::call::Call;
use crate::fault::Fault;

/// A fault, and the requests that have it. By default, every request.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    service: Option<String>,
    action: Option<String>,
    /// The first matching request that has the fault, starting with 1.
    first: usize,
    /// The number of requests that have the fault.
    count: usize,
    /// Whether each action is counted separately.
    per_action: bool,
    seen: HashMap<String, usize>,
}

impl Rule {
    /// Applies this fault to every request.
    #[must_use]
    pub fn every(fault: Fault) -> Self {
        Self {
            fault,
            service: None,
            action: None,
            first: 1,
            count: usize::MAX,
            per_action: false,
            seen: HashMap::new(),
        }
    }

    /// Applies this fault to every request to a service for an action. For S3 and Lambda, to the requests whose
    /// method and path contain this text.
    #[must_use]
    pub fn on(service: &str, action: &str, fault: Fault) -> Self {
        Self {
            service: Some(service.to_owned()),
            action: Some(action.to_owned()),
            ..Self::every(fault)
        }
    }

    /// Applies this fault to every request to a service.
    #[must_use]
    pub fn service(service: &str, fault: Fault) -> Self {
        Self {
            service: Some(service.to_owned()),
            ..Self::every(fault)
        }
    }

    /// Only the first requests that match.
    #[must_use]
    pub fn first(self, count: usize) -> Self {
        Self { count, ..self }
    }

    /// All that match from number `number` on, starting with 1.
    #[must_use]
    pub fn from(self, number: usize) -> Self {
        Self {
            first: number,
            ..self
        }
    }

    /// Counts the requests of each action separately: the first of each.
    #[must_use]
    pub fn per_action(self) -> Self {
        Self {
            per_action: true,
            ..self
        }
    }

    /// Returns the fault of a request, and counts the request if it matches.
    pub(crate) fn apply(&mut self, call: &Call) -> Option<Fault> {
        if !self.matches(call) {
            return None;
        }
        let key = match self.per_action {
            true => call.to_string(),
            false => String::new(),
        };
        let seen = self.seen.entry(key).or_default();
        *seen += 1;
        let applies = *seen >= self.first && *seen - self.first < self.count;
        applies.then(|| self.fault.clone())
    }

    /// A request without a signature, such as the sandbox's own health check, matches no rule.
    fn matches(&self, call: &Call) -> bool {
        let is_rest = call.action.contains(' ');
        let acts = |wanted: &String| match is_rest {
            true => call.action.contains(wanted.as_str()),
            false => call.action == *wanted,
        };
        !call.service.is_empty()
            && self
                .service
                .as_ref()
                .is_none_or(|service| call.service == *service)
            && self.action.as_ref().is_none_or(acts)
    }
}
