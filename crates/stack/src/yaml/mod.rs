//! YAML text to a tree whose every value knows where it stands.
//!
//! Only what a definition needs of YAML is taken: one document of mappings, lists and scalars of the
//! 1.2 core schema. Anchors, aliases, tags, merge keys, duplicate keys and keys that aren't text are
//! refused, each for the surprises that it brings.

mod builder;
mod node;
mod offsets;
pub(crate) mod scalar;

pub(crate) use builder::{build, parse, parse_part};
pub(crate) use node::{Key, Node, Value};
