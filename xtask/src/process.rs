//! Runs other programs.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use cli::{Failure, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::paths;

/// Returns cargo, in the checkout.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(paths::root());
    cargo
}

/// Returns the path of this program.
///
/// # Errors
/// If the system doesn't know it.
pub(crate) fn this_program() -> Result<PathBuf> {
    std::env::current_exe()
        .map_err(|error| Failure::failed(format!("failed to find this program: {error}")))
}

/// Time between two checks for the end of a command or an interruption of this program.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs a command and returns its standard output. Shows its standard error only if it fails. If this program is
/// interrupted, stops the command and its child processes.
pub(crate) fn capture_output(command: &mut Command, doing: &str) -> Result<String> {
    capture(command, doing, cli::is_interrupted)
}

fn capture(
    command: &mut Command,
    doing: &str,
    is_interrupted: impl Fn() -> bool,
) -> Result<String> {
    let failed = |detail: String| Failure::failed(format!("failed to {doing}: {detail}"));
    let pipes = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = start(pipes).map_err(|error| failed(error.to_string()))?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let (status, output, errors) = std::thread::scope(|scope| {
        let output = scope.spawn(|| read(output));
        let errors = scope.spawn(|| read(errors));
        let status = wait(&mut child, is_interrupted);
        let text =
            |text: std::thread::ScopedJoinHandle<'_, String>| text.join().unwrap_or_default();
        (status, text(output), text(errors))
    });
    let status = status.map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(output);
    }
    Err(failed(format!("{status}\n{}", errors.trim_end())))
}

/// Runs a command and shows its output. If this program is interrupted (`is_interrupted`), stops the command and its
/// child processes.
pub(crate) fn run(
    command: &mut Command,
    is_interrupted: impl Fn() -> bool,
) -> std::io::Result<ExitStatus> {
    wait(&mut start(command)?, is_interrupted)
}

/// Starts a command in a process group, so that its child processes can be stopped with it.
fn start(command: &mut Command) -> std::io::Result<Child> {
    command.stdin(Stdio::null()).process_group(0).spawn()
}

/// How long an interrupted command has to stop its child processes. nextest gives its tests 10 s.
const PATIENCE: Duration = Duration::from_secs(15);

fn wait(child: &mut Child, is_interrupted: impl Fn() -> bool) -> std::io::Result<ExitStatus> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let signal = |signal| {
        // It might already be gone, which is the goal.
        let _ = group.map(|group| kill_process_group(group, signal));
    };
    let mut asked = None;
    loop {
        if let Some(status) = child.try_wait()? {
            if asked.is_some() {
                signal(Signal::KILL);
            }
            return Ok(status);
        }
        match asked {
            None if is_interrupted() => {
                signal(Signal::TERM);
                asked = Some(Instant::now());
            }
            Some(since) if since.elapsed() > PATIENCE => signal(Signal::KILL),
            _ => {}
        }
        std::thread::sleep(PAUSE);
    }
}

fn read(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // Shows the output read until then.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts a shell that starts another process, and runs until it has.
    fn interrupt(run: impl FnOnce(&mut Command, &dyn Fn() -> bool)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!(
            "sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait",
            file.display()
        );
        run(Command::new("sh").args(["-c", &script]), &|| file.exists());
        let pid = std::fs::read_to_string(&file).unwrap();
        let begin = Instant::now();
        // Until its parent, or `init`, has registered the end.
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        while state().is_ok_and(|state| !state.contains(") Z ")) {
            assert!(begin.elapsed() < PATIENCE, "{pid} is still running");
            std::thread::sleep(PAUSE);
        }
    }

    #[test]
    fn an_interrupted_command_ends_with_all_that_it_started() {
        interrupt(|command, ready| assert!(!run(command, ready).unwrap().success()));
        interrupt(|command, ready| {
            capture(command, "try", ready).unwrap_err();
        });
        assert!(run(&mut Command::new("true"), || false).unwrap().success());
    }

    #[test]
    fn output_is_returned_and_errors_are_shown() {
        let run = |script: &str| capture_output(Command::new("sh").args(["-c", script]), "try");
        // More than a pipe's capacity, on both.
        let long =
            "i=0; while [ $i -lt 20000 ]; do echo 12345678; echo 12345678 >&2; i=$((i + 1)); done";
        assert_eq!(run(long).unwrap().len(), 180_000);
        let failure = run("echo out; echo wrong >&2; exit 3").unwrap_err();
        let text = failure.message();
        assert!(
            text.contains("exit status: 3") && text.ends_with("wrong"),
            "{text}"
        );
    }
}
