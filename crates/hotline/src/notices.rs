//! The worker that sends notices about accounts to members of staff, by mail. A notice contains nothing about a contact.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use hotline_core::{
    centre::Centre, contact::message::OutboundMessage, identifiers::line_name::LineName,
    staff::factors::AccountSettings, text::locale::Locales, time::local::format_time,
};
use hotline_store::{db::store::Store, staff::notices::DueNotice};
use tokio_util::sync::CancellationToken;

use crate::{
    automatic_message,
    lines::{LineSet, Lines},
};

/// The time between two queries for due notices.
const LOOK: Duration = Duration::from_secs(2);

/// What the worker needs.
pub struct NoticeSender {
    pub store: Arc<Store>,
    pub lines: Arc<Lines>,
    /// The line that sends the notices.
    pub line: LineName,
    pub centre: Arc<Centre>,
    pub locales: Arc<Locales>,
    pub desk_url: String,
}

/// Checks that the line for notices exists and is a mail line.
///
/// # Errors
/// Returns an error that names the setting.
pub fn check_line(settings: &AccountSettings, lines: &LineSet) -> anyhow::Result<()> {
    let Some(name) = &settings.notices_line else {
        return Ok(());
    };
    let line = lines.iter().find(|(line, _)| line.as_str() == name);
    ensure!(
        line.is_some_and(|(_, line)| line.is_mailbox()),
        "`accounts.notices_line`: there is no mail line {name:?}"
    );
    Ok(())
}

impl NoticeSender {
    /// Sends notices until `stop` is cancelled.
    pub async fn work(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.store.due_notices().await {
                Ok(due) => {
                    for notice in due {
                        self.deliver(&notice).await;
                    }
                }
                Err(error) => {
                    tracing::error!(error = %error, "Could not read the due notices about accounts")
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn deliver(&self, due: &DueNotice) {
        let sent = automatic_message::send(&self.lines, &self.line, &self.message(due)).await;
        let problem = sent.err().map(|error| error.problem);
        if let Some(problem) = &problem {
            tracing::warn!(login = %due.login, notice = due.notice.as_str(), problem, "A notice about an account could not be sent");
        }
        match self.store.note_notice(due, problem.is_none()).await {
            Ok(false) => {}
            Ok(true) => {
                tracing::error!(login = %due.login, notice = due.notice.as_str(), "A notice about an account was given up");
            }
            Err(error) => tracing::error!(error = %error, "Could not record that a notice was sent"),
        }
    }

    fn message(&self, due: &DueNotice) -> OutboundMessage {
        let words = self.locales.of(due.language.unwrap_or(self.centre.language));
        let at = format_time(due.at, self.centre.time_zone);
        let what = words.say(&format!("notice-{}", due.notice.as_str()));
        let values = [
            ("what", what.as_str()),
            ("login", due.login.as_str()),
            ("at", at.as_str()),
            ("desk", self.desk_url.as_str()),
        ];
        automatic_message::build(
            None,
            due.address.expose().clone(),
            self.centre.say(words, "notice-subject", &values),
            self.centre.say(words, "notice-text", &values),
        )
    }
}
