//! Warm tasks, and the arrivals of earlier days that they are insured by.

use std::time::Duration;

use super::{DeadlineWatch, Moment, arrival_log};
use crate::deadline::insurance::{Insurance, InsuredCheck, WarmFloor};
use crate::deadline::keep_up::KeepUp;
use crate::deadline::settings::{DeadlineSettings, Warm};

/// No insurance yet.
pub(super) fn insurance(settings: &DeadlineSettings, most: u32) -> Insurance {
    Insurance::new(most, settings.tuning.insurance_decay * settings.second())
}

/// The same minutes with 0 messages in the missing minutes between two of them, except in gaps of over two
/// weeks. SQS reports nothing for a queue that was idle for hours, and a warm task costs as much then.
fn every_minute(
    minutes: impl IntoIterator<Item = (Duration, f64)>,
    minute: Duration,
) -> impl Iterator<Item = (Duration, f64)> {
    const MOST: u32 = 14 * 24 * 60;
    let mut next: Option<Duration> = None;
    minutes.into_iter().flat_map(move |(start, messages)| {
        let from = next.replace(start.saturating_add(minute));
        let missing = from.filter(|from| start.saturating_sub(*from) <= minute * MOST);
        let zeros = std::iter::successors(missing, move |at| Some(at.saturating_add(minute)))
            .take_while(move |at| *at < start && !minute.is_zero())
            .map(|at| (at, 0.0));
        zeros.chain([(start, messages)])
    })
}

impl DeadlineWatch {
    /// The warm tasks: as configured, or by insurance.
    pub(super) fn warm(&mut self, moment: &Moment, sent: f64, keep_up: KeepUp) -> WarmFloor {
        let fixed = |tasks| WarmFloor {
            tasks,
            ..WarmFloor::default()
        };
        match self.settings.warm {
            Warm::Off => return fixed(0),
            Warm::Tasks(tasks) => return fixed(tasks),
            Warm::Auto => {}
        }
        if !self.insures() {
            return fixed(0);
        }
        let check = self.insured(moment, sent, keep_up);
        self.insurance.add(&check, 1, &self.whole.log);
        self.insurance.floor(moment.price)
    }

    fn insured(&self, moment: &Moment, messages: f64, keep_up: KeepUp) -> InsuredCheck {
        InsuredCheck {
            at: moment.at,
            during: self.every,
            messages,
            rate: moment.rate,
            least: self.part * f64::from(self.bounds.min()),
            keep_up: keep_up.tasks,
            work: moment.work,
            start: self.starts.mean(),
            objective: self.objective,
            planned: keep_up.share * self.objective,
        }
    }

    /// Adds the messages of earlier minutes, each at an even rate. Only the insurance learns from them: the
    /// other parts need only minutes, and arrivals inferred from counts have another dispersion.
    pub(in crate::deadline) fn seed_arrivals(
        &mut self,
        minutes: impl IntoIterator<Item = (Duration, f64)>,
    ) {
        let Some(work) = self.processing.work().filter(|_| self.insures()) else {
            return;
        };
        self.knows_arrivals = true;
        self.insurance = insurance(&self.settings, self.most);
        let minute = self.settings.reported.as_secs_f64();
        let every = self.settings.every.as_nanos().max(1);
        let steps = self.settings.reported.as_nanos().div_ceil(every);
        let steps = u32::try_from(steps).unwrap_or(u32::MAX).clamp(1, 60);
        let mut log = arrival_log(&self.settings);
        for (start, messages) in every_minute(minutes, self.settings.reported) {
            let moment = Moment {
                at: start.as_secs_f64() + minute,
                running: 0.0,
                visible: 0.0,
                in_flight: 0.0,
                rate: messages / minute,
                work: work / self.settings.places(),
                start: self.starts.planned(),
                price: 0.0,
            };
            let keep_up = self
                .arriving(&moment)
                .keep_up(&self.settings.tuning.keep_up);
            log.add(start.as_secs_f64(), 0.0);
            log.add(moment.at, messages);
            let span = InsuredCheck {
                during: minute,
                ..self.insured(&moment, messages, keep_up)
            };
            self.insurance.add(&span, steps, &log);
        }
    }

    /// Whether the insurance lacks the arrivals of earlier days, and can use them.
    pub(in crate::deadline) fn lacks_arrivals(&self) -> bool {
        !self.knows_arrivals && self.insures() && self.processing.work().is_some()
    }

    /// Whether insurance keeps warm tasks: it does if a mean start and a check take longer than the
    /// objective. If only slow starts do, few messages are late, and warm tasks cost more than they save.
    pub(in crate::deadline) fn insures(&self) -> bool {
        self.settings.warm.is_auto() && self.starts.mean() + self.every > self.objective
    }
}
