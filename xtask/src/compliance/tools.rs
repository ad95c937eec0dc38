//! checkov from PyPI, and cdk-nag from npm, with locked versions.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::Result;
use sandbox::{Venv, prepare_folder};
use serde_json::{Value, json};
use template::Template;

use super::Findings;
use crate::process::capture_output;
use crate::{node, paths};

/// The packs of cdk-nag, as its report names them.
const PACKS: [&str; 3] = ["AwsSolutions", "HIPAA.Security", "NIST.800.53.R5"];

/// The installed tools.
pub(super) struct Tools {
    checkov: Venv,
    node: PathBuf,
    /// Folder with the modules of cdk-nag.
    modules: PathBuf,
}

impl Tools {
    /// Returns the tools, after installing them if necessary. `node`: Node.js with npm.
    pub(super) fn fetch(node: &Path) -> Self {
        let home = paths::sandbox_home();
        let source = paths::root().join("xtask/compliance");
        let lock = vec![source.join("checkov.txt")];
        let checkov = Venv::new(home.join("checkov"), lock, home.join("checkov.log"));
        let note = |text: &str| eprintln!("{text}");
        checkov
            .ensure(&note, "installing checkov into .sandbox (first use)")
            .unwrap();
        let modules = home.join("cdk-nag");
        let sources = ["package.json", "package-lock.json"].map(|name| source.join(name));
        let install = || -> Result<()> {
            fs::create_dir_all(&modules).unwrap();
            node::install_modules(node, &source, &modules, "cdk-nag")
        };
        prepare_folder(&modules, &sources, install).unwrap();
        Self {
            checkov,
            node: node.to_owned(),
            modules,
        }
    }

    /// Returns both tools' findings in a template. Fails if a tool doesn't check all of it.
    pub(super) fn check(&self, template: &Template) -> Findings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("template.json");
        fs::write(&file, template.body()).unwrap();
        let mut findings = self.run_checkov(&file, template.resource_count());
        findings.extend(self.run_nag(&file, &folder.path().join("out")));
        findings
    }

    /// Runs in the file's folder, where checkov finds no configuration.
    fn run_checkov(&self, file: &Path, resources: usize) -> Findings {
        let mut checkov = self.checkov.command("checkov");
        checkov
            .args(["--framework", "cloudformation", "--output", "json"])
            .args(["--skip-download", "--quiet", "--soft-fail", "--file"])
            .arg(file)
            .current_dir(file.parent().unwrap());
        let report = capture_output(&mut checkov, "run checkov").unwrap();
        let findings = read_checkov(&serde_json::from_str(&report).unwrap(), resources);
        findings.unwrap_or_else(|| panic!("not understood, or of a part only: {report}"))
    }

    fn run_nag(&self, file: &Path, folder: &Path) -> Findings {
        let mut nag = Command::new(&self.node);
        nag.arg(paths::root().join("xtask/compliance/nag.mjs"))
            .args([file, folder, self.modules.as_path()]);
        capture_output(&mut nag, "run cdk-nag").unwrap();
        let report = fs::read_to_string(folder.join("validation-report.json")).unwrap();
        let findings = read_nag(&serde_json::from_str(&report).unwrap());
        findings.unwrap_or_else(|| panic!("not understood, or of a part only: {report}"))
    }
}

/// Returns the findings in checkov's report. `None` if it doesn't cover all of these resources.
fn read_checkov(report: &Value, resources: usize) -> Option<Findings> {
    let summary = report.get("summary")?;
    let count = |name: &str| summary.get(name).and_then(Value::as_u64);
    if count("parsing_errors") != Some(0)
        || count("resource_count") != u64::try_from(resources).ok()
    {
        return None;
    }
    let failed = report.pointer("/results/failed_checks")?.as_array()?;
    let finding = |check: &Value| {
        let text = |name: &str| check.get(name).and_then(Value::as_str);
        // `AWS::SQS::Queue.ClaimsQueue`
        let (_, resource) = text("resource")?.rsplit_once('.')?;
        let key = (text("check_id")?.to_owned(), resource.to_owned());
        Some((key, text("check_name")?.to_owned()))
    };
    failed.iter().map(finding).collect()
}

/// Returns the findings in cdk-nag's report. `None` if it doesn't cover all packs.
fn read_nag(report: &Value) -> Option<Findings> {
    let (mut packs, mut findings) = (BTreeSet::new(), Findings::new());
    for pack in report.get("pluginReports")?.as_array()? {
        packs.insert(pack.get("pluginName")?.as_str()?);
        for violation in pack.get("violations")?.as_array()? {
            let text = |name: &str| violation.get(name).and_then(Value::as_str);
            let (rule, meaning) = (text("ruleName")?, text("description")?);
            for construct in violation.get("violatingConstructs")?.as_array()? {
                // `Stack/Template/ClaimsQueue`
                let (_, resource) = construct.get("constructPath")?.as_str()?.rsplit_once('/')?;
                findings.insert((rule.to_owned(), resource.to_owned()), meaning.to_owned());
            }
        }
    }
    packs.iter().eq(PACKS.iter()).then_some(findings)
}

#[test]
fn a_report_of_checkov_is_about_every_resource() {
    let mut report = json!({
        "results": {"failed_checks": [
            {"check_id": "CKV_AWS_27", "check_name": "Encrypted", "resource": "AWS::SQS::Queue.ClaimsQueue"},
        ]},
        "summary": {"parsing_errors": 0, "resource_count": 3},
    });
    let findings = read_checkov(&report, 3).unwrap();
    let key = ("CKV_AWS_27".to_owned(), "ClaimsQueue".to_owned());
    assert_eq!(findings, [(key, "Encrypted".to_owned())].into());
    assert_eq!(read_checkov(&report, 4), None);
    report["summary"]["parsing_errors"] = 1.into();
    assert_eq!(read_checkov(&report, 3), None);
    // For a file that it doesn't recognize as a template, checkov returns a list, or only counts.
    assert_eq!(read_checkov(&json!([]), 3), None);
    assert_eq!(read_checkov(&json!({"passed": 0, "failed": 0}), 0), None);
}

#[test]
fn a_report_of_cdk_nag_is_of_every_pack() {
    let pack = |name: &str| json!({"pluginName": name, "violations": []});
    let mut report = json!({"pluginReports": PACKS.map(pack)});
    assert_eq!(read_nag(&report), Some(Findings::new()));
    report["pluginReports"][1]["violations"] = json!([{
        "ruleName": "HIPAA.Security-LambdaDLQ",
        "description": "No dead-letter queue.",
        "violatingConstructs": [{"constructPath": "Stack/Template/MetricFunction"}],
    }]);
    let key = (
        "HIPAA.Security-LambdaDLQ".to_owned(),
        "MetricFunction".to_owned(),
    );
    let expected = [(key, "No dead-letter queue.".to_owned())].into();
    assert_eq!(read_nag(&report), Some(expected));
    report["pluginReports"].as_array_mut().unwrap().pop();
    assert_eq!(read_nag(&report), None);
}
