//! The result of tuning in words, for the terminal and the report page.

use crate::number::{format_dollars, format_duration, format_share};

use super::figures::Figures;
use super::finalists::{Period, Rejected};
use super::limits::Limits;
use super::settings::{Law, Settings};
use super::tuned::Tuned;

impl Tuned {
    /// Returns the result in one sentence.
    #[must_use]
    pub fn verdict(&self) -> String {
        let slo = format_duration(self.slo);
        let required = format_share(self.required);
        let searched = format_share(self.tuned.searched.within_objective);
        if !self.found && self.rejected.is_empty() {
            let binds = self.limits.as_ref().map(Limits::binding);
            let binds = binds.map(|binds| format!("; limiting factor: {binds}"));
            return format!(
                "no candidate meets the objective: at best {searched} of the messages start within {slo} \
                 ({required} required){}",
                binds.unwrap_or_default()
            );
        }
        let holdout = self.tuned.holdout;
        let holdout = holdout.map(|holdout| format_share(holdout.within_objective));
        if !self.keeps() {
            let holdout = holdout.map(|holdout| format!(", and {holdout} in the holdout period"));
            return format!(
                "objective missed: {searched} of the messages start within {slo}{} ({required} required), with \
                 the closest of {} finalists{}",
                holdout.unwrap_or_default(),
                self.rejected.len(),
                self.known_in_words()
            );
        }
        let cost = self.cost_in_words();
        match holdout {
            Some(holdout) => format!(
                "objective met: {searched} of the messages start within {slo}, and {holdout} in the holdout \
                 period ({required} required), at {cost}"
            ),
            None => format!(
                "objective met: {searched} of the messages of the training period start within {slo} \
                 ({required} required), at {cost}"
            ),
        }
    }

    fn cost_in_words(&self) -> String {
        let cost = month(&self.tuned.searched);
        if self.changes.is_empty() {
            return format!("{cost}, unchanged: nothing cheaper was found");
        }
        let present = &self.present.searched;
        let share = format_share(present.within_objective);
        format!("{cost}, now {} for {share}", month(present))
    }

    /// Returns the policies that meet the objective in both periods although the search's result doesn't.
    fn known_in_words(&self) -> String {
        let known = self.known.iter();
        known
            .map(|known| {
                format!(
                    "; {} meets it in both periods, at {}",
                    known.name,
                    month(&known.tuning.searched)
                )
            })
            .collect()
    }

    /// Describes how the choice depends on the holdout period, if finalists were rejected.
    pub(super) fn caution(rejected: usize, keeps: bool) -> Option<String> {
        let passed = if keeps {
            "the first of them to meet the objective there was chosen, so the holdout period is no longer \
             independent of the choice: new messages might do worse. Test the result on a later load"
        } else {
            "none of them met the objective in both periods"
        };
        let finalists = rejected + usize::from(keeps);
        (rejected > 0)
            .then(|| format!("{finalists} finalists were tested on both periods, and {passed}"))
    }
}

impl Rejected {
    /// Returns why it was rejected.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self.missed_in {
            Period::Training => "misses the objective in the training period in some phase",
            Period::Holdout => "misses the objective in the holdout period",
        }
    }
}

impl Settings {
    /// Describes the parameters in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let time = |time: std::time::Duration| format_duration(time.as_secs_f64());
        let window = match self.law {
            Law::Demand => format!(", window {}", time(self.window)),
            Law::BacklogPerTask => String::new(),
        };
        format!(
            "{} to {} tasks, latency {}, cooldowns {} and {}{window}",
            self.min,
            self.max,
            time(self.acceptable_latency),
            time(self.cooldown_out),
            time(self.cooldown_in),
        )
    }
}

fn month(figures: &Figures) -> String {
    format!("{} per month", format_dollars(figures.cost_per_month))
}
