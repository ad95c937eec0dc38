//! A failure as it is shown.

use std::process::ExitCode;

use crate::disk;
use crate::failure::Failure;
use crate::output::{Format, json};
use crate::ui;

impl Failure {
    /// Reports to people on standard error, and to programs on standard output.
    pub fn report(&self, format: Format) -> ExitCode {
        if let Some(problems) = self.problems() {
            ui::print_report(problems);
        }
        let hints = [disk::hints(self.message()), self.hints().to_vec()].concat();
        ui::print_error(self.message(), &hints);
        if format == Format::Json {
            json(&self.to_document(&hints));
        }
        ExitCode::from(self.code() as u8)
    }
}
