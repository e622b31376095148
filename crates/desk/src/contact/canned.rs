//! Canned replies and macros (`/desk/canned`). Supervisors write those that all counsellors share, and counsellors write their own.
//! Counsellors type `/` in a reply to insert a canned reply or to open a macro.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use hotline_core::{
    contact::classification::{Answers, Scheme},
    staff::rights::Right,
    text::{
        canned::fill,
        locale::{Language, Words},
    },
};
use hotline_store::{
    contacts::detail::ContactDetail,
    db::values::MacroEnding,
    staff::{
        accounts::StaffMember,
        canned::{Canned, CannedContent},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    contact::{
        open::{find_contact, parse_reference},
        questions::Questions,
    },
    http::{
        access::Who,
        answers::{Answer, IdJson},
        errors::PageError,
        extractors::{
            ContactPath, Cookies, FormOrJson, FromFields, IdPath, NoBody, RepeatedFields, ResponseFormat,
        },
        flash::Flash,
        page::{Frame, page},
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "contact/canned.html")]
struct CannedPage<'a> {
    frame: Frame<'a>,
    scheme: &'a Scheme,
    all: Vec<Canned>,
}

/// All canned replies. Placeholders such as the contact's reference are not filled in.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CannedListJson {
    canned: Vec<Canned>,
}

impl CannedPage<'_> {
    /// Returns the canned replies by folder.
    fn folders(&self) -> impl Iterator<Item = &[Canned]> {
        self.all
            .chunk_by(|one, next| one.content.folder == next.content.folder)
    }

    fn may_write(&self, one: &Canned) -> bool {
        one.content.own || self.frame.may(Right::EditCanned)
    }

    fn steps(&self, one: &Canned) -> String {
        steps(self.frame.words, self.scheme, &one.content).join(" · ")
    }
}

/// Returns what a macro does besides replying, a text for each step.
pub(crate) fn steps(words: &Words, scheme: &Scheme, content: &CannedContent) -> Vec<String> {
    let questions = Questions {
        scheme,
        words,
        answers: content.answers.clone(),
        begins: false,
    };
    let answered = scheme
        .questions
        .iter()
        .filter(|question| content.answers.contains_key(&question.id));
    let answers = answered.map(|question| {
        let label = question.label.localized(words);
        format!("{label}: {}", questions.read(question))
    });
    let note = Some(&content.note).filter(|note| !note.is_empty());
    let note = note.map(|note| words.with("macro-writes-note", "note", note));
    let ending = content
        .ending
        .map(|ending| words.with(ending_key(ending), "team", &content.team));
    answers.chain(note).chain(ending).collect()
}

/// The last steps that a macro can have besides handing over to a team, in the order of the form.
const ENDINGS: [MacroEnding; 3] = [
    MacroEnding::Close,
    MacroEnding::SnoozeTomorrow,
    MacroEnding::SnoozeMonday,
];

/// What the form puts before the name of a team to which the macro hands the contact over.
const TEAM: &str = "team:";

/// Returns the value of the form for the last step of a macro.
const fn ending_name(ending: MacroEnding) -> &'static str {
    match ending {
        MacroEnding::Close => "close",
        MacroEnding::SnoozeTomorrow => "snooze_tomorrow",
        MacroEnding::SnoozeMonday => "snooze_monday",
        MacroEnding::HandOver => "hand_over",
    }
}

/// Returns the locale key for the last step of a macro.
const fn ending_key(ending: MacroEnding) -> &'static str {
    match ending {
        MacroEnding::Close => "macro-close",
        MacroEnding::SnoozeTomorrow => "macro-snooze-tomorrow",
        MacroEnding::SnoozeMonday => "macro-snooze-monday",
        MacroEnding::HandOver => "macro-hand-over",
    }
}

/// `GET /desk/canned` and `GET /api/v1/canned`: lists the canned replies.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<CannedListJson>, PageError> {
    let canned = desk.store.canned(&me).await?;
    if format.is_json() {
        return Ok(Answer::Json(CannedListJson { canned }));
    }
    let rendered = page(&CannedPage {
        frame: Frame::new(&desk, &jar, &me, "canned").await?,
        scheme: &desk.store.scheme(),
        all: canned,
    })?;
    Ok(Answer::Page(rendered))
}

#[derive(Template)]
#[template(path = "contact/canned_form.html")]
struct CannedFormPage<'a> {
    frame: Frame<'a>,
    /// The id of the canned reply to change; `None` for a new one.
    id: Option<Uuid>,
    content: CannedContent,
    folders: BTreeSet<String>,
    teams: BTreeSet<String>,
    questions: Questions<'a>,
}

impl CannedFormPage<'_> {
    fn endings(&self) -> [MacroEnding; 3] {
        ENDINGS
    }

    fn ending_name(&self, ending: &MacroEnding) -> &'static str {
        ending_name(*ending)
    }

    fn ending_label(&self, ending: &MacroEnding) -> String {
        self.frame.words.say(ending_key(*ending))
    }

    fn team_value(&self, team: &str) -> String {
        format!("{TEAM}{team}")
    }
}

/// `GET /desk/canned/{id}`: the form for a canned reply. The id `new` is for one that does not exist yet.
pub(crate) async fn form(
    State(desk): State<Desk>,
    Who(me): Who,
    Cookies(jar): Cookies,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let found = match id.as_str() {
        "new" => None,
        id => Some(
            desk.store
                .canned_reply(&me, id.parse().map_err(|_| PageError::NotFound)?)
                .await?,
        ),
    };
    let (id, content) = match found {
        Some(found) => (Some(found.id), found.content),
        None => (None, CannedContent::default()),
    };
    let all = desk.store.canned(&me).await?;
    let folders = all.into_iter().map(|one| one.content.folder);
    page(&CannedFormPage {
        frame: Frame::new(&desk, &jar, &me, "canned").await?,
        id,
        teams: teams_for(&desk, &content).await?,
        folders: folders.filter(|folder| !folder.is_empty()).collect(),
        questions: Questions {
            scheme: &desk.store.scheme(),
            words: desk.words(&jar),
            answers: content.answers.clone(),
            begins: false,
        },
        content,
    })
}

/// Returns the teams to which a macro can hand over, and the team of this macro, even if it has no active member now.
async fn teams_for(desk: &Desk, content: &CannedContent) -> Result<BTreeSet<String>, PageError> {
    let mut teams: BTreeSet<String> = desk.store.teams().await?.into_iter().collect();
    if !content.team.is_empty() {
        teams.insert(content.team.clone());
    }
    Ok(teams)
}

/// A canned reply to add or to change.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CannedForm {
    /// The id of the canned reply to change. If empty, a new canned reply is added.
    #[serde(default)]
    id: String,
    name: String,
    /// The folder in which the canned reply is listed; may be empty.
    #[serde(default)]
    folder: String,
    /// Whether only its writer sees the canned reply. Otherwise, all counsellors share it.
    #[serde(default)]
    own: bool,
    /// The text in Serbian, in Cyrillic script.
    #[serde(default)]
    sr: String,
    /// The text in English.
    #[serde(default)]
    en: String,
    /// The answers that the macro gives to questions of the wrap-up, by question id.
    #[serde(default)]
    answers: Answers,
    /// The note that the macro writes for colleagues.
    #[serde(default)]
    note: String,
    /// The last step of the macro.
    ending: Option<MacroEnding>,
    /// The team to which the macro hands the contact over, if this is its last step.
    #[serde(default)]
    team: String,
}

impl FromFields for CannedForm {
    /// Parses a form that has a field for each question of the wrap-up besides the fields of the canned reply.
    fn from_fields(fields: Vec<(String, String)>) -> Result<Self, PageError> {
        let mut read = Self::default();
        for (name, mut value) in fields {
            match name.as_str() {
                "id" => read.id = value,
                "name" => read.name = value,
                "folder" => read.folder = value,
                "own" => read.own = value == "true",
                "sr" => read.sr = value,
                "en" => read.en = value,
                "note" => read.note = value,
                "ending" if value.starts_with(TEAM) => {
                    read.ending = Some(MacroEnding::HandOver);
                    read.team = value.split_off(TEAM.len());
                }
                "ending" => {
                    let named = ENDINGS.into_iter().find(|ending| ending_name(*ending) == value);
                    if named.is_none() && !value.is_empty() {
                        return Err(PageError::Bad("error-form"));
                    }
                    read.ending = named;
                }
                _ => read.answers.entry(name).or_default().push(value),
            }
        }
        Ok(read)
    }
}

pub(crate) async fn write(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    RepeatedFields(written): RepeatedFields<CannedForm>,
) -> Result<Answer<IdJson>, PageError> {
    if !written.own && !me.role.may(Right::EditCanned) {
        return Err(PageError::MayNot);
    }
    let id = match written.id.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    let content = CannedContent {
        name: written.name,
        folder: written.folder,
        own: written.own,
        sr: written.sr,
        en: written.en,
        answers: written.answers,
        note: written.note,
        ending: written.ending,
        team: written.team,
    };
    let id = desk.store.write_canned(&me, id, content).await?;
    Ok(format.answer(IdJson { id }, "/desk/canned", Flash::CannedSaved))
}

pub(crate) async fn delete(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<IdJson>, PageError> {
    desk.store.delete_canned(&me, id).await?;
    Ok(format.answer(IdJson { id }, "/desk/canned", Flash::CannedDeleted))
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
    id: Uuid,
    name: String,
    folder: String,
    /// Whether the canned reply does more than inserting a text.
    is_macro: bool,
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
    let contact = find_contact(&desk, &me, parse_reference(&path.reference)?).await?;
    let language = contact.language;
    let words = desk.locales.of(language.unwrap_or(desk.centre.language));
    let all = desk.store.canned(&me).await?;
    let canned = all.iter().map(|one| {
        let written = Language::ALL.into_iter().filter(|language| {
            let text = desk
                .locales
                .of(*language)
                .either(&one.content.sr, &one.content.en);
            !text.is_empty()
        });
        let texts = written.map(|language| FilledTextJson {
            language: language.tag(),
            said: language.own_name(),
            text: filled(&desk, desk.locales.of(language), one, &contact, &me),
        });
        FilledCannedJson {
            id: one.id,
            name: one.content.name.clone(),
            folder: one.content.folder.clone(),
            is_macro: one.content.is_macro(),
            text: filled(&desk, words, one, &contact, &me),
            texts: texts.collect(),
        }
    });
    Ok(Answer::Json(FilledCannedListJson {
        canned: canned.collect(),
        language: language.map(Language::tag),
    }))
}

/// Returns the text of a canned reply in the language of `words`, with its placeholders filled in.
pub(crate) fn filled(
    desk: &Desk,
    words: &Words,
    one: &Canned,
    contact: &ContactDetail,
    me: &StaffMember,
) -> String {
    let text = words.either(&one.content.sr, &one.content.en);
    // A canned reply can have a Serbian text, an English text or both. If the text in the language of `words` is missing, the other text is
    // used. The counsellor reads the text before sending it.
    let text = if text.is_empty() {
        one.content.sr.clone() + &one.content.en
    } else {
        text
    };
    let value = |name: &str| match name {
        "reference" => Some(contact.reference.to_string()),
        "counsellor" => Some(words.own(&me.name)),
        "centre" => Some(desk.centre.name.localized(words)),
        _ => None,
    };
    fill(&text, value).unwrap_or(text)
}
