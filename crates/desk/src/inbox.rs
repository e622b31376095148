//! The inbox and the page of one contact.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{Redirect, Response},
};
use axum_extra::extract::CookieJar;
use chrono::TimeDelta;
use hotline_core::{
    classification::{Answer, TOPIC},
    contact::{Marking, Status},
    job::Delivery,
    locale::Language,
    message::Asks,
    reference::Reference,
    rights::Right,
};
use hotline_store::{
    attachments::{Attachment, Held},
    drafts::{Draft, DraftKind},
    inbox::{Filter, Page, Place, View},
    opened::{Delivered, Event, Message, Opened},
    presence::Present,
    search::Found,
    staff::Person,
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    access::Who,
    action::Sent,
    attachments,
    desk::Desk,
    error::PageError,
    questions::Questions,
    view::{Frame, page},
    wrapup::suggested,
};

/// Contacts that a search shows.
const FOUND: usize = 50;
/// The longest that is looked for, in characters.
const LONGEST_SOUGHT: usize = 500;
/// Rows of the list.
const ROWS: u64 = 50;

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox<'a> {
    frame: Frame<'a>,
    view: View,
    sizes: Vec<(View, u64)>,
    list: Page,
    /// What came of what was done to several.
    told: Vec<String>,
    /// Whether I follow what is open.
    followed: bool,
    /// What is looked for, and what was found round it.
    sought: String,
    hidden: String,
    chosen: Chosen,
    /// Topics to choose from.
    topics: &'a [Answer],
    teams: Vec<String>,
    colleagues: Vec<Person>,
    channels: Arc<[String]>,
    found: Option<Found>,
    open: Option<&'a Opened>,
    /// Makes a reply or note the same one if its form is sent twice.
    ids: (Uuid, Uuid),
    mine: bool,
    /// What I began to write.
    draft: Option<Draft>,
    noting: Option<Draft>,
    /// Who else is here.
    present: Vec<Present>,
    /// The wrap-up, with what may be suggested.
    questions: Questions<'a>,
}

/// What a list is asked for.
#[derive(Deserialize)]
pub(crate) struct Asked {
    view: Option<String>,
    after: Option<String>,
    /// What is looked for, hidden ([`search`]).
    #[serde(default)]
    s: String,
    #[serde(flatten)]
    filter: Chosen,
}

impl Asked {
    /// A view, from its beginning.
    pub(crate) fn of(view: &str) -> Self {
        Self {
            view: Some(view.to_owned()),
            after: None,
            s: String::new(),
            filter: Chosen::default(),
        }
    }
}

/// What of a view is asked for. Empty or senseless: all of it.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct Chosen {
    #[serde(default)]
    channel: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    urgency: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    holder: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

impl Chosen {
    pub(crate) fn read(&self) -> Filter {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Filter {
            channel: some(&self.channel),
            language: some(&self.language),
            urgency: self.urgency.parse().ok(),
            topic: some(&self.topic),
            holder: self.holder.parse().ok(),
            from: self.from.parse().ok(),
            to: self.to.parse().ok(),
        }
    }

    /// As it stands in an address, after what is there already.
    fn in_address(&self) -> String {
        let all = [
            ("channel", &self.channel),
            ("language", &self.language),
            ("urgency", &self.urgency),
            ("topic", &self.topic),
            ("holder", &self.holder),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let mut address = form_urlencoded::Serializer::new(String::new());
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            address.append_pair(name, value);
        }
        let address = address.finish();
        if address.is_empty() {
            address
        } else {
            format!("&{address}")
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
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    shown(&desk, &jar, me, asked, None, Vec::new()).await
}

pub(crate) async fn contact(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Path(reference): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let opened = find(&desk, &reference).await?;
    desk.note_read(&me, "open contact", &opened.reference.to_string()).await;
    shown(&desk, &jar, me, asked, Some(&opened), Vec::new()).await
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
    Sent(sought): Sent<Sought>,
) -> Result<Redirect, PageError> {
    if sought.q.trim().is_empty() {
        return Ok(Redirect::to("/desk/inbox"));
    }
    if sought.q.chars().count() > LONGEST_SOUGHT {
        return Err(PageError::Bad("error-form"));
    }
    desk.note_read(&me, "search", "").await;
    let hidden = desk.store.hide_words(sought.q.trim())?;
    Ok(Redirect::to(&format!("/desk/inbox?view=all&s={hidden}")))
}

/// The inbox, with one contact opened or none, and with what came of what was just done.
pub(crate) async fn shown(
    desk: &Desk,
    jar: &CookieJar,
    me: Person,
    asked: Asked,
    open: Option<&Opened>,
    told: Vec<String>,
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
    let teamless = |view: &View| *view == View::Team && me.team.is_none();
    for view in View::ALL.into_iter().filter(|view| view.is_of_open() && !teamless(view)) {
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
        },
        told,
        followed,
        draft,
        noting,
        present,
        view,
        sizes,
        list: if found.is_some() {
            Page::default()
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
        mine: open.is_some_and(|open| open.holder.as_ref().is_some_and(|(holder, _)| *holder == me.id)),
        open,
        ids: (desk.new_id(), desk.new_id()),
        frame: Frame::new(desk, desk.words(jar), &me, "inbox").await?,
    })
}

/// The contact with this reference.
pub(crate) async fn find(desk: &Desk, reference: &str) -> Result<Opened, PageError> {
    desk.store
        .contact(parsed(reference)?)
        .await?
        .ok_or(PageError::NotFound)
}

pub(crate) fn parsed(reference: &str) -> Result<Reference, PageError> {
    Reference::parse(reference).map_err(|_| PageError::NotFound)
}

impl Inbox<'_> {
    fn link(&self, reference: &Reference) -> String {
        let sought = if self.sought.is_empty() {
            String::new()
        } else {
            format!("&s={}", self.hidden)
        };
        let chosen = self.chosen.in_address();
        format!(
            "/desk/contacts/{reference}?view={}{sought}{chosen}",
            self.view.as_str()
        )
    }

    fn is_open(&self, reference: &Reference) -> bool {
        self.open.is_some_and(|open| open.reference == *reference)
    }

    /// The views I have: that of a team if I am in one.
    fn views(&self) -> impl Iterator<Item = View> {
        let in_team = self.frame.me.team.is_some();
        View::ALL.into_iter().filter(move |view| in_team || *view != View::Team)
    }

    fn view_name(&self, view: &View) -> String {
        self.frame.words.say(&format!("view-{}", view.as_str()))
    }

    fn size(&self, view: &View) -> String {
        let size = self
            .sizes
            .iter()
            .find(|(one, _)| one == view)
            .map(|(_, size)| *size);
        size.map(|size| {
            if size >= 1_000 {
                "999+".to_owned()
            } else {
                size.to_string()
            }
        })
        .unwrap_or_default()
    }

    /// Who is on duty, by name.
    fn on_shift(&self) -> String {
        let there = self.colleagues.iter().filter(|one| one.on_duty);
        let names: Vec<String> = there.map(|one| self.frame.words.own(&one.name)).collect();
        names.join(", ")
    }

    fn may_write(&self) -> bool {
        let Some(open) = self.open else { return false };
        open.holder.is_none() || self.mine || self.frame.may(Right::WorkOnOthers)
    }

    fn status(&self, status: &Status) -> String {
        self.frame.words.say(&format!("status-{}", status.as_str()))
    }

    fn marking(&self, marking: &Marking) -> String {
        self.frame.words.say(&format!("marking-{}", marking.as_str()))
    }

    fn delivery(&self, state: &Delivery) -> String {
        self.frame.words.say(&format!("delivery-{}", state.as_str()))
    }

    /// How a message fares: what lies ready for whoever has the code was handed to nobody.
    fn fares(&self, one: &Delivered) -> String {
        let ready = self.open.is_some_and(|open| {
            let lies_ready = open.card.as_ref().is_some_and(|card| card.answers_lie_ready);
            lies_ready && open.line == one.line && one.state == Delivery::Sent
        });
        if ready {
            self.frame.words.say("delivery-ready")
        } else if one.state == Delivery::Unknown && !one.under_way {
            self.frame.words.say("delivery-uncertain")
        } else {
            self.delivery(&one.state)
        }
    }

    /// What a file is called: its name, or else what kind of thing it is.
    fn called(&self, part: &Attachment) -> String {
        let kind = part.media_type.split('/').next().unwrap_or_default();
        let key = match kind {
            "image" => "file-picture",
            "audio" => "file-sound",
            "video" => "file-video",
            _ => "file",
        };
        part.name.clone().unwrap_or_else(|| self.frame.words.say(key))
    }

    /// What a draft has to have seen: what it had when it was begun, or what is shown now.
    fn seen(&self, open: &Opened) -> i64 {
        self.draft.as_ref().map_or(open.newest, |draft| draft.seen)
    }

    /// What came since the draft was begun.
    fn is_behind(&self, open: &Opened) -> bool {
        self.draft.as_ref().is_some_and(|draft| draft.seen < open.newest)
    }

    /// The day of a message, if those before it are of another.
    fn new_day(&self, which: &usize) -> Option<String> {
        let messages = &self.open?.messages;
        let day = |at: usize| messages.get(at).map(|message| self.frame.date(&message.at));
        let here = day(*which);
        let before = which.checked_sub(1).and_then(day);
        here.filter(|_| messages.len() > 1 && day(*which) != before)
    }

    /// Until when my reply can be taken back, in milliseconds since 1970.
    fn leaves_at(&self, message: &Message) -> Option<i64> {
        let mine = message.direction == "reply" && message.author.as_ref() == Some(&self.frame.me.name);
        let all = message.deliveries.iter().map(|one| one.leaves_at);
        let first = all.collect::<Option<Vec<_>>>()?.into_iter().min()?;
        (mine && first > self.frame.now).then(|| first.timestamp_millis())
    }

    /// What a colleague does here.
    fn doing(&self, one: &Present) -> String {
        let key = if one.writing { "writes-here" } else { "reads-here" };
        self.frame
            .words
            .with(key, "name", &self.frame.words.own(&one.name))
    }

    /// Why somebody may not want to take it now: a colleague is writing.
    fn taken_from(&self) -> Option<String> {
        let writer = self.present.iter().find(|one| one.writing)?;
        let name = self.frame.words.own(&writer.name);
        Some(self.frame.words.with("claim-anyway", "name", &name))
    }

    /// What I closed a moment ago, if nothing was done since: it can be taken back at once.
    fn just_closed(&self, open: &Opened) -> bool {
        let mut done = open.history.iter().rev();
        let last = done.find(|event| event.actor.is_some());
        open.status == Status::Closed
            && last.is_some_and(|event| {
                ["closed", "marked"].contains(&event.kind.as_str())
                    && event.actor.as_ref() == Some(&self.frame.me.name)
                    && self.frame.now - event.at < TimeDelta::minutes(5)
            })
    }

    /// How pressing it is, for who reads and for the style sheet.
    fn pressing(&self, urgency: &i16) -> Option<(&'static str, String)> {
        let key = match urgency {
            i16::MIN..=0 => return None,
            1 => "urgent",
            2.. => "danger",
        };
        Some((key, self.frame.words.say(&format!("urgency-{key}"))))
    }

    fn so_long(&self, hours: &i64) -> String {
        if hours % 24 == 0 {
            self.frame.words.count("days", hours / 24)
        } else {
            self.frame.words.count("hours-long", *hours)
        }
    }

    /// Whether I may ask for it.
    fn may_ask(&self, open: &Opened) -> bool {
        let others = open
            .holder
            .as_ref()
            .is_some_and(|(holder, _)| *holder != self.frame.me.id);
        let asked = open.asked_by.iter().any(|(who, _)| *who == self.frame.me.id);
        others && !asked && self.frame.may(Right::WorkOnContacts)
    }

    fn history(&self, event: &Event) -> String {
        let what = self.frame.words.say(&format!("event-{}", event.kind));
        let how = match event.kind.as_str() {
            "news" => self.news(&event.detail),
            "delivery" => self.frame.words.say(&format!("delivery-{}", event.detail)),
            "in_case" | "forwarded" | "linked" | "unlinked" => event.detail.clone(),
            "handed_over" | "logged" => self.frame.words.own(&event.detail),
            "marked" => self.frame.words.say(&format!("marking-{}", event.detail)),
            _ => String::new(),
        };
        [what, how]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }

    /// What a platform told of the person.
    fn news(&self, news: &str) -> String {
        self.frame.words.say(&format!("news-{news}"))
    }

    /// Whether somebody must decide whether a message is sent once more.
    fn is_stuck(&self, one: &Delivered) -> bool {
        match one.state {
            Delivery::Failed => true,
            Delivery::Unknown => !one.under_way,
            Delivery::Queued | Delivery::Sending | Delivery::Sent | Delivery::Delayed => false,
        }
    }

    fn language(&self, tag: &str) -> String {
        Language::parse(tag).map_or_else(|| tag.to_owned(), |language| language.own_name().to_owned())
    }

    /// Whether a file lies with the platform and I may ask for it.
    fn can_fetch(&self, part: &Attachment) -> bool {
        matches!(part.held, Held::Elsewhere | Held::Failed) && self.may_write()
    }

    /// Whether it can be looked at or listened to here, and as what.
    fn shown_as(&self, part: &Attachment) -> Option<&'static str> {
        let kind = part.media_type.split('/').next().unwrap_or_default();
        let known = ["image", "audio", "video"].into_iter().find(|one| *one == kind);
        known.filter(|_| part.held == Held::Here && part.size <= attachments::LARGEST_SHOWN)
    }

    /// Its kind and, if the platform says it, its size.
    fn kind_of(&self, part: &Attachment) -> String {
        match part.size {
            0 if part.held != Held::Here => part.media_type.clone(),
            size => format!("{}, {}", part.media_type, self.size_of(&size)),
        }
    }

    fn size_of(&self, bytes: &i64) -> String {
        match bytes {
            ..1_024 => format!("{bytes} B"),
            1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
            _ => format!("{} MiB", bytes / 1_048_576),
        }
    }
}
