//! Generated loads, read from text such as `poisson:rate=20/s,for=2h`.

use std::time::Duration;

use stack::nearest;

use crate::time::{Nanos, nanos, parse_duration};

use super::curve::Curve;

/// The arrival process of a generator.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// At equal intervals.
    Constant { rate: f64 },
    /// A Poisson process whose rate is known at each time.
    Poisson(Curve),
    /// A process whose rate changes randomly: a Markov-modulated Poisson process.
    Modulated { states: Vec<(f64, Duration)> },
}

/// A generated load. Elsewhere, it is its text.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Generator {
    text: String,
    pub(super) shape: Shape,
    pub(super) duration: Nanos,
}

/// The reason why a text isn't a valid generator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeneratorError {
    /// Unknown generator.
    #[error("unknown generator \"{0}\": {hint}", hint = suggest_generator(.0))]
    Name(String),
    /// A parameter that isn't `key=value`.
    #[error("\"{0}\" isn't a parameter: write key=value, separated by commas")]
    Form(String),
    /// A parameter that the generator doesn't have.
    #[error("{generator} has no parameter \"{key}\": {hint}", hint = suggest_key(generator, key))]
    Key {
        /// Generator.
        generator: String,
        /// Key.
        key: String,
    },
    /// A parameter that comes twice.
    #[error("{generator} has the parameter \"{key}\" twice")]
    Twice {
        /// Generator.
        generator: String,
        /// Key.
        key: String,
    },
    /// A parameter that the generator needs.
    #[error("{generator} needs {key}, as in {example}", example = example_of(generator))]
    Missing {
        /// Generator.
        generator: String,
        /// Key.
        key: &'static str,
    },
    /// An invalid rate.
    #[error("{key}={value} isn't a rate: {hint}", hint = suggest_rate(.value))]
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

/// The generators, each with an example that has all of its parameters.
const EXAMPLES: [(&str, &str); 8] = [
    ("constant", "constant:rate=20/s,for=2h"),
    ("poisson", "poisson:rate=20/s,for=2h"),
    ("step", "step:from=1/s,to=20/s,at=10m,for=1h"),
    ("ramp", "ramp:from=1/s,to=20/s,start=30m,over=1h,for=2h"),
    ("daily", "daily:low=1/s,high=20/s,peak_at=14h,for=14d"),
    (
        "flash-crowd",
        "flash-crowd:base=1/s,peak=100/s,at=1h,rise=30s,fall=5m,for=3h",
    ),
    (
        "on-off",
        "on-off:on=50/s,off=1/s,on_for=1m,off_for=9m,for=1d",
    ),
    ("mmpp", "mmpp:rates=1/s|50/s,stays=10m|1m,for=1d"),
];

/// Other names of the same loads.
const OTHER_NAMES: [(&[&str], &str); 8] = [
    (&["fixed", "flat", "steady", "uniform", "rate"], "constant"),
    (&["random", "exponential", "exp"], "poisson"),
    (&["jump", "surge", "shift"], "step"),
    (&["linear", "rise", "slope", "growth"], "ramp"),
    (
        &[
            "sine", "sin", "sinus", "cosine", "wave", "seasonal", "diurnal", "periodic",
        ],
        "daily",
    ),
    (&["burst", "spike", "flash", "crowd", "peak"], "flash-crowd"),
    (&["square", "pulse", "onoff", "batch", "cron"], "on-off"),
    (&["markov", "bursty", "modulated", "switching"], "mmpp"),
];

/// Other names of parameters: of the first generator that has one of these.
const OTHER_KEYS: [(&[&str], &[&str]); 11] = [
    (&["duration", "time", "length", "lasts", "during"], &["for"]),
    (
        &[
            "lambda",
            "mean",
            "messages",
            "throughput",
            "rps",
            "qps",
            "load",
            "arrival_rate",
        ],
        &["rate", "rates"],
    ),
    (
        &["rate", "states", "levels"],
        &["rates", "base", "low", "from", "on"],
    ),
    (
        &["stay", "times", "durations", "dwell", "period", "periods"],
        &["stays", "on_for"],
    ),
    (
        &[
            "min", "base", "trough", "minimum", "start", "begin", "low", "mean",
        ],
        &["low", "base", "from", "off"],
    ),
    (
        &[
            "max",
            "peak",
            "maximum",
            "amplitude",
            "end",
            "burst",
            "high",
        ],
        &["high", "peak", "to", "on"],
    ),
    (&["peak_time", "hour", "phase"], &["peak_at"]),
    (&["when", "after", "step_at"], &["at", "start"]),
    (&["ramp", "up", "rise_time"], &["rise", "over"]),
    (&["down", "decay", "fall_time"], &["fall"]),
    (&["pause", "idle", "off_time"], &["off_for"]),
];

pub(super) fn examples() -> impl Iterator<Item = &'static str> {
    EXAMPLES.iter().map(|(_, example)| *example)
}

fn names() -> impl Iterator<Item = &'static str> {
    EXAMPLES.iter().map(|(name, _)| *name)
}

fn example_of(generator: &str) -> &'static str {
    let found = EXAMPLES.iter().find(|(name, _)| *name == generator);
    found.map_or("", |(_, example)| example)
}

/// The parameters of a generator, from its example.
fn keys_of(generator: &str) -> Vec<&'static str> {
    let (_, parameters) = example_of(generator).split_once(':').unwrap_or_default();
    let keys = parameters
        .split(',')
        .filter_map(|part| part.split('=').next());
    keys.collect()
}

/// The generator that a name probably means.
pub(super) fn nearest_generator(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase().replace('_', "-");
    let other = OTHER_NAMES
        .iter()
        .find(|(others, _)| others.contains(&lower.as_str()));
    other
        .map(|(_, name)| *name)
        .or_else(|| nearest(&lower, names()))
}

fn suggest_generator(name: &str) -> String {
    match nearest_generator(name) {
        Some(near) => format!("did you mean {near}, as in {}?", example_of(near)),
        None => format!("use one of {}", names().collect::<Vec<_>>().join(", ")),
    }
}

fn suggest_key(generator: &str, key: &str) -> String {
    let known = keys_of(generator);
    let other = OTHER_KEYS
        .iter()
        .filter(|(others, _)| others.contains(&key));
    let other = other
        .flat_map(|(_, ours)| ours.iter())
        .find(|ours| known.contains(ours));
    match other
        .copied()
        .or_else(|| nearest(key, known.iter().copied()))
    {
        Some(near) => format!("did you mean {near}, as in {}?", example_of(generator)),
        None => format!(
            "it has {}, as in {}",
            known.join(", "),
            example_of(generator)
        ),
    }
}

/// Longest load that a generator makes: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The parameters of a generator. Each is used once.
struct Parameters<'t> {
    generator: &'t str,
    left: Vec<(&'t str, &'t str)>,
}

impl Generator {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a text means a generator rather than a file: it has a generator's name, or a word and parameters.
    pub(super) fn is_meant(text: &str) -> bool {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let name = name.trim();
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        // One letter is a drive, and a parameter has its sign.
        let has_form = name.len() > 1 && name.chars().all(is_letter) && rest.contains('=');
        has_form || names().any(|known| known == name)
    }

    pub(super) fn parse(text: &str) -> Result<Self, GeneratorError> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let name = name.trim();
        if !names().any(|known| known == name) {
            return Err(GeneratorError::Name(name.chars().take(40).collect()));
        }
        let mut parameters = Parameters::new(name, rest)?;
        parameters.require_known()?;
        let duration = parameters.time("for", None)?;
        let shape = parameters.shape()?;
        parameters.finish()?;
        Ok(Self {
            text: text.to_owned(),
            shape,
            duration,
        })
    }
}

impl From<Generator> for String {
    fn from(generator: Generator) -> Self {
        generator.text
    }
}

impl TryFrom<String> for Generator {
    type Error = GeneratorError;

    fn try_from(text: String) -> Result<Self, GeneratorError> {
        Self::parse(&text)
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

    /// Checks the names first: a misspelled parameter is also a missing one.
    fn require_known(&self) -> Result<(), GeneratorError> {
        let known = keys_of(self.generator);
        match self.left.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(GeneratorError::Key {
                generator: self.generator.to_owned(),
                key: (*key).to_owned(),
            }),
        }
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
        let Some((key, _)) = self.left.first() else {
            return Ok(());
        };
        Err(GeneratorError::Twice {
            generator: self.generator.to_owned(),
            key: (*key).to_owned(),
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

/// A number alone, or with another unit, is per second.
fn suggest_rate(value: &str) -> String {
    let number = value.trim_end_matches(|c: char| !c.is_ascii_digit());
    match number.parse::<f64>() {
        Ok(rate) if rate >= 0.0 && !number.is_empty() => {
            format!("write {number}/s, or per min, h, or d")
        }
        _ => "write 20/s, 300/min, or 50/h".to_owned(),
    }
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
        let shortest = [
            "poisson:rate=300/min,for=2h",
            "ramp:from=1/s,to=20/s,over=1h,for=2h",
            "daily:low=1/s,high=20/s,for=14d",
            "flash-crowd:base=1/s,peak=100/s,at=1h,for=3h",
            "on-off:on=50/s,on_for=1m,off_for=9m,for=1d",
        ];
        for text in EXAMPLES
            .map(|(_, example)| example)
            .into_iter()
            .chain(shortest)
        {
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
                "tide:rate=1/s",
                "unknown generator \"tide\": use one of constant, poisson, step, ramp, daily, flash-crowd, on-off, mmpp",
            ),
            (
                "sine:low=1/s",
                "unknown generator \"sine\": did you mean daily, as in daily:low=1/s,high=20/s,peak_at=14h,for=14d?",
            ),
            (
                "mmp:rates=1/s|2/s",
                "unknown generator \"mmp\": did you mean mmpp, as in mmpp:rates=1/s|50/s,stays=10m|1m,for=1d?",
            ),
            (
                "poisson:rate=1/s",
                "poisson needs for, as in poisson:rate=20/s,for=2h",
            ),
            (
                "mmpp:rate=1/s|2/s,stays=1m|1m,for=1h",
                "mmpp has no parameter \"rate\": did you mean rates, as in mmpp:rates=1/s|50/s,stays=10m|1m,for=1d?",
            ),
            (
                "step:min=1/s,max=20/s,at=10m,for=1h",
                "step has no parameter \"min\": did you mean from, as in step:from=1/s,to=20/s,at=10m,for=1h?",
            ),
            (
                "poisson:rate=1/s,for=1h,jitter=2",
                "poisson has no parameter \"jitter\": it has rate, for, as in poisson:rate=20/s,for=2h",
            ),
            (
                "poisson:rate=1/s,for=1h,for=2h",
                "poisson has the parameter \"for\" twice",
            ),
            (
                "poisson:rate,for=1h",
                "\"rate\" isn't a parameter: write key=value, separated by commas",
            ),
            (
                "poisson:rate=20,for=1h",
                "rate=20 isn't a rate: write 20/s, or per min, h, or d",
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
        assert!(Generator::is_meant("sine:rate=1/s"));
        for file in ["load.csv", r"C:\load=1.csv", "dir/a:b=c.csv", "sine"] {
            assert!(!Generator::is_meant(file), "{file}");
        }
    }
}
