//! Connections on which a client sends nothing or too little are closed, and do not delay other connections.

use std::{os::unix::fs::PermissionsExt, process::Command, time::Duration};

use hotline_tests::{peers::wait_until, service::Service};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::{Instant, timeout},
};

/// The bytes that a client sends before it stops sending.
const SILENT: [(&str, &[u8]); 5] = [
    ("nothing", b""),
    ("part of what begins HTTP/2", b"PRI * HT"),
    (
        "what begins HTTP/2",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ),
    ("part of a head", b"GET / HTTP/1.1\r\nHost: a\r\nX-"),
    ("one request", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
];

async fn silent(port: u16, said: &[u8]) -> Option<TcpStream> {
    let connected = timeout(Duration::from_secs(1), TcpStream::connect(("127.0.0.1", port))).await;
    let mut stream = connected.ok()?.ok()?;
    // The service may have closed the connection already.
    let _ = stream.write_all(said).await;
    Some(stream)
}

/// Posts a message on a new connection and returns how long that took.
async fn post(base: &str) -> Duration {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let begun = Instant::now();
    let answer = client
        .post(format!("{base}/api/v1/contacts"))
        .json(&json!({ "kind": "advice", "message": "pomoć" }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_silent_connections_keep_neither_visitors_nor_counsellors_waiting() {
    let mut service = Service::new(None).unwrap();
    service.give_desk_a_port().unwrap();
    service.run_under(&["prlimit", "--nofile=1024:1024"]);
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    for (form, said) in SILENT {
        let mut held = Vec::new();
        for _ in 0..1_100 {
            held.extend(silent(service.port(), said).await);
        }
        let mut took = Vec::new();
        for _ in 0..5 {
            took.push(post(&service.base()).await);
        }
        took.sort();
        assert!(took[2] < Duration::from_secs(1), "{form}: {took:?}");
        let begun = Instant::now();
        staff.page("/desk/inbox").await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "{form}: the desk");
    }
    staff.until_contacts(5 * SILENT.len()).await.unwrap();
    let log = service.log().unwrap();
    let full = log
        .matches("As many connections are open as there may be")
        .count();
    assert!(
        (1..20).contains(&full),
        "the log says so, and not each time: {full}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_for_visitors_and_counsellors_is_held_up_as_little() {
    let mut service = Service::new(None).unwrap();
    service.run_under(&["prlimit", "--nofile=1024:1024"]);
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let mut held = Vec::new();
    for number in 0..1_100 {
        held.extend(silent(service.port(), SILENT[number % SILENT.len()].1).await);
    }
    let mut took = Vec::new();
    for _ in 0..5 {
        took.push(post(&service.base()).await);
    }
    took.sort();
    assert!(took[2] < Duration::from_secs(1), "{took:?}");
    staff.page("/desk/inbox").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_asks_is_cut_off_within_half_a_minute() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let mut silent_ones = Vec::new();
    for (form, said) in SILENT.into_iter().filter(|(form, _)| *form != "one request") {
        let mut stream = silent(service.port(), said).await.unwrap();
        silent_ones.push(tokio::spawn(async move {
            let mut heard = Vec::new();
            let closed = timeout(Duration::from_secs(30), stream.read_to_end(&mut heard)).await;
            assert!(closed.is_ok(), "{form}: still open");
        }));
    }
    for silent in silent_ones {
        silent.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_open_files_for_a_while_goes_on_afterwards() {
    let mut service = Service::new(None).unwrap();
    service.start().await.unwrap();
    let pid = service.pid().unwrap();
    let limit = |files: u32| {
        let done = Command::new("prlimit")
            .args(["--pid", &pid.to_string(), &format!("--nofile={files}:")])
            .status();
        assert!(done.unwrap().success());
    };
    limit(8);
    let mut held = Vec::new();
    for _ in 0..20 {
        held.extend(silent(service.port(), b"").await);
    }
    wait_until(Duration::from_secs(10), || async {
        service.log().unwrap().contains("Could not accept a connection")
    })
    .await
    .unwrap();
    let before = processor_time(pid);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let spent = processor_time(pid) - before;
    assert!(spent < 100, "it does not spin: {spent} hundredths of a second");
    limit(20_000);
    post(&service.base()).await;
}

/// Posts a body in chunks, without a Content-Length. Tries several times, because the service closes the connection while chunks are
/// still under way, and the connection may break before the response is read.
async fn post_in_pieces(url: &str, token: &str, kind: &str, body: &[u8]) -> Option<u16> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for _ in 0..20 {
        let pieces: Vec<std::io::Result<Vec<u8>>> =
            body.chunks(64 * 1024).map(|piece| Ok(piece.to_vec())).collect();
        let request = client
            .post(url)
            .header("content-type", kind)
            .bearer_auth(token)
            .body(reqwest::Body::wrap_stream(futures::stream::iter(pieces)));
        if let Ok(answer) = request.send().await {
            return Some(answer.status().as_u16());
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_refused_as_such_when_it_comes_in_pieces() {
    let bridge = hotline_tests::peers::bridge::Bridge::start().await.unwrap();
    let mut service = Service::with_lines(None, &bridge.lines()).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    let (reference, _) = crate::writing::posted(&service, "pomoć").await;
    staff.until_messages(&reference, 1).await.unwrap();
    let long = "a".repeat(5 << 20);
    let json = format!("{{\"text\":\"{long}\"}}");
    let form = format!("text={long}");
    let parts = format!(
        "--b\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\n{}\r\n--b--\r\n",
        "a".repeat(52 << 20)
    );
    let (of_json, of_form) = ("application/json", "application/x-www-form-urlencoded");
    for (path, kind, body) in [
        ("/api/v1/contacts".to_owned(), of_json, &json),
        ("/advice".to_owned(), of_form, &form),
        ("/bridge/signal".to_owned(), of_json, &json),
        ("/api/v1/session".to_owned(), of_json, &json),
        ("/desk/login".to_owned(), of_form, &form),
        (format!("/api/v1/contacts/{reference}/note"), of_json, &json),
        (format!("/desk/contacts/{reference}/note"), of_form, &form),
        (
            format!("/api/v1/contacts/{reference}/reply"),
            "multipart/form-data; boundary=b",
            &parts,
        ),
    ] {
        let url = format!("{}{path}", service.base());
        let status = post_in_pieces(&url, staff.token(), kind, body.as_bytes()).await;
        assert_eq!(status, Some(413), "{path}");
    }
}

/// Returns the processor time that a process has used, in hundredths of a second.
fn processor_time(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_reaches_the_pages_through_a_unix_socket() {
    let mut service = Service::new(None).unwrap();
    let socket = service.folder().join("http.sock");
    let address = format!("HOTLINE__HTTP__PUBLIC=unix:{}", socket.display());
    service.run_under(&["env", address.as_str()]);
    for _ in 0..2 {
        service.start().await.unwrap();
        let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660, "for the owner and the group of the proxy");
        let mut stream = UnixStream::connect(&socket).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        // The next start replaces the socket that the killed process leaves behind.
        service.kill();
        assert!(socket.exists());
    }
}
