//! Files that aren't manifests, or almost are: clear errors, and never a panic.

use adopt::copilot::{File, Import, ImportError, Kind, Settings, import};
use stack::read_yaml;

use super::{SINGLE, manifest, settings, single, workspace, yaml};

fn read(text: &str) -> Result<Import, ImportError> {
    import(&[manifest("a", text)], &settings())
}

/// The first message about a refused file.
fn refused(text: &str) -> String {
    match read(text).unwrap_err() {
        ImportError::Unreadable(report) => format!(
            "{}: {}",
            report.problems()[0].line(),
            report.problems()[0].message()
        ),
        other => other.to_string(),
    }
}

#[test]
fn what_is_no_manifest_is_refused_with_its_line() {
    let no_type = "copilot/a/manifest.yml:1: this isn't a Copilot manifest: it has no `type`, such as `type: Worker Service`";
    let no_map = "copilot/a/manifest.yml:1: this isn't a Copilot manifest: a manifest is a mapping with `name` and `type`";
    let cases = [
        ("", no_map),
        ("# nothing\n", no_map),
        ("text", no_map),
        ("- a\n- b\n", no_map),
        ("name: a\n", no_type),
        ("name: a\ntype: [1]\n", no_type),
        (
            "name: a\ntype: &t Worker Service\n",
            "2: anchors and aliases aren't supported",
        ),
        (
            "a: &a 1\nb: *a\n",
            "1: anchors and aliases aren't supported",
        ),
        ("a: *b\n", "1: anchors and aliases aren't supported"),
        ("a: 1\n<<: {b: 1}\n", "2: a merge key `<<` isn't supported"),
        ("a: 1\na: 2\n", "2: the key `a` is set twice"),
        ("a: !Ref b\n", "1: the tag `!Ref` isn't supported"),
        (
            "a:\n\t- b\n",
            "2: not valid YAML: tabs disallowed within this context (block indentation)",
        ),
        (
            "a: {b\n",
            "2: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "2: the file contains a second document",
        ),
        (
            "a: \u{0}\n",
            "1: the file contains a NUL character (U+0000)",
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(refused(text), wanted, "{text:?}");
    }
    assert_eq!(
        refused(&"a".repeat((1 << 20) + 1)),
        "1: the file is larger than 1048576 bytes"
    );
    assert_eq!(
        refused(&"[".repeat(5_000)),
        "1: not valid YAML: recursion limit exceeded"
    );
}

#[test]
fn a_service_that_can_not_be_held_is_named() {
    for kind in [
        "Scheduled Job",
        "Static Site",
        "Request-Driven Web Service",
        "Environment",
        "Something",
    ] {
        let Err(ImportError::NoService { findings }) = read(&format!("name: a\ntype: {kind}\n"))
        else {
            panic!("{kind} was imported");
        };
        let [finding] = findings.as_slice() else {
            panic!("{findings:?}")
        };
        assert_eq!(
            (finding.line, finding.key.as_str()),
            (2, format!("type: {kind}").as_str())
        );
        assert!(!finding.help.is_empty() && finding.message.starts_with("a: "));
    }
    assert!(matches!(
        import(&[], &settings()),
        Err(ImportError::NoService { .. })
    ));
    let twice = [
        manifest("a", "name: x\ntype: Worker Service\n"),
        manifest("b", "name: x\ntype: Worker Service\n"),
    ];
    let error = import(&twice, &settings()).unwrap_err().to_string();
    assert_eq!(
        error,
        "copilot/b/manifest.yml:1: copilot/a/manifest.yml has the same `name`"
    );
}

#[test]
fn values_of_a_wrong_type_are_reported_and_left_out() {
    let cases = [
        ("cpu: lots", "cpu", "expected a whole number; omitted"),
        ("memory: -1", "memory", "expected a whole number; omitted"),
        ("exec: maybe", "exec", "expected true or false; omitted"),
        ("image: nginx", "image", "expected a mapping; omitted"),
        (
            "count: {range: 1..3}",
            "count.range",
            "expected two numbers, such as 1-10; omitted",
        ),
        (
            "count: {range: 1-5, queue_delay: {acceptable_latency: 5, msg_processing_time: 1s}}",
            "count.queue_delay.acceptable_latency",
            "expected a duration of whole milliseconds, such as 30s; omitted",
        ),
        ("variables: [A]", "variables", "expected a mapping; omitted"),
        (
            "variables: {A: [1]}",
            "variables.A",
            "expected text; omitted",
        ),
        (
            "command: \"'a\"",
            "command",
            "expected a list, or a line whose quotes are closed; omitted",
        ),
        (
            "subscribe: {topics: {name: a}}",
            "subscribe.topics",
            "expected a list; omitted",
        ),
        (
            "subscribe: {topics: [{name: a}]}",
            "subscribe.topics[0]",
            "expected a topic with `name` and `service`; omitted",
        ),
        (
            "deployment: {rolling: blue}",
            "deployment.rolling",
            "expected `default` or `recreate`; omitted",
        ),
        (
            "network: {vpc: {placement: here}}",
            "network.vpc.placement",
            "expected `public`, `private`, or a mapping; omitted",
        ),
        (
            "taskdef_overrides: [{path: A}]",
            "taskdef_overrides[0]",
            "expected `path` and `value`; omitted",
        ),
        (
            "sidecars: {a: 1}",
            "sidecars.a",
            "expected a mapping; omitted",
        ),
    ];
    for (line, key, message) in cases {
        let import = read(&format!("name: a\ntype: Worker Service\n{line}\n")).unwrap();
        let found = import
            .findings
            .iter()
            .find(|finding| finding.kind == Kind::Invalid);
        let found = found.unwrap_or_else(|| panic!("{line}: {:?}", import.findings));
        assert_eq!(
            (found.line, found.key.as_str(), found.message.as_str()),
            (3, key, message)
        );
        assert!(read_yaml("definition", &import.definition).is_ok());
    }
}

#[test]
fn nothing_in_a_manifest_leaves_its_place() {
    // A comment that ends early, or text that isn't quoted, would add keys.
    let text = "name: a\ntype: Worker Service\nimage: {build: \"x\\ny: 1\"}\nvariables: {A: \"1\\nb: 2\", \"C: D\": \"# no\"}\n\
                taskdef_overrides: [{path: \"a[0]\\nservices: {}\", value: \"b\\n#c\"}]\n\"u\\nv\": 1\n";
    let import = read(text).unwrap();
    let definition = read_yaml("definition", &import.definition).unwrap();
    let keys: Vec<&str> = definition
        .entries()
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    assert_eq!(
        keys,
        ["name", "account", "region", "logs", "queues", "services"]
    );
    let variables = definition
        .get("services")
        .unwrap()
        .get("a")
        .unwrap()
        .get("environment")
        .unwrap();
    assert_eq!(variables.entries().len(), 3, "{}", import.definition);
}

/// A worker compares a variable's text with `True`.
#[test]
fn variables_keep_their_text() {
    let text = "name: a\ntype: Worker Service\nimage: {location: \"a:1\"}\nvariables: {DEBUG: True, LEVEL: 007}\n";
    let import = read(text).unwrap();
    for line in ["DEBUG: \"True\"", "LEVEL: \"007\""] {
        assert!(import.definition.contains(line), "{}", import.definition);
    }
}

#[test]
fn manifests_changed_at_random_never_panic() {
    let texts: Vec<String> = SINGLE
        .iter()
        .map(|name| single(name).text)
        .chain(workspace().into_iter().map(|file| file.text))
        .collect();
    let parsed: Vec<serde_json::Value> = texts
        .iter()
        .filter_map(|text| read_yaml("m", text).ok())
        .map(|root| yaml::to_json(&root))
        .collect();
    let check = |text: &str| {
        let places = [
            "a/manifest.yml",
            "environments/test/manifest.yml",
            ".workspace",
        ];
        let files = places.map(|place| File {
            path: place.to_owned(),
            place: place.to_owned(),
            text: text.to_owned(),
        });
        let mut accepted = false;
        let service = manifest(
            "b",
            "name: b\ntype: Load Balanced Web Service\nhttp: {path: /}\nimage: {port: 1}\n",
        );
        for files in [
            files[..1].to_vec(),
            files[1..].iter().cloned().chain([service]).collect(),
        ] {
            for settings in [settings(), Settings::default()] {
                if let Ok(import) = import(&files, &settings) {
                    accepted = true;
                    let read = read_yaml("definition", &import.definition);
                    assert!(read.is_ok(), "{read:?}\n{}", import.definition);
                    assert!(import.findings.iter().all(|finding| finding.line > 0));
                    let _ = stack::parse("definition", &import.definition);
                }
            }
        }
        accepted
    };
    let json = fuzz::survive(0..250, |rng| fuzz::change_json(rng, &parsed), check);
    let lines = fuzz::survive(
        0..250,
        |rng| {
            let index = rng.usize(..texts.len());
            fuzz::scramble(rng, &texts[index])
        },
        check,
    );
    assert!(json > 50 && lines > 50, "{json} and {lines} were accepted");
}

#[test]
fn a_manifest_beyond_any_measure_is_refused_or_cheap() {
    let many = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>();
    let head = "name: a\ntype: Worker Service\n";
    let variables = many(4_900, |index| {
        format!("  V{index}: \"${{COPILOT_ENVIRONMENT_NAME}}\"\n")
    });
    let environments = many(30, |index| format!("  e{index}: \n"));
    let text = format!("{head}variables:\n{variables}environments:\n{environments}");
    assert_eq!(read(&text).unwrap().environments.len(), 30);
    let unknown = many(4_900, |index| format!("u{index}: 1\n"));
    assert!(read(&format!("{head}{unknown}")).unwrap().findings.len() <= 2_000);
    let text = format!("{head}{}", many(5_001, |index| format!("u{index}: 1\n")));
    assert_eq!(
        refused(&text),
        "copilot/a/manifest.yml:1: the manifest has more than 5000 values"
    );
    let text = format!(
        "{head}environments:\n{}",
        many(101, |index| format!("  e{index}: \n"))
    );
    assert_eq!(
        refused(&text),
        "copilot/a/manifest.yml:1: the workspace has more than 100 environments; import one with `--env`"
    );
}
