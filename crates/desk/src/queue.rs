//! The queue page (`/desk/queue`). The page shows parked jobs, set-aside messages and the states of the lines. A parked job waits for staff
//! to run it again. A set-aside message is a raw message that did not become a contact. The page never shows the content of messages.

use askama::Template;
use axum::{
    extract::{Form, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    staff::rights::Right,
    text::{locale::Language, problem},
};
use hotline_store::{
    intake::lines::LineState,
    jobs::queue::{ListedJob, SetAside},
};
use serde::Deserialize;

use crate::{
    http::{
        access::Who,
        errors::PageError,
        flash::Flash,
        page::{Frame, page as written},
        problems,
    },
    state::Desk,
};

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage<'a> {
    frame: Frame<'a>,
    parked: Vec<ListedJob>,
    aside: Vec<SetAside>,
    lines: Vec<LineState>,
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
) -> Result<Response, PageError> {
    written(&QueuePage {
        frame: Frame::new(&desk, &jar, &me, "queue").await?,
        parked: desk.store.listed(true).await?,
        aside: desk.store.set_aside().await?,
        lines: desk.store.line_states().await?,
    })
}

#[derive(Deserialize)]
pub(crate) struct RunAgainForm {
    /// The id of the job to run again. If `None`, all parked jobs are run again.
    job: Option<i64>,
}

pub(crate) async fn run_again(
    State(desk): State<Desk>,
    Who(me): Who,
    Form(form): Form<RunAgainForm>,
) -> Result<Response, PageError> {
    let what = form.job.map_or_else(|| "all".to_owned(), |job| job.to_string());
    desk.store.audit(Some(&me), "run again", &what).await?;
    desk.store.run_again(form.job).await?;
    Ok(Flash::JobsRetried.redirect("/desk/queue"))
}
