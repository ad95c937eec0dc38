//! `status --why`, formatted for people: names in the definition, objectives, and the sentence.

use std::collections::BTreeMap;

use deployer::ServiceState;

use crate::definition::{SelectionArgs, StackRef};
use crate::failure::Result;
use crate::words::{fold, number};

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns for the name in a line.
const NAME: usize = 14;

/// Returns the latency objectives of a definition, by service name. They aren't known for a stack that is given
/// by name.
///
/// # Errors
/// If the definition can't be read.
pub(super) fn objectives(
    stack: &StackRef,
    selection: &SelectionArgs,
) -> Result<BTreeMap<String, String>> {
    let StackRef::File(path) = stack else {
        return Ok(BTreeMap::new());
    };
    let loaded = crate::definition::load_with_warnings(path, selection)?;
    let services = loaded.stack.services.iter();
    let objectives = services.filter_map(|(name, service)| {
        let latency = service.slo.map(|slo| slo.latency);
        let latency = humantime::format_duration(latency.or(service.acceptable_latency())?);
        let share = service.slo.and_then(|slo| slo.share);
        let text = match share {
            Some(share) => format!("{}% within {latency}", number(share * 100.0)),
            None => format!("messages wait at most {latency}"),
        };
        Some((name.clone(), text))
    });
    Ok(objectives.collect())
}

/// Returns the account and the region in a stack's ARN, `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID`, for the
/// first line.
pub(super) fn place(arn: &str) -> String {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        [_, _, _, region, account, ..] => format!(" (account {account}, {region})"),
        _ => String::new(),
    }
}

/// Returns the name in the definition, otherwise the name in ECS.
pub(super) fn service_name(service: &ServiceState) -> String {
    let name = service.why.as_ref().and_then(|why| why.name.as_ref());
    match name.filter(|name| **name != service.service) {
        Some(name) => format!("{name}: {}", service.service),
        None => service.service.clone(),
    }
}

/// Formats the objective, and why the service has its count.
pub(super) fn format_why(service: &ServiceState, objectives: &BTreeMap<String, String>) -> String {
    let Some(why) = &service.why else {
        return String::new();
    };
    let objective = why.name.as_ref().and_then(|name| objectives.get(name));
    let objective = objective.map(|text| format!("{:<NAME$}{text}\n", "objective"));
    let lines = fold(&why.sentence, WIDTH - NAME);
    let mut text = objective.unwrap_or_default();
    for (place, line) in lines.iter().enumerate() {
        let name = if place == 0 { "why" } else { "" };
        text.push_str(&format!("{name:<NAME$}{line}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::{Why, WhyCause};

    #[test]
    fn the_sentence_is_folded_under_the_tasks() {
        let why = Why {
            cause: WhyCause::NoData,
            sentence:
                "no datapoint for 4 minutes: the rule shop-MetricRule1-1ABCDEFGHIJKL is disabled"
                    .into(),
            name: Some("worker".into()),
        };
        let service = ServiceState {
            service: "shop-WorkerService-1".into(),
            why: Some(why),
            ..ServiceState::default()
        };
        let objectives = [("worker".to_owned(), "99% within 10s".to_owned())].into();
        insta::assert_snapshot!(format_why(&service, &objectives), @r"
        objective     99% within 10s
        why           no datapoint for 4 minutes: the rule
                      shop-MetricRule1-1ABCDEFGHIJKL is disabled
        ");
        assert_eq!(service_name(&service), "worker: shop-WorkerService-1");
    }

    #[test]
    fn the_first_line_says_where() {
        let arn = "arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1a";
        assert_eq!(place(arn), " (account 111122223333, us-west-2)");
        assert_eq!(place("shop"), "");
    }
}
