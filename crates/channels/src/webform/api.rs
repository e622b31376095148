//! The JSON interface of the web form, through which the centre's own website can post messages.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use hotline_core::{
    contact::{message::Asks, writer::Writer},
    text::locale::Language,
};
use serde::Deserialize;
use serde_json::error::Category;

use super::{
    context::{FormContext, new_id, problem, with_retry_after},
    fields::{FormFields, is_multipart},
    form_kind::FormKind,
    stored_post::StoredPost,
};
use crate::refusals::{Refusal, log_refusal};

/// The JSON body of a post.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiPost {
    kind: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    reply_to: Option<String>,
    /// Who writes: `child`, `parent`, `teacher`, `adult` or `reporter`.
    #[serde(default)]
    writer: Option<Writer>,
    #[serde(default)]
    name: Option<String>,
    /// The age of the person who writes, in years.
    #[serde(default)]
    age: Option<u8>,
    /// The solution of a challenge from `/challenge`, as JSON in base64.
    #[serde(default)]
    proof: Option<String>,
}

/// Handles `POST /api/v1/contacts`.
pub async fn post(State(context): State<FormContext>, headers: HeaderMap, body: Bytes) -> Response {
    if is_multipart(&headers) {
        return problem(
            StatusCode::BAD_REQUEST,
            "this takes JSON, and no files: send the address where they are as `url`",
        );
    }
    let (fields, mut post) = match parse_post(&context, &body) {
        Ok(parsed) => parsed,
        Err((status, text)) => {
            log_refusal(&context.line.name, Refusal::Body);
            return problem(status, &text);
        }
    };
    let key = match headers
        .get("idempotency-key")
        .map(|key| key.to_str().unwrap_or_default())
    {
        Some(key) if key.is_empty() || key.len() > 255 => {
            return problem(
                StatusCode::BAD_REQUEST,
                "`Idempotency-Key` is 1 to 255 visible characters, best a random UUID",
            );
        }
        Some(key) => format!("key {key}"),
        None => new_id(),
    };
    post.provenance = context.observe_post(&fields, &key, &post).await;
    match context.accept(&key, None, post).await {
        Ok((accepted, code)) => {
            let answer = serde_json::json!({
                "reference": accepted.reference.to_string(),
                "receipt_code": code.spoken(),
            });
            (StatusCode::CREATED, Json(answer)).into_response()
        }
        Err(refused) => {
            tracing::error!(error = %refused, "A post could not be written down");
            let why = if context.is_paused() {
                "the form is closed at the moment"
            } else {
                "it could not be stored now; please try again"
            };
            with_retry_after(problem(StatusCode::SERVICE_UNAVAILABLE, why))
        }
    }
}

/// Parses and checks the body of a request. Returns the HTTP status and the text of the error response if the body is invalid.
fn parse_post(context: &FormContext, body: &[u8]) -> Result<(FormFields, StoredPost), (StatusCode, String)> {
    let post: ApiPost = serde_json::from_slice(body).map_err(|error| {
        let text = format!("this is not the JSON expected here: {error}");
        let status = match error.classify() {
            // A field is unknown, missing or of the wrong type. The text of the error response names the field.
            Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
            Category::Io | Category::Syntax | Category::Eof => StatusCode::BAD_REQUEST,
        };
        (status, text)
    })?;
    let wrong = |text: &str| (StatusCode::UNPROCESSABLE_ENTITY, text.to_owned());
    let asks = Asks::parse(&post.kind).ok_or_else(|| wrong("`kind` is \"advice\" or \"report\""))?;
    let language = match post.language.as_deref() {
        Some(tag) => {
            Language::parse(tag).ok_or_else(|| wrong("`language` is \"sr-Cyrl\", \"sr-Latn\" or \"en\""))?
        }
        None => context.line.centre.settings().language,
    };
    let fields = FormFields {
        message: post.message.unwrap_or_default(),
        url: post.url.unwrap_or_default(),
        reply_to: post.reply_to.unwrap_or_default(),
        writer: post.writer,
        name: post.name.unwrap_or_default(),
        age: post.age.map(|age| age.to_string()).unwrap_or_default(),
        proof: post.proof.unwrap_or_default(),
        ..FormFields::default()
    }
    .cleaned();
    if fields.message.is_empty() && fields.url.is_empty() {
        return Err(wrong("give a `message` or a `url`"));
    }
    // A request for advice is checked by the same rules as a report, because a program may send a request for advice with only a URL and
    // no message.
    if let Some((field, mistake)) = fields.mistakes(FormKind::Report).first() {
        let words = context.line.locales.of(Language::En);
        return Err(wrong(&format!("`{field}`: {}", words.say(mistake))));
    }
    let posted = StoredPost::new(&fields, Some(asks), language);
    Ok((fields, posted))
}
