use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use clap::Parser;

use super::*;
use crate::failure::Code;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

const STACK: &str = include_str!("../../../../../stacks/voucher-worker.yaml");
/// A small load that tasks can process if they are running in time.
const LOAD: &str = "--load=on-off:on=20/s,off=1/s,on_for=10m,off_for=20m,for=2h";

/// A folder with a definition.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.yaml");
    fs::write(&file, STACK).unwrap();
    let file = file.display().to_string();
    (folder, file)
}

fn args(arguments: &[&str]) -> Args {
    let all = ["tune"].iter().chain(arguments);
    Cli::try_parse_from(all)
        .unwrap_or_else(|error| panic!("{error}"))
        .args
}

fn refused(arguments: &[&str]) -> String {
    let all = ["tune", "s.yaml"].iter().chain(arguments);
    let error = Cli::try_parse_from(all).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    error.to_string()
}

/// Tunes as the command does, except for the connection.
fn ended(arguments: &[&str]) -> Result<()> {
    let args = args(arguments);
    tune(&args, &args.input.read_now(&args.connect)?, Format::Text)
}

fn found(arguments: &[&str]) -> Tuned {
    let args = args(arguments);
    search(
        &args,
        &args.input.read_now(&args.connect).unwrap(),
        &Progress::none(),
    )
    .unwrap()
}

#[test]
fn the_text_begins_with_the_verdict() {
    let (_folder, file) = folder();
    let tuned = found(&[&file, LOAD, "--require=95%", "--max-candidates=60"]);
    assert!(tuned.keeps(), "{}", tuned.verdict());
    insta::assert_snapshot!(text::format_tuned(&tuned));
}

#[test]
fn what_stands_in_the_way_is_told() {
    let (_folder, file) = folder();
    let keep = [
        "--keep=tasks.min",
        "--keep=tasks.max",
        "--max-candidates=30",
    ];
    let arguments = [&[&*file, LOAD], &keep[..]].concat();
    let tuned = found(&arguments);
    assert!(!tuned.found, "{}", tuned.verdict());
    insta::assert_snapshot!(text::format_tuned(&tuned));
    let failure = ended(&arguments).unwrap_err();
    assert_eq!(failure.code(), Code::Failed);
    assert!(
        failure
            .message()
            .starts_with("no candidate meets the objective"),
        "{}",
        failure.message()
    );
}

#[test]
fn only_the_values_are_written() {
    let (folder, file) = folder();
    let link = folder.path().join("link.yaml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link_shown = link.display().to_string();
    let arguments = [
        &*link_shown,
        LOAD,
        "--require=95%",
        "--max-candidates=60",
        "--write",
    ];
    let tuned = found(&arguments);
    ended(&arguments).unwrap();
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(stack::parse("", &written).unwrap().stack, tuned.definition);
    let changed = written
        .lines()
        .filter(|line| !STACK.lines().any(|old| old == *line));
    assert!(changed.count() <= tuned.changes.len(), "{written}");
    let comments = |text: &str| text.lines().filter(|line| line.contains('#')).count();
    assert_eq!(comments(&written), comments(STACK));
    assert!(link.is_symlink(), "the link stays one");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // No files remain.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn what_keeps_no_promise_is_not_written() {
    let (_folder, file) = folder();
    let keep = [
        "--keep=tasks.min",
        "--keep=tasks.max",
        "--max-candidates=20",
    ];
    let failure = ended(&[&[&*file, LOAD, "--write"], &keep[..]].concat()).unwrap_err();
    assert!(
        failure
            .hints()
            .iter()
            .any(|hint| hint.ends_with("was not changed")),
        "{:?}",
        failure.hints()
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), STACK);
}

#[test]
fn what_cannot_be_edited_is_said_with_what_to_write() {
    let (_folder, file) = folder();
    let tuned = found(&[&file, LOAD, "--require=95%", "--max-candidates=60"]);
    // Another process changed another value first.
    let text = STACK.replace("memory: 512", "memory: 1024");
    fs::write(&file, &text).unwrap();
    let failure =
        write::write_definition(file.as_ref(), &stack::Selection::default(), &tuned).unwrap_err();
    assert!(
        failure.message().contains("another meaning than intended"),
        "{}",
        failure.message()
    );
    let by_hand = format!(
        "services.voucher-worker.tasks.min: {}",
        tuned.tuned.settings.min
    );
    assert!(failure.hints().contains(&by_hand), "{:?}", failure.hints());
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn programs_read_everything() {
    let (folder, file) = folder();
    let page = folder.path().join("report.html");
    let page_shown = page.display().to_string();
    let arguments = [&*file, LOAD, "--require=95%", "--max-candidates=30"];
    let tuned = found(&arguments);
    let document = serde_json::to_value(Document {
        tuned: &tuned,
        written: false,
    })
    .unwrap();
    assert_eq!(document["written"], false);
    assert_eq!(document["required"], 0.95);
    assert_eq!(document["tuned"]["settings"]["policy"], "backlog_per_task");
    assert_eq!(
        document["tuned"]["settings"]["min"],
        tuned.tuned.settings.min
    );
    assert!(document["present"]["holdout"]["within_objective"].is_f64());
    let reported = [&arguments[..], &["--report", &page_shown]].concat();
    ended(&reported).unwrap();
    assert!(fs::read_to_string(&page).unwrap().contains("unchanged"));
}

#[test]
fn wrong_usage_is_told_before_anything_is_read() {
    assert!(refused(&[]).contains("--load"));
    assert!(refused(&[LOAD, "--train=0%"]).contains("the search needs a part"));
    assert!(refused(&[LOAD, "--require=101%"]).contains("a share is from 0% to 100%"));
    assert!(refused(&[LOAD, "--max-candidates=0"]).contains("0 is not in"));
    assert!(refused(&[LOAD, "--keep=tasks"]).contains("tasks.min"));
}
