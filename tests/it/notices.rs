//! Notices about accounts: mails about changes and attempts, without a word about contacts.

use std::time::Duration;

use hotline_tests::{
    peers::{dovecot::Dovecot, smtp::Smtp, wait_until},
    service::{CENTRE, Service, mail_lines},
    staff::{PASSWORD, Staff},
};
use serde_json::json;

/// The longest wait for a mail.
const WAIT: Duration = Duration::from_secs(30);
const NEW: &str = "seven green kites over water";

struct World {
    service: Service,
    dovecot: Dovecot,
    mila: Staff,
    _smtp: Smtp,
}

impl World {
    async fn new() -> Self {
        let users = [("kontakt", "kontakt"), ("mila", "mila"), ("mila2", "mila2")];
        let dovecot = Dovecot::start(&users).await.unwrap();
        let addresses = [
            (CENTRE, "kontakt"),
            ("mila@example.org", "mila"),
            ("mila2@example.org", "mila2"),
        ];
        let smtp = Smtp::start(&dovecot, &addresses).await.unwrap();
        let mut service = Service::with_lines(None, &mail_lines(&dovecot, &smtp, "")).unwrap();
        service.set_account_keys("notices_line = \"mail\"").unwrap();
        service.start().await.unwrap();
        let mila = service.hire("mila", "counsellor").await.unwrap();
        Self {
            service,
            dovecot,
            mila,
            _smtp: smtp,
        }
    }

    async fn set_address(&self, address: &str, password: &str) -> anyhow::Result<serde_json::Value> {
        let form = json!({ "address": address, "password": password });
        self.mila.post("/api/v1/me/notices", &form).await
    }

    fn mails(&self, user: &str) -> Vec<String> {
        let mails = self.dovecot.messages(user).unwrap();
        mails
            .iter()
            .map(|mail| {
                String::from_utf8_lossy(mail)
                    .replace("=\r\n", "")
                    .replace("=\n", "")
            })
            .collect()
    }

    async fn until_mail(&self, user: &str, words: &str) {
        wait_until(WAIT, async || {
            self.mails(user).iter().any(|mail| mail.contains(words))
        })
        .await
        .unwrap_or_else(|_| panic!("no mail with {words:?}: {:?}", self.mails(user)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_attempts_are_told_to_the_owner_of_an_account() {
    let world = World::new().await;
    world
        .mila
        .post("/api/v1/preferences", &json!({ "language": "en" }))
        .await
        .unwrap();
    let refused = world
        .set_address("mila@example.org", "a wrong password")
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("422"), "{refused}");
    let refused = world.set_address("mila", PASSWORD).await.unwrap_err();
    assert!(refused.to_string().contains("422"), "{refused}");
    world.set_address("Mila@example.org", PASSWORD).await.unwrap();
    let stored = world.mila.get("/api/v1/me/notices").await.unwrap();
    assert_eq!(stored, json!({ "enabled": true, "address": "mila@example.org" }));

    // Five refused log-ins are an attempt. A sixth notice of the same kind waits for an hour.
    for _ in 0..6 {
        let _ = Staff::log_in_with(world.service.base(), "mila", "a wrong password").await;
    }
    world.service.log_in("mila").await.unwrap();
    world.until_mail("mila", "device that you had not used").await;

    let change = json!({ "current": PASSWORD, "new": NEW });
    world.mila.post("/api/v1/me/password", &change).await.unwrap();
    world.until_mail("mila", "The password was changed").await;

    // The earlier address hears of a new one, and the new one gets what follows.
    world.set_address("mila2@example.org", NEW).await.unwrap();
    world
        .until_mail("mila", "address for these notices was changed")
        .await;
    world
        .service
        .must(&["staff", "reset-factors", "--proof", "in_person", "mila"])
        .unwrap();
    world.until_mail("mila2", "removed your second factors").await;
    assert!(
        !world
            .mails("mila")
            .iter()
            .any(|mail| mail.contains("second factors"))
    );
    for mail in world.mails("mila").iter().chain(&world.mails("mila2")) {
        assert!(mail.to_lowercase().contains("auto-submitted: auto-"), "{mail}");
    }
}
