//! What people see when something does not work: what happened and what to do, in their language, never the cause.

use askama::Template;
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::text::locale::{Language, Words};
use hotline_store::error::{Conflict, StoreError};

use crate::{http::page, state::Desk};

/// What a handler of a page or of the API gives back.
pub(crate) type PageResult = Result<Response, PageError>;

/// Why a page or an answer cannot be given.
#[derive(Debug, Clone)]
pub(crate) enum PageError {
    /// Nobody is logged in.
    NotLoggedIn,
    /// A name or password is wrong.
    WrongLogIn,
    /// The role lacks the right.
    MayNot,
    /// There is no such thing.
    NotFound,
    /// It cannot be done as things stand.
    Conflict(Conflict),
    /// What was sent makes no sense: the key of what to say.
    Bad(&'static str),
    /// A body of JSON holds what is not known or lacks what is needed: in words, with the names of the fields.
    Body(String),
    /// More was sent than is taken.
    TooLarge,
    /// Our fault. The number is in the log.
    Fault(u32),
}

impl PageError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotLoggedIn | Self::WrongLogIn => StatusCode::UNAUTHORIZED,
            Self::MayNot => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Bad(_) | Self::Body(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Something of ours broke: the log says what, under a number that the person reads.
    pub(crate) fn fault(error: impl std::fmt::Display) -> Self {
        let [a, b, c, _] = hotline_core::identifiers::chance::bytes();
        let number = u32::from_be_bytes([0, a, b, c]);
        tracing::error!(fault = number, %error, "Fault {number}");
        Self::Fault(number)
    }

    pub(crate) fn localized(&self, words: &Words) -> String {
        match self {
            Self::NotLoggedIn => words.say("error-not-logged-in"),
            Self::WrongLogIn => words.say("log-in-refused"),
            Self::MayNot => words.say("error-may-not"),
            Self::NotFound => words.say("error-not-found"),
            Self::Conflict(why) => words.with("error-conflict", "why", &words.say(why.key())),
            Self::Bad(key) => words.say(key),
            Self::Body(said) => said.clone(),
            Self::TooLarge => words.say("too-large-title"),
            Self::Fault(number) => words.with("error-fault", "number", &number.to_string()),
        }
    }
}

#[derive(Template)]
#[template(path = "http/error.html")]
struct ErrorPage<'a> {
    words: &'a Words,
    said: String,
}

/// Puts what went wrong into words: a page in the person's language, or JSON for a program.
pub(crate) async fn spoken(
    State(desk): State<Desk>,
    jar: CookieJar,
    request: Request,
    next: Next,
) -> Response {
    let for_program = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let error = match response.extensions().get::<PageError>() {
        Some(error) => error,
        // An address in which a part cannot be read leads to nothing.
        None if response.status() == StatusCode::BAD_REQUEST => &PageError::NotFound,
        None => return response,
    };
    if for_program {
        let said = error.localized(desk.locales.of(Language::En));
        return (error.status(), Json(serde_json::json!({ "error": said }))).into_response();
    }
    let words = desk.words(&jar);
    let said = error.localized(words);
    match page::page(&ErrorPage { words, said }) {
        Ok(page) => (error.status(), page).into_response(),
        Err(_) => error.status().into_response(),
    }
}

/// There is no such page of the desk.
pub(crate) async fn nothing() -> PageError {
    PageError::NotFound
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Self::NotFound,
            StoreError::Conflict(why) => Self::Conflict(why),
            StoreError::Database(_)
            | StoreError::Sealed(_)
            | StoreError::File(_)
            | StoreError::Backlog(_)
            | StoreError::DatabaseMoved
            | StoreError::DiskFull(_) => Self::fault(&error),
        }
    }
}

/// [`spoken`] finds the error and puts it into words.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
