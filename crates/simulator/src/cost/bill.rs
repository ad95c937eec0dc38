//! The bill of a run.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::engine::Finished;
use crate::number::format_number;
use crate::outcome::TaskFigures;
use crate::policy::Policy;
use crate::scenario::Scenario;
use crate::time::Nanos;

use super::billing::{Billing, Hosting};
use super::count::Inventory;
use super::items::BillItem;
use super::prices::{MONTH_HOURS, Prices};
use super::usage::{FunctionUsage, Usage};

/// Costs that aren't part of any bill.
const NOT_COUNTED: &str =
    "not counted: data transfer, NAT, KMS, SNS, taxes, free tiers, Savings Plans";

/// US dollars by item.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bill([f64; BillItem::ALL.len()]);

/// The cost of a service for the length of a run.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Cost {
    /// Sum of the items in US dollars.
    pub total: f64,
    /// The same per month of 730 hours at this rate.
    pub per_month: f64,
    /// The items. Omits items that cost nothing and don't exist.
    pub items: Vec<CostItem>,
    /// The cost of the ideal policy by the same rules, without the cost of scaling: see
    /// [`crate::Policy::Ideal`].
    pub ideal: f64,
    /// The same per month.
    pub ideal_per_month: f64,
    /// Items that aren't included, for people.
    pub not_counted: &'static str,
    /// The prices.
    #[serde(serialize_with = "serialize_prices")]
    pub prices: Arc<Prices>,
}

/// An item of a bill.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct CostItem {
    /// Its item.
    pub item: BillItem,
    /// Its quantity. For rules, metrics, alarms, and the dashboard, that is their number. A resource that
    /// several services share counts as a fraction.
    pub quantity: f64,
    /// Unit of the quantity. Empty for a number.
    pub unit: &'static str,
    /// US dollars.
    pub cost: f64,
    /// The same per month of 730 hours at this rate.
    pub per_month: f64,
}

/// A quantity and its cost.
type Line = (BillItem, f64, f64);

/// The cost of a run, and of the ideal for the same messages.
pub(crate) fn cost(
    scenario: &Scenario,
    finished: &Finished,
    tasks: &TaskFigures,
    needed: (&[u32], Nanos),
) -> Cost {
    let billing = &scenario.billing;
    let used = Usage::of_run(scenario, finished, tasks);
    let lines = lines(scenario, &used);
    let ideal = Usage::of_ideal(scenario, finished, needed, tasks.needed_seconds);
    let ideal: f64 = self::lines(scenario, &ideal)
        .iter()
        .map(|(_, _, cost)| cost)
        .sum();
    let monthly = |cost: f64| {
        if used.hours > 0.0 {
            cost / used.hours * MONTH_HOURS
        } else {
            0.0
        }
    };
    let items: Vec<CostItem> = lines
        .into_iter()
        .filter(|(_, quantity, _)| *quantity > 0.0)
        .map(|(item, quantity, cost)| CostItem {
            item,
            quantity,
            unit: item.unit(),
            cost,
            per_month: monthly(cost),
        })
        .collect();
    let total = items.iter().map(|item| item.cost).sum();
    Cost {
        total,
        per_month: monthly(total),
        items,
        ideal,
        ideal_per_month: monthly(ideal),
        not_counted: NOT_COUNTED,
        prices: Arc::clone(&billing.prices),
    }
}

fn lines(scenario: &Scenario, used: &Usage) -> Vec<Line> {
    let billing = &scenario.billing;
    let functions = used.functions.iter().map(|function| function.exists);
    let exists = billing.inventories.standing + functions.sum();
    let mut lines = vec![
        line(BillItem::Tasks, used.on_demand, task_hour(scenario)),
        line(
            BillItem::SpotTasks,
            used.spot,
            task_hour(scenario) * billing.prices.rates.fargate_spot_share,
        ),
        line(BillItem::Instances, used.instances, instance_hour(billing)),
    ];
    lines.extend(network(billing, used, exists));
    lines.extend(requests(scenario, used, exists));
    lines.extend(observed(billing, used, exists));
    lines
}

fn line(item: BillItem, quantity: f64, price: f64) -> Line {
    (item, quantity, quantity * price)
}

impl Scenario {
    /// Returns the cost in US dollars of a Fargate task that runs on demand for a month, without its public address.
    /// `None` on EC2 instances.
    #[must_use]
    pub fn task_month(&self) -> Option<f64> {
        let runs_on_instances = matches!(self.billing.hosting, Hosting::Instances { .. });
        (!runs_on_instances).then(|| task_hour(self) * MONTH_HOURS)
    }
}

/// Returns the cost of a Fargate task per hour on demand.
fn task_hour(scenario: &Scenario) -> f64 {
    let (rates, size) = (&scenario.billing.prices.rates, scenario.size);
    let (vcpu, gb) = if size.arm {
        (rates.fargate_arm_vcpu_hour, rates.fargate_arm_gb_hour)
    } else {
        (rates.fargate_x86_vcpu_hour, rates.fargate_x86_gb_hour)
    };
    f64::from(size.cpu) / 1_024.0 * vcpu + f64::from(size.memory) / 1_024.0 * gb
}

fn instance_hour(billing: &Billing) -> f64 {
    match billing.hosting {
        Hosting::Instances { hour, .. } => hour,
        Hosting::Fargate | Hosting::Spot { .. } => 0.0,
    }
}

fn network(billing: &Billing, used: &Usage, exists: Inventory) -> [Line; 2] {
    let (rates, guesses) = (&billing.prices.rates, &billing.prices.guesses);
    let addresses = used.addresses + exists.balancer_addresses * used.hours;
    let balancer =
        rates.load_balancer_hour + guesses.load_balancer_lcus * rates.load_balancer_lcu_hour;
    [
        line(BillItem::Addresses, addresses, rates.address_hour),
        line(
            BillItem::LoadBalancer,
            exists.load_balancers * used.hours,
            balancer,
        ),
    ]
}

/// Returns the requests of senders, tasks, and functions. For function runs that measure several services, the
/// service's part.
fn requests(scenario: &Scenario, used: &Usage, exists: Inventory) -> [Line; 4] {
    let billing = &scenario.billing;
    let rates = &billing.prices.rates;
    let sum = |of: &dyn Fn(&FunctionUsage) -> f64| used.functions.iter().map(of).sum::<f64>();
    // Every run reads each queue of the service, even if it also measures other services.
    let reads = sum(&|function| {
        let reads = function.exists.functions > 0.0;
        f64::from(reads) * function.runs * function.checks * f64::from(billing.queues)
    });
    let polled = match &scenario.policy {
        Policy::Keda(keda) => used.hours * 3_600.0 / keda.poll.as_secs_f64().max(1.0),
        _ => 0.0,
    };
    let million = if billing.fifo {
        rates.queue_fifo_million_requests
    } else {
        rates.queue_million_requests
    };
    let gb_second = if billing.function_arm {
        rates.function_arm_gb_second
    } else {
        rates.function_x86_gb_second
    };
    let runs = |function: &FunctionUsage| function.runs * function.exists.functions;
    let run = |function: &FunctionUsage| {
        rates.function_million_requests / 1e6
            + function.run_seconds * billing.function_gb * gb_second
    };
    let publishes = |function: &FunctionUsage| function.exists.metrics > 0.0;
    let puts = sum(&|function| f64::from(publishes(function)) * runs(function));
    let gets = sum(&|function| function.metrics_read * function.runs);
    let (put, get) = (
        rates.metric_thousand_puts / 1e3,
        rates.metric_thousand_gets / 1e3,
    );
    [
        line(
            BillItem::QueueRequests,
            used.requests + reads + polled,
            million / 1e6,
        ),
        (
            BillItem::Functions,
            sum(&runs),
            sum(&|function| runs(function) * run(function)),
        ),
        (
            BillItem::Rules,
            exists.rules,
            sum(&runs) * rates.rule_million_invocations / 1e6,
        ),
        (
            BillItem::MetricRequests,
            puts + gets,
            puts * put + gets * get,
        ),
    ]
}

/// Metrics, alarms, dashboard, and logs.
fn observed(billing: &Billing, used: &Usage, exists: Inventory) -> [Line; 4] {
    let (rates, guesses) = (&billing.prices.rates, &billing.prices.guesses);
    let months = used.hours / MONTH_HOURS;
    let metrics = exists.metrics + exists.insights * guesses.insights_metrics_per_service;
    let alarms = exists.alarms + exists.tracking_alarms;
    let watched = exists.alarm_metrics * rates.alarm_month
        + exists.fast_alarm_metrics * rates.alarm_high_resolution_month;
    let by_task = if billing.logs {
        used.processed * guesses.log_bytes_per_message
    } else {
        0.0
    };
    // A run logs one line, and another one for each check of the service, even if it also scales other
    // services.
    let by_function = used.functions.iter().map(|function| {
        let checks = (function.checks - 1.0).max(0.0) * guesses.log_bytes_per_check;
        let lines = if function.exists.functions > 0.0 {
            checks
        } else {
            0.0
        };
        function.runs * (function.exists.functions * guesses.log_bytes_per_run + lines)
    });
    let logged = (by_task + by_function.sum::<f64>()) / 1e9;
    [
        line(BillItem::Metrics, metrics, rates.metric_month * months),
        (BillItem::Alarms, alarms, watched * months),
        line(
            BillItem::Dashboard,
            exists.dashboards,
            rates.dashboard_month * months,
        ),
        line(BillItem::Logs, logged, rates.log_gb),
    ]
}

impl Cost {
    /// Returns the cost of an item in US dollars.
    #[must_use]
    pub fn of(&self, item: BillItem) -> f64 {
        let found = self.items.iter().filter(|one| one.item == item);
        found.map(|one| one.cost).sum()
    }

    /// Returns US dollars per month by item.
    #[must_use]
    pub fn monthly_bill(&self) -> Bill {
        let mut bill = Bill::default();
        for item in &self.items {
            bill.0[item.item.place()] += item.per_month;
        }
        bill
    }
}

impl CostItem {
    /// Formats its quantity with its unit, for people.
    #[must_use]
    pub fn shown_quantity(&self) -> String {
        format!("{} {}", self.shown_number(), self.unit)
            .trim_end()
            .to_owned()
    }

    /// Formats its quantity without the unit.
    pub(crate) fn shown_number(&self) -> String {
        let decimals = match self.quantity {
            quantity if quantity >= 100.0 => 0,
            quantity if quantity >= 0.1 => 2,
            _ => 5,
        };
        format_number(self.quantity, decimals)
    }
}

impl Bill {
    /// Returns the cost of an item in US dollars.
    #[must_use]
    pub fn of(&self, item: BillItem) -> f64 {
        self.0[item.place()]
    }

    /// Returns the sum of all items in US dollars.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Returns the mean of several bills.
    pub(crate) fn mean(bills: impl ExactSizeIterator<Item = Self>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a few bills")]
        let number = bills.len().max(1) as f64;
        let mut mean = Self::default();
        for bill in bills {
            for (sum, cost) in mean.0.iter_mut().zip(bill.0) {
                *sum += cost / number;
            }
        }
        mean
    }
}

impl Serialize for Bill {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for item in BillItem::ALL {
            if self.of(item) > 0.0 {
                map.serialize_entry(item.key(), &self.of(item))?;
            }
        }
        map.end()
    }
}

fn serialize_prices<S: Serializer>(prices: &Arc<Prices>, serializer: S) -> Result<S::Ok, S::Error> {
    prices.as_ref().serialize(serializer)
}
