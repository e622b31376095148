//! Erasing one person (`/desk/contacts/{reference}/erase-person`): a preview of all contacts of the person, the erasure after the password
//! was typed again, and a receipt.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::{private::Private, reference::Reference},
    staff::rights::Right,
    text::locale::Language,
};
use hotline_store::{
    contacts::erase::person::{ContactToErase, PersonErased},
    staff::accounts::StaffMember,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::factors::authenticate_again,
    contact::open::parse_reference,
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{ContactPath, Cookies, FormOrJson, ResponseFormat},
        page::{Frame, page as written},
    },
    state::Desk,
};

/// What erasing a person erases, or erased.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PersonErasureJson {
    /// The contacts of the person. Empty after the erasure.
    contacts: Vec<ContactToEraseJson>,
    /// When the contacts were erased. `null` in the preview.
    erased_at: Option<DateTime<Utc>>,
    /// The references of the contacts that were erased.
    erased: Vec<String>,
}

/// A contact of the person.
#[derive(Serialize, JsonSchema)]
struct ContactToEraseJson {
    reference: String,
    opened_at: DateTime<Utc>,
    line: String,
    /// Why the contact cannot be erased now, in English. `null` if it can.
    kept: Option<String>,
}

/// The order to erase a person.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasePersonForm {
    /// The references that the preview showed, separated by spaces.
    #[serde(default)]
    seen: String,
    /// The password of the account, typed again.
    #[schemars(with = "String")]
    password: Private<String>,
}

#[derive(Template)]
#[template(path = "retention/person.html")]
struct PersonPage<'a> {
    frame: Frame<'a>,
    reference: Reference,
    contacts: Vec<ContactToErase>,
    /// What was erased. `None` in the preview.
    erased: Option<PersonErased>,
    /// The message that the password was wrong.
    wrong: Option<String>,
}

impl PersonPage<'_> {
    fn seen(&self) -> String {
        let references: Vec<String> = self
            .contacts
            .iter()
            .map(|one| one.reference.to_string())
            .collect();
        references.join(" ")
    }

    fn is_possible(&self) -> bool {
        self.contacts.iter().all(|one| one.kept.is_none())
    }

    fn kept(&self, one: &ContactToErase) -> String {
        one.kept
            .map(|why| self.frame.words.say(why.key()))
            .unwrap_or_default()
    }

    fn count(&self) -> String {
        let count = i64::try_from(self.contacts.len()).unwrap_or(i64::MAX);
        self.frame.words.counted("erase-person-count", count)
    }
}

/// `GET …/contacts/{reference}/erase-person`: shows what is erased.
pub(crate) async fn preview(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(ContactPath { reference }): Path<ContactPath>,
) -> Result<Answer<PersonErasureJson>, PageError> {
    let reference = parse_reference(&reference)?;
    if format.is_json() {
        let contacts = desk.store.contacts_of_person(reference).await?;
        let json = |one: ContactToErase| ContactToEraseJson {
            reference: one.reference.to_string(),
            opened_at: one.opened_at,
            line: one.line,
            kept: one.kept.map(|why| why.to_string()),
        };
        return Ok(Answer::Json(PersonErasureJson {
            contacts: contacts.into_iter().map(json).collect(),
            erased_at: None,
            erased: Vec::new(),
        }));
    }
    Ok(Answer::Page(render(&desk, &jar, &me, reference, None).await?))
}

/// `POST …/contacts/{reference}/erase-person`: erases all contacts of the person, and shows the receipt.
pub(crate) async fn erase(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(ContactPath { reference }): Path<ContactPath>,
    FormOrJson(form): FormOrJson<ErasePersonForm>,
) -> Result<Answer<PersonErasureJson>, PageError> {
    const WRONG: PageError = PageError::Bad("error-password-again");
    let reference = parse_reference(&reference)?;
    let seen: Result<Vec<Reference>, PageError> = form.seen.split_whitespace().map(parse_reference).collect();
    let Some(who) = authenticate_again(&desk, &me, &form.password).await? else {
        if format.is_json() {
            return Err(WRONG);
        }
        let message = WRONG.localized(desk.words(&jar));
        let page = render(&desk, &jar, &me, reference, Some(message)).await?;
        return Ok(Answer::Page(
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
        ));
    };
    let erased = desk.store.erase_person(&who, reference, &seen?).await?;
    if format.is_json() {
        return Ok(Answer::Json(PersonErasureJson {
            contacts: Vec::new(),
            erased_at: Some(erased.at),
            erased: erased.references.iter().map(Reference::to_string).collect(),
        }));
    }
    Ok(Answer::Page(written(&PersonPage {
        frame: Frame::new(&desk, &jar, &me, "inbox").await?,
        reference,
        contacts: Vec::new(),
        erased: Some(erased),
        wrong: None,
    })?))
}

pub(super) async fn render(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    reference: Reference,
    wrong: Option<String>,
) -> Result<Response, PageError> {
    written(&PersonPage {
        contacts: desk.store.contacts_of_person(reference).await?,
        frame: Frame::new(desk, jar, me, "inbox").await?,
        reference,
        erased: None,
        wrong,
    })
}
