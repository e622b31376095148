//! Web Push: notifications to devices on which no page of the desk is open. This module has the settings `[push]`, the kinds of
//! notifications, and the rule that decides what is new for a device.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::{Host, Url};
use uuid::Uuid;

use crate::network::is_named;

/// The `[push]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PushSettings {
    /// Whether members of staff can switch notifications on. Nothing is sent to a push service before the first of them does.
    pub enabled: bool,
    /// The hosts of the push services to which notifications may be sent. `*.example.org` permits every host below `example.org`.
    pub hosts: Vec<String>,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            hosts: [
                "fcm.googleapis.com",
                "updates.push.services.mozilla.com",
                "*.notify.windows.com",
                "web.push.apple.com",
            ]
            .map(str::to_owned)
            .into(),
        }
    }
}

impl PushSettings {
    /// Returns the address that a browser gave as its endpoint if notifications may be sent there. Any other address is refused, because
    /// the service sends requests to it, and could otherwise be directed at a server of the internal network (SSRF).
    ///
    /// The address must use HTTPS at its usual port. Only an IP address of this machine may use HTTP and another port, and only if
    /// `hosts` names it.
    #[must_use]
    pub fn permitted(&self, endpoint: &str) -> Option<Url> {
        let url = Url::parse(endpoint).ok()?;
        let of_this_machine = match url.host()? {
            Host::Domain(_) => false,
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let is_usual = url.scheme() == "https" && url.port().is_none();
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let permitted = (is_usual || of_this_machine) && is_plain && is_named(&self.hosts, url.host_str()?);
        permitted.then_some(url)
    }
}

/// What a notification is about. The order is that of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum PushKind {
    /// The session of the device ended, so the device gets no further notifications.
    Ended,
    /// A person began to wait.
    Message,
    /// A colleague handed a contact over to the member of staff.
    Handed,
    /// A contact is in immediate danger.
    Danger,
}

impl PushKind {
    /// Returns the name of the kind: that of its tag in the browser, and the end of its locale key `push-<name>`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A waiting contact, as far as it decides about notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    /// Since when the person has waited, in microseconds since 1970.
    pub since: i64,
    /// Whether a colleague handed the contact over to the member of staff.
    pub handed: bool,
    /// Whether the contact is in immediate danger.
    pub danger: bool,
}

/// The waiting contacts that concern a member of staff, by their ids.
pub type Concerns = BTreeMap<Uuid, Concern>;

/// Returns the most important kind of the notifications that a device is to get, with the contacts of that kind. `told` are the concerns
/// when the device was last told, and `now` are the present ones. `None`: nothing is new.
#[must_use]
pub fn news(told: &Concerns, now: &Concerns) -> Option<(PushKind, Vec<Uuid>)> {
    let kinds = now.iter().filter_map(|(id, concern)| {
        let before = told.get(id).filter(|before| before.since == concern.since);
        let kind = match before {
            _ if concern.danger && !before.is_some_and(|before| before.danger) => PushKind::Danger,
            _ if concern.handed && !before.is_some_and(|before| before.handed) => PushKind::Handed,
            None => PushKind::Message,
            Some(_) => return None,
        };
        Some((kind, *id))
    });
    let kinds: Vec<(PushKind, Uuid)> = kinds.collect();
    let most = kinds.iter().map(|(kind, _)| *kind).max()?;
    let of_kind = kinds.into_iter().filter(|(kind, _)| *kind == most);
    Some((most, of_kind.map(|(_, id)| id).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_addresses_of_named_push_services_are_permitted() {
        let settings = PushSettings::default();
        for endpoint in [
            "https://fcm.googleapis.com/fcm/send/abc",
            "https://updates.push.services.mozilla.com/wpush/v2/abc",
            "https://wns2-par02p.notify.windows.com/w/?token=abc",
            "https://WEB.push.apple.com:443/abc",
        ] {
            assert!(settings.permitted(endpoint).is_some(), "{endpoint}");
        }
        for endpoint in [
            "http://fcm.googleapis.com/fcm/send/abc",
            "https://fcm.googleapis.com:8443/abc",
            "https://fcm.googleapis.com.example.org/abc",
            "https://fcm.googleapis.com@10.0.0.1/abc",
            "https://user@fcm.googleapis.com/abc",
            "https://notify.windows.com/abc",
            "https://.notify.windows.com/abc",
            "https://evilnotify.windows.com/abc",
            "https://127.0.0.1/abc",
            "https://[::1]/abc",
            "https://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "fcm.googleapis.com",
            "",
        ] {
            assert!(settings.permitted(endpoint).is_none(), "{endpoint}");
        }
    }

    #[test]
    fn http_is_permitted_only_to_a_named_address_of_this_machine() {
        let of = |host: &str| PushSettings {
            enabled: true,
            hosts: vec![host.to_owned()],
        };
        assert!(of("127.0.0.1").permitted("http://127.0.0.1:9000/1").is_some());
        assert!(of("10.0.0.1").permitted("http://10.0.0.1:9000/1").is_none());
        assert!(of("localhost").permitted("http://localhost:9000/1").is_none());
    }

    const WAITS: Concern = Concern {
        since: 1,
        handed: false,
        danger: false,
    };

    fn concerns(all: &[(u128, Concern)]) -> Concerns {
        all.iter().map(|(id, one)| (Uuid::from_u128(*id), *one)).collect()
    }

    #[test]
    fn a_person_who_goes_on_waiting_is_no_news() {
        let told = concerns(&[(1, WAITS), (2, WAITS)]);
        assert_eq!(news(&told, &told), None);
        assert_eq!(news(&told, &concerns(&[(2, WAITS)])), None, "one was answered");
        let again = concerns(&[(1, Concern { since: 5, ..WAITS })]);
        assert_eq!(
            news(&told, &again),
            Some((PushKind::Message, vec![Uuid::from_u128(1)]))
        );
    }

    #[test]
    fn the_most_important_news_are_told() {
        let told = concerns(&[(1, WAITS), (2, WAITS)]);
        let handed = Concern {
            handed: true,
            ..WAITS
        };
        let danger = Concern {
            danger: true,
            ..WAITS
        };
        let now = concerns(&[(1, handed), (2, WAITS), (3, WAITS)]);
        assert_eq!(
            news(&told, &now),
            Some((PushKind::Handed, vec![Uuid::from_u128(1)]))
        );
        let now = concerns(&[(1, handed), (2, danger), (3, WAITS)]);
        assert_eq!(
            news(&told, &now),
            Some((PushKind::Danger, vec![Uuid::from_u128(2)]))
        );
        assert_eq!(news(&now, &now), None);
    }
}
