//! A bill as a table.

use comfy_table::{CellAlignment, Table, presets};
use simulator::{Bill, BillItem, Cost, format_dollars, format_duration};

/// The items of a run that took this number of seconds, and which prices they are by.
pub(crate) fn bill_table(cost: &Cost, seconds: f64) -> String {
    let length = format!("in {}", format_duration(seconds));
    let mut table = table(&["cost", "quantity", &length, "per month"]);
    for item in &cost.items {
        table.add_row([
            format!("  {}", item.item.name()),
            item.shown_quantity(),
            money(item.cost),
            money(item.per_month),
        ]);
    }
    let (total, month) = (format_dollars(cost.total), format_dollars(cost.per_month));
    table.add_row(["  total", "", &total, &month]);
    format!(
        "{}\n  {}\n  {}\n",
        aligned(table),
        cost.prices.describe(),
        cost.not_counted
    )
}

/// Several bills per month next to each other, under their names.
pub(crate) fn bills_table(bills: &[(&str, Bill)]) -> String {
    let names: Vec<&str> = bills.iter().map(|(name, _)| *name).collect();
    let mut table = table(&[&["cost per month"], names.as_slice()].concat());
    let rows = BillItem::ALL.into_iter();
    for item in rows.filter(|item| bills.iter().any(|(_, bill)| bill.of(*item) > 0.0)) {
        let costs = bills.iter().map(|(_, bill)| money(bill.of(item)));
        table.add_row(std::iter::once(format!("  {}", item.name())).chain(costs));
    }
    let totals = bills.iter().map(|(_, bill)| format_dollars(bill.total()));
    table.add_row(std::iter::once("  total".to_owned()).chain(totals));
    format!("{}\n", aligned(table))
}

/// US dollars; the smallest amounts only say that they are small.
fn money(amount: f64) -> String {
    if amount > 0.0 && amount < 0.01 {
        "<$0.01".to_owned()
    } else {
        format_dollars(amount)
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    table
}

fn aligned(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
