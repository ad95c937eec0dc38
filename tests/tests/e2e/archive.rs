//! A release archive, used without a checkout and without Rust, with an empty home folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use e2e::Bench;
use serde_json::Value;

/// Folders without build tools.
const PATH: &str = "/usr/bin:/bin";

struct Archive {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Archive {
    /// Creates an archive of a debug build, and unpacks it.
    fn unpack(bench: &Bench) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut dist = Command::new(bench.program());
        dist.args(["dist", "--debug", "--incomplete", "--out"]);
        check(dist.arg(folder.path()).output().unwrap());
        let mut tar = Command::new("sh");
        tar.args(["-c", "sha256sum --check SHA256SUMS && tar -xzf *.tar.gz"]);
        check(tar.current_dir(folder.path()).output().unwrap());
        let unpacked = std::fs::read_dir(folder.path()).unwrap();
        let unpacked = unpacked.map(|entry| entry.unwrap().path());
        let unpacked = { unpacked }.find(|path| path.is_dir()).unwrap();
        for name in [
            "README.md",
            "SECURITY.md",
            "docs/using.md",
            "stacks/stack.schema.json",
            "ecs-scaler.cdx.json",
            "man/ecs-scaler-deploy.1",
            "completions/ecs-scaler.bash",
            "THIRD-PARTY-LICENSES.txt",
        ] {
            assert!(unpacked.join(name).is_file(), "{name}");
        }
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Self {
            program: unpacked.join("ecs-scaler"),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &str) -> String {
        let mut program = Command::new(&self.program);
        // The source of Python packages is the machine's own setting.
        let kept = std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("PIP_") || name == "PYTHON"
        });
        program
            .args(arguments.split(' '))
            .env_clear()
            .envs(kept)
            .env("HOME", self.path("home"))
            .env("PATH", PATH)
            .current_dir(self.folder.path());
        check(program.output().unwrap())
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.run("local stop");
    }
}

fn check(output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "runs in test --full"]
fn an_archive_needs_no_rust_and_no_checkout() {
    for folder in PATH.split(':') {
        for tool in ["cargo", "rustc", "zig"] {
            assert!(!Path::new(folder).join(tool).exists(), "{folder}/{tool}");
        }
    }
    let archive = Archive::unpack(&Bench::open());
    let version: Value = serde_json::from_str(&archive.run("version --output json")).unwrap();
    let functions = version["functions"].as_array().unwrap();
    assert!(functions.len() >= 2, "{version}");
    archive.run("init stack.yaml");
    archive.run("validate stack.yaml");
    archive.run("simulate stack.yaml --load constant:rate=5/s,for=1h");
    let start = Instant::now();
    archive.run("deploy stack.yaml --local --yes");
    let seconds = start.elapsed().as_secs();
    eprintln!("the first deploy with an empty home folder took {seconds} s");
    let status: Value =
        serde_json::from_str(&archive.run("status stack.yaml --local --output json")).unwrap();
    assert_eq!(status["healthy"], true, "{status}");
    let answer: Value =
        serde_json::from_str(&archive.run("invoke stack.yaml --local --output json")).unwrap();
    let answer = &answer["invocations"][0]["answer"];
    assert_eq!(answer["failed"], serde_json::json!([]), "{answer}");
    archive.run("destroy stack.yaml --local --yes");
    archive.run("demo --plain");
    assert!(archive.path("demo-report.html").is_file());
}
