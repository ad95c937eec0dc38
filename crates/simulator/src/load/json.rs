//! JSON documents with times and values: from `aws cloudwatch`, Prometheus, Datadog, Grafana, Kibana, InfluxDB,
//! Splunk, and lists of objects. They are converted to rows with named columns.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};

use serde_json::{Deserializer, Map, Value};

use super::error::ReadError;
use super::json_value::{find_label, flatten, is_moment, read_scalar};
use super::record::Record;
use super::{timestamp, words};

/// The column that contains the series of a value.
pub(super) const SERIES: &str = "series";

/// The data found in a document.
#[derive(Default)]
struct Found {
    /// Series, times, and values.
    points: Vec<[String; 3]>,
    /// Rows by column name.
    rows: Vec<BTreeMap<String, String>>,
}

/// Returns the rows of a document. The first one contains the names of the columns.
pub(super) fn read_rows(input: impl Read) -> Result<Vec<Record>, ReadError> {
    let documents: Vec<Value> = Deserializer::from_reader(BufReader::new(input))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let more = |document: &Value| document.get("NextToken").is_some_and(Value::is_string);
    if documents.iter().any(more) {
        return Err(ReadError::Part);
    }
    let mut found = Found::default();
    match documents.as_slice() {
        [only] => found.walk(only, ""),
        _ => found.walk(&Value::Array(documents), ""),
    }
    let table = found.table();
    if table.is_empty() {
        return Err(ReadError::JsonShape);
    }
    Ok(table)
}

impl Found {
    fn walk(&mut self, value: &Value, name: &str) {
        match value {
            Value::Object(map) => {
                let label = find_label(map);
                let name = label.as_deref().unwrap_or(name);
                if !self.take_lists(map, name)
                    && !self.take_columns(map, name)
                    && !self.take_frame(map, name)
                    && !self.take_map(map, name)
                {
                    // New Relic's total over the facets would count each message twice.
                    let total = |key: &str| key == "totalResult" && map.contains_key("facets");
                    for (_, inner) in map.iter().filter(|(key, _)| !total(key)) {
                        self.walk(inner, name);
                    }
                }
            }
            Value::Array(items) => {
                let taken = self.take_pairs(items, name)
                    || self.take_fields(items)
                    || self.take_rows(items, name);
                for inner in items.iter().filter(|_| !taken) {
                    self.walk(inner, name);
                }
            }
            _ => {}
        }
    }

    /// Reads times and values in two lists, as GetMetricData and Datadog return them.
    fn take_lists(&mut self, map: &Map<String, Value>, name: &str) -> bool {
        let list = |keys: [&str; 3]| keys.into_iter().find_map(|key| map.get(key)?.as_array());
        let (Some(times), Some(values)) = (
            list(["Timestamps", "timestamps", "times"]),
            list(["Values", "values", "value"]),
        ) else {
            return false;
        };
        let nested: Vec<&Vec<Value>> = values.iter().filter_map(Value::as_array).collect();
        if values.len() == times.len() && nested.is_empty() {
            self.pair(times, values, name);
            return true;
        }
        for (index, values) in nested.iter().enumerate() {
            if values.len() == times.len() {
                self.pair(times, values, &format!("{} {}", name, index + 1));
            }
        }
        !nested.is_empty()
    }

    fn pair(&mut self, times: &[Value], values: &[Value], name: &str) {
        for (time, value) in times.iter().zip(values) {
            self.point(name, time, value);
        }
    }

    fn point(&mut self, name: &str, time: &Value, value: &Value) {
        if let (Some(time), Some(value)) = (read_scalar(time), read_scalar(value)) {
            self.points.push([name.to_owned(), time, value]);
        }
    }

    /// Reads the names of columns and rows of values, as InfluxDB and BigQuery's tools return them.
    fn take_columns(&mut self, map: &Map<String, Value>, name: &str) -> bool {
        let list = |key: &str| map.get(key).and_then(Value::as_array);
        let Some(columns) = list("columns") else {
            return false;
        };
        let names: Vec<String> = columns
            .iter()
            .filter_map(|column| read_scalar(column).or_else(|| read_scalar(column.get("name")?)))
            .collect();
        let Some(rows) = list("values").or(list("rows")) else {
            return false;
        };
        for row in rows.iter().filter_map(Value::as_array) {
            let cells = row.iter().map(|cell| read_scalar(cell).unwrap_or_default());
            let mut row: BTreeMap<String, String> = names.iter().cloned().zip(cells).collect();
            row.insert(SERIES.to_owned(), name.to_owned());
            self.rows.push(row);
        }
        true
    }

    /// Reads the names of columns and their values column by column, as Grafana returns them.
    fn take_frame(&mut self, map: &Map<String, Value>, name: &str) -> bool {
        let within = |outer: &str, inner: &str| map.get(outer)?.get(inner)?.as_array();
        let (Some(fields), Some(columns)) = (within("schema", "fields"), within("data", "values"))
        else {
            return false;
        };
        let columns: Vec<&Vec<Value>> = columns.iter().filter_map(Value::as_array).collect();
        for row in 0..columns.iter().map(|column| column.len()).max().unwrap_or(0) {
            let cells = fields.iter().zip(&columns).filter_map(|(field, column)| {
                Some((
                    read_scalar(field.get("name")?)?,
                    read_scalar(column.get(row)?)?,
                ))
            });
            let mut row: BTreeMap<String, String> = cells.collect();
            row.insert(SERIES.to_owned(), name.to_owned());
            self.rows.push(row);
        }
        true
    }

    /// Reads values by time, or lists of values by column name.
    fn take_map(&mut self, map: &Map<String, Value>, name: &str) -> bool {
        let timed = map
            .iter()
            .all(|(key, value)| is_moment(key) && read_scalar(value).is_some());
        if timed && !map.is_empty() {
            for (time, value) in map {
                self.point(name, &Value::String(time.clone()), value);
            }
            return true;
        }
        let columns: Option<Vec<(&String, &Vec<Value>)>> = map
            .iter()
            .map(|(key, value)| Some((key, value.as_array()?)))
            .collect();
        let Some(columns) = columns.filter(|columns| {
            let length = columns.first().map_or(0, |(_, column)| column.len());
            let even = columns.iter().all(|(_, column)| {
                column.len() == length && column.iter().all(|cell| read_scalar(cell).is_some())
            });
            even && columns
                .iter()
                .any(|(key, _)| words::time_rank(key) == Some(1))
        }) else {
            return false;
        };
        for row in 0..columns.first().map_or(0, |(_, column)| column.len()) {
            let cells = columns
                .iter()
                .filter_map(|(key, column)| Some(((*key).clone(), read_scalar(column.get(row)?)?)));
            self.rows.push(cells.collect());
        }
        true
    }

    /// Reads pairs of a time and a value, as Prometheus and Datadog return them. Graphite uses the opposite
    /// order.
    fn take_pairs(&mut self, items: &[Value], name: &str) -> bool {
        let pairs: Option<Vec<(&Value, &Value)>> = items
            .iter()
            .map(|item| match item.as_array()?.as_slice() {
                [first, second]
                    if read_scalar(first).is_some() && read_scalar(second).is_some() =>
                {
                    Some((first, second))
                }
                _ => None,
            })
            .collect();
        let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else {
            return false;
        };
        let epoch = |value: &Value| read_scalar(value).is_some_and(|text| is_moment(&text));
        let turned = pairs
            .iter()
            .all(|(first, second)| epoch(second) && !epoch(first));
        for (first, second) in pairs {
            match turned {
                true => self.point(name, second, first),
                false => self.point(name, first, second),
            }
        }
        true
    }

    /// Reads rows of `field` and `value`, as CloudWatch Logs Insights returns them.
    fn take_fields(&mut self, items: &[Value]) -> bool {
        let row = |item: &Value| -> Option<BTreeMap<String, String>> {
            let fields = item.as_array()?.iter();
            fields
                .map(|field| {
                    Some((
                        read_scalar(field.get("field")?)?,
                        read_scalar(field.get("value")?)?,
                    ))
                })
                .collect()
        };
        let rows: Option<Vec<_>> = items.iter().map(row).collect();
        match rows {
            Some(rows) if !rows.is_empty() => self.rows.extend(rows),
            _ => return false,
        }
        true
    }

    /// Reads objects with a time.
    fn take_rows(&mut self, items: &[Value], name: &str) -> bool {
        let rows: Vec<BTreeMap<String, String>> = items.iter().filter_map(flatten).collect();
        let timed = |row: &BTreeMap<String, String>| {
            row.iter().any(|(key, value)| {
                is_moment(value)
                    || (words::time_rank(key) == Some(1) && timestamp::is_time(value.as_bytes()))
            })
        };
        if rows.len() != items.len() || !rows.iter().any(timed) {
            return false;
        }
        self.rows.extend(rows.into_iter().map(|mut row| {
            row.entry(SERIES.to_owned())
                .or_insert_with(|| name.to_owned());
            row
        }));
        true
    }

    fn table(self) -> Vec<Record> {
        if self.points.len() >= self.rows.len() {
            let header = [SERIES, "timestamp", "value"];
            let rows = self
                .points
                .iter()
                .map(|point| point.each_ref().map(String::as_str));
            return numbered(std::iter::once(header).chain(rows), self.points.is_empty());
        }
        table(&self.rows)
    }
}

/// Returns rows by column name. The first one contains the names.
pub(super) fn table(rows: &[BTreeMap<String, String>]) -> Vec<Record> {
    let names: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.keys().map(String::as_str))
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    let cells = rows.iter().map(|row| {
        names
            .iter()
            .map(|name| row.get(*name).map_or("", String::as_str))
            .collect::<Vec<&str>>()
    });
    numbered(std::iter::once(names.clone()).chain(cells), false)
}

/// Returns rows with their numbers. The row with the column names is 0.
fn numbered<'t, F: IntoIterator<Item = &'t str>>(
    rows: impl Iterator<Item = F>,
    nothing: bool,
) -> Vec<Record> {
    if nothing {
        return Vec::new();
    }
    (0..)
        .zip(rows)
        .map(|(number, row)| Record::from_fields(number, row))
        .collect()
}
