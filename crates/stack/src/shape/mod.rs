//! The format as data: every key with its kind, default, and meaning.
//!
//! The structural check, the JSON Schema, and the reference page all come from [`tables::STACK`], so they can't
//! disagree.

mod amount;
mod check;
mod container_texts;
mod fault;
mod filter;
mod kind;
mod lookup;
mod meant;
mod numbers;
mod objective;
mod overrides;
mod patch;
mod reference;
mod rules;
mod schedule_rules;
mod schema;
mod step_rules;
pub(crate) mod tables;
mod texts;
mod times;
mod values;

pub(crate) use amount::{Adjust, amount};
pub(crate) use check::check;
#[cfg(test)]
pub(crate) use kind::Text;
pub(crate) use kind::{Form, Kind, Object};
pub(crate) use lookup::{find_default, find_kind, is_known};
pub use meant::REGIONS;
pub(crate) use numbers::number_of;
#[cfg(test)]
pub(crate) use reference::EXAMPLE;
pub(crate) use reference::reference;
#[cfg(test)]
pub(crate) use schema::object as object_schema;
pub(crate) use schema::schema;
