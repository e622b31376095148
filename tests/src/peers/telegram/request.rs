//! Reads the parameters and files of a request, in every documented encoding.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyDataStream, BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use serde_json::{Map, Value};

use super::params::{Refusal, refuse};

/// The largest request body: a file of up to 50 MB, and the other parts of the form.
const LARGEST_BODY: usize = 52 * 1024 * 1024;
/// Parameters that remain strings even if they look like numbers.
const STRINGS: [&str; 24] = [
    "action",
    "animation",
    "audio",
    "callback_query_id",
    "caption",
    "description",
    "document",
    "file_id",
    "first_name",
    "language_code",
    "last_name",
    "name",
    "parse_mode",
    "performer",
    "phone_number",
    "photo",
    "secret_token",
    "short_description",
    "sticker",
    "text",
    "title",
    "url",
    "video",
    "voice",
];

/// A file that came with a request.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The name of the form field.
    pub field: String,
    /// The file name.
    pub name: String,
    /// The media type that the sender declared; may be empty.
    pub mime_type: String,
    /// The content.
    pub bytes: Arc<[u8]>,
}

/// Decodes the `%` escapes of a path.
pub(super) fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut pieces = path.split('%');
    bytes.extend(pieces.next().unwrap_or_default().bytes());
    for piece in pieces {
        let escaped = piece
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (escaped, piece.get(2..)) {
            (Some(byte), Some(rest)) => {
                bytes.push(byte);
                bytes.extend(rest.bytes());
            }
            (None, _) | (_, None) => {
                bytes.push(b'%');
                bytes.extend(piece.bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the parameters and files of a request in any documented encoding.
pub(super) async fn read(request: Request<Incoming>) -> Result<(Map<String, Value>, Vec<Upload>), Refusal> {
    let mut params = Map::new();
    let mut files = Vec::new();
    put_form(&mut params, request.uri().query().unwrap_or_default().as_bytes());
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let is_post = request.method() == Method::POST;
    let body = Limited::new(request.into_body(), LARGEST_BODY).collect().await;
    let body = body
        .map_err(|_| refuse(413, "Request Entity Too Large"))?
        .to_bytes();
    if !is_post || body.is_empty() {
        return Ok((params, files));
    }
    if kind.starts_with("application/json") {
        let parsed = serde_json::from_slice::<Value>(&body).ok();
        let Some(Value::Object(parsed)) = parsed else {
            return Err(refuse(400, "Bad Request: can't parse request JSON object"));
        };
        params.extend(parsed);
    } else if kind.starts_with("multipart/form-data") {
        read_multipart(&kind, body, &mut params, &mut files)
            .await
            .map_err(|_| refuse(400, "Bad Request: can't parse the form"))?;
    } else {
        put_form(&mut params, &body);
    }
    Ok((params, files))
}

fn put_form(params: &mut Map<String, Value>, form: &[u8]) {
    for (name, value) in form_urlencoded::parse(form) {
        let value = from_text(&name, &value);
        params.insert(name.into_owned(), value);
    }
}

/// Converts a form field to a parameter, and parses JSON in it.
fn from_text(name: &str, text: &str) -> Value {
    let parsed = if STRINGS.contains(&name) {
        None
    } else {
        serde_json::from_str(text)
            .ok()
            .filter(|value: &Value| !value.is_string())
    };
    parsed.unwrap_or_else(|| text.into())
}

async fn read_multipart(
    kind: &str,
    body: Bytes,
    params: &mut Map<String, Value>,
    files: &mut Vec<Upload>,
) -> Result<(), multer::Error> {
    let boundary = multer::parse_boundary(kind)?;
    let stream = BodyDataStream::new(Full::<Bytes>::new(body));
    let mut form = multer::Multipart::new(stream, boundary);
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        let mime_type = field.content_type().map(ToString::to_string);
        match field.file_name().map(str::to_owned) {
            Some(file_name) => files.push(Upload {
                field: name,
                name: file_name,
                mime_type: mime_type.unwrap_or_default(),
                bytes: field.bytes().await?.as_ref().into(),
            }),
            None => {
                let value = from_text(&name, &field.text().await?);
                params.insert(name, value);
            }
        }
    }
    Ok(())
}
