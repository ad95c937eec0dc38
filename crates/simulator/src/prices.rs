//! What things cost.

/// A price table, in US dollars.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Prices {
    /// Region.
    pub region: &'static str,
    /// When the prices were read.
    pub as_of: &'static str,
    /// Fargate on x86-64: a vCPU-hour.
    pub x86_vcpu_hour: f64,
    /// Fargate on x86-64: a GB-hour.
    pub x86_gb_hour: f64,
    /// Fargate on ARM: a vCPU-hour.
    pub arm_vcpu_hour: f64,
    /// Fargate on ARM: a GB-hour.
    pub arm_gb_hour: f64,
    /// Shortest time that Fargate bills, in seconds.
    pub shortest_task: f64,
    /// A custom metric a month.
    pub metric_month: f64,
    /// An alarm of standard resolution a month.
    pub alarm_month: f64,
    /// A Lambda invocation.
    pub invocation: f64,
    /// A GB-second of Lambda on ARM.
    pub function_gb_second: f64,
}

/// Hours of a month, as AWS counts them.
pub(crate) const MONTH_HOURS: f64 = 730.0;

impl Prices {
    /// On-demand prices of us-east-1 as of November 2026: Fargate, CloudWatch as others published them
    /// (B), Lambda as inferred (C).
    pub const US_EAST_1: Self = Self {
        region: "us-east-1",
        as_of: "2026-11",
        x86_vcpu_hour: 0.04048,
        x86_gb_hour: 0.004_445,
        arm_vcpu_hour: 0.03238,
        arm_gb_hour: 0.00356,
        shortest_task: 60.0,
        metric_month: 0.30,
        alarm_month: 0.10,
        invocation: 0.20 / 1e6,
        function_gb_second: 0.000_013_333_4,
    };
}
