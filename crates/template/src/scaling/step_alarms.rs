//! The alarms of step scaling, whoever acts on them.

use stack::{Side, Stack, StepScaling};

use crate::builder::Builder;
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::ResolvedService;
use crate::resources::alarm::{Alarm, AlarmAction, Window};
use crate::resources::metric::MetricStatistic;

/// Which way a side goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Out,
    In,
}

impl Direction {
    /// The word for it behind "scale".
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }

    /// Logical id of the alarm of a service.
    pub(crate) fn alarm(self, short: &str) -> String {
        match self {
            Self::Out => names::scale_out_alarm(short),
            Self::In => names::scale_in_alarm(short),
        }
    }
}

/// The sides that there are.
pub(crate) fn sides(steps: &StepScaling) -> impl Iterator<Item = (Direction, &Side)> {
    let out = steps.scale_out.as_ref().map(|side| (Direction::Out, side));
    let r#in = steps.scale_in.as_ref().map(|side| (Direction::In, side));
    out.into_iter().chain(r#in)
}

pub(crate) fn add(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
    (direction, side): (Direction, &Side),
    (metric, action): (MetricStatistic<'_>, AlarmAction),
) -> Result<(), SynthesisError> {
    let window = window(steps, side)?;
    let way = direction.word();
    let alarm = Alarm {
        id: direction.alarm(service.short),
        description: format!(
            "Stack {}: scales service {} {way}; {} ({}) was {} {} in {} of the last {} periods of {} s.",
            stack.name,
            service.short,
            metric.title(),
            metric.statistic_name(),
            side.comparison.name().replace('_', " "),
            side.threshold,
            window.datapoints,
            window.periods,
            window.period
        ),
        metric,
        comparison: side.comparison,
        threshold: side.threshold,
        window,
        missing: side.missing,
        action,
        depends_on: Vec::new(),
    };
    alarm.add(builder, stack)
}

fn window(steps: &StepScaling, side: &Side) -> Result<Window, SynthesisError> {
    let period = steps.period.as_secs();
    let (seconds, limit) = (period * u64::from(side.periods), Window::limit(period));
    if seconds > limit {
        return Err(SynthesisError::WindowTooLong {
            setting: "the product of period and `of`",
            seconds,
            limit,
        });
    }
    Ok(Window {
        period,
        datapoints: side.datapoints.into(),
        periods: side.periods.into(),
    })
}
