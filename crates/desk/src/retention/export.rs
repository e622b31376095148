//! What the centre keeps about one person, as a file for this person (`…/contacts/{reference}/export-person`): the right of access, GDPR
//! article 15. The file contains all contacts of the address or account, unmasked.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::{private::Private, reference::Reference},
    text::locale::Words,
    time::local::format_time,
};
use hotline_reports::labels::channel_name;
use hotline_store::{
    contacts::detail::{ContactDetail, Message},
    db::values::Direction,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    account::factors::authenticate_again,
    contact::{api::ContactJson, open::parse_reference},
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{ContactPath, Cookies, FormOrJson, ResponseFormat},
    },
    retention::person::render,
    state::Desk,
};

/// The order to export what is kept about a person.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportPersonForm {
    /// The references that the preview showed (`GET …/erase-person`), separated by spaces.
    #[serde(default)]
    seen: String,
    /// The password of the account, typed again.
    #[schemars(with = "String")]
    password: Private<String>,
    /// Whether the desk sends the file as JSON instead of as a readable page. The API always answers JSON.
    #[serde(default)]
    #[schemars(skip)]
    json: bool,
}

/// What the centre keeps about a person.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PersonDataJson {
    /// The name of the centre.
    centre: String,
    exported_at: DateTime<Utc>,
    /// The contacts of the person that are not erased, oldest first, with all messages, replies and notes. Of files, they name the name, type
    /// and size.
    contacts: Vec<ContactJson>,
}

#[derive(Template)]
#[template(path = "retention/person_data.html")]
struct PersonDataPage<'a> {
    words: &'a Words,
    centre: &'a str,
    exported_at: DateTime<Utc>,
    contacts: Vec<ContactDetail>,
    desk: &'a Desk,
}

impl PersonDataPage<'_> {
    fn at(&self, at: &DateTime<Utc>) -> String {
        format_time(*at, self.desk.centre.time_zone)
    }

    fn channel(&self, contact: &ContactDetail) -> String {
        channel_name(self.words, &contact.channel)
    }

    fn author(&self, message: &Message) -> String {
        let key = match message.direction {
            Direction::In => "the-person",
            Direction::Reply => "person-data-reply",
            Direction::Note => "note",
            Direction::Call => "person-data-call",
            Direction::Automatic => "acknowledgement",
            Direction::Notice => "person-data-notice",
        };
        self.words.say(key)
    }
}

/// `POST …/contacts/{reference}/export-person`: returns what is kept about the person of a contact.
pub(crate) async fn export(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Path(ContactPath { reference }): Path<ContactPath>,
    FormOrJson(form): FormOrJson<ExportPersonForm>,
) -> Result<Answer<PersonDataJson>, PageError> {
    const WRONG: PageError = PageError::Bad("error-password-again");
    let reference = parse_reference(&reference)?;
    let words = desk.words(&jar);
    let Some(who) = authenticate_again(&desk, &me, &form.password).await? else {
        if format.is_json() {
            return Err(WRONG);
        }
        let page = render(&desk, &jar, &me, reference, Some(WRONG.localized(words))).await?;
        return Ok(Answer::Page(
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
        ));
    };
    let seen: Result<Vec<Reference>, PageError> = form.seen.split_whitespace().map(parse_reference).collect();
    let contacts = desk.store.export_person(&who, reference, &seen?).await?;
    let (centre, exported_at) = (desk.centre.name.localized(words), desk.clock.now());
    if !format.is_json() && !form.json {
        let page = PersonDataPage {
            words,
            centre: &centre,
            exported_at,
            contacts,
            desk: &desk,
        };
        let html = page.render().map_err(PageError::fault)?;
        return Ok(Answer::Page(file(
            reference,
            "html",
            "text/html; charset=utf-8",
            html,
        )));
    }
    let contacts = contacts.into_iter().map(|one| ContactJson::new(&desk, one));
    let data = PersonDataJson {
        centre,
        exported_at,
        contacts: contacts.collect(),
    };
    if format.is_json() {
        return Ok(Answer::Json(data));
    }
    let json = serde_json::to_string_pretty(&data).map_err(PageError::fault)?;
    Ok(Answer::Page(file(reference, "json", "application/json", json)))
}

/// Returns a file as a download. The browser must not keep it.
fn file(reference: Reference, ending: &str, kind: &'static str, content: String) -> Response {
    let disposition = format!("attachment; filename=\"person-{reference}.{ending}\"");
    let disposition = HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "sandbox; default-src 'none'; style-src 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
            ),
        ),
    ];
    (headers, content).into_response()
}
