//! The live view: the state of a stack at each refresh.
//!
//! A [`LiveSnapshot`](deployer::LiveSnapshot) contains the data that was read, a [`View`] the data to show, and
//! [`draw`] and [`Plain`] convert it to text. All of these are pure. [`watch`] is the loop, [`Screen`] the terminal.

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
pub(crate) use keys::{Act, Choices, Keyboard, Wish, no_wishes};
pub(crate) use screen::{Screen, Stamp};
pub(crate) use view::format_condition;
pub(crate) use watch::watch;
