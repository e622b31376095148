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
use futures::StreamExt;
use hotline_core::{
    chance,
    intake::{Accepted, Intake, NotAccepted},
    locale::{Language, Words},
    message::RawMessage,
    receipt::ReceiptCode,
};
use sha2::{Digest, Sha256};

use super::{Shared, pages, read::Posted, typed::Refused};

/// Of a request that is too large, this much is read and thrown away before it is refused.
const MOST_DRAINED: usize = 64 << 20;

/// What every request to the form needs.
#[derive(Clone)]
pub struct Door {
    pub shared: Arc<Shared>,
    pub intake: Arc<dyn Intake>,
    /// The largest request, in bytes.
    pub largest: usize,
}

/// Refuses what is too large kindly, after it was read: a browser that is cut off while it sends shows its own error
/// instead of ours.
pub async fn too_much(State(door): State<Door>, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length <= door.largest) {
        return next.run(request).await;
    }
    let for_program = request.uri().path().starts_with("/api/");
    let words = door.words(request.headers(), chosen_in(request.uri()));
    let (title, text) = (words.say("too-large-title"), words.say("too-large-text"));
    drain(request.into_body()).await;
    if for_program {
        problem(StatusCode::PAYLOAD_TOO_LARGE, &text)
    } else {
        door.notice(words, StatusCode::PAYLOAD_TOO_LARGE, &title, &text)
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
    let _ = tokio::time::timeout(Duration::from_secs(30), reading).await;
}

/// What a program is told when its request is refused.
pub fn problem(status: StatusCode, text: &str) -> Response {
    (status, Json(serde_json::json!({ "error": text }))).into_response()
}

/// An id for a form about to be shown.
pub fn new_id() -> String {
    data_encoding::HEXLOWER.encode(&chance::bytes::<16>())
}

impl Door {
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
    pub fn refused(&self, words: &Words, refused: &Refused) -> Response {
        let (title, text) = match refused {
            Refused::Files => ("files-title", "files-text"),
            Refused::Unreadable => ("bad-form-title", "bad-form-text"),
        };
        self.notice(
            words,
            StatusCode::BAD_REQUEST,
            &words.say(title),
            &words.say(text),
        )
    }

    /// Writes a post down. It is on disk when this returns. Who comes back has a `code` already; who comes first gets one.
    pub async fn accept(
        &self,
        id: &str,
        code: Option<&ReceiptCode>,
        mut posted: Posted,
    ) -> Result<(Accepted, ReceiptCode), NotAccepted> {
        let line = &self.shared.name;
        let text = serde_json::to_vec(&posted).map_err(|error| NotAccepted(error.to_string()))?;
        let external_id = format!("{id} {}", data_encoding::HEXLOWER.encode(&Sha256::digest(&text)));
        let code = code
            .cloned()
            .unwrap_or_else(|| self.intake.receipt_code(line, &external_id));
        posted.receipt = self.intake.receipt_mark(&code);
        let raw = RawMessage {
            line: line.clone(),
            external_id,
            received_at: self.shared.clock.now(),
            bytes: serde_json::to_vec(&posted).map_err(|error| NotAccepted(error.to_string()))?,
            cut_from: None,
        };
        let accepted = self.intake.accept(vec![raw], None).await?;
        let accepted = accepted
            .into_iter()
            .next()
            .ok_or_else(|| NotAccepted("nothing was written".to_owned()))?;
        Ok((accepted, code))
    }
}

/// Says when to try again.
pub fn later(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    response
}
