//! The commands of the workshop alone.

pub(crate) mod schema;
pub(crate) mod test;
