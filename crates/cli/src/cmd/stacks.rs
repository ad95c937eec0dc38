//! `list`: the stacks that ecs-scaler deployed.

use std::time::{SystemTime, UNIX_EPOCH};

use deployer::{Identity, Kind, Session, StackSummary, list_regions, list_stacks};
use futures::stream::{self, StreamExt};
use serde::Serialize;

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::Known;
use crate::failure::Result;
use crate::output::Format;
use crate::table::Table;
use crate::ui::Ui;
use crate::words::age_at;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: ConnectArgs,
    /// Look in all regions of the account
    #[arg(long)]
    all_regions: bool,
}

/// The stacks of an account.
#[derive(Debug, Serialize)]
struct Listing {
    account: String,
    /// Regions that were read.
    regions: Vec<String>,
    stacks: Vec<StackSummary>,
    /// Regions that couldn't be read, such as regions that the account hasn't enabled.
    unread: Vec<Unread>,
}

#[derive(Debug, Serialize)]
struct Unread {
    region: String,
    reason: String,
}

/// Regions to read concurrently.
const AT_ONCE: usize = 8;

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let ui = Ui::new();
    let known = Known::default();
    let cloud = args.connect.connect(&known, &ui).await?;
    let listing = list(&args, &cloud, &known, &ui).await;
    let listing = listing.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    format.print(&listing, |listing| format_listing(listing, now));
    Ok(())
}

async fn list(args: &Args, cloud: &Cloud, known: &Known, ui: &Ui) -> Result<Listing> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let Identity {
        account, region, ..
    } = cloud.identify(&session, known).await?;
    let mut listing = Listing {
        account,
        regions: vec![region.clone()],
        stacks: list_stacks(&session, &region).await?,
        unread: Vec::new(),
    };
    if args.all_regions {
        add_others(&session, &region, &mut listing).await?;
    }
    Ok(listing)
}

/// Adds the other regions of the partition. A region that can't be read isn't a failure, because few accounts
/// have enabled all of them.
async fn add_others(session: &Session<'_>, home: &str, listing: &mut Listing) -> Result<()> {
    let regions = list_regions(home).into_iter();
    let found: Vec<_> = stream::iter(regions.filter(|region| *region != home))
        .map(async |region| (region, list_stacks(session, region).await))
        .buffered(AT_ONCE)
        .collect()
        .await;
    for (region, stacks) in found {
        match stacks {
            Ok(stacks) => {
                listing.regions.push(region.to_owned());
                listing.stacks.extend(stacks);
            }
            Err(error) if error.kind() == Kind::Unreachable => listing.unread.push(Unread {
                region: region.to_owned(),
                reason: error.to_string(),
            }),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn format_listing(listing: &Listing, now: u64) -> String {
    let mut text = match listing.stacks.is_empty() {
        true => format!(
            "ecs-scaler has deployed no stack in account {}, {}\n",
            listing.account,
            listing.regions.join(", ")
        ),
        false => format_table(&listing.stacks, now),
    };
    if !listing.unread.is_empty() {
        let regions: Vec<&str> = listing.unread.iter().map(|one| &*one.region).collect();
        text.push_str(&format!(
            "not read, because the account hasn't enabled them or these credentials can't list stacks there: {}\n",
            regions.join(", ")
        ));
    }
    text
}

fn format_table(stacks: &[StackSummary], now: u64) -> String {
    let mut table = Table::new([
        "stack",
        "region",
        "status",
        "version",
        "environment",
        "updated",
    ])
    .texts(6);
    for stack in stacks {
        let optional =
            |text: &Option<String>, none: &str| text.clone().unwrap_or_else(|| none.to_owned());
        let updated = stack
            .updated_at
            .map(|at| format!("{} ago", age_at(at, now)));
        table.row([
            stack.name.clone(),
            stack.region.clone(),
            stack.status.clone(),
            optional(&stack.version, "unknown"),
            optional(&stack.environment, "-"),
            optional(&updated, "unknown"),
        ]);
    }
    table.format()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said() {
        let listing = Listing {
            account: "111122223333".into(),
            regions: vec!["us-west-2".into()],
            stacks: vec![StackSummary {
                name: "shop-staging".into(),
                region: "us-west-2".into(),
                status: "UPDATE_COMPLETE".into(),
                version: None,
                environment: Some("staging".into()),
                updated_at: Some(1_000),
            }],
            unread: vec![Unread {
                region: "eu-south-1".into(),
                reason: "no".into(),
            }],
        };
        insta::assert_snapshot!(format_listing(&listing, 4_660), @r"
        stack         region     status           version  environment  updated
        shop-staging  us-west-2  UPDATE_COMPLETE  unknown  staging      1h 1m ago
        not read, because the account hasn't enabled them or these credentials can't list stacks there: eu-south-1
        ");
        let none = Listing {
            stacks: Vec::new(),
            unread: Vec::new(),
            ..listing
        };
        assert_eq!(
            format_listing(&none, 0),
            "ecs-scaler has deployed no stack in account 111122223333, us-west-2\n"
        );
    }
}
