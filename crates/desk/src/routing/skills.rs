//! What a supervisor changes about a counsellor: the skills (`/desk/routing/skills/{id}`) and the assignee of the open work
//! (`/desk/routing/move`).

use axum::extract::{Path, State};
use hotline_core::{
    contact::classification::{Scheme, TOPIC},
    routing::skills::{Skills, Spoken},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{FormOrJson, FromFields, IdPath, RepeatedFields, ResponseFormat},
        flash::Flash,
    },
    state::Desk,
};

/// The skills of a counsellor. A field that is omitted gets its default.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct NewSkills(Skills);

impl FromFields for NewSkills {
    fn from_fields(fields: Vec<(String, String)>) -> Result<Self, PageError> {
        let mut skills = Skills {
            takes_danger: false,
            ..Skills::default()
        };
        for (name, value) in fields {
            match name.as_str() {
                "language" => {
                    skills
                        .languages
                        .insert(Spoken::parse(&value).ok_or(PageError::Bad("error-form"))?);
                }
                "topic" => {
                    skills.topics.insert(value);
                }
                "channel" => {
                    skills.channels.insert(value);
                }
                "takes_danger" => skills.takes_danger = true,
                "fallback" => skills.fallback = true,
                "capacity" => skills.capacity = number(&value)?,
                "severe_cap" => skills.severe_cap = number(&value)?,
                _ => {}
            }
        }
        Ok(Self(skills))
    }
}

/// Reads a number that may be empty.
fn number(text: &str) -> Result<Option<u16>, PageError> {
    match text.trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| PageError::Bad("error-skills-number")),
    }
}

pub(crate) async fn set_skills(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(path): Path<IdPath>,
    RepeatedFields(NewSkills(mut skills)): RepeatedFields<NewSkills>,
) -> Result<Confirmation, PageError> {
    let colleagues = desk.store.colleagues().await?;
    let member = colleagues.into_iter().find(|one| one.id == path.id);
    let member = member.ok_or(PageError::NotFound)?;
    if !format.is_json() {
        // The form does not show whether the counsellor takes a break.
        skills.on_break = member.skills.on_break;
    }
    let known = skills
        .topics
        .iter()
        .all(|topic| has_topic(&desk.store.scheme(), topic))
        && {
            let known = desk.channels();
            skills.channels.iter().all(|channel| known.contains(channel))
        };
    // Topics of an earlier scheme and channels of a removed line may stay if they are unchanged.
    let unchanged = skills.topics == member.skills.topics && skills.channels == member.skills.channels;
    if !known && !unchanged {
        return Err(PageError::Bad("error-skills-unknown"));
    }
    desk.store.set_skills(&me, path.id, &skills).await?;
    Ok(format.confirm(&format!("/desk/routing#skills-{}", path.id), Flash::SkillsSaved))
}

fn has_topic(scheme: &Scheme, topic: &str) -> bool {
    let question = scheme.question(TOPIC);
    question.is_some_and(|question| question.answer(topic).is_some())
}

/// A request to move the whole open work of a counsellor.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct MoveForm {
    /// The id of the counsellor whose contacts are moved.
    from: Uuid,
    /// The id of the colleague who gets the contacts. Empty: the contacts return to the queue.
    #[serde(default)]
    to: String,
}

/// The result of moving work.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MovedJson {
    /// The number of contacts that were moved.
    moved: u64,
}

pub(crate) async fn move_work(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(form): FormOrJson<MoveForm>,
) -> Result<Answer<MovedJson>, PageError> {
    let to = match form.to.as_str() {
        "" => None,
        to => Some(to.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    let moved = desk.store.move_work(&me, form.from, to).await?;
    Ok(format.answer(MovedJson { moved }, "/desk/routing", Flash::WorkMoved))
}
