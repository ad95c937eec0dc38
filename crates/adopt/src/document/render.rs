//! A mapping as the text of a YAML document.

use super::quote;
use super::{Item, Map, Value};

/// Maximum line length in characters for comments and collections on one line.
const WIDTH: usize = 110;

pub(super) fn render(map: &Map) -> String {
    let mut text = String::new();
    if map.entries.is_empty() {
        text.push_str("{}\n");
        write_comments(&map.notes, 0, &mut text);
    } else {
        write_map(map, 0, None, &mut text);
    }
    text
}

/// Writes the entries, the first one after `lead` (the dash of a list's item), if there is one.
fn write_map(map: &Map, indent: usize, lead: Option<&str>, out: &mut String) {
    for (index, (key, item)) in map.entries.iter().enumerate() {
        let key = format!("{}:", quote::text(key, false));
        match lead.filter(|_| index == 0) {
            Some(lead) => write_item(item, &format!("{lead}{key}"), indent, out),
            None => {
                let start = format!("{}{key}", " ".repeat(indent));
                write_item(item, &start, indent, out);
            }
        }
    }
    write_comments(&map.notes, indent, out);
}

/// Writes a value after the start of its line (a key or a dash), with its comments.
fn write_item(item: &Item, start: &str, indent: usize, out: &mut String) {
    let line = match on_one_line(item, start.chars().count()) {
        Some(value) => format!("{start} {value}"),
        None => start.to_owned(),
    };
    let beside = item.beside.as_deref().map(|text| clean(text).join(" "));
    let fits = |text: &String| line.chars().count() + text.chars().count() + 4 <= WIDTH;
    let (beside, long) = match beside {
        Some(text) if fits(&text) => (Some(text), None),
        other => (None, other),
    };
    write_comments(item.above.iter().chain(&long), indent, out);
    out.push_str(&line);
    if let Some(text) = beside {
        out.push_str("  # ");
        out.push_str(&text);
    }
    out.push('\n');
    match &item.value {
        Value::Map(map) if map.entries.is_empty() => write_comments(&map.notes, indent + 2, out),
        _ if on_one_line(item, start.chars().count()).is_some() => {}
        Value::Map(map) => write_map(map, indent + 2, None, out),
        Value::List(items) => write_list(items, indent + 2, out),
        _ => {}
    }
}

fn write_list(items: &[Item], indent: usize, out: &mut String) {
    let dash = format!("{}- ", " ".repeat(indent));
    for item in items {
        match &item.value {
            // The mapping starts on the line of its dash, unless a comment or its form prevents that.
            Value::Map(map) if on_one_line(item, dash.len()).is_none() => {
                write_comments(item.above.iter().chain(&item.beside), indent, out);
                let (first, rest) = split_first_comments(map);
                write_comments(&first, indent, out);
                write_map(&rest, indent + 2, Some(&dash), out);
            }
            _ => write_item(item, dash.trim_end(), indent, out),
        }
    }
}

/// Removes the comments above the first entry, which can't be between a dash and its key.
fn split_first_comments(map: &Map) -> (Vec<String>, Map) {
    let mut rest = map.clone();
    let first = rest.entries.first_mut();
    let above = first.map_or_else(Vec::new, |(_, item)| std::mem::take(&mut item.above));
    (above, rest)
}

/// A value that is written on the line of its key: a scalar, or a short collection without comments.
fn on_one_line(item: &Item, before: usize) -> Option<String> {
    let text = match &item.value {
        // Its notes, if any, follow below.
        Value::Map(map) if map.entries.is_empty() => "{}".to_owned(),
        Value::Map(_) | Value::List(_) => {
            let text = flow(&item.value)?;
            (before + text.chars().count() < WIDTH).then_some(text)?
        }
        scalar => write_scalar(scalar, false),
    };
    Some(text)
}

/// A collection in brackets; `None` if it contains a comment, or a mapping that needs its own lines.
fn flow(value: &Value) -> Option<String> {
    let inner = |item: &Item| {
        if item.has_comments() {
            return None;
        }
        flow(&item.value)
    };
    Some(match value {
        Value::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(inner).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Map(map) if map.entries.is_empty() && map.notes.is_empty() => "{}".to_owned(),
        Value::Map(map) => {
            if !map.inline || !map.notes.is_empty() {
                return None;
            }
            let entry = |(key, item): &(String, Item)| {
                Some(format!("{}: {}", quote::text(key, true), inner(item)?))
            };
            let entries: Option<Vec<_>> = map.entries.iter().map(entry).collect();
            format!("{{{}}}", entries?.join(", "))
        }
        scalar => write_scalar(scalar, true),
    })
}

/// The text of a scalar; empty for a collection.
fn write_scalar(value: &Value, in_flow: bool) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => quote::float(*value),
        Value::Text(text) => quote::text(text, in_flow),
        Value::List(_) | Value::Map(_) => String::new(),
    }
}

fn write_comments<'a>(
    comments: impl IntoIterator<Item = &'a String>,
    indent: usize,
    out: &mut String,
) {
    for comment in comments {
        for line in clean(comment) {
            for part in wrap(&line, WIDTH.saturating_sub(indent + 2).max(40)) {
                let text = format!("{}# {part}", " ".repeat(indent));
                out.push_str(text.trim_end());
                out.push('\n');
            }
        }
    }
}

/// The lines of a comment, without characters that YAML doesn't allow or that are invisible.
fn clean(text: &str) -> Vec<String> {
    let visible = |line: &str| {
        line.chars()
            .map(|any| if quote::is_hidden(any) { ' ' } else { any })
            .collect()
    };
    text.lines().map(visible).collect()
}

/// A line cut at spaces so that each part fits, except a longer single word. An empty line stays one.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let words = line.trim_start();
    let lead = line.strip_suffix(words).unwrap_or_default();
    let mut parts = Vec::new();
    let mut part = lead.to_owned();
    for word in words.split(' ') {
        let begun = part.len() > lead.len();
        if begun && part.chars().count() + 1 + word.chars().count() > width {
            parts.push(std::mem::replace(&mut part, format!("{lead}{word}")));
        } else {
            if begun {
                part.push(' ');
            }
            part.push_str(word);
        }
    }
    parts.push(part);
    parts
}
