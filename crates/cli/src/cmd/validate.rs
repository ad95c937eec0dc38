//! `validate`: everything that can be known of a definition without asking AWS.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simulator::{Overrides, Scenario, format_dollars};
use stack::Report;

use crate::definition::{self, SelectionArgs};
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::ui;

/// Messages per second of the burst that is priced.
const BURST: f64 = 10.0;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definitions [default: stack.yaml, stack.yml, or the only definition in this folder]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    selection: SelectionArgs,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let mut results = Vec::new();
    let files = match args.files.as_slice() {
        [] => vec![definition::default_definition()?],
        files => files.to_vec(),
    };
    let mut failed: Option<Failure> = None;
    let mut warnings = Vec::new();
    for (file, selection) in list_variants(&files, &args.selection)? {
        match check(file, &selection, &mut warnings) {
            Ok(result) => results.push(result),
            Err(failure) => {
                failed = Some(match failed {
                    Some(before) => before.join(failure),
                    None => failure,
                });
            }
        }
    }
    for (_, warnings) in warnings {
        ui::print_report(&warnings);
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    format.print(&results, |results| {
        results.iter().map(format_line).collect()
    });
    Ok(())
}

/// Checks a definition in an environment. Adds its warnings to those of the file's other environments, which mostly
/// have the same.
fn check<'f>(
    file: &'f Path,
    selection: &SelectionArgs,
    warnings: &mut Vec<(&'f Path, Report)>,
) -> Result<Value> {
    let loaded = stack::load_selected(file, &selection.selection())?;
    if !loaded.warnings.is_empty() {
        let of_file = warnings.pop_if(|(known, _)| *known == file);
        let all = match of_file {
            Some((_, known)) => known.join(loaded.warnings),
            None => loaded.warnings,
        };
        warnings.push((file, all));
    }
    let stack = loaded.stack;
    let template = template::synthesize(&stack)?;
    Ok(json!({
        "file": file.display().to_string(),
        "environment": selection.selection().environment,
        "stack": stack.name,
        "valid": true,
        "queues": stack.queues.len(),
        "services": stack.services.len(),
        "resources": template.resource_count(),
        "template_bytes": template.body().len(),
        "bursts": list_bursts(&stack),
    }))
}

/// What a sudden burst takes where no reaction is fast enough for the objective, for each service with `demand`: warm tasks
/// for 10 messages per second that come at once, and their price for a month on Fargate, by the built-in prices.
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

/// Each definition and each of its environments, unless one is selected.
fn list_variants<'f>(
    files: &'f [PathBuf],
    selection: &SelectionArgs,
) -> Result<Vec<(&'f Path, SelectionArgs)>> {
    let mut variants = Vec::new();
    for file in files {
        variants.push((file.as_path(), selection.clone()));
        if !selection.has_environment() {
            let names = stack::read_environments(file)?.into_iter();
            variants.extend(names.map(|name| (file.as_path(), selection.of_environment(name))));
        }
    }
    Ok(variants)
}

fn format_line(result: &Value) -> String {
    let text = |key: &str| result[key].as_str().unwrap_or_default();
    let count = |key: &str| result[key].as_u64().unwrap_or_default();
    let environment = match text("environment") {
        "" => String::new(),
        name => format!(" (environment {name})"),
    };
    let mut lines = format!(
        "{}{environment}: valid. Stack {}: {}, {}, {}\n",
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
    let price = price.map(|dollars| format!(" ({} a month)", format_dollars(dollars)));
    format!(
        "  {}: each {BURST} messages/s of a sudden burst need {}{}, or its first seconds are late\n",
        burst["service"].as_str().unwrap_or_default(),
        format_tasks(burst["warm_tasks"].as_f64().unwrap_or_default()),
        price.unwrap_or_default(),
    )
}

/// Whole tasks: what is less than one is one.
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

    /// A jump by 10 messages/s of 2 s each is 20 tasks of work. A reaction takes 5 s + 40 s, of which 35 s are longer than the
    /// objective: 20 × 35 ÷ 45 = 15.6, so 16 tasks. Each has 0.25 vCPU and 0.5 GB on ARM in us-east-1: AWS's price list has
    /// $0.03238 and $0.00356 an hour, $7.21 in 730 hours.
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
            "  worker: each 10 messages/s of a sudden burst need 16 warm tasks ($115.34 a month), or its first seconds are late\n"
        );
        assert_eq!(bursts("45s"), [] as [Value; 0]);
    }

    #[test]
    fn each_environment_is_checked_unless_one_is_selected() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.yaml");
        let text = "name: shop\nservices: {web: {image: 'web:1'}}\nenvironments: {b: {}, a: {region: here}}\n";
        std::fs::write(&file, text).unwrap();
        let files = [file];
        let names = |selection: &SelectionArgs| -> Vec<Option<String>> {
            let variants = list_variants(&files, selection).unwrap().into_iter();
            variants
                .map(|(_, one)| one.selection().environment)
                .collect()
        };
        let all = SelectionArgs::default();
        assert_eq!(names(&all), [None, Some("b".into()), Some("a".into())]);
        assert_eq!(names(&all.of_environment("b".into())), [Some("b".into())]);
        let run = |selection| {
            let files = files.to_vec();
            run(&Args { files, selection }, Format::Text)
        };
        // `here` is no region.
        assert!(run(all.clone()).is_err());
        let text = "name: shop\nservices: {web: {image: 'web:1', nope: 1}}\nenvironments: {b: {tags: {a: 1}}, a: {region: here}}\n";
        std::fs::write(&files[0], text).unwrap();
        let failure = run(all.clone()).unwrap_err();
        // Errors first, each once; `notify` is a warning of each.
        let problems = failure.problems().unwrap().problems().iter();
        let paths: Vec<&str> = problems.map(stack::Problem::path).collect();
        assert_eq!(paths, ["services.web.nope", "tags.a", "region", "notify"]);
        std::fs::write(&files[0], "name: shop\nservices: {web: {image: 'web:1'}}\nenvironments: {b: {}, a: {region: here}}\n").unwrap();
        assert!(run(all.of_environment("b".into())).is_ok());
    }

    #[test]
    fn a_warning_of_all_environments_is_shown_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.yaml");
        let text = "name: shop\nservices: {web: {image: 'web:1'}}\nenvironments: {b: {}, a: {}}\n";
        std::fs::write(&file, text).unwrap();
        let files = [file];
        let mut warnings = Vec::new();
        for (file, selection) in list_variants(&files, &SelectionArgs::default()).unwrap() {
            let _result = check(file, &selection, &mut warnings).unwrap();
        }
        let [(_, report)] = &warnings[..] else {
            panic!("one report for the file")
        };
        let paths: Vec<&str> = report.problems().iter().map(stack::Problem::path).collect();
        assert_eq!(paths, ["notify"]);
    }
}
