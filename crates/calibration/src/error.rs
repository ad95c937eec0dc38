//! Errors of AWS, with what was done.

use aws_sdk_cloudwatch::error::DisplayErrorContext;
use deployer::Error;

pub(crate) fn aws(doing: &str, error: &(impl std::error::Error + 'static)) -> Error {
    Error::failed(format!("can't {doing}: {}", DisplayErrorContext(error)))
}
