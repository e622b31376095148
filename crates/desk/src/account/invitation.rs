//! The pages behind a one-time link (`/desk/invitation#{secret}`), on which the invited person chooses a password.
//!
//! The secret is in the fragment of the link, which browsers send to no server. A script of the page posts it; without JavaScript, the
//! person pastes the link into a field. Servers, proxies and their logs therefore never see the secret in an address (OWASP ASVS 14.2.1).

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    identifiers::private::Private,
    text::{bilingual::Text, locale::Words},
};
use hotline_store::{
    error::{Conflict, StoreError},
    staff::{
        invitations::{Invitation, InvitationState},
        passwords::LONGEST_PASSWORD,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::{api::SessionJson, login::lead_on},
    http::{
        access::cookie_token,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        page::page as written,
    },
    state::Desk,
};

/// The secret of a link.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct LinkSecretForm {
    /// The secret at the end of the link, or the whole link.
    #[schemars(with = "String")]
    secret: Private<String>,
}

/// A one-time link.
#[derive(Serialize, JsonSchema)]
pub(crate) struct InvitationJson {
    state: InvitationState,
    /// The log-in name of the account; null if the link cannot be used.
    login: Option<String>,
    /// The name of the invited person; null if the link cannot be used.
    name: Option<String>,
}

/// The password that the invited person chose.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ChosenPasswordForm {
    /// The secret at the end of the link, or the whole link.
    #[schemars(with = "String")]
    secret: Private<String>,
    /// The password: 12 to 128 characters, hard to guess, and not in the list of breached passwords.
    #[schemars(with = "String")]
    password: Private<String>,
}

/// Returns the secret at the end of a link, whose address has it after `#`.
fn secret_of(typed: &Private<String>) -> &str {
    let link = typed.expose().trim();
    link.rsplit_once('#').map_or(link, |(_, secret)| secret)
}

#[derive(Template)]
#[template(path = "account/link_secret.html")]
struct LinkSecretPage<'a> {
    words: &'a Words,
    centre: &'a Text,
    /// Whether the address is that of an earlier version, which had the secret in its path.
    is_old_link: bool,
}

#[derive(Template)]
#[template(path = "account/invitation.html")]
struct InvitationPage<'a> {
    words: &'a Words,
    centre: &'a Text,
    /// The link, if it can be used; otherwise the page says why it cannot.
    open: Option<&'a Invitation>,
    /// The locale key that says why the link cannot be used.
    ended: &'static str,
    secret: &'a str,
    /// Why the password was refused; empty if none was refused.
    mistake: String,
}

/// `GET /desk/invitation`: the page of every link. Its script posts the secret, which the server does not know yet.
pub(crate) async fn page(State(desk): State<Desk>, Cookies(jar): Cookies) -> Result<Response, PageError> {
    secret_page(&desk, &jar, false)
}

/// `GET /desk/invitation/{secret}`: says that links of an earlier version cannot be used. The secret in the address is not read.
pub(crate) async fn explain_old_link(
    State(desk): State<Desk>,
    Cookies(jar): Cookies,
) -> Result<Response, PageError> {
    secret_page(&desk, &jar, true)
}

fn secret_page(desk: &Desk, jar: &CookieJar, is_old_link: bool) -> Result<Response, PageError> {
    let page = written(&LinkSecretPage {
        words: desk.words(jar),
        centre: &desk.centre.name,
        is_old_link,
    })?;
    let status = if is_old_link {
        StatusCode::GONE
    } else {
        StatusCode::OK
    };
    Ok((status, [(header::CACHE_CONTROL, "no-store")], page).into_response())
}

/// `POST /desk/invitation/open` and `POST /api/v1/invitation/open`: shows the form for the password, or why the link cannot be used. The path
/// differs from that of links, because a browser loads no page if only the fragment of its address changes.
pub(crate) async fn open(
    State(desk): State<Desk>,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    FormOrJson(form): FormOrJson<LinkSecretForm>,
) -> Result<Answer<InvitationJson>, PageError> {
    let secret = secret_of(&form.secret);
    let found = desk.store.invitation(secret).await?;
    if format.is_json() {
        let found = found.ok_or(PageError::NotFound)?;
        let is_open = found.state == InvitationState::Open;
        return Ok(Answer::Json(InvitationJson {
            state: found.state,
            login: is_open.then_some(found.member.login),
            name: is_open.then_some(found.member.name),
        }));
    }
    let page = render(&desk, &jar, found.as_ref(), secret, String::new())?;
    Ok(Answer::Page(page))
}

/// `POST /desk/invitation/accept` and `POST /api/v1/invitation/accept`: stores the password and logs the person in. A second factor of the
/// account is still needed. The session whose cookie the browser sent ends.
pub(crate) async fn accept(
    State(desk): State<Desk>,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(form): FormOrJson<ChosenPasswordForm>,
) -> Result<Answer<SessionJson>, PageError> {
    let secret = secret_of(&form.secret);
    let accepted = desk.store.accept_invitation(secret, &form.password).await;
    let begun = match accepted {
        Ok(accepted) => accepted,
        Err(error) if format.is_json() => return Err(error.into()),
        Err(StoreError::Conflict(
            why @ (Conflict::ShortPassword
            | Conflict::LongPassword
            | Conflict::WeakPassword
            | Conflict::BreachedPassword),
        )) => {
            let found = desk.store.invitation(secret).await?;
            let mistake = desk.words(&jar).say(why.key());
            let page = render(&desk, &jar, found.as_ref(), secret, mistake)?;
            return Ok(Answer::Page(page));
        }
        Err(StoreError::NotFound(_) | StoreError::Conflict(Conflict::InvitationEnded)) => {
            let found = desk.store.invitation(secret).await?;
            let page = render(&desk, &jar, found.as_ref(), secret, String::new())?;
            return Ok(Answer::Page(page));
        }
        Err(error) => return Err(error.into()),
    };
    // The earlier session of this browser is replaced and ends.
    if let Some(replaced) = cookie_token(&desk, &headers) {
        desk.store.log_out(&replaced).await?;
    }
    if format.is_json() {
        return Ok(Answer::Json(begun.into()));
    }
    Ok(Answer::Page(lead_on(&desk, jar, begun, None)))
}

fn render(
    desk: &Desk,
    jar: &CookieJar,
    found: Option<&Invitation>,
    secret: &str,
    mistake: String,
) -> Result<Response, PageError> {
    let (status, ended) = match found.map(|found| found.state) {
        Some(InvitationState::Open) if mistake.is_empty() => (StatusCode::OK, ""),
        Some(InvitationState::Open) => (StatusCode::UNPROCESSABLE_ENTITY, ""),
        Some(InvitationState::Used) => (StatusCode::GONE, "invitation-used"),
        Some(InvitationState::Expired) => (StatusCode::GONE, "invitation-expired"),
        Some(InvitationState::Replaced) => (StatusCode::GONE, "invitation-replaced"),
        None => (StatusCode::NOT_FOUND, "invitation-unknown"),
    };
    let page = written(&InvitationPage {
        words: desk.words(jar),
        centre: &desk.centre.name,
        open: found.filter(|_| ended.is_empty()),
        ended,
        secret,
        mistake,
    })?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((status, headers, page).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_read_from_a_whole_link_too() {
        for typed in [
            "abc-_1",
            " abc-_1\n",
            "https://desk.example.org/desk/invitation#abc-_1",
        ] {
            assert_eq!(secret_of(&typed.to_owned().into()), "abc-_1", "{typed}");
        }
    }
}
