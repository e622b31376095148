//! Canned replies (`/desk/canned`): written by supervisors, inserted with `/` while writing a reply.

use askama::Template;
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    staff::rights::Right,
    text::{
        canned::fill,
        locale::{Language, Words},
    },
};
use hotline_store::{
    contacts::detail::ContactDetail,
    staff::{accounts::Person, canned::Canned},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    contact::open::find,
    http::{
        access::Who,
        errors::{PageError, PageResult},
        extractors::{FormOrJson, Nothing, ResponseFormat},
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

pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
) -> PageResult {
    let all = desk.store.canned().await?;
    if program.0 {
        return Ok(Json(json!({ "canned": all })).into_response());
    }
    page(&CannedPage {
        frame: Frame::new(&desk, desk.words(&jar), &me, "canned").await?,
        all,
    })
}

/// A canned reply to add or to change.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CannedForm {
    /// The reply to change; empty adds a new one.
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
    program: ResponseFormat,
    FormOrJson(written): FormOrJson<CannedForm>,
) -> PageResult {
    let id = match written.id.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    let id = desk
        .store
        .write_canned(&me, id, &written.name, &written.sr, &written.en)
        .await?;
    then(program, json!({ "id": id }))
}

pub(crate) async fn delete(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(id): Path<Uuid>,
    FormOrJson(_): FormOrJson<Nothing>,
) -> PageResult {
    desk.store.delete_canned(&me, id).await?;
    then(program, json!({ "id": id }))
}

fn then(program: ResponseFormat, said: Value) -> PageResult {
    if program.0 {
        return Ok(Json(said).into_response());
    }
    Ok(Redirect::to("/desk/canned").into_response())
}

/// Returns every canned reply with its placeholders filled in: once in the person's language and script, and once in each language in which
/// the reply was written.
pub(crate) async fn for_contact(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
) -> Result<Json<Value>, PageError> {
    let contact = find(&desk, &reference).await?;
    let language = contact.language;
    let words = desk.locales.of(language.unwrap_or(desk.centre.language));
    let all = desk.store.canned().await?;
    let ready = all.iter().map(|one| {
        let texts = Language::ALL.into_iter().filter(|language| {
            let written = desk.locales.of(*language).either(&one.sr, &one.en);
            !written.is_empty()
        });
        let texts = texts.map(|language| {
            let text = filled(&desk, desk.locales.of(language), one, &contact, &me);
            json!({ "language": language.tag(), "said": language.own_name(), "text": text })
        });
        let text = filled(&desk, words, one, &contact, &me);
        json!({ "name": one.name, "text": text, "texts": texts.collect::<Vec<_>>() })
    });
    let language = language.map(Language::tag);
    Ok(Json(
        json!({ "canned": ready.collect::<Vec<_>>(), "language": language }),
    ))
}

fn filled(desk: &Desk, words: &Words, one: &Canned, contact: &ContactDetail, me: &Person) -> String {
    let text = words.either(&one.sr, &one.en);
    // Falls back to the text in the other language. The counsellor reads the text before sending it.
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
