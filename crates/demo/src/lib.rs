//! The closed loop with real parts on this machine.
//!
//! A [`Stage`] is what is deployed to a sandbox of its own. A [`Play`] sends the load and reads the stack; what
//! it has seen is a [`Course`]. A [`Summary`] compares that with what the simulator predicts. Nothing here
//! prints: progress goes to the session's `progress`, and whoever shows the stack asks for each [`LiveSnapshot`](deployer::LiveSnapshot).

mod course;
mod error;
mod ledger;
mod load;
mod play;
mod requests;
mod sample;
mod stage;
mod steps;
mod story;
mod summary;
mod system;
mod worked;

pub use course::Course;
pub use error::{Error, Result};
pub use ledger::Account;
pub use load::{LoadText, LoadTextError};
pub use play::{EVERY, Play};
pub use sample::take_sample;
pub use stage::Stage;
pub use story::{Chapter, Story};
pub use summary::{ActionLine, Judged, Played, Summary, TOLERANCE};
pub use system::System;
pub use worked::{Line, Processed, Worked};
