//! The inbox and the page of one contact.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{Redirect, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    contact::{
        classification::{Answer, TOPIC},
        lifecycle::Status,
        message::Asks,
    },
    staff::rights::Right,
    text::locale::Language,
};
use hotline_store::{
    contacts::{
        attachments::Held,
        detail::ContactDetail,
        drafts::{Draft, DraftKind},
    },
    inbox::list::{InboxPage, Place, View},
    memory::presence::Present,
    search::SearchResults,
    staff::accounts::Person,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    contact::{open::opened, questions::Questions, wrap_up::suggested},
    http::{
        access::Who,
        errors::PageError,
        extractors::FormOrJson,
        page::{Frame, page},
    },
    state::Desk,
};

/// Contacts that a search shows.
const FOUND: usize = 50;
/// The longest that is looked for, in characters.
const LONGEST_SOUGHT: usize = 500;
/// Rows of the list.
const ROWS: u64 = 50;

pub(crate) use crate::inbox::filters::InboxFilterForm;

#[derive(Template)]
#[template(path = "inbox/page.html")]
pub(super) struct Inbox<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) view: View,
    pub(super) sizes: Vec<(View, u64)>,
    pub(super) list: InboxPage,
    /// What came of what was done to several.
    pub(super) told: BulkOutcome,
    /// Whether I follow what is open.
    pub(super) followed: bool,
    /// What is looked for, and what was found round it.
    pub(super) sought: String,
    pub(super) hidden: String,
    pub(super) chosen: InboxFilterForm,
    /// Topics to choose from.
    pub(super) topics: &'a [Answer],
    pub(super) teams: Vec<String>,
    pub(super) colleagues: Vec<Person>,
    pub(super) channels: Arc<[String]>,
    pub(super) found: Option<SearchResults>,
    pub(super) open: Option<&'a ContactDetail>,
    /// Makes a reply or note the same one if its form is sent twice.
    pub(super) ids: (Uuid, Uuid),
    pub(super) mine: bool,
    /// What I began to write.
    pub(super) draft: Option<Draft>,
    pub(super) noting: Option<Draft>,
    /// Who else is here.
    pub(super) present: Vec<Present>,
    /// The wrap-up, with what may be suggested.
    pub(super) questions: Questions<'a>,
}

/// What came of what was done to several contacts at once.
#[derive(Default)]
pub(crate) struct BulkOutcome {
    /// How many it was done to, if to any.
    pub done: Option<String>,
    /// Those it was not done to, each with why.
    pub refused: Vec<(String, String)>,
}

/// What a list is asked for.
#[derive(Deserialize)]
pub(crate) struct InboxQuery {
    view: Option<String>,
    after: Option<String>,
    /// What is looked for, hidden ([`search`]).
    #[serde(default)]
    s: String,
    #[serde(flatten)]
    filter: InboxFilterForm,
}

impl InboxQuery {
    /// A view, from its beginning.
    pub(crate) fn of(view: &str) -> Self {
        Self {
            view: Some(view.to_owned()),
            after: None,
            s: String::new(),
            filter: InboxFilterForm::default(),
        }
    }
}

/// Leads to the page a role begins with.
pub(crate) async fn front(Who(me): Who) -> Redirect {
    if me.role.may(Right::ReadContacts) {
        Redirect::to("/desk/inbox")
    } else if me.role.may(Right::ReadStatistics) {
        Redirect::to("/desk/statistics")
    } else {
        Redirect::to("/desk/queue")
    }
}

pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Query(asked): Query<InboxQuery>,
) -> Result<Response, PageError> {
    shown(&desk, &jar, me, asked, None, BulkOutcome::default()).await
}

pub(crate) async fn contact(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Path(reference): Path<String>,
    Query(asked): Query<InboxQuery>,
) -> Result<Response, PageError> {
    let opened = opened(&desk, &me, &reference).await?;
    shown(&desk, &jar, me, asked, Some(&opened), BulkOutcome::default()).await
}

/// What is looked for.
#[derive(Deserialize)]
pub(crate) struct Sought {
    #[serde(default)]
    q: String,
}

/// Looks for something. It stands in no address as it was typed: it may be a name, and a browser keeps its history.
pub(crate) async fn search(
    State(desk): State<Desk>,
    Who(me): Who,
    FormOrJson(sought): FormOrJson<Sought>,
) -> Result<Redirect, PageError> {
    if sought.q.trim().is_empty() {
        return Ok(Redirect::to("/desk/inbox"));
    }
    looks(&desk, &me, &sought.q).await?;
    let hidden = desk.store.hide_words(sought.q.trim())?;
    Ok(Redirect::to(&format!("/desk/inbox?view=all&s={hidden}")))
}

/// Before something is looked for: it is not too long, and that somebody looks is noted.
pub(crate) async fn looks(desk: &Desk, me: &Person, sought: &str) -> Result<(), PageError> {
    if sought.chars().count() > LONGEST_SOUGHT {
        return Err(PageError::Bad("error-form"));
    }
    desk.note_read(me, "search", "").await;
    Ok(())
}

/// The views somebody has: that of a team if they are in one.
pub(super) fn views_of(me: &Person) -> impl Iterator<Item = View> + use<> {
    let in_team = me.team.is_some();
    View::ALL
        .into_iter()
        .filter(move |view| in_team || *view != View::Team)
}

/// The inbox, with one contact opened or none, and with what came of what was just done.
pub(crate) async fn shown(
    desk: &Desk,
    jar: &CookieJar,
    me: Person,
    asked: InboxQuery,
    open: Option<&ContactDetail>,
    told: BulkOutcome,
) -> Result<Response, PageError> {
    let view = asked
        .view
        .as_deref()
        .and_then(View::parse)
        .unwrap_or(View::Unassigned);
    let after = asked.after.as_deref().and_then(Place::parse);
    let mut found = None;
    let sought = desk.store.show_words(&asked.s).unwrap_or_default();
    if !sought.is_empty() {
        found = Some(desk.store.find(&sought, FOUND).await?);
    }
    let mut sizes = Vec::new();
    for view in views_of(&me).filter(|view| view.is_of_open()) {
        sizes.push((view, desk.store.view_size(view, me.id).await?));
    }
    let (mut draft, mut noting, mut present, mut followed) = (None, None, Vec::new(), false);
    if let Some(open) = open {
        followed = desk.store.is_followed(me.id, open.id).await?;
        draft = desk.store.draft(me.id, open.reference, DraftKind::Reply).await?;
        noting = desk.store.draft(me.id, open.reference, DraftKind::Note).await?;
        present = desk.store.present(open.id, me.id).await?;
    }
    page(&Inbox {
        questions: Questions {
            scheme: desk.store.scheme(),
            words: desk.words(jar),
            answers: open
                .map(|open| suggested(desk.store.scheme(), open))
                .unwrap_or_default(),
            begins: false,
        },
        told,
        followed,
        draft,
        noting,
        present,
        view,
        sizes,
        list: if found.is_some() {
            InboxPage::default()
        } else {
            let filter = asked.filter.read();
            desk.store.inbox(view, &filter, me.id, after, ROWS).await?
        },
        found,
        sought,
        hidden: asked.s,
        chosen: asked.filter,
        topics: desk
            .store
            .scheme()
            .question(TOPIC)
            .map_or(&[], |question| question.answers.as_slice()),
        teams: desk.store.teams().await?.into_iter().collect(),
        colleagues: desk.store.colleagues().await?,
        channels: desk.channels.clone(),
        mine: open.is_some_and(|open| {
            open.assignee
                .as_ref()
                .is_some_and(|(assignee, _)| *assignee == me.id)
        }),
        open,
        ids: (desk.new_id(), desk.new_id()),
        frame: Frame::new(desk, desk.words(jar), &me, "inbox").await?,
    })
}
