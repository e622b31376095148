//! The form's addresses.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Form, Query, Request, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use futures::StreamExt;
use hotline_core::{
    chance,
    intake::{Accepted, Intake, NotAccepted},
    locale::{Language, Words},
    message::{Asks, RawMessage},
    receipt::ReceiptCode,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Shared, pages, read::Posted};

/// The longest message, in characters.
pub const LONGEST: usize = 20_000;
/// The longest address of a page that is reported, in characters.
const LONGEST_URL: usize = 8_000;
/// The largest request, in bytes: more than the longest message in any script, percent-encoded.
const LARGEST: usize = 1 << 20;
/// Of a larger one, this much is read and thrown away before it is refused.
const MOST_DRAINED: usize = 64 << 20;

/// What a request needs.
#[derive(Clone)]
pub struct Desk {
    shared: Arc<Shared>,
    intake: Arc<dyn Intake>,
}

/// Every address of the form.
pub fn routes(shared: Arc<Shared>, intake: Arc<dyn Intake>) -> Router {
    let desk = Desk { shared, intake };
    Router::new()
        .route("/", get(home))
        .route("/advice", get(advice).post(send_advice))
        .route("/report", get(report).post(send_report))
        .route("/answer", get(answer).post(read_answer))
        .route("/answer/write", post(write_again))
        .route("/api/v1/contacts", post(api))
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(middleware::from_fn_with_state(desk.clone(), too_much))
        .with_state(desk)
        .route(
            "/public.css",
            get(|| asset("text/css; charset=utf-8", include_str!("../../assets/public.css"))),
        )
        .route(
            "/public.js",
            get(|| {
                asset(
                    "text/javascript; charset=utf-8",
                    include_str!("../../assets/public.js"),
                )
            }),
        )
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "public, max-age=3600"),
        ],
        text,
    )
}

/// A file, or a text without end, is refused kindly: the form takes addresses (requirement P1). What comes is read to its end
/// and thrown away first, since a browser that is cut off while it sends shows its own error instead of ours.
async fn too_much(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let file = text_of(request.headers(), header::CONTENT_TYPE)
        .to_ascii_lowercase()
        .starts_with("multipart/");
    let length = text_of(request.headers(), header::CONTENT_LENGTH).parse::<usize>();
    let large = length.is_ok_and(|length| length > LARGEST);
    if !file && !large {
        return next.run(request).await;
    }
    let for_program = request.uri().path().starts_with("/api/");
    let query = request.uri().query().unwrap_or_default();
    let words = desk.words(
        request.headers(),
        query.split('&').find_map(|pair| pair.strip_prefix("lang=")),
    );
    let (status, title, text) = if file {
        (
            StatusCode::BAD_REQUEST,
            words.say("files-title"),
            words.say("files-text"),
        )
    } else {
        (
            StatusCode::PAYLOAD_TOO_LARGE,
            words.say("too-large-title"),
            words.say("too-large-text"),
        )
    };
    drain(request.into_body()).await;
    if for_program {
        problem(status, &text)
    } else {
        desk.notice(words, status, &title, &text)
    }
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Reads a body to its end, up to a bound in bytes and time.
async fn drain(body: axum::body::Body) {
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

#[derive(Deserialize)]
struct Chosen {
    lang: Option<String>,
}

async fn home(State(desk): State<Desk>, Query(chosen): Query<Chosen>, headers: HeaderMap) -> Response {
    let words = desk.words(&headers, chosen.lang.as_deref());
    desk.page(&pages::Home {
        words,
        centre: &desk.shared.centre,
        path: "/",
    })
}

async fn advice(state: State<Desk>, chosen: Query<Chosen>, headers: HeaderMap) -> Response {
    empty_form(state, chosen, headers, Asks::Advice)
}

async fn report(state: State<Desk>, chosen: Query<Chosen>, headers: HeaderMap) -> Response {
    empty_form(state, chosen, headers, Asks::Report)
}

fn empty_form(
    State(desk): State<Desk>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
    asks: Asks,
) -> Response {
    let words = desk.words(&headers, chosen.lang.as_deref());
    let typed = Typed {
        id: new_id(),
        ..Typed::default()
    };
    desk.page(&pages::Form {
        words,
        centre: &desk.shared.centre,
        path: path_of(asks),
        asks,
        typed: &typed,
        mistakes: &[],
    })
}

/// What the form's fields hold.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// Made when the form was shown.
    pub id: String,
    /// The language it was shown in.
    pub lang: String,
    /// What was written.
    pub message: String,
    /// The address that is reported.
    pub url: String,
    /// Where else the visitor wants the answer.
    pub reply_to: String,
    /// The receipt code, when a visitor comes back.
    pub code: String,
}

impl Typed {
    /// What was typed, without what means nothing to anybody: NULs, blank ends, the browser's own line ends.
    fn cleaned(self) -> Self {
        let clean = |text: String| text.replace('\0', "").replace("\r\n", "\n").trim().to_owned();
        Self {
            message: clean(self.message),
            url: clean(self.url),
            reply_to: clean(self.reply_to),
            ..self
        }
    }
}

async fn send_advice(
    state: State<Desk>,
    headers: HeaderMap,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    send(state, headers, form, Asks::Advice).await
}

async fn send_report(
    state: State<Desk>,
    headers: HeaderMap,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    send(state, headers, form, Asks::Report).await
}

async fn send(
    State(desk): State<Desk>,
    headers: HeaderMap,
    form: Result<Form<Typed>, FormRejection>,
    asks: Asks,
) -> Response {
    let typed = match form {
        Ok(Form(typed)) => typed.cleaned(),
        Err(rejection) => return desk.unreadable_form(&headers, &rejection),
    };
    let words = desk.words(&headers, Some(&typed.lang));
    let mistakes = mistakes_in(&typed, asks);
    if !mistakes.is_empty() {
        let form = pages::Form {
            words,
            centre: &desk.shared.centre,
            path: path_of(asks),
            asks,
            typed: &typed,
            mistakes: &mistakes,
        };
        return (StatusCode::UNPROCESSABLE_ENTITY, desk.page(&form)).into_response();
    }
    let id = if typed.id.is_empty() {
        new_id()
    } else {
        typed.id.clone()
    };
    let posted = posted(&typed, Some(asks), words.language());
    match desk.accept(&id, None, posted).await {
        Ok((accepted, code)) => desk.page(&pages::Receipt {
            words,
            centre: &desk.shared.centre,
            path: "/",
            reference: accepted.reference.to_string(),
            code: code.spoken(),
        }),
        Err(refused) => desk.unavailable(words, &refused),
    }
}

/// A mistake: the field it is in, and the key of what to say.
pub type Mistake = (&'static str, &'static str);

fn mistakes_in(typed: &Typed, asks: Asks) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let said = !typed.message.trim().is_empty();
    match asks {
        Asks::Advice if !said => mistakes.push(("message", "mistake-message-empty")),
        Asks::Report if !said && typed.url.trim().is_empty() => {
            mistakes.push(("url", "mistake-report-empty"))
        }
        Asks::Advice | Asks::Report => {}
    }
    if typed.message.chars().count() > LONGEST {
        mistakes.push(("message", "mistake-message-long"));
    }
    if typed.url.chars().count() > LONGEST_URL {
        mistakes.push(("url", "mistake-url-long"));
    }
    if !typed.reply_to.trim().is_empty() && !is_address(&typed.reply_to) {
        mistakes.push(("reply_to", "mistake-reply-to"));
    }
    mistakes
}

fn is_address(text: &str) -> bool {
    text.trim().parse::<lettre::Address>().is_ok()
}

async fn answer(State(desk): State<Desk>, Query(chosen): Query<Chosen>, headers: HeaderMap) -> Response {
    let words = desk.words(&headers, chosen.lang.as_deref());
    desk.page(&pages::Enter {
        words,
        centre: &desk.shared.centre,
        path: "/answer",
        mistake: None,
    })
}

async fn read_answer(
    State(desk): State<Desk>,
    headers: HeaderMap,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    match form {
        Ok(Form(typed)) => desk.conversation(&headers, typed, &[], None).await,
        Err(rejection) => desk.unreadable_form(&headers, &rejection),
    }
}

async fn write_again(
    State(desk): State<Desk>,
    headers: HeaderMap,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let typed = match form {
        Ok(Form(typed)) => typed.cleaned(),
        Err(rejection) => return desk.unreadable_form(&headers, &rejection),
    };
    let mut mistakes = Vec::new();
    if typed.message.trim().is_empty() {
        mistakes.push(("message", "mistake-message-empty"));
    } else if typed.message.chars().count() > LONGEST {
        mistakes.push(("message", "mistake-message-long"));
    }
    if !mistakes.is_empty() {
        return desk.conversation(&headers, typed, &mistakes, None).await;
    }
    desk.conversation(&headers, typed, &[], Some(())).await
}

/// A post as JSON.
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
}

async fn api(State(desk): State<Desk>, headers: HeaderMap, body: axum::body::Bytes) -> Response {
    let post: ApiPost = match serde_json::from_slice(&body) {
        Ok(post) => post,
        Err(error) => {
            return problem(
                StatusCode::BAD_REQUEST,
                &format!("this is not the JSON expected here: {error}"),
            );
        }
    };
    let Some(asks) = Asks::parse(&post.kind) else {
        return problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "`kind` is \"advice\" or \"report\"",
        );
    };
    let language = match post.language.as_deref().map(Language::parse) {
        Some(None) => {
            return problem(
                StatusCode::UNPROCESSABLE_ENTITY,
                "`language` is \"sr-Cyrl\", \"sr-Latn\" or \"en\"",
            );
        }
        Some(Some(language)) => language,
        None => desk.shared.centre.language,
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
    let typed = Typed {
        message: post.message.unwrap_or_default(),
        url: post.url.unwrap_or_default(),
        reply_to: post.reply_to.unwrap_or_default(),
        ..Typed::default()
    }
    .cleaned();
    if typed.message.trim().is_empty() && typed.url.trim().is_empty() {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "give a `message` or a `url`");
    }
    if let Some((field, mistake)) = mistakes_in(&typed, Asks::Report).first() {
        let words = desk.shared.locales.of(Language::En);
        return problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            &format!("`{field}`: {}", words.say(mistake)),
        );
    }
    match desk
        .accept(&key, None, posted(&typed, Some(asks), language))
        .await
    {
        Ok((accepted, code)) => {
            let answer = serde_json::json!({
                "reference": accepted.reference.to_string(),
                "receipt_code": code.spoken(),
            });
            (StatusCode::CREATED, Json(answer)).into_response()
        }
        Err(refused) => {
            tracing::error!(error = %refused, "A post could not be written down");
            let mut response = problem(
                StatusCode::SERVICE_UNAVAILABLE,
                "it could not be stored now; please try again",
            );
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
            response
        }
    }
}

fn problem(status: StatusCode, text: &str) -> Response {
    (status, Json(serde_json::json!({ "error": text }))).into_response()
}

fn posted(typed: &Typed, kind: Option<Asks>, language: Language) -> Posted {
    Posted {
        kind,
        message: typed.message.clone(),
        url: typed.url.clone(),
        language,
        reply_to: typed.reply_to.clone(),
        receipt: String::new(),
    }
}

fn path_of(asks: Asks) -> &'static str {
    match asks {
        Asks::Advice => "/advice",
        Asks::Report => "/report",
    }
}

/// An id for a form about to be shown.
pub fn new_id() -> String {
    data_encoding::HEXLOWER.encode(&chance::bytes::<16>())
}

impl Desk {
    fn words(&self, headers: &HeaderMap, chosen: Option<&str>) -> &Words {
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|header| header.to_str().ok());
        let language = chosen
            .and_then(Language::parse)
            .or_else(|| accepted.and_then(Language::accepted))
            .unwrap_or(self.shared.centre.language);
        self.shared.locales.of(language)
    }

    fn page(&self, page: &impl askama::Template) -> Response {
        match page.render() {
            Ok(html) => ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
            Err(error) => {
                tracing::error!(error = %error, "A page could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    fn notice(&self, words: &Words, status: StatusCode, title: &str, text: &str) -> Response {
        let page = pages::Notice {
            words,
            centre: &self.shared.centre,
            path: "/",
            title,
            text,
        };
        (status, self.page(&page)).into_response()
    }

    fn unreadable_form(&self, headers: &HeaderMap, rejection: &FormRejection) -> Response {
        let words = self.words(headers, None);
        let status = rejection.status();
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            return self.notice(
                words,
                status,
                &words.say("too-large-title"),
                &words.say("too-large-text"),
            );
        }
        self.notice(
            words,
            StatusCode::BAD_REQUEST,
            &words.say("bad-form-title"),
            &words.say("bad-form-text"),
        )
    }

    fn unavailable(&self, words: &Words, refused: &NotAccepted) -> Response {
        tracing::error!(error = %refused, "A post could not be written down");
        let (title, text) = (words.say("unavailable-title"), words.say("unavailable-text"));
        let mut response = self.notice(words, StatusCode::SERVICE_UNAVAILABLE, &title, &text);
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
        response
    }

    /// Writes a post down. It is on disk when this returns.
    /// Who comes back has a `code` already; who comes first gets one.
    async fn accept(
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

    /// The conversation of a receipt code; with `send`, what was typed is written down first.
    async fn conversation(
        &self,
        headers: &HeaderMap,
        typed: Typed,
        mistakes: &[Mistake],
        send: Option<()>,
    ) -> Response {
        let words = self.words(headers, Some(&typed.lang));
        let enter = |mistake: &'static str| {
            let page = pages::Enter {
                words,
                centre: &self.shared.centre,
                path: "/answer",
                mistake: Some(mistake),
            };
            (StatusCode::UNPROCESSABLE_ENTITY, self.page(&page)).into_response()
        };
        let Some(code) = ReceiptCode::parse(&typed.code) else {
            self.shared.slow.wrong().await;
            return enter("mistake-code");
        };
        if !self.shared.slow.turn(&code).await {
            return enter("mistake-code-later");
        }
        let mut found = match self.intake.conversation(&self.shared.name, &code).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                self.shared.slow.wrong().await;
                return enter("mistake-code");
            }
            Err(refused) => return self.unavailable(words, &refused),
        };
        let mut sent = false;
        if send.is_some() {
            let posted = posted(&typed, None, words.language());
            let text = posted.message.clone();
            let id = if typed.id.is_empty() {
                new_id()
            } else {
                typed.id.clone()
            };
            match self
                .accept(
                    &format!("{} {id}", self.intake.receipt_mark(&code)),
                    Some(&code),
                    posted,
                )
                .await
            {
                Ok((accepted, _)) => {
                    sent = true;
                    let shown_already =
                        !accepted.fresh && found.said.iter().any(|said| said.text.expose() == &text);
                    if !shown_already {
                        let at = self.shared.clock.now();
                        found.said.push(hotline_core::intake::Said {
                            by_us: false,
                            at,
                            text: text.into(),
                        });
                    }
                }
                Err(refused) => return self.unavailable(words, &refused),
            }
        }
        let id = if mistakes.is_empty() {
            new_id()
        } else {
            typed.id.clone()
        };
        let page = pages::Conversation {
            words,
            centre: &self.shared.centre,
            path: "/answer",
            reference: found.reference.to_string(),
            code: code.spoken(),
            said: pages::shown(&found.said, self.shared.centre.time_zone),
            typed: if sent { "" } else { &typed.message },
            id,
            sent,
            mistakes,
        };
        let status = if mistakes.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        (status, self.page(&page)).into_response()
    }
}
