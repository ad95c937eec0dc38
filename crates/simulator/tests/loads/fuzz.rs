//! No input makes the reader panic, and no message is lost in what it reads.

use proptest::prelude::*;
use simulator::DateOrder;

use crate::support::*;

fn options() -> impl Strategy<Value = ReadOptions> {
    let rows = prop_oneof![
        Just(None),
        Just(Some(Rows::Counts)),
        Just(Some(Rows::Rates)),
        Just(Some(Rows::Counters)),
        Just(Some(Rows::Messages)),
    ];
    let column =
        || proptest::option::of(prop_oneof![Just("1"), Just("2"), Just("time"), Just("a")]);
    let order = proptest::option::of(prop_oneof![Just(DateOrder::Ymd), Just(DateOrder::Mdy)]);
    (rows, column(), column(), any::<bool>(), order).prop_map(
        |(rows, time, count, sum, date_order)| ReadOptions {
            rows,
            time_column: time.map(str::to_owned),
            count_column: count.map(str::to_owned),
            duration_column: None,
            sum,
            date_order,
        },
    )
}

/// Parts of real files, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,20}",
        "[ -~]{0,6}",
        Just("2026-11-21T12:00:00Z".to_owned()),
        Just("02.11.2026 10:00".to_owned()),
        Just("11/02/2026".to_owned()),
        Just("Sat, 21 Nov 2026 12:00:00 GMT".to_owned()),
        Just("12:00".to_owned()),
        Just("time".to_owned()),
        Just("count".to_owned()),
        Just("10.5 req/s".to_owned()),
        Just("1.234,5".to_owned()),
        Just("\"".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just(",".to_owned()),
        Just(";".to_owned()),
        Just("sep=;\n".to_owned()),
        Just("{\"Timestamps\":[".to_owned()),
        Just("[[1732190400,\"1\"]]".to_owned()),
        Just("é\u{a0}".to_owned()),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Reads the load up to its first messages.
fn try_all(bytes: &[u8], options: &ReadOptions) {
    if let Ok(load) = Load::read(bytes, options) {
        let _ = load.begins();
        if let Ok(load) = load.within(LoadLimits::default()) {
            let _ = load.arrivals(1).take(1_000).count();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), options in options()) {
        try_all(&bytes, &options);
    }

    #[test]
    fn no_pieces_panic(text in pieces(), options in options()) {
        try_all(text.as_bytes(), &options);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        try_all(&wide, &options);
    }

    /// All messages arrive before the end, regardless of the distances and the order of the rows.
    #[test]
    fn every_message_arrives(
        rows in proptest::collection::vec((1u64..400, 0usize..50), 1..40),
        descending in any::<bool>(),
    ) {
        let mut at = 1_795_262_400;
        let mut lines: Vec<String> = Vec::new();
        for (distance, count) in &rows {
            lines.push(format!("{at},{count}"));
            at += distance;
        }
        if descending {
            lines.reverse();
        }
        let load = Load::read(lines.join("\n").as_bytes(), &rows_counted()).unwrap();
        let expected: usize = rows.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(messages(&load), expected);
    }
}

fn rows_counted() -> ReadOptions {
    rows(Rows::Counts)
}

/// Exports of real tools, as text.
fn exports() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/loads/exports");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let texts = files
        .iter()
        .filter_map(|file| String::from_utf8(std::fs::read(file).unwrap()).ok());
    texts.collect()
}

/// Changes exports randomly: as text, and as JSON if they are JSON.
fn fuzz_exports(seeds: std::ops::Range<u64>) {
    let exports = exports();
    let documents: Vec<serde_json::Value> = exports
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect();
    assert!(exports.len() > 50 && documents.len() > 10);
    let make = |rng: &mut fuzz::Rng| {
        if rng.bool() {
            let which = rng.usize(..exports.len());
            return fuzz::scramble(rng, &exports[which]);
        }
        fuzz::change(rng, &documents).to_string()
    };
    let count = seeds.end - seeds.start;
    let read = fuzz::survive(seeds, make, |text| {
        try_all(text.as_bytes(), &ReadOptions::default());
        Load::read(text.as_bytes(), &ReadOptions::default()).is_ok()
    });
    assert!(
        read > count / 50 && read < count,
        "{read} of {count} are read"
    );
}

#[test]
fn an_export_that_is_almost_right_is_read_without_a_panic() {
    fuzz_exports(0..300);
}

#[test]
#[ignore = "runs in test --full"]
fn thousands_of_exports_are_read_without_a_panic() {
    fuzz_exports(300..30_000);
}
