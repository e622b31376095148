//! The page and the API call with which members of staff change their own passwords.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{identifiers::private::Private, staff::rights::Right, text::locale::Language};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::passwords::LONGEST_PASSWORD,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    account::login::{take_turn, with_new_secret},
    http::{
        access::{Who, token},
        answers::{Answer, EmptyJson},
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        page::{Frame, page as written},
    },
    state::{Attempt, Desk},
};

/// The current password and the new password.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PasswordForm {
    /// The current password.
    #[schemars(with = "String")]
    current: Private<String>,
    /// The new password: 12 to 128 characters, hard to guess, and not in the list of breached passwords.
    #[schemars(with = "String")]
    new: Private<String>,
}

#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage<'a> {
    frame: Frame<'a>,
    /// The name of the invalid form field, and the error message for that field; `None` if no field is invalid.
    wrong: Option<(&'static str, String)>,
    done: bool,
}

impl PasswordPage<'_> {
    fn wrong_in(&self, field: &str) -> Option<&String> {
        let found = self.wrong.as_ref().filter(|(wrong, _)| *wrong == field);
        found.map(|(_, said)| said)
    }
}

/// `GET /desk/me/password`: shows the form for changing the password.
pub(crate) async fn page(
    State(desk): State<Desk>,
    jar: CookieJar,
    Who(me): Who,
) -> Result<Response, PageError> {
    let frame = Frame::new(&desk, &jar, &me, "password").await?;
    written(&PasswordPage {
        frame,
        wrong: None,
        done: false,
    })
}

/// `POST /desk/me/password`: changes the password and ends all other sessions of this member of staff. The session of a browser gets
/// a new secret.
pub(crate) async fn change(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(change): FormOrJson<PasswordForm>,
) -> Result<Answer<EmptyJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    take_turn(&desk, Attempt::on_known_device(&me.login)).await?;
    let changed = desk
        .store
        .change_password(&me, &token, &change.current, &change.new)
        .await;
    let wrong = match changed {
        Ok(true) => None,
        Ok(false) => Some(("current", PageError::Bad("error-current-password"))),
        Err(StoreError::Conflict(
            why @ (Conflict::ShortPassword
            | Conflict::LongPassword
            | Conflict::WeakPassword
            | Conflict::BreachedPassword),
        )) => Some(("new", PageError::Bad(why.key()))),
        Err(error) => return Err(error.into()),
    };
    if format.is_json() {
        return match wrong {
            Some((_, error)) => Err(error),
            None => Ok(with_new_secret(&desk, &headers, Answer::Json(EmptyJson {})).await),
        };
    }
    let words = desk.words(&jar);
    let frame = Frame::new(&desk, &jar, &me, "password").await?;
    let status = match wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let done = wrong.is_none();
    let page = written(&PasswordPage {
        done,
        wrong: wrong.map(|(field, error)| (field, error.localized(words))),
        frame,
    })?;
    let answer = Answer::Page((status, page).into_response());
    Ok(match done {
        true => with_new_secret(&desk, &headers, answer).await,
        false => answer,
    })
}
