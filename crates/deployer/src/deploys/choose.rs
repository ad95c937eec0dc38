//! Which deploy a rollback goes back to, as a pure function.

use std::time::{Duration, SystemTime};

use crate::error::{Error, Kind, Result};
use crate::status::Status;

use super::roll_back::PastDeploy;

/// The deploy that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollbackTo {
    /// By its number in the list.
    Number(usize),
    /// The one that was deployed at this time.
    Time(SystemTime),
}

/// What a rollback does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Goes back to the deploy of this number.
    To(usize),
    /// Nothing, and the reason.
    Nothing(String),
}

/// Chooses among the deploys, newest first. Without a wish it is the last good deploy: of a stack that matches its last deploy, the
/// one before that, so that each rollback goes further back; of any other stack, the newest. The deployed one can be older:
/// a rollback to it was interrupted, or its checks failed, before there was a record of it.
///
/// # Errors
/// If the deploy isn't recorded.
pub(super) fn choose(
    deploys: &[PastDeploy],
    status: Status,
    wanted: Option<RollbackTo>,
) -> Result<Choice> {
    let Some(newest) = deploys.first() else {
        return Err(Error::refused("the assets bucket has no record of a good deploy: a version of ecs-scaler without these records deployed the stack, or no deploy has succeeded yet")
            .hint("to go back: check out an earlier version of the definition, and `deploy` it; that also starts the records"));
    };
    let current = deploys.iter().find(|one| one.deployed);
    let found = match (wanted, current) {
        (Some(wanted), _) => find(deploys, wanted)?,
        (None, None) => newest,
        (None, Some(current)) if status == (Status::Ready { rolled_back: true }) => {
            return Ok(Choice::Nothing(format!(
                "the last deploy failed, and CloudFormation has rolled it back: the good deploy of {} is running",
                current.at
            )));
        }
        (None, Some(current)) => find_older(deploys, current)?,
    };
    // An older one that is deployed is still to be verified and recorded.
    Ok(match found.deployed && found.number == newest.number {
        true => Choice::Nothing(format!("the deploy of {} is already running", found.at)),
        false => Choice::To(found.number),
    })
}

fn find_older<'a>(deploys: &'a [PastDeploy], current: &PastDeploy) -> Result<&'a PastDeploy> {
    let is_older =
        |one: &&PastDeploy| one.at.as_str() < current.origin() && one.content != current.content;
    deploys.iter().find(is_older).ok_or_else(|| {
        Error::refused(format!(
            "no good deploy before the one of {} is recorded",
            current.origin()
        ))
        .hint("`rollback --list` shows the recorded deploys, and `--to` chooses one")
    })
}

fn find(deploys: &[PastDeploy], wanted: RollbackTo) -> Result<&PastDeploy> {
    let (found, error) = match wanted {
        RollbackTo::Number(number) => (
            deploys.iter().find(|one| one.number == number),
            format!("there is no deploy {number} in the list"),
        ),
        RollbackTo::Time(time) => {
            let since = time.duration_since(SystemTime::UNIX_EPOCH);
            let at =
                scaling::format_timestamp(Duration::from_secs(since.unwrap_or_default().as_secs()));
            let found = deploys.iter().find(|one| one.at <= at);
            (found, format!("no recorded deploy is as old as {at}"))
        }
    };
    found.ok_or_else(|| {
        Error::new(Kind::Usage, error).hint("`rollback --list` shows the recorded deploys")
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;

    use super::*;

    const READY: Status = Status::Ready { rolled_back: false };

    /// Newest first: minute, content, and the minute that a rollback went back to.
    fn deploys(all: &[(u32, &str, Option<u32>)], deployed: bool) -> Vec<PastDeploy> {
        let time = |minute: u32| format!("2026-11-30T12:{minute:02}:00Z");
        let past =
            |(number, (minute, content, to)): (usize, &(u32, &str, Option<u32>))| PastDeploy {
                number,
                at: time(*minute),
                deployed: deployed && number == 0,
                rolled_back_to: to.map(time),
                content: (*content).to_owned(),
                ..PastDeploy::default()
            };
        all.iter().enumerate().map(past).collect()
    }

    fn to(deploys: &[PastDeploy], status: Status, wanted: Option<RollbackTo>) -> Option<usize> {
        match choose(deploys, status, wanted).unwrap() {
            Choice::To(number) => Some(number),
            Choice::Nothing(_) => None,
        }
    }

    #[test]
    fn each_rollback_goes_further_back() {
        let two = [(2, "b", None), (1, "a", None)];
        assert_eq!(to(&deploys(&two, true), READY, None), Some(1));
        // B was deployed, but isn't what runs: it failed its checks after CloudFormation, or another program deployed since.
        assert_eq!(to(&deploys(&two, false), READY, None), Some(0));
        let back = [(3, "a", Some(1)), (2, "b", None), (1, "a", None)];
        let error = choose(&deploys(&back, true), READY, None).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("before the one of 2026-11-30T12:01:00Z"),
            "{error}"
        );
        let three = [
            (4, "b", Some(2)),
            (3, "c", None),
            (2, "b", None),
            (1, "a", None),
        ];
        assert_eq!(to(&deploys(&three, true), READY, None), Some(3));
        // Going back to the same definition wouldn't change anything.
        let twice = [(3, "b", None), (2, "b", None), (1, "a", None)];
        assert_eq!(to(&deploys(&twice, true), READY, None), Some(2));
    }

    #[test]
    fn a_rollback_without_a_record_is_no_way_forward() {
        let mut three = deploys(&[(3, "bad", None), (2, "a", None), (1, "z", None)], false);
        three[1].deployed = true;
        assert_eq!(to(&three, READY, None), Some(2));
        // The command that was interrupted, again: it verifies the stack, and writes the record.
        assert_eq!(to(&three, READY, Some(RollbackTo::Number(1))), Some(1));
        let error = choose(&three[..2], READY, None).unwrap_err().to_string();
        assert!(
            error.contains("before the one of 2026-11-30T12:02:00Z"),
            "{error}"
        );
        let failed = Status::Ready { rolled_back: true };
        let nothing = choose(&three, failed, None).unwrap();
        assert!(matches!(nothing, Choice::Nothing(why) if why.contains("T12:02:00Z")));
    }

    #[test]
    fn after_a_rollback_of_cloudformation_the_last_good_deploy_runs() {
        let two = deploys(&[(2, "b", None), (1, "a", None)], true);
        let failed = Status::Ready { rolled_back: true };
        assert_eq!(to(&two, failed, None), None);
        assert_eq!(to(&two, failed, Some(RollbackTo::Number(1))), Some(1));
        let stuck = deploys(&[(2, "b", None), (1, "a", None)], false);
        assert_eq!(to(&stuck, Status::HalfRolledBack, None), Some(0));
    }

    #[test]
    fn a_deploy_is_found_by_number_and_time() {
        let two = deploys(&[(2, "b", None), (1, "a", None)], true);
        let at = |text: &str| {
            let time = DateTime::from_str(text, Format::DateTime).unwrap();
            Some(RollbackTo::Time(SystemTime::try_from(time).unwrap()))
        };
        assert_eq!(to(&two, READY, at("2026-11-30T12:01:59Z")), Some(1));
        assert_eq!(to(&two, READY, at("2026-11-30T12:02:00Z")), None);
        assert!(choose(&two, READY, at("2026-11-30T12:00:59Z")).is_err());
        assert!(choose(&two, READY, Some(RollbackTo::Number(2))).is_err());
        assert!(choose(&[], READY, None).is_err());
    }
}
