//! The frame shared by all pages, and the formatting of times.

use std::borrow::Cow;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use hotline_core::{
    centre::Centre,
    routing::{
        availability::Availability,
        targets::{Due, Pace},
    },
    staff::{
        preferences::{NotifyAbout, Theme},
        rights::{Right, Role},
    },
    text::{locale::Words, visible::with_directions_marked},
    time::local::format_time,
};
use hotline_store::{
    intake::lines::LineState,
    routing::{alarm::AlarmNotice, offers::Offer},
    staff::accounts::StaffMember,
};

use crate::{
    http::{danger::DangerEntry, errors::PageError, flash::Flash},
    state::Desk,
};
use hotline_reports::labels::{channel_name, format_day};

/// Keyboard shortcuts, each with the suffix of its locale key. `assets/http/keys.js` implements the shortcuts.
const KEYS: [(&str, &str); 19] = [
    ("Ctrl+K", "palette"),
    ("j", "next"),
    ("k", "previous"),
    ("Enter", "open"),
    ("r", "reply"),
    ("Ctrl+Enter", "send"),
    ("u", "undo"),
    ("n", "note"),
    ("c", "claim"),
    ("x", "next-please"),
    ("h", "hand-over"),
    ("z", "snooze"),
    ("w", "wrap-up"),
    ("e", "close"),
    ("l", "log"),
    ("!", "lock-file"),
    ("/", "search"),
    ("f", "next-hit"),
    ("?", "keys"),
];

/// The data of the frame that surrounds every page.
pub(crate) struct Frame<'a> {
    pub words: &'a Words,
    pub centre: &'a Centre,
    pub me: &'a StaffMember,
    pub here: &'static str,
    pub now: DateTime<Utc>,
    pub down: Vec<LineState>,
    /// What a line without any state says.
    pub silent_line: &'static str,
    /// Number of waiting contacts that are unassigned or assigned to this member of staff. The title of each page contains this number, so
    /// that it is visible in a background tab.
    pub waits: u64,
    /// Number of waiting contacts about which a hidden page notifies the member of staff.
    pub alerts: u64,
    /// The key with which the browser subscribes to push messages. `None` if the settings turn them off, or if the reader has no contacts.
    pub push_key: Option<&'a str>,
    /// Number of referrals that wait for this member of staff: for a confirmation, for changes, or for an answer that is due.
    pub case_tasks: u64,
    /// Number of locked files about which nobody decided, if the reader may decide.
    pub undecided_files: u64,
    pub care: Care,
    /// What the action that led to this page did. `None` if no action did.
    pub flash: Option<Flash>,
}

/// The number of minutes at the end of a reply target that the desk counts down.
const COUNTDOWN: i64 = 90;

/// What the reader sees of routing on every page.
#[derive(Default)]
pub(crate) struct Care {
    /// Seconds until the reader counts as away without a further action. `None`: the reader is not available.
    pub(crate) available_seconds: Option<i64>,
    /// The contacts that are on offer to the reader, except those in `ringing`.
    pub(crate) offers: Vec<Offer>,
    /// The contacts in immediate danger that nobody takes care of, those without an assignee first. Empty if the reader is not available.
    pub(crate) ringing: Vec<DangerEntry>,
    /// The number of contacts that are assigned to the reader and wait for a late reply.
    pub(crate) late: i64,
    /// The number of severe contacts that the reader got in the last twelve hours. Nobody else sees this number.
    pub(crate) severe: u32,
    /// The number of pictures and recordings that the reader looked at in the last twelve hours. Nobody else sees this number.
    pub(crate) pictures: u64,
    /// The colleagues who want a talk, and since when, if the reader is a supervisor.
    pub(crate) talks: Vec<(String, DateTime<Utc>)>,
    /// The recipients whom the last alarm could not tell, if the reader may see this.
    pub(crate) failing: Vec<AlarmNotice>,
}

/// The number of severe contacts, or of pictures, in twelve hours from which the desk suggests a break.
const REST_AFTER: (u32, u64) = (3, 10);

impl Care {
    /// Returns whether the desk suggests a break to the reader.
    pub(crate) fn needs_rest(&self) -> bool {
        self.severe >= REST_AFTER.0 || self.pictures >= REST_AFTER.1
    }

    async fn of(desk: &Desk, words: &Words, me: &StaffMember) -> Result<Self, PageError> {
        let mut failing = Vec::new();
        if me.role.may(Right::SeeRouting) {
            failing = desk.store.failing_alarm_paths().await?;
        }
        if !me.role.may(Right::TakeDuty) {
            return Ok(Self {
                failing,
                ..Self::default()
            });
        }
        let all = desk.store.availabilities().await?;
        let mut talks = Vec::new();
        if me.role.may(Right::SeeRouting) {
            let wanted = all.iter().filter(|one| one.member.id != me.id).filter_map(|one| {
                let since = one.member.skills.talk_wanted?;
                Some((words.own(&one.member.name), since))
            });
            talks.extend(wanted);
        }
        let mine = all.iter().find(|one| one.member.id == me.id);
        let available_seconds = mine.and_then(|mine| match mine.availability {
            Availability::Available { until } => Some((until - desk.clock.now()).num_seconds()),
            Availability::Away { .. } => None,
        });
        let ringing = match available_seconds {
            Some(_) => desk.store.ringing().await?,
            None => Vec::new(),
        };
        let mut offers = desk.store.offers_to(me).await?;
        let rules = desk.store.urgency_rules();
        let ringing = ringing
            .iter()
            .map(|danger| DangerEntry::new(words, rules, me, danger, &mut offers))
            .collect();
        Ok(Self {
            ringing,
            failing,
            available_seconds,
            offers,
            late: i64::try_from(desk.store.late_replies_of(me.id).await?).unwrap_or(i64::MAX),
            severe: desk.store.severe_contacts_of(me.id).await?,
            pictures: desk.store.pictures_looked_at(me.id).await?,
            talks,
        })
    }
}

/// Replaces characters that change the direction of writing with visible marks, because such characters in untrusted text could disguise
/// its content. Templates also set `dir="auto"` on the element that contains the text, so that right-to-left text does not reorder the text
/// around it.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    with_directions_marked(text)
}

/// A part of a text in which the hits of a search are marked.
pub(crate) struct TextPart<'t> {
    /// Whether the part is a hit of the search.
    pub(crate) is_hit: bool,
    pub(crate) text: &'t str,
}

/// A page that shows texts outside a search. The templates of texts mark the hits of a search; such a page has none.
pub(crate) trait WithoutHits {
    fn split_at_hits<'t>(&self, text: &'t str) -> [TextPart<'t>; 1] {
        [TextPart { is_hit: false, text }]
    }
}

/// A value that the user can choose from a list.
pub(crate) struct Choice {
    /// The value that the form or the link sends.
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

impl<'a> Frame<'a> {
    pub(crate) async fn new(
        desk: &'a Desk,
        jar: &CookieJar,
        me: &'a StaffMember,
        here: &'static str,
    ) -> Result<Self, PageError> {
        let words = desk.words(jar);
        let mut down = Vec::new();
        if me.role.may(Right::SeeHealth) {
            down = desk.store.line_states().await?;
            down.retain(|line| !line.problem.is_empty());
        }
        let (mut waits, mut alerts) = (0, 0);
        if me.role.may(Right::WorkOnContacts) {
            waits = desk.store.waits_for(me.id, NotifyAbout::Everyone).await?;
            alerts = match me.preferences.notify_about {
                NotifyAbout::Everyone => waits,
                about @ (NotifyAbout::Mine | NotifyAbout::Urgent) => {
                    desk.store.waits_for(me.id, about).await?
                }
            };
        }
        let push = desk
            .push
            .as_deref()
            .filter(|_| me.role.may(Right::WorkOnContacts));
        Ok(Self {
            push_key: push.map(|push| push.public_key.as_str()),
            care: Care::of(desk, words, me).await?,
            waits,
            alerts,
            case_tasks: desk.store.case_tasks_count(me).await?,
            undecided_files: match me.role.may(Right::DecideLockedFiles) {
                true => desk.store.undecided_files().await?,
                false => 0,
            },
            words,
            centre: &desk.centre,
            me,
            here,
            now: desk.clock.now(),
            down,
            silent_line: match desk.program.reads_lines {
                true => "line-silent",
                false => "line-silent-demo",
            },
            flash: Flash::from_cookies(jar),
        })
    }

    /// Returns the CSS class and the label of an urgency; `None` for ordinary urgency.
    pub(crate) fn pressing(&self, urgency: &i16) -> Option<(&'static str, String)> {
        let key = match urgency {
            i16::MIN..=0 => return None,
            1 => "urgent",
            2.. => "danger",
        };
        Some((key, self.words.say(&format!("urgency-{key}"))))
    }

    pub(crate) fn may(&self, right: Right) -> bool {
        self.me.role.may(right)
    }

    /// Returns the locale key of the title of the page.
    pub(crate) fn here_title(&self) -> &'static str {
        match self.here {
            "routing" if !self.may(Right::SeeRouting) => "routing-shifts",
            "password" => "pages",
            here => here,
        }
    }

    pub(crate) fn role(&self) -> String {
        self.words.say(role_key(self.me.role))
    }

    /// Returns the keyboard shortcuts with their descriptions.
    pub(crate) fn keys(&self) -> Vec<(&'static str, String)> {
        KEYS.into_iter()
            .map(|(key, what)| (key, self.words.say(&format!("key-{what}"))))
            .collect()
    }

    pub(crate) fn notify_choices(&self) -> Vec<Choice> {
        NotifyAbout::ALL
            .iter()
            .map(|about| Choice {
                value: about.as_str().to_owned(),
                label: self.words.say(&format!("notify-{}", about.as_str())),
                chosen: *about == self.me.preferences.notify_about,
            })
            .collect()
    }

    pub(crate) fn themes(&self) -> Vec<Choice> {
        Theme::ALL
            .iter()
            .map(|theme| {
                let name = theme.as_str();
                Choice {
                    value: name.to_owned(),
                    label: self.words.say(&format!("theme-{name}")),
                    chosen: *theme == self.me.preferences.theme,
                }
            })
            .collect()
    }

    /// Formats a time in the centre's time zone. The date is omitted if the time is today.
    pub(crate) fn at(&self, at: &DateTime<Utc>) -> String {
        let zone = self.zone();
        let local = at.with_timezone(&zone);
        if local.date_naive() == self.now.with_timezone(&zone).date_naive() {
            local.format("%H:%M").to_string()
        } else {
            format_time(*at, zone)
        }
    }

    /// Formats the date of a time in the centre's time zone.
    pub(crate) fn date(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&self.zone()).format("%d.%m.%Y.").to_string()
    }

    /// Formats a time with its date, even if it is today's date. Printed pages use this format.
    pub(crate) fn day_and_hour(&self, at: &DateTime<Utc>) -> String {
        format_time(*at, self.zone())
    }

    pub(crate) fn at_or_nothing(&self, at: &Option<DateTime<Utc>>) -> String {
        at.as_ref().map(|at| self.at(at)).unwrap_or_default()
    }

    /// Formats a stored day as `31.01.2026.`.
    pub(crate) fn day(&self, day: &str) -> String {
        day.parse().map_or_else(|_| day.to_owned(), format_day)
    }

    /// Formats the time that has elapsed since `at`.
    pub(crate) fn since(&self, at: &DateTime<Utc>) -> String {
        let minutes = (self.now - *at).num_minutes().max(0);
        match minutes {
            0 => self.words.say("just-now"),
            1..=59 => self.words.count("minutes", minutes),
            60..=2_879 => self.words.count("hours-long", minutes / 60),
            _ => self.words.count("days", minutes / 1_440),
        }
    }

    /// Returns the CSS class that shows how near the end of a reply target is.
    pub(crate) fn pace(&self, due: &Option<Due>) -> &'static str {
        match due.map(|due| due.pace(self.now)) {
            None | Some(Pace::InTime) => "",
            Some(Pace::Soon) => "soon",
            Some(Pace::Late) => "late",
        }
    }

    /// States when a reply is due, or how late it is. The last [`COUNTDOWN`] minutes are counted down. Before these minutes, the text
    /// contains the time at which the reply is due.
    pub(crate) fn due(&self, due: &Due) -> String {
        let late = (self.now - due.at).num_minutes();
        if late == 0 && self.now >= due.at {
            return self.words.say("reply-due-now");
        }
        if self.now >= due.at {
            return self.words.with("reply-late-by", "time", &self.since(&due.at));
        }
        if late < -COUNTDOWN {
            return self.words.with("reply-due-at", "at", &self.at(&due.at));
        }
        // The last minute is shown as 1, not 0.
        let minutes = self.words.count("minutes", 1 - late);
        self.words.with("reply-due-in", "time", &minutes)
    }

    pub(crate) fn channel(&self, channel: &str) -> String {
        channel_name(self.words, channel)
    }

    fn zone(&self) -> Tz {
        self.centre.time_zone
    }
}

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

/// Renders a page that contains only a message and a link.
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

/// Returns the locale key of a role's name.
pub(crate) const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Counsellor => "role-counsellor",
        Role::Supervisor => "role-supervisor",
        Role::Manager => "role-manager",
        Role::Administrator => "role-administrator",
        Role::Auditor => "role-auditor",
    }
}
