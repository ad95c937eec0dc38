//! `dist`: release archives of `ecs-scaler`. The same commit gives the same bytes, in any folder.

mod archive;
mod bundle;
mod packages;
mod program;

use std::fs;
use std::path::{Path, PathBuf};

use cli::{Failure, Result};
use sha2::{Digest as _, Sha256};

use self::archive::Archive;
use self::packages::Packages;
use self::program::{Commit, Target};
use crate::paths;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Target triple, such as aarch64-unknown-linux-gnu; repeatable [default: that of this machine]
    #[arg(long = "target", value_name = "T")]
    targets: Vec<String>,
    /// Folder for the archives
    #[arg(long, default_value = "dist", value_name = "FOLDER")]
    out: PathBuf,
    /// Leave out functions whose Rust target isn't installed and can't be fetched
    #[arg(long)]
    incomplete: bool,
    /// Make a debug build for this machine, to try an archive soon
    #[arg(long, conflicts_with = "targets")]
    debug: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let commit = Commit::read()?;
    let bundle = tempfile::NamedTempFile::new().map_err(|error| failed("make a file", &error))?;
    let note = |text: &str| eprintln!("{text}");
    fs::write(bundle.path(), bundle::pack(args.incomplete, &note)?)
        .map_err(|error| failed("write the bundle", &error))?;
    let targets = if args.targets.is_empty() {
        vec![Target::host()?]
    } else {
        args.targets.iter().map(|name| Target::new(name)).collect()
    };
    let out = paths::root().join(&args.out);
    fs::create_dir_all(&out).map_err(|error| failed("make the folder", &error))?;
    let mut sums = String::new();
    for target in targets {
        note(&format!("building ecs-scaler for {}", target.name()));
        let executable = program::build(&target, bundle.path(), &commit, args.debug)?;
        let packed = pack(&target, &executable, &commit)?;
        let name = format!("{}.tar.gz", stem(&target));
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
    fs::write(out.join("SHA256SUMS"), sums).map_err(|error| failed("write SHA256SUMS", &error))
}

/// Name of an archive without its ending, and of the folder in it.
fn stem(target: &Target) -> String {
    format!("ecs-scaler-{}-{}", env!("CARGO_PKG_VERSION"), target.name())
}

fn pack(target: &Target, executable: &Path, commit: &Commit) -> Result<Vec<u8>> {
    let packages = Packages::read(target.name())?;
    let mut archive = Archive::new(stem(target), commit.seconds());
    archive.add_program("ecs-scaler", &read(executable)?)?;
    for name in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        archive.add(name, &read(&paths::root().join(name))?)?;
    }
    archive.add(
        "THIRD-PARTY-LICENSES.txt",
        packages.write_licenses().as_bytes(),
    )?;
    archive.add(
        "ecs-scaler.cdx.json",
        packages.write_sbom(commit).as_bytes(),
    )?;
    for (name, text) in list_manual()?.into_iter().chain(list_completions()) {
        archive.add(&name, &text)?;
    }
    archive.finish()
}

/// A page for the program and for each command of it.
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

/// What `doing` failed with.
fn failed(doing: &str, error: &dyn std::error::Error) -> Failure {
    Failure::failed(format!("failed to {doing}: {error}"))
}
