//! The result of an import, formatted for people.

use adopt::copilot::{Finding, Import, Kind, Placeholder};

/// The kinds of findings in the order of their importance, with their headings.
const HEADINGS: [(Kind, &str); 5] = [
    (Kind::Invalid, "Not understood, and omitted"),
    (Kind::Unknown, "Unknown keys, omitted"),
    (Kind::Missing, "No equivalent"),
    (Kind::Different, "Imported, but different"),
    (Kind::Incomplete, "To complete"),
];

/// Formats the complete report: imported settings, settings without an equivalent, and missing settings.
pub(super) fn render(import: &Import, file: Option<&str>, program: &str) -> String {
    let mut text = format!("Imported {}", count(import.services.len(), "service"));
    if !import.environments.is_empty() {
        text.push_str(&format!(
            " with {} ({})",
            count(import.environments.len(), "environment"),
            import.environments.join(", ")
        ));
    }
    text.push_str(".\n");
    text.push_str(&list(&import.findings));
    text.push_str(&list_placeholders(&import.placeholders));
    let file = file.unwrap_or("FILE");
    text.push_str(&format!(
        "\nNext: `{program} validate {file}`, then the cut-over in docs/from-copilot.md."
    ));
    text
}

/// Lists the findings by kind.
pub(super) fn list(findings: &[Finding]) -> String {
    let mut text = String::new();
    for (kind, heading) in HEADINGS {
        let found: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.kind == kind)
            .collect();
        if found.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{heading} ({}):\n", found.len()));
        // If several consecutive lines have the same advice, it is shown once.
        for (index, finding) in found.iter().enumerate() {
            text.push_str(&format!("  {}\n", finding.summary()));
            let again = found
                .get(index + 1)
                .is_some_and(|next| next.help == finding.help);
            if !finding.help.is_empty() && !again {
                text.push_str(&format!("      to do: {}\n", finding.help));
            }
        }
    }
    text
}

fn list_placeholders(placeholders: &[Placeholder]) -> String {
    if placeholders.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\nMissing values, which `validate` refuses until you write or `--set` them ({}):\n",
        placeholders.len()
    );
    for placeholder in placeholders {
        text.push_str(&format!(
            "  {}: {}\n      {}\n",
            placeholder.key, placeholder.value, placeholder.help
        ));
    }
    text
}

fn count(count: usize, word: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {word}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: Kind, line: usize, help: &str) -> Finding {
        let text = format!("name: a\ntype: Worker Service\nunknown{line}: 1\n");
        let file = adopt::copilot::File {
            path: "m.yml".to_owned(),
            place: "a/manifest.yml".to_owned(),
            text,
        };
        let import = adopt::copilot::import(&[file], &adopt::copilot::Settings::default());
        let mut found = import.unwrap().findings.remove(0);
        (found.kind, found.line, found.help) = (kind, line, help.to_owned());
        found
    }

    #[test]
    fn findings_are_grouped_and_advice_is_given_once() {
        let findings = [
            finding(Kind::Missing, 1, "a"),
            finding(Kind::Missing, 2, "a"),
            finding(Kind::Unknown, 3, ""),
            finding(Kind::Incomplete, 4, "b"),
        ];
        let wanted = "
Unknown keys, omitted (1):
  m.yml:3: unknown3: unknown key, omitted

No equivalent (2):
  m.yml:1: unknown1: unknown key, omitted
  m.yml:2: unknown2: unknown key, omitted
      to do: a

To complete (1):
  m.yml:4: unknown4: unknown key, omitted
      to do: b
";
        assert_eq!(list(&findings), wanted);
    }
}
