//! The settings of the demand algorithm, as its functions receive them.

use std::time::Duration;

use scaling::{DemandPolicyError, DemandRequest, QueueRequest};
use stack::{Actuator, Demand, Service};

use crate::error::SynthesisError;
use crate::resolved::{ResolvedQueue, ResolvedService};

/// A rule's shortest period: one invocation of the scaling function checks until the next one starts, and the metric
/// function checks once.
pub(crate) const PERIOD: Duration = Duration::from_secs(60);

/// Returns the demand settings of a service.
pub(crate) fn demand_request(
    service: &ResolvedService<'_>,
    demand: &Demand,
) -> Result<DemandRequest, SynthesisError> {
    let short = || service.short.to_owned();
    if service.queues.is_empty() {
        return Err(SynthesisError::NothingToMeasure { service: short() });
    }
    let law = DemandRequest {
        acceptable_latency_ms: whole_milliseconds(demand.acceptable_latency),
        processing_time_ms: demand.processing_time.map(whole_milliseconds),
        concurrency: demand.concurrency,
        task_start_ms: whole_milliseconds(demand.task_start),
        window_ms: whole_milliseconds(demand.window),
        period_ms: match demand.actuator {
            Actuator::TargetTracking => Some(whole_milliseconds(PERIOD)),
            // The function's policy contains it.
            Actuator::Function | Actuator::None => None,
        },
        rate_over_ms: None,
    };
    law.check()
        .map_err(|problem| unusable_numbers(service, problem))?;
    Ok(law)
}

/// A queue as input of a function that estimates the demand. Settings that equal the service's are omitted.
pub(crate) fn queue_request(service: &Service, queue: &ResolvedQueue<'_>) -> QueueRequest {
    let own = service.own_settings(queue.short);
    QueueRequest {
        name: queue.name.sub(),
        url: queue.url.sub(),
        acceptable_latency_ms: own.slo.map(|slo| whole_milliseconds(slo.latency)),
        share: own.slo.and_then(|slo| slo.share),
        processing_time_ms: own.processing_time.map(whole_milliseconds),
    }
}

/// The error for numbers that no function would accept.
pub(crate) fn unusable_numbers(
    service: &ResolvedService<'_>,
    problem: DemandPolicyError,
) -> SynthesisError {
    let service = service.short.to_owned();
    SynthesisError::UnusableDemand { service, problem }
}

/// Returns whole milliseconds, the only unit that the functions receive.
pub(crate) fn whole_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
