//! `dist`: release archives of `ecs-scaler`. The same commit results in the same bytes in any folder.

mod archive;
mod bundle;
mod packages;
mod program;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};

use cli::{Failure, Result};
use sha2::{Digest as _, Sha256};

use self::archive::Archive;
use self::packages::Packages;
use self::program::{Commit, GLIBC, Target};
use crate::functions::require_glibc;
use crate::paths;
use crate::process::capture_output;

/// The archive's own README; the repository's README is about the checkout.
const README: &str = include_str!("README.md");

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Target triple, such as aarch64-unknown-linux-gnu; repeatable [default: that of this machine]
    #[arg(long = "target", value_name = "T")]
    targets: Vec<String>,
    /// Folder for the archives
    #[arg(long, default_value = "dist", value_name = "FOLDER")]
    out: PathBuf,
    /// Omit functions, or the simulator for pages, whose Rust target isn't installed and can't be fetched
    #[arg(long)]
    incomplete: bool,
    /// Create a debug build for this machine, to test an archive quickly
    #[arg(long, conflicts_with = "targets")]
    debug: bool,
    /// Build the archives once more, in a clone in another folder, and compare the bytes
    #[arg(long, conflicts_with_all = ["debug", "incomplete"])]
    verify: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let commit = Commit::read()?;
    let targets = if args.targets.is_empty() {
        vec![Target::host()?]
    } else {
        args.targets.iter().map(|name| Target::new(name)).collect()
    };
    for target in &targets {
        target.require_linkable()?;
    }
    if args.verify {
        verify::require_clean(&commit)?;
    }
    let bundle = tempfile::NamedTempFile::new().map_err(|error| failed("make a file", &error))?;
    let note = |text: &str| eprintln!("{text}");
    fs::write(bundle.path(), bundle::pack(args.incomplete, &note)?)
        .map_err(|error| failed("write the bundle", &error))?;
    let out = paths::root().join(&args.out);
    fs::create_dir_all(&out).map_err(|error| failed("make the folder", &error))?;
    let mut sums = String::new();
    for target in &targets {
        note(&format!("building ecs-scaler for {}", target.name()));
        let executable = program::build(target, bundle.path(), &commit, args.debug)?;
        let packed = pack(target, &read(&executable)?, &commit, args.debug)?;
        let name = format!("{}.tar.gz", stem(target));
        fs::write(out.join(&name), &packed).map_err(|error| failed("write the archive", &error))?;
        sums.push_str(&format!(
            "{}  {name}\n",
            hex::encode(Sha256::digest(&packed))
        ));
        println!(
            "{} ({} KiB)",
            args.out.join(&name).display(),
            packed.len().div_ceil(1024)
        );
    }
    fs::write(out.join("SHA256SUMS"), sums).map_err(|error| failed("write SHA256SUMS", &error))?;
    match args.verify {
        true => verify::verify(&targets, &out),
        false => Ok(()),
    }
}

/// Name of an archive without its extension, and of the folder in it.
fn stem(target: &Target) -> String {
    format!("ecs-scaler-{}-{}", env!("CARGO_PKG_VERSION"), target.name())
}

fn pack(target: &Target, program: &[u8], commit: &Commit, debug: bool) -> Result<Vec<u8>> {
    // A debug build is for this machine, and linked with its glibc.
    if target.is_linux() && !debug {
        require_glibc("ecs-scaler", program, GLIBC)?;
    }
    let packages = Packages::read(target.name())?;
    let mut rustc = std::process::Command::new("rustc");
    let rustc = capture_output(rustc.arg("--version"), "find the compiler's version")?;
    let mut archive = Archive::new(stem(target), commit.seconds());
    archive.add_program("ecs-scaler", program)?;
    archive.add("README.md", README.as_bytes())?;
    for name in list_files()? {
        archive.add(&name, &read(&paths::root().join(&name))?)?;
    }
    archive.add(
        "THIRD-PARTY-LICENSES.txt",
        packages.write_licenses().as_bytes(),
    )?;
    archive.add(
        "ecs-scaler.cdx.json",
        packages.write_sbom(commit, rustc.trim()).as_bytes(),
    )?;
    for (name, text) in list_manual()?.into_iter().chain(list_completions()) {
        archive.add(&name, &text)?;
    }
    archive.finish()
}

/// Lists the files of the repository that are part of a release, sorted by name.
fn list_files() -> Result<Vec<String>> {
    let mut git = std::process::Command::new("git");
    git.current_dir(paths::root()).args([
        "ls-files",
        "-z",
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "SECURITY.md",
        "docs",
        "stacks",
    ]);
    let names = capture_output(&mut git, "list the documents")?;
    let mut names: Vec<_> = names.split_terminator('\0').map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

/// Returns a manual page for the program and for each of its commands.
fn list_manual() -> Result<Vec<(String, Vec<u8>)>> {
    let folder = tempfile::tempdir().map_err(|error| failed("make a folder", &error))?;
    clap_mangen::generate_to(cli::command_of("ecs-scaler"), folder.path())
        .map_err(|error| failed("write the manual", &error))?;
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder.path()).map_err(|error| failed("read the manual", &error))? {
        let entry = entry.map_err(|error| failed("read the manual", &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        pages.push((format!("man/{name}"), read(&entry.path())?));
    }
    pages.sort();
    Ok(pages)
}

fn list_completions() -> Vec<(String, Vec<u8>)> {
    use clap::ValueEnum as _;
    use clap_complete::Generator as _;
    let write = |shell: &clap_complete::Shell| {
        let mut text = Vec::new();
        let mut command = cli::command_of("ecs-scaler");
        clap_complete::generate(*shell, &mut command, "ecs-scaler", &mut text);
        (
            format!("completions/{}", shell.file_name("ecs-scaler")),
            text,
        )
    };
    clap_complete::Shell::value_variants()
        .iter()
        .map(write)
        .collect()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| failed(&format!("read {}", path.display()), &error))
}

/// Returns the failure of `doing`.
fn failed(doing: &str, error: &dyn std::error::Error) -> Failure {
    Failure::failed(format!("failed to {doing}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_each_command_that_people_see() {
        let pages = list_manual().unwrap();
        let has = |name: &str| pages.iter().any(|(page, _)| page == name);
        assert!(has("man/ecs-scaler.1"));
        for command in cli::command_of("ecs-scaler").get_subcommands() {
            let page = format!("man/ecs-scaler-{}.1", command.get_name());
            assert_eq!(has(&page), !command.is_hide_set(), "{page}");
        }
        let (_, deploy) = pages
            .iter()
            .find(|(name, _)| name.ends_with("-deploy.1"))
            .unwrap();
        assert!(String::from_utf8_lossy(deploy).contains("allow\\-loss"));
    }

    #[test]
    fn what_the_readme_names_is_there() {
        let command = cli::command_of("ecs-scaler");
        let examples = README
            .lines()
            .filter_map(|line| line.strip_prefix("ecs-scaler "));
        let mut count = 0;
        for example in examples {
            let name = example.split(' ').next().unwrap();
            assert!(command.find_subcommand(name).is_some(), "{name}");
            count += 1;
        }
        assert!(count > 5, "{count}");
        let (major, minor) = GLIBC;
        assert!(README.contains(&format!("glibc {major}.{minor} ")));
        let files = list_files().unwrap();
        for name in [
            "SECURITY.md",
            "docs/using.md",
            "docs/stack-format.md",
            "stacks/stack.schema.json",
        ] {
            assert!(files.iter().any(|file| file == name), "{name}");
        }
    }

    /// Runs the install script with these files of a release. Returns whether it succeeded, and the installed
    /// files.
    fn install(sums: &str, name: &str, packed: &[u8]) -> (bool, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        install_into(&folder.path().join("bin"), sums, name, packed)
    }

    fn install_into(to: &Path, sums: &str, name: &str, packed: &[u8]) -> (bool, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("SHA256SUMS"), sums).unwrap();
        fs::write(folder.path().join(name), packed).unwrap();
        let run = std::process::Command::new("sh")
            .arg(paths::root().join("install.sh"))
            .env(
                "ECS_SCALER_RELEASES",
                format!("file://{}", folder.path().display()),
            )
            .env("ECS_SCALER_FOLDER", to)
            .output()
            .unwrap();
        (
            run.status.success(),
            fs::read_to_string(to.join("ecs-scaler")).ok(),
        )
    }

    #[test]
    fn the_install_script_takes_this_machine_s_archive_and_no_other_bytes() {
        const PROGRAM: &str = "#!/bin/sh\necho installed\n";
        let target = Target::host().unwrap();
        let mut archive = Archive::new(stem(&target), 0);
        archive
            .add_program("ecs-scaler", PROGRAM.as_bytes())
            .unwrap();
        let packed = archive.finish().unwrap();
        let name = format!("{}.tar.gz", stem(&target));
        let sum = hex::encode(Sha256::digest(&packed));
        let other = format!(
            "{}  ecs-scaler-9.0.0-sparc-solaris.tar.gz\n",
            "0".repeat(64)
        );
        let installed = install(&format!("{other}{sum}  {name}\n"), &name, &packed);
        assert_eq!(installed, (true, Some(PROGRAM.to_owned())));
        let forged = install(&format!("{}  {name}\n", "0".repeat(64)), &name, &packed);
        assert_eq!(forged, (false, None));
        assert_eq!(install(&other, &name, &packed), (false, None));
    }

    #[test]
    fn an_installed_program_stays_if_the_new_one_does_not_run_here() {
        let target = Target::host().unwrap();
        let mut archive = Archive::new(stem(&target), 0);
        archive
            .add_program("ecs-scaler", b"#!/bin/sh\nexit 127\n")
            .unwrap();
        let packed = archive.finish().unwrap();
        let name = format!("{}.tar.gz", stem(&target));
        let sums = format!("{}  {name}\n", hex::encode(Sha256::digest(&packed)));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ecs-scaler"), "older").unwrap();
        let installed = install_into(folder.path(), &sums, &name, &packed);
        assert_eq!(installed, (false, Some("older".to_owned())));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
