//! `status --watch`: the live view.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use console::Term;
use deployer::{DeployedStack, Inspection, LiveSnapshot, PauseRequest, Progress};

use crate::connect::Cloud;
use crate::definition::Known;
use crate::deployed::observe_stack;
use crate::failure::{Code, Failure, Result};
use crate::live::{Act, Choices, Keyboard, Screen, Stamp, Wish, watch};
use crate::output::Format;
use crate::signals::wait_for_interruption;
use crate::ui::Ui;

/// A refresh calls a dozen APIs, and the account's rate limits are shared.
const LEAST_ON_AWS: Duration = Duration::from_secs(2);
/// No one can read faster than this.
const LEAST: Duration = Duration::from_millis(100);

/// Watches until Ctrl-C, which isn't a failure.
pub(super) async fn run(
    cloud: &Cloud,
    known: &Known,
    every: Duration,
    plain: bool,
    format: Format,
    ui: Ui,
) -> Result<()> {
    check(every, cloud.is_near())?;
    let caller = identify(cloud, known, &ui).await?;
    ui.finish();
    let mut screen = Screen::new(Term::buffered_stdout(), format, plain, Stamp::Utc);
    // Dropped on every way out, which restores the terminal.
    let mut keyboard = screen.is_in_place().then(Keyboard::open).flatten();
    let has_keys = keyboard.is_some();
    let choices = Cell::new(Choices::default());
    // What someone has asked for is done to its end: half a pause would say something false.
    let acting: Cell<Option<Act>> = Cell::new(None);
    let leaving = Cell::new(false);
    let pending = || acting.get().or(choices.get().act);
    let is_busy = || pending().is_some();
    let watched = watch(
        &known.name,
        every,
        async || {
            let mut chosen = choices.get();
            let act = chosen.act.take();
            acting.set(act);
            choices.set(chosen);
            let done = match act {
                Some(act) => carry_out(cloud, known, act, &caller).await.err(),
                None => None,
            };
            acting.set(None);
            let mut snapshot = read_snapshot(cloud, known, chosen.why).await?;
            snapshot
                .notes
                .extend(done.map(|failure| failure.message().to_owned()));
            Ok(snapshot)
        },
        async || {
            let Some(keyboard) = &mut keyboard else {
                return std::future::pending().await;
            };
            let key = keyboard.next().await;
            let (chosen, wish) = choices.get().press(key);
            choices.set(chosen);
            if wish == Wish::Quit && is_busy() {
                leaving.set(true);
                return Wish::Redraw;
            }
            wish
        },
        SystemTime::now,
        |view, now, moment| {
            let goes_on = match has_keys {
                true => {
                    let mut view = choices.get().arrange(view);
                    if let Some(act) = pending() {
                        view.keys = Some(act.doing().to_owned());
                    }
                    screen.show(&view, now, moment)
                }
                false => screen.show(view, now, moment),
            };
            goes_on && (is_busy() || !leaving.get())
        },
    );
    let mut watched = pin!(watched);
    loop {
        tokio::select! {
            watched = &mut watched => return watched.map_err(|failure| cloud.explain(failure)),
            () = wait_for_interruption() => {
                // The second signal doesn't wait.
                if !is_busy() || leaving.replace(true) {
                    return Ok(());
                }
            }
        }
    }
}

fn check(every: Duration, near: bool) -> Result<()> {
    let least = if near { LEAST } else { LEAST_ON_AWS };
    if every >= least {
        return Ok(());
    }
    let least = humantime::format_duration(least);
    let place = if near { "" } else { " on AWS" };
    Err(Failure::new(
        Code::Usage,
        format!("--every must be {least} or more{place}"),
    ))
}

/// Checks that the stack is ours, and gives the caller's ARN.
async fn identify(cloud: &Cloud, known: &Known, ui: &Ui) -> Result<String> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    match observe_stack(cloud, &session, known).await {
        Ok((identity, _)) => Ok(identity.caller),
        Err(failure) => Err(cloud.explain(failure)),
    }
}

/// Pauses the scaling of all services that aren't paused, or resumes that of all.
async fn carry_out(cloud: &Cloud, known: &Known, act: Act, caller: &str) -> Result<()> {
    let silent = |_| ();
    let session = cloud.session(&silent);
    let stack = DeployedStack::read(&session, &known.name).await?;
    let stack = stack.ok_or_else(|| gone(known))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    match act {
        Act::Resume => deployer::resume(&session, &stack, None, now)
            .await
            .map(drop)?,
        Act::Pause => {
            let found = stack.stack.clone();
            let found = deployer::inspect_stack(&session, found, SystemTime::now()).await?;
            // Another user's pause has its own end and reason.
            for service in found.services.iter().filter(|one| one.pause.is_none()) {
                let request = PauseRequest {
                    service: Some(service.service.clone()),
                    in_only: false,
                    reason: "paused in `status --watch`".to_owned(),
                    lasts: None,
                    caller: caller.to_owned(),
                    now,
                };
                deployer::pause(&session, &stack, &request).await?;
            }
        }
    }
    Ok(())
}

fn gone(known: &Known) -> Failure {
    Failure::failed(format!("the stack {} no longer exists", known.name))
}

/// Reads the stack once.
async fn read_snapshot(cloud: &Cloud, known: &Known, why: bool) -> Result<LiveSnapshot> {
    let notes = Mutex::new(Vec::new());
    let progress = |progress| {
        if let Progress::Note { text } = progress
            && let Ok(mut notes) = notes.lock()
        {
            notes.push(text);
        }
    };
    let session = cloud.session(&progress);
    let now = SystemTime::now();
    let stack = deployer::observe_ours(&session, &known.name).await?;
    let stack = stack.ok_or_else(|| gone(known))?;
    let inspection = match why {
        true => deployer::explain_stack(&session, stack, now).await?,
        false => deployer::inspect_stack(&session, stack, now).await?,
    };
    let queues = queues(&inspection);
    let oldest = deployer::oldest_messages(&session, &queues, now).await;
    drop(session);
    let mut notes = notes.into_inner().unwrap_or_default();
    let oldest = match oldest {
        Err(error) if error.is_denied() => {
            notes.push(error.to_string());
            HashMap::new()
        }
        other => other?,
    };
    notes.extend(inspection.unread.iter().map(|part| part.reason.clone()));
    Ok(LiveSnapshot {
        inspection,
        oldest,
        notes,
        headline: None,
    })
}

fn queues(inspection: &Inspection) -> BTreeSet<&str> {
    let services = inspection.services.iter();
    let queues = services.flat_map(|service| &service.queues);
    queues.map(|queue| queue.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_is_not_asked_all_the_time() {
        let ms = Duration::from_millis;
        assert!(check(ms(2_000), false).is_ok());
        let failure = check(ms(1_999), false).unwrap_err();
        assert_eq!(failure.message(), "--every must be 2s or more on AWS");
        assert!(check(ms(250), true).is_ok());
        assert!(check(ms(99), true).is_err());
    }
}
