//! Retries after a reply that was truncated or corrupted in transit.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// Retries a request whose reply reports success but can't be read. The SDK treats such a reply as final, although it
/// means the same as a lost reply, which the SDK does retry.
#[derive(Debug)]
pub(crate) struct UnreadableReply;

impl ClassifyRetry for UnreadableReply {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_error = context
            .output_or_error()
            .is_some_and(|output| output.is_err());
        let succeeded = context
            .response()
            .is_some_and(|response| response.status().is_success());
        if is_error && succeeded {
            return RetryAction::transient_error();
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "unreadable reply"
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::interceptors::context::{Error, Input};
    use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn only_success_that_cannot_be_read_is_asked_for_again() {
        let classify = |status: u16| {
            let mut context = InterceptorContext::new(Input::doesnt_matter());
            let status = status.try_into().unwrap();
            context.set_response(HttpResponse::new(status, SdkBody::empty()));
            let error = OrchestratorError::operation(Error::doesnt_matter());
            context.set_output_or_error(Err(error));
            UnreadableReply.classify_retry(&context)
        };
        assert_eq!(classify(200), RetryAction::transient_error());
        assert_eq!(classify(400), RetryAction::NoActionIndicated);
        let unanswered = InterceptorContext::new(Input::doesnt_matter());
        let action = UnreadableReply.classify_retry(&unanswered);
        assert_eq!(action, RetryAction::NoActionIndicated);
    }
}
