//! The cloud that a command uses.

use std::path::Path;
use std::time::SystemTime;

use deployer::{
    BuiltFunctions, Clients, Connection, FunctionCode, Identity, Pace, Session, name_run,
};
use sandbox::{Sandbox, SandboxStatus, Settings, Wanted};
use stack::Architecture;

use crate::definition::Known;
use crate::disk::describe_if_full;
use crate::failure::{Code, Failure, Result};
use crate::programs;
use crate::signals::{is_interrupted, run_blocking};
use crate::ui::Ui;
use crate::workshop::workshop;

/// Which cloud to talk to.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ConnectArgs {
    /// Use the local sandbox, and start it if needed; no AWS account required
    #[arg(long, conflicts_with_all = ["profile", "endpoint_url"])]
    pub local: bool,
    /// Profile of your AWS configuration [default: AWS_PROFILE, or the default profile]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region [default: the definition's, or the profile's]
    #[arg(long)]
    pub region: Option<String>,
    /// Endpoint other than AWS, such as your own LocalStack (also AWS_ENDPOINT_URL)
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// A connected cloud.
pub(crate) struct Cloud {
    pub clients: Clients,
    pub pace: Pace,
    /// Whether it is the sandbox.
    pub local: bool,
    /// How many times faster than real time its minutes are.
    pub speed: u32,
    /// The sandbox, if it is one.
    sandbox: Option<Sandbox>,
}

/// The region of the sandbox if none is specified.
const LOCAL_REGION: &str = "us-east-1";

impl ConnectArgs {
    /// Connects. If the sandbox is wanted, starts it first.
    pub(crate) async fn connect(&self, known: &Known, ui: &Ui) -> Result<Cloud> {
        let region = self.region.clone().or_else(|| known.region.clone());
        if self.local {
            return connect_sandbox(default_sandbox()?, region, ui).await;
        }
        let connection = Connection {
            profile: self.profile.clone(),
            region,
            endpoint_url: self.endpoint_url.clone(),
            test_credentials: false,
        };
        let clients = Clients::connect(&connection).await?;
        let mut cloud = Cloud {
            clients,
            pace: Pace::AWS,
            local: false,
            speed: 1,
            sandbox: None,
        };
        if cloud.is_near() {
            cloud.pace = Pace::LOCAL;
        }
        Ok(cloud)
    }

    /// Returns the arguments that select the same cloud, to use in a hint.
    pub(crate) fn as_written(&self) -> String {
        let mut text = String::new();
        if self.local {
            text.push_str(" --local");
        }
        let pairs = [
            ("profile", &self.profile),
            ("region", &self.region),
            ("endpoint-url", &self.endpoint_url),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                text.push_str(&format!(" --{name} {value}"));
            }
        }
        text
    }
}

/// Connects to a sandbox. Starts it first if it isn't running.
pub(crate) async fn connect_sandbox(
    sandbox: Sandbox,
    region: Option<String>,
    ui: &Ui,
) -> Result<Cloud> {
    // The start waits for processes and files, and nothing else runs in the meantime.
    let start = || sandbox.start(&|text| ui.note(text), &is_interrupted);
    let running = match tokio::task::block_in_place(|| sandbox.read_status())? {
        SandboxStatus::Running(_) => tokio::task::block_in_place(start),
        SandboxStatus::Unresponsive { .. } | SandboxStatus::Stopped { .. } => run_blocking(start),
    }?;
    let speed = running.behavior.speed.factor();
    let connection = Connection {
        region: region.or_else(|| Some(LOCAL_REGION.to_owned())),
        endpoint_url: Some(running.endpoint_url),
        test_credentials: true,
        profile: None,
    };
    Ok(Cloud {
        clients: Clients::connect(&connection).await?,
        pace: Pace::LOCAL,
        local: true,
        speed,
        sandbox: Some(sandbox),
    })
}

impl Cloud {
    /// Whether it is on this machine, where the number of requests doesn't matter.
    pub(crate) fn is_near(&self) -> bool {
        self.local
            || self
                .clients
                .endpoint_url()
                .is_some_and(deployer::is_loopback)
    }

    pub(crate) fn session<'a>(
        &'a self,
        progress: &'a (dyn Fn(deployer::Progress) + Sync),
    ) -> Session<'a> {
        Session::new(
            &self.clients,
            self.pace,
            progress,
            name_run(SystemTime::now()),
        )
    }

    /// Determines the account, and refuses any other than the definition's. The sandbox's account isn't real,
    /// so it isn't compared.
    pub(crate) async fn identify(&self, session: &Session<'_>, known: &Known) -> Result<Identity> {
        let account = known.account.as_deref().filter(|_| !self.local);
        Ok(deployer::identify_for(session, account, known.region.as_deref()).await?)
    }

    /// Packs functions for this cloud, and builds them if necessary.
    pub(crate) fn build_functions(
        &self,
        functions: &[FunctionCode],
        wanted: Architecture,
        ui: &Ui,
    ) -> Result<BuiltFunctions> {
        // Building waits for processes, and packing reads the whole program. Nothing else runs in the meantime.
        tokio::task::block_in_place(|| {
            if self.local {
                return Ok(BuiltFunctions {
                    assets: programs::pack_functions(functions)?,
                    architecture: wanted,
                });
            }
            workshop().build_functions(functions, wanted, &|text| ui.note(text))
        })
    }

    /// Adds the known state of the cloud to a failure.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        let Some(sandbox) = &self.sandbox else {
            return failure;
        };
        explain(failure, sandbox.read_status().ok().as_ref(), &sandbox.log())
    }
}

/// Adds the sandbox's status to a failure there, because the failure's own hints are about AWS.
fn explain(failure: Failure, status: Option<&SandboxStatus>, log: &Path) -> Failure {
    if failure.code() != Code::Unreachable {
        return failure;
    }
    let ended = match status {
        Some(SandboxStatus::Running(_)) | None => None,
        Some(SandboxStatus::Unresponsive { pid, .. }) => {
            Some(format!("the sandbox (process {pid}) no longer responds"))
        }
        Some(SandboxStatus::Stopped { .. }) => Some(
            "the sandbox has stopped, and everything deployed in it is gone: the same command starts it again"
                .to_owned(),
        ),
    };
    let mut failure = failure.without_hints();
    if let Some(ended) = ended {
        failure = failure.hint(ended);
    }
    if let Some(full) = log
        .parent()
        .and_then(|folder| describe_if_full([folder.to_owned()]))
    {
        failure = failure.hint(full);
    }
    failure.hint(format!("the sandbox's log: {}", log.display()))
}

/// The default sandbox. ECS_SCALER_SANDBOX selects another one, so that tests and users don't share one.
pub(crate) fn default_sandbox() -> Result<Sandbox> {
    named_sandbox(&sandbox_name())
}

pub(crate) fn sandbox_name() -> String {
    let name = std::env::var("ECS_SCALER_SANDBOX")
        .ok()
        .filter(|name| is_plain(name));
    name.unwrap_or_else(|| "default".to_owned())
}

/// The sandbox of this name.
///
/// # Errors
/// If this program has no sandbox, or no folder for it.
pub fn named_sandbox(name: &str) -> Result<Sandbox> {
    Ok(Sandbox::new(Settings {
        home: workshop().home()?,
        name: name.to_owned(),
        plugin: workshop().plugin()?,
        emulators: std::env::current_exe().ok(),
        wanted: Wanted::default(),
    }))
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_repeats_how_the_cloud_was_named() {
        let local = ConnectArgs {
            local: true,
            ..ConnectArgs::default()
        };
        assert_eq!(local.as_written(), " --local");
        let args = ConnectArgs {
            profile: Some("p".into()),
            region: Some("r".into()),
            ..ConnectArgs::default()
        };
        assert_eq!(args.as_written(), " --profile p --region r");
    }

    #[test]
    fn a_sandbox_that_has_ended_is_told_with_its_log() {
        let stopped = SandboxStatus::Stopped { installed: true };
        let log = Path::new("home/localstack.log");
        let unreachable = || {
            let failure = Failure::new(Code::Unreachable, "failed to describe the stack s");
            failure.hint("check the network, --region and --endpoint-url")
        };
        let told = explain(unreachable(), Some(&stopped), log);
        assert_eq!(
            told.hints(),
            [
                "the sandbox has stopped, and everything deployed in it is gone: the same command starts it again",
                "the sandbox's log: home/localstack.log"
            ]
        );
        let told = explain(Failure::failed("no").hint("h"), Some(&stopped), log);
        assert_eq!(told.hints(), ["h"], "it was reached");
    }
}
