//! Keys of `status --watch` in a terminal: a pseudo terminal of util-linux's `script`.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use e2e::{Bench, TestStack, small, until};

/// Pausing takes longest.
const BOUND: Duration = Duration::from_secs(90);

/// A program in a terminal of 24 lines and 80 columns, whose settings are printed before and after it.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    shown: Arc<Mutex<String>>,
}

impl Terminal {
    fn open(bench: &Bench, arguments: &str) -> Self {
        // Ctrl-C is for the program: the shell has to print what follows.
        let inside = format!(
            "trap : INT; stty rows 24 cols 80; echo before=$(stty -g) at=$(tty)=; {} {arguments}; echo code=$? after=$(stty -g)=",
            bench.program().display()
        );
        let mut child = Command::new("script")
            .args(["--quiet", "--flush", "--command", &inside, "/dev/null"])
            .env("ECS_SCALER_SANDBOX", bench.sandbox())
            .env("TERM", "xterm")
            .env_remove("CI")
            .env_remove("COLUMNS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut output, writer) = (child.stdout.take().unwrap(), shown.clone());
        std::thread::spawn(move || {
            let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                bytes.extend_from_slice(&buffer[..count]);
                *writer.lock().unwrap() = String::from_utf8_lossy(&bytes).into_owned();
            }
        });
        Self {
            keyboard: child.stdin.take().unwrap(),
            child,
            shown,
        }
    }

    fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// What was drawn last: each redraw begins by moving the cursor up.
    fn screen(&self) -> String {
        let shown = self.shown();
        let (_, last) = shown.rsplit_once("A\r").unwrap_or(("", &shown));
        last.to_owned()
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until the screen contains a text.
    async fn shows(&self, text: &str) {
        until(&format!("{text:?} on the screen"), BOUND, async || {
            self.screen().contains(text).then_some(())
        })
        .await;
    }

    fn value(&self, name: &str) -> Option<String> {
        let shown = self.shown();
        let (_, rest) = shown.rsplit_once(&format!("{name}="))?;
        let end = rest.find(['=', ' ', '\r'])?;
        Some(rest[..end].to_owned())
    }

    /// Waits for the end, and asserts that the terminal is as it was.
    async fn is_restored(&mut self) {
        let after = until("the end", BOUND, async || self.value("after")).await;
        assert_eq!(self.value("before").unwrap(), after);
        assert_eq!(self.value("code").unwrap(), "0");
        let shown = self.shown();
        let (hidden, visible) = (shown.rfind("\x1b[?25l"), shown.rfind("\x1b[?25h"));
        assert!(
            hidden.is_some() && visible > hidden,
            "the cursor stays hidden"
        );
        let _ = self.child.wait();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[tokio::test]
async fn keys_change_the_view_pause_and_resume_and_the_terminal_is_restored() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "keys");
    let _ = stack.deploy(&small(&stack.name)).await.succeeds();
    let watch = format!("status {} --local --watch --every 1s", stack.name);

    let mut terminal = Terminal::open(&bench, &watch);
    terminal.shows("s sort (as in the stack)").await;
    terminal.press("s");
    terminal.shows("s sort (by name)").await;
    terminal.press("w");
    terminal.shows("why       ").await;
    terminal.press("p");
    terminal.shows("press p again").await;
    terminal.press("p");
    terminal.shows("pausing the scaling of all services").await;
    terminal.shows("scaling   paused by ").await;
    terminal.press("rr");
    until("the end of the pause", BOUND, async || {
        let screen = terminal.screen();
        let whole = screen.contains("q quit") && screen.contains("operational alarms");
        (whole && !screen.contains("scaling   paused")).then_some(())
    })
    .await;
    assert!(stack.status().await["services"][0]["pause"].is_null());

    let device = terminal.value("at").unwrap();
    let resize = ["--file", &device, "rows", "12", "cols", "40"];
    let resized = Command::new("stty").args(resize).status().unwrap();
    assert!(resized.success());
    terminal.shows("the window isn't tall").await;
    // No key is cut off in a narrow window.
    terminal.shows("q quit").await;
    for line in terminal.screen().lines() {
        let width = columns(line);
        assert!(width <= 40, "{width}: {line:?}");
    }
    terminal.press("q");
    terminal.is_restored().await;

    let mut terminal = Terminal::open(&bench, &watch);
    terminal.shows("q quit").await;
    terminal.press("\x03");
    terminal.is_restored().await;
}

/// The columns of a line without its escape sequences.
fn columns(line: &str) -> usize {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once(char::is_alphabetic).map_or("", |two| two.1));
    let text: String = std::iter::once(first).chain(rest).collect();
    text.trim_end_matches('\r').chars().count()
}
