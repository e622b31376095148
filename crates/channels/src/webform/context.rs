//! The context in which the line handles a request to the web form: the texts, the pages and the intake.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    centre::{Centre, CentreInForce},
    contact::{message::RawMessage, provenance::Provenance},
    identifiers::{chance, ids, line_name::LineName, receipt::ReceiptCode},
    intake::{
        Accepted, Intake, LineOpening, NotAccepted,
        flood::{FloodGuard, PostEvidence, Surge},
    },
    text::locale::{Language, Locales, Words},
    time::{clock::Clock, hours::opens_in_words},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    fields::FormFields,
    guess_limit, pages,
    proof::{Challenge, Proofs},
    stored_post::StoredPost,
    upload::{RefusedUpload, drain},
};
use crate::{
    channel::Attachments,
    refusals::{Refusal, log_refusal},
};

/// The period, beginning when a form is shown, in which all posts of this form are added to one contact. After this period, a post whose
/// content differs from the form's first post opens another contact: a visitor may have saved the form page, and the post may come from
/// another visitor who uses the saved page.
///
/// If the id of a form was not created by `FormContext::form_id`, the time at which the form was shown is unknown. A post of such a form
/// opens another contact whenever its content differs from the form's first post.
const SAME_FORM: TimeDelta = TimeDelta::hours(3);

/// The pause between two attempts to quarantine the posts of a surge.
const SURGE_RETRY: Duration = Duration::from_secs(2);

/// The maximum time for which the post that exceeds the flood limit waits before it is stored. It waits until the earlier posts of the
/// surge are quarantined.
const SURGE_WAIT: Duration = Duration::from_secs(5);

/// The state that all requests to a web form line share.
pub struct FormLine {
    pub name: LineName,
    pub centre: CentreInForce,
    pub locales: Arc<Locales>,
    pub clock: Arc<dyn Clock>,
    pub guess_limit: guess_limit::GuessLimit,
    /// The opening hours of the line, and whether it is closed, as read for the last request. Empty if the database could not be read.
    pub opening: Mutex<LineOpening>,
    /// Decides whether posts need a proof of work. Each process that serves the line counts only the posts that this process receives.
    pub flood: Mutex<FloodGuard>,
    /// The proofs of work that visitors were asked for. Set when the line is served for the first time.
    pub proofs: OnceLock<Arc<Proofs>>,
    pub attachments: Attachments,
    /// Whether a visitor who leaves an e-mail address also receives answers by e-mail.
    pub answers_by_mail: bool,
}

impl FormLine {
    fn opening(&self) -> MutexGuard<'_, LineOpening> {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The query of a page.
#[derive(Deserialize)]
pub struct Chosen {
    pub lang: Option<String>,
}

/// The context of one request to the form.
#[derive(Clone)]
pub struct FormContext {
    pub line: Arc<FormLine>,
    pub intake: Arc<dyn Intake>,
    pub proofs: Arc<Proofs>,
    /// The size of the largest accepted request, in bytes.
    pub largest: usize,
}

/// Refuses a request that is too large. First reads and discards the body: otherwise the connection would close while the browser is
/// still sending, and the browser would show its own error page instead of the refusal.
pub async fn refuse_too_large(State(context): State<FormContext>, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length <= context.largest) {
        return next.run(request).await;
    }
    log_refusal(&context.line.name, Refusal::Body);
    let for_program = request.uri().path().starts_with("/api/");
    let words = context.words(request.headers(), language_in(request.uri()));
    let (title, text) = (words.say("too-large-title"), words.say("too-large-text"));
    drain(request.into_body()).await;
    if for_program {
        problem(StatusCode::PAYLOAD_TOO_LARGE, &text)
    } else {
        context.notice(words, StatusCode::PAYLOAD_TOO_LARGE, &title, &text)
    }
}

/// Reads the opening hours of the line from the database. Runs before a page is shown. If the database cannot be read, the line counts as
/// open.
pub async fn read_opening(State(context): State<FormContext>, request: Request, next: Next) -> Response {
    let opening = context.intake.opening(&context.line.name).await;
    if let Err(error) = &opening {
        tracing::warn!(error = %error, "It is unknown whether the line of the form is closed");
    }
    *context.line.opening() = opening.unwrap_or_default();
    next.run(request).await
}

/// Returns the value of the query parameter `lang` in a URL.
pub fn language_in(uri: &Uri) -> Option<&str> {
    let query = uri.query().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix("lang="))
}

/// Creates a JSON response that refuses a program's request.
pub fn problem(status: StatusCode, text: &str) -> Response {
    (status, Json(serde_json::json!({ "error": text }))).into_response()
}

/// Creates an id for a post whose form has no id.
pub fn new_id() -> String {
    data_encoding::HEXLOWER.encode(&chance::bytes::<16>())
}

impl FormContext {
    /// Returns the texts in the language `chosen`, else in the first supported language that the browser accepts, else in the centre's
    /// language.
    pub fn words(&self, headers: &HeaderMap, chosen: Option<&str>) -> &Words {
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|header| header.to_str().ok());
        let language = chosen
            .and_then(Language::parse)
            .or_else(|| accepted.and_then(Language::accepted))
            .unwrap_or(self.line.centre.settings().language);
        self.line.locales.of(language)
    }

    /// Returns a text that says when the closed line opens. Returns `None` if the line is open.
    pub fn closed(&self, words: &Words) -> Option<String> {
        let opens = self.line.opening().closed?.opens;
        Some(opens_in_words(
            words,
            opens,
            self.line.clock.now(),
            self.line.centre.settings().time_zone,
        ))
    }

    /// Returns whether administrators paused the line. It then accepts no posts, but its answer page still shows replies.
    pub fn is_paused(&self) -> bool {
        self.line.opening().paused
    }

    /// Returns the beginning of the locale keys that tell a visitor why a post cannot be stored now.
    pub fn refusal_key(&self) -> &'static str {
        if self.is_paused() {
            "form-paused"
        } else {
            "unavailable"
        }
    }

    /// Returns the locale key of the sentence that tells a visitor why a post cannot be stored now.
    pub fn refusal_title(&self) -> &'static str {
        if self.is_paused() {
            "form-paused-title"
        } else {
            "unavailable-title"
        }
    }

    /// Renders the page of a paused form.
    pub fn paused(&self, words: &Words) -> Response {
        let (title, text) = (words.say("form-paused-title"), words.say("form-paused-text"));
        self.notice(words, StatusCode::SERVICE_UNAVAILABLE, &title, &text)
    }

    /// Returns whether the stored hours say that the line is open. A line without stored hours is never closed, but promises nothing.
    pub fn is_open(&self) -> bool {
        let opening = self.line.opening();
        opening.hours.is_some() && opening.closed.is_none()
    }

    /// Returns the centre with the texts and opening hours in force.
    pub fn centre(&self) -> Centre {
        let hours = self.line.opening().hours.clone();
        self.line
            .centre
            .current()
            .with_hours(hours.as_deref(), &self.line.locales, self.line.clock.now())
    }

    /// Renders a page as a response.
    pub fn page(&self, page: &impl askama::Template) -> Response {
        match page.render() {
            Ok(html) => ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
            Err(error) => {
                tracing::error!(error = %error, "A page could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// Renders a page with a title and a text.
    pub fn notice(&self, words: &Words, status: StatusCode, title: &str, text: &str) -> Response {
        let centre = self.centre();
        let page = pages::Notice {
            words,
            centre: &centre,
            closed: self.closed(words),
            path: "/",
            title,
            text,
        };
        (status, self.page(&page)).into_response()
    }

    /// Renders the page that tells a visitor why a posted form was refused.
    pub fn refused(&self, words: &Words, refused: &RefusedUpload) -> Response {
        log_refusal(&self.line.name, Refusal::Body);
        let (status, title, text) = match refused {
            RefusedUpload::Files => (StatusCode::BAD_REQUEST, "files-title", "files-text"),
            RefusedUpload::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large-title", "too-large-text"),
            RefusedUpload::Unreadable => (StatusCode::BAD_REQUEST, "bad-form-title", "bad-form-text"),
        };
        self.notice(words, status, &words.say(title), &words.say(text))
    }

    /// Returns a challenge if posts need a proof of work now.
    pub fn challenge(&self) -> Option<Challenge> {
        let now = self.line.clock.now();
        let mut guard = self.line.flood.lock().unwrap_or_else(PoisonError::into_inner);
        guard.verdict(now).is_guarded().then(|| self.proofs.create(now))?
    }

    /// Returns a challenge if a receipt code with a proof of work is looked up sooner than others now.
    pub fn code_challenge(&self) -> Option<Challenge> {
        let is_asked = self.line.guess_limit.asks_for_proof();
        is_asked.then(|| self.proofs.create(self.line.clock.now()))?
    }

    /// Returns whether the entry of a receipt code contains a proof of work, and marks the proof as used. Used proofs of codes are counted apart
    /// from those of posts, so that somebody who guesses codes cannot use up the space for the others.
    pub fn is_code_proved(&self, fields: &FormFields) -> bool {
        let now = self.line.clock.now();
        !fields.proof.is_empty() && self.proofs.redeem_for_code(&fields.proof, now).is_ok()
    }

    /// Returns whether a post contains a proof of work, and marks the proof as used.
    pub fn is_proved(&self, fields: &FormFields) -> bool {
        !fields.proof.is_empty() && self.proofs.redeem(&fields.proof, self.line.clock.now()).is_ok()
    }

    /// Counts a post that opens a contact. Returns the provenance of the post: the evidence that a person sent it. The provenance decides
    /// whether the new contact is quarantined. `id` is the id that came with the request. It is empty if the request had none; the post is
    /// then stored with a new id.
    ///
    /// If the line is not guarded and the post exceeds the limit, the function starts to quarantine the earlier posts of the surge. It
    /// returns when these posts are quarantined, or after `SURGE_WAIT`. Without this wait, the service could crash after the response
    /// and before the quarantine is stored, and the statistics would include these posts.
    pub async fn observe_post(&self, fields: &FormFields, id: &str, posted: &StoredPost) -> Provenance {
        let now = self.line.clock.now();
        let key = match posted.digest() {
            Ok(digest) if !id.is_empty() => format!("{id} {digest}"),
            Ok(_) | Err(_) => new_id(),
        };
        let evidence = self.evidence(fields);
        let observed = {
            let mut guard = self.line.flood.lock().unwrap_or_else(PoisonError::into_inner);
            guard.observe(now, &key, evidence)
        };
        if let Some(surge) = observed.surge {
            tracing::warn!(line.name = %self.line.name, "Posts arrive unusually fast; the form asks for a proof of work");
            // The task continues even if the visitor closes the connection, and even if it needs longer than `SURGE_WAIT`.
            let intake = Arc::clone(&self.intake);
            let task = tokio::spawn(quarantine_surge(intake, self.line.name.clone(), surge));
            let _ = tokio::time::timeout(SURGE_WAIT, task).await;
        }
        observed.provenance
    }

    /// Returns the evidence that a person, not a robot, sent a post: a proof of work, a form token, or nothing. A form token counts only
    /// within `SAME_FORM` after the form was shown. During this time, all posts of the form belong to one contact, so one token keeps at
    /// most one contact out of quarantine.
    fn evidence(&self, fields: &FormFields) -> PostEvidence {
        if self.is_proved(fields) {
            return PostEvidence::Proof;
        }
        match self.shown_at(&fields.id) {
            Some(shown_at) if self.proofs.is_form_token(&fields.form_token, &fields.id) => {
                PostEvidence::Form { shown_at }
            }
            Some(_) | None => PostEvidence::Nothing,
        }
    }

    /// Creates the id for a form that the line is about to show. The id contains the current time.
    pub fn form_id(&self) -> String {
        ids::new(self.line.clock.now()).to_string()
    }

    /// Returns the time that the id of a form contains. Returns `None` if the id contains no time, or if this time differs from now by more
    /// than `SAME_FORM`.
    fn shown_at(&self, id: &str) -> Option<DateTime<Utc>> {
        let (seconds, nanos) = Uuid::try_parse(id).ok()?.get_timestamp()?.to_unix();
        let shown_at = DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)?;
        let is_recent = (self.line.clock.now() - shown_at).abs() <= SAME_FORM;
        is_recent.then_some(shown_at)
    }

    /// Stores a posted form. A second post with the same id and content counts as the same message. During the three hours (`SAME_FORM`)
    /// after the form was shown, a post with the same id and other content is a further message of the same contact.
    pub async fn accept_form(
        &self,
        id: &str,
        posted: StoredPost,
    ) -> Result<(Accepted, ReceiptCode), NotAccepted> {
        if id.is_empty() {
            return self.accept(&new_id(), None, posted).await;
        }
        let own = self.shown_at(id).is_some();
        if !own && !self.was_posted_before(id, &posted).await? {
            return self.accept(id, None, posted).await;
        }
        let code = self.intake.receipt_code(&self.line.name, id);
        let first = self.store(id.to_owned(), &code, posted.clone()).await?;
        if own && !first.fresh && !self.was_posted_before(id, &posted).await? {
            self.accept(id, Some(&code), posted).await?;
        }
        // A further message belongs to the contact of the form's first message, so the receipt shows the reference of that contact.
        Ok((first, code))
    }

    /// Returns whether the stored first post of the form `id` has the same content as `posted`.
    async fn was_posted_before(&self, id: &str, posted: &StoredPost) -> Result<bool, NotAccepted> {
        let before = self.intake.accepted_before(&self.line.name, id).await?;
        let before = before.and_then(|bytes| serde_json::from_slice::<StoredPost>(&bytes).ok());
        Ok(before.is_some_and(|before| before.has_same_content(posted)))
    }

    /// Stores a post on disk. `code` is the receipt code that a returning visitor entered. Creates a receipt code if `code` is `None`.
    pub async fn accept(
        &self,
        id: &str,
        code: Option<&ReceiptCode>,
        posted: StoredPost,
    ) -> Result<(Accepted, ReceiptCode), NotAccepted> {
        let external_id = format!("{id} {}", posted.digest()?);
        let code = code
            .cloned()
            .unwrap_or_else(|| self.intake.receipt_code(&self.line.name, &external_id));
        let accepted = self.store(external_id, &code, posted).await?;
        // The person can read the answer at once, also while somebody guesses codes.
        self.line
            .guess_limit
            .remember_right(self.intake.receipt_mark(&code));
        Ok((accepted, code))
    }

    async fn store(
        &self,
        external_id: String,
        code: &ReceiptCode,
        mut posted: StoredPost,
    ) -> Result<Accepted, NotAccepted> {
        posted.receipt = self.intake.receipt_mark(code);
        let raw = RawMessage {
            line: self.line.name.clone(),
            external_id,
            received_at: self.line.clock.now(),
            bytes: serde_json::to_vec(&posted).map_err(|error| NotAccepted(error.to_string()))?,
            cut_from: None,
        };
        let accepted = self.intake.accept(vec![raw], None).await?;
        let first = accepted.into_iter().next();
        first.ok_or_else(|| NotAccepted("nothing was written".to_owned()))
    }
}

/// Quarantines the earlier posts of a surge. Repeats the attempt until it succeeds.
async fn quarantine_surge(intake: Arc<dyn Intake>, line: LineName, surge: Surge) {
    while let Err(refused) = intake.quarantine_surge(&line, surge).await {
        tracing::error!(line.name = %line, error = %refused, "The posts of a surge could not be quarantined; trying again");
        tokio::time::sleep(SURGE_RETRY).await;
    }
}

/// Adds a header to a response that asks the client to retry after 30 seconds.
pub fn with_retry_after(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    response
}

/// Creates the response to a post that can't be stored now. `page` is the page that shows the typed text again.
pub fn unavailable(refused: &NotAccepted, page: Response) -> Response {
    tracing::error!(error = %refused, "A post could not be written down");
    let (mut parts, body) = page.into_parts();
    parts.status = StatusCode::SERVICE_UNAVAILABLE;
    with_retry_after(Response::from_parts(parts, body))
}
