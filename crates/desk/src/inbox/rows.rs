//! Functions that the templates of the inbox call. They return texts, or whether an action is available to the reader (the member of staff
//! who opened the page).

use chrono::TimeDelta;
use hotline_core::{
    contact::lifecycle::{Marking, Status},
    identifiers::reference::Reference,
    job::Delivery,
    masking::{mask_identifier, pseudonym::pseudonym},
    routing::skills::DANGER,
    staff::rights::Right,
    text::locale::Language,
    time::local::{self, NamedTime},
};
use hotline_store::{
    contacts::{
        attachments::{Attachment, FileLocation},
        detail::{ContactDetail, Delivered, HistoryEvent, Identity, Message},
    },
    db::values::{Direction, HistoryKind},
    inbox::list::{InboxRow, View},
    memory::presence::Present,
    staff::availability::Colleague,
};

use crate::{
    contact::attachments,
    http::{
        danger::{danger_reason, describe_rules},
        page::shown,
    },
    inbox::{
        groups::{RowGroup, Same},
        page::{Inbox, views_of},
    },
    routing::words::{claimed, decided},
};

impl Inbox<'_> {
    pub(super) fn link(&self, reference: &Reference) -> String {
        let sought = self.search_in_address();
        let chosen = self.chosen.in_address();
        format!(
            "/desk/contacts/{reference}?view={}{sought}{chosen}",
            self.view.as_str()
        )
    }

    /// Returns who wrote the contact of a row. If identities are masked, this is the pseudonym of the person. Otherwise it is the name that
    /// the person gave or, without a name, the identifier with most of it hidden: people beside the counsellor should not read a whole
    /// address from the list.
    pub(super) fn who(&self, row: &InboxRow) -> String {
        let Some(card) = &row.card else {
            return self.frame.words.say("erased");
        };
        if let Some(person) = row.person.as_ref().filter(|_| self.masking.enabled) {
            return pseudonym(person, self.frame.words);
        }
        let name = card
            .name
            .as_deref()
            .map(str::trim)
            .filter(|name| !name.is_empty());
        match (name, card.identifier.as_deref()) {
            (Some(name), _) => shown(name).into_owned(),
            (None, Some(identifier)) => shown(&mask_identifier(identifier)).into_owned(),
            (None, None) => self.frame.words.say("person-unnamed"),
        }
    }

    /// Returns the pseudonym of the person, if the identity is masked and the person has an identifier.
    pub(super) fn pseudonym(&self, open: &ContactDetail) -> Option<String> {
        let person = open
            .person
            .as_ref()
            .filter(|_| open.identity == Identity::Masked)?;
        Some(pseudonym(person, self.frame.words))
    }

    /// Returns whether a reveal asks for the password of the reader.
    pub(super) fn asks_password_to_reveal(&self) -> bool {
        self.masking.reauthenticate
    }

    /// Returns whether the reader may reveal the identity of the person, which is masked.
    pub(super) fn may_reveal(&self, open: &ContactDetail) -> bool {
        open.identity == Identity::Masked && self.masking.may_reveal(self.frame.me.role)
    }

    /// Returns the first letters of the first two words of a name.
    pub(super) fn initials(&self, name: &str) -> String {
        let name = self.frame.words.own(name);
        let letters = name.split_whitespace().filter_map(|word| word.chars().next());
        letters.take(2).flat_map(char::to_uppercase).collect()
    }

    /// Returns the short name of a language, without the script.
    pub(super) fn tongue(&self, language: &Language) -> &'static str {
        let tag = language.tag();
        tag.split_once('-').map_or(tag, |(tongue, _)| tongue)
    }

    pub(super) fn is_open(&self, reference: &Reference) -> bool {
        self.open.is_some_and(|open| open.reference == *reference)
    }

    /// Returns whether the open contact is one of the further rows of a group.
    pub(super) fn holds_open(&self, group: &RowGroup) -> bool {
        group.more.iter().any(|row| self.is_open(&row.reference))
    }

    /// Describes the further rows of a group.
    pub(super) fn alike(&self, group: &RowGroup) -> String {
        let key = match group.same {
            Same::Sender => "alike-sender",
            Same::Text => "alike-text",
        };
        let count = i64::try_from(group.more.len()).unwrap_or(i64::MAX);
        self.frame.words.count(key, count)
    }

    pub(super) fn views(&self) -> impl Iterator<Item = View> {
        views_of(self.frame.me)
    }

    pub(super) fn view_name(&self, view: &View) -> String {
        self.frame.words.say(&format!("view-{}", view.as_str()))
    }

    pub(super) fn size(&self, view: &View) -> String {
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

    /// Returns the names of the colleagues who are available.
    pub(super) fn on_shift(&self) -> String {
        let there = self
            .colleagues
            .iter()
            .filter(|one| one.availability.is_available());
        let names: Vec<String> = there.map(|one| self.frame.words.own(&one.member.name)).collect();
        names.join(", ")
    }

    pub(super) fn may_write(&self) -> bool {
        let Some(open) = self.open else { return false };
        open.assignee.is_none() || self.mine || self.frame.may(Right::WorkOnOthers)
    }

    pub(super) fn status(&self, status: &Status) -> String {
        self.frame.words.say(&format!("status-{}", status.as_str()))
    }

    /// Returns the text for the status of a contact in the list. A call that is not closed has its own text, because a caller does not wait
    /// for a reply.
    pub(super) fn row_status(&self, row: &InboxRow) -> String {
        if row.is_call && row.status.is_open() {
            return self.frame.words.say("status-call-open");
        }
        self.status(&row.status)
    }

    /// Returns the text for the status of the contact that the page shows. A call that is not closed has its own text.
    pub(super) fn open_status(&self, open: &ContactDetail) -> String {
        if open.is_call && open.status.is_open() {
            return self.frame.words.say("status-call-open");
        }
        self.status(&open.status)
    }

    /// Returns a message which states that the contact on the page is assigned to a colleague, with the name of the colleague.
    pub(super) fn led_by(&self) -> String {
        self.frame.words.with("held-by-other", "name", &self.assignee())
    }

    /// Returns a message which states that the wrap-up is read-only because the contact is assigned to a colleague, with the name of the
    /// colleague.
    pub(super) fn read_only(&self) -> String {
        self.frame
            .words
            .with("wrap-up-read-only", "name", &self.assignee())
    }

    fn assignee(&self) -> String {
        let assignee = self.open.and_then(|open| open.assignee.as_ref());
        assignee
            .map(|(_, name)| self.frame.words.own(name))
            .unwrap_or_default()
    }

    pub(super) fn marking(&self, marking: &Marking) -> String {
        self.frame.words.say(&format!("marking-{}", marking.as_str()))
    }

    pub(super) fn delivery(&self, state: &Delivery) -> String {
        self.frame.words.say(&format!("delivery-{}", state.as_str()))
    }

    /// Describes the delivery state of a reply. If the person reads replies on a web page, the state `Sent` is described as ready, because
    /// the reply waits on that page.
    pub(super) fn delivery_label(&self, one: &Delivered) -> String {
        let ready = self.open.is_some_and(|open| {
            let lies_ready = open.card.as_ref().is_some_and(|card| card.replies_wait_on_page);
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

    /// Returns the name of a file or, if the file has no name, the word for its kind, such as "picture".
    pub(super) fn called(&self, part: &Attachment) -> String {
        let kind = part.media_type.split('/').next().unwrap_or_default();
        let key = match kind {
            "image" => "file-picture",
            "audio" => "file-sound",
            "video" => "file-video",
            _ => "file",
        };
        match &part.name {
            Some(name) => shown(name).into_owned(),
            None => self.frame.words.say(key),
        }
    }

    /// Returns the id of the newest event that the reader had seen when they began their draft or, if there is no draft, of the newest
    /// event on the page.
    pub(super) fn seen(&self, open: &ContactDetail) -> i64 {
        self.draft.as_ref().map_or(open.newest, |draft| draft.seen)
    }

    /// Returns whether the contact has events that the reader had not seen when they began their draft.
    pub(super) fn is_behind(&self, open: &ContactDetail) -> bool {
        self.draft.as_ref().is_some_and(|draft| draft.seen < open.newest)
    }

    /// Returns the time until which the reader can cancel their own reply, in milliseconds since 1970. Returns `None` for other messages,
    /// and for a reply that can no longer be cancelled.
    pub(super) fn leaves_at(&self, message: &Message) -> Option<i64> {
        let mine =
            message.direction == Direction::Reply && message.author.as_ref() == Some(&self.frame.me.name);
        let all = message.deliveries.iter().map(|one| one.leaves_at);
        let first = all.collect::<Option<Vec<_>>>()?.into_iter().min()?;
        (mine && first > self.frame.now).then(|| first.timestamp_millis())
    }

    /// Describes what a colleague is doing at this contact.
    pub(super) fn doing(&self, one: &Present) -> String {
        let key = if one.writing { "writes-here" } else { "reads-here" };
        self.frame
            .words
            .with(key, "name", &self.frame.words.own(&one.name))
    }

    /// Returns a warning that a colleague is writing a reply to this contact; `None` if no colleague is writing.
    pub(super) fn taken_from(&self) -> Option<String> {
        let writer = self.present.iter().find(|one| one.writing)?;
        let name = self.frame.words.own(&writer.name);
        Some(self.frame.words.with("claim-anyway", "name", &name))
    }

    /// Returns whether the page offers the reader to undo the closing of the contact. The reader must have closed the contact in the last
    /// five minutes, and no other action may have followed.
    pub(super) fn just_closed(&self, open: &ContactDetail) -> bool {
        let closes = |event: &HistoryEvent| {
            event.kind == HistoryKind::Closed || (event.kind == HistoryKind::Marked && event.detail != "none")
        };
        let Some(place) = open.history.iter().rposition(closes) else {
            return false;
        };
        let mut events = open.history.iter().skip(place);
        let Some(closing) = events.next() else {
            return false;
        };
        // If the contact was closed together with its wrap-up, the history contains what the wrap-up changed after the closing.
        let belongs = |event: &HistoryEvent| {
            matches!(
                event.kind,
                HistoryKind::Classified | HistoryKind::ClassifiedInPart
            ) || event.at - closing.at < TimeDelta::seconds(1)
        };
        open.status == Status::Closed
            && closing.actor.as_ref() == Some(&self.frame.me.name)
            && self.frame.now - closing.at < TimeDelta::minutes(5)
            && events.all(|event| event.actor.is_none() || belongs(event))
    }

    /// Returns the current time as a value of a `datetime-local` field.
    pub(super) fn local_now(&self) -> String {
        let local = self.frame.now.with_timezone(&self.frame.centre.time_zone);
        local.format(local::FORM_FORMAT).to_string()
    }

    pub(super) fn so_long(&self, hours: &i64) -> String {
        if hours % 24 == 0 {
            self.frame.words.count("days", hours / 24)
        } else {
            self.frame.words.count("hours-long", *hours)
        }
    }

    /// Returns the mornings until which a contact can be snoozed, as values of the form, each with its label. On a Sunday, tomorrow is
    /// Monday, and the list has one entry.
    pub(super) fn mornings(&self) -> Vec<(&'static str, String)> {
        let zone = self.frame.centre.time_zone;
        let label = |key, named: NamedTime| {
            let day = named
                .after(self.frame.now, zone)
                .with_timezone(&zone)
                .date_naive();
            self.frame
                .words
                .with(key, "day", &day.format("%d.%m.").to_string())
        };
        let tomorrow = ("tomorrow", label("snooze-tomorrow", NamedTime::Tomorrow));
        let monday = ("monday", label("snooze-monday", NamedTime::Monday));
        let is_same =
            NamedTime::Tomorrow.after(self.frame.now, zone) == NamedTime::Monday.after(self.frame.now, zone);
        if is_same {
            vec![monday]
        } else {
            vec![tomorrow, monday]
        }
    }

    /// Returns whether the contact's assignee is somebody else who is absent, so that the reader can take the contact.
    pub(super) fn may_take_over(&self, open: &ContactDetail) -> bool {
        let Some((assignee, _)) = open.assignee.as_ref().filter(|(id, _)| *id != self.frame.me.id) else {
            return false;
        };
        let present = |one: &Colleague| one.member.id == *assignee && one.present;
        !self.colleagues.iter().any(present) && self.frame.may(Right::WorkOnContacts)
    }

    /// Returns whether the reader may pin this note. There is nothing to pin it to if the contact has no identifier.
    pub(super) fn may_pin(&self, open: &ContactDetail, note: &Message) -> bool {
        let has_identifier = open.card.as_ref().is_some_and(|card| card.identifier.is_some());
        let is_pinned = open.pinned.iter().any(|one| one.id == note.id);
        has_identifier && !is_pinned && self.frame.may(Right::WorkOnContacts)
    }

    /// Returns whether the reader may ask the assignee to hand over this contact.
    pub(super) fn may_ask(&self, open: &ContactDetail) -> bool {
        let others = open
            .assignee
            .as_ref()
            .is_some_and(|(assignee, _)| *assignee != self.frame.me.id);
        let asked = open.asked_by.iter().any(|(who, _)| *who == self.frame.me.id);
        others && !asked && self.frame.may(Right::WorkOnContacts) && !self.may_take_over(open)
    }

    pub(super) fn history(&self, event: &HistoryEvent) -> String {
        let what = self.frame.words.say(&format!("event-{}", event.kind));
        let how = match event.kind {
            HistoryKind::News => self.news(&event.detail),
            HistoryKind::Delivery => self.frame.words.say(&format!("delivery-{}", event.detail)),
            HistoryKind::InCase | HistoryKind::Forwarded | HistoryKind::Linked | HistoryKind::Unlinked => {
                event.detail.clone()
            }
            HistoryKind::Closed => event.detail.clone(),
            HistoryKind::HandedOver | HistoryKind::Logged | HistoryKind::Returned => {
                self.frame.words.own(&event.detail)
            }
            HistoryKind::Raised => self.raised(&event.detail),
            HistoryKind::Claimed => claimed(self.frame.words, &event.detail),
            HistoryKind::Assigned | HistoryKind::Offered => {
                decided(self.frame.words, self.questions.scheme, &event.detail)
            }
            HistoryKind::Marked => self.frame.words.say(&format!("marking-{}", event.detail)),
            HistoryKind::Registered
            | HistoryKind::Joined
            | HistoryKind::AutoReply
            | HistoryKind::Edited
            | HistoryKind::EditedEarlier
            | HistoryKind::KeptOut
            | HistoryKind::Alarmed
            | HistoryKind::TargetMissed
            | HistoryKind::OfferDeclined
            | HistoryKind::OfferEnded
            | HistoryKind::GivenBack
            | HistoryKind::AskedFor
            | HistoryKind::Snoozed
            | HistoryKind::Woken
            | HistoryKind::Blocked
            | HistoryKind::Unblocked
            | HistoryKind::Replied
            | HistoryKind::Unsent
            | HistoryKind::NotAcknowledged
            | HistoryKind::Noted
            | HistoryKind::Pinned
            | HistoryKind::Unpinned
            | HistoryKind::Classified
            | HistoryKind::ClassifiedInPart
            | HistoryKind::Reopened
            | HistoryKind::FilesAsked
            | HistoryKind::FileWanted
            | HistoryKind::FileFetched
            | HistoryKind::FileFailed
            | HistoryKind::PlannedEvent
            | HistoryKind::Erased
            | HistoryKind::Held
            | HistoryKind::HoldLifted
            | HistoryKind::FileLocked
            | HistoryKind::FileReleased
            | HistoryKind::FilePurged
            | HistoryKind::EvidenceExported => String::new(),
        };
        [what, how]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }

    /// Returns the reasons why the rules of urgency last raised the contact. Empty if they did not, or if staff set the urgency since.
    pub(super) fn raised_because(&self, open: &ContactDetail) -> String {
        let raised = open
            .history
            .iter()
            .rev()
            .find(|event| event.kind == HistoryKind::Raised);
        raised.map_or_else(String::new, |event| self.raised(&event.detail))
    }

    fn raised(&self, rules: &str) -> String {
        describe_rules(self.frame.words, self.rules, rules)
    }

    /// Returns why the contact of a row is in danger. `None` if it is not in danger.
    pub(super) fn why_in_danger(&self, row: &InboxRow) -> Option<String> {
        let raised_by = row.raised_by.as_deref().unwrap_or_default();
        (row.urgency >= DANGER).then(|| danger_reason(self.frame.words, self.rules, raised_by))
    }

    /// Describes an event about the person that the platform reported.
    pub(super) fn news(&self, news: &str) -> String {
        self.frame.words.say(&format!("news-{news}"))
    }

    /// Returns whether a delivery is stuck: it failed, or its outcome is unknown and no job will retry it. Staff must then decide whether
    /// to send the message again.
    pub(super) fn is_stuck(&self, one: &Delivered) -> bool {
        match one.state {
            Delivery::Failed => true,
            Delivery::Unknown => !one.under_way,
            Delivery::Queued | Delivery::Sending | Delivery::Sent | Delivery::Delayed => false,
        }
    }

    /// Returns `true` if the file is still only on the platform and the reader may request its download.
    pub(super) fn can_fetch(&self, part: &Attachment) -> bool {
        matches!(part.location, FileLocation::OnPlatform | FileLocation::Failed) && self.may_write()
    }

    /// Returns whether the reader can lock a file as suspected abuse material: any received file that is not locked, also of a contact that
    /// is assigned to somebody else.
    pub(super) fn can_lock(&self, message: &Message, part: &Attachment) -> bool {
        let is_done = matches!(part.location, FileLocation::Locked | FileLocation::Purged);
        message.direction == Direction::In && !is_done && self.frame.may(Right::WorkOnContacts)
    }

    /// Returns how the page displays a file: as an image, audio or video. Returns `None` if the page cannot display the file.
    pub(super) fn shown_as(&self, part: &Attachment) -> Option<&'static str> {
        let kind = part.media_type.split('/').next().unwrap_or_default();
        let known = ["image", "audio", "video"].into_iter().find(|one| *one == kind);
        known.filter(|_| part.location == FileLocation::Stored && part.size <= attachments::LARGEST_SHOWN)
    }

    /// Returns the media type of a file and, if known, its size.
    pub(super) fn kind_of(&self, part: &Attachment) -> String {
        match part.size {
            0 if part.location != FileLocation::Stored => part.media_type.clone(),
            size => format!("{}, {}", part.media_type, self.size_of(&size)),
        }
    }

    pub(super) fn size_of(&self, bytes: &i64) -> String {
        match bytes {
            ..1_024 => format!("{bytes} B"),
            1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
            _ => format!("{} MiB", bytes / 1_048_576),
        }
    }
}
