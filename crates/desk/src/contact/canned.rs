//! Canned replies (`/desk/canned`). Supervisors write canned replies. Counsellors type `/` in a reply to insert a canned reply.

use askama::Template;
use axum::extract::{Path, State};
use hotline_core::{
    staff::rights::Right,
    text::{
        canned::fill,
        locale::{Language, Words},
    },
};
use hotline_store::{
    contacts::detail::ContactDetail,
    staff::{accounts::StaffMember, canned::Canned},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contact::open::{find_contact, parse_reference},
    http::{
        access::Who,
        answers::{Answer, IdJson},
        errors::PageError,
        extractors::{ContactPath, Cookies, FormOrJson, IdPath, NoBody, ResponseFormat},
        page::{Frame, page},
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "contact/canned.html")]
struct CannedPage<'a> {
    frame: Frame<'a>,
    all: Vec<Canned>,
}

/// All canned replies. Placeholders such as the contact's reference are not filled in.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CannedListJson {
    canned: Vec<Canned>,
}

/// `GET /desk/canned` and `GET /api/v1/canned`: lists the canned replies.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<CannedListJson>, PageError> {
    let canned = desk.store.canned().await?;
    if format.is_json() {
        return Ok(Answer::Json(CannedListJson { canned }));
    }
    let rendered = page(&CannedPage {
        frame: Frame::new(&desk, desk.words(&jar), &me, "canned").await?,
        all: canned,
    })?;
    Ok(Answer::Page(rendered))
}

/// A canned reply to add or to change.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CannedForm {
    /// The id of the canned reply to change. If empty, a new canned reply is added.
    #[serde(default)]
    id: String,
    name: String,
    /// The text in Serbian, in Cyrillic script.
    #[serde(default)]
    sr: String,
    /// The text in English.
    #[serde(default)]
    en: String,
}

pub(crate) async fn write(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(written): FormOrJson<CannedForm>,
) -> Result<Answer<IdJson>, PageError> {
    let id = match written.id.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    let id = desk
        .store
        .write_canned(&me, id, &written.name, &written.sr, &written.en)
        .await?;
    Ok(format.answer(IdJson { id }, "/desk/canned"))
}

pub(crate) async fn delete(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<IdJson>, PageError> {
    desk.store.delete_canned(&me, id).await?;
    Ok(format.answer(IdJson { id }, "/desk/canned"))
}

/// All canned replies, with their placeholders filled in for a contact.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FilledCannedListJson {
    canned: Vec<FilledCannedJson>,
    /// The language of the contact; null if unknown.
    language: Option<&'static str>,
}

/// A canned reply, with its placeholders filled in for a contact.
#[derive(Serialize, JsonSchema)]
struct FilledCannedJson {
    name: String,
    /// The text in the language of the contact. If that language is unknown, the text is in the language of the centre.
    text: String,
    /// The text in each language in which the canned reply was written.
    texts: Vec<FilledTextJson>,
}

/// A canned reply in one language.
#[derive(Serialize, JsonSchema)]
struct FilledTextJson {
    /// The tag of the language.
    language: &'static str,
    /// The name of the language, in the language itself.
    said: &'static str,
    text: String,
}

/// Returns every canned reply with its placeholders filled in. Each canned reply has a text in the language of the contact, and one text
/// for each language in which the reply was written.
pub(crate) async fn fill_for_contact(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(path): Path<ContactPath>,
) -> Result<Answer<FilledCannedListJson>, PageError> {
    let contact = find_contact(&desk, parse_reference(&path.reference)?).await?;
    let language = contact.language;
    let words = desk.locales.of(language.unwrap_or(desk.centre.language));
    let all = desk.store.canned().await?;
    let canned = all.iter().map(|one| {
        let written = Language::ALL.into_iter().filter(|language| {
            let text = desk.locales.of(*language).either(&one.sr, &one.en);
            !text.is_empty()
        });
        let texts = written.map(|language| FilledTextJson {
            language: language.tag(),
            said: language.own_name(),
            text: filled(&desk, desk.locales.of(language), one, &contact, &me),
        });
        FilledCannedJson {
            name: one.name.clone(),
            text: filled(&desk, words, one, &contact, &me),
            texts: texts.collect(),
        }
    });
    Ok(Answer::Json(FilledCannedListJson {
        canned: canned.collect(),
        language: language.map(Language::tag),
    }))
}

fn filled(desk: &Desk, words: &Words, one: &Canned, contact: &ContactDetail, me: &StaffMember) -> String {
    let text = words.either(&one.sr, &one.en);
    // A canned reply can have a Serbian text, an English text or both. If the text in the language of `words` is missing, the other text is
    // used. The counsellor reads the text before sending it.
    let text = if text.is_empty() {
        one.sr.clone() + &one.en
    } else {
        text
    };
    let value = |name: &str| match name {
        "reference" => Some(contact.reference.to_string()),
        "counsellor" => Some(words.own(&me.name)),
        "centre" => Some(words.own(&desk.centre.name)),
        _ => None,
    };
    fill(&text, value).unwrap_or(text)
}
