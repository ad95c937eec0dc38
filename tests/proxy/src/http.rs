//! The part of HTTP/1.1 that a proxy needs if it closes each connection after one reply. Source: RFC 9112.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request or a reply, with its body decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Request line or status line.
    pub(crate) start: String,
    /// Names in lowercase.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(found, _)| found != name);
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Returns a word of the first line: the method and target of a request.
    pub(crate) fn word(&self, index: usize) -> &str {
        self.start.split(' ').nth(index).unwrap_or_default()
    }

    /// Returns the head for a body of this length.
    fn head(&self, length: usize) -> Vec<u8> {
        let mut head = format!("{}\r\n", self.start);
        let framing = [
            "content-length",
            "transfer-encoding",
            "connection",
            "expect",
        ];
        for (name, value) in &self.headers {
            if !framing.contains(&name.as_str()) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str(&format!(
            "content-length: {length}\r\nconnection: close\r\n\r\n"
        ));
        head.into_bytes()
    }

    /// Returns its bytes. `end` truncates the body before its announced length.
    pub(crate) fn encode(&self, end: usize) -> Vec<u8> {
        let mut bytes = self.head(self.body.len());
        bytes.extend(&self.body[..end.min(self.body.len())]);
        bytes
    }

    /// Returns the reply to HEAD unchanged: it announces a body that doesn't follow.
    pub(crate) fn encode_head(&self) -> Vec<u8> {
        let length = self
            .header("content-length")
            .and_then(|length| length.parse().ok());
        self.head(length.unwrap_or(0))
    }
}

/// Reads one message. `None` if the connection ends before it starts.
pub(crate) async fn read(stream: &mut TcpStream, has_body: bool) -> io::Result<Option<Message>> {
    let mut bytes = Vec::new();
    let (mut message, begin) = loop {
        if !fill(stream, &mut bytes).await? {
            return match bytes.is_empty() {
                true => Ok(None),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        if let Some(parsed) = parse_head(&bytes) {
            break parsed;
        }
    };
    if message.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let mut rest = bytes.split_off(begin);
    if has_body {
        message.body = read_body(stream, &message, &mut rest).await?;
    }
    Ok(Some(message))
}

async fn fill(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<bool> {
    Ok(stream.read_buf(bytes).await? > 0)
}

/// Returns the head, and the position at which the body starts.
fn parse_head(bytes: &[u8]) -> Option<(Message, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = text.split("\r\n");
    let start = lines.next()?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let message = Message {
        start,
        headers: headers.collect(),
        body: Vec::new(),
    };
    Some((message, end + 4))
}

async fn read_body(
    stream: &mut TcpStream,
    head: &Message,
    rest: &mut Vec<u8>,
) -> io::Result<Vec<u8>> {
    if head.header("transfer-encoding").is_some() {
        loop {
            if let Some(body) = decode_chunks(rest) {
                return Ok(body);
            }
            if !fill(stream, rest).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
    let is_reply = head.start.starts_with("HTTP/");
    let length = head
        .header("content-length")
        .and_then(|length| length.parse().ok());
    // A reply without a length ends with its connection. A request without one has no body.
    let length = length.unwrap_or(if is_reply { usize::MAX } else { 0 });
    while rest.len() < length && fill(stream, rest).await? {}
    Ok(std::mem::take(rest))
}

/// Returns the joined chunks, once the last one has arrived.
fn decode_chunks(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..end]).ok()?;
        let size = size.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let chunk = bytes.get(end + 2..end + 2 + size)?;
        bytes = bytes.get(end + 2 + size + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9112, section 7.1: size in hexadecimal, extensions after a semicolon, and a last chunk of size zero.
    #[test]
    fn chunks_are_put_together() {
        let chunks = b"4\r\nWiki\r\nA;x=y\r\npedia in\r\n\r\n0\r\n\r\n";
        assert_eq!(decode_chunks(chunks), Some(b"Wikipedia in\r\n".to_vec()));
        assert_eq!(decode_chunks(&chunks[..chunks.len() - 3]), None);
    }
}
