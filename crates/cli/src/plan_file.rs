//! Plan files: written by `diff --out` for a review, and executed by `deploy --plan`.

use std::fs;
use std::path::Path;

use deployer::Reviewed;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::failure::{Code, Failure, Result};

/// Distinguishes a plan from other JSON files.
const FORMAT: &str = "ecs-scaler plan";

/// Version of the format.
const VERSION: u64 = 1;

/// Maximum number of bytes of a plan. A template has at most 1 MB, and a plan is a few times larger.
const LARGEST: u64 = 32 << 20;

#[derive(Serialize)]
struct PlanFile<'a> {
    format: &'static str,
    version: u64,
    /// The version of ecs-scaler that wrote it.
    program: &'static str,
    /// SHA-256 of the file with this field empty. It detects mistakes, but it can't prevent someone from writing
    /// another plan.
    checksum: String,
    reviewed: &'a Reviewed,
}

/// Writes a plan.
///
/// # Errors
/// If the file can't be written.
pub(crate) fn write(path: &Path, reviewed: &Reviewed) -> Result<()> {
    let failed =
        |error: String| Failure::failed(format!("can't write {}: {error}", path.display()));
    let text = render(reviewed).map_err(|error| failed(error.to_string()))?;
    fs::write(path, text).map_err(|error| failed(error.to_string()))
}

fn render(reviewed: &Reviewed) -> serde_json::Result<String> {
    let mut file = PlanFile {
        format: FORMAT,
        version: VERSION,
        program: env!("CARGO_PKG_VERSION"),
        checksum: String::new(),
        reviewed,
    };
    file.checksum = hash(&to_text(&file)?);
    to_text(&file)
}

fn to_text(file: &PlanFile<'_>) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(file)? + "\n")
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// Reads a plan.
///
/// # Errors
/// If the file can't be read, or isn't a plan in this version's format.
pub(crate) fn read(path: &Path) -> Result<Reviewed> {
    let unreadable = |error: String| {
        Failure::new(
            Code::Usage,
            format!("can't read {}: {error}", path.display()),
        )
        .hint("`diff --out FILE` writes a plan")
    };
    let length = fs::metadata(path)
        .map_err(|error| unreadable(error.to_string()))?
        .len();
    if length > LARGEST {
        return Err(unreadable(format!("it has more than {LARGEST} bytes")));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let found = String::from_utf8(bytes).map_err(|_| "it isn't text".to_owned());
    found.and_then(|text| parse(&text)).map_err(|why| {
        let message = format!("{} isn't executed: {why}", path.display());
        Failure::new(Code::Refused, message)
            .hint("write it again: `diff --out FILE`, and review it again")
    })
}

/// Parses a plan. The error describes the problem with the file.
fn parse(text: &str) -> Result<Reviewed, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| match error.is_eof() {
        true => format!("the file is cut off ({error})"),
        false => format!("it isn't a plan: {error}"),
    })?;
    if file["format"] != FORMAT {
        return Err("it isn't a plan of ecs-scaler".to_owned());
    }
    let version = file["version"].as_u64().unwrap_or_default();
    if version > VERSION {
        let program = file["program"].as_str().unwrap_or("unknown");
        return Err(format!(
            "a newer version of ecs-scaler ({program}) wrote it, in the format {version}; this one knows {VERSION}"
        ));
    }
    let checksum = file["checksum"].as_str().unwrap_or_default();
    let written = format!("\"checksum\": \"{checksum}\"");
    let blank = text.replacen(&written, "\"checksum\": \"\"", 1);
    if version != VERSION || checksum != hash(&blank) {
        return Err("it was edited after `diff` wrote it".to_owned());
    }
    serde_json::from_value(file["reviewed"].clone())
        .map_err(|error| format!("it isn't a plan that this version can read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn reviewed() -> Reviewed {
        Reviewed {
            stack: "shop".to_owned(),
            account: "111122223333".to_owned(),
            region: "us-west-2".to_owned(),
            deployed: None,
            template_sha256: "00".to_owned(),
            template: json!({"Resources": {"A": {"Target": 0.1}}}),
            parameters: BTreeMap::from([("Key".to_owned(), "functions/a.zip".to_owned())]),
            tags: BTreeMap::new(),
            termination_protection: false,
            role_arn: None,
            allow_loss: false,
            plan: Some(json!({"stack": "shop", "changes": []})),
        }
    }

    #[test]
    fn a_plan_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        write(&path, &reviewed()).unwrap();
        assert_eq!(read(&path).unwrap(), reviewed());
        let missing = read(&folder.path().join("other.json")).unwrap_err();
        assert_eq!(missing.code(), Code::Usage);
    }

    #[test]
    fn a_file_that_is_no_whole_plan_of_ours_is_refused() {
        let text = render(&reviewed()).unwrap();
        let edited = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            parse(&text.replacen(from, to, 1)).unwrap_err()
        };
        assert_eq!(
            edited("\"allow_loss\": false", "\"allow_loss\": true"),
            "it was edited after `diff` wrote it"
        );
        assert_eq!(
            edited("\"version\": 1", "\"version\": 0"),
            "it was edited after `diff` wrote it"
        );
        assert_eq!(
            edited("\"version\": 1", "\"version\": 2"),
            format!(
                "a newer version of ecs-scaler ({}) wrote it, in the format 2; this one knows 1",
                env!("CARGO_PKG_VERSION")
            )
        );
        assert_eq!(
            edited("ecs-scaler plan", "a plan"),
            "it isn't a plan of ecs-scaler"
        );
        let cut = parse(&text[..text.len() / 2]).unwrap_err();
        assert!(cut.starts_with("the file is cut off"), "{cut}");
        for text in ["name: shop\n", "{}", "[]", "null", ""] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    /// A plan that was truncated or changed at any byte is refused, without a panic.
    #[test]
    fn no_damage_goes_unnoticed() {
        let text = render(&reviewed()).unwrap();
        for end in 0..text.len() - 1 {
            assert!(parse(&text[..end]).is_err(), "{end}");
        }
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(parse(&text).is_err(), "{at}");
            }
        }
    }
}
