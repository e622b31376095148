//! Error messages for people and API clients. A message names the problem and the remedy. Internal causes appear only in the log.

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as DescribedResponse},
};
use askama::Template;
use axum::{
    Json,
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    staff::factors::LogInStep,
    text::locale::{Language, Words},
};
use hotline_store::error::{Conflict, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    http::{answers::describe_content, page},
    refusals::{Refusal, RefusedAccount, log_refusal},
    state::Desk,
};

/// The error of a failed request.
#[derive(Debug, Clone)]
pub(crate) enum PageError {
    /// The request has no valid session.
    NotLoggedIn,
    /// The log-in name or the password is wrong.
    WrongLogIn,
    /// The code of a second factor is wrong, or was used before.
    WrongCode,
    /// The answer of a device with a passkey was refused.
    PasskeyRefused,
    /// The log-in lacks this step.
    Incomplete(LogInStep),
    /// The role of the member of staff lacks the required right.
    MayNot,
    /// The file is locked as suspected abuse material. Nobody may open it.
    Locked,
    /// The identity of the person is masked. The member of staff can reveal it, and then repeat the request.
    Masked,
    /// The scanner found malware with this name. Nobody may open or send the file.
    Malware(String),
    /// The file cannot be opened or sent now, because the scanner cannot examine it.
    NotScanned,
    /// No object or page exists at the requested URL.
    NotFound,
    /// The action is not possible in the current state of the data, for example because a colleague was faster.
    Conflict(Conflict),
    /// The request is invalid. The value is the locale key of the message.
    Bad(&'static str),
    /// The JSON body has unknown, missing or wrong fields. The value is the message that names these fields.
    Body(String),
    /// The request body is too large.
    TooLarge,
    /// The member of staff opened or downloaded too much in a minute. The value is the number of seconds to wait.
    TooOften(u64),
    /// An internal error. The value is a random number that the log entry with the cause also contains.
    Fault(u32),
}

impl PageError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotLoggedIn | Self::WrongLogIn => StatusCode::UNAUTHORIZED,
            Self::WrongCode | Self::PasskeyRefused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MayNot | Self::Locked | Self::Masked | Self::Malware(_) | Self::Incomplete(_) => {
                StatusCode::FORBIDDEN
            }
            Self::NotScanned => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Bad(_) | Self::Body(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the cause that the log names if this error refuses a request; `None` for other errors. Refused log-ins are in the audit.
    fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::MayNot => Some(Refusal::MissingRight),
            Self::Locked => Some(Refusal::LockedFile),
            Self::Masked => Some(Refusal::MaskedIdentity),
            Self::Malware(_) => Some(Refusal::Malware),
            Self::Body(_) | Self::TooLarge => Some(Refusal::Body),
            Self::Bad(key) => (*key == UNREADABLE_BODY).then_some(Refusal::Body),
            Self::TooOften(_) => Some(Refusal::Limit),
            Self::NotLoggedIn
            | Self::WrongLogIn
            | Self::WrongCode
            | Self::PasskeyRefused
            | Self::Incomplete(_)
            | Self::NotScanned
            | Self::NotFound
            | Self::Conflict(_)
            | Self::Fault(_) => None,
        }
    }

    /// Returns the response to a refused request, for which the log names this cause. `account` is that of the member of staff who sent it.
    pub(crate) fn refusing(self, cause: Refusal, account: Option<Uuid>) -> Response {
        let mut response = self.into_response();
        response.extensions_mut().insert(cause);
        if let Some(account) = account {
            response.extensions_mut().insert(RefusedAccount(account));
        }
        response
    }

    /// Logs an internal error with a random number. The error message that the user sees contains the same number, so that the log entry
    /// can be found.
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
            Self::WrongCode => words.say("log-in-code-refused"),
            Self::PasskeyRefused => words.say("passkey-refused"),
            Self::Incomplete(LogInStep::Enrol) => words.say("error-log-in-enrol"),
            Self::Incomplete(LogInStep::Code | LogInStep::Complete) => words.say("error-log-in-code"),
            Self::MayNot => words.say("error-may-not"),
            Self::Locked => words.say("error-locked"),
            Self::Masked => words.say("error-masked"),
            Self::Malware(name) => words.with("error-malware", "name", name),
            Self::NotScanned => words.say("error-not-scanned"),
            Self::NotFound => words.say("error-not-found"),
            Self::Conflict(why) => words.with("error-conflict", "why", &words.say(why.key())),
            Self::Bad(key) => words.say(key),
            Self::Body(said) => said.clone(),
            Self::TooLarge => words.say("too-large-title"),
            Self::TooOften(seconds) => words.with("error-too-often", "seconds", &seconds.to_string()),
            Self::Fault(number) => words.with("error-fault", "number", &number.to_string()),
        }
    }
}

/// The body of every error response of the API.
#[derive(Serialize, JsonSchema)]
struct ErrorJson {
    /// The problem and its remedy, in English.
    error: String,
}

/// The HTTP statuses of error responses, each with its meaning.
const STATUSES: [(u16, &str); 9] = [
    (401, "Not logged in, or the log-in was refused"),
    (
        403,
        "The role of this member of staff lacks the right, the log-in lacks a second factor, or the file is locked",
    ),
    (
        404,
        "The object does not exist, or a parameter could not be parsed",
    ),
    (409, "The present state of the data does not allow it"),
    (413, "The body is too large"),
    (422, "The body or a parameter is invalid"),
    (
        429,
        "This member of staff opened or downloaded too much in a minute; `Retry-After` has the seconds to wait",
    ),
    (
        500,
        "An internal error; the message has the number under which its cause is logged",
    ),
    (503, "Overloaded or out of disk space; try again later"),
];

/// Returns descriptions of the error responses with these statuses, for the OpenAPI document.
pub(crate) fn describe_errors(
    ctx: &mut GenContext,
    statuses: &[u16],
) -> Vec<(Option<u16>, DescribedResponse)> {
    let chosen = STATUSES.iter().filter(|(status, _)| statuses.contains(status));
    chosen
        .map(|(status, meaning)| {
            let schema = ctx.schema.subschema_for::<ErrorJson>();
            let response = describe_content(meaning, [("application/json", schema)]);
            (Some(*status), response)
        })
        .collect()
}

/// Describes the errors that any handler can return. Each extractor adds its own errors, and each route that requires a right adds the
/// error for a missing right.
impl OperationOutput for PageError {
    type Inner = Self;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, DescribedResponse)> {
        describe_errors(ctx, &[401, 404, 409, 422, 500, 503])
    }
}

#[derive(Template)]
#[template(path = "http/error.html")]
struct ErrorPage<'a> {
    words: &'a Words,
    said: String,
}

/// Marks a response to another program whose protocol states the status. No page replaces it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForProgram;

/// The locale key of the message about an unreadable body.
pub(crate) const UNREADABLE_BODY: &str = "error-form";

/// Logs a refused request, and renders the error of a response. API requests get JSON in English. All other requests get a page in the
/// reader's language.
pub(crate) async fn render_error(
    State(desk): State<Desk>,
    jar: CookieJar,
    request: Request,
    next: Next,
) -> Response {
    let for_api = request.uri().path().starts_with("/api/");
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let error = match response.extensions().get::<PageError>() {
        Some(error) => error,
        // Status 400 without a `PageError` means that a path parameter could not be parsed, so no object can have this path.
        None if response.status() == StatusCode::BAD_REQUEST
            && response.extensions().get::<ForProgram>().is_none() =>
        {
            &PageError::NotFound
        }
        None => return response,
    };
    let cause = response.extensions().get::<Refusal>().copied();
    if let Some(cause) = cause.or_else(|| error.refusal()) {
        let account = response.extensions().get::<RefusedAccount>();
        let route = route.as_ref().map_or("", MatchedPath::as_str);
        log_refusal(account.map(|account| account.0), cause, route);
    }
    let words = desk.words(&jar);
    let rendered = if for_api {
        let message = error.localized(desk.locales.of(Language::En));
        (error.status(), Json(ErrorJson { error: message })).into_response()
    } else {
        let said = error.localized(words);
        match page::page(&ErrorPage { words, said }) {
            Ok(page) => (error.status(), page).into_response(),
            Err(_) => error.status().into_response(),
        }
    };
    if let PageError::TooOften(seconds) = error {
        return with_retry_after(rendered, *seconds);
    }
    rendered
}

/// Adds the header that says after how many seconds the request can be repeated.
fn with_retry_after(mut response: Response, seconds: u64) -> Response {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Returns the error for unknown URLs of the desk.
pub(crate) async fn not_found() -> PageError {
    PageError::NotFound
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Self::NotFound,
            StoreError::Locked => Self::Locked,
            StoreError::Conflict(why) => Self::Conflict(why),
            StoreError::Database(_)
            | StoreError::Sealed(_)
            | StoreError::File(_)
            | StoreError::Backlog(_)
            | StoreError::DatabaseMoved
            | StoreError::Outdated
            | StoreError::Migrating
            | StoreError::DiskFull(_) => Self::fault(&error),
        }
    }
}

/// Stores the error in the extensions of the response, where [`render_error`] finds it.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
