//! What a result belongs to: hashes of the definition and of the load.

use serde::Serialize;
use sha2::{Digest, Sha256};
use stack::Stack;

use crate::experiment::public_definition;
use crate::load::Load;

/// What was simulated, as SHA-256 in hexadecimal digits. Equal hashes mean equal input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inputs {
    /// Of the definition's values, with those of its environment and `--set`, without comments, environment variables,
    /// secrets, overrides, and the options of log routers. `None` if it wasn't read from a text.
    pub definition_sha256: Option<String>,
    /// Of the load's messages: when each was sent, its processing time if it has one, and its queue.
    pub load_sha256: String,
}

impl Inputs {
    /// The hashes of a definition and of the messages that a seed gives.
    #[must_use]
    pub fn of(stack: &Stack, load: &Load, seed: u64) -> Self {
        let mut messages = Sha256::new();
        for arrival in load.arrivals(seed) {
            messages.update(arrival.at.to_le_bytes());
            messages.update(arrival.work.map_or([u8::MAX; 8], u64::to_le_bytes));
            messages.update([arrival.part.unwrap_or(u8::MAX)]);
        }
        Self {
            definition_sha256: public_definition(stack)
                .map(|definition| hex(&Sha256::digest(definition.to_string()))),
            load_sha256: hex(&messages.finalize()),
        }
    }

    /// Both, shortened to 12 digits: `definition 0123456789ab, load cdef01234567 (SHA-256)`.
    #[must_use]
    pub fn describe(&self) -> String {
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        let definition = self.definition_sha256.as_deref();
        let definition = definition.map(|hash| format!("definition {}, ", short(hash)));
        format!(
            "{}load {} (SHA-256)",
            definition.unwrap_or_default(),
            short(&self.load_sha256)
        )
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(max: u32) -> Stack {
        let text = include_str!("../../../../stacks/voucher-worker.yaml");
        let text = text.replace("max: 20", &format!("max: {max}"));
        let text = format!("# A comment isn't part of it.\n{text}");
        stack::parse("stack.yaml", &text).unwrap().stack
    }

    #[test]
    fn only_another_input_has_another_hash() {
        let load = |rate: &str| Load::generate(&format!("poisson:rate={rate}/s,for=1m")).unwrap();
        let first = Inputs::of(&stack(20), &load("5"), 1);
        assert_eq!(first, Inputs::of(&stack(20), &load("5"), 1));
        let definition = Inputs::of(&stack(21), &load("5"), 1);
        assert_eq!(first.load_sha256, definition.load_sha256);
        assert_ne!(first.definition_sha256, definition.definition_sha256);
        for other in [
            Inputs::of(&stack(20), &load("6"), 1),
            Inputs::of(&stack(20), &load("5"), 2),
        ] {
            assert_eq!(first.definition_sha256, other.definition_sha256);
            assert_ne!(first.load_sha256, other.load_sha256);
        }
    }

    /// By `printf '\0\0\0\0\0\0\0\0\377\377\377\377\377\377\377\377\377\0\312\232\073\0\0\0\0\377\377\377\377\377\377\377\377\377' | sha256sum`:
    /// messages at 0 s and 1 s, without processing times and queues.
    #[test]
    fn the_hash_of_two_messages_is_sha256_of_their_times() {
        let load = Load::read("timestamp\n0\n1\n".as_bytes(), &Default::default()).unwrap();
        let inputs = Inputs::of(&stack(20), &load, 1);
        let expected = "49a928a6c535f0f7aec32b4723f76c4013c84650cf8a84b368351bf3f83b25c5";
        assert_eq!(inputs.load_sha256, expected);
        assert!(
            inputs
                .describe()
                .ends_with(&format!("load {} (SHA-256)", &expected[..12]))
        );
    }
}
