//! No key is lost: each key of Copilot's reference is in the manifests here, and an import notices if it is
//! removed.

use std::collections::BTreeSet;
use std::rc::Rc;

use adopt::copilot::{File, Settings, import};
use stack::{YamlNode, YamlValue, read_yaml};

use super::yaml::{self, Step};
use super::{SINGLE, folder, settings, single, workspace};

/// A key of the reference, by the kind of its manifest.
struct Key {
    kind: String,
    path: String,
}

fn reference() -> Vec<Key> {
    let text = std::fs::read_to_string(folder().join("keys.txt")).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(|line| line.split_once(' ').unwrap());
    keys.map(|(kind, path)| Key {
        kind: kind.to_owned(),
        path: path.to_owned(),
    })
    .collect()
}

/// A place in one of the sets of files that are imported together.
struct Place {
    kind: &'static str,
    files: Vec<File>,
    index: usize,
    steps: Vec<Step>,
    /// The result for the unchanged files.
    before: Rc<String>,
}

/// Every key of every manifest, with its pattern in the reference.
fn places() -> Vec<(String, Place)> {
    let mut sets: Vec<Vec<File>> = SINGLE.iter().map(|name| vec![single(name)]).collect();
    sets.push(workspace());
    let mut found = Vec::new();
    for files in sets {
        for (index, file) in files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.place.ends_with("manifest.yml"))
        {
            let kind = if file.place.starts_with("environments") {
                "environment"
            } else {
                "service"
            };
            let root = read_yaml("m", &file.text).unwrap();
            let before = Rc::new(rewritten(&files, index, &root));
            for steps in yaml::keys(&root) {
                let place = Place {
                    kind,
                    files: files.clone(),
                    index,
                    steps,
                    before: Rc::clone(&before),
                };
                found.push((yaml::path(&place.steps), place));
            }
        }
    }
    found
}

/// Whether a path matches a pattern. The overrides of an environment have the same keys again.
fn is_of(path: &str, pattern: &str) -> bool {
    let split = |text: &str| {
        text.replace("[]", ".[]")
            .split('.')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (mut path, pattern) = (split(path), split(pattern));
    if path.first().is_some_and(|first| first == "environments") && path.len() > 2 {
        path.drain(..2);
    }
    let same = |(part, wanted): (&String, &String)| wanted == "*" || part == wanted;
    path.len() == pattern.len() && path.iter().zip(&pattern).all(same)
}

/// The result of an import, without lines and comments.
fn outcome(files: &[File], settings: &Settings) -> String {
    match import(files, settings) {
        Err(error) => error.to_string(),
        Ok(import) => {
            let definition = read_yaml("definition", &import.definition).unwrap();
            let findings = import
                .findings
                .iter()
                .map(|finding| (&finding.file, &finding.key, &finding.message, &finding.help));
            let findings: BTreeSet<_> = findings.collect();
            format!("{}\n{findings:?}", yaml::show(&definition))
        }
    }
}

/// The result for the files with another tree in one of them.
fn rewritten(files: &[File], index: usize, root: &YamlNode) -> String {
    let mut files = files.to_vec();
    files[index].text = yaml::write(root);
    outcome(&files, &settings())
}

/// Whether an import notices that a key was removed.
fn is_noticed(place: &Place) -> bool {
    let root = read_yaml("m", &place.files[place.index].text).unwrap();
    let without = yaml::without(&root, &place.steps);
    *place.before != rewritten(&place.files, place.index, &without)
}

#[test]
fn each_key_of_the_reference_is_imported_or_reported() {
    let places = places();
    let mut failures = Vec::new();
    let keys = reference();
    assert!(keys.len() > 200, "{}", keys.len());
    for key in keys.iter().filter(|key| key.kind != "idle") {
        let mut used = places
            .iter()
            .filter(|(path, place)| place.kind == key.kind && is_of(path, &key.path))
            .peekable();
        if used.peek().is_none() {
            failures.push(format!("{}: no manifest uses it", key.path));
        } else if !used.any(|(_, place)| is_noticed(place)) {
            failures.push(format!("{}: nobody notices it", key.path));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_key_of_the_reference_is_unknown() {
    for files in SINGLE
        .map(|name| vec![single(name)])
        .into_iter()
        .chain([workspace()])
    {
        let import = import(&files, &settings()).unwrap();
        let unknown: Vec<_> = import
            .findings
            .iter()
            .filter(|finding| {
                matches!(
                    finding.kind,
                    adopt::copilot::Kind::Unknown | adopt::copilot::Kind::Invalid
                )
            })
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}

#[test]
fn a_key_that_nobody_knows_is_reported_wherever_it_is() {
    let mut tried = 0;
    for (path, place) in places() {
        let root = read_yaml("m", &place.files[place.index].text).unwrap();
        let node = yaml::at(&root, &place.steps);
        let is_map = matches!(node.value, YamlValue::Map(_));
        // Mappings of names, and values that are reported or replaced as a whole.
        let free = [
            "variables",
            "secrets",
            "labels",
            "depends_on",
            "args",
            "filter_policy",
            "destination",
            "secretOptions",
            "from_tags",
            "volumes",
            "sidecars",
            "environments",
            "cdn",
            "nlb",
            "additional_rules",
            "additional_listeners",
            "security_group",
            "observability",
            "rollback_alarms",
        ];
        let is_free = free
            .iter()
            .any(|name| path.split(['.', '[']).any(|part| part == *name));
        let is_other = ["Scheduled Job", "Static Site"]
            .iter()
            .any(|kind| place.files[place.index].text.contains(kind))
            || place.files[place.index].place.starts_with("pipelines");
        if !is_map || is_free || is_other {
            continue;
        }
        let mut files = place.files.clone();
        files[place.index].text = yaml::write(&yaml::with_key(&root, &place.steps, "surprise"));
        let import = import(&files, &settings()).unwrap();
        assert!(
            import
                .findings
                .iter()
                .any(|finding| finding.key.ends_with("surprise")
                    || finding.message.contains("surprise")),
            "{path}"
        );
        tried += 1;
    }
    assert!(tried > 60, "{tried}");
}
