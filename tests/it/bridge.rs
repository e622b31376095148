//! The bridge: signed calls in, signed call-backs out, by the Standard Webhooks specification.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use hotline_tests::{peers::wait_until, service::Service, staff::text};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc,
};

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn signature(id: &str, at: &str, body: &str) -> String {
    let secret = STANDARD.decode(SECRET).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[expect(clippy::disallowed_methods, reason = "a caller has a clock of its own")]
fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

async fn call(service: &Service, id: &str, at: u64, signed: &str, body: &str) -> u16 {
    let at = at.to_string();
    reqwest::Client::builder()
        .build()
        .unwrap()
        .post(format!("{}/bridge/signal", service.base()))
        .header("webhook-id", id)
        .header("webhook-timestamp", &at)
        .header(
            "webhook-signature",
            format!("v1,AAAA {}", signature(id, &at, signed)),
        )
        .body(body.to_owned())
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

/// Takes call-backs: the first is told to come later. Gives the headers in small letters, and the body.
async fn callbacks() -> (u16, mpsc::UnboundedReceiver<(Vec<String>, String)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for number in 0..50 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (reading, mut writing) = stream.split();
            let mut lines = BufReader::new(reading);
            let mut headers = Vec::new();
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line).await.unwrap_or_default() == 0 || line.trim().is_empty() {
                    break;
                }
                headers.push(line.trim().to_owned());
            }
            let length = header(&headers, "content-length").parse().unwrap_or_default();
            let mut body = vec![0; length];
            lines.read_exact(&mut body).await.unwrap();
            let answer = match number {
                0 => "HTTP/1.1 429 Later\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                _ => "HTTP/1.1 204 Taken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            };
            writing.write_all(answer.as_bytes()).await.unwrap();
            let _ = sender.send((headers, String::from_utf8_lossy(&body).into_owned()));
        }
    });
    (port, received)
}

fn header(headers: &[String], name: &str) -> String {
    let found = headers.iter().filter_map(|line| line.split_once(": "));
    let mut found = found.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found
        .next()
        .map_or_else(String::new, |(_, value)| value.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_signed_calls_of_now_are_taken_each_once_and_answers_are_signed() {
    let (port, mut received) = callbacks().await;
    let lines = format!(
        "[lines.signal]\nchannel = \"bridge\"\nsecret = \"whsec_{SECRET}\"\ncallback_url = \"http://127.0.0.1:{port}/replies\"\n"
    );
    let mut service = Service::with_lines(None, &lines).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let body =
        json!({ "id": "m1", "from": { "id": "sig:1", "name": "Ana" }, "text": "Neko mi preti" }).to_string();
    assert_eq!(
        call(&service, "c1", now() - 301, &body, &body).await,
        401,
        "too old"
    );
    assert_eq!(
        call(&service, "c1", now() + 320, &body, &body).await,
        401,
        "from the future"
    );
    assert_eq!(
        call(&service, "c1", now(), "{}", &body).await,
        401,
        "another text was signed"
    );
    for _ in 0..5 {
        assert_eq!(call(&service, "c1", now(), &body, &body).await, 202);
    }
    let edited = json!({ "id": "m1", "edit": 1, "from": { "id": "sig:1" }, "text": "Neko mi preti slikama" })
        .to_string();
    assert_eq!(call(&service, "c2", now(), &edited, &edited).await, 202);
    assert_eq!(
        call(&service, "c3", now(), "{oops", "{oops").await,
        202,
        "taken, as unreadable"
    );
    let contacts = staff.until_contacts(2).await.unwrap();
    let mine = contacts
        .iter()
        .find(|one| text(one, "/first_words").starts_with("Neko"))
        .unwrap();
    let reference = text(mine, "/reference").to_owned();
    wait_until(Duration::from_secs(20), || async {
        let contact = staff.contact(&reference).await.unwrap();
        text(&contact, "/messages/0/text") == "Neko mi preti slikama"
            && text(&contact, "/messages/0/versions/0/text") == "Neko mi preti"
            && contact.pointer("/messages/1").is_none()
    })
    .await
    .unwrap();
    staff.reply(&reference, "Tu smo.").await.unwrap();
    let (first, _) = received.recv().await.unwrap();
    // A later attempt is the same call.
    let again = tokio::time::timeout(Duration::from_secs(90), received.recv())
        .await
        .unwrap();
    let (headers, body) = again.unwrap();
    assert_eq!(header(&headers, "webhook-id"), header(&first, "webhook-id"));
    let (id, at) = (
        header(&headers, "webhook-id"),
        header(&headers, "webhook-timestamp"),
    );
    assert_eq!(header(&headers, "webhook-signature"), signature(&id, &at, &body));
    let reply: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (
            text(&reply, "/to"),
            text(&reply, "/text"),
            text(&reply, "/in_reply_to")
        ),
        ("sig:1", "Tu smo.", "m1")
    );
    staff.until_reply_is(&reference, "sent").await.unwrap();
}
