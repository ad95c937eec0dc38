//! The supported part of YAML, and the messages for the rest.

use super::{BASE, changed, line, problems};

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = problems(text);
    let lines: Vec<String> = found.iter().map(line).collect();
    assert_eq!(lines, expected, "\n{text}");
}

#[test]
fn an_empty_definition_says_how_to_begin() {
    for text in [
        "",
        "\n\n",
        "# nothing\n",
        "---\n",
        "---\n...\n",
        "null\n",
        "\u{feff}",
    ] {
        check(text, &["error 1:1 : the definition is empty"]);
    }
}

#[test]
fn a_definition_is_a_mapping() {
    let message = "a definition is a mapping of keys such as `name` and `services`";
    for text in ["shop\n", "- shop\n", "5\n", "\"name: shop\"\n"] {
        check(text, &[&format!("error 1:1 : {message}")]);
    }
}

#[test]
fn what_surprises_is_refused() {
    for (from, to, expected) in [
        (
            "name: shop",
            "name: &n shop",
            "error 1:7 : anchors and aliases aren't supported",
        ),
        (
            "name: shop",
            "name: *n",
            "error 1:7 : anchors and aliases aren't supported",
        ),
        (
            "name: shop",
            "name: !Ref shop",
            "error 1:7 : the tag `!Ref` isn't supported",
        ),
        (
            "name: shop",
            "name: !!str shop",
            "error 1:7 : the tag `tag:yaml.org,2002:!str` isn't supported",
        ),
        (
            "{after: 5}",
            "!x {after: 5}",
            "error 7:18 : the tag `!x` isn't supported",
        ),
        (
            "{after: 5}",
            "{after: 5, after: 6}",
            "error 7:29 : the key `after` is set twice",
        ),
        (
            "notify:",
            "name: again\nnotify:",
            "error 17:1 : the key `name` is set twice",
        ),
        (
            "notify:",
            "<<: {}\nnotify:",
            "error 17:1 : a merge key `<<` isn't supported",
        ),
        (
            "notify:",
            "5: x\nnotify:",
            "error 17:1 : a key is text, and this is the number 5",
        ),
        (
            "notify:",
            "true: x\nnotify:",
            "error 17:1 : a key is text, and this is the boolean true",
        ),
        (
            "notify:",
            "~: x\nnotify:",
            "error 17:1 : a key is text, and this is nothing",
        ),
        (
            "notify:",
            "[a]: x\nnotify:",
            "error 17:1 : a mapping or list is in the place of a key",
        ),
        (
            "notify:",
            "? {a: b}\n: x\nnotify:",
            "error 17:3 : a mapping or list is in the place of a key",
        ),
        (
            "name: shop",
            "name: \"a\\0b\"",
            "error 1:7 : the text contains a NUL character (U+0000)",
        ),
        (
            "name: shop",
            "name: \"a\\u202eb\"",
            "error 1:7 : the text contains a character that changes the direction of text (U+202E)",
        ),
        (
            "name: shop",
            "name: a\u{202e}b",
            "error 1:8 : the file contains a character that changes the direction of text (U+202E)",
        ),
        (
            "name: shop",
            "name: a\0b",
            "error 1:8 : the file contains a NUL character (U+0000)",
        ),
        (
            "name: shop",
            "name: a\u{7}b",
            "error 1:8 : the file contains a control character (U+0007)",
        ),
        (
            "name: shop",
            "name: sh\u{feff}op",
            "error 1:9 : the file contains a byte order mark inside the text (U+FEFF)",
        ),
    ] {
        check(&changed(from, to), &[expected]);
    }
}

#[test]
fn a_second_document_is_refused() {
    check(
        &format!("{BASE}---\nname: more\n"),
        &["error 18:1 : the file contains a second document"],
    );
    check(&format!("---\n{BASE}...\n"), &[]);
    check(&format!("%YAML 1.2\n---\n{BASE}"), &[]);
}

#[test]
fn syntax_errors_name_their_place() {
    let places = |text: &str| {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].message().starts_with("not valid YAML: "),
            "{}",
            found[0]
        );
        assert!(found[0].help().is_some());
        (found[0].line(), found[0].column())
    };
    assert_eq!(places("name: shop\nservices: {worker: {\n"), (3, 1));
    let tab = "name: shop\nservices:\n\tworker: {}\n";
    assert_eq!(places(tab), (3, 2));
    let help = problems(tab)[0].help().unwrap().to_owned();
    assert_eq!(help, "line 3 is indented with a tab: indent with spaces");
    assert_eq!(places("name: shop: more\n"), (1, 11));
    assert_eq!(places("name: 'shop\n"), (1, 7));
    assert_eq!(places("name: @shop\n"), (1, 7));
    assert_eq!(places("name: shop\n]\n"), (2, 1));
}

#[test]
fn places_count_characters_and_not_bytes() {
    let text = changed("name: shop", "# für Gäste, 日本\nname: größe");
    check(&text, &["error 2:7 name: `größe` isn't a stack name"]);
    let label = problems(&text)[0].labels()[0].clone();
    assert_eq!(&text[label.offset..label.offset + label.length], "größe");
    let text = format!(
        "\u{feff}{}",
        changed("name: shop", "name: a_b").replace('\n', "\r\n")
    );
    let found = problems(&text);
    let label = &found[0].labels()[0];
    assert_eq!(&text[label.offset..label.offset + label.length], "a_b");
    assert_eq!(
        found.len(),
        1,
        "a byte order mark and CRLF are fine: {found:?}"
    );
}

#[test]
fn quoted_scalars_are_always_text() {
    check(&changed("name: shop", "name: 'true'"), &[]);
    check(&changed("name: shop", "name: \"null\""), &[]);
    check(
        &changed("example/worker:1.0.0", "|-\n      example/worker:1.0.0"),
        &[],
    );
    // YAML 1.1 treated these as booleans.
    check(&changed("name: shop", "name: yes"), &[]);
    check(&changed("name: shop", "name: no"), &[]);
}
