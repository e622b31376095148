//! The wrap-up: the classification of a contact. An incomplete wrap-up can be saved. If the configuration requires the wrap-up, it must be
//! complete before the contact is closed.

use axum::extract::State;
use hotline_core::contact::{
    classification::{Answers, KIND, Question, Scheme},
    lifecycle::Marking,
    message::Asks,
    writer::Writer,
};
use hotline_store::contacts::detail::ContactDetail;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contact::{
        action::{ContactAction, ContactAnswer},
        closing::{ask_for_reason, chosen_reason},
    },
    http::{
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, FromFields, RepeatedFields},
        flash::Flash,
    },
    state::Desk,
};

/// The answers of a wrap-up, and whether to close the contact after the answers are saved.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrapUpForm {
    /// The answers to each question, keyed by question id.
    #[serde(default)]
    answers: Answers,
    #[serde(default)]
    close: bool,
    /// The reason for closing the contact without a reply, stored as a note. Closing requires a reason if the person waits for a reply and
    /// the contact is urgent. Closing also requires a reason if the person waits for the first reply, unless the contact is classified as
    /// non-counselling.
    #[serde(default)]
    reason: String,
    #[serde(default)]
    #[schemars(skip)]
    why: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
    /// The fields of the form except the reason. If the reason is missing, a page asks for it and sends these fields again.
    #[serde(skip)]
    fields: Vec<(String, String)>,
}

impl FromFields for WrapUpForm {
    /// Parses a form that has a field for each question and a field `close`. A button for a non-counselling kind of contact sends the field
    /// `quick` with that kind. The result then contains only this answer, and `close` is set.
    fn from_fields(fields: Vec<(String, String)>) -> Result<Self, PageError> {
        let mut read = Self::default();
        let mut quick = None;
        let asked_again = |name: &str| name != "reason" && name != "why";
        read.fields = fields
            .iter()
            .filter(|(name, _)| asked_again(name))
            .cloned()
            .collect();
        for (name, value) in fields {
            match name.as_str() {
                "close" => read.close = value == "true",
                "view" => read.view = value,
                "reason" => read.reason = value,
                "why" => read.why = value,
                "quick" => quick = Some(value),
                _ => read.answers.entry(name).or_default().push(value),
            }
        }
        if let Some(kind) = quick {
            read.answers = Answers::from([(KIND.to_owned(), vec![kind])]);
            read.close = true;
        }
        Ok(read)
    }
}

pub(crate) async fn wrap_up(
    Cookies(jar): Cookies,
    mut action: ContactAction<RepeatedFields<WrapUpForm>>,
) -> ContactAnswer {
    let RepeatedFields(form) = &mut action.form;
    let (answers, fields) = (
        std::mem::take(&mut form.answers),
        std::mem::take(&mut form.fields),
    );
    let RepeatedFields(form) = &action.form;
    let reason = chosen_reason(&form.reason, &form.why);
    let store = &action.desk.store;
    let saved = store
        .wrap_up(&action.me, action.reference, answers, form.close, reason)
        .await;
    if let Some(question) = ask_for_reason(&action, &jar, saved, "wrap-up", fields)? {
        return Ok(question);
    }
    let flash = if form.close {
        Flash::WrappedUpAndClosed
    } else {
        Flash::WrapUpSaved
    };
    action.respond(&form.view, flash).await
}

/// The classification scheme.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SchemeJson {
    name: String,
    version: u32,
    /// The questions, in the order in which they are asked.
    questions: Vec<QuestionJson>,
}

/// A question of the classification scheme.
#[derive(Serialize, JsonSchema)]
pub(crate) struct QuestionJson {
    id: String,
    /// The question in Serbian, in Cyrillic script.
    sr: String,
    /// The question in English.
    en: String,
    /// Whether the question must be answered before a counselling contact can be closed.
    required: bool,
    /// The largest number of answers that a contact can have to this question.
    most: usize,
    /// Ids of the kinds of contact for which the question is asked. If empty, the question is asked for every kind of contact.
    only_if: Vec<String>,
    /// Ids of the kinds of contact for which the question is not asked.
    except: Vec<String>,
    /// Whether the question is no longer asked. Earlier contacts can have answers to it.
    retired: bool,
    /// The answers to choose from; empty for a number or free text.
    answers: Vec<SchemeAnswerJson>,
}

/// A predefined answer to a question.
#[derive(Serialize, JsonSchema)]
struct SchemeAnswerJson {
    id: String,
    /// The answer in Serbian, in Cyrillic script.
    sr: String,
    /// The answer in English.
    en: String,
    /// Whether a contact with this answer counts as counselling. Used only for answers to the question `kind`.
    counselling: bool,
    /// The marking that this answer sets on the contact. Used only for answers to the question `kind`.
    marking: Option<Marking>,
    /// Whether the answer is no longer offered. Earlier contacts can have it.
    retired: bool,
}

/// `GET /api/v1/scheme`: returns the classification scheme.
pub(crate) async fn show_scheme(State(desk): State<Desk>) -> Answer<SchemeJson> {
    let scheme = desk.store.scheme();
    Answer::Json(SchemeJson {
        name: scheme.name.clone(),
        version: scheme.version,
        questions: scheme.questions.iter().map(question_json).collect(),
    })
}

pub(crate) fn question_json(question: &Question) -> QuestionJson {
    let answers = question.answers.iter().map(|answer| SchemeAnswerJson {
        id: answer.id.clone(),
        sr: answer.sr.clone(),
        en: answer.en.clone(),
        counselling: answer.counselling,
        marking: answer.marking,
        retired: answer.retired,
    });
    QuestionJson {
        id: question.id.clone(),
        sr: question.label.sr.clone(),
        en: question.label.en.clone(),
        required: question.required,
        most: question.most,
        only_if: question.only_if.clone(),
        except: question.except.clone(),
        retired: question.retired,
        answers: answers.collect(),
    }
}

/// Returns the answers so far or, if there are none, a suggestion: what follows from the purpose, the description and the age that the
/// person gave in the web form. Leaves out answers that the classification does not offer.
pub(crate) fn suggested(scheme: &Scheme, open: &ContactDetail) -> Answers {
    if !open.record.answers.is_empty() {
        return open.record.answers.clone();
    }
    let kind = open.asks.map(|asks| match asks {
        Asks::Advice => "counselling",
        Asks::Report => "report",
    });
    let writer = open.card.as_ref().and_then(|card| card.writer);
    let age = open
        .card
        .as_ref()
        .and_then(|card| card.age)
        .map(|age| age.to_string());
    let given = kind.map(|kind| (KIND, kind)).into_iter();
    let given = given.chain(writer.and_then(Writer::role).map(|role| ("role", role)));
    let given = given.chain(age.as_deref().map(|age| ("age", age)));
    given.fold(Answers::new(), |suggested, (question, answer)| {
        let asked = scheme.question(question);
        if asked.is_some_and(|asked| asked.answer(answer).is_some_and(|answer| answer.retired)) {
            return suggested;
        }
        let mut more = suggested.clone();
        more.insert(question.to_owned(), vec![answer.to_owned()]);
        scheme.validate(more).unwrap_or(suggested)
    })
}
