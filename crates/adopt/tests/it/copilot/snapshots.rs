//! The results of complete manifests, for reading.

use adopt::copilot::{Import, Settings};

use super::{SINGLE, imported, settings, single, workspace};

/// The definition, then the messages on standard error.
fn shown(import: &Import) -> String {
    let mut text = import.definition.clone();
    text.push_str("\n=== findings\n");
    for finding in &import.findings {
        text.push_str(&format!(
            "{:?} {}\n    {}\n",
            finding.kind,
            finding.summary(),
            finding.help
        ));
    }
    text.push_str("\n=== placeholders\n");
    for placeholder in &import.placeholders {
        text.push_str(&format!(
            "{}: {}\n    {}\n",
            placeholder.key, placeholder.value, placeholder.help
        ));
    }
    text
}

#[test]
fn single_manifests() {
    for name in SINGLE {
        insta::assert_snapshot!(name, shown(&imported(&[single(name)], &settings())));
    }
}

#[test]
fn a_manifest_about_which_nothing_else_is_known() {
    insta::assert_snapshot!(shown(&imported(&[single("events")], &Settings::default())));
}

#[test]
fn a_workspace() {
    let settings = Settings {
        application: None,
        ..settings()
    };
    insta::assert_snapshot!(shown(&imported(&workspace(), &settings)));
}

#[test]
fn one_environment_of_a_workspace() {
    let settings = Settings {
        environment: Some("prod".to_owned()),
        ..settings()
    };
    insta::assert_snapshot!(shown(&imported(&workspace(), &settings)));
}
