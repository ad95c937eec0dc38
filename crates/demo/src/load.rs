//! The load of the demo: a generator's text, parsed.

use std::str::FromStr;
use std::time::Duration;

use sandbox::Due;
use simulator::{GeneratorError, Load};

/// A load with its text.
#[derive(Clone, Debug)]
pub struct LoadText {
    /// The generator's text.
    pub text: String,
    /// The generated load.
    pub load: Box<Load>,
}

/// The reason why a load can't be sent.
#[derive(Debug, thiserror::Error)]
pub enum LoadTextError {
    /// A file, or an unknown generator.
    #[error(
        "{0:?} isn't a generator: the demo supports constant, poisson, step, ramp, flash-crowd, on-off, and mmpp"
    )]
    NoGenerator(String),
    /// Its parameters aren't valid.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
}

impl FromStr for LoadText {
    type Err = LoadTextError;

    fn from_str(text: &str) -> Result<Self, LoadTextError> {
        if !Load::is_generator(text) {
            return Err(LoadTextError::NoGenerator(text.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            load: Box::new(Load::generate(text)?),
        })
    }
}

impl LoadText {
    /// The messages, in order of time.
    pub(crate) fn dues(&self, seed: u64) -> Vec<Due> {
        let arrivals = self.load.arrivals(seed);
        arrivals
            .map(|arrival| Due {
                at: Duration::from_nanos(arrival.at),
                work: arrival.work.map(Duration::from_nanos),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use sandbox::Speed;

    use super::*;
    use crate::system::System;

    #[test]
    fn the_loads_that_are_shipped_are_loads() {
        for factor in [1, 7, 20, 30] {
            let speed = Speed::try_from(factor).unwrap();
            for system in [
                System::Race,
                System::Backlog,
                System::Demand,
                System::AlarmSteps,
            ] {
                let load = system.load(speed).unwrap();
                let dues = load.dues(1);
                assert!(dues.len() > 500, "{} at speed {factor}", dues.len());
                assert!(dues.is_sorted_by_key(|due| due.at));
                let minutes = load.load.duration() * factor / 60;
                assert!(
                    minutes < Duration::from_secs(30),
                    "of the loop: {minutes:?}"
                );
            }
        }
    }

    #[test]
    fn a_file_is_no_load_here() {
        let error = "load.csv".parse::<LoadText>().unwrap_err().to_string();
        assert!(error.contains("isn't a generator"), "{error}");
        assert!(
            "poisson:rate=20/s".parse::<LoadText>().is_err(),
            "how long?"
        );
    }
}
