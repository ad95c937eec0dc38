//! How a failure is shown.

use std::process::ExitCode;

use stack::Severity;

use crate::disk;
use crate::failure::Failure;
use crate::output::{Format, json};
use crate::ui;

impl Failure {
    /// Reports to people on standard error, and to programs on standard output.
    pub fn report(&self, format: Format) -> ExitCode {
        if let Some(problems) = self.problems() {
            // Warnings are for `validate` and `deploy`.
            ui::print_report(&problems.only(Severity::Error));
        }
        let hints = [disk::hints(self.message()), self.hints().to_vec()].concat();
        ui::print_error(self.message(), &hints);
        if format == Format::Json {
            json(&self.to_document(&hints));
        }
        ExitCode::from(self.code() as u8)
    }
}
