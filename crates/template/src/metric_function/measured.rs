//! The services that the metric function measures, and their settings.

use scaling::{Count, DemandRequest};

use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedService, Scaled};
use crate::scaling::demand;

/// A service that the metric function measures.
#[derive(Clone, Debug)]
pub(crate) struct Measured<'a, 'r> {
    pub(crate) service: &'r ResolvedService<'a>,
    /// The kinds of messages that count as backlog.
    pub(crate) count: Vec<Count>,
    /// Whether the service can scale to zero, and so must scale from zero.
    pub(crate) wakes: bool,
    /// Target of the policy that tracks the backlog, if the service can scale to zero.
    pub(crate) target: Option<f64>,
    /// The demand settings, if its required tasks are published instead of its backlog.
    pub(crate) demand: Option<DemandRequest>,
}

/// All of them, in the order of the definition.
pub(crate) fn measured_services<'a, 'r>(
    resolved: &'r Resolved<'a>,
    scaled: &[Scaled<'a, 'r>],
) -> Result<Vec<Measured<'a, 'r>>, SynthesisError> {
    let mut measured: Vec<Measured<'a, 'r>> = scaled
        .iter()
        .filter(|scaled| scaled.is_measured())
        .map(|scaled| Measured {
            service: scaled.service,
            count: scaled.scaling.count.iter().copied().collect(),
            wakes: scaled.wakes(),
            target: scaled.wakes().then_some(scaled.target),
            demand: None,
        })
        .collect();
    for (service, demand) in resolved.tracking_demand() {
        measured.push(Measured {
            service,
            count: vec![Count::Visible],
            wakes: service.service.can_sleep(),
            target: None,
            demand: Some(demand::demand_request(service, demand)?),
        });
    }
    measured.sort_by_key(|measured| measured.service.short);
    Ok(measured)
}

impl Measured<'_, '_> {
    /// Whether the metric function reads the queues' metrics in CloudWatch.
    pub(crate) fn reads_metrics(&self) -> bool {
        self.demand.is_some()
    }
}
