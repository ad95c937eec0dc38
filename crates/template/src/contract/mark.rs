//! Marks that identify a stack as ours: a stack tag and the template's metadata.

use serde_json::{Map, Value, json};

use super::{types, url_output};

/// Key of the tag that each deploy puts on its stack. The value is the stack's name.
pub const STACK_TAG: &str = "ecs-scaler:stack";

/// Prefix of the keys of the tags that record the state of another owner's scaling before a deploy suspended it.
/// The name of the service in the definition follows. The value has `1` for each of scale-out, scale-in, and
/// schedule that was suspended, and the scalable target.
pub const SUSPENDED_TAG: &str = "ecs-scaler:suspended:";

/// The version of this template.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The description of each template. It is the only mark that version 0.1.0 also wrote.
pub(crate) const DESCRIPTION: &str =
    "ECS services, what brings them their work, and how they scale with it (ecs-scaler).";

const METADATA: &str = "EcsScaler";

/// The member of our metadata that contains the record of the definition, see [`stack::Stack::record`].
const DEFINITION: &str = "Definition";

/// A template's marks about its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateMark {
    /// Its metadata names the stack that it was made for, and the version that made it.
    Marked {
        /// The stack's name.
        stack: String,
        /// The version, such as `0.1.0`.
        version: String,
    },
    /// It has no metadata of ours, but the form of the templates of version 0.1.0.
    Earlier,
    /// Neither.
    Unmarked,
}

/// The metadata of the template of the stack `name`, and the selected environment of its definition.
pub(crate) fn metadata(name: &str, environment: Option<&str>) -> Value {
    let mut mark = json!({ "Stack": name, "Version": VERSION });
    if let (Some(mark), Some(environment)) = (mark.as_object_mut(), environment) {
        mark.insert("Environment".into(), environment.into());
    }
    json!({ METADATA: mark })
}

/// The environment of the definition that a template was made for, if there was one.
#[must_use]
pub fn read_environment(template: &Value) -> Option<String> {
    let environment = &template["Metadata"][METADATA]["Environment"];
    environment.as_str().map(str::to_owned)
}

/// Whether a stack with this description can have a template of ours, as far as the description shows. Needs no
/// request.
#[must_use]
pub fn has_our_description(description: &str) -> bool {
    description == DESCRIPTION
}

/// Reads the mark of a template.
#[must_use]
pub fn read_mark(template: &Value) -> TemplateMark {
    let mark = template
        .get("Metadata")
        .and_then(|metadata| metadata.get(METADATA));
    let Some(mark) = mark else {
        return if is_earlier(template) {
            TemplateMark::Earlier
        } else {
            TemplateMark::Unmarked
        };
    };
    let text = |key: &str| mark[key].as_str().unwrap_or_default().to_owned();
    TemplateMark::Marked {
        stack: text("Stack"),
        version: text("Version"),
    }
}

/// Writes the record of the definition into our metadata. As text, because a template can't hold every value of a definition,
/// such as `null` in `overrides`.
pub(crate) fn write_definition(template: &mut Value, record: &str) {
    if let Some(Value::Object(mark)) = template.pointer_mut("/Metadata/EcsScaler") {
        mark.insert(DEFINITION.to_owned(), record.into());
    }
}

/// Reads the record of the definition that a template was made from. `None` if it has none, like templates of
/// earlier versions and of `synth`.
#[must_use]
pub fn read_definition(template: &Value) -> Option<&str> {
    template
        .get("Metadata")?
        .get(METADATA)?
        .get(DEFINITION)?
        .as_str()
}

/// The template without the parts of our metadata that change nothing in a stack: version and definition.
/// CloudFormation makes no update if only they change. Source: CloudFormation User Guide, "CloudFormation template
/// Metadata syntax".
#[must_use]
pub fn without_notes(mut template: Value) -> Value {
    if let Some(Value::Object(mark)) = template.pointer_mut("/Metadata/EcsScaler") {
        mark.retain(|key, _| key == "Stack");
    }
    template
}

/// Whether the version is newer than this one, or has an unknown form.
#[must_use]
pub fn is_newer_version(version: &str) -> bool {
    is_newer(version, VERSION)
}

/// A version of an unknown form, such as a release candidate's, is newer than every other one, but not than itself.
fn is_newer(theirs: &str, ours: &str) -> bool {
    match (parse_version(theirs), parse_version(ours)) {
        (Some(theirs), Some(ours)) => theirs > ours,
        _ => theirs != ours,
    }
}

fn parse_version(version: &str) -> Option<[u32; 3]> {
    let parts: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

/// Whether the template has the form of version 0.1.0: the exact description, the dashboard with its output, and an
/// output for each queue and service.
fn is_earlier(template: &Value) -> bool {
    let empty = Map::new();
    let section = |key: &str| template[key].as_object().unwrap_or(&empty);
    let (resources, outputs) = (section("Resources"), section("Outputs"));
    let named = |output: &str, value: Value| {
        outputs
            .get(output)
            .is_some_and(|output| output["Value"] == value)
    };
    let has_output = |(id, resource): (&String, &Value)| match resource["Type"].as_str() {
        Some(types::QUEUE) => named(&url_output(id), json!({ "Ref": id })),
        Some(types::SERVICE) => named(&format!("{id}Name"), json!({ "Fn::GetAtt": [id, "Name"] })),
        Some(_) => true,
        None => false,
    };
    template["Description"] == DESCRIPTION
        && resources
            .get("Dashboard")
            .is_some_and(|dashboard| dashboard["Type"] == types::DASHBOARD)
        && named("DashboardName", json!({ "Ref": "Dashboard" }))
        && resources.iter().all(has_output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn earlier(name: &str) -> Value {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = root.join(format!("../../tests/upgrade/0.1.0/{name}.json"));
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    }

    const EARLIER: [&str; 5] = [
        "existing-service",
        "fan-out",
        "sample-webapp",
        "voucher-worker",
        "voucher-worker-demand",
    ];

    #[test]
    fn every_template_of_the_first_version_is_recognized() {
        for name in EARLIER {
            assert_eq!(read_mark(&earlier(name)), TemplateMark::Earlier, "{name}");
        }
    }

    #[test]
    fn a_template_that_differs_in_form_is_not_recognized() {
        type Edit = fn(&mut Value);
        let edits: [(&str, Edit); 5] = [
            ("another description", |t| {
                t["Description"] = "Our queues (ecs-scaler).".into();
            }),
            ("no description", |t| {
                t.as_object_mut().unwrap().remove("Description");
            }),
            ("a queue of another's", |t| {
                t["Resources"]["Invoices"] = json!({ "Type": types::QUEUE });
            }),
            ("a service without its output", |t| {
                let outputs = t["Outputs"].as_object_mut().unwrap();
                outputs.remove("VoucherWorkerServiceName").unwrap();
            }),
            ("no dashboard", |t| {
                let resources = t["Resources"].as_object_mut().unwrap();
                resources.remove("Dashboard").unwrap();
            }),
        ];
        for (what, edit) in edits {
            let mut template = earlier("voucher-worker");
            edit(&mut template);
            assert_eq!(read_mark(&template), TemplateMark::Unmarked, "{what}");
        }
    }

    #[test]
    fn metadata_names_stack_and_version() {
        let template = json!({ "Metadata": metadata("shop", Some("staging")) });
        let marked = TemplateMark::Marked {
            stack: "shop".into(),
            version: VERSION.into(),
        };
        assert_eq!(read_mark(&template), marked);
        // Metadata of ours without its members is a mark with another value, not a missing mark.
        let garbled = json!({ "Metadata": { "EcsScaler": 1 } });
        assert!(
            matches!(read_mark(&garbled), TemplateMark::Marked { stack, .. } if stack.is_empty())
        );
    }

    #[test]
    fn a_definition_comes_back_and_changes_no_mark() {
        let mut template = json!({ "Metadata": metadata("shop", None), "Resources": {} });
        let plain = template.clone();
        assert_eq!(read_definition(&template), None);
        write_definition(&mut template, "{}");
        assert_eq!(read_definition(&template), Some("{}"));
        assert_eq!(read_mark(&template), read_mark(&plain));
        assert_eq!(without_notes(template), without_notes(plain.clone()));
        let other = json!({ "Metadata": metadata("other", None), "Resources": {} });
        assert_ne!(without_notes(other), without_notes(plain));
    }

    #[test]
    fn a_newer_version_is_recognized() {
        let [major, minor, patch] = parse_version(VERSION).unwrap();
        assert!(!is_newer_version(VERSION));
        assert!(!is_newer_version("0.0.9"));
        assert!(is_newer_version(&format!("{major}.{}.0", minor + 1)));
        assert!(is_newer_version(&format!("{major}.{minor}.{}", patch + 10)));
        assert!(is_newer_version("next"), "unknown forms count as newer");
        assert!(!is_newer("1.0.0-rc.1", "1.0.0-rc.1"));
        assert!(is_newer("1.0.0-rc.2", "1.0.0-rc.1") && is_newer("1.0.0", "1.0.0-rc.1"));
    }
}
