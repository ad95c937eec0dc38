//! `validate`: all checks of a definition that don't need AWS.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simulator::{Overrides, Scenario, format_dollars};
use stack::{Report, Severity};

use crate::definition::{self, SelectionArgs};
use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::ui;

/// Messages per second of the burst for the price.
const BURST: f64 = 10.0;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definitions; `-` is standard input [default: stack.yaml, stack.yml, or the only definition in this folder]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Show the lines of each warning, and what to do about it
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let files = match args.files.as_slice() {
        [] => vec![definition::default_definition()?],
        files => files.to_vec(),
    };
    let checked: Vec<Checked<'_>> = files
        .iter()
        .map(|file| check_file(file, &args.selection))
        .collect();
    if format == Format::Text {
        print_checked(&checked, args.verbose);
    }
    let results = checked.iter().flat_map(|file| &file.results);
    let document = json!({ "definitions": results.collect::<Vec<_>>() });
    match sum_up(checked) {
        None if format == Format::Json => output::json(&document),
        None => {}
        Some(failure) => return Err(failure.document(&document)),
    }
    Ok(())
}

/// A file with its environments.
struct Checked<'f> {
    file: &'f Path,
    /// One result per environment.
    results: Vec<Value>,
    /// Warnings of all environments, which mostly have the same.
    warnings: Option<Report>,
    failure: Option<Failure>,
}

/// Prints each file's results and warnings. Errors come at the end, where they are read.
fn print_checked(checked: &[Checked<'_>], verbose: bool) {
    for file in checked {
        output::text(&file.results.iter().map(format_line).collect::<String>());
        match &file.warnings {
            Some(warnings) if verbose => ui::print_report(warnings),
            Some(warnings) => ui::print_warnings(warnings),
            None => {}
        }
    }
    let warned = checked.iter().any(|file| file.warnings.is_some());
    if warned && !verbose {
        ui::note("--verbose shows what to do about warnings");
    }
}

/// The failure of all files that are invalid or can't be read, if there are any.
fn sum_up(checked: Vec<Checked<'_>>) -> Option<Failure> {
    let all = checked.len();
    let failures = checked.into_iter().filter_map(|one| {
        let file = stack::name_file(one.file);
        one.failure.map(|failure| {
            if all > 1 {
                failure.hints_of(&file)
            } else {
                failure
            }
        })
    });
    let (mut count, mut joined) = (0, None);
    for failure in failures {
        count += 1;
        joined = Some(match joined {
            None => failure,
            Some(before) => Failure::join(before, failure),
        });
    }
    let joined = joined?;
    if all == 1 {
        return Some(joined);
    }
    let message = format!("{count} of {all} files are invalid: {}", joined.message());
    Some(joined.summed_up(message))
}

/// Checks a file in each of its environments, unless one is selected.
fn check_file<'f>(file: &'f Path, selection: &SelectionArgs) -> Checked<'f> {
    let mut checked = Checked {
        file,
        results: Vec::new(),
        warnings: None,
        failure: None,
    };
    let mut variants = vec![selection.clone()];
    if !selection.has_environment() {
        let names = stack::read_environments(file).unwrap_or_default();
        variants.extend(names.into_iter().map(|name| selection.of_environment(name)));
    }
    for selection in variants {
        checked.check(&selection);
        let unreadable = |failure: &Failure| failure.problems().is_none();
        if checked.failure.as_ref().is_some_and(unreadable) {
            break;
        }
    }
    checked
}

impl Checked<'_> {
    fn check(&mut self, selection: &SelectionArgs) {
        let mut result = json!({
            "file": stack::name_file(self.file),
            "environment": selection.selection().environment,
        });
        match self.describe(selection) {
            Ok(found) => {
                result["valid"] = true.into();
                merge(&mut result, found);
            }
            Err(failure) => {
                result["valid"] = false.into();
                if let Some(problems) = failure.problems() {
                    self.add_warnings(problems.only(Severity::Warning));
                }
                result["error"] = failure.to_document(failure.hints())["error"].take();
                self.failure = Some(match self.failure.take() {
                    // Environments mostly have the same problems, each of which is named once.
                    Some(before) => before.join_problems(failure),
                    None => failure,
                });
            }
        }
        self.results.push(result);
    }

    fn add_warnings(&mut self, warnings: Report) {
        if !warnings.is_empty() {
            self.warnings = Some(match self.warnings.take() {
                Some(known) => known.join(warnings),
                None => warnings,
            });
        }
    }

    /// The result of a valid definition. Adds its warnings to the warnings of the file.
    fn describe(&mut self, selection: &SelectionArgs) -> Result<Value> {
        let loaded = definition::load_with_warnings(self.file, selection)?;
        let (stack, warnings) = (loaded.stack, loaded.warnings);
        let template = template::synthesize(&stack)?;
        let found = json!({
            "stack": stack.name,
            "queues": stack.queues.len(),
            "services": stack.services.len(),
            "resources": template.resource_count(),
            "template_bytes": template.body().len(),
            "bursts": list_bursts(&stack),
            "warnings": warnings.problems(),
        });
        self.add_warnings(warnings);
        Ok(found)
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// Returns what a sudden burst requires if no reaction is fast enough for the objective, for each service with
/// `demand`: warm tasks for 10 messages per second that arrive at once, and their cost per month on Fargate by the
/// built-in prices.
fn list_bursts(stack: &stack::Stack) -> Vec<Value> {
    let demanded = stack.services.iter().filter_map(|(name, service)| {
        let demand = service.scaling.as_ref()?.demand.as_ref()?;
        let queues = service.consumes.iter();
        let shortest = queues
            .filter_map(|queue| service.queue_objective(queue))
            .min();
        let rate = demand.warm_tasks_per_rate(shortest.or(service.latency_objective())?)?;
        let tasks = BURST * rate;
        let scenario = Scenario::from_stack(stack, name, &Overrides::default()).ok();
        let month = scenario.and_then(|scenario| scenario.task_month());
        Some(json!({
            "service": name,
            "messages_per_second": BURST,
            "warm_tasks": tasks,
            "dollars_per_month": month.map(|month| month * tasks.ceil()),
        }))
    });
    demanded.collect()
}

fn format_line(result: &Value) -> String {
    let text = |key: &str| result[key].as_str().unwrap_or_default();
    let count = |key: &str| result[key].as_u64().unwrap_or_default();
    let environment = match text("environment") {
        "" => String::new(),
        name => format!(" (environment {name})"),
    };
    if result["valid"] != true {
        return format!("✗ {}{environment}: invalid\n", text("file"));
    }
    let mut lines = format!(
        "✓ {}{environment}: stack {}, {}, {}, {}\n",
        text("file"),
        text("stack"),
        format_count(count("queues"), "queue"),
        format_count(count("services"), "service"),
        format_count(count("resources"), "resource"),
    );
    for burst in result["bursts"].as_array().into_iter().flatten() {
        lines.push_str(&format_burst(burst));
    }
    lines
}

fn format_burst(burst: &Value) -> String {
    let price = burst["dollars_per_month"].as_f64();
    let price = price.map(|dollars| format!(" ({} per month)", format_dollars(dollars)));
    format!(
        "  {}: each {BURST} messages/s of a sudden burst need {}{}, or its first seconds are late\n",
        burst["service"].as_str().unwrap_or_default(),
        format_tasks(burst["warm_tasks"].as_f64().unwrap_or_default()),
        price.unwrap_or_default(),
    )
}

/// Formats whole tasks, at least one.
fn format_tasks(tasks: f64) -> String {
    let tasks = tasks.ceil();
    let plural = if tasks > 1.0 { "s" } else { "" };
    format!("{tasks} warm task{plural}")
}

fn format_count(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A jump by 10 messages/s of 2 s each is work for 20 tasks. A reaction takes 5 s + 40 s, of which 35 s exceed the
    /// objective: 20 × 35 ÷ 45 = 15.6, so 16 tasks. Each has 0.25 vCPU and 0.5 GB on ARM in us-east-1: AWS's price list
    /// has $0.03238 and $0.00356 per hour, $7.21 in 730 hours.
    #[test]
    fn a_burst_is_priced_where_no_reaction_is_fast_enough() {
        let definition = |objective: &str| {
            format!(
                "name: shop\nqueues: {{orders: {{}}}}\nservices:\n  worker: {{image: 'w:1', consumes: [orders], slo: {objective}, \
                 tasks: {{min: 1, max: 20}}, scaling: {{demand: {{processing_time: 2s}}}}}}\n"
            )
        };
        let bursts = |objective: &str| {
            list_bursts(
                &stack::parse("shop.yaml", &definition(objective))
                    .unwrap()
                    .stack,
            )
        };
        let [burst] = bursts("10s").try_into().unwrap();
        let tasks = burst["warm_tasks"].as_f64().unwrap();
        assert!((tasks - 20.0 * 35.0 / 45.0).abs() < 1e-9);
        assert_eq!(
            format_burst(&burst),
            "  worker: each 10 messages/s of a sudden burst need 16 warm tasks ($115.34 per month), or its first seconds are late\n"
        );
        assert_eq!(bursts("45s"), [] as [Value; 0]);
    }

    fn checked(file: &Path, selection: &SelectionArgs) -> Vec<(Value, Value)> {
        let results = check_file(file, selection).results;
        let pick = |mut result: Value| (result["environment"].take(), result["valid"].take());
        results.into_iter().map(pick).collect()
    }

    #[test]
    fn each_environment_is_checked_unless_one_is_selected() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.yaml");
        let text = "name: shop\nservices: {web: {image: 'web:1'}}\nenvironments: {b: {}, a: {region: here}}\n";
        std::fs::write(&file, text).unwrap();
        let all = SelectionArgs::default();
        // `here` isn't a region.
        assert_eq!(
            checked(&file, &all),
            [
                (Value::Null, json!(true)),
                (json!("b"), json!(true)),
                (json!("a"), json!(false))
            ]
        );
        assert_eq!(
            checked(&file, &all.of_environment("b".into())),
            [(json!("b"), json!(true))]
        );
        let text = "name: shop\nservices: {web: {image: 'web:1', nope: 1}}\nenvironments: {b: {tags: {a: 1}}, a: {region: here}}\n";
        std::fs::write(&file, text).unwrap();
        let failure = sum_up(vec![check_file(&file, &all)]).unwrap();
        // Errors first, each once; `notify` is a warning of each.
        let problems = failure.problems().unwrap().problems().iter();
        let paths: Vec<&str> = problems.map(stack::Problem::path).collect();
        assert_eq!(paths, ["services.web.nope", "tags.a", "region", "notify"]);
    }

    #[test]
    fn a_bad_file_doesnt_keep_the_others_from_being_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("bad.yaml"), "name: x\nservices: {}\n").unwrap();
        std::fs::write(
            path("good.yaml"),
            "name: shop\nservices: {web: {image: 'web:1'}}\n",
        )
        .unwrap();
        let files = ["bad.yaml", "missing.yaml", "good.yaml"].map(path);
        let check = |file: &PathBuf| -> Vec<Value> {
            let results = checked(file, &SelectionArgs::default()).into_iter();
            results.map(|(_, valid)| valid).collect()
        };
        assert_eq!(
            files.each_ref().map(check),
            [[json!(false)], [json!(false)], [json!(true)]]
        );
        let selection = SelectionArgs::default();
        let all = files.iter().map(|file| check_file(file, &selection));
        let failure = sum_up(all.collect()).unwrap();
        assert_eq!(failure.code(), crate::failure::Code::InvalidDefinition);
        assert!(
            failure.message().starts_with("2 of 3 files are invalid: "),
            "{}",
            failure.message()
        );
        let args = Args {
            files: files.to_vec(),
            selection,
            verbose: false,
        };
        assert!(run(&args, Format::Text).is_err());
    }

    #[test]
    fn a_warning_of_all_environments_is_shown_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.yaml");
        let text = "name: shop\nservices: {web: {image: 'web:1'}}\nenvironments: {b: {}, a: {}}\n";
        std::fs::write(&file, text).unwrap();
        let checked = check_file(&file, &SelectionArgs::default());
        let report = checked.warnings.unwrap();
        let paths: Vec<&str> = report.problems().iter().map(stack::Problem::path).collect();
        assert_eq!(paths, ["notify"]);
        assert_eq!(checked.results[2]["warnings"][0]["path"], "notify");
    }
}
