//! The loads: generated, or recorded and scaled.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use simulator::Load;

use crate::case::WORK;

/// Mean number of busy tasks to which a recorded load is scaled, and the number at which five minutes are cut.
const MEAN_TASKS: f64 = 8.0;
const MOST_TASKS: f64 = 180.0;

/// Generated loads that were used to choose the constants.
const CHOSEN: [(&str, &str); 3] = [
    (
        "on-off 10m",
        "on-off:on=15/s,off=1/s,on_for=10m,off_for=50m,for=14d",
    ),
    ("mmpp bursty", "mmpp:rates=1/s|15/s,stays=50m|10m,for=14d"),
    ("daily", "daily:low=1/s,high=15/s,for=14d"),
];

/// Generated loads that weren't.
const UNSEEN: [(&str, &str); 8] = [
    ("constant", "constant:rate=5/s,for=2d"),
    ("poisson", "poisson:rate=5/s,for=2d"),
    ("step", "step:from=1/s,to=10/s,at=2h,for=6h"),
    ("ramp", "ramp:from=1/s,to=15/s,start=1h,over=2h,for=6h"),
    (
        "flash-crowd",
        "flash-crowd:base=1/s,peak=20/s,at=1h,rise=60s,fall=10m,for=4h",
    ),
    (
        "on-off 1m",
        "on-off:on=20/s,off=0.5/s,on_for=1m,off_for=9m,for=7d",
    ),
    ("mmpp mild", "mmpp:rates=2/s|8/s,stays=30m|30m,for=14d"),
    (
        "mmpp short",
        "mmpp:rates=0.5/s|5/s|20/s,stays=10m|4m|1m,for=14d",
    ),
];

/// Generated loads with other rates and bursts, on which nothing was compared before all constants were chosen.
const FRESH: [(&str, &str); 10] = [
    (
        "on-off 2m",
        "on-off:on=12/s,off=1/s,on_for=2m,off_for=7m,for=2d",
    ),
    (
        "on-off 5m",
        "on-off:on=25/s,off=2/s,on_for=5m,off_for=25m,for=2d",
    ),
    (
        "on-off 30s",
        "on-off:on=30/s,off=0.3/s,on_for=30s,off_for=4m,for=2d",
    ),
    (
        "mmpp three",
        "mmpp:rates=1/s|6/s|25/s,stays=20m|5m|2m,for=2d",
    ),
    ("mmpp quick", "mmpp:rates=3/s|12/s,stays=6m|3m,for=2d"),
    ("mmpp quiet", "mmpp:rates=0.2/s|10/s,stays=15m|15m,for=2d"),
    (
        "flash-crowd",
        "flash-crowd:base=3/s,peak=30/s,at=3h,rise=30s,fall=20m,for=8h",
    ),
    ("daily", "daily:low=0.5/s,high=9/s,for=2d"),
    ("poisson", "poisson:rate=9/s,for=2d"),
    ("step", "step:from=3/s,to=20/s,at=4h,for=8h"),
];

/// Each with its name.
pub(crate) type Loads = Vec<(String, Load)>;

pub(crate) fn read(traces: Option<&Path>, days: u32, set: &str) -> Result<Loads, Box<dyn Error>> {
    let mut loads = Vec::new();
    if let Some(folder) = traces.filter(|_| !matches!(set, "unseen" | "fresh")) {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "csv"))
            .collect();
        files.sort();
        for path in files {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path)?;
            let scaled = scale_rows(&text, (name == "elb").then_some(20.0))?;
            loads.push((name, Load::read_csv(scaled.as_bytes(), None)?));
        }
    }
    let generated = match set {
        "chosen" => CHOSEN.to_vec(),
        "unseen" => UNSEEN.to_vec(),
        "fresh" => FRESH.to_vec(),
        _ => CHOSEN.into_iter().chain(UNSEEN).collect(),
    };
    for (name, text) in generated {
        loads.push((name.to_owned(), Load::generate(text)?));
    }
    let longest = Duration::from_secs(u64::from(days) * 86_400);
    loads
        .into_iter()
        .map(|(name, load)| {
            let load = if load.duration() > longest {
                load.between(None, Some(&format!("{}s", longest.as_secs())))?
            } else {
                load
            };
            Ok((name, load))
        })
        .collect()
}

/// Scales a file of a time and a count per 5 minutes: by a factor, or to a mean of 8 busy tasks. Rows of more than 180
/// tasks are cut.
fn scale_rows(text: &str, factor: Option<f64>) -> Result<String, Box<dyn Error>> {
    let rows: Result<Vec<(&str, f64)>, Box<dyn Error>> = text
        .lines()
        .skip(1)
        .map(|line| {
            let (time, count) = line.rsplit_once(',').ok_or("a row without a count")?;
            Ok((time, count.parse()?))
        })
        .collect();
    let rows = rows?;
    let row_of = |tasks: f64| tasks * 300.0 / WORK;
    let most = row_of(MOST_TASKS);
    let sum = |factor: f64| {
        rows.iter()
            .map(|(_, count)| (count * factor).min(most))
            .sum::<f64>()
    };
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if sum(middle) < row_of(MEAN_TASKS) * rows.len() as f64 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let factor = factor.unwrap_or(low);
    let scaled = rows.iter().map(|(time, count)| {
        let count = (count * factor).min(most).round();
        format!("{time},{count}\n")
    });
    Ok(std::iter::once("timestamp,value\n".to_owned())
        .chain(scaled)
        .collect())
}

/// The messages of each 5 s, a line per load.
pub(crate) fn print_counts(loads: &Loads) {
    for (_, load) in loads {
        let mut counts = vec![0u32; (load.duration().as_secs() / 5 + 1) as usize];
        for message in load.arrivals(101) {
            if let Some(count) = counts.get_mut((message.at / 5_000_000_000) as usize) {
                *count += 1;
            }
        }
        let counts: Vec<String> = counts.iter().map(u32::to_string).collect();
        println!("{}", counts.join(","));
    }
}
