//! The actions of a counsellor on a contact.

use axum::extract::Path;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use hotline_core::{
    contact::lifecycle::Marking,
    identifiers::reference::Reference,
    time::local::{self, NamedTime},
};
use hotline_store::contacts::assignment::Recipient;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    contact::{
        action::{ContactAction, ContactAnswer, answer_with_contact},
        closing::{CloseForm, ask_for_reason, chosen_reason},
        open::check_readable,
    },
    http::{
        errors::PageError,
        extractors::{Cookies, FormOrJson, IdPath, ResponseFormat, ReturnTo},
        flash::Flash,
    },
};

/// An action without parameters.
pub(crate) type SimpleAction = ContactAction<FormOrJson<ReturnTo>>;

pub(crate) async fn fetch_attachment(Path(path): Path<IdPath>, action: SimpleAction) -> ContactAnswer {
    let store = &action.desk.store;
    store.want_file(&action.me, action.reference, path.id).await?;
    action.respond(&action.form.view, Flash::FileRequested).await
}

pub(crate) async fn claim(action: SimpleAction) -> ContactAnswer {
    action.desk.store.take(&action.me, action.reference).await?;
    action.respond(&action.form.view, Flash::Claimed).await
}

pub(crate) async fn give_back(action: SimpleAction) -> ContactAnswer {
    action.desk.store.give_back(&action.me, action.reference).await?;
    action.respond(&action.form.view, Flash::GivenBack).await
}

pub(crate) async fn ask_for_files(action: SimpleAction) -> ContactAnswer {
    let store = &action.desk.store;
    store.ask_for_files(&action.me, action.reference).await?;
    action.respond(&action.form.view, Flash::FilesAsked).await
}

pub(crate) async fn close(
    Cookies(jar): Cookies,
    action: ContactAction<FormOrJson<CloseForm>>,
) -> ContactAnswer {
    let form = &action.form;
    let reason = chosen_reason(&form.reason, &form.why);
    let closed = action
        .desk
        .store
        .close(&action.me, action.reference, reason)
        .await;
    let fields = vec![("view".to_owned(), form.view.clone())];
    if let Some(question) = ask_for_reason(&action, &jar, closed, "close", fields)? {
        return Ok(question);
    }
    action.respond(&form.view, Flash::Closed).await
}

pub(crate) async fn reopen(action: SimpleAction) -> ContactAnswer {
    action.desk.store.reopen(&action.me, action.reference).await?;
    action.respond(&action.form.view, Flash::Reopened).await
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct MarkForm {
    /// The marking to set: `spam`, `test` or `duplicate`. A marking closes the contact and excludes it from the total of registered
    /// communications. `none` removes the marking, so that the total includes the contact again.
    #[schemars(extend("enum" = ["none", "spam", "test", "duplicate"]))]
    marking: String,
    /// The reason for closing the contact without a reply, stored as a note. Required if the marking closes a contact that is urgent,
    /// unassigned and waiting for a reply.
    #[serde(default)]
    reason: String,
    #[serde(default)]
    #[schemars(skip)]
    why: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn mark(
    Cookies(jar): Cookies,
    action: ContactAction<FormOrJson<MarkForm>>,
) -> ContactAnswer {
    let form = &action.form;
    let marking = match form.marking.as_str() {
        "none" => None,
        // Only a flood puts a contact into the quarantine.
        name => match Marking::parse(name) {
            Some(marking) if marking.closes() => Some(marking),
            Some(_) | None => return Err(PageError::Bad("error-marking")),
        },
    };
    let reason = chosen_reason(&form.reason, &form.why);
    let store = &action.desk.store;
    let marked = store
        .mark_with_reason(&action.me, action.reference, marking, reason)
        .await;
    let fields = [("view", &form.view), ("marking", &form.marking)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.clone()));
    if let Some(question) = ask_for_reason(&action, &jar, marked.map(|_| ()), "mark", fields.into())? {
        return Ok(question);
    }
    let flash = if marking.is_some() {
        Flash::Marked
    } else {
        Flash::Unmarked
    };
    action.respond(&form.view, flash).await
}

pub(crate) async fn send_again(Path(path): Path<IdPath>, action: SimpleAction) -> ContactAnswer {
    let store = &action.desk.store;
    store.send_again(&action.me, action.reference, path.id).await?;
    action.respond(&action.form.view, Flash::ReplyRetried).await
}

/// A link between this contact and another contact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct LinkForm {
    /// The reference of the other contact.
    to: String,
    /// `true` links the two contacts; `false` removes the link.
    #[serde(default = "yes")]
    linked: bool,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

const fn yes() -> bool {
    true
}

pub(crate) async fn link(action: ContactAction<FormOrJson<LinkForm>>) -> ContactAnswer {
    let form = &action.form;
    let to = Reference::parse(&form.to).map_err(|_| PageError::Bad("error-reference"))?;
    let store = &action.desk.store;
    check_readable(&action.desk, &action.me, to).await?;
    store.link(&action.me, action.reference, to, form.linked).await?;
    let flash = if form.linked {
        Flash::Linked
    } else {
        Flash::Unlinked
    };
    action.respond(&form.view, flash).await
}

/// The choice to pin a note or to remove the pin.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PinForm {
    /// `true` shows the note beside every contact of the person; `false` shows it only in its contact.
    #[serde(default = "yes")]
    pinned: bool,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
    /// The contact on whose page the form is. It can be another contact of the same person.
    #[serde(default)]
    #[schemars(skip)]
    open: String,
}

pub(crate) async fn pin(
    Path(path): Path<IdPath>,
    action: ContactAction<FormOrJson<PinForm>>,
) -> ContactAnswer {
    let (store, form) = (&action.desk.store, &action.form);
    store
        .pin_note(&action.me, action.reference, path.id, form.pinned)
        .await?;
    let flash = if form.pinned {
        Flash::NotePinned
    } else {
        Flash::NoteUnpinned
    };
    // Only pages name another contact, beside which the note is shown.
    let open = match action.format {
        ResponseFormat::Page => Reference::parse(&form.open).unwrap_or(action.reference),
        ResponseFormat::Json => action.reference,
    };
    answer_with_contact(&action.desk, &action.me, action.format, open, &form.view, flash).await
}

/// The choice to follow or unfollow the contact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FollowForm {
    #[serde(default = "yes")]
    follows: bool,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn follow(action: ContactAction<FormOrJson<FollowForm>>) -> ContactAnswer {
    let (store, form) = (&action.desk.store, &action.form);
    store
        .set_followed(&action.me, action.reference, form.follows)
        .await?;
    let flash = if form.follows {
        Flash::Followed
    } else {
        Flash::Unfollowed
    };
    action.respond(&form.view, flash).await
}

/// A handover of the contact to a colleague or a team, with a note.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct HandOverForm {
    /// The recipient: the id of a colleague, or `team:` followed by the name of a team.
    to: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn hand_over(action: ContactAction<FormOrJson<HandOverForm>>) -> ContactAnswer {
    let (store, form) = (&action.desk.store, &action.form);
    let recipient = match form.to.strip_prefix("team:") {
        Some(team) => Recipient::Team(team.to_owned()),
        None => Recipient::Person(form.to.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    store
        .hand_over(&action.me, action.reference, &recipient, &form.note)
        .await?;
    action.respond(&form.view, Flash::HandedOver).await
}

pub(crate) async fn ask_for(action: SimpleAction) -> ContactAnswer {
    action.desk.store.ask_for(&action.me, action.reference).await?;
    action.respond(&action.form.view, Flash::AskedFor).await
}

/// A block on the contact's identifier. Contacts of a blocked identifier are hidden and not assigned, but they are still registered and
/// counted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct BlockForm {
    /// The length of the block in days. 0 ends the block.
    days: u8,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn block(action: ContactAction<FormOrJson<BlockForm>>) -> ContactAnswer {
    let (desk, form) = (&action.desk, &action.form);
    let until = (form.days > 0).then(|| desk.clock.now() + TimeDelta::days(form.days.into()));
    desk.store.block(&action.me, action.reference, until).await?;
    let flash = if until.is_some() {
        Flash::Blocked
    } else {
        Flash::Unblocked
    };
    action.respond(&form.view, flash).await
}

/// The time until which the contact is snoozed, that is, hidden: a number of hours from now (`hours`), a time with a name (`until_named`), or
/// a point in time (`until`, or `until_local` in the centre's time zone). If all fields are omitted, the contact's current snooze ends.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SnoozeForm {
    hours: Option<u16>,
    until_named: Option<NamedTime>,
    until: Option<DateTime<Utc>>,
    /// In the form `2026-11-30T08:00`.
    until_local: Option<String>,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

impl SnoozeForm {
    fn end(&self, now: DateTime<Utc>, zone: Tz) -> Result<Option<DateTime<Utc>>, PageError> {
        let typed = self.until_local.as_deref().filter(|typed| !typed.is_empty());
        let typed = typed.map(|typed| local::parse_typed(typed, zone).ok_or(PageError::Bad("error-time")));
        let named = self.until_named.map(|named| named.after(now, zone));
        let hours = self.hours.filter(|hours| *hours > 0);
        let after_hours = hours.map(|hours| now + TimeDelta::hours(hours.into()));
        Ok(named.or(after_hours).or(self.until).or(typed.transpose()?))
    }
}

pub(crate) async fn snooze(action: ContactAction<FormOrJson<SnoozeForm>>) -> ContactAnswer {
    let (desk, form) = (&action.desk, &action.form);
    let until = form.end(desk.clock.now(), desk.centre.time_zone)?;
    desk.store.snooze(&action.me, action.reference, until).await?;
    let flash = if until.is_some() {
        Flash::Snoozed
    } else {
        Flash::Woken
    };
    action.respond(&form.view, flash).await
}
