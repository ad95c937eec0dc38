//! `pause`: the policies of a stack change no count, temporarily or until someone resumes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{PauseRequest, Paused, PausedService, Unreminded};

use crate::connect::Cloud;
use crate::definition::Known;
use crate::deployed::{DeployedArgs, read_stack};
use crate::failure::Result;
use crate::output::Format;
use crate::ui::Ui;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployed: DeployedArgs,
    /// Only this service, by its name in the definition or in ECS
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Keep policies from removing tasks; they can still add some
    #[arg(long)]
    in_only: bool,
    /// Reason, shown to everyone who looks at the stack; at most 500 characters
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    reason: String,
    /// End the pause after this time, 1m to 30d [default: it lasts until `resume`]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_time)]
    lasts: Option<Duration>,
}

/// A parameter holds 4 KB. The rest of a record is short.
const LONGEST_REASON: usize = 500;

fn parse_reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("it is empty".to_owned()),
        1..=LONGEST_REASON => Ok(text.to_owned()),
        count => Err(format!(
            "it has {count} characters, but at most {LONGEST_REASON} are allowed"
        )),
    }
}

/// Scheduler counts in minutes.
const SHORTEST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(30 * 24);

fn parse_time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match (SHORTEST..=LONGEST).contains(&time) {
        true => Ok(time),
        false => Err("a pause lasts 1m to 30d; without --for, it lasts until `resume`".to_owned()),
    }
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let known = args.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.deployed.connect(&known, &ui).await?;
    let paused = pause(&args, &cloud, &known, &ui).await;
    let paused = paused.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    let resume = format!("{} resume {}", program(), args.deployed.as_written(&known));
    format.print(&paused, |paused| format_paused(paused, &resume));
    Ok(())
}

async fn pause(args: &Args, cloud: &Cloud, known: &Known, ui: &Ui) -> Result<Paused> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let caller = cloud.identify(&session, known).await?.caller;
    let stack = read_stack(cloud, &session, known).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let request = PauseRequest {
        service: args.service.clone(),
        in_only: args.in_only,
        reason: args.reason.clone(),
        lasts: args.lasts,
        caller,
        now: now.unwrap_or_default(),
    };
    let mut paused = deployer::pause(&session, &stack, &request).await?;
    deployer::confirm_pauses(&session, &stack, &mut paused, SystemTime::now()).await;
    Ok(paused)
}

fn format_paused(paused: &Paused, resume: &str) -> String {
    let mut text: String = paused.services.iter().map(format_service).collect();
    if !paused.unscaled.is_empty() {
        let names = paused.unscaled.join(", ");
        text.push_str(&format!(
            "no policy of this stack scales {names}: there is nothing to pause\n"
        ));
    }
    if paused.services.is_empty() {
        return text;
    }
    text.push_str(&format!("  to end it: {resume}\n"));
    let open = paused.services.iter().any(|one| one.pause.until.is_none());
    if open {
        let told = match paused.unreminded {
            None => "the email addresses and topics of `notify` are reminded of it every day",
            Some(why) => explain_unreminded(why),
        };
        text.push_str(&format!("  {told}\n"));
    }
    text
}

fn explain_unreminded(why: Unreminded) -> &'static str {
    match why {
        Unreminded::NoRecipients => "no one is reminded of it: the definition has no `notify`",
        Unreminded::OnlySlack => {
            "no one is reminded of it: `notify` has only Slack channels, which show no reminders"
        }
        Unreminded::Outdated => {
            "no one is reminded of it: the deployed template is older; deploy once"
        }
    }
}

fn format_service(service: &PausedService) -> String {
    let PausedService { name, pause, .. } = service;
    let again = match service.was_paused {
        true => " (it was paused before)",
        false => "",
    };
    let mut text = format!("{name}: {}{again}\n", pause.describe());
    if let Some(why) = &service.unconfirmed {
        text.push_str(&format!(
            "  {name} might still be scaled: {why}\n  what a function needs to read pauses: docs/pause.md, \"Requirements\"\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use deployer::ServiceName;
    use scaling::Pause;

    use super::*;

    #[test]
    fn times_and_reasons_have_limits() {
        for text in ["1m", "2h", "30d"] {
            assert!(parse_time(text).is_ok(), "{text}");
        }
        for text in ["59s", "31d", "0s", "soon", ""] {
            assert!(parse_time(text).is_err(), "{text}");
        }
        assert_eq!(parse_reason("  slow \n").unwrap(), "slow");
        assert!(parse_reason(" ").is_err());
        assert!(parse_reason(&"ü".repeat(500)).is_ok());
        assert!(parse_reason(&"ü".repeat(501)).is_err());
    }

    fn paused(until: Option<u64>, unreminded: Option<Unreminded>) -> Paused {
        let since = Duration::from_secs(1_795_255_200);
        let service = PausedService {
            name: "worker".to_owned(),
            ecs: ServiceName {
                cluster: "shop".to_owned(),
                service: "w".to_owned(),
            },
            pause: Pause {
                since,
                until: until.map(|seconds| since + Duration::from_secs(seconds)),
                by: "ops/ada".to_owned(),
                reason: "slow".to_owned(),
                in_only: false,
            },
            was_paused: false,
            unconfirmed: None,
            is_suspended: false,
            is_new: true,
        };
        Paused {
            services: vec![service],
            unscaled: vec!["web".to_owned()],
            reminded: Vec::new(),
            unreminded,
        }
    }

    #[test]
    fn a_pause_that_no_function_reports_is_said_with_its_reason() {
        let mut paused = paused(Some(3_600), None);
        paused.services[0].unconfirmed = Some("its function can't read it".to_owned());
        let text = format_paused(&paused, "resume shop");
        let warning = "  worker might still be scaled: its function can't read it\n";
        assert!(text.contains(warning), "{text}");
    }

    #[test]
    fn who_is_reminded_is_said_only_of_a_pause_without_an_end() {
        let begin = "worker: paused by ops/ada since 2026-11-21T10:00:00Z: slow";
        let rest = "no policy of this stack scales web: there is nothing to pause\n  to end it: resume shop\n";
        let text = |paused| format_paused(&paused, "resume shop");
        assert_eq!(
            text(paused(Some(3_600), Some(Unreminded::OnlySlack))),
            format!("{begin}, until 2026-11-21T11:00:00Z\n{rest}")
        );
        for (why, told) in [
            (
                None,
                "the email addresses and topics of `notify` are reminded of it every day",
            ),
            (
                Some(Unreminded::NoRecipients),
                "no one is reminded of it: the definition has no `notify`",
            ),
            (
                Some(Unreminded::OnlySlack),
                "no one is reminded of it: `notify` has only Slack channels, which show no reminders",
            ),
            (
                Some(Unreminded::Outdated),
                "no one is reminded of it: the deployed template is older; deploy once",
            ),
        ] {
            assert_eq!(
                text(paused(None, why)),
                format!("{begin}\n{rest}  {told}\n")
            );
        }
    }
}
