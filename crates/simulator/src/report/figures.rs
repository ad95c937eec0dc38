//! The values of a report, in the order of interest: for text and page alike.

use std::borrow::Cow;
use std::fmt;

use crate::compare::IDEAL;
use crate::number::{
    self, format_dollars, format_duration, format_hours, format_number, format_share,
};

use super::Report;
use crate::outcome::QueueOutcome;

/// A line of the table of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Its name.
    pub label: &'static str,
    /// The text, piece by piece.
    pub pieces: Vec<Piece>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Words.
    Words(&'static str),
    /// A name of the definition.
    Name(String),
    /// A value of the JSON document.
    Value {
        /// Where it stands there, such as `waiting.p99`.
        path: Cow<'static, str>,
        /// Itself.
        value: f64,
        /// Itself, for people.
        text: String,
    },
}

use Piece::Words;

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Words(words) => f.write_str(words),
            Piece::Name(name) => f.write_str(name),
            Piece::Value { text, .. } => f.write_str(text),
        })
    }
}

impl Report {
    /// The values, for people.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = vec![self.slo()];
        figures.extend(self.queues());
        figures.extend([self.messages(), self.waiting()]);
        figures.extend([self.backlog(), self.tasks(), self.cost(), self.ideal()]);
        figures.extend([self.scaling(), self.elasticity()]);
        figures.extend(self.warm_tasks());
        figures
    }

    /// Those that are there only if something rare happened.
    #[must_use]
    pub fn rare_figures(&self) -> Vec<Figure> {
        let messages = &self.outcome.messages;
        let is_rare =
            messages.deleted < messages.sent || messages.processed_again + messages.interrupted > 0;
        let mut figures = self.queues();
        figures.extend(is_rare.then(|| self.messages()));
        figures.extend(self.warm_tasks());
        figures
    }

    /// Warm tasks that would meet an objective that is shorter than a task start.
    fn warm_tasks(&self) -> Option<Figure> {
        let need = self.warm_need?;
        let tasks = count("warm_need.tasks", need.tasks.into());
        let share = value(
            "warm_need.within_objective",
            need.within_objective,
            format_share(need.within_objective),
        );
        let cost = money("warm_need.cost_per_month", need.cost_per_month);
        let pieces = if need.enough {
            vec![
                Words("tasks start slower than the objective; with `warm: "),
                tasks,
                Words("`, "),
                share,
                Words(" of the messages would meet it, for "),
                cost,
                Words(" per month"),
            ]
        } else {
            vec![
                Words("tasks start slower than the objective; even with `warm: "),
                tasks,
                Words("`, which is tasks.max, only "),
                share,
                Words(" of the messages would meet it, for "),
                cost,
                Words(" per month"),
            ]
        };
        Some(figure("warm tasks", pieces))
    }

    fn slo(&self) -> Figure {
        let outcome = &self.outcome;
        let mut pieces = vec![
            value(
                "within_objective",
                outcome.within_objective,
                format_share(outcome.within_objective),
            ),
            Words(" of the messages within "),
            time("slo", outcome.slo),
        ];
        if !outcome.has_one_objective() {
            pieces.splice(
                1..3,
                [Words(
                    " of the worst queue's messages, within its objective",
                )],
            );
        } else if !outcome.queues.is_empty() {
            pieces.splice(1..2, [Words(" of the worst queue's messages within ")]);
        }
        if let Some(required) = self.required {
            pieces.insert(1, Words(")"));
            pieces.insert(1, value("required", required, format_share(required)));
            pieces.insert(1, Words(" (required "));
        }
        if outcome.over_slo > 0.0 {
            pieces.extend([
                Words("; missed during "),
                time("over_slo", outcome.over_slo),
                Words(" of "),
                time("duration", outcome.duration),
            ]);
        }
        figure("within objective", pieces)
    }

    /// Each queue by its own objective.
    fn queues(&self) -> Vec<Figure> {
        let queues = self.outcome.queues.iter().enumerate();
        let figure_of = |(place, queue): (usize, &QueueOutcome)| {
            let path = |name: &str| format!("queues.{place}.{name}");
            let share = format_share(queue.within_objective);
            let mut pieces = vec![
                value(path("within_objective"), queue.within_objective, share),
                Words(" within "),
                time(path("slo"), queue.slo),
                Words(", "),
                count(path("sent"), queue.sent),
                Words(" sent, 99th percentile "),
                time(path("p99"), queue.p99),
                Words(", longest "),
                time(path("max"), queue.max),
            ];
            if let Some(required) = queue.required {
                let required = value(path("required"), required, format_share(required));
                pieces.insert(1, Words(" (required "));
                pieces.insert(2, required);
                pieces.insert(3, Words(")"));
            }
            pieces.insert(0, Piece::Name(format!("{}: ", queue.queue)));
            figure("queue", pieces)
        };
        queues.map(figure_of).collect()
    }

    fn messages(&self) -> Figure {
        let messages = &self.outcome.messages;
        let mut pieces = vec![
            count("messages.sent", messages.sent),
            Words(" sent, "),
            count("messages.deleted", messages.deleted),
            Words(" processed"),
        ];
        let rare = [
            ("messages.waiting", messages.waiting, " waiting at the end"),
            (
                "messages.in_flight",
                messages.in_flight,
                " in flight at the end",
            ),
            (
                "messages.dead_letters",
                messages.dead_letters,
                " in the dead-letter queue",
            ),
            ("messages.expired", messages.expired, " expired"),
            (
                "messages.processed_again",
                messages.processed_again,
                " received again",
            ),
            (
                "messages.interrupted",
                messages.interrupted,
                " dropped by a killed task",
            ),
        ];
        for (path, number, words) in rare {
            if number > 0 {
                pieces.extend([Words(", "), count(path, number), Words(words)]);
            }
        }
        figure("messages", pieces)
    }

    fn waiting(&self) -> Figure {
        let waiting = &self.outcome.waiting;
        figure(
            "waiting time",
            vec![
                Words("p50 "),
                time("waiting.p50", waiting.p50),
                Words(", p90 "),
                time("waiting.p90", waiting.p90),
                Words(", p99 "),
                time("waiting.p99", waiting.p99),
                Words(", longest "),
                time("waiting.max", waiting.max),
                Words(", mean "),
                time("waiting.mean", waiting.mean),
            ],
        )
    }

    fn backlog(&self) -> Figure {
        let backlog = &self.outcome.backlog;
        let mut pieces = vec![
            number(
                "backlog.mean",
                backlog.mean,
                if backlog.mean < 100.0 { 1 } else { 0 },
            ),
            Words(" messages on average, at most "),
            count("backlog.max", backlog.max),
        ];
        if let Some(target) = self.outcome.target {
            pieces.extend([
                Words("; target "),
                number("target", target, 2),
                Words(" per task"),
            ]);
        }
        figure("backlog", pieces)
    }

    fn tasks(&self) -> Figure {
        let tasks = &self.outcome.tasks;
        let hours = |path, seconds: f64| value(path, seconds, format_hours(seconds));
        figure(
            "tasks",
            vec![
                hours("tasks.seconds", tasks.seconds),
                Words(" task-hours, at most "),
                count("tasks.most", u64::from(tasks.most)),
                Words(" at once; needed "),
                hours("tasks.needed_seconds", tasks.needed_seconds),
                Words(" task-hours"),
            ],
        )
    }

    fn cost(&self) -> Figure {
        let cost = &self.outcome.cost;
        figure(
            "cost",
            vec![
                money("cost.total", cost.total),
                Words(" in "),
                time("duration", self.outcome.duration),
                Words(", "),
                money("cost.per_month", cost.per_month),
                Words(" per month"),
            ],
        )
    }

    fn ideal(&self) -> Figure {
        let mut pieces = vec![
            money("cost.ideal", self.outcome.cost.ideal),
            Words(", "),
            money("cost.ideal_per_month", self.outcome.cost.ideal_per_month),
            Words(
                " per month: the cheapest way to meet the objective, if every message were known in advance",
            ),
        ];
        if let Some(limit) = self.outcome.limited_by_max {
            pieces.extend([
                Words("; tasks.max is the limit ("),
                count("limited_by_max.allowed", limit.allowed.into()),
                Words(" allowed, "),
                count("limited_by_max.needed", limit.needed.into()),
                Words(" needed), so no policy can meet the objective for every message"),
            ]);
        }
        figure(IDEAL, pieces)
    }

    fn scaling(&self) -> Figure {
        let scaling = &self.outcome.scaling;
        figure(
            "scaling actions",
            vec![
                count("scaling.out", scaling.out),
                Words(" out, "),
                count("scaling.in", scaling.r#in),
                Words(" in, "),
                count("scaling.flaps", scaling.flaps),
                Words(" of them flaps"),
            ],
        )
    }

    fn elasticity(&self) -> Figure {
        let elasticity = &self.outcome.elasticity;
        let percent =
            |path, amount: f64| value(path, amount, format!("{}%", format_number(amount, 1)));
        figure(
            "elasticity",
            vec![
                Words("under-provisioned "),
                percent("elasticity.under_timeshare", elasticity.under_timeshare),
                Words(" of the time ("),
                percent("elasticity.under_accuracy", elasticity.under_accuracy),
                Words(" short on average), over-provisioned "),
                percent("elasticity.over_timeshare", elasticity.over_timeshare),
                Words(" of the time ("),
                percent("elasticity.over_accuracy", elasticity.over_accuracy),
                Words(" excess on average)"),
            ],
        )
    }
}

fn figure(label: &'static str, pieces: Vec<Piece>) -> Figure {
    Figure { label, pieces }
}

fn value(path: impl Into<Cow<'static, str>>, value: f64, text: String) -> Piece {
    let path = path.into();
    Piece::Value { path, value, text }
}

fn time(path: impl Into<Cow<'static, str>>, seconds: f64) -> Piece {
    value(path, seconds, format_duration(seconds))
}

fn number(path: &'static str, amount: f64, decimals: usize) -> Piece {
    value(path, amount, format_number(amount, decimals))
}

fn money(path: &'static str, amount: f64) -> Piece {
    value(path, amount, format_dollars(amount))
}

fn count(path: impl Into<Cow<'static, str>>, number: u64) -> Piece {
    let number = number::count(number);
    value(path, number, format_number(number, 0))
}
