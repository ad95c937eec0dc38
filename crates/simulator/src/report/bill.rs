//! The bill on the page.

use maud::{Markup, html};

use super::cause_words::capitalized;
use super::first_screen::datum;
use super::series::short;
use crate::cost::{Cost, CostItem};
use crate::number::{format_dollars, format_duration};

/// The cost of a run, item by item.
pub(super) fn render_bill(cost: &Cost, lasts: f64) -> Markup {
    let money = |path: String, amount: f64| datum(path, amount, &format_dollars(amount));
    let row = |index: usize, item: &CostItem| {
        let path = |key: &str| format!("cost.items.{index}.{key}");
        let share = item.cost / cost.total.max(1e-12) * 100.0;
        html! {
            tr {
                th scope="row" { (item.item.name()) }
                td { (datum(path("quantity"), item.quantity, &item.shown_number())) " " (item.unit) }
                td .wider { (money(path("cost"), item.cost)) }
                td { (money(path("per_month"), item.per_month)) }
                td { (short(share)) "%" }
                td .share aria-hidden="true" { i style=(format!("width:{}%", short(share))) {} }
            }
        }
    };
    html! {
        section #costs {
            h2 { "The bill" }
            p .lead { (format_dollars(cost.per_month)) " per month of 730 hours like these; the ideal costs " (format_dollars(cost.ideal_per_month)) "." }
            div .scroll { table #bill {
                thead { tr {
                    th scope="col" { "item" } th scope="col" { "quantity" } th scope="col" .wider { "in " (format_duration(lasts)) }
                    th scope="col" { "per month" } th scope="col" { "share" } th scope="col" .share {}
                } }
                tbody { @for (index, item) in cost.items.iter().enumerate() { (row(index, item)) } }
                tfoot { tr {
                    th scope="row" { "Total" } td {} td .wider { (money("cost.total".to_owned(), cost.total)) }
                    td { (money("cost.per_month".to_owned(), cost.per_month)) } td { "100%" } td .share {}
                } }
            } }
            p .note { (capitalized(&cost.prices.describe())) ". " (capitalized(cost.not_counted)) "." }
        }
    }
}
