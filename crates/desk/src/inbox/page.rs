//! The pages of the inbox and of a contact.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{Redirect, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    contact::urgency::UrgencyRules,
    contact::{
        classification::{Answer, TOPIC},
        lifecycle::{Marking, Status},
        message::Asks,
    },
    masking::{MaskingSettings, RevealReason},
    staff::{audit::AuditAction, rights::Right},
    text::{
        locale::Language,
        rich::{Block, RichText},
        sought::Sought,
    },
};
use hotline_store::{
    contacts::{
        attachments::FileLocation,
        detail::{ContactDetail, Identity},
        drafts::{Draft, DraftKind},
    },
    db::values::Direction,
    inbox::list::{InboxOrder, InboxPage, Place, View},
    memory::presence::Present,
    search::{FoundCases, SearchResults},
    staff::{accounts::StaffMember, availability::Colleague, canned::Canned},
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    contact::{
        locks::checklist,
        open::{open_contact, parse_reference},
        questions::Questions,
        wrap_up::suggested,
    },
    http::{
        access::{Arrival, Who},
        errors::PageError,
        page::{Frame, page},
    },
    inbox::{
        filters::SearchFilterForm,
        groups::{RowGroup, group_rows},
        search::find_cases,
    },
    state::Desk,
};

/// The largest number of search results.
const FOUND: usize = 50;
/// The largest number of cases among the search results.
const FOUND_CASES: usize = 3;
/// Number of rows per page of the inbox.
const ROWS: u64 = 50;

#[derive(Template)]
#[template(path = "inbox/page.html")]
pub(super) struct Inbox<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) view: View,
    pub(super) sizes: Vec<(View, u64)>,
    /// The entries of the list; empty while search results are shown.
    pub(super) groups: Vec<RowGroup>,
    /// What the member of staff does next who locked a file.
    pub(super) checklist: Vec<String>,
    /// The position after which the next page begins.
    pub(super) next: Option<Place>,
    /// The outcome of a bulk action; empty if there was no bulk action.
    pub(super) told: BulkOutcome,
    /// Whether the reader (the member of staff who opened the page) follows the contact that the page shows.
    pub(super) followed: bool,
    /// The search term; empty if there is no search.
    pub(super) sought: String,
    /// The words and phrases of the search term.
    pub(super) terms: Sought,
    /// The encrypted search term, for URLs.
    pub(super) hidden: String,
    pub(super) chosen: SearchFilterForm,
    /// The lines by which search results can be filtered; empty if there is no search.
    pub(super) lines: Vec<String>,
    /// The main topics by which contacts can be filtered.
    pub(super) topics: &'a [Answer],
    pub(super) teams: Vec<String>,
    pub(super) rules: &'a UrgencyRules,
    pub(super) colleagues: Vec<Colleague>,
    pub(super) channels: Vec<String>,
    pub(super) found: Option<SearchResults>,
    pub(super) found_cases: FoundCases,
    pub(super) open: Option<&'a ContactDetail>,
    /// The ids that the reply and the note written on this page will have. A second reply or note with the same id is ignored, so sending a
    /// form twice creates no duplicate.
    pub(super) ids: (Uuid, Uuid),
    pub(super) mine: bool,
    /// The reader's draft of a reply.
    pub(super) draft: Option<Draft>,
    /// The reader's draft of a note.
    pub(super) noting: Option<Draft>,
    /// Colleagues who have the contact open.
    pub(super) present: Vec<Present>,
    /// The questions of the wrap-up, with the answers so far or suggested answers.
    pub(super) questions: Questions<'a>,
    /// Whether identities are masked, and who may reveal them.
    pub(super) masking: &'a MaskingSettings,
    /// The macros that the reader may use.
    pub(super) macros: Vec<Canned>,
}

/// The outcome of a bulk action.
#[derive(Default)]
pub(crate) struct BulkOutcome {
    /// A text with the number of contacts for which the action succeeded; `None` if this number is 0.
    pub done: Option<String>,
    /// The reference of each contact for which the action failed, and the reason.
    pub refused: Vec<(String, String)>,
}

/// The query parameters of the inbox page.
#[derive(Deserialize)]
pub(crate) struct InboxQuery {
    view: Option<String>,
    after: Option<String>,
    /// The search term as encrypted by [`search`](super::search::search); empty if there is no search.
    #[serde(default)]
    s: String,
    #[serde(flatten)]
    filter: SearchFilterForm,
}

impl InboxQuery {
    /// Creates the query parameters for the first page of an inbox view, without filters.
    pub(crate) fn of(view: &str) -> Self {
        Self {
            view: Some(view.to_owned()),
            after: None,
            s: String::new(),
            filter: SearchFilterForm::default(),
        }
    }
}

/// Redirects to the start page for the role of `me`.
pub(crate) async fn front(Who(me): Who) -> Redirect {
    if me.role.may(Right::ReadContacts) {
        Redirect::to("/desk/inbox")
    } else if me.role.may(Right::ReadStatistics) {
        Redirect::to("/desk/statistics")
    } else if me.role.may(Right::ReadAudit) {
        Redirect::to("/desk/audit")
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
    let view = asked.view.as_deref().and_then(View::parse);
    let view = view.unwrap_or(View::Unassigned).as_str();
    desk.note_read(&me, AuditAction::ListContacts, view).await;
    render_inbox(&desk, &jar, me, asked, None, BulkOutcome::default()).await
}

pub(crate) async fn contact(
    State(desk): State<Desk>,
    Who(me): Who,
    arrival: Arrival,
    jar: CookieJar,
    Path(reference): Path<String>,
    Query(asked): Query<InboxQuery>,
) -> Result<Response, PageError> {
    let contact = open_contact(&desk, &me, parse_reference(&reference)?, arrival).await?;
    render_inbox(&desk, &jar, me, asked, Some(&contact), BulkOutcome::default()).await
}

/// Returns the inbox views of a member of staff. The team view is included only for members of a team.
pub(super) fn views_of(me: &StaffMember) -> impl Iterator<Item = View> + use<> {
    let in_team = me.team.is_some();
    View::ALL
        .iter()
        .copied()
        .filter(move |view| in_team || *view != View::Team)
}

/// Renders the inbox page. `open` is the contact beside the list, and `told` is the message about the outcome of a bulk action.
pub(crate) async fn render_inbox(
    desk: &Desk,
    jar: &CookieJar,
    me: StaffMember,
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
    let (mut found, mut found_cases, mut lines) = (None, FoundCases::default(), Vec::new());
    let sought = desk.store.show_words(&asked.s).unwrap_or_default();
    if !sought.is_empty() {
        found = Some(desk.store.find(&me, &sought, &asked.filter.read(), FOUND).await?);
        if open.is_none() {
            found_cases = find_cases(desk, &me, &sought, &asked.filter, FOUND_CASES).await?;
        }
        let states = desk.store.line_states().await?;
        lines.extend(states.into_iter().map(|state| state.line));
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
    let list = if found.is_some() {
        InboxPage::default()
    } else {
        let filter = asked.filter.inbox.read();
        desk.store.inbox(view, &filter, me.id, after, ROWS).await?
    };
    let mut macros = Vec::new();
    if me.role.may(Right::WorkOnContacts) {
        macros = desk.store.canned(&me).await?;
        macros.retain(|one| one.content.is_macro());
    }
    page(&Inbox {
        macros,
        masking: desk.store.masking_settings(),
        checklist: checklist(desk, desk.words(jar)),
        groups: group_rows(list.rows),
        next: list.next,
        questions: Questions {
            scheme: &desk.store.scheme(),
            words: desk.words(jar),
            answers: open
                .map(|open| suggested(&desk.store.scheme(), open))
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
        found,
        found_cases,
        terms: Sought::parse(&sought),
        sought,
        hidden: asked.s,
        chosen: asked.filter,
        lines,
        topics: desk
            .store
            .scheme()
            .question(TOPIC)
            .map_or(&[], |question| question.answers.as_slice()),
        teams: desk.store.teams().await?.into_iter().collect(),
        rules: desk.store.urgency_rules(),
        colleagues: desk.store.availabilities().await?,
        channels: desk.channels(),
        mine: open.is_some_and(|open| {
            open.assignee
                .as_ref()
                .is_some_and(|(assignee, _)| *assignee == me.id)
        }),
        open,
        ids: (desk.new_id(), desk.new_id()),
        frame: Frame::new(desk, jar, &me, "inbox").await?,
    })
}
