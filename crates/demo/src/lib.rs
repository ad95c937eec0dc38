//! The closed loop with real parts on this machine.
//!
//! A [`Stage`] is a stack deployed to its own sandbox. A [`Play`] sends the load and reads the stack; its
//! observations are a [`Course`]. A [`Summary`] compares them with the simulator's prediction. Nothing here
//! prints: progress goes to the session's `progress`, and the caller that shows the stack requests each
//! [`LiveSnapshot`](deployer::LiveSnapshot).

mod course;
mod error;
mod ledger;
mod load;
mod outcome;
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
pub use forecast::{Forecast, describe};
pub use ledger::Account;
pub use load::{LoadText, LoadTextError};
pub use outcome::{Against, Outcome, Race, Results};
pub use play::{EVERY, Play};
pub use sample::take_sample;
pub use stage::Stage;
pub use story::{Chapter, Story};
pub use summary::{ActionLine, Judged, Played, Summary, TOLERANCE};
pub use system::System;
pub use worked::{Line, Processed, Worked};
