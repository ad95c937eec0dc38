//! A file of assumptions: the keys and values of `--assume`, with the evidence for each.

use stack::{Entry, Report, parse_entries};

use crate::assume::KEYS;
use crate::scenario::Overrides;

impl Overrides {
    /// Reads assumptions from a file in YAML or JSON. The report shows `source_name`, usually the file's path.
    ///
    /// # Errors
    /// Every problem of the file, with its position: unknown keys and invalid values.
    pub fn assume_file(&mut self, source_name: &str, text: &str) -> Result<(), Report> {
        let check = |entry: &Entry| {
            let mut scratch = Self::default();
            scratch.set(&entry.key, &entry.value).map_err(str::to_owned)
        };
        for entry in parse_entries(source_name, text, &KEYS, check)? {
            // Checked above, so it can't fail.
            if self.set(&entry.key, &entry.value).is_ok() {
                self.note_evidence(&entry);
            }
        }
        Ok(())
    }

    fn note_evidence(&mut self, entry: &Entry) {
        let evidence = match (&entry.measured, &entry.evidence) {
            (Some(date), Some(evidence)) => format!("measured {date}: {evidence}"),
            (Some(date), None) => format!("measured {date}"),
            (None, Some(evidence)) => evidence.clone(),
            (None, None) => return,
        };
        let key = KEYS.iter().find(|key| **key == entry.key);
        if let Some(key) = key {
            let assumptions = self.assumptions.get_or_insert_default();
            assumptions.evidence.insert(key, evidence);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scaling::TrackingBase;

    use crate::random::Distribution;
    use crate::scenario::Overrides;

    fn read(text: &str) -> Result<Overrides, String> {
        let mut overrides = Overrides::default();
        match overrides.assume_file("a.yaml", text) {
            Ok(()) => Ok(overrides),
            Err(report) => {
                let problem = &report.problems()[0];
                let help = problem.help().unwrap_or_default();
                Err(format!("{}: {}: {help}", problem.line(), problem.message()))
            }
        }
    }

    const FILE: &str = "measured: 2026-11-29
task_start: lognormal:24.4s,0.2
tracking_base: {value: running_then, evidence: \"1 → 5 → 25\"}
tracking_flapping_guard: off
drains: false
";

    #[test]
    fn a_file_says_what_assume_says_and_why() {
        let found = read(FILE).unwrap();
        let mut expected = Overrides::default();
        for text in [
            "task_start=lognormal:24.4s,0.2",
            "tracking_base=running_then",
            "tracking_flapping_guard=off",
            "drains=false",
        ] {
            expected.assume(text).unwrap();
        }
        let list = found.assumptions.as_ref().unwrap().list();
        let base = list.iter().find(|one| one.key == "tracking_base").unwrap();
        assert_eq!(
            base.evidence.as_deref(),
            Some("measured 2026-11-29: 1 → 5 → 25")
        );
        let mut found = found.assumptions.unwrap();
        assert_eq!(found.evidence.len(), 4);
        found.evidence.clear();
        assert_eq!(Some(found), expected.assumptions);
    }

    /// An argument takes precedence over the file, whose evidence is for a different value.
    #[test]
    fn a_later_assumption_replaces_value_and_evidence() {
        let mut found = read(FILE).unwrap();
        found.assume("tracking_base=desired").unwrap();
        found.assume("task_start=30s").unwrap();
        let found = found.assumptions.unwrap();
        assert_eq!(found.tracking.base, TrackingBase::Desired);
        let start = Distribution::Fixed(Duration::from_secs(30));
        assert_eq!(found.task_start, start);
        let keys: Vec<_> = found.evidence.keys().copied().collect();
        assert_eq!(keys, ["drains", "tracking_flapping_guard"]);
    }

    #[test]
    fn what_is_wrong_has_its_line_and_the_nearest_key() {
        assert_eq!(
            read("drains: true\ntask_strat: 3s").unwrap_err(),
            "2: unknown key `task_strat`: did you mean `task_start`?"
        );
        let error = read("tracking_base: both").unwrap_err();
        assert_eq!(
            error,
            "1: `tracking_base` can't be both: write desired, running_then or running"
        );
    }
}
