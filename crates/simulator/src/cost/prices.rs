//! Price tables: one per region, with the date at which the prices were read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Hours per month, as AWS counts them.
pub const MONTH_HOURS: f64 = 730.0;

/// Region whose prices are used if no region of the table is near.
const USUAL_REGION: &str = "us-east-1";

/// Prices of several regions, and estimates of usage that a simulation can't determine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// When the prices were read.
    pub as_of: String,
    /// Usage that isn't simulated.
    pub guesses: Guesses,
    /// Prices by region, at least one.
    pub regions: BTreeMap<String, RegionPrices>,
}

/// Usage that isn't simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Guesses {
    /// Bytes that a task logs per message.
    pub log_bytes_per_message: f64,
    /// Bytes that a function logs per run.
    pub log_bytes_per_run: f64,
    /// Bytes that a function logs for each additional check in a run.
    pub log_bytes_per_check: f64,
    /// Load balancer capacity units in use, on average.
    pub load_balancer_lcus: f64,
    /// Disk size of an EC2 instance.
    pub instance_disk_gb: f64,
    /// Metrics of Container Insights per service.
    pub insights_metrics_per_service: f64,
}

/// Prices of a region in US dollars, without free tiers and discounts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RegionPrices {
    /// The source of the prices, for people.
    pub confidence: String,
    /// Fargate on ARM: a vCPU-hour.
    pub fargate_arm_vcpu_hour: f64,
    /// Fargate on ARM: a GB-hour.
    pub fargate_arm_gb_hour: f64,
    /// Fargate on x86-64: a vCPU-hour.
    pub fargate_x86_vcpu_hour: f64,
    /// Fargate on x86-64: a GB-hour.
    pub fargate_x86_gb_hour: f64,
    /// Price of Fargate Spot as a share of the on-demand price.
    pub fargate_spot_share: f64,
    /// Price per hour of the size `large` of each EC2 instance family. Other sizes cost in proportion.
    pub ec2_large_hour: BTreeMap<String, f64>,
    /// A vCPU-hour of an instance family that isn't listed.
    pub ec2_vcpu_hour: f64,
    /// A GB-hour of an instance family that isn't listed.
    pub ec2_gb_hour: f64,
    /// A GB of an instance's disk (gp3) per month.
    pub disk_gb_month: f64,
    /// A public IPv4 address per hour.
    pub address_hour: f64,
    /// An Application Load Balancer per hour.
    pub load_balancer_hour: f64,
    /// A load balancer capacity unit per hour.
    pub load_balancer_lcu_hour: f64,
    /// A million invocations of functions.
    pub function_million_requests: f64,
    /// A GB-second of a function on ARM.
    pub function_arm_gb_second: f64,
    /// A GB-second of a function on x86-64.
    pub function_x86_gb_second: f64,
    /// A million invocations by scheduled rules.
    pub rule_million_invocations: f64,
    /// A million requests to standard queues.
    pub queue_million_requests: f64,
    /// A million requests to FIFO queues.
    pub queue_fifo_million_requests: f64,
    /// A custom metric per month.
    pub metric_month: f64,
    /// A thousand PutMetricData requests.
    pub metric_thousand_puts: f64,
    /// A thousand metrics requested by GetMetricData.
    pub metric_thousand_gets: f64,
    /// A metric of an alarm per month.
    pub alarm_month: f64,
    /// A metric of an alarm with a period below a minute per month.
    pub alarm_high_resolution_month: f64,
    /// A dashboard per month.
    pub dashboard_month: f64,
    /// A GB of logs.
    pub log_gb: f64,
}

/// The prices of one region, and the region that was requested.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Prices {
    /// Region of the prices.
    pub region: String,
    /// Region that was requested, if it is known and a different one.
    pub instead_of: Option<String>,
    /// When the prices were read.
    pub as_of: String,
    /// Usage that isn't simulated.
    pub guesses: Guesses,
    /// The prices.
    #[serde(flatten)]
    pub rates: RegionPrices,
}

/// The reason why a price table can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// The text isn't in the documented format.
    #[error("{0}")]
    Format(#[from] serde_json::Error),
    /// The table has no region.
    #[error("`regions` is empty: add the prices of at least one region")]
    NoRegion,
    /// A number that isn't a valid price.
    #[error("`{place}` is {value}, but must be at least 0")]
    Negative {
        /// The path of keys to the number.
        place: String,
        /// The number.
        value: f64,
    },
}

impl PriceTable {
    /// Returns the table that is part of the program. It is parsed once, because a search creates thousands of
    /// scenarios.
    #[must_use]
    pub fn built_in() -> &'static Self {
        // A test parses the file, so the empty table never occurs.
        static TABLE: LazyLock<PriceTable> =
            LazyLock::new(|| PriceTable::read(include_str!("prices.json")).unwrap_or_default());
        &TABLE
    }

    /// Reads a table from JSON text.
    ///
    /// # Errors
    /// If the text isn't JSON in the documented format, has no region, or contains a negative number.
    pub fn read(text: &str) -> Result<Self, PriceError> {
        let table: Self = serde_json::from_str(text)?;
        if table.regions.is_empty() {
            return Err(PriceError::NoRegion);
        }
        check_numbers("", &serde_json::to_value(&table)?)?;
        Ok(table)
    }

    /// Returns the prices of a region, or of the nearest one: the first on the same continent, otherwise
    /// us-east-1, otherwise the first. If no region is requested, the prices of us-east-1 or the first.
    #[must_use]
    pub fn for_region(&self, wanted: Option<&str>) -> Prices {
        let continent = |name: &str| name.split('-').next().map(str::to_owned);
        let same = |name: &&str| wanted.is_some_and(|wanted| continent(wanted) == continent(name));
        let names = || self.regions.keys().map(String::as_str);
        let region = wanted
            .filter(|wanted| self.regions.contains_key(*wanted))
            .or_else(|| names().find(same))
            .or_else(|| names().find(|name| *name == USUAL_REGION))
            .or_else(|| names().next())
            .unwrap_or_default();
        Prices {
            region: region.to_owned(),
            instead_of: wanted.filter(|wanted| *wanted != region).map(str::to_owned),
            as_of: self.as_of.clone(),
            guesses: self.guesses,
            rates: self.regions.get(region).cloned().unwrap_or_default(),
        }
    }
}

fn check_numbers(place: &str, value: &serde_json::Value) -> Result<(), PriceError> {
    if let Some(value) = value.as_f64().filter(|value| *value < 0.0) {
        let place = place.trim_start_matches('.').to_owned();
        return Err(PriceError::Negative { place, value });
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        check_numbers(&format!("{place}.{key}"), inner)?;
    }
    Ok(())
}

impl Prices {
    /// Describes the prices for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let instead = self.instead_of.as_ref().map_or_else(String::new, |wanted| {
            format!(" (there is no table for {wanted})")
        });
        format!("prices of {}{instead} as of {}", self.region, self.as_of)
    }

    /// Returns US dollars per hour of an EC2 instance with its disk, and whether the price is an estimate
    /// because the instance family isn't listed. `None` if the size isn't known either.
    pub(crate) fn instance_hour(&self, instance_type: &str) -> Option<(f64, bool)> {
        let disk = self.rates.disk_gb_month * self.guesses.instance_disk_gb / MONTH_HOURS;
        let (family, size) = instance_type.split_once('.')?;
        let listed = self.rates.ec2_large_hour.get(family).zip(larges(size));
        if let Some((large, times)) = listed {
            return Some((large * times + disk, false));
        }
        let room = stack::InstanceRoom::of(instance_type)?;
        let hour = f64::from(room.cpu) / 1_024.0 * self.rates.ec2_vcpu_hour
            + f64::from(room.memory) / 1_024.0 * self.rates.ec2_gb_hour;
        Some((hour + disk, true))
    }
}

/// Returns the price of an instance size as a multiple of the price of `large`.
fn larges(size: &str) -> Option<f64> {
    match size {
        "nano" => Some(1.0 / 16.0),
        "micro" => Some(1.0 / 8.0),
        "small" => Some(1.0 / 4.0),
        "medium" => Some(1.0 / 2.0),
        "large" => Some(1.0),
        "xlarge" => Some(2.0),
        _ => {
            let times: u32 = size.strip_suffix("xlarge")?.parse().ok()?;
            Some(2.0 * f64::from(times))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_read() {
        let table = PriceTable::built_in();
        assert!(table.regions.len() >= 4, "{table:?}");
        assert!(table.regions.contains_key(USUAL_REGION));
    }

    #[test]
    fn an_unknown_region_takes_the_nearest_table_and_says_so() {
        let table = PriceTable::built_in();
        for (wanted, region) in [
            ("us-west-2", "us-west-2"),
            ("eu-north-1", "eu-central-1"),
            ("ap-southeast-2", "us-east-1"),
        ] {
            assert_eq!(table.for_region(Some(wanted)).region, region);
        }
        assert_eq!(
            table.for_region(Some("eu-north-1")).describe(),
            "prices of eu-central-1 (there is no table for eu-north-1) as of 2026-11"
        );
        assert_eq!(
            table.for_region(None).describe(),
            "prices of us-east-1 as of 2026-11"
        );
    }

    /// t4g.small costs $0.0168 per hour, m6g.4xlarge $0.616 (EC2's on-demand list); a disk of 30 GB $2.40 per
    /// month.
    #[test]
    fn instances_cost_in_proportion_to_their_size() {
        let prices = PriceTable::built_in().for_region(None);
        let disk = 2.4 / 730.0;
        for (kind, hour) in [("t4g.small", 0.0168), ("m6g.4xlarge", 0.616)] {
            let (found, estimated) = prices.instance_hour(kind).unwrap();
            assert!((found - hour - disk).abs() < 1e-9, "{kind}: {found}");
            assert!(!estimated);
        }
        assert!(prices.instance_hour("m9g.large").unwrap().1);
        assert_eq!(prices.instance_hour("p4d.24xlarge"), None);
    }

    #[test]
    fn a_wrong_table_names_the_place_and_the_fix() {
        let good = include_str!("prices.json");
        let error = |text: &str| PriceTable::read(text).unwrap_err().to_string();
        let unknown = error(&good.replacen("\"alarm_month\"", "\"alarms_month\"", 1));
        assert!(
            unknown.contains("unknown field `alarms_month`, expected one of"),
            "{unknown}"
        );
        assert!(unknown.contains(" at line "), "{unknown}");
        assert_eq!(
            error(&good.replacen("\"log_gb\": 0.50", "\"log_gb\": -0.5", 1)),
            "`regions.us-east-1.log_gb` is -0.5, but must be at least 0"
        );
        let missing = error(&good.replacen("\"address_hour\": 0.005,", "", 1));
        assert!(
            missing.contains("missing field `address_hour`"),
            "{missing}"
        );
        let none = r#"{"as_of":"2026","guesses":{"log_bytes_per_message":1,"log_bytes_per_run":1,"log_bytes_per_check":1,"load_balancer_lcus":1,"instance_disk_gb":1,"insights_metrics_per_service":1},"regions":{}}"#;
        assert!(error(none).contains("at least one region"));
    }
}
