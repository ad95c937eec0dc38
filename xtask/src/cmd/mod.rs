//! The commands of the workshop alone.

pub(crate) mod dist;
pub(crate) mod schema;
pub(crate) mod test;
