//! What people see when something does not work: what happened and what to do, never the cause.

use axum::{
    Json,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use hotline_store::error::StoreError;

/// Why a page or an answer cannot be given.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Nobody is logged in.
    NotLoggedIn,
    /// The role lacks the right.
    MayNot,
    /// There is no such thing.
    NotFound,
    /// It cannot be done as things stand.
    Conflict(&'static str),
    /// What was sent makes no sense.
    Bad(String),
    /// Our fault. The number is in the log.
    Fault(u32),
}

impl PageError {
    fn parts(&self) -> (StatusCode, String) {
        match self {
            Self::NotLoggedIn => (StatusCode::UNAUTHORIZED, "Log in first.".to_owned()),
            Self::MayNot => (
                StatusCode::FORBIDDEN,
                "Your role has no right to this.".to_owned(),
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "There is no such thing here.".to_owned()),
            Self::Conflict(what) => (StatusCode::CONFLICT, format!("It was not done: {what}.")),
            Self::Bad(what) => (StatusCode::UNPROCESSABLE_ENTITY, what.clone()),
            Self::Fault(number) => {
                let text = format!(
                    "Something is wrong on our side. Try again; if it stays, tell who runs this: fault {number}."
                );
                (StatusCode::INTERNAL_SERVER_ERROR, text)
            }
        }
    }

    /// As JSON for programs, as a page for people.
    pub(crate) fn answer(&self, for_program: bool) -> Response {
        let (status, text) = self.parts();
        if for_program {
            return (status, Json(serde_json::json!({ "error": text }))).into_response();
        }
        (status, Html(page(&text))).into_response()
    }
}

fn page(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Hotline</title><link rel=\"stylesheet\" href=\"/desk.css\"></head>\
         <body class=\"plain\"><main><h1>Hotline</h1><p role=\"alert\">{text}</p>\
         <p><a href=\"/desk\">/desk</a></p></main></body></html>"
    )
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Self::NotFound,
            StoreError::Conflict(what) => Self::Conflict(what),
            StoreError::Database(_)
            | StoreError::Sealed(_)
            | StoreError::File(_)
            | StoreError::DiskFull(_) => {
                let [a, b, c, _] = hotline_core::chance::bytes();
                let number = u32::from_be_bytes([0, a, b, c]);
                tracing::error!(fault = number, error = %error, "Fault {number}");
                Self::Fault(number)
            }
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        self.answer(false)
    }
}

/// The same for programs.
pub(crate) struct ApiError(PageError);

impl<E: Into<PageError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.0.answer(true)
    }
}
