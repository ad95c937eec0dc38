//! The resources and the cost of a calibration.

use std::time::Duration;

use serde::Serialize;
use simulator::calibration::Design;
use simulator::{MONTH_HOURS, PriceTable};

use crate::stage::{IMAGE_TASKS, MEMORY_GB, STACK, VCPU, designs};

/// Maximum number of tasks in the datapoint experiment: its metric is at most 8 times the target of one task.
const DATAPOINT_TASKS: u32 = 10;

/// From the creation of the first resource to the deletion of the last one, on AWS. An estimate, because no run
/// on AWS has been measured yet.
const DURATION: Duration = Duration::from_secs(30 * 60);

/// How long the tasks of an experiment run, on AWS. Also an estimate.
const RUNNING: Duration = Duration::from_secs(15 * 60);

/// The resources that a calibration creates, its duration, and its maximum cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The stack.
    pub stack: &'static str,
    /// Experiments, with the question that each answers.
    pub experiments: Vec<(String, &'static str)>,
    /// Maximum number of tasks that run at the same time.
    pub tasks: u32,
    /// Maximum number of task-hours.
    pub task_hours: f64,
    /// Dollars per task-hour, including its address.
    pub task_hour_cost: f64,
    /// Dollars for metrics and alarms.
    pub metrics_cost: f64,
    /// Dollars in total.
    pub cost: f64,
    /// Minutes of the run on AWS.
    pub minutes: u64,
    /// Region and date of the prices.
    pub prices: String,
}

impl Estimate {
    /// Returns the estimate of a run in a region.
    #[must_use]
    pub fn new(region: &str) -> Self {
        let prices = PriceTable::built_in().for_region(Some(region));
        let rates = &prices.rates;
        let designs = designs();
        let tasks = designs.iter().map(most_tasks).sum::<u32>() + IMAGE_TASKS;
        let hours = |time: Duration| time.as_secs_f64() / 3_600.0;
        let task_hours = f64::from(tasks) * hours(RUNNING);
        let task_hour_cost = VCPU * rates.fargate_arm_vcpu_hour
            + MEMORY_GB * rates.fargate_arm_gb_hour
            + rates.address_hour;
        let services = designs.len() as f64;
        // One metric and two alarms per experiment, billed by the hour.
        let month = services * (rates.metric_month + 2.0 * rates.alarm_month);
        let metrics_cost = month / MONTH_HOURS * hours(DURATION).ceil();
        let named = |design: &Design| (design.name.to_owned(), design.question);
        Self {
            stack: STACK,
            experiments: designs.iter().map(named).collect(),
            tasks,
            task_hours,
            task_hour_cost,
            metrics_cost,
            cost: task_hours * task_hour_cost + metrics_cost,
            minutes: DURATION.as_secs() / 60,
            prices: prices.describe(),
        }
    }

    /// Describes the plan for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!(
            "calibrate creates the stack {}: a network, a cluster, and {} services of tiny Fargate tasks\n",
            self.stack,
            self.experiments.len() + 1
        );
        for (name, question) in &self.experiments {
            text.push_str(&format!("  {name:<10} {question}\n"));
        }
        text.push_str(&format!(
            "  {:<10} how long tasks take to start\n\
             It takes about {} minutes on AWS, and deletes the stack at the end, also after Ctrl-C.\n\
             At most {} tasks run at the same time ({:.0} vCPUs of the Fargate quota).\n\
             It hasn't been run against AWS yet, so time and cost are estimates.\n\
             Cost, at most: {:.1} task-hours × ${:.4} (Fargate ARM and IPv4) + ${:.2} (metrics, alarms) = ${:.2} ({})\n",
            "image",
            self.minutes,
            self.tasks,
            (f64::from(self.tasks) * VCPU).ceil(),
            self.task_hours,
            self.task_hour_cost,
            self.metrics_cost,
            self.cost,
            self.prices
        ));
        text
    }
}

fn most_tasks(design: &Design) -> u32 {
    match design.name {
        "datapoint" => DATAPOINT_TASKS,
        _ if design.scales_out() => design.max,
        _ => design.initial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 50 + 50 + 10 + 40 + 2 + 5 tasks are 157, for 15 minutes 39.25 task-hours; one task-hour is 0.25 × 0.03238 +
    /// 0.5 × 0.00356 + 0.005 = 0.014875 dollars; 5 × (0.30 + 0.20) ÷ 730 is 0.0034.
    #[test]
    fn a_run_costs_less_than_a_dollar() {
        let estimate = Estimate::new("us-east-1");
        assert_eq!(estimate.tasks, 157);
        assert!((estimate.task_hours - 39.25).abs() < 1e-9);
        assert!((estimate.task_hour_cost - 0.014_875).abs() < 1e-9);
        assert!((estimate.cost - 0.587_27).abs() < 1e-4, "{}", estimate.cost);
        assert!(estimate.describe().contains("39.2 task-hours × $0.0149"));
    }
}
