//! Bulk actions on contacts. A bulk action succeeds or fails for each contact independently.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use axum_extra::extract::CookieJar;
use hotline_core::{
    contact::lifecycle::Marking, identifiers::reference::Reference, staff::rights::Right,
    text::locale::Language,
};
use hotline_store::{
    error::Conflict,
    staff::{accounts::StaffMember, canned::Canned},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    contact::{
        canned::steps,
        form_case::form_from_many,
        macros,
        open::{find_contact, parse_reference},
    },
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FromFields, RepeatedFields, ResponseFormat},
        flash::Flash,
        page::{Frame, page},
    },
    inbox::page::{BulkOutcome, InboxQuery, render_inbox},
    state::Desk,
};

/// The largest number of contacts in a bulk action.
const MOST: usize = 200;

/// A bulk action and its contacts.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct BulkAction {
    /// References of the contacts, at most 200.
    #[schemars(length(max = 200))]
    references: Vec<String>,
    /// The action to perform on each contact.
    #[serde(rename = "do")]
    #[schemars(extend("enum" = ["claim", "give-back", "follow", "close", "spam", "case", "release", "discard", "macro"]))]
    what: String,
    /// The id of the macro, if the action is `macro`.
    #[serde(rename = "macro")]
    macro_id: Option<Uuid>,
    /// Makes a macro idempotent: a repeated request with the same id sends each reply only once.
    request_id: Option<Uuid>,
    /// For a macro: by reference, the value of the contact's field `newest` that the writer has seen. Contacts with newer events are refused.
    #[serde(default)]
    seen: BTreeMap<String, i64>,
    /// When the macro that the writer has seen was last changed, in microseconds since 1970. The request is refused if the macro was
    /// changed since.
    changed: Option<i64>,
    /// Whether the page that previews a macro was confirmed.
    #[serde(default)]
    #[schemars(skip)]
    sure: bool,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

impl FromFields for BulkAction {
    /// Parses a form that has a field `pick` for each contact, and the fields of the page that previews a macro.
    fn from_fields(fields: Vec<(String, String)>) -> Result<Self, PageError> {
        let mut read = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "pick" => read.references.push(value),
                "do" => read.what = value,
                "macro" => read.macro_id = value.parse().ok(),
                "sure" => read.sure = value == "true",
                "request_id" => read.request_id = value.parse().ok(),
                "changed" => read.changed = value.parse().ok(),
                "seen" => {
                    if let Some((reference, seen)) = value.split_once(':')
                        && let Ok(seen) = seen.parse()
                    {
                        read.seen.insert(reference.to_owned(), seen);
                    }
                }
                "view" => read.view = value,
                _ => {}
            }
        }
        Ok(read)
    }
}

/// The outcome of a bulk action.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BulkOutcomeJson {
    /// References of the contacts for which the action succeeded.
    done: Vec<String>,
    /// The contacts for which the action failed.
    refused: Vec<RefusedContactJson>,
    /// The id of the case that was formed, if the action is `case`.
    case: Option<Uuid>,
}

/// A contact for which a bulk action failed.
#[derive(Serialize, JsonSchema)]
struct RefusedContactJson {
    reference: String,
    /// The reason for the failure, in English.
    error: String,
}

/// `POST /desk/several` and `POST /api/v1/several`: performs an action on several contacts.
pub(crate) async fn act_on_many(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    RepeatedFields(action): RepeatedFields<BulkAction>,
) -> Result<Answer<BulkOutcomeJson>, PageError> {
    if action.references.len() > MOST {
        return Err(PageError::Bad("error-form"));
    }
    let with_macro = match (action.what.as_str(), action.macro_id) {
        ("macro", Some(id)) => Some(desk.store.canned_reply(&me, id).await?),
        ("macro", None) => return Err(PageError::Bad("error-no-macro")),
        _ => None,
    };
    if let Some(with_macro) = &with_macro
        && !action.sure
        && !format.is_json()
    {
        return Ok(Answer::Page(
            preview(&desk, &jar, &me, &action, with_macro).await?,
        ));
    }
    let mut references = Vec::new();
    for one in &action.references {
        let parsed = (one.clone(), parse_reference(one)?);
        if !references.contains(&parsed) {
            references.push(parsed);
        }
    }
    if action.what == "case" {
        return form_case(&desk, &jar, me, format, &action, &references).await;
    }
    if let Some(with_macro) = &with_macro {
        macros::check_unchanged(with_macro, action.changed)?;
    }
    let request_id = action.request_id.unwrap_or_else(|| desk.new_id());
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for (one, reference) in &references {
        let reference = *reference;
        let store = &desk.store;
        if !store.may_read_contact(&me, reference).await? {
            refused.push((one.clone(), PageError::NotFound));
            continue;
        }
        if let Some(with_macro) = &with_macro {
            let seen = action.seen.get(one).copied();
            match macros::apply_as_written(&desk, &me, with_macro, reference, request_id, seen).await {
                Ok(()) => done.push(one.clone()),
                // An internal error must not hide what was done to the contacts before it.
                Err(why) => refused.push((one.clone(), PageError::from(why))),
            }
            continue;
        }
        let changed = match action.what.as_str() {
            "claim" => store.take(&me, reference).await,
            "give-back" => store.give_back(&me, reference).await,
            "follow" => store.set_followed(&me, reference, true).await,
            "close" => store.close(&me, reference, None).await.map(|()| true),
            "spam" => store.mark(&me, reference, Some(Marking::Spam)).await,
            "release" => store.release(&me, reference).await,
            "discard" => store.discard(&me, reference).await,
            _ => return Err(PageError::Bad("error-form")),
        };
        match changed.map_err(PageError::from) {
            Ok(true) => done.push(one.clone()),
            Ok(false) => refused.push((one.clone(), PageError::Conflict(Conflict::SoAlready))),
            Err(why @ (PageError::Conflict(_) | PageError::NotFound)) => refused.push((one.clone(), why)),
            Err(fault) => return Err(fault),
        }
    }
    if format.is_json() {
        let words = desk.locales.of(Language::En);
        let refused = refused.into_iter().map(|(reference, why)| RefusedContactJson {
            reference,
            error: why.localized(words),
        });
        let refused = refused.collect();
        return Ok(Answer::Json(BulkOutcomeJson {
            done,
            refused,
            case: None,
        }));
    }
    let words = desk.words(&jar);
    let count = i64::try_from(done.len()).unwrap_or_default();
    let told = BulkOutcome {
        done: (count > 0).then(|| words.count(&format!("several-done-{}", action.what), count)),
        refused: refused
            .iter()
            .map(|(one, why)| (one.clone(), why.localized(words)))
            .collect(),
    };
    let rendered = render_inbox(&desk, &jar, me, InboxQuery::of(&action.view), None, told).await?;
    Ok(Answer::Page(rendered))
}

/// Forms one case from all contacts, or none if one of them cannot be added.
async fn form_case(
    desk: &Desk,
    jar: &CookieJar,
    me: StaffMember,
    format: ResponseFormat,
    action: &BulkAction,
    references: &[(String, Reference)],
) -> Result<Answer<BulkOutcomeJson>, PageError> {
    let parsed: Vec<Reference> = references.iter().map(|(_, reference)| *reference).collect();
    match form_from_many(desk, &me, &parsed, "").await {
        Ok(id) if format.is_json() => Ok(Answer::Json(BulkOutcomeJson {
            done: references.iter().map(|(one, _)| one.clone()).collect(),
            refused: Vec::new(),
            case: Some(id),
        })),
        Ok(id) => Ok(Answer::redirect(&format!("/desk/cases/{id}"), Flash::CaseFormed)),
        Err(why @ PageError::Conflict(_)) if !format.is_json() => {
            let words = desk.words(jar);
            let reason = (words.say("several-no-case"), why.localized(words));
            let told = BulkOutcome {
                done: None,
                refused: vec![reason],
            };
            let rendered = render_inbox(desk, jar, me, InboxQuery::of(&action.view), None, told).await?;
            Ok(Answer::Page(rendered))
        }
        Err(why) => Err(why),
    }
}

#[derive(Template)]
#[template(path = "inbox/bulk_macro.html")]
struct BulkMacroPage<'a> {
    frame: Frame<'a>,
    one: &'a Canned,
    view: &'a str,
    steps: Vec<String>,
    request_id: Uuid,
    contacts: Vec<ContactText>,
}

/// The text that a macro would send to the person of a contact.
struct ContactText {
    reference: Reference,
    who: String,
    language: Option<Language>,
    text: String,
    newest: i64,
}

/// Renders the page that shows what a macro would do to each contact.
async fn preview(
    desk: &Desk,
    jar: &CookieJar,
    me: &StaffMember,
    action: &BulkAction,
    one: &Canned,
) -> Result<Response, PageError> {
    let mut contacts = Vec::new();
    for reference in &action.references {
        let reference = parse_reference(reference)?;
        if !desk.store.may_read_contact(me, reference).await? {
            continue;
        }
        let open = find_contact(desk, me, reference).await?;
        contacts.push(ContactText {
            reference: open.reference,
            who: open
                .card
                .as_ref()
                .and_then(|card| card.name.clone())
                .unwrap_or_default(),
            language: open.language,
            newest: open.newest,
            text: macros::text_for(desk, one, &open, me),
        });
    }
    page(&BulkMacroPage {
        frame: Frame::new(desk, jar, me, "inbox").await?,
        steps: steps(desk.words(jar), &desk.store.scheme(), &one.content),
        view: &action.view,
        request_id: desk.new_id(),
        one,
        contacts,
    })
}
