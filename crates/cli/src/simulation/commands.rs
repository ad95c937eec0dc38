//! The command of this process, of which a report makes the commands that it advises.

use simulator::CommandLine;

use crate::workshop::program;

/// The command of this process. `None` if its arguments aren't those of a `simulate`.
pub(crate) fn this_command(file: &str) -> Option<CommandLine> {
    find("simulate", file)
}

/// The command line of this process with one more argument. `None` if its arguments aren't valid for `verb`.
pub(crate) fn repeated_with(verb: &str, more: &str) -> Option<String> {
    Some(find(verb, "")?.command(verb, more))
}

fn find(verb: &str, file: &str) -> Option<CommandLine> {
    let arguments: Vec<String> = std::env::args().collect();
    CommandLine::find(program(), file, verb, &arguments)
}
