use std::fs;

use clap::Parser;

use super::*;
use crate::failure::Code;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

const STACK: &str = include_str!("../../../../../stacks/voucher-worker.yaml");

/// A folder with a definition.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.yaml");
    fs::write(&file, STACK).unwrap();
    let file = file.display().to_string();
    (folder, file)
}

fn args(arguments: &[&str]) -> Args {
    let all = ["simulate"].iter().chain(arguments);
    Cli::try_parse_from(all)
        .unwrap_or_else(|error| panic!("{error}"))
        .args
}

fn refused(arguments: &[&str]) -> String {
    let all = ["simulate", "s.yaml"].iter().chain(arguments);
    let error = Cli::try_parse_from(all).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    error.to_string()
}

fn reported(arguments: &[&str]) -> Result<Report> {
    let args = args(arguments);
    simulate_report(&args, &args.input.read_now(&args.connect)?)
}

fn failed(arguments: &[&str]) -> (Code, String) {
    let failure = reported(arguments).unwrap_err();
    (failure.code(), failure.message().to_owned())
}

#[test]
fn the_text_begins_with_the_verdict() {
    let (_folder, file) = folder();
    let report = reported(&[
        &file,
        "--load",
        "step:from=2/s,to=30/s,at=20m,for=2h",
        "--require=99%",
        "--compare",
        "--assume",
        "slo=1m",
        "--assume",
        "task_start=30s",
    ])
    .unwrap();
    insta::assert_snapshot!(text::format_report(&report));
}

#[test]
fn only_a_required_promise_that_is_broken_fails() {
    let (_folder, file) = folder();
    let load = "step:from=2/s,to=30/s,at=20m,for=1h";
    for (require, broken) in [
        (None, false),
        (Some("--require=50%"), false),
        (Some("--require=99%"), true),
    ] {
        let mut arguments = vec![file.as_str(), "--load", load];
        arguments.extend(require);
        let report = reported(&arguments).unwrap();
        let ended = conclude(&report, false, Format::Text);
        assert_eq!(ended.is_err(), broken, "{require:?}");
        if let Err(failure) = ended {
            assert_eq!(failure.code(), Code::Failed);
            assert!(failure.message().starts_with("objective missed"));
        }
    }
}

#[test]
fn json_is_the_outcome_and_what_it_was_compared_with() {
    let (_folder, file) = folder();
    let load = ["--load", "poisson:rate=5/s,for=30m"];
    let report = reported(&[&file, load[0], load[1], "--seed=7", "--compare"]).unwrap();
    let document = serde_json::to_value(&report).unwrap();
    let alone = reported(&[&file, load[0], load[1], "--seed=7"]).unwrap();
    let mut outcome = serde_json::to_value(&alone.outcome).unwrap();
    // A comparison simulates the ideal, too, and its cost then holds.
    for key in ["ideal", "ideal_per_month"] {
        outcome["cost"][key] = document["cost"][key].clone();
    }
    for (key, value) in outcome.as_object().unwrap() {
        assert_eq!(&document[key], value, "{key}");
    }
    assert_eq!(document["load"], load[1]);
    let compared = document["compared"].as_array().unwrap();
    assert_eq!(
        compared[0]["within_objective"],
        document["within_objective"]
    );
    let ideal = compared
        .iter()
        .find(|one| one["name"] == "ideal (hindsight)");
    assert!(ideal.unwrap()["scaling"].is_null(), "it takes no actions");
    assert!(compared[0]["scaling"]["out"].is_u64());
    assert!(compared[0].get("series").is_none());
}

/// A line has at most 80 columns, with the definition's own objective and share in addition to the usual ones.
#[test]
fn the_frontier_fits_a_terminal() {
    let (_folder, file) = folder();
    let load = "--load=flash-crowd:base=2/s,peak=150/s,at=3m,for=12m";
    let arguments = [
        &file,
        load,
        "--frontier",
        "--assume=slo=45s",
        "--require=98%",
    ];
    let report = reported(&arguments).unwrap();
    let text = frontier::format_frontier(report.frontier.as_ref().unwrap());
    let text = crate::layout::lay_out(&text, 80);
    insta::assert_snapshot!(text);
    for line in text.lines() {
        assert!(line.trim_end().chars().count() <= 80, "{line}");
    }
    let document = serde_json::to_value(&report).unwrap();
    let frontier = &document["frontier"];
    assert_eq!(frontier["objectives"].as_array().unwrap().len(), 8);
    assert_eq!(frontier["share"], 0.98);
    assert!(frontier["ideal"][0]["cost_per_month"].is_f64());
    assert!(frontier["present"]["within_objective"][7].is_f64());
    assert!(reported(&[&file, load]).unwrap().frontier.is_none());
}

#[test]
fn a_file_is_read_scaled_and_cut() {
    let (folder, file) = folder();
    let csv = folder.path().join("load.csv");
    let rows: String = (0..60)
        .map(|minute| format!("2026-11-21T10:{minute:02}:00Z,60\n"))
        .collect();
    fs::write(&csv, rows).unwrap();
    let csv = csv.display().to_string();
    let part = ["--from=2026-11-21T10:10:00Z", "--to=40m", "--scale=2"];
    let report = reported(&[&file, "--load", &csv, part[0], part[1], part[2]]).unwrap();
    assert_eq!(report.outcome.duration, 1_800.0);
    assert_eq!(report.outcome.messages.sent, 3_600);
    assert_eq!(report.begins.as_deref(), Some("2026-11-21T10:10:00Z"));
}

#[test]
fn options_read_a_file_that_leaves_a_choice() {
    let (folder, file) = folder();
    let csv = folder.path().join("load.csv");
    fs::write(
        &csv,
        "date,time,a,b\n11/1/2026,10:00,10.5,1\n11/1/2026,10:01,20.5,2\n",
    )
    .unwrap();
    let csv = csv.display().to_string();
    let (code, message) = failed(&[&file, "--load", &csv]);
    assert_eq!(code, Code::Failed);
    assert!(message.contains("--count-column"), "{message}");
    let sent = |options: &[&str]| {
        let arguments = [
            &[file.as_str(), "--load", &csv, "--date-order=mdy"],
            options,
        ]
        .concat();
        reported(&arguments).unwrap().outcome.messages.sent
    };
    assert_eq!(sent(&["--count-column=b"]), 3);
    assert_eq!(sent(&["--count-column=a", "--rows=rate"]), 1_860);
    assert_eq!(sent(&["--sum", "--rows=counts", "--time-column=date"]), 34);
    let (code, message) = failed(&[
        &file,
        "--load",
        &csv,
        "--date-order=mdy",
        "--count-column=b",
        "--max-messages=2",
    ]);
    assert_eq!(code, Code::Failed);
    assert!(
        message.contains("3 messages, more than the limit of 2"),
        "{message}"
    );
    assert!(refused(&["--load=x.csv", "--max-span=200y"]).contains("at most 100 years"));
    assert!(
        refused(&["--load=x.csv", "--count-column=1", "--duration-column=2"])
            .contains("--duration-column")
    );
}

#[test]
fn what_is_wrong_is_told_with_its_code() {
    let (folder, file) = folder();
    let csv = folder.path().join("load.csv");
    fs::write(
        &csv,
        "timestamp,count\n2026-11-21T10:00:00Z,5\n2026-11-21T10:01:00Z,five\n",
    )
    .unwrap();
    let csv = csv.display().to_string();
    let (code, message) = failed(&[&file, "--load", &csv]);
    assert_eq!(code, Code::Failed);
    assert!(
        message.ends_with("line 3: \"five\" isn't a number"),
        "{message}"
    );
    let (code, message) = failed(&[&file, "--load", "absent.csv"]);
    assert_eq!(code, Code::Failed);
    assert!(
        message.starts_with("failed to open the load absent.csv"),
        "{message}"
    );

    let load = "--load=constant:rate=1/s,for=1h";
    let usage = [
        vec!["--service=other"],
        vec!["--from=2h"],
        vec!["--scale=-1"],
        vec!["--to=tomorrow"],
    ];
    for wrong in usage {
        let arguments: Vec<&str> = [file.as_str(), load].into_iter().chain(wrong).collect();
        assert_eq!(failed(&arguments).0, Code::Usage, "{arguments:?}");
    }
    fs::write(&file, "name: x\nservcies: {}\n").unwrap();
    assert_eq!(failed(&[&file, load]).0, Code::InvalidDefinition);
}

#[test]
fn wrong_usage_is_told_before_anything_is_read() {
    assert!(refused(&[]).contains("--load"));
    assert!(refused(&["--load=poisson:rat=5/s,for=1h"]).contains("poisson"));
    let load = "--load=constant:rate=1/s,for=1h";
    assert!(refused(&[load, "--require=101%"]).contains("a share is from 0% to 100%"));
    assert!(refused(&[load, "--assume=task_strat=3s"]).contains("unknown assumption"));
}

#[test]
fn the_page_is_written_whole() {
    let (folder, file) = folder();
    let report = reported(&[&file, "--load=poisson:rate=5/s,for=30m"]).unwrap();
    let path = folder.path().join("report.html");
    write_page(&path, &report, None).unwrap();
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    for (index, _) in page
        .match_indices("src=")
        .chain(page.match_indices("href="))
    {
        let rest = &page[index..(index + 40).min(page.len())];
        assert!(!rest.contains("http"), "asks the network: {rest}");
    }
    let failure = write_page(folder.path(), &report, None).unwrap_err();
    assert!(failure.message().starts_with("failed to write the report"));
}
