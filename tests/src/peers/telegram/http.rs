//! Connections: receives requests, sends responses, and applies faults to both.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};

use super::params::{Params, Refusal, refuse};
use super::request::{Upload, decoded, read};
use super::state::{Server, State, now};
use super::{Call, Fault, TOKEN, methods, updates, webhook};

/// A response to send.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    kind: &'static str,
    body: Bytes,
}

impl Reply {
    fn json(status: u16, body: String) -> Self {
        Self {
            status,
            kind: "application/json",
            body: body.into(),
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let mut body = json!({
            "ok": false,
            "error_code": refusal.code,
            "description": refusal.description,
        });
        if let (Some(seconds), Some(body)) = (refusal.retry_after, body.as_object_mut()) {
            body.insert("parameters".to_owned(), json!({ "retry_after": seconds }));
        }
        Self::json(refusal.code, body.to_string())
    }
}

/// An error that closes the connection, after half a response or without any response.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection was cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// The body of a response: complete, or cut after its first half was sent.
struct AnswerBody {
    data: Option<Bytes>,
    cut: Option<Pin<Box<Sleep>>>,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match &mut self.cut {
            Some(cut) => cut.as_mut().poll(context).map(|()| Some(Err(Cut))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.data, &self.cut) {
            (Some(data), None) => SizeHint::with_exact(u64::try_from(data.len()).unwrap_or(u64::MAX)),
            (None, None) => SizeHint::with_exact(0),
            (_, Some(_)) => SizeHint::default(),
        }
    }
}

/// Accepts connections until `stop` is signalled, then cuts the open ones.
pub(super) async fn serve(listener: TcpListener, server: Arc<Server>, mut stop: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&server)));
                }
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, server: Arc<Server>) {
    // Errors are ignored: both calls fail only if the client is gone or a fault cut the connection.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(&server, request));
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Records a request and returns its number.
pub(super) fn record(server: &Server, method: &str, params: &Value, files: &[Upload]) -> usize {
    let mut state = server.lock();
    state.calls.push(Call {
        method: method.to_owned(),
        at: now(),
        params: params.clone(),
        files: files.to_vec(),
        answered: None,
    });
    state.calls.len() - 1
}

impl State {
    /// Records the status of a response.
    pub(super) fn answered(&mut self, call: usize, status: u16) {
        if let Some(call) = self.calls.get_mut(call) {
            call.answered = Some(status);
        }
    }
}

async fn answer(server: &Arc<Server>, request: Request<Incoming>) -> Result<Response<AnswerBody>, Cut> {
    let path = decoded(request.uri().path());
    let (token, method, file_path) = route(&path);
    let (mut params, files, trouble) = match read(request).await {
        Ok((params, files)) => (params, files, None),
        Err(refusal) => (Map::new(), Vec::new(), Some(refusal)),
    };
    if let Some(file_path) = file_path {
        params.insert("file_path".to_owned(), file_path.into());
    }
    let params = Value::Object(params);
    let call = record(server, method, &params, &files);
    let fault = server.lock().next_fault(method);

    let carry_out = async {
        match trouble {
            _ if token != TOKEN => refuse(401, "Unauthorized").into(),
            Some(refusal) => refusal.into(),
            None => perform(server, method, &params, &files).await,
        }
    };
    let mut half = false;
    let reply = match fault {
        None => carry_out.await,
        Some(Fault::Drop) => return Err(Cut),
        Some(Fault::DropAfter) => {
            carry_out.await;
            return Err(Cut);
        }
        Some(Fault::Delay(time)) => {
            let reply = carry_out.await;
            sleep(time).await;
            reply
        }
        Some(Fault::TooMany { retry_after }) => Refusal {
            retry_after: Some(retry_after),
            ..refuse(429, &format!("Too Many Requests: retry after {retry_after}"))
        }
        .into(),
        Some(Fault::Status { code, description }) => refuse(code, &description).into(),
        Some(Fault::Garbage) => Reply {
            status: 502,
            kind: "text/html",
            body: Bytes::from_static(
                b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n",
            ),
        },
        Some(Fault::Page) => Reply {
            status: 200,
            kind: "text/html",
            body: Bytes::from_static(b"<html><body>Please log in to the network.</body></html>"),
        },
        Some(Fault::HalfBody) => {
            half = true;
            carry_out.await
        }
    };
    server.lock().answered(call, reply.status);
    Ok(response(reply, half))
}

fn response(reply: Reply, half: bool) -> Response<AnswerBody> {
    let whole = reply.body.len();
    let body = if half {
        AnswerBody {
            data: Some(reply.body.slice(..whole / 2)),
            cut: Some(Box::pin(sleep(Duration::from_millis(30)))),
        }
    } else {
        AnswerBody {
            data: Some(reply.body),
            cut: None,
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(reply.kind));
    headers.insert(CONTENT_LENGTH, whole.into());
    response
}

/// Splits a request path into the token, the method and, for a download, the path of the file.
fn route(path: &str) -> (&str, &str, Option<&str>) {
    if let Some((token, file)) = path
        .strip_prefix("/file/bot")
        .and_then(|rest| rest.split_once('/'))
    {
        return (token, "file", Some(file));
    }
    path.strip_prefix("/bot")
        .and_then(|rest| rest.split_once('/'))
        .map_or((TOKEN, "", None), |(token, method)| (token, method, None))
}

/// Carries out a request.
pub(super) async fn perform(server: &Server, method: &str, params: &Value, files: &[Upload]) -> Reply {
    let method = method.to_ascii_lowercase();
    let result = match method.as_str() {
        "file" => return download(&server.lock(), Params(params)),
        "getupdates" => match updates::get_updates(server, params).await {
            Ok(body) => return Reply::json(200, body),
            Err(refusal) => Err(refusal),
        },
        "setwebhook" => server
            .change(|state| webhook::set_webhook(state, params, files))
            .map(|result| webhook::described(&result, "Webhook was set")),
        "deletewebhook" => server
            .change(|state| webhook::delete_webhook(state, Params(params)))
            .map(|result| webhook::described(&result, "Webhook was deleted")),
        method => server
            .change(|state| methods::call(state, method, Params(params), files))
            .map(|result| json!({ "ok": true, "result": result })),
    };
    match result {
        Ok(body) => Reply::json(200, body.to_string()),
        Err(refusal) => refusal.into(),
    }
}

fn download(state: &State, params: Params<'_>) -> Reply {
    let path = params.text("file_path").unwrap_or_default();
    let file = state.files.values().find(|file| file.path == path);
    let Some(file) = file else {
        return refuse(404, "Not Found").into();
    };
    let body = match &file.bytes {
        Some(bytes) => Bytes::copy_from_slice(bytes),
        None => vec![0; usize::try_from(file.stored.size).unwrap_or(0)].into(),
    };
    Reply {
        status: 200,
        kind: "application/octet-stream",
        body,
    }
}
