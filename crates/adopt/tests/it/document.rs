//! The reader of definitions reads what the writer wrote.

use adopt::document::{Item, Map, Value};
use proptest::prelude::*;
use stack::{YamlNode, YamlValue, read_yaml};

/// Text that YAML readers read as something else, or can't read unquoted.
const TRAPS: [&str; 58] = [
    "",
    " ",
    "~",
    "null",
    "NULL",
    "true",
    "False",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "0",
    "08",
    "1.10",
    "+1",
    "-0",
    "1_000",
    "0x1f",
    "0o17",
    "0b11",
    "1e3",
    ".5",
    ".inf",
    "-.INF",
    ".NaN",
    "12:30",
    "1:2:3",
    "2026-11-30",
    "2026-11-30T10:00:00Z",
    "111122223333",
    "10s",
    "1m30s",
    "40GiB",
    "99%",
    "a: b",
    "a:",
    "a #b",
    "#a",
    "- a",
    "-",
    "---",
    "...",
    "<<",
    "=",
    "*a",
    "&a",
    "!a",
    "@a",
    "`a`",
    "'a'",
    "\"a\"",
    "\\n",
    "a\nb\n",
    "\ta ",
    "{a}",
    "[a, b]",
];

fn written(value: impl Into<Value>) -> (String, YamlNode) {
    let mut map = Map::new();
    map.set("value", value);
    let text = map.render();
    let read = read_yaml("written.yaml", &text);
    assert!(read.is_ok(), "{read:?}\n{text}");
    let value = read.ok().and_then(|root| root.get("value").cloned());
    let missing = YamlNode {
        line: 0,
        value: YamlValue::Null,
    };
    (text, value.unwrap_or(missing))
}

/// Whether a value that was read equals the one that was written.
fn same(written: &Value, read: &YamlNode) -> bool {
    match (written, &read.value) {
        (Value::Null, YamlValue::Null) => true,
        (Value::Bool(written), YamlValue::Bool(read, _)) => written == read,
        (Value::Int(written), YamlValue::Number(read)) => *read == written.to_string(),
        (Value::Float(written), YamlValue::Number(read)) => {
            read.contains(['.', 'e']) && read.parse::<f64>().ok() == Some(*written)
        }
        (Value::Text(written), YamlValue::Text(read)) => written == read,
        (Value::List(written), YamlValue::List(read)) => {
            written.len() == read.len()
                && written
                    .iter()
                    .zip(read)
                    .all(|(item, node)| same(item.value(), node))
        }
        (Value::Map(written), YamlValue::Map(read)) => {
            let pairs: Vec<_> = written.entries().collect();
            pairs.len() == read.len()
                && pairs.iter().zip(read).all(|((key, item), entry)| {
                    *key == entry.key && same(item.value(), &entry.value)
                })
        }
        _ => false,
    }
}

#[test]
fn text_that_looks_like_something_else_stays_text() {
    for trap in TRAPS {
        for value in [Value::from(trap), vec![trap, trap].into()] {
            let (text, read) = written(value.clone());
            assert!(same(&value, &read), "{trap:?} was written as {text}");
        }
        // The reader accepts no such key, quoted or not.
        if trap == "<<" {
            continue;
        }
        let mut map = Map::new();
        map.map("outer").inline().set(trap, trap);
        let read = read_yaml("written.yaml", &map.render()).unwrap();
        assert!(
            same(map.get("outer").unwrap(), read.get("outer").unwrap()),
            "{}",
            map.render()
        );
    }
}

#[test]
fn what_people_write_without_quotes_has_none() {
    // YAML 1.1, which other tools read, reads `12:30` as 750 and `no` as false; the first row is text in both
    // versions.
    for plain in [
        "orders",
        "10s",
        "1m30s",
        "40GiB",
        "99%",
        "arn:aws:sqs:us-west-2:111122223333:a",
        "/app/db",
        "1d",
    ] {
        assert_eq!(written(plain).0, format!("value: {plain}\n"));
    }
    for quoted in ["111122223333", "12:30", "no", "1.10", "2026-11-30", ""] {
        assert_eq!(written(quoted).0, format!("value: \"{quoted}\"\n"));
    }
}

#[test]
fn characters_that_nobody_sees_are_escaped() {
    let mut map = Map::new();
    map.set("value", "a\u{200b}\u{7}\u{e0001}b")
        .beside("x\u{202e}y\u{1b}[31m");
    // U+E0001 isn't a control character in Unicode's category Cc, and passes.
    assert_eq!(
        map.render(),
        "value: \"a\\u200B\\u0007\u{e0001}b\"  # x y [31m\n"
    );
}

#[test]
fn comments_stand_above_and_beside() {
    let mut map = Map::new();
    map.set("name", "shop").above("First.\nSecond.");
    let service = map.map("services").map("worker");
    service.set("cpu", 256).beside("p95: 61").beside("14 days");
    service.map("tasks").inline().set("min", 1);
    service.set("drop", vec!["ALL"]).beside("x".repeat(100));
    let mut topic = Map::new();
    topic.set("topic", "a").above("Which topic?");
    topic.set("raw", false);
    service.list("subscribe").push(Item::new(topic));
    service.list("subscribe").push(Item::new(Map::new()));
    service.note("  image: none\nsecond");
    map.map("queues").note("nothing");
    let wanted = "\
# First.
# Second.
name: shop
services:
  worker:
    cpu: 256  # p95: 61; 14 days
    tasks: {min: 1}
    # LONG
    drop: [ALL]
    subscribe:
      # Which topic?
      - topic: a
        raw: false
      - {}
    #   image: none
    # second
queues: {}
  # nothing
";
    assert_eq!(map.render(), wanted.replace("LONG", &"x".repeat(100)));
    assert!(read_yaml("written.yaml", &map.render()).is_ok());
}

#[test]
fn a_comment_can_not_become_a_value() {
    let mut map = Map::new();
    let item = map.set("a", 1);
    item.above("x\nb: 2\r\nc: 3")
        .beside("y\nd: 4\u{2028}e: 5\u{85}f: 6");
    map.note("z\ng: 7");
    let read = read_yaml("written.yaml", &map.render()).unwrap();
    assert_eq!(read.entries().len(), 1, "{}", map.render());
}

#[test]
fn long_comments_are_wrapped_and_keep_their_words() {
    let words = vec!["word"; 200].join(" ");
    let mut map = Map::new();
    map.map("a").map("b").set("c", 1).above(words.clone());
    let text = map.render();
    assert!(text.lines().all(|line| line.len() <= 112), "{text}");
    let found = text.split([' ', '\n']).filter(|word| *word == "word");
    assert_eq!(found.count(), 200);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(&TRAPS[..]).prop_map(str::to_owned),
        "[ -~]{0,12}",
        "[a-z0-9:. #,-]{0,8}",
        "[^\\p{C}\\p{Z}]{0,4}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Value::Float),
        text().prop_map(Value::Text),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let item = (inner, comments(), proptest::option::of(text()))
            .prop_map(|(value, above, beside)| {
                let mut item = Item::new(value);
                for comment in above {
                    item.above(comment);
                }
                if let Some(comment) = beside {
                    item.beside(comment);
                }
                item
            })
            .boxed();
        let key = text().prop_filter("a key", |text| text != "<<");
        let entries = proptest::collection::vec((key, item.clone()), 0..6);
        prop_oneof![
            proptest::collection::vec(item, 0..6).prop_map(Value::List),
            (entries, any::<bool>(), comments()).prop_map(|(entries, inline, notes)| {
                let mut map = Map::new();
                for (key, item) in entries {
                    *map.item(&key) = item;
                }
                if inline {
                    map.inline();
                }
                for note in notes {
                    map.note(note);
                }
                Value::Map(map)
            }),
        ]
    })
}

fn comments() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(text(), 0..2)
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in value()) {
        let (text, read) = written(value.clone());
        prop_assert!(same(&value, &read), "{}", text);
    }
}
