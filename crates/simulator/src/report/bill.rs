//! The bill on the page.

use maud::{Markup, html};

use crate::cost::{Cost, CostItem};
use crate::number::format_dollars;

/// The cost of a run, item by item.
pub(super) fn bill(cost: &Cost) -> Markup {
    let money = |path: String, amount: f64| html! { td { data data-path=(path) value=(amount) { (format_dollars(amount)) } } };
    let row = |index: usize, item: &CostItem| {
        let path = |key: &str| format!("cost.items.{index}.{key}");
        html! {
            tr {
                th scope="row" { (item.item.name()) }
                td { data data-path=(path("quantity")) value=(item.quantity) { (item.shown_number()) } " " (item.unit) }
                (money(path("cost"), item.cost))
                (money(path("per_month"), item.per_month))
            }
        }
    };
    html! {
        h3 { "Cost" }
        div .wide { table #bill {
            thead { tr { @for name in ["", "quantity", "cost", "per month"] { th scope="col" { (name) } } } }
            tbody {
                @for (index, item) in cost.items.iter().enumerate() { (row(index, item)) }
                tr { th scope="row" { "total" } td {} (money("cost.total".to_owned(), cost.total)) (money("cost.per_month".to_owned(), cost.per_month)) }
            }
        } }
        p .hint { (cost.prices.describe()) "; " (cost.not_counted) }
    }
}
