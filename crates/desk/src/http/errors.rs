//! Error messages for people and API clients. A message names the problem and the remedy; the internal cause is only logged.

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

/// The result of a handler.
pub(crate) type PageResult = Result<Response, PageError>;

/// The error of a failed request.
#[derive(Debug, Clone)]
pub(crate) enum PageError {
    /// The request has no valid session.
    NotLoggedIn,
    /// The log-in name or the password is wrong.
    WrongLogIn,
    /// The role lacks the right.
    MayNot,
    /// The object or the address does not exist.
    NotFound,
    /// The state of the data does not allow the action.
    Conflict(Conflict),
    /// The request is invalid; holds the locale key of the message.
    Bad(&'static str),
    /// The JSON body has unknown, missing or wrong fields; holds the message that names them.
    Body(String),
    /// The request body is too large.
    TooLarge,
    /// An internal error; holds the number under which its cause is logged.
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

    /// Logs an internal error under a random number, which is shown to the person.
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

/// Renders the error of a response as a page in the person's language or, for an API request, as JSON in English.
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
        // A 400 without a `PageError` means that a path parameter could not be parsed, so the object cannot exist.
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

/// Returns the error for unknown addresses of the desk.
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

/// Attaches the error to the response as an extension, which [`spoken`] renders.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
