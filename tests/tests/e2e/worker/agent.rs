//! A stand-in for the ECS agent, which records the requests for task protection.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// An ECS agent that grants everything: its endpoint, and the bodies of the requests for protection.
pub(super) async fn record_protection() -> (String, mpsc::UnboundedReceiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/api/task", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let (mut head, mut line) = (Vec::new(), String::new());
            while stream.read_line(&mut line).await.unwrap() > 2 {
                head.push(std::mem::take(&mut line).trim_end().to_lowercase());
            }
            assert_eq!(head[0], "put /api/task/task-protection/v1/state http/1.1");
            let length = head
                .iter()
                .find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            stream.read_exact(&mut body).await.unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            let enabled = &body["ProtectionEnabled"];
            let reply = json!({"protection": {"ProtectionEnabled": enabled}}).to_string();
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json";
            let reply = format!("{head}\r\ncontent-length: {}\r\n\r\n{reply}", reply.len());
            stream.write_all(reply.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            if sender.send(body).is_err() {
                return;
            }
        }
    });
    (endpoint, requests)
}
