//! What pages share: the frame round them, and times as people read them.

use std::borrow::Cow;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use hotline_core::{
    centre::Centre,
    staff::{
        preferences::Theme,
        rights::{Right, Role},
    },
    text::{locale::Words, visible::with_directions_marked},
};
use hotline_store::{intake::lines::LineState, staff::accounts::Person};

use crate::{
    http::errors::PageError,
    reports::labels::{channel_name, format_day},
    state::Desk,
};

/// Keys, each with the end of the key of what it does in the locale files. `assets/http/keys.js` does it.
const KEYS: [(&str, &str); 16] = [
    ("Ctrl+K", "palette"),
    ("j", "next"),
    ("k", "previous"),
    ("Enter", "open"),
    ("r", "reply"),
    ("Ctrl+Enter", "send"),
    ("u", "undo"),
    ("n", "note"),
    ("c", "claim"),
    ("h", "hand-over"),
    ("z", "snooze"),
    ("w", "wrap-up"),
    ("e", "close"),
    ("l", "log"),
    ("/", "search"),
    ("?", "keys"),
];

/// The frame round every page.
pub(crate) struct Frame<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    pub me: &'a Person,
    pub here: &'static str,
    pub now: DateTime<Utc>,
    pub down: Vec<LineState>,
    /// How many wait for me or for whoever takes them: shown on every page, and in the title of a hidden one.
    pub waits: u64,
}

/// Words of others, fit to be shown: what would turn the writing round is marked instead. Where it stands the direction is `auto`, so that
/// right-to-left words leave what is beside them where it was.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    with_directions_marked(text)
}

impl<'a> Frame<'a> {
    pub(crate) async fn new(
        desk: &'a Desk,
        words: &'a Words,
        me: &'a Person,
        here: &'static str,
    ) -> Result<Self, PageError> {
        let mut down = Vec::new();
        if me.role.may(Right::SeeHealth) {
            down = desk.store.line_states().await?;
            down.retain(|line| !line.problem.is_empty());
        }
        let mut waits = 0;
        if me.role.may(Right::WorkOnContacts) {
            waits = desk.store.waits_for(me.id).await?;
        }
        Ok(Self {
            waits,
            words,
            centre: &desk.centre,
            me,
            here,
            now: desk.clock.now(),
            down,
        })
    }

    pub(crate) fn may(&self, right: Right) -> bool {
        self.me.role.may(right)
    }

    pub(crate) fn role(&self) -> String {
        self.words.say(match self.me.role {
            Role::Counsellor => "role-counsellor",
            Role::Supervisor => "role-supervisor",
            Role::Manager => "role-manager",
            Role::Administrator => "role-administrator",
        })
    }

    /// The keys that do something, and what.
    pub(crate) fn keys(&self) -> Vec<(&'static str, String)> {
        KEYS.into_iter()
            .map(|(key, what)| (key, self.words.say(&format!("key-{what}"))))
            .collect()
    }

    /// The themes there are: each by its name, as it is said, and whether it is mine.
    pub(crate) fn themes(&self) -> Vec<(&'static str, String, bool)> {
        Theme::ALL
            .into_iter()
            .map(|theme| {
                let said = self.words.say(&format!("theme-{}", theme.as_str()));
                (theme.as_str(), said, theme == self.me.preferences.theme)
            })
            .collect()
    }

    /// A time in the centre's zone: today only the hour.
    pub(crate) fn at(&self, at: &DateTime<Utc>) -> String {
        let zone = self.zone();
        let local = at.with_timezone(&zone);
        if local.date_naive() == self.now.with_timezone(&zone).date_naive() {
            local.format("%H:%M").to_string()
        } else {
            local.format("%d.%m.%Y. %H:%M").to_string()
        }
    }

    /// The day of a time in the centre's zone.
    pub(crate) fn date(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&self.zone()).format("%d.%m.%Y.").to_string()
    }

    /// The same with the day in any case, for what is printed.
    pub(crate) fn day_and_hour(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&self.zone())
            .format("%d.%m.%Y. %H:%M")
            .to_string()
    }

    pub(crate) fn at_or_nothing(&self, at: &Option<DateTime<Utc>>) -> String {
        at.as_ref().map(|at| self.at(at)).unwrap_or_default()
    }

    /// A stored day as people here write it.
    pub(crate) fn day(&self, day: &str) -> String {
        day.parse().map_or_else(|_| day.to_owned(), format_day)
    }

    /// How long ago something was.
    pub(crate) fn since(&self, at: &DateTime<Utc>) -> String {
        let minutes = (self.now - *at).num_minutes().max(0);
        match minutes {
            0 => self.words.say("just-now"),
            1..=59 => self.words.count("minutes", minutes),
            60..=2_879 => self.words.count("hours-long", minutes / 60),
            _ => self.words.count("days", minutes / 1_440),
        }
    }

    /// How pressing a wait is: the name of a style.
    pub(crate) fn urgency(&self, since: &DateTime<Utc>) -> &'static str {
        match (self.now - *since).num_minutes() {
            ..=15 => "fresh",
            16..=120 => "waiting",
            _ => "late",
        }
    }

    pub(crate) fn channel(&self, channel: &str) -> String {
        channel_name(self.words, channel)
    }

    fn zone(&self) -> Tz {
        self.centre.time_zone
    }
}

/// A page as an answer.
pub(crate) fn page(page: &impl Template) -> Result<Response, PageError> {
    let html = page.render().map_err(PageError::fault)?;
    Ok(Html(html).into_response())
}

#[derive(Template)]
#[template(path = "http/message.html")]
struct Said<'a> {
    words: &'a Words,
    head: &'a str,
    lines: &'a [String],
    back: &'a str,
}

/// A page that only says something, and leads back.
pub(crate) fn plain_page(
    words: &Words,
    head: &str,
    lines: &[String],
    back: &str,
) -> Result<Response, PageError> {
    page(&Said {
        words,
        head,
        lines,
        back,
    })
}
