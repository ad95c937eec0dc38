//! The intervals in which messages waited longest.

use simulator::{Point, Report, format_duration};

use super::chart::format_short;
use crate::table::Table;

/// Intervals that are shown.
const SHOWN: usize = 3;

/// A time in which messages waited longer than the objective without a break.
#[derive(Clone, Debug, PartialEq)]
struct Interval {
    /// Seconds from the start of the load.
    start: f64,
    end: f64,
    /// Longest wait in seconds.
    longest: f64,
    /// Messages per second: before it, and the most during it.
    load: (f64, f64),
    /// Tasks that ran when it started, and the most during it.
    tasks: (f64, f64),
}

/// The worst of them, and how many there are. Nothing if there are none.
pub(super) fn format_worst(report: &Report) -> String {
    let outcome = &report.outcome;
    let mut intervals = find(&outcome.series, outcome.slo);
    if intervals.is_empty() || !outcome.queues.is_empty() {
        return String::new();
    }
    let count = intervals.len();
    intervals.sort_by(|one, other| other.longest.total_cmp(&one.longest));
    let mut table =
        Table::new(["start", "lasts", "longest wait", "load per second", "tasks"]).indent(2);
    for one in intervals.iter().take(SHOWN) {
        let course =
            |(from, to): (f64, f64)| format!("{} → {}", format_short(from), format_short(to));
        table.row([
            format!("after {}", format_duration(one.start)),
            format_duration(one.end - one.start),
            format_duration(one.longest),
            course(one.load),
            course(one.tasks),
        ]);
    }
    let of = match count {
        1 => "the interval over the objective".to_owned(),
        count => format!("the worst of {count} intervals over the objective"),
    };
    format!("\n  {of}\n{}", table.format())
}

fn find(series: &[Point], slo: f64) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    let mut before: Option<&Point> = None;
    for point in series {
        let start = before.map_or(0.0, |before| before.at);
        if point.worst_wait > slo {
            match intervals.last_mut().filter(|last| last.end >= start) {
                Some(last) => {
                    last.end = point.at;
                    last.longest = last.longest.max(point.worst_wait);
                    last.load.1 = last.load.1.max(point.load);
                    last.tasks.1 = last.tasks.1.max(point.running);
                }
                None => intervals.push(Interval {
                    start,
                    end: point.at,
                    longest: point.worst_wait,
                    load: (before.map_or(point.load, |before| before.load), point.load),
                    tasks: (
                        before.map_or(point.running, |before| before.running),
                        point.running,
                    ),
                }),
            }
        }
        before = Some(point);
    }
    intervals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: f64, load: f64, running: f64, worst_wait: f64) -> Point {
        Point {
            at,
            load,
            backlog: 0.0,
            backlog_max: 0,
            backlog_per_task: 0.0,
            desired: 0,
            running,
            needed: 0.0,
            worst_wait,
            scale_out_alarm: false,
            scale_in_alarm: false,
        }
    }

    #[test]
    fn an_interval_has_what_was_before_it() {
        let series = [
            point(10.0, 4.0, 1.0, 1.0),
            point(20.0, 60.0, 1.0, 12.0),
            point(30.0, 50.0, 8.0, 30.0),
            point(40.0, 4.0, 8.0, 2.0),
            point(50.0, 4.0, 8.0, 11.0),
        ];
        let found = find(&series, 10.0);
        let expected = Interval {
            start: 10.0,
            end: 30.0,
            longest: 30.0,
            load: (4.0, 60.0),
            tasks: (1.0, 8.0),
        };
        assert_eq!(found[0], expected);
        assert_eq!((found.len(), found[1].start, found[1].end), (2, 40.0, 50.0));
        assert!(find(&[], 1.0).is_empty());
    }
}
