//! `cargo demo`: shows what the race of `cargo xtask demo` will probably show, and then runs it. Only the simulator is compiled
//! for the first, so that a new checkout has a picture within a minute, and while everything else is compiled.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use forecast::{Error, Forecast, RACE, SPEED, Setting};

/// Arguments of another demo than the race of this program.
const OTHERS: [&str; 6] = [
    "--system",
    "--load",
    "--speed",
    "--assumptions",
    "--help",
    "-h",
];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let is_other = arguments.iter().any(|one| {
        OTHERS
            .iter()
            .any(|other| one.to_string_lossy().starts_with(other))
    });
    // The demo shows the same once it is compiled.
    if !is_other && !root.join("target/debug/xtask").exists() {
        match show_forecast(&root) {
            Ok(text) => eprintln!("{text}"),
            Err(error) => eprintln!("no forecast: {error}"),
        }
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut demo = Command::new(cargo);
    demo.args(["run", "--package", "xtask", "--", "demo"])
        .args(arguments)
        .current_dir(&root);
    // This process becomes the demo, so that signals reach it.
    let error = demo.exec();
    eprintln!("error: failed to run cargo: {error}");
    ExitCode::FAILURE
}

/// Writes a report for each service of the race, and describes them.
fn show_forecast(root: &Path) -> Result<String, Error> {
    let stack = stack::parse(RACE.0, RACE.1)
        .map_err(|report| report.to_string())?
        .stack;
    let text = forecast::burst(SPEED);
    let load = simulator::Load::generate(&text)?;
    let setting = Setting {
        stack: &stack,
        speed: SPEED,
        assumptions: None,
    };
    fs::create_dir_all(root.join("target"))?;
    let mut shown =
        "what the race will probably show; open these pages while the rest is compiled:\n"
            .to_owned();
    for one in Forecast::list(setting, &text, &load)? {
        let file = format!("target/demo-report-forecast-{}.html", one.service);
        fs::write(root.join(&file), &one.page)?;
        shown.push_str(&format!(
            "  {:<16}  {}\n                    {file}\n",
            one.service,
            forecast::describe(&one.predicted)
        ));
    }
    Ok(shown)
}
