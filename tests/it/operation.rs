//! Operational alarms: who is told that a line is down, how often, and by which line.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::operation::{
    Condition, ConditionKind, ConditionState, Observation, OperationMessage, OperationSettings, Stage,
};
use hotline_store::db::store::Store;
use hotline_tests::{
    peers::{dovecot::Dovecot, smtp::Smtp, wait_until},
    service::{CENTRE, Service, mail_lines},
    staff::Staff,
};
use serde_json::Value;

use crate::{store::on_both, writing::posted};

const OPERATOR: &str = "operator@example.org";
const OTHER: &str = "druga@centar.example.org";
/// The longest wait for a message. The worker looks every 15 seconds.
const WAIT: Duration = Duration::from_secs(90);

/// Two mail lines with servers of their own. The operator is told by the first one.
struct World {
    service: Service,
    vera: Staff,
    dovecot: Dovecot,
    smtp: Smtp,
    _other_dovecot: Dovecot,
    other_smtp: Smtp,
}

impl World {
    async fn new() -> Self {
        let dovecot = Dovecot::start(&[("kontakt", "kontakt")]).await.unwrap();
        let smtp = Smtp::start(&dovecot, &[(CENTRE, "kontakt")]).await.unwrap();
        let users = [("kontakt", "kontakt"), ("operator", "operator")];
        let other_dovecot = Dovecot::start(&users).await.unwrap();
        let addresses = [(OTHER, "kontakt"), (OPERATOR, "operator")];
        let other_smtp = Smtp::start(&other_dovecot, &addresses).await.unwrap();
        let other_line = mail_lines(&other_dovecot, &other_smtp, "")
            .replace("lines.mail", "lines.other")
            .replace(CENTRE, OTHER);
        let lines = format!(
            "{}\n{other_line}\n[operation]\nline_down_minutes = 1\nsettle_minutes = 0\n\
             [[operation.recipients]]\nname = \"Operator\"\nline = \"mail\"\nto = \"{OPERATOR}\"\n",
            mail_lines(&dovecot, &smtp, ""),
        );
        let mut service = Service::with_lines(None, &lines).unwrap();
        service.set_centre_keys("language = \"en\"").unwrap();
        service.set_data_keys("reserve_mib = 16").unwrap();
        service.give_clock().unwrap();
        service.start().await.unwrap();
        let vera = service.hire("vera", "administrator").await.unwrap();
        Self {
            service,
            vera,
            dovecot,
            smtp,
            _other_dovecot: other_dovecot,
            other_smtp,
        }
    }

    async fn until_line_is(&self, up: bool) {
        wait_until(WAIT, || async {
            let system = self.vera.get("/api/v1/admin/system").await.unwrap_or_default();
            let lines = system.get("lines").and_then(Value::as_array).cloned();
            lines.unwrap_or_default().iter().any(|line| {
                line.get("line") == Some(&Value::from("mail")) && line.get("up") == Some(&Value::from(up))
            })
        })
        .await
        .unwrap();
    }

    /// Returns the mails that the operator got.
    fn mails(&self) -> Vec<String> {
        let journal = self.other_smtp.journal().unwrap();
        let to_operator = journal
            .iter()
            .filter(|entry| entry.rcpt_to.contains(&OPERATOR.to_owned()));
        let text = |data: &[u8]| {
            String::from_utf8_lossy(data)
                .replace("=\r\n", "")
                .replace("\r\n ", " ")
        };
        to_operator.map(|entry| text(&entry.data)).collect()
    }

    async fn until_mails(&self, count: usize) {
        wait_until(WAIT, || async { self.mails().len() == count })
            .await
            .unwrap_or_else(|_| panic!("{:?} {}", self.mails(), self.service.log().unwrap_or_default()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_told_once_by_another_line_and_once_at_the_end() {
    let mut world = World::new().await;
    let (reference, code) = posted(&world.service, "Kanarinka peva").await;
    world.dovecot.stop().await.unwrap();
    world.smtp.stop().await.unwrap();
    world.until_line_is(false).await;
    assert_eq!(world.mails().len(), 0, "a line may be down for a minute");
    world.service.set_clock("+10m").unwrap();
    world.until_mails(1).await;
    let mail = world.mails().remove(0);
    for part in ["The line mail does not work", "hotline check", "section LineDown"] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    for secret in ["Kanarinka", &reference, &code, "vera"] {
        assert!(!mail.contains(secret), "{secret}: {mail}");
    }
    assert!(world.service.log().unwrap().contains("could not be sent"));
    // Neither a restart nor the time until then sends it again.
    world.service.stop();
    world.service.start().await.unwrap();
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(world.mails().len(), 1);
    world.vera = world.service.log_in("vera").await.unwrap();
    world.dovecot.start_again().await.unwrap();
    world.until_line_is(true).await;
    world.until_mails(2).await;
    let mail = world.mails().remove(1);
    assert!(mail.contains("The line mail works again"), "{mail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_whose_line_cannot_send_keeps_the_service_from_starting() {
    for (key, line, reason) in [
        ("operation", "fax", "there is no such line"),
        ("operation", "form", "cannot send to an address"),
        ("alarm", "form", "cannot send to an address"),
    ] {
        let lines = format!("[[{key}.recipients]]\nname = \"Operator\"\nline = \"{line}\"\nto = \"1\"\n");
        let service = Service::with_lines(None, &lines).unwrap();
        let output = service.run_bounded(&["serve"]).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{said}");
        assert!(said.contains(&format!("`{key}.recipients`")), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}

/// Returns the messages that a process has to send if parked jobs are seen in this state.
async fn due(store: &Store, state: ConditionState, started_at: DateTime<Utc>) -> Vec<OperationMessage> {
    let seen = Observation {
        condition: Condition {
            kind: ConditionKind::ParkedJobs,
            subject: String::new(),
        },
        state,
    };
    store
        .due_operation_messages(&OperationSettings::default(), &[seen], "here", started_at)
        .await
        .unwrap()
}

#[tokio::test]
async fn of_two_processes_one_sends_a_message() {
    on_both(async |world| {
        let other = world.reopened().await;
        let start = world.now();
        let lasts = ConditionState::Lasts(start);
        assert!(
            due(&world.store, lasts, start).await.is_empty(),
            "it has just begun"
        );
        world.clock.advance(TimeDelta::minutes(5));
        let (one, two) = tokio::join!(due(&world.store, lasts, start), due(&other, lasts, start));
        let messages = [one, two].concat();
        assert_eq!(messages.len(), 1);
        assert!(due(&other, lasts, start).await.is_empty(), "it is claimed");
        world.clock.advance(TimeDelta::minutes(5));
        let again = due(&other, lasts, start).await;
        assert_eq!(again.len(), 1, "it reached nobody");
        other.note_operation_message(&again[0]).await.unwrap();
        world.clock.advance(TimeDelta::hours(1));
        assert!(
            due(&world.store, lasts, start).await.is_empty(),
            "somebody was told"
        );
        assert!(due(&world.store, ConditionState::Over, start).await.is_empty());
        world.clock.advance(TimeDelta::minutes(5));
        let over = due(&other, ConditionState::Over, start).await;
        assert_eq!(over.first().map(|message| message.stage), Some(Stage::Over));
        world.store.note_operation_message(&over[0]).await.unwrap();
        assert!(due(&other, ConditionState::Over, start).await.is_empty());
    })
    .await;
}
