//! The HTTP server of the REST API and the files.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::faults::Fault;
use super::objects::{self, set};
use super::rest::{Ask, Reply};
use super::state::{Call, State, Upload, World};

/// The largest request body, in bytes.
const LARGEST: usize = 64 << 20;
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=UTF-8";
const BAD_GATEWAY: &str = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n\
    <center><h1>502 Bad Gateway</h1></center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n";

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Accepts connections until the task is aborted. Aborting the task also ends the connections.
pub(super) async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, world.clone()));
                } else {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(stream: TcpStream, world: Arc<World>) {
    // Without Nagle's algorithm, the first half of a response is sent at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(world.clone(), request));
    let server = hyper::server::conn::http1::Builder::new();
    // An error means that a fault withholds the response. The server then closes the connection.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// Returns the error that closes a connection without a response.
fn cut<T>() -> io::Result<T> {
    Err(io::Error::other("the stand-in closes the connection"))
}

/// A response to send.
struct Outgoing {
    status: u16,
    content_type: String,
    bytes: Bytes,
    /// Number of zero bytes to send as the body; `None` sends `bytes`.
    zeros: Option<u64>,
    headers: Vec<(&'static str, String)>,
}

impl Outgoing {
    fn html(status: u16, page: &'static str) -> Self {
        let bytes = Bytes::from_static(page.as_bytes());
        Self {
            status,
            content_type: HTML.to_owned(),
            bytes,
            zeros: None,
            headers: Vec::new(),
        }
    }

    fn json(reply: &Reply, headers: Vec<(&'static str, String)>) -> Self {
        let body = if reply.body.is_null() {
            String::new()
        } else {
            reply.body.to_string()
        };
        Self {
            status: reply.status,
            content_type: JSON.to_owned(),
            bytes: body.into(),
            zeros: None,
            headers,
        }
    }

    fn response(self, half: bool) -> io::Result<Response<Body>> {
        let length = self
            .zeros
            .or(u64::try_from(self.bytes.len()).ok())
            .unwrap_or_default();
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        if self.status != 204 {
            response = response
                .header(CONTENT_TYPE, self.content_type)
                .header(CONTENT_LENGTH, length);
        }
        let body = if half {
            half_of(self.bytes)
        } else if let Some(size) = self.zeros {
            zeros(size)
        } else {
            Full::new(self.bytes)
                .map_err(|never| match never {})
                .boxed_unsync()
        };
        response.body(body).map_err(io::Error::other)
    }
}

/// Returns a body that sends its first half and then closes the connection.
fn half_of(bytes: Bytes) -> Body {
    let half = bytes.slice(..bytes.len() / 2);
    let parts = stream::unfold(Some(half), |part| async move {
        if let Some(half) = part {
            return Some((Ok(Frame::data(half)), None));
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
        Some((cut(), None))
    });
    StreamBody::new(parts).boxed_unsync()
}

fn zeros(size: u64) -> Body {
    const PART: usize = 1 << 16;
    let parts = stream::unfold(size, |left| async move {
        let part = usize::try_from(left).unwrap_or(PART).min(PART);
        let rest = left - u64::try_from(part).ok()?;
        (part > 0).then(|| (Ok(Frame::data(Bytes::from(vec![0; part]))), rest))
    });
    StreamBody::new(parts).boxed_unsync()
}

async fn answer(world: Arc<World>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let header = |name| {
        head.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let (content_type, authorization) = (header(CONTENT_TYPE).to_owned(), header(AUTHORIZATION).to_owned());
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        return cut();
    };
    let (body, files, understood) = parts(&content_type, body.to_bytes()).await;
    let (method, path) = (head.method.as_str().to_owned(), head.uri.path().to_owned());
    let query = head.uri.query().unwrap_or_default().to_owned();
    let line = format!("{method} {path}");

    let (index, fault) = {
        let mut state = world.lock();
        state.calls.push(Call {
            method: method.clone(),
            path: path.clone(),
            query: query.clone(),
            at: Instant::now(),
            body: body.clone(),
            files: files.clone(),
            status: 0,
        });
        (state.calls.len() - 1, state.faults.for_request(&line))
    };
    if let Some(Fault::Drop) = fault {
        return cut();
    }
    let outgoing = {
        let mut state = world.lock();
        if let Some(outgoing) = fault.as_ref().and_then(instead) {
            outgoing
        } else if path.starts_with("/cdn/") {
            file(&state, &path)
        } else {
            let ask = Ask {
                authorized: authorization == format!("Bot {}", state.token),
                segments: path
                    .trim_start_matches("/api")
                    .split('/')
                    .filter(|s| !s.is_empty())
                    .map(decoded)
                    .collect(),
                method,
                query: parameters(&query),
                body,
                files,
            };
            api(&mut state, &ask, understood)
        }
    };
    let half = matches!(fault, Some(Fault::HalfBody));
    if matches!(fault, Some(Fault::DropAfter)) || half && outgoing.bytes.is_empty() {
        return cut();
    }
    if let Some(Fault::Delay(time)) = fault {
        tokio::time::sleep(time).await;
    }
    if let Some(call) = world.lock().calls.get_mut(index) {
        call.status = outgoing.status;
    }
    outgoing.response(half)
}

/// Returns the error response that a fault sends instead of carrying out the request; `None` if the fault sends none.
fn instead(fault: &Fault) -> Option<Outgoing> {
    match fault {
        Fault::TooMany {
            retry_after_ms,
            global,
        } => {
            let after = Duration::from_millis(*retry_after_ms);
            let scope = if *global { "global" } else { "user" };
            Some(too_many(after, *global, scope, Vec::new()))
        }
        Fault::Status { code, body } => Some(Outgoing::json(&Reply::new(*code, body.clone()), Vec::new())),
        Fault::Garbage => Some(Outgoing::html(502, BAD_GATEWAY)),
        Fault::Drop | Fault::DropAfter | Fault::Delay(_) | Fault::HalfBody => None,
    }
}

fn too_many(
    after: Duration,
    global: bool,
    scope: &str,
    mut headers: Vec<(&'static str, String)>,
) -> Outgoing {
    let seconds = after.as_secs_f64();
    // The header contains whole seconds, rounded up.
    headers.push(("Retry-After", format!("{}", seconds.ceil())));
    headers.push(("X-RateLimit-Scope", scope.to_owned()));
    if global {
        headers.push(("X-RateLimit-Global", "true".to_owned()));
    }
    let body = json!({
        "message": "You are being rate limited.",
        "retry_after": seconds,
        "global": global,
    });
    Outgoing::json(&Reply::new(429, body), headers)
}

fn api(state: &mut State, ask: &Ask, understood: bool) -> Outgoing {
    let (bucket, major) = ask.bucket();
    let now = Instant::now();
    let (limit, per) = state.route_limit.unwrap_or((1000, Duration::from_secs(1)));
    let (start, used) = state
        .buckets
        .entry(format!("{bucket} {major}"))
        .or_insert((now, 0));
    if now.duration_since(*start) >= per {
        (*start, *used) = (now, 0);
    }
    let left = per.saturating_sub(now.duration_since(*start));
    let over = *used >= limit && state.route_limit.is_some();
    if !over {
        *used += 1;
    }
    let reset = Duration::from_millis(objects::now_ms()) + left;
    let headers = vec![
        ("X-RateLimit-Limit", limit.to_string()),
        ("X-RateLimit-Remaining", limit.saturating_sub(*used).to_string()),
        ("X-RateLimit-Reset", format!("{:.3}", reset.as_secs_f64())),
        ("X-RateLimit-Reset-After", format!("{:.3}", left.as_secs_f64())),
        ("X-RateLimit-Bucket", bucket),
    ];
    if over {
        return too_many(left, false, "user", headers);
    }
    let reply = if understood {
        super::rest::carry_out(state, ask)
    } else {
        let text = "The body of your request contains invalid JSON.";
        Reply::new(400, json!({ "message": text, "code": 50109 }))
    };
    Outgoing::json(&reply, headers)
}

/// Serves a file: `/cdn/attachments/{channel}/{id}/{name}`.
fn file(state: &State, path: &str) -> Outgoing {
    let id = path.split('/').nth(4).and_then(|id| id.parse::<u64>().ok());
    let Some(stored) = id.and_then(|id| state.files.get(&id)) else {
        return Outgoing::html(404, "This content is no longer available.");
    };
    Outgoing {
        status: 200,
        content_type: stored.content_type.clone(),
        bytes: stored.bytes.clone().unwrap_or_default(),
        zeros: stored.bytes.is_none().then_some(stored.size),
        headers: Vec::new(),
    }
}

/// Returns the JSON and the files of a request, and whether both could be parsed.
async fn parts(content_type: &str, bytes: Bytes) -> (Value, Vec<Upload>, bool) {
    let Ok(boundary) = multer::parse_boundary(content_type) else {
        if bytes.is_empty() {
            return (Value::Null, Vec::new(), true);
        }
        let body = serde_json::from_slice(&bytes).ok();
        let understood = body.is_some();
        return (body.unwrap_or_default(), Vec::new(), understood);
    };
    let once = stream::once(async move { Ok::<_, Infallible>(bytes) });
    let mut form = multer::Multipart::new(once, boundary);
    let (mut body, mut files) = (json!({}), Vec::new());
    while let Ok(Some(field)) = form.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let content_type = field.content_type().map(ToString::to_string);
        let Ok(bytes) = field.bytes().await else {
            return (body, files, false);
        };
        match (name.as_str(), file) {
            ("payload_json", _) => match serde_json::from_slice(&bytes) {
                Ok(json) => body = json,
                Err(_) => return (body, files, false),
            },
            (_, Some(file)) => files.push(Upload {
                field: name,
                name: file,
                content_type,
                bytes,
            }),
            (_, None) => set(&mut body, &name, String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
    (body, files, true)
}

fn parameters(query: &str) -> BTreeMap<String, String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// Decodes the `%XX` escapes in a part of a URL.
fn decoded(part: &str) -> String {
    let mut parts = part.split('%');
    let mut bytes: Vec<u8> = parts.next().unwrap_or_default().bytes().collect();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        match u8::from_str_radix(code, 16) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend(format!("%{code}").bytes()),
        }
        bytes.extend(rest.bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
