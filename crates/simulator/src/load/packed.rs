//! Compact rows of a recorded load: ten million arrivals take about 40 MB.

use serde::{Deserialize, Serialize};

/// Pairs of a time in microseconds, which never decreases, and a value. As text, the pause since the previous time and
/// the value of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Vec<u64>", from = "Vec<u64>")]
pub(super) struct Packed {
    bytes: Vec<u8>,
    last: u64,
    len: u64,
}

impl Packed {
    /// Adds a pair. Its time must be at least the previous pair's.
    pub(super) fn push(&mut self, at: u64, value: u64) {
        self.write(at.saturating_sub(self.last));
        self.write(value);
        self.last = self.last.max(at);
        self.len += 1;
    }

    /// Number of pairs.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The last time, or 0.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The pairs.
    pub(super) fn iter(&self) -> Unpacked<'_> {
        Unpacked {
            bytes: &self.bytes,
            at: 0,
        }
    }

    /// Writes seven bits per byte, lowest first. The highest bit means that more bytes follow.
    fn write(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push((value & 0x7f) as u8);
    }
}

impl From<Packed> for Vec<u64> {
    fn from(packed: Packed) -> Self {
        let mut before = 0;
        let pairs = packed.iter();
        let pauses = pairs.flat_map(|(at, value)| [at - std::mem::replace(&mut before, at), value]);
        pauses.collect()
    }
}

impl From<Vec<u64>> for Packed {
    fn from(pauses: Vec<u64>) -> Self {
        let mut packed = Self::default();
        for pair in pauses.chunks_exact(2) {
            if let &[pause, value] = pair {
                packed.push(packed.last.saturating_add(pause), value);
            }
        }
        packed
    }
}

/// The pairs of [`Packed`].
#[derive(Clone, Debug)]
pub(super) struct Unpacked<'p> {
    bytes: &'p [u8],
    at: u64,
}

impl Unpacked<'_> {
    fn read(&mut self) -> Option<u64> {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
            shift += 7;
        }
    }
}

impl Iterator for Unpacked<'_> {
    type Item = (u64, u64);

    fn next(&mut self) -> Option<Self::Item> {
        self.at += self.read()?;
        let value = self.read()?;
        Some((self.at, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pairs_come_back(
            pairs in proptest::collection::vec((0u64..1 << 40, proptest::num::u64::ANY), 0..50),
        ) {
            let mut packed = Packed::default();
            let mut at = 0;
            let expected: Vec<_> = pairs.into_iter().map(|(pause, value)| {
                at += pause;
                (at, value)
            }).collect();
            for (at, value) in &expected {
                packed.push(*at, *value);
            }
            prop_assert_eq!(packed.len(), expected.len() as u64);
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), expected);
            let text = serde_json::to_string(&packed).unwrap();
            prop_assert_eq!(serde_json::from_str::<Packed>(&text).unwrap(), packed);
        }
    }
}
