//! What a counsellor does, as forms. Each leads back to where it came from.

use axum::{
    extract::{Form, Path, State},
    http::StatusCode,
    response::Redirect,
};
use hotline_core::contact::Marking;
use serde::Deserialize;
use uuid::Uuid;

use crate::{access::Who, desk::Desk, error::PageError, files::Reply, inbox::parsed};

/// Text to be noted.
#[derive(Deserialize)]
pub(crate) struct Text {
    id: Uuid,
    text: String,
    #[serde(default)]
    view: String,
}

/// Nothing but where to lead back to.
#[derive(Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    view: String,
}

type Done = Result<Redirect, PageError>;

fn back(reference: &str, view: &str) -> Done {
    let view = hotline_store::inbox::View::parse(view).unwrap_or(hotline_store::inbox::View::Mine);
    Ok(Redirect::to(&format!(
        "/desk/contacts/{}?view={}",
        parsed(reference)?,
        view.as_str()
    )))
}

pub(crate) async fn reply(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    reply: Reply,
) -> Done {
    desk.store
        .reply(&me, parsed(&reference)?, reply.id, &reply.text, reply.files)
        .await?;
    back(&reference, &reply.view)
}

/// Somebody types an answer: the person may be shown so.
pub(crate) async fn typing(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
) -> Result<StatusCode, PageError> {
    desk.store.is_typing(&me, parsed(&reference)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn fetch(
    State(desk): State<Desk>,
    Who(me): Who,
    Path((reference, id)): Path<(String, Uuid)>,
    Form(to): Form<Back>,
) -> Done {
    desk.store.want_file(&me, parsed(&reference)?, id).await?;
    back(&reference, &to.view)
}

pub(crate) async fn note(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    Form(text): Form<Text>,
) -> Done {
    desk.store
        .note(&me, parsed(&reference)?, text.id, &text.text)
        .await?;
    back(&reference, &text.view)
}

pub(crate) async fn claim(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    Form(to): Form<Back>,
) -> Done {
    desk.store.take(&me, parsed(&reference)?).await?;
    back(&reference, &to.view)
}

pub(crate) async fn give_back(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    Form(to): Form<Back>,
) -> Done {
    desk.store.give_back(&me, parsed(&reference)?).await?;
    back(&reference, &to.view)
}

pub(crate) async fn ask_for_files(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    Form(to): Form<Back>,
) -> Done {
    desk.store.ask_for_files(&me, parsed(&reference)?).await?;
    back(&reference, &to.view)
}

pub(crate) async fn close(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    Form(to): Form<Back>,
) -> Done {
    desk.store.close(&me, parsed(&reference)?).await?;
    back(&reference, &to.view)
}

pub(crate) async fn reopen(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    Form(to): Form<Back>,
) -> Done {
    desk.store.reopen(&me, parsed(&reference)?).await?;
    back(&reference, &to.view)
}

#[derive(Deserialize)]
pub(crate) struct Mark {
    marking: String,
    #[serde(default)]
    view: String,
}

pub(crate) async fn mark(
    State(desk): State<Desk>,
    Who(me): Who,
    Path(reference): Path<String>,
    Form(mark): Form<Mark>,
) -> Done {
    let marking = match mark.marking.as_str() {
        "none" => None,
        name => Some(Marking::parse(name).ok_or(PageError::Bad("error-marking"))?),
    };
    desk.store.mark(&me, parsed(&reference)?, marking).await?;
    back(&reference, &mark.view)
}

pub(crate) async fn send_again(
    State(desk): State<Desk>,
    Who(me): Who,
    Path((reference, id)): Path<(String, Uuid)>,
    Form(to): Form<Back>,
) -> Done {
    desk.store.send_again(&me, parsed(&reference)?, id).await?;
    back(&reference, &to.view)
}

#[derive(Deserialize)]
pub(crate) struct Duty {
    on: bool,
}

pub(crate) async fn duty(State(desk): State<Desk>, Who(me): Who, Form(duty): Form<Duty>) -> Done {
    desk.store.set_on_duty(&me, duty.on).await?;
    Ok(Redirect::to("/desk/inbox"))
}
