//! Reads the files of this folder.

use std::path::Path;

pub(crate) use simulator::{Load, LoadLimits, ReadError, ReadOptions, Rows};

/// Reads a file of this folder.
pub(crate) fn read(file: &str, options: &ReadOptions) -> Result<Load, ReadError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/loads")
        .join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Load::read(bytes.as_slice(), options)
}

/// Reads a file that needs no option.
pub(crate) fn plain(file: &str) -> Load {
    read(file, &ReadOptions::default()).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the message for a file that can't be read without an option.
pub(crate) fn refused(file: &str) -> String {
    match read(file, &ReadOptions::default()) {
        Ok(load) => panic!("{file} was read: {:?}", load.notes()),
        Err(error) => error.to_string(),
    }
}

/// Number of messages.
pub(crate) fn messages(load: &Load) -> usize {
    let end = u64::try_from(load.duration().as_nanos()).unwrap();
    load.arrivals(1)
        .inspect(|arrival| assert!(arrival.at < end))
        .count()
}

/// Returns the number of messages in each period of this many seconds.
pub(crate) fn per(load: &Load, seconds: u64) -> Vec<usize> {
    let stretches = load.duration().as_secs().div_ceil(seconds);
    let mut counts = vec![0; usize::try_from(stretches).unwrap()];
    for arrival in load.arrivals(1) {
        counts[usize::try_from(arrival.at / seconds / 1_000_000_000).unwrap()] += 1;
    }
    counts
}

pub(crate) fn rows(rows: Rows) -> ReadOptions {
    ReadOptions {
        rows: Some(rows),
        ..ReadOptions::default()
    }
}

pub(crate) fn count_column(name: &str) -> ReadOptions {
    ReadOptions {
        count_column: Some(name.to_owned()),
        ..ReadOptions::default()
    }
}

pub(crate) fn sum() -> ReadOptions {
    ReadOptions {
        sum: true,
        ..ReadOptions::default()
    }
}

pub(crate) fn within(load: Load) -> Result<Load, String> {
    load.within(LoadLimits::default())
        .map_err(|error| error.to_string())
}
