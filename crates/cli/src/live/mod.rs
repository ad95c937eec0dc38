//! The live view: the state of a stack at each refresh.
//!
//! A [`LiveSnapshot`](deployer::LiveSnapshot) is what was read, a [`View`] what is shown of it, and [`draw`] and [`Plain`] make text of it;
//! all of that is pure. [`watch`] is the loop, [`Screen`] the terminal.

mod actions;
mod bars;
mod draw;
mod history;
mod keys;
mod plain;
mod screen;
#[cfg(test)]
mod tests;
mod view;
mod watch;

pub(crate) use bars::{bar, columns, highest};
pub(crate) use keys::{Choices, Keyboard, no_wishes};
pub(crate) use screen::{Screen, Stamp};
pub(crate) use view::format_condition;
pub(crate) use watch::watch;
