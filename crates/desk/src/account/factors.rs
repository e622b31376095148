//! The second factors of the member of staff who is logged in (`/desk/me/factors`). Every change asks for the password again, and for a code
//! if the account has a second factor.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    identifiers::private::Private,
    staff::{recovery::RecoveryCode, rights::Right},
    text::{locale::Language, transliterate::to_latin},
};
use hotline_store::staff::{
    accounts::StaffMember,
    factors::{Factors, FullAuthentication, FullyReauthenticated, Reauthenticated, TotpOffer},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::{
        login::{take_turn, with_new_secret},
        qr::QrImage,
        second_step::EnrolForm,
    },
    http::{
        access::{Who, token},
        answers::{Answer, EmptyJson},
        errors::PageError,
        extractors::{Cookies, FormOrJson, ResponseFormat},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::{Attempt, Desk},
};

pub(crate) const FACTORS: &str = "/desk/me/factors";

/// The password and a code, typed again before a change of the second factors.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ProofAgainForm {
    /// The password of the account.
    #[schemars(with = "String")]
    password: Private<String>,
    /// Six digits of the authenticator app, or a recovery code. Needed if the account has an app. An account with only passkeys needs a
    /// recovery code, except in the first five minutes after a log-in with a passkey or a recovery code.
    #[serde(default)]
    #[schemars(with = "String")]
    code: Private<String>,
}

/// A secret for an authenticator app. It is stored only after a code has confirmed that the app has it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OfferJson {
    /// The secret in base 32, in groups of four characters.
    secret: String,
    /// The address (`otpauth://…`) that an app reads.
    address: String,
    /// The offer, to be sent back with a code.
    offer: String,
}

impl OfferJson {
    pub(crate) fn new(desk: &Desk, login: &str, offer: &TotpOffer) -> Self {
        Self {
            secret: offer.secret.grouped(),
            address: address(desk, login, offer),
            offer: offer.sealed.clone(),
        }
    }
}

/// The recovery codes of an account. No later response contains them.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RecoveryCodesJson {
    recovery_codes: Vec<String>,
}

/// An offered secret as a page shows it: as a QR code and as text.
pub(crate) struct ShownOffer {
    /// The QR code; `None` if the names in it are too long.
    pub qr: Option<QrImage>,
    /// The secret as people type it.
    pub secret: String,
    /// The offer, for the form.
    pub sealed: String,
}

impl ShownOffer {
    pub(crate) fn new(desk: &Desk, login: &str, offer: &TotpOffer) -> Self {
        Self {
            qr: QrImage::new(&address(desk, login, offer)),
            secret: offer.secret.grouped(),
            sealed: offer.sealed.clone(),
        }
    }
}

/// Returns the address that an app reads. The name of the centre is short and in Latin script, because each other character takes up to six
/// characters of the address, and a phone cannot read a QR code with too many modules.
fn address(desk: &Desk, login: &str, offer: &TotpOffer) -> String {
    offer
        .secret
        .address(&short_name(desk.centre.name.serbian()), login)
}

/// Returns the first words of a name, up to 24 characters.
fn short_name(name: &str) -> String {
    const LONGEST: usize = 24;
    let mut short = String::new();
    for word in to_latin(name).split_whitespace() {
        let length = short.chars().count() + word.chars().count() + 1;
        if !short.is_empty() && length > LONGEST {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.extend(word.chars().take(LONGEST));
    }
    short
}

/// Returns recovery codes as they are shown.
pub(crate) fn grouped(codes: &[RecoveryCode]) -> Vec<String> {
    codes.iter().map(RecoveryCode::grouped).collect()
}

#[derive(Template)]
#[template(path = "account/factors.html")]
struct FactorsPage<'a> {
    frame: Frame<'a>,
    factors: Factors,
    /// The name of the identity provider, which may be empty. `None`: there is no provider.
    provider: Option<&'a str>,
    /// Whether passkeys can be used.
    has_passkeys: bool,
    /// The address to which notices go, which may be empty. `None`: no line sends notices.
    notices: Option<String>,
    /// The form whose password or code was wrong, and the message; `None` if none was refused.
    wrong: Option<(&'static str, String)>,
}

impl FactorsPage<'_> {
    fn wrong_in(&self, form: &str) -> Option<&String> {
        let found = self.wrong.as_ref().filter(|(wrong, _)| *wrong == form);
        found.map(|(_, message)| message)
    }
}

#[derive(Template)]
#[template(path = "account/factor_offer.html")]
struct OfferPage<'a> {
    frame: Frame<'a>,
    offer: ShownOffer,
    refused: bool,
}

#[derive(Template)]
#[template(path = "account/recovery_codes.html")]
struct RecoveryCodesPage<'a> {
    frame: Frame<'a>,
    codes: Vec<String>,
}

/// `GET /desk/me/factors` and `GET /api/v1/me/factors`: shows the second factors.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<Factors>, PageError> {
    if format.is_json() {
        return Ok(Answer::Json(desk.store.factors(&me).await?));
    }
    Ok(Answer::Page(render(&desk, &jar, &me, None).await?))
}

/// `POST /desk/me/factors/totp/begin`: offers a secret for an authenticator app.
pub(crate) async fn begin(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<ProofAgainForm>,
) -> Result<Answer<OfferJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let again = match authenticate(&desk, &me, &token, &typed).await? {
        Ok(again) => again,
        Err(why) => return refuse(&desk, &jar, &me, format, ("begin", why)).await,
    };
    let offer = desk.store.offer_totp(&again, &token)?;
    if format.is_json() {
        return Ok(Answer::Json(OfferJson::new(&desk, &me.login, &offer)));
    }
    let page = written(&OfferPage {
        frame: Frame::new(&desk, &jar, &me, "own-account").await?,
        offer: ShownOffer::new(&desk, &me.login, &offer),
        refused: false,
    })?;
    Ok(Answer::Page(page))
}

/// `POST /desk/me/factors/totp`: sets up the app and shows the recovery codes. Only this response shows them.
pub(crate) async fn enrol(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<EnrolForm>,
) -> Result<Answer<RecoveryCodesJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    take_turn(&desk, Attempt::code(&me.login)).await?;
    let (offer, code) = (typed.offer.expose(), typed.code.expose());
    if let Some(codes) = desk.store.enrol_totp(&me, &token, offer, code).await? {
        let answer = answer_codes(&desk, &jar, &me, format, &codes).await?;
        return Ok(with_new_secret(&desk, &headers, answer).await);
    }
    let offered = desk.store.offered_totp(&token, offer);
    let offered = offered.filter(|_| !format.is_json());
    let offered = offered.ok_or(PageError::WrongCode)?;
    let page = written(&OfferPage {
        frame: Frame::new(&desk, &jar, &me, "own-account").await?,
        offer: ShownOffer::new(&desk, &me.login, &offered),
        refused: true,
    })?;
    let page = (StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
    Ok(Answer::Page(page))
}

/// `POST /desk/me/factors/remove`: removes the app, and the recovery codes if no passkey is left.
pub(crate) async fn remove(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<ProofAgainForm>,
) -> Result<Answer<EmptyJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let again = match authenticate(&desk, &me, &token, &typed).await? {
        Ok(again) => again,
        Err(why) => return refuse(&desk, &jar, &me, format, ("remove", why)).await,
    };
    desk.store.remove_totp(&again, &token).await?;
    let answer = format.answer(EmptyJson {}, FACTORS, Flash::FactorsRemoved);
    Ok(with_new_secret(&desk, &headers, answer).await)
}

/// `POST /desk/me/factors/recovery-codes`: makes new recovery codes and shows them. Only this response shows them.
pub(crate) async fn renew_codes(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(typed): FormOrJson<ProofAgainForm>,
) -> Result<Answer<RecoveryCodesJson>, PageError> {
    let token = token(&desk, &headers).ok_or(PageError::NotLoggedIn)?;
    let again = match authenticate(&desk, &me, &token, &typed).await? {
        Ok(again) => again,
        Err(why) => return refuse(&desk, &jar, &me, format, ("codes", why)).await,
    };
    let codes = desk.store.renew_recovery_codes(&again).await?;
    let answer = answer_codes(&desk, &jar, &me, format, &codes).await?;
    Ok(with_new_secret(&desk, &headers, answer).await)
}

/// Checks the password and the code in a form. The inner error says what is wrong.
pub(crate) async fn authenticate(
    desk: &Desk,
    me: &StaffMember,
    token: &str,
    typed: &ProofAgainForm,
) -> Result<Result<FullyReauthenticated, PageError>, PageError> {
    authenticate_fully(desk, me, token, (&typed.password, &typed.code)).await
}

/// Checks the password and the code that a member of staff typed again. The inner error says what is wrong.
pub(crate) async fn authenticate_fully(
    desk: &Desk,
    me: &StaffMember,
    token: &str,
    (password, code): (&Private<String>, &Private<String>),
) -> Result<Result<FullyReauthenticated, PageError>, PageError> {
    // A code is checked only after the right password, so the limit of passwords also limits codes.
    take_turn(desk, Attempt::on_known_device(&me.login)).await?;
    let proved = desk.store.authenticate_fully(me, token, password, code).await?;
    Ok(match proved {
        FullAuthentication::Right(again) => Ok(again),
        FullAuthentication::WrongPassword => Err(PageError::Bad("error-password-again")),
        FullAuthentication::NoCode => Err(PageError::Bad("error-code-again")),
        FullAuthentication::WrongCode => Err(PageError::WrongCode),
    })
}

/// Checks the password that a member of staff typed again. Returns `None` if it is wrong.
pub(crate) async fn authenticate_again(
    desk: &Desk,
    me: &StaffMember,
    password: &Private<String>,
) -> Result<Option<Reauthenticated>, PageError> {
    take_turn(desk, Attempt::on_known_device(&me.login)).await?;
    Ok(desk.store.authenticate_again(me, password).await?)
}

/// Refuses a change because the password or the code was wrong. `form` names the form that the message belongs to.
pub(crate) async fn refuse<T>(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    format: ResponseFormat,
    (form, why): (&'static str, PageError),
) -> Result<Answer<T>, PageError> {
    if format.is_json() {
        return Err(why);
    }
    let message = why.localized(desk.words(jar));
    Ok(Answer::Page(refused_page(desk, jar, me, form, message).await?))
}

/// Renders the page with the reason for which a change was refused. `form` names the form that the message belongs to.
pub(crate) async fn refused_page(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    form: &'static str,
    message: String,
) -> Result<Response, PageError> {
    let page = render(desk, jar, me, Some((form, message))).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    wrong: Option<(&'static str, String)>,
) -> Result<Response, PageError> {
    let notices = match desk.program.accounts.notices_line {
        Some(_) => desk
            .store
            .notice_address(me)
            .await?
            .map(|address| address.expose().clone())
            .or_else(|| Some(String::new())),
        None => None,
    };
    written(&FactorsPage {
        notices,
        frame: Frame::new(desk, jar, me, "own-account").await?,
        factors: desk.store.factors(me).await?,
        provider: desk.program.identity_provider.as_ref().map(|one| one.name()),
        has_passkeys: desk.store.has_passkeys(),
        wrong,
    })
}

async fn answer_codes(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    format: ResponseFormat,
    codes: &[RecoveryCode],
) -> Result<Answer<RecoveryCodesJson>, PageError> {
    if format.is_json() {
        return Ok(Answer::Json(RecoveryCodesJson {
            recovery_codes: grouped(codes),
        }));
    }
    Ok(Answer::Page(show_codes(desk, jar, me, codes).await?))
}

/// Renders the page that shows new recovery codes.
pub(crate) async fn show_codes(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    codes: &[RecoveryCode],
) -> Result<Response, PageError> {
    written(&RecoveryCodesPage {
        frame: Frame::new(desk, jar, me, "own-account").await?,
        codes: grouped(codes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_lists_the_first_words_of_the_centre() {
        let name = "Контакт центар за безбедност деце на интернету";
        assert_eq!(short_name(name), "Kontakt centar za");
        assert_eq!(short_name("Helpline"), "Helpline");
        assert_eq!(short_name(&"a".repeat(40)).len(), 24);
        assert_eq!(short_name(""), "");
    }

    #[test]
    fn a_phone_can_read_the_code_of_a_long_name() {
        use hotline_core::staff::totp::TotpSecret;
        let login = "a".repeat(40);
        let address = TotpSecret::draw().address(&short_name("Контакт центар за безбедност"), &login);
        let image = QrImage::new(&address).unwrap();
        assert!(image.size <= 65, "{} modules for {address}", image.size);
    }
}
