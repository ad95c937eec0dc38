//! Keys of the live view in a terminal, and what they choose.

use std::io::{IsTerminal, Read};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::view::{ServiceView, View};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Quit,
    Sort,
    Why,
    Act(Act),
    /// Any other key.
    Other,
}

/// What a key does to the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Pause,
    Resume,
}

impl Act {
    /// What the view says until it is done.
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Pause => "pausing the scaling of all services …",
            Self::Resume => "resuming the scaling of all services …",
        }
    }
}

impl Key {
    pub(crate) fn of(byte: u8) -> Self {
        match byte.to_ascii_lowercase() {
            b'q' => Self::Quit,
            b's' => Self::Sort,
            b'w' => Self::Why,
            b'p' => Self::Act(Act::Pause),
            b'r' => Self::Act(Act::Resume),
            _ => Self::Other,
        }
    }
}

/// What the loop does after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Redraw,
    /// Reads again at once.
    Reread,
    Quit,
}

/// The wishes of a view without keys.
pub(crate) async fn no_wishes() -> Wish {
    std::future::pending().await
}

/// Order of the services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Stack,
    Name,
    Waiting,
    Tasks,
}

/// What the keys have chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choices {
    order: Order,
    /// Whether each service has a sentence that says why it has its count.
    pub(crate) why: bool,
    /// The action of a second press of its key.
    asked: Option<Act>,
    /// The action before the next read.
    pub(crate) act: Option<Act>,
}

impl Choices {
    /// The choices after a key, and what the loop does.
    pub(crate) fn press(mut self, key: Key) -> (Self, Wish) {
        let asked = self.asked.take();
        match key {
            Key::Quit => (self, Wish::Quit),
            Key::Other => (self, Wish::Redraw),
            // A key that is hit by accident changes nothing.
            Key::Act(act) if asked == Some(act) => {
                self.act = Some(act);
                (self, Wish::Reread)
            }
            Key::Act(act) => {
                self.asked = Some(act);
                (self, Wish::Redraw)
            }
            Key::Sort => {
                let order = match self.order {
                    Order::Stack => Order::Name,
                    Order::Name => Order::Waiting,
                    Order::Waiting => Order::Tasks,
                    Order::Tasks => Order::Stack,
                };
                (Self { order, ..self }, Wish::Redraw)
            }
            Key::Why => {
                let why = !self.why;
                // A read without it has no sentences.
                (
                    Self { why, ..self },
                    if why { Wish::Reread } else { Wish::Redraw },
                )
            }
        }
    }

    /// The chosen view.
    pub(crate) fn arrange(self, view: &View) -> View {
        let mut view = view.clone();
        let waiting = |service: &ServiceView| -> u64 {
            service
                .queues
                .iter()
                .filter_map(|queue| queue.visible)
                .sum()
        };
        match self.order {
            Order::Stack => {}
            Order::Name => view.services.sort_by(|a, b| a.name.cmp(&b.name)),
            Order::Waiting => view
                .services
                .sort_by_key(|one| std::cmp::Reverse(waiting(one))),
            Order::Tasks => view
                .services
                .sort_by_key(|one| std::cmp::Reverse(one.running)),
        }
        if !self.why {
            view.services.iter_mut().for_each(|one| one.why = None);
        }
        view.keys = Some(self.help());
        view
    }

    fn help(self) -> String {
        let order = match self.order {
            Order::Stack => "as in the stack",
            Order::Name => "by name",
            Order::Waiting => "by waiting messages",
            Order::Tasks => "by running tasks",
        };
        match self.asked {
            Some(Act::Pause) => {
                return "press p again to pause the scaling of all services".to_owned();
            }
            Some(Act::Resume) => {
                return "press r again to resume the scaling of all services".to_owned();
            }
            None => {}
        }
        let why = if self.why { "hide why" } else { "why" };
        format!("keys: s sort ({order}), w {why}, p pause, r resume, q quit")
    }
}

/// The keyboard of a terminal that sends each key at once and shows none. Signals such as Ctrl-C stay what they are. The terminal
/// gets its settings back when this is dropped: at the end, on an error, on a signal, and on a panic.
pub(crate) struct Keyboard {
    before: Termios,
    bytes: UnboundedReceiver<u8>,
}

impl Keyboard {
    /// `None` if standard input isn't a terminal.
    pub(crate) fn open() -> Option<Self> {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut changed = before.clone();
        changed.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        tcsetattr(&stdin, OptionalActions::Now, &changed).ok()?;
        let (sender, bytes) = unbounded_channel();
        // A read can't be interrupted, so it has its own thread, which ends with the program.
        std::thread::spawn(move || {
            let read = stdin.lock().bytes().map_while(Result::ok);
            for byte in read {
                if sender.send(byte).is_err() {
                    break;
                }
            }
        });
        Some(Self { before, bytes })
    }

    /// The next key. Never ready once the terminal is gone.
    pub(crate) async fn next(&mut self) -> Key {
        match self.bytes.recv().await {
            Some(byte) => Key::of(byte),
            None => std::future::pending().await,
        }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // Nothing is left to restore on a terminal that is gone.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(keys: &str) -> (Choices, Vec<Wish>) {
        let keys = keys.bytes().map(Key::of);
        keys.fold(
            (Choices::default(), Vec::new()),
            |(choices, mut wishes), key| {
                let (choices, wish) = choices.press(key);
                wishes.push(wish);
                (choices, wishes)
            },
        )
    }

    #[test]
    fn keys_choose_order_and_sentences() {
        use Wish::{Quit, Redraw, Reread};
        let (choices, wishes) = press("sS w");
        assert_eq!(wishes, [Redraw, Redraw, Redraw, Reread]);
        assert_eq!((choices.order, choices.why), (Order::Waiting, true));
        assert_eq!(
            choices.help(),
            "keys: s sort (by waiting messages), w hide why, p pause, r resume, q quit"
        );
        let (choices, wishes) = press("sssswwQ");
        assert_eq!(choices, Choices::default());
        assert_eq!(wishes.last(), Some(&Quit));
    }

    #[test]
    fn a_stack_is_paused_and_resumed_by_the_second_press() {
        let (choices, _) = press("p");
        assert_eq!((choices.asked, choices.act), (Some(Act::Pause), None));
        assert!(
            choices.help().contains("press p again"),
            "{}",
            choices.help()
        );
        for cancelled in ["pr", "pxp", "ps", "p\x1b[Ap"] {
            assert_eq!(press(cancelled).0.act, None, "{cancelled:?}");
        }
        let (choices, wishes) = press("pp");
        assert_eq!((choices.asked, choices.act), (None, Some(Act::Pause)));
        assert_eq!(wishes, [Wish::Redraw, Wish::Reread]);
        assert_eq!(press("prr").0.act, Some(Act::Resume));
    }
}
