//! A deployed stack as an argument, for commands that operate on it.

use deployer::{DeployedStack, Identity, Observed, Session};

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{Known, SelectionArgs, StackRef};
use crate::failure::Result;
use crate::ui::Ui;

/// A deployed stack, and the cloud that it is in.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DeployedArgs {
    /// Stack definition, or the name of the stack
    #[arg(value_name = "STACK")]
    stack: StackRef,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    connect: ConnectArgs,
}

impl DeployedArgs {
    /// Returns what the definition, if there is one, contains about the stack.
    pub(crate) fn resolve(&self) -> Result<Known> {
        self.stack.resolve(&self.selection)
    }

    /// Connects to the selected cloud.
    pub(crate) async fn connect(&self, known: &Known, ui: &Ui) -> Result<Cloud> {
        self.connect.connect(known, ui).await
    }

    /// Whether the sandbox is selected.
    pub(crate) fn is_local(&self) -> bool {
        self.connect.local
    }

    /// Returns the selected profile.
    pub(crate) fn profile(&self) -> Option<&str> {
        self.connect.profile.as_deref()
    }

    /// Returns the arguments that select the same stack, to use in a hint.
    pub(crate) fn as_written(&self, known: &Known) -> String {
        format!("{}{}", known.name, self.connect.as_written())
    }
}

/// Reads the stack, which must be ours.
///
/// # Errors
/// If the stack doesn't exist, if it isn't ours, or if AWS can't be reached.
pub(crate) async fn read_stack(
    cloud: &Cloud,
    session: &Session<'_>,
    known: &Known,
) -> Result<DeployedStack> {
    let identity = cloud.identify(session, known).await?;
    match DeployedStack::read(session, &known.name).await? {
        Some(stack) => Ok(stack),
        None => Err(identity.no_such_stack(&known.name).into()),
    }
}

/// Identifies the account and region, and observes the stack, which must be ours.
///
/// # Errors
/// As [`read_stack`].
pub(crate) async fn observe_stack(
    cloud: &Cloud,
    session: &Session<'_>,
    known: &Known,
) -> Result<(Identity, Observed)> {
    let identity = cloud.identify(session, known).await?;
    match deployer::observe_ours(session, &known.name).await? {
        Some(stack) => Ok((identity, stack)),
        None => Err(identity.no_such_stack(&known.name).into()),
    }
}
