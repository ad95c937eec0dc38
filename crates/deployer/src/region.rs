//! AWS regions: whether one exists, which names are similar to a wrong one, and which partition its ARNs need.

use std::time::Duration;

use serde_json::Value;
use stack::{REGIONS, Stack};

use crate::error::{Error, Kind, Result};

/// How long a name is looked up.
const PATIENCE: Duration = Duration::from_secs(3);

/// Returns the known regions of the same partition.
#[must_use]
pub fn list_regions(like: &str) -> Vec<&'static str> {
    let partition = stack::partition_of(like);
    let known = REGIONS.split_whitespace();
    known
        .filter(|region| stack::partition_of(region) == partition)
        .collect()
}

/// Refuses a region that doesn't exist. Recognizes a region that is newer than this version by its host name. Sends no
/// AWS request.
pub(crate) async fn require_known(region: &str) -> Result<()> {
    if is_known(region) || is_resolved(region).await {
        return Ok(());
    }
    let error = Error::new(Kind::Usage, format!("there is no AWS region `{region}`"));
    Err(error.hint(match find_nearest(region) {
        Some(near) => format!(
            "did you mean {near}? Correct --region, `region:` in the definition, or AWS_REGION"
        ),
        None => {
            "use a code such as us-west-2 in --region, `region:` in the definition, or AWS_REGION"
                .to_owned()
        }
    }))
}

fn is_known(region: &str) -> bool {
    REGIONS.split_whitespace().any(|known| known == region)
}

fn find_nearest(region: &str) -> Option<&'static str> {
    stack::nearest(&region.replace('_', "-"), REGIONS.split_whitespace())
}

/// Whether DNS knows the region. Looks up only names in a region's format: area, direction, number.
async fn is_resolved(region: &str) -> bool {
    if !has_form(region) {
        return false;
    }
    let lookup = tokio::net::lookup_host((format!("sts.{region}.amazonaws.com"), 443));
    match tokio::time::timeout(PATIENCE, lookup).await {
        Ok(Ok(mut addresses)) => addresses.next().is_some(),
        _ => false,
    }
}

fn has_form(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let [areas @ .., direction, number] = parts.as_slice() else {
        return false;
    };
    let directions = [
        "north",
        "south",
        "east",
        "west",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
    ];
    let is_area = |area: &&str| !area.is_empty() && area.chars().all(|c| c.is_ascii_lowercase());
    !areas.is_empty()
        && areas.iter().all(is_area)
        && directions.contains(direction)
        && number.parse::<u8>().is_ok()
}

/// Refuses a stack that refers to resources of another partition than the region's: AWS, China, or GovCloud.
///
/// # Errors
/// If the definition contains an ARN of another partition.
pub fn require_partition(stack: &Stack, region: &str) -> Result<()> {
    let partition = stack::partition_of(region);
    let template = template::synthesize(stack)?;
    let Some(arn) = find_foreign(template.to_json(), partition) else {
        return Ok(());
    };
    Err(Error::new(
        Kind::InvalidDefinition,
        format!("the region {region} is in the partition `{partition}`, which doesn't have {arn}"),
    )
    .hint(format!(
        "write the ARN as `arn:{partition}:…`, or deploy with a profile and region of the ARN's partition"
    )))
}

/// Finds an ARN of another partition in the template.
fn find_foreign<'a>(value: &'a Value, partition: &str) -> Option<&'a str> {
    match value {
        Value::String(text) => {
            let named = text.strip_prefix("arn:")?.split(':').next()?;
            // A pattern or a reference matches every partition, or the stack's own.
            let plain =
                !named.is_empty() && named.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            (plain && named != partition).then_some(text.as_str())
        }
        Value::Array(values) => values
            .iter()
            .find_map(|value| find_foreign(value, partition)),
        Value::Object(values) => values
            .values()
            .find_map(|value| find_foreign(value, partition)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wrong_region_is_refused_with_the_nearest() {
        for (wrong, right) in [
            ("us-wst-2", "us-west-2"),
            ("eu_west_1", "eu-west-1"),
            ("US-EAST-1", "us-east-1"),
            ("us-gov-wets-1", "us-gov-west-1"),
        ] {
            let error = require_known(wrong).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.hints()[0].contains(right), "{error:?}");
        }
        assert!(find_nearest("frankfurt").is_none());
        require_known("cn-northwest-1").await.unwrap();
    }

    #[test]
    fn only_names_of_a_region_s_form_are_looked_up() {
        assert!(has_form("us-west-9") && has_form("us-gov-east-2") && has_form("eusc-de-west-1"));
        for text in [
            "us-wst-2",
            "us-west",
            "west-1",
            "us-west-1.evil.example",
            "",
            "us--west-1",
        ] {
            assert!(!has_form(text), "{text}");
        }
    }

    #[test]
    fn a_definition_with_arns_of_another_partition_is_refused() {
        let text = "name: shop\nqueues: {orders: {}}\nservices:\n  web: {image: busybox, consumes: [orders], \
                    tasks: {min: 1, max: 2}, secrets: {KEY: 'arn:aws:ssm:us-west-2:111122223333:parameter/key'}, \
                    scaling: {cpu: {target: 60}}}\n";
        let stack = stack::parse("x", text).unwrap().stack;
        require_partition(&stack, "us-west-2").unwrap();
        let error = require_partition(&stack, "cn-north-1").unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidDefinition);
        assert!(
            error.to_string().contains("arn:aws:ssm:us-west-2"),
            "{error}"
        );
        assert!(error.hints()[0].contains("arn:aws-cn:"), "{error:?}");
    }
}
