//! YAML text to a tree in which every value knows its place.
//!
//! Only the parts of YAML that a definition needs are supported: one document of mappings, lists, and scalars of
//! the 1.2 core schema. Anchors, aliases, tags, merge keys, duplicate keys, and keys that aren't text are refused,
//! because each of them causes surprises.

mod builder;
mod node;
mod offsets;
pub(crate) mod scalar;

pub(crate) use builder::{build, parse, parse_part};
pub(crate) use node::{Key, Node, Value};
