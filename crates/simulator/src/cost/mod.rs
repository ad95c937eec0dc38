//! The bill: the cost of a service under a load, item by item, with dated prices.

mod bill;
mod billing;
mod count;
mod items;
mod prices;
mod usage;

pub use bill::{Bill, Cost, CostItem};
pub use billing::{Billing, Hosting};
pub use count::Inventory;
pub use items::BillItem;
pub use prices::{Guesses, MONTH_HOURS, PriceError, PriceTable, Prices, RegionPrices};

pub(crate) use bill::cost;
pub(crate) use usage::INSTANCE_STAYS;
