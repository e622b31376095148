//! What every request to the form needs: words, pages, and the way into the queue.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta};
use futures::StreamExt;
use hotline_core::{
    contact::message::RawMessage,
    identifiers::{chance, ids, receipt::ReceiptCode},
    intake::{Accepted, Intake, NotAccepted},
    text::locale::{Language, Words},
};
use uuid::Uuid;

use super::{Shared, arriving::RefusedUpload, pages, read::Posted};

/// Of a request that is too large, this much is read and thrown away before it is refused.
pub const MOST_DRAINED: usize = 64 << 20;
/// For no longer than this.
pub const PATIENCE_TO_DRAIN: Duration = Duration::from_secs(30);
/// For so long after it was shown a form adds to the contact it opened. An id that is older, or was not made here, may belong to a copy of
/// the form in which everybody sends the same id.
const SAME_FORM: TimeDelta = TimeDelta::hours(3);

/// What every request to the form needs.
#[derive(Clone)]
pub struct FormContext {
    pub shared: Arc<Shared>,
    pub intake: Arc<dyn Intake>,
    /// The largest request, in bytes.
    pub largest: usize,
}

/// Refuses what is too large kindly, after it was read: a browser that is cut off while it sends shows its own error
/// instead of ours.
pub async fn too_much(State(context): State<FormContext>, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length <= context.largest) {
        return next.run(request).await;
    }
    let for_program = request.uri().path().starts_with("/api/");
    let words = context.words(request.headers(), chosen_in(request.uri()));
    let (title, text) = (words.say("too-large-title"), words.say("too-large-text"));
    drain(request.into_body()).await;
    if for_program {
        problem(StatusCode::PAYLOAD_TOO_LARGE, &text)
    } else {
        context.notice(words, StatusCode::PAYLOAD_TOO_LARGE, &title, &text)
    }
}

/// The language that an address chooses.
pub fn chosen_in(uri: &Uri) -> Option<&str> {
    let query = uri.query().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix("lang="))
}

/// Reads a body to its end, up to a bound in bytes and time.
pub async fn drain(body: Body) {
    let mut pieces = body.into_data_stream();
    let mut left = MOST_DRAINED;
    let reading = async {
        while let Some(Ok(piece)) = pieces.next().await {
            match left.checked_sub(piece.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = tokio::time::timeout(PATIENCE_TO_DRAIN, reading).await;
}

/// What a program is told when its request is refused.
pub fn problem(status: StatusCode, text: &str) -> Response {
    (status, Json(serde_json::json!({ "error": text }))).into_response()
}

/// An id for a message without a form.
pub fn new_id() -> String {
    data_encoding::HEXLOWER.encode(&chance::bytes::<16>())
}

impl FormContext {
    /// Texts in the language chosen, else the first the browser asks for, else the centre's.
    pub fn words(&self, headers: &HeaderMap, chosen: Option<&str>) -> &Words {
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|header| header.to_str().ok());
        let language = chosen
            .and_then(Language::parse)
            .or_else(|| accepted.and_then(Language::accepted))
            .unwrap_or(self.shared.centre.language);
        self.shared.locales.of(language)
    }

    /// A page as an answer.
    pub fn page(&self, page: &impl askama::Template) -> Response {
        match page.render() {
            Ok(html) => ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
            Err(error) => {
                tracing::error!(error = %error, "A page could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// A page with one thing to tell.
    pub fn notice(&self, words: &Words, status: StatusCode, title: &str, text: &str) -> Response {
        let page = pages::Notice {
            words,
            centre: &self.shared.centre,
            path: "/",
            title,
            text,
        };
        (status, self.page(&page)).into_response()
    }

    /// What a visitor is told whose request holds no form.
    pub fn refused(&self, words: &Words, refused: &RefusedUpload) -> Response {
        let (status, title, text) = match refused {
            RefusedUpload::Files => (StatusCode::BAD_REQUEST, "files-title", "files-text"),
            RefusedUpload::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large-title", "too-large-text"),
            RefusedUpload::Unreadable => (StatusCode::BAD_REQUEST, "bad-form-title", "bad-form-text"),
        };
        self.notice(words, status, &words.say(title), &words.say(text))
    }

    /// An id for a form about to be shown. It says when that was.
    pub fn form_id(&self) -> String {
        ids::new(self.shared.clock.now()).to_string()
    }

    /// Whether an id was made by [`Self::form_id`] not long ago.
    fn is_own(&self, id: &str) -> bool {
        let made = Uuid::try_parse(id).ok().and_then(|id| id.get_timestamp());
        let made = made.and_then(|made| {
            let (seconds, nanos) = made.to_unix();
            DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
        });
        made.is_some_and(|made| (self.shared.clock.now() - made).abs() <= SAME_FORM)
    }

    /// Writes down what was typed into a form. The same again is the same message; another text under the same id is a further message of
    /// the contact that the form opened.
    pub async fn accept_form(
        &self,
        id: &str,
        posted: Posted,
    ) -> Result<(Accepted, ReceiptCode), NotAccepted> {
        if id.is_empty() {
            return self.accept(&new_id(), None, posted).await;
        }
        let own = self.is_own(id);
        if !own && !self.was_posted_before(id, &posted).await? {
            return self.accept(id, None, posted).await;
        }
        let code = self.intake.receipt_code(&self.shared.name, id);
        let first = self.write_down(id.to_owned(), &code, posted.clone()).await?;
        if own && !first.fresh && !self.was_posted_before(id, &posted).await? {
            self.accept(id, Some(&code), posted).await?;
        }
        // The reference of what the form opened: a further message has none of its own.
        Ok((first, code))
    }

    /// Whether the first post of the form with this id said the same.
    async fn was_posted_before(&self, id: &str, posted: &Posted) -> Result<bool, NotAccepted> {
        let before = self.intake.accepted_before(&self.shared.name, id).await?;
        let before = before.and_then(|bytes| serde_json::from_slice::<Posted>(&bytes).ok());
        Ok(before.is_some_and(|before| before.says_the_same(posted)))
    }

    /// Writes a post down. It is on disk when this returns. Who comes back has a `code` already; who comes first gets one.
    pub async fn accept(
        &self,
        id: &str,
        code: Option<&ReceiptCode>,
        posted: Posted,
    ) -> Result<(Accepted, ReceiptCode), NotAccepted> {
        let external_id = format!("{id} {}", posted.digest()?);
        let code = code
            .cloned()
            .unwrap_or_else(|| self.intake.receipt_code(&self.shared.name, &external_id));
        let accepted = self.write_down(external_id, &code, posted).await?;
        Ok((accepted, code))
    }

    async fn write_down(
        &self,
        external_id: String,
        code: &ReceiptCode,
        mut posted: Posted,
    ) -> Result<Accepted, NotAccepted> {
        posted.receipt = self.intake.receipt_mark(code);
        let raw = RawMessage {
            line: self.shared.name.clone(),
            external_id,
            received_at: self.shared.clock.now(),
            bytes: serde_json::to_vec(&posted).map_err(|error| NotAccepted(error.to_string()))?,
            cut_from: None,
        };
        let accepted = self.intake.accept(vec![raw], None).await?;
        let first = accepted.into_iter().next();
        first.ok_or_else(|| NotAccepted("nothing was written".to_owned()))
    }
}

/// Says when to try again.
pub fn later(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    response
}
