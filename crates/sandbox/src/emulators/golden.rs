//! Golden exchanges with the plugin: the JSON files that the plugin's own tests check from its side.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::Plugin;

/// A server that answers one request as the golden file specifies.
pub(crate) struct Exchange {
    pub(crate) plugin: Plugin,
    expected: Value,
    received: JoinHandle<Value>,
}

impl Exchange {
    /// Serves `localstack-plugin/tests/wire/NAME.json`.
    pub(crate) fn serve(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/localstack-plugin/tests/wire");
        let text = std::fs::read(format!("{folder}/{name}.json")).unwrap();
        let golden: Value = serde_json::from_slice(&text).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
        let answer = golden.get("answer").map(Value::to_string);
        Self {
            plugin: Plugin::new(&endpoint_url),
            expected: golden["request"].clone(),
            received: std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read_request(&stream);
                write_answer(&mut stream, answer);
                request
            }),
        }
    }

    /// Compares the sent request with the golden one. Only the order of keys can differ.
    pub(crate) fn check(self) {
        assert_eq!(self.received.join().unwrap(), self.expected);
    }
}

fn read_request(stream: &TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).unwrap();
    }
    let mut words = head.split(' ');
    let mut request = json!({"method": words.next(), "path": words.next()});
    let lowercase = head.to_lowercase();
    let length = lowercase
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        assert!(lowercase.contains("content-type: application/json\r\n"));
        request["body"] = serde_json::from_slice(&body).unwrap();
    }
    request
}

fn write_answer(stream: &mut TcpStream, answer: Option<String>) {
    let (status, body) = match answer {
        Some(body) => ("200 OK", body),
        None => ("204 No Content", String::new()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
}
