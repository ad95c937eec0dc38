//! The result of a calibration as a file of assumptions.

use super::fit::Fit;

impl Fit {
    /// Returns the file for `--assumptions` in YAML, with each settled value and its evidence. A value that isn't
    /// settled becomes a comment, so that its default and its variants stay in effect.
    ///
    /// # Errors
    /// Never in practice: text is always JSON.
    pub fn assumptions_file(&self) -> Result<String, serde_json::Error> {
        let mut text = format!(
            "# What `ecs-scaler calibrate` measured: {}. For --assumptions of simulate, tune and demo.\n\
             # {} actions of alarms; {} of {} combinations of variants reproduce all of them.\n\
             measured: \"{}\"\n",
            self.place, self.actions, self.consistent, self.tried, self.measured
        );
        if let Some(why) = &self.unexplained {
            text.push_str(&format!("# no combination does: {why}\n"));
        }
        for part in &self.parts {
            match part.settled() {
                Some(value) => text.push_str(&entry(part.key, value, &part.evidence)?),
                None => text.push_str(&format!("# {}\n", part.describe())),
            }
        }
        for delay in &self.delays {
            text.push_str(&entry(delay.key, &delay.value, &delay.evidence)?);
        }
        Ok(text)
    }
}

impl super::FittedPart {
    /// Describes the part with its value, or with the values that the measurements can't distinguish.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.values.as_slice() {
            [] => format!("{}: no variant reproduces the actions", self.key),
            [value] => format!("{}: {value} ({})", self.key, self.evidence),
            [values @ .., last] => format!(
                "{}: {} or {last}: not distinguishable ({})",
                self.key,
                values.join(", "),
                self.evidence
            ),
        }
    }
}

fn entry(key: &str, value: &str, evidence: &str) -> Result<String, serde_json::Error> {
    // A JSON string is also a valid YAML string.
    let text = |text: &str| serde_json::to_string(text);
    Ok(format!(
        "{key}:\n  value: {}\n  evidence: {}\n",
        text(value)?,
        text(evidence)?
    ))
}
