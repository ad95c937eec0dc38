//! The proxy itself: a server on the loopback interface.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::call::Call;
use crate::fault::Fault;
use crate::http::{self, Message};
use crate::reply;
use crate::rule::Rule;

/// A proxy that forwards to one upstream, until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

struct State {
    /// `host:port`.
    upstream: String,
    rules: Mutex<Vec<Rule>>,
    calls: Mutex<Vec<Call>>,
    /// Number of hanging requests.
    hanging: watch::Sender<usize>,
}

impl State {
    fn choose_fault(&self, call: &Call) -> Option<Fault> {
        let mut rules = lock(&self.rules);
        rules.iter_mut().find_map(|rule| rule.apply(call))
    }
}

impl Proxy {
    /// Starts a proxy in front of this URL, `http://host:port`.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(upstream: &str) -> Self {
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/');
        let state = Arc::new(State {
            upstream: upstream.to_owned(),
            rules: Mutex::default(),
            calls: Mutex::default(),
            hanging: watch::Sender::default(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            server: tokio::spawn(serve(listener, Arc::clone(&state))),
            state,
        }
    }

    /// Returns its own URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule. If several rules match a request, only the first one applies and counts the request.
    pub fn inject(&self, rule: Rule) {
        lock(&self.state.rules).push(rule);
    }

    /// Removes all rules and recorded calls.
    pub fn clear(&self) {
        lock(&self.state.rules).clear();
        lock(&self.state.calls).clear();
    }

    /// Returns the requests so far, in the order in which they arrived.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state.calls).clone()
    }

    /// Returns the number of requests so far to a service for an action, with the meaning of [`Rule::on`].
    #[must_use]
    pub fn count(&self, service: &str, action: &str) -> usize {
        let mut rule = Rule::on(service, action, Fault::Hang);
        let calls = self.calls();
        let matching = calls.iter().filter(|call| rule.apply(call).is_some());
        matching.count()
    }

    /// Waits until a request hangs.
    ///
    /// # Panics
    /// If the proxy has ended.
    pub async fn hangs(&self) {
        let mut hanging = self.state.hanging.subscribe();
        let hangs = hanging.wait_for(|count| *count > 0).await;
        hangs.expect("the proxy serves");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    // Connections end with the proxy.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move {
            // An error is a dropped connection, usually on purpose.
            let _ = answer(&state, stream).await;
        });
    }
}

/// Responds to one request. Dropping the stream without a reply ends the connection.
async fn answer(state: &State, mut client: TcpStream) -> io::Result<()> {
    let Some(request) = http::read(&mut client, true).await? else {
        return Ok(());
    };
    let call = Call::of(&request);
    let fault = state.choose_fault(&call);
    let protocol = call.protocol;
    lock(&state.calls).push(call);
    let is_head = request.word(0) == "HEAD";
    let forward = async || forward(&state.upstream, &request).await;
    let mut end = usize::MAX;
    let reply = match fault {
        None => forward().await?,
        Some(Fault::DropBefore) => return Ok(()),
        Some(Fault::DropAfter) => return forward().await.map(drop),
        Some(Fault::Hang) => return hang(state).await,
        Some(Fault::HangAfter) => {
            forward().await?;
            return hang(state).await;
        }
        Some(Fault::Page(status)) => reply::page(status),
        Some(Fault::Throttle) => reply::throttle(protocol),
        Some(Fault::Expire) => reply::expire(protocol),
        Some(Fault::Deny) => reply::deny(protocol),
        Some(Fault::Refuse(status, code, message)) => reply::error(protocol, status, code, message),
        Some(Fault::CutRequest) => return cut_request(&state.upstream, request).await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            forward().await?
        }
        Some(Fault::Cut) => {
            let reply = forward().await?;
            end = reply.body.len() / 2;
            reply
        }
        Some(Fault::Truncate) => change(forward().await?, |body| body[..body.len() / 2].to_vec()),
        Some(Fault::Garble) => change(forward().await?, |_| GARBLED.to_vec()),
        Some(Fault::Rewrite(rewrite)) => change(forward().await?, |body| {
            rewrite(&String::from_utf8_lossy(body)).into_bytes()
        }),
    };
    let bytes = match is_head {
        true => reply.encode_head(),
        false => reply.encode(end),
    };
    client.write_all(&bytes).await?;
    client.shutdown().await
}

/// Not valid UTF-8, XML, JSON, or CBOR map. It would also turn a terminal red.
const GARBLED: &[u8] = b"\x00\xff<<{{\x1b[31m garbled \xfe";

/// Sends a request on a new connection.
async fn forward(upstream: &str, request: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(upstream).await?;
    let mut request = request.clone();
    request.set_header("host", upstream);
    stream.write_all(&request.encode(usize::MAX)).await?;
    let reply = http::read(&mut stream, request.word(0) != "HEAD").await?;
    reply.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Sends the first part of a request, up to the middle of its body.
async fn cut_request(upstream: &str, request: Message) -> io::Result<()> {
    let mut stream = TcpStream::connect(upstream).await?;
    stream
        .write_all(&request.encode(request.body.len() / 2))
        .await?;
    stream.shutdown().await
}

/// Returns the reply with another body, without the checksums of the original one.
fn change(mut reply: Message, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Message {
    reply.body = change(&reply.body);
    reply
        .headers
        .retain(|(name, _)| name != "x-amz-crc32" && !name.starts_with("x-amz-checksum-"));
    reply
}

async fn hang<T>(state: &State) -> T {
    state.hanging.send_modify(|count| *count += 1);
    std::future::pending().await
}
