//! CloudFormation's schemas of resource types, shipped with cfn-lint.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use crate::cfn_lint::cfn_lint;

/// The region of the schemas. They differ little between regions.
const REGION: &str = "us-west-2";

/// The schemas of a region, by resource type.
pub(crate) struct Schemas {
    folder: PathBuf,
    files: Value,
    read: RefCell<BTreeMap<String, Rc<Schema>>>,
}

/// The schema of a resource type.
pub(crate) struct Schema {
    pub(crate) root: Value,
    /// Paths of create-only properties, such as `AutoScalingGroupProvider/AutoScalingGroupArn`.
    pub(super) create_only: Vec<String>,
    /// Paths of properties that are create-only in some cases.
    pub(super) conditional: Vec<String>,
    pub(super) identifier: Vec<String>,
}

impl Schemas {
    pub(crate) fn load() -> Self {
        let folder = find_folder(&cfn_lint());
        let files = read_json(&folder.join(format!("providers/{REGION}.json")));
        Self {
            folder,
            files,
            read: RefCell::default(),
        }
    }

    pub(crate) fn of(&self, resource_type: &str) -> Rc<Schema> {
        let mut read = self.read.borrow_mut();
        let entry = read.entry(resource_type.to_owned());
        Rc::clone(entry.or_insert_with(|| Rc::new(self.read_type(resource_type))))
    }

    fn read_type(&self, resource_type: &str) -> Schema {
        let hash = self.files[resource_type].as_str();
        let hash = hash.unwrap_or_else(|| panic!("cfn-lint has no schema of {resource_type}"));
        let root = read_json(&self.folder.join(format!("resources/{hash}.json")));
        Schema {
            create_only: list_paths(&root, "createOnlyProperties"),
            conditional: list_paths(&root, "conditionalCreateOnlyProperties"),
            identifier: list_paths(&root, "primaryIdentifier"),
            root,
        }
    }
}

/// `site-packages/cfnlint/data/schemas` of the environment whose `bin` holds the program.
fn find_folder(program: &Path) -> PathBuf {
    let environment = program.canonicalize().unwrap();
    let library = environment.parent().unwrap().parent().unwrap().join("lib");
    let pythons = std::fs::read_dir(&library).unwrap();
    pythons
        .map(|python| {
            python
                .unwrap()
                .path()
                .join("site-packages/cfnlint/data/schemas")
        })
        .find(|folder| folder.join("providers").is_dir())
        .unwrap_or_else(|| panic!("no schemas of cfn-lint in {}", library.display()))
}

fn read_json(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn list_paths(schema: &Value, list: &str) -> Vec<String> {
    let paths = schema[list].as_array().into_iter().flatten();
    let paths = paths.filter_map(Value::as_str);
    paths
        .map(|path| path.trim_start_matches("/properties/").to_owned())
        .collect()
}
