//! The address to which notices about the own account go (`/desk/me/notices`). Every change asks for the password again, and for a code if the
//! account has a second factor.

use axum::{extract::State, http::HeaderMap};
use hotline_core::{identifiers::private::Private, text::address};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::factors::{FACTORS, authenticate_fully, refuse, refused_page},
    http::{
        access::{Who, token},
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        flash::Flash,
    },
    state::Desk,
};

/// The name of the form on the page of the second factors.
const FORM: &str = "notices";

/// The address to which notices about the own account go.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NoticesJson {
    /// Whether the settings name a line that sends notices.
    enabled: bool,
    /// The e-mail address. `null`: no notices are sent.
    address: Option<String>,
}

/// A new address for notices.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticesForm {
    /// The e-mail address. If it is empty, no notices are sent any more.
    #[serde(default)]
    #[schemars(with = "String")]
    address: Private<String>,
    /// The password of the account, typed again.
    #[schemars(with = "String")]
    password: Private<String>,
    /// Six digits of the authenticator app, or a recovery code, as for a change of the second factors.
    #[serde(default)]
    #[schemars(with = "String")]
    code: Private<String>,
}

/// `GET /api/v1/me/notices`: returns the address.
pub(crate) async fn show(State(desk): State<Desk>, Who(me): Who) -> Result<Answer<NoticesJson>, PageError> {
    let address = desk.store.notice_address(&me).await?;
    Ok(Answer::Json(NoticesJson {
        enabled: desk.program.accounts.notices_line.is_some(),
        address: address.map(|address| address.expose().clone()),
    }))
}

/// `POST …/me/notices`: changes the address. The earlier address gets a notice about the change.
pub(crate) async fn set(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(form): FormOrJson<NoticesForm>,
) -> Result<Answer<NoticesJson>, PageError> {
    const INVALID: PageError = PageError::Bad("error-notice-address");
    let typed = form.address.expose().trim();
    let canonical = address::canonical(typed);
    if canonical.is_none() && !typed.is_empty() {
        if format.is_json() {
            return Err(INVALID);
        }
        let message = INVALID.localized(desk.words(&jar));
        return Ok(Answer::Page(refused_page(&desk, &jar, &me, FORM, message).await?));
    }
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let proof = (&form.password, &form.code);
    let again = match authenticate_fully(&desk, &me, &token, proof).await? {
        Ok(again) => again,
        Err(why) => return refuse(&desk, &jar, &me, format, (FORM, why)).await,
    };
    desk.store
        .set_notice_address(&again, canonical.as_deref())
        .await?;
    let json = NoticesJson {
        enabled: desk.program.accounts.notices_line.is_some(),
        address: canonical,
    };
    Ok(format.answer(json, FACTORS, Flash::NoticeAddressSaved))
}
