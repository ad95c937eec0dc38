//! The packages in a program: their licenses, and the software bill of materials (SBOM).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cli::{Failure, Result};
use serde_json::{Value, json};

use super::program::Commit;
use crate::process::{capture_output, cargo};

/// A package from a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    /// SPDX expression.
    license: String,
    /// Texts of its license files.
    texts: Vec<String>,
}

/// The third-party packages in `ecs-scaler`, sorted by name.
pub(super) struct Packages(Vec<Package>);

impl Packages {
    /// Reads the packages that `cargo metadata` resolves for a target.
    pub(super) fn read(target: &str) -> Result<Self> {
        let mut metadata = cargo();
        metadata.args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            target,
        ]);
        let text = capture_output(&mut metadata, "list the packages")?;
        let metadata: Value = serde_json::from_str(&text).map_err(|error| {
            Failure::failed(format!("failed to read cargo's metadata: {error}"))
        })?;
        Ok(Self::list(&metadata, &read_licenses))
    }

    /// Lists the linked packages: normal dependencies of `ecs-scaler` and their dependencies.
    fn list(metadata: &Value, read_texts: &dyn Fn(&str) -> Vec<String>) -> Self {
        let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let packages = array(&metadata["packages"]);
        let packages: BTreeMap<_, _> = packages.iter().map(|p| (text(&p["id"]), p)).collect();
        let nodes = array(&metadata["resolve"]["nodes"]);
        let nodes: BTreeMap<_, _> = nodes.iter().map(|node| (text(&node["id"]), node)).collect();
        let mut open: Vec<String> = packages
            .iter()
            .filter(|(_, package)| package["name"] == "ecs-scaler")
            .map(|(id, _)| id.clone())
            .collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id.clone()) {
                continue;
            }
            let Some(node) = nodes.get(&id) else { continue };
            let linked = |dependency: &&Value| {
                let kinds = array(&dependency["dep_kinds"]);
                kinds.iter().any(|kind| kind["kind"].is_null())
            };
            let dependencies = array(&node["deps"]);
            open.extend(dependencies.iter().filter(linked).map(|d| text(&d["pkg"])));
        }
        let packages = seen.iter().filter_map(|id| packages.get(id));
        // Our own packages have no source.
        let packages = packages.filter(|package| !package["source"].is_null());
        let mut packages: Vec<_> = packages
            .map(|package| Package {
                name: text(&package["name"]),
                version: text(&package["version"]),
                license: text(&package["license"]),
                texts: read_texts(&text(&package["manifest_path"])),
            })
            .collect();
        packages.sort();
        Self(packages)
    }

    /// Writes each license text once, below the packages that it applies to.
    pub(super) fn write_licenses(&self) -> String {
        let mut page = "ecs-scaler contains these packages of other people.\n\n".to_owned();
        let mut holders: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for package in &self.0 {
            let Package {
                name,
                version,
                license,
                texts,
            } = package;
            page.push_str(&format!("{name} {version}: {license}\n"));
            for text in texts {
                let holders = holders.entry(text).or_default();
                holders.push(format!("{name} {version}"));
            }
        }
        for (text, holders) in holders {
            let rule = "─".repeat(80);
            page.push_str(&format!(
                "\n{rule}\n{}\n{rule}\n{text}\n",
                holders.join(", ")
            ));
        }
        page
    }

    /// Writes the software bill of materials in the format CycloneDX 1.5, with the compiler that is required to
    /// reproduce the bytes.
    pub(super) fn write_sbom(&self, commit: &Commit, rustc: &str) -> String {
        let component = |package: &Package| {
            let Package {
                name,
                version,
                license,
                ..
            } = package;
            let purl = format!("pkg:cargo/{name}@{version}");
            json!({
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                "licenses": [{"expression": license.replace('/', " OR ")}],
            })
        };
        let sbom = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {"component": {
                "type": "application",
                "name": "ecs-scaler",
                "version": env!("CARGO_PKG_VERSION"),
                "properties": [
                    {"name": "git:commit", "value": commit.id()},
                    {"name": "rustc", "value": rustc},
                ],
            }},
            "components": self.0.iter().map(component).collect::<Vec<_>>(),
        });
        format!("{sbom:#}\n")
    }
}

/// Reads the license files next to a manifest, sorted by name.
fn read_licenses(manifest: &str) -> Vec<String> {
    let folder = Path::new(manifest).parent().unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_license = |name: &str| {
        let name = name.to_ascii_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| is_license(&name.to_string_lossy()))
        })
        .collect();
    files.sort();
    let texts = files
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    texts.map(|text| text.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Packages {
        let package = |id: &str, source: Value| {
            json!({"id": id, "name": id, "version": "1.0.0", "license": "MIT/Apache-2.0", "source": source,
                   "manifest_path": id})
        };
        let dependency = |id: &str, kind: Value| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [
                package("ecs-scaler", Value::Null),
                package("stack", Value::Null),
                package("serde", json!("registry")),
                package("insta", json!("registry")),
                package("unused", json!("registry")),
            ],
            "resolve": {"nodes": [
                {"id": "ecs-scaler", "deps": [dependency("stack", Value::Null), dependency("insta", json!("dev"))]},
                {"id": "stack", "deps": [dependency("serde", Value::Null)]},
                {"id": "serde", "deps": []},
            ]},
        });
        Packages::list(&metadata, &|manifest| vec![format!("text of {manifest}")])
    }

    #[test]
    fn only_linked_packages_of_others_are_listed() {
        let names: Vec<_> = packages().0.iter().map(|p| p.name.clone()).collect();
        assert_eq!(names, ["serde"]);
    }

    #[test]
    fn licenses_and_bill_name_each_package() {
        let licenses = packages().write_licenses();
        assert!(licenses.contains("serde 1.0.0: MIT/Apache-2.0\n"));
        assert!(licenses.contains("text of serde"));
        let commit = Commit::read().unwrap();
        let sbom: Value =
            serde_json::from_str(&packages().write_sbom(&commit, "rustc 1.95.0")).unwrap();
        assert_eq!(sbom["components"][0]["purl"], "pkg:cargo/serde@1.0.0");
        let license = &sbom["components"][0]["licenses"][0]["expression"];
        assert_eq!(license, "MIT OR Apache-2.0");
    }

    #[test]
    fn the_real_packages_all_have_a_license() {
        let packages = Packages::read("x86_64-unknown-linux-gnu").unwrap();
        assert!(packages.0.len() > 100);
        let without: Vec<_> = packages.0.iter().filter(|p| p.license.is_empty()).collect();
        assert!(without.is_empty(), "{without:?}");
    }
}
