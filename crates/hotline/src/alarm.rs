//! The alarm worker: sends alarms about neglected contacts in danger to people outside the desk. The text of an alarm contains no word of
//! the contact.

use std::{sync::Arc, time::Duration};

use hotline_core::{
    centre::Centre,
    contact::message::OutboundMessage,
    identifiers::line_name::LineName,
    routing::alarm::{AlarmRecipient, AlarmSettings},
    text::locale::Locales,
    time::clock::{Clock, SystemClock},
};
use hotline_store::{db::store::Store, db::values::AlarmKind, routing::alarm::DueStep};
use tokio_util::sync::CancellationToken;

use crate::{automatic_message, lines::Lines};

/// The time between two queries for due alarms.
const LOOK: Duration = Duration::from_secs(2);

/// The dependencies of the alarm worker.
pub struct Teller {
    pub store: Arc<Store>,
    pub lines: Arc<Lines>,
    pub settings: AlarmSettings,
    pub centre: Arc<Centre>,
    pub locales: Arc<Locales>,
    pub desk_url: String,
}

/// Raises and sends alarms until `stop` is cancelled. Ends at once if there are no recipients.
pub async fn work(teller: Teller, stop: CancellationToken) {
    if teller.settings.recipients.is_empty() {
        tracing::info!("No alarm leaves the desk, because `alarm.recipients` names nobody");
        return;
    }
    while !stop.is_cancelled() {
        match teller.store.due_alarms().await {
            Ok(due) => {
                for step in due {
                    teller.tell_all(&step).await;
                }
            }
            Err(error) => tracing::error!(error = %error, "It is unknown whether an alarm is due"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
    }
}

impl Teller {
    /// Sends a step to all its recipients at the same time, so that a slow line does not delay the other lines.
    async fn tell_all(&self, step: &DueStep) {
        if self.settings.recipients.is_empty() {
            tracing::error!(
                "Nobody takes care of a contact in danger, and `alarm.recipients` names nobody to tell"
            );
        }
        let told = self
            .settings
            .told_in(step.step)
            .map(|recipient| self.tell(step, recipient));
        futures::future::join_all(told).await;
    }

    async fn tell(&self, step: &DueStep, recipient: &AlarmRecipient) {
        let problem = self.send(step, recipient).await.err();
        if let Some(problem) = &problem {
            tracing::error!(recipient = %recipient.name, line.name = %recipient.line, problem, "An alarm could not be sent");
        }
        let noted = self
            .store
            .note_alarm(step, &recipient.name, &recipient.line, problem.as_deref())
            .await;
        if let Err(error) = noted {
            tracing::error!(error = %error, "It could not be recorded who was told about an alarm");
        }
    }

    async fn send(&self, step: &DueStep, recipient: &AlarmRecipient) -> Result<(), String> {
        let line = LineName::parse(&recipient.line).map_err(|error| error.to_string())?;
        let sent = automatic_message::send(&self.lines, &line, &self.message(step, recipient)).await;
        sent.map_err(|error| error.problem)
    }

    fn message(&self, step: &DueStep, recipient: &AlarmRecipient) -> OutboundMessage {
        let words = self.locales.of(self.centre.language);
        let reference = step
            .reference
            .map(|reference| reference.to_string())
            .unwrap_or_default();
        let minutes = (SystemClock.now() - step.since).num_minutes().max(0).to_string();
        let (title, text) = match step.kind {
            AlarmKind::Danger => ("alarm-title", "alarm-text"),
            AlarmKind::Test | AlarmKind::WeeklyTest => ("alarm-test-title", "alarm-test-text"),
        };
        let more = [
            ("reference", reference.as_str()),
            ("minutes", &minutes),
            ("desk", &self.desk_url),
        ];
        automatic_message::build(
            step.reference,
            recipient.to.clone(),
            words.say(title),
            self.centre.say(words, text, &more),
        )
    }
}
