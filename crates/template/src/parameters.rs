//! Parameters of the template: values that are known only while deploying.

/// Parameter that names the bucket with the functions' code.
pub const PARAMETER_ASSETS_BUCKET: &str = "AssetsBucket";

/// Parameter for the key of the metric function's zip in that bucket.
pub const PARAMETER_METRIC_FUNCTION_KEY: &str = "MetricFunctionKey";

/// Parameter for the key of the scaling function's zip in that bucket.
pub const PARAMETER_SCALING_FUNCTION_KEY: &str = "ScalingFunctionKey";

/// Parameter (`true` or `false`) for whether each scaling function gets a reserved concurrency of one: accounts
/// with a small concurrency quota refuse it.
pub const PARAMETER_SERIALIZE_SCALING: &str = "SerializeScaling";

/// All of them.
pub(crate) const PARAMETERS: [&str; 4] = [
    PARAMETER_ASSETS_BUCKET,
    PARAMETER_METRIC_FUNCTION_KEY,
    PARAMETER_SCALING_FUNCTION_KEY,
    PARAMETER_SERIALIZE_SCALING,
];
