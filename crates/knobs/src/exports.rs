//! The functions that the page calls. A module has one thread and one page.
#![expect(
    unsafe_code,
    reason = "an export's name is a symbol, which nothing checks against other symbols; no memory is accessed unsafely"
)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use simulator::Experiment;

use crate::{answer, read_experiment, to_json};

/// What the page has written, and what it will read.
struct State {
    input: Vec<u8>,
    answer: Vec<u8>,
    experiment: Option<Experiment>,
}

static STATE: Mutex<State> = Mutex::new(State {
    input: Vec::new(),
    answer: Vec::new(),
    experiment: None,
});

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes room for this number of bytes of input, and returns their address.
#[unsafe(no_mangle)]
pub extern "C" fn knobs_reserve(length: usize) -> *mut u8 {
    let mut state = state();
    state.input.clear();
    state.input.resize(length, 0);
    state.input.as_mut_ptr()
}

/// Reads the input as an experiment. The answer is `{}`, or an error.
#[unsafe(no_mangle)]
pub extern "C" fn knobs_open() {
    let mut state = state();
    let read = read_experiment(&state.input);
    state.answer = match &read {
        Ok(_) => b"{}".to_vec(),
        Err(error) => to_json(&serde_json::json!({ "error": error })),
    };
    state.experiment = read.ok();
}

/// Simulates the input, a change of the experiment.
#[unsafe(no_mangle)]
pub extern "C" fn knobs_run() {
    let mut state = state();
    state.answer = answer(state.experiment.as_ref(), &state.input);
}

/// Returns the address of the answer.
#[unsafe(no_mangle)]
pub extern "C" fn knobs_answer_at() -> *const u8 {
    state().answer.as_ptr()
}

/// Returns the number of bytes of the answer.
#[unsafe(no_mangle)]
pub extern "C" fn knobs_answer_length() -> usize {
    state().answer.len()
}
