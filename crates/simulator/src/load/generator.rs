//! Generated loads, read from text such as `poisson:rate=20/s,for=2h`.

use std::time::Duration;

use crate::time::{Nanos, nanos, parse_duration};

use super::curve::Curve;

/// How the load of a generator comes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// At equal distances.
    Constant { rate: f64 },
    /// At random (Poisson), with a rate that is known for each moment.
    Poisson(Curve),
    /// At random, with a rate that itself changes at random: a Markov-modulated Poisson process.
    Modulated { states: Vec<(f64, Duration)> },
}

/// A generated load.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Generator {
    pub(super) shape: Shape,
    pub(super) duration: Nanos,
}

/// The reason why a text isn't a valid generator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeneratorError {
    /// Unknown generator.
    #[error("unknown generator \"{0}\": use one of {names}", names = NAMES.join(", "))]
    Name(String),
    /// A parameter that isn't `key=value`.
    #[error("\"{0}\" isn't a parameter: write key=value, separated by commas")]
    Form(String),
    /// A parameter that the generator doesn't have, or that comes twice.
    #[error("{generator} has no parameter \"{key}\", or has it twice")]
    Key {
        /// Generator.
        generator: String,
        /// Key.
        key: String,
    },
    /// A parameter that the generator needs.
    #[error("{generator} needs {key}")]
    Missing {
        /// Generator.
        generator: String,
        /// Key.
        key: &'static str,
    },
    /// An invalid rate.
    #[error("{key}={value} isn't a rate: write 20/s, 300/min, or 50/h")]
    Rate {
        /// Key.
        key: &'static str,
        /// The given text.
        value: String,
    },
    /// An invalid duration.
    #[error("{key}={value} isn't a duration above zero: write 500ms, 90s, 2h30m, or 14d")]
    Time {
        /// Key.
        key: &'static str,
        /// The given text.
        value: String,
    },
    /// Lists of unequal length.
    #[error(
        "mmpp needs as many rates as stays, at least two, with | between: rates=5/s|50/s,stays=10m|1m"
    )]
    States,
}

/// The generators.
const NAMES: [&str; 8] = [
    "constant",
    "poisson",
    "step",
    "ramp",
    "daily",
    "flash-crowd",
    "on-off",
    "mmpp",
];

/// Longest load that a generator makes: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The parameters of a generator, each of which is used once.
struct Parameters<'t> {
    generator: &'t str,
    left: Vec<(&'t str, &'t str)>,
}

impl Generator {
    /// Whether a text means a generator rather than a file.
    pub(super) fn is_meant(text: &str) -> bool {
        let name = text.split(':').next().unwrap_or_default().trim();
        NAMES.contains(&name)
    }

    pub(super) fn parse(text: &str) -> Result<Self, GeneratorError> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let name = name.trim();
        if !NAMES.contains(&name) {
            return Err(GeneratorError::Name(name.chars().take(40).collect()));
        }
        let mut parameters = Parameters::new(name, rest)?;
        let duration = parameters.time("for", None)?;
        let shape = parameters.shape()?;
        parameters.finish()?;
        Ok(Self { shape, duration })
    }
}

impl<'t> Parameters<'t> {
    fn new(generator: &'t str, text: &'t str) -> Result<Self, GeneratorError> {
        let left = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (key, value) = part
                    .split_once('=')
                    .ok_or_else(|| GeneratorError::Form(part.to_owned()))?;
                Ok((key.trim(), value.trim()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { generator, left })
    }

    fn shape(&mut self) -> Result<Shape, GeneratorError> {
        Ok(match self.generator {
            "constant" => Shape::Constant {
                rate: self.rate("rate", None)?,
            },
            "poisson" => Shape::Poisson(Curve::Flat {
                rate: self.rate("rate", None)?,
            }),
            "step" => Shape::Poisson(Curve::Step {
                from: self.rate("from", None)?,
                to: self.rate("to", None)?,
                at: self.time("at", None)?,
            }),
            "ramp" => Shape::Poisson(Curve::Ramp {
                from: self.rate("from", None)?,
                to: self.rate("to", None)?,
                start: self.time("start", Some(0))?,
                over: self.time("over", None)?,
            }),
            "daily" => Shape::Poisson(Curve::Daily {
                low: self.rate("low", None)?,
                high: self.rate("high", None)?,
                peak_at: self.time("peak_at", Some(nanos(Duration::from_secs(14 * 3_600))))?,
            }),
            "flash-crowd" => Shape::Poisson(Curve::FlashCrowd {
                base: self.rate("base", None)?,
                peak: self.rate("peak", None)?,
                at: self.time("at", None)?,
                rise: self.time("rise", Some(nanos(Duration::from_secs(60))))?,
                fall: self.time("fall", Some(nanos(Duration::from_secs(600))))?,
            }),
            "on-off" => Shape::Poisson(Curve::OnOff {
                on: self.rate("on", None)?,
                off: self.rate("off", Some(0.0))?,
                on_for: self.time("on_for", None)?,
                off_for: self.time("off_for", None)?,
            }),
            _ => self.states()?,
        })
    }

    fn states(&mut self) -> Result<Shape, GeneratorError> {
        let rates = self.take("rates").ok_or_else(|| self.missing("rates"))?;
        let stays = self.take("stays").ok_or_else(|| self.missing("stays"))?;
        let rates = rates
            .split('|')
            .map(|text| parse_rate("rates", text))
            .collect::<Result<Vec<_>, _>>()?;
        let stays = stays
            .split('|')
            .map(|text| parse_time("stays", text))
            .collect::<Result<Vec<_>, _>>()?;
        if rates.len() != stays.len() || rates.len() < 2 {
            return Err(GeneratorError::States);
        }
        let states = rates.into_iter().zip(stays).collect();
        Ok(Shape::Modulated { states })
    }

    fn rate(&mut self, key: &'static str, default: Option<f64>) -> Result<f64, GeneratorError> {
        match (self.take(key), default) {
            (Some(value), _) => parse_rate(key, value),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(self.missing(key)),
        }
    }

    fn time(&mut self, key: &'static str, default: Option<Nanos>) -> Result<Nanos, GeneratorError> {
        match (self.take(key), default) {
            (Some(value), _) => parse_time(key, value).map(nanos),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(self.missing(key)),
        }
    }

    fn take(&mut self, key: &str) -> Option<&'t str> {
        let at = self.left.iter().position(|(name, _)| *name == key)?;
        Some(self.left.remove(at).1)
    }

    fn missing(&self, key: &'static str) -> GeneratorError {
        GeneratorError::Missing {
            generator: self.generator.to_owned(),
            key,
        }
    }

    fn finish(self) -> Result<(), GeneratorError> {
        self.left.first().map_or(Ok(()), |(key, _)| {
            Err(GeneratorError::Key {
                generator: self.generator.to_owned(),
                key: (*key).to_owned(),
            })
        })
    }
}

/// Messages per second.
fn parse_rate(key: &'static str, value: &str) -> Result<f64, GeneratorError> {
    let read = || {
        let (number, unit) = value.trim().split_once('/')?;
        let per = match unit.trim() {
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let rate = number.trim().parse::<f64>().ok()? / per;
        (0.0..=1e9).contains(&rate).then_some(rate)
    };
    read().ok_or_else(|| GeneratorError::Rate {
        key,
        value: value.to_owned(),
    })
}

fn parse_time(key: &'static str, value: &str) -> Result<Duration, GeneratorError> {
    parse_duration(value)
        .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
        .ok_or_else(|| GeneratorError::Time {
            key,
            value: value.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generator_is_read() {
        for text in [
            "constant:rate=20/s,for=2h",
            "poisson:rate=300/min,for=2h",
            "step:from=1/s,to=20/s,at=10m,for=1h",
            "ramp:from=1/s,to=20/s,over=1h,for=2h",
            "daily:low=1/s,high=20/s,for=14d",
            "flash-crowd:base=1/s,peak=100/s,at=1h,rise=30s,fall=5m,for=3h",
            "on-off:on=50/s,on_for=1m,off_for=9m,for=1d",
            "mmpp:rates=1/s|50/s,stays=10m|1m,for=1d",
        ] {
            assert!(Generator::is_meant(text));
            Generator::parse(text).unwrap();
        }
        let hour = Generator::parse(" poisson : rate = 3600/h , for = 1h30m ").unwrap();
        assert_eq!(hour.shape, Shape::Poisson(Curve::Flat { rate: 1.0 }));
        assert_eq!(hour.duration, 5_400_000_000_000);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            (
                "burst:rate=1/s",
                "unknown generator \"burst\": use one of constant, poisson, step, ramp, daily, flash-crowd, on-off, mmpp",
            ),
            ("poisson:rate=1/s", "poisson needs for"),
            ("poisson:for=1h", "poisson needs rate"),
            (
                "poisson:rate=1/s,for=1h,fro=2",
                "poisson has no parameter \"fro\", or has it twice",
            ),
            (
                "poisson:rate=1/s,for=1h,for=2h",
                "poisson has no parameter \"for\", or has it twice",
            ),
            (
                "poisson:rate,for=1h",
                "\"rate\" isn't a parameter: write key=value, separated by commas",
            ),
            (
                "poisson:rate=20,for=1h",
                "rate=20 isn't a rate: write 20/s, 300/min, or 50/h",
            ),
            (
                "poisson:rate=-1/s,for=1h",
                "rate=-1/s isn't a rate: write 20/s, 300/min, or 50/h",
            ),
            (
                "poisson:rate=NaN/s,for=1h",
                "rate=NaN/s isn't a rate: write 20/s, 300/min, or 50/h",
            ),
            (
                "poisson:rate=1/s,for=0s",
                "for=0s isn't a duration above zero: write 500ms, 90s, 2h30m, or 14d",
            ),
            (
                "mmpp:rates=1/s|2/s,stays=1m,for=1h",
                "mmpp needs as many rates as stays, at least two, with | between: rates=5/s|50/s,stays=10m|1m",
            ),
        ] {
            assert_eq!(Generator::parse(text).unwrap_err().to_string(), message);
        }
        assert!(!Generator::is_meant("load.csv"));
    }
}
