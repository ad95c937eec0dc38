//! A bill as a table.

use simulator::{Bill, BillItem, Cost, format_dollars, format_duration};

use crate::table::Table;

/// The items of a run that took this number of seconds, and which prices they are by.
pub(crate) fn bill_table(cost: &Cost, seconds: f64) -> String {
    let length = format!("in {}", format_duration(seconds));
    let mut table = Table::new(["cost", "quantity", &length, "per month"]);
    for item in &cost.items {
        table.row([
            item.item.name().to_owned(),
            item.shown_quantity(),
            money(item.cost),
            money(item.per_month),
        ]);
    }
    let (total, month) = (format_dollars(cost.total), format_dollars(cost.per_month));
    table.row(["total", "", &total, &month]);
    format!(
        "{}  {}\n  {}\n",
        table.format(),
        cost.prices.describe(),
        cost.not_counted
    )
}

/// Formats several bills per month next to each other, with their names.
pub(crate) fn bills_table(bills: &[(&str, Bill)]) -> String {
    let names: Vec<&str> = bills.iter().map(|(name, _)| *name).collect();
    let mut table = Table::new([&["cost per month"], names.as_slice()].concat());
    let rows = BillItem::ALL.into_iter();
    for item in rows.filter(|item| bills.iter().any(|(_, bill)| bill.of(*item) > 0.0)) {
        let costs = bills.iter().map(|(_, bill)| money(bill.of(item)));
        table.row(std::iter::once(item.name().to_owned()).chain(costs));
    }
    let totals = bills.iter().map(|(_, bill)| format_dollars(bill.total()));
    table.row(std::iter::once("total".to_owned()).chain(totals));
    table.format()
}

/// Formats US dollars. The smallest amounts are only shown as small.
fn money(amount: f64) -> String {
    if amount > 0.0 && amount < 0.01 {
        "<$0.01".to_owned()
    } else {
        format_dollars(amount)
    }
}
