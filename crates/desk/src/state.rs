//! The state shared by all pages and API calls.

use std::{collections::BTreeSet, num::NonZeroU32, sync::Arc, time::Duration};

use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hotline_core::{
    centre::Centre,
    identifiers::{line_name::LineName, private::Private},
    line_fields::LineField,
    processing_record::RecordSettings,
    staff::{
        audit::AuditAction,
        factors::AccountSettings,
        identity_provider::{ProviderIdentity, ProviderLogOut},
        push::PushSettings,
        rights::Role,
    },
    text::locale::Locales,
    time::clock::Clock,
};
use hotline_store::{db::store::Store, staff::accounts::StaffMember};
use uuid::Uuid;

use crate::limits::StaffLimits;

/// The shared state of the desk.
#[derive(Clone)]
pub struct Desk {
    /// The database.
    pub store: Arc<Store>,
    /// The translated texts.
    pub locales: Arc<Locales>,
    /// Name, language, time zone and other settings of the centre.
    pub centre: Arc<Centre>,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// Channels that no line (configured connection) serves. Counsellors log contacts on these channels by hand.
    pub networks: Arc<[String]>,
    /// The URL under which staff reach the desk; empty if the settings do not state it.
    pub url: Arc<str>,
    /// Whether the desk is served over HTTPS. If so, browsers send the session cookie over HTTPS only.
    pub https: bool,
    /// The rate limiter for passwords and codes of second factors.
    pub log_ins: Arc<DefaultKeyedRateLimiter<Attempt>>,
    /// What a member of staff may open and download in a minute.
    pub limits: Arc<StaffLimits>,
    /// The smallest figure about persons that may be published. Smaller figures are suppressed in files for publication and for programs with
    /// a read-only token.
    pub smallest: i64,
    /// The rate limiter that prevents repeated audit entries when a member of staff reads the same object again. Its key is a pair: the id
    /// of the member of staff, and a text with the action and the object.
    pub reads: Arc<DefaultKeyedRateLimiter<(Uuid, String)>>,
    /// What browsers need to subscribe to push messages. `None`: the settings turn them off.
    pub push: Option<Arc<PushFacts>>,
    /// Accounts that the log-in page offers with one click. Empty in a service; only the demo has such accounts.
    pub personas: Arc<[Persona]>,
    /// What administrators see of the program that runs the desk.
    pub program: Arc<ProgramFacts>,
}

/// What is attempted, for the rate limiter. Each variant has a limit of its own for each log-in name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Attempt {
    /// A password from a device on which a log-in with this name has succeeded.
    KnownDevice(String),
    /// A password from another device.
    UnknownDevice(String),
    /// A code of a second factor.
    Code(String),
    /// An answer of the identity provider to the browser with this secret. Each costs a request to the provider.
    Provider(String),
}

impl Attempt {
    pub(crate) fn on_known_device(login: &str) -> Self {
        Self::KnownDevice(login.to_owned())
    }

    pub(crate) fn code(login: &str) -> Self {
        Self::Code(login.to_owned())
    }
}

/// What browsers need to subscribe to push messages.
pub struct PushFacts {
    /// The public key of this installation.
    pub public_key: String,
    /// The settings, which name the permitted push services.
    pub settings: PushSettings,
}

/// Facts about the program that runs the desk, and its control of the lines.
pub struct ProgramFacts {
    /// When the program started.
    pub started_at: DateTime<Utc>,
    /// The settings in force, sorted by key.
    pub settings: Vec<SettingInForce>,
    /// The file from which the settings were read; empty if no file was read.
    pub settings_file: String,
    /// What the record of processing activities states that no other setting says.
    pub record: RecordSettings,
    /// Whether the master key is kept outside of the data folder.
    pub is_key_apart: bool,
    /// The settings about accounts.
    pub accounts: AccountSettings,
    /// The number of months after which entries of the audit are removed; 0: never.
    pub audit_months: u16,
    /// The number of hours between two backups of the service; 0: it makes none.
    pub backup_every: u16,
    /// Whether the lines receive messages. Those of the demo do not, except forms.
    pub reads_lines: bool,
    /// Tests lines, and puts them into force.
    pub lines: Box<dyn LineControl>,
    /// Removes the metadata of pictures.
    pub pictures: Box<dyn PictureCleaner>,
    /// Scans files before staff open or send them. `None`: the settings name no scanner.
    pub scanner: Option<Box<dyn MalwareScanner>>,
    /// Through which staff can log in. `None`: the settings name no identity provider.
    pub identity_provider: Option<Box<dyn IdentityProvider>>,
}

/// Vouches for members of staff who log in.
pub trait IdentityProvider: Send + Sync {
    /// Returns the name of the provider, as staff know it; empty if the settings give none.
    fn name(&self) -> &str;

    /// Returns whether the provider proves a second factor.
    fn proves_second_factor(&self) -> bool;

    /// Returns the address of the provider to which a browser goes to log in. Fails with the reason in English.
    fn log_in_address<'a>(&'a self, secrets: &'a LogInSecrets) -> BoxFuture<'a, Result<String, String>>;

    /// Returns the identity for which the provider vouches with a code. Fails with the reason in English.
    fn identity<'a>(
        &'a self,
        code: &'a str,
        secrets: &'a LogInSecrets,
    ) -> BoxFuture<'a, Result<ProviderIdentity, String>>;

    /// Checks a log-out token, and returns the log-out that it reports. Fails with the reason in English.
    fn logged_out<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<ProviderLogOut, String>>;
}

/// The values that bind a log-in at the identity provider to one browser.
pub struct LogInSecrets {
    /// The state, which the provider sends back with the code.
    pub state: String,
    /// The nonce, which the ID token contains.
    pub nonce: String,
    /// The verifier of PKCE (RFC 7636).
    pub verifier: String,
}

/// Searches files for malware.
pub trait MalwareScanner: Send + Sync {
    /// Scans a file. Fails with the reason in English if it could not be scanned.
    fn scan<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<ScanResult, String>>;

    /// Returns the version of the scanner and of its signatures. Fails with the reason in English if it cannot be reached.
    fn version(&self) -> BoxFuture<'_, Result<String, String>>;
}

/// The result of scanning a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanResult {
    /// The scanner found nothing.
    Clean,
    /// The scanner found malware. The value is the name of its signature.
    Malware(String),
}

/// Decodes pictures, which can be hostile, outside this process.
pub trait PictureCleaner: Send + Sync {
    /// Encodes a picture again, as JPEG or PNG without metadata. Returns `None` if it is no picture, or exceeds the limits.
    fn clean(&self, picture: Vec<u8>) -> BoxFuture<'static, Option<Vec<u8>>>;
}

/// What the program does with lines for the desk, which does not depend on the channels.
pub trait LineControl: Send + Sync {
    /// Returns the channels that a line can have.
    fn channels(&self) -> Vec<ChannelForm>;

    /// Tests everything that the line with this name needs, as the command `hotline check` does, and stores the result as the state of the
    /// line. Returns the number of checks that found no fault, or the error text of the first fault; `None` if there is no such line.
    fn test(&self, line: String) -> BoxFuture<'static, Option<Result<usize, String>>>;

    /// Opens a line with new settings, tests it if the candidate is to be tested, and closes it again. Returns the number of checks that
    /// found no fault.
    fn try_candidate(&self, candidate: LineCandidate) -> BoxFuture<'static, Result<usize, LineFault>>;

    /// Puts the stored lines into force in this process. The other processes notice the change within a second.
    fn apply(&self) -> BoxFuture<'static, ()>;
}

/// A channel that a line can have.
#[derive(Debug, Clone, Copy)]
pub struct ChannelForm {
    /// The name of the channel.
    pub name: &'static str,
    /// The name of the platform that can read the messages and keeps them in other countries. `None`: there is none.
    pub platform: Option<&'static str>,
    /// The settings that administrators can enter on screen.
    pub fields: &'static [LineField],
}

/// New settings of a line, before they are stored.
pub struct LineCandidate {
    /// The name of the line.
    pub name: LineName,
    /// The name of the line's channel.
    pub channel: String,
    /// The settings as a JSON object.
    pub settings: Private<String>,
    /// Whether the connections and permissions of the line are tested, too.
    pub tested: bool,
}

/// Why a line cannot work with new settings. The text is in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFault {
    /// The line cannot be opened.
    Settings(String),
    /// The test of the line found a fault.
    Connection(String),
}

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingInForce {
    /// The key, with its tables joined by dots, such as `http.public_url`.
    pub key: String,
    /// The value.
    pub value: SettingValue,
    /// Where the value comes from.
    pub source: SettingSource,
    /// The line of the settings file that sets the value. `None`: the file does not set it, or the line is unknown.
    pub line: Option<usize>,
}

impl SettingInForce {
    /// Returns the name of the environment variable that sets this setting.
    pub(crate) fn variable(&self) -> String {
        format!("HOTLINE__{}", self.key.replace('.', "__").to_uppercase())
    }
}

/// The value of a setting, as far as administrators may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// The value as text.
    Text(String),
    /// The value is a secret, such as a password, or could contain one.
    Secret,
    /// The setting has no value.
    Missing,
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// The settings file.
    File,
    /// An environment variable.
    Environment,
    /// The program, which sets some values of the demo.
    Program,
    /// The key is not set, so the default applies.
    Default,
}

/// An account that the log-in page offers with one click. The page contains its password, so the account must exist in the demo only.
#[derive(Clone)]
pub struct Persona {
    /// The log-in name.
    pub login: String,
    /// The display name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The password. The page sends it like a typed password, so logging in has no second way.
    pub password: Private<String>,
}

/// The interval in which repeated reads of an object by the same member of staff produce only one audit entry. Without this limit, every
/// automatic refresh of a page would produce an entry.
const READ_AUDIT_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// Creates the rate limiter for [`Desk::reads`].
#[must_use]
pub fn reads() -> Arc<DefaultKeyedRateLimiter<(Uuid, String)>> {
    // `with_period` fails only for a period of zero, so the fallback is never used.
    let often = Quota::with_period(READ_AUDIT_INTERVAL).unwrap_or(Quota::per_hour(NonZeroU32::MIN));
    Arc::new(RateLimiter::keyed(often))
}

impl Desk {
    /// Returns every channel that a contact can have: the channels of the lines, and the networks whose communications are logged by hand.
    pub(crate) fn channels(&self) -> Vec<String> {
        let of_lines = self.store.lines();
        let of_lines = of_lines.iter().map(|line| line.channel.clone());
        let all: BTreeSet<String> = of_lines.chain(self.networks.iter().cloned()).collect();
        all.into_iter().collect()
    }

    pub(crate) fn new_id(&self) -> Uuid {
        hotline_core::identifiers::ids::new(self.clock.now())
    }

    /// Returns the address of the desk without a slash at its end. If the settings do not state how staff reach the desk, the address has
    /// the host to which the request with these headers was sent.
    pub(crate) fn site(&self, headers: &HeaderMap) -> String {
        if self.url.is_empty() {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            format!("http://{}", host.unwrap_or_default())
        } else {
            self.url.trim_end_matches('/').to_owned()
        }
    }

    /// Records in the audit log that a member of staff read an object. If the entry cannot be written (for example, on a full disk), the
    /// error is logged and staff can still read the object.
    pub(crate) async fn note_read(&self, who: &StaffMember, action: AuditAction, object: &str) {
        if self.reads.len() > 10_000 {
            self.reads.retain_recent();
        }
        if self
            .reads
            .check_key(&(who.id, format!("{} {object}", action.as_str())))
            .is_err()
        {
            return;
        }
        if let Err(error) = self.store.audit(Some(who), action, object).await {
            tracing::warn!(error = %error, "What was read could not be noted");
        }
    }
}
