//! Overrides of the template.

use crate::tests::{BASE, line, problems};

#[track_caller]
fn check(overrides: &str, expected: &[&str]) {
    let found = problems(&format!("{BASE}overrides:\n{overrides}"));
    let found: Vec<String> = found.iter().map(line).collect();
    // Lines are counted from the key.
    let key = BASE.lines().count() + 1;
    let expected: Vec<String> = expected
        .iter()
        .map(|text| text.replacen("KEY", &(key + 1).to_string(), 1))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_part_of_a_template_is_taken_as_it_is() {
    let text = "  Resources: {Web: {Properties: {A: null, B: [1, 1.5, {Ref: Queue}]}}, Old: null}\n  Outputs: {}\n";
    check(text, &[]);
    let loaded = crate::parse("", &format!("{BASE}overrides:\n{text}")).unwrap();
    let properties = serde_json::json!({ "A": null, "B": [1, 1.5, { "Ref": "Queue" }] });
    let expected = serde_json::json!({
        "Resources": { "Web": { "Properties": properties }, "Old": null },
        "Outputs": {},
    });
    assert_eq!(loaded.stack.overrides, Some(expected));
}

#[test]
fn sections_that_mark_or_check_the_stack_are_refused() {
    for (section, near) in [
        (
            "Parameters",
            "a deploy sets the template's parameters: write the value itself",
        ),
        ("Metadata", "it marks the stack as created by ecs-scaler"),
        (
            "Transform",
            "a macro or a rule could change the planned and checked template",
        ),
        ("Resource", "did you mean `Resources`?"),
    ] {
        let text = format!("  {section}: {{}}\n");
        let message =
            format!("error KEY:3 overrides.{section}: overrides can't change `{section}`");
        check(&text, &[&message]);
        let found = problems(&format!("{BASE}overrides:\n{text}"));
        assert_eq!(found[0].help(), Some(near));
    }
}

#[test]
fn a_section_is_a_mapping_and_its_values_exist_in_json() {
    check(
        "  Resources: [Web]\n",
        &["error KEY:14 overrides.Resources: expected a mapping by logical ID"],
    );
    check(
        "  Resources: {Web: {Properties: {A: .nan}}}\n",
        &["error KEY:20 overrides.Resources.Web: a value in here has no form in JSON"],
    );
}
