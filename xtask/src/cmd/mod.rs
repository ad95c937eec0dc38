//! The commands that only a checkout has.

pub(crate) mod dist;
pub(crate) mod schema;
pub(crate) mod test;
