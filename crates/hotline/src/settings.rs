//! The settings: a file, overridden by environment variables (`HOTLINE__SECTION__KEY`). Unknown keys are rejected.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, anyhow, bail};
use config::{Config, Environment, File, FileFormat, Value};
use hotline_core::{
    abuse_material::AbuseMaterialSettings,
    casework::answers::CaseSettings,
    centre::{Centre, CentreInForce},
    identifiers::private::Private,
    malware::MalwareSettings,
    masking::MaskingSettings,
    network::{OutgoingSettings, is_protected},
    operation::OperationSettings,
    processing_record::RecordSettings,
    retention::RetentionSettings,
    routing::{alarm::AlarmSettings, settings::Routing, targets::Targets},
    staff::{
        audit::AuditSettings, factors::AccountSettings, identity_provider::IdentityProviderSettings,
        push::PushSettings,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::backup::settings::BackupSettings;

pub mod database_url;
pub mod in_force;
pub mod listen_address;

use in_force::Given;
use listen_address::ListenAddress;

/// The settings file used without `--config`.
const USUAL: &str = "config/hotline.toml";

/// All settings.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Addresses and URLs of the public pages and the desk.
    #[serde(default)]
    pub http: Http,
    /// The hosts to which the service may connect.
    #[serde(default)]
    pub outgoing: OutgoingSettings,
    /// The database connection.
    #[serde(default)]
    pub database: Database,
    /// The data folder and its limits.
    #[serde(default)]
    pub data: Data,
    /// The details of the centre that runs this service, such as its name and language.
    #[serde(default)]
    pub centre: Centre,
    /// How the desk (the pages for staff) behaves.
    #[serde(default)]
    pub desk: Desk,
    /// Which roles need a second factor to log in.
    #[serde(default)]
    pub accounts: AccountSettings,
    /// The identity provider through which staff can log in.
    #[serde(default)]
    pub identity_provider: IdentityProviderSettings,
    /// How contacts reach counsellors.
    #[serde(default)]
    pub routing: Routing,
    /// When alarms about contacts in danger are sent, and to which recipients.
    #[serde(default)]
    pub alarm: AlarmSettings,
    /// When people outside the desk are told about the condition of the service, and to whom the messages go.
    #[serde(default)]
    pub operation: OperationSettings,
    /// Notifications to devices on which no page of the desk is open.
    #[serde(default)]
    pub push: PushSettings,
    /// The time within which a waiting person is to get a reply.
    #[serde(default)]
    pub targets: Targets,
    /// When the answers of institutions to referrals are due.
    #[serde(default)]
    pub cases: CaseSettings,
    /// Where the signed end of the audit is copied to.
    #[serde(default)]
    pub audit: AuditSettings,
    /// Where backups are written, how often, and for whom they are encrypted.
    #[serde(default)]
    pub backup: BackupSettings,
    /// How long the content of closed contacts is kept.
    #[serde(default)]
    pub retention: RetentionSettings,
    /// What the record of processing activities states that no other setting says.
    #[serde(default)]
    pub processing_record: RecordSettings,
    /// Known abuse material, and what may be decided about locked files.
    #[serde(default)]
    pub abuse_material: AbuseMaterialSettings,
    /// Whether identifiers and names are masked, and who may reveal them.
    #[serde(default)]
    pub masking: MaskingSettings,
    /// The scanner that examines files before staff open them.
    #[serde(default)]
    pub malware: MalwareSettings,
    /// Publication and suppression of statistics.
    #[serde(default)]
    pub statistics: Statistics,
    /// The lines by name. The keys of each table depend on the line's channel.
    #[serde(default, skip_serializing)]
    pub lines: BTreeMap<String, Value>,
    /// The file from which the settings were read. `None`: no file was read.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// The keys that are set, and where each of them is set.
    #[serde(skip)]
    pub given: Given,
    /// The centre with the texts in force, which the lines and the store share.
    #[serde(skip)]
    in_force: OnceLock<CentreInForce>,
}

/// The `[http]` table: addresses and URLs of the public pages and the desk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The address that serves the public pages.
    pub public: ListenAddress,
    /// The address that serves the desk. It may equal `public`.
    pub desk: ListenAddress,
    /// The address that serves the metrics for Prometheus. `None`: no metrics are counted.
    pub metrics: Option<ListenAddress>,
    /// Whether other machines may connect. The service speaks no TLS, so something in front of it must protect these connections.
    pub allow_plain: bool,
    /// The URL at which visitors reach the public pages. If it begins with `https`, browsers are instructed to use only HTTPS.
    pub public_url: String,
    /// The URL at which staff reach the desk. If it begins with `https`, the session cookie is sent only over HTTPS.
    pub desk_url: String,
}

impl Default for Http {
    fn default() -> Self {
        let local = ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 8080)));
        Self {
            public: local.clone(),
            desk: local,
            metrics: None,
            allow_plain: false,
            public_url: "http://127.0.0.1:8080".to_owned(),
            desk_url: String::new(),
        }
    }
}

impl Http {
    /// Returns the address at which staff reach the desk.
    pub fn desk_address(&self) -> &str {
        match self.desk_url.as_str() {
            "" => &self.public_url,
            desk_url => desk_url,
        }
    }

    /// Checks that the network can read neither requests nor the cookie of a log-in.
    fn check_protection(&self) -> anyhow::Result<()> {
        let metrics = self.metrics.as_ref().map(|address| ("metrics", address));
        for (key, address) in [("public", &self.public), ("desk", &self.desk)]
            .into_iter()
            .chain(metrics)
        {
            if !self.allow_plain && !address.is_local() {
                bail!(
                    "`http.{key}` is {address}, which other machines reach without TLS: use a loopback address or a Unix socket, such \
                     as \"unix:/run/hotline/http.sock\", or set `http.allow_plain = true` if something in front of the service \
                     protects these connections"
                );
            }
        }
        if [&self.public, &self.desk]
            .into_iter()
            .any(|address| Some(address) == self.metrics.as_ref())
        {
            bail!("`http.metrics` needs another address than `http.public` and `http.desk`");
        }
        for (key, text) in [("public_url", &self.public_url), ("desk_url", &self.desk_url)] {
            if text.is_empty() {
                continue;
            }
            let url = Url::parse(text).with_context(|| format!("`http.{key}` is no URL"))?;
            if !["http", "https"].contains(&url.scheme()) {
                bail!("`http.{key}` begins with http:// or https://");
            }
            if !is_protected(&url) {
                bail!(
                    "`http.{key}` begins with https://. Only an address of this machine can begin with http://"
                );
            }
        }
        Ok(())
    }

    /// Sets a missing `desk_url` to an HTTPS URL derived from `public_url`, so that the session cookie is not sent over HTTP. If the desk
    /// listens on a different address than the public pages, `desk_url` cannot be derived and must be set.
    fn derive_desk_url(&mut self) -> anyhow::Result<()> {
        if !self.desk_url.is_empty() || !self.public_url.starts_with("https://") {
            return Ok(());
        }
        if self.public != self.desk {
            bail!(
                "`http.public_url` is reached by HTTPS, and the desk has an address of its own: say in `http.desk_url` how staff reach it, \
                 such as \"https://desk.example.org\""
            );
        }
        let site: Vec<&str> = self.public_url.splitn(4, '/').take(3).collect();
        self.desk_url = site.join("/");
        Ok(())
    }

    /// Returns a warning if visitors reach the public pages by HTTPS but staff reach the desk by HTTP. This is permitted but unsafe.
    pub fn warnings(&self) -> Option<&'static str> {
        let careless = self.public_url.starts_with("https://") && self.desk_url.starts_with("http://");
        careless.then_some(
            "the public pages are reached by HTTPS and `http.desk_url` is not: passwords, and the cookie of a log-in, go by HTTP",
        )
    }
}

/// The `[desk]` table: how the desk (the pages for staff) behaves.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Desk {
    /// The number of seconds during which a reply can be taken back before it is sent.
    pub undo_seconds: u8,
    /// Whether a contact must be classified before it can be closed.
    pub wrap_up: bool,
    /// A file with the centre's own classification scheme. `None`: the built-in scheme.
    pub scheme_file: Option<PathBuf>,
    /// A file with the centre's own rules of urgency. `None`: the built-in rules.
    pub urgency_file: Option<PathBuf>,
    /// The networks without a line, whose communications counsellors log by hand.
    pub networks: Vec<String>,
    /// The number of contacts and cases that a member of staff may open in a minute; 0: no limit.
    pub opened_per_minute: u16,
    /// The number of files that a member of staff may download or export in a minute; 0: no limit.
    pub downloads_per_minute: u16,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            undo_seconds: 10,
            wrap_up: true,
            scheme_file: None,
            urgency_file: None,
            networks: [
                "telephone",
                "viber",
                "whatsapp",
                "instagram",
                "facebook",
                "in-person",
            ]
            .map(str::to_owned)
            .into(),
            opened_per_minute: 600,
            downloads_per_minute: 60,
        }
    }
}

/// The `[statistics]` table: publication and suppression of statistics.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Statistics {
    /// The smallest number of people that figures for publication show. Smaller counts, except 0, are suppressed. If this setting is 0,
    /// every count is shown.
    pub smallest: u16,
    /// Whether the total since the centre was established is public.
    pub public: bool,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            smallest: 5,
            public: true,
        }
    }
}

/// The `[database]` table: the database connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// The URL of the database, such as `postgres://…`. `None`: SQLite in the data folder. It may contain a password.
    #[serde(skip_serializing)]
    pub url: Option<Private<String>>,
    /// A file that contains the URL of the database.
    pub url_file: Option<PathBuf>,
    /// Whether the connection to a database on another machine may lack TLS with a verified certificate, because the network in between is
    /// protected.
    pub allow_unverified: bool,
}

/// The `[data]` table: the data folder and its limits.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The data folder.
    pub folder: PathBuf,
    /// The file with the master key. Without any source of the key, it is `master.key` in the data folder.
    pub key_file: Option<PathBuf>,
    /// A shell command that prints the master key, such as the client of a key management service.
    pub key_command: Option<String>,
    /// The file with the master key that is being replaced.
    pub old_key_file: Option<PathBuf>,
    /// A shell command that prints the master key that is being replaced.
    pub old_key_command: Option<String>,
    /// The free disk space in MiB below which new messages are refused. Mailboxes and platforms keep a refused message, so that it can be
    /// received later.
    pub reserve_mib: u64,
    /// The number of messages waiting for registration above which new messages are refused. Mailboxes and platforms keep a refused
    /// message, so that it can be received later.
    pub backlog: u64,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("data"),
            key_file: None,
            key_command: None,
            old_key_file: None,
            old_key_command: None,
            reserve_mib: 512,
            backlog: 100_000,
        }
    }
}

impl Settings {
    /// Loads and validates the settings.
    ///
    /// # Errors
    /// Fails if a file cannot be read or a setting is invalid. The error for an invalid setting names the file and, if known, the line. It
    /// also suggests the key that was probably meant.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let file = match file {
            Some(file) => Some(file.to_owned()),
            None => Some(PathBuf::from(USUAL)).filter(|usual| usual.exists()),
        };
        let text = match &file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("Could not read the settings {}", file.display()))?,
            None => String::new(),
        };
        let environment = Environment::with_prefix("HOTLINE")
            .prefix_separator("__")
            .separator("__");
        let mut settings =
            Self::read(&text, environment).map_err(|error| explained(&error, file.as_deref(), &text))?;
        settings.file = file;
        settings.checked()
    }

    fn read(text: &str, environment: Environment) -> Result<Self, config::ConfigError> {
        let config = Config::builder()
            .add_source(File::from_str(text, FileFormat::Toml))
            .add_source(environment)
            .build()?;
        let given = in_force::given(&config.cache);
        let mut settings: Self = config.try_deserialize()?;
        settings.given = given;
        Ok(settings)
    }

    fn checked(mut self) -> anyhow::Result<Self> {
        if let Some(file) = &self.database.url_file {
            if self.database.url.is_some() {
                bail!("Give `database.url` or `database.url_file`, not both");
            }
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("Could not read {}", file.display()))?;
            self.database.url = Some(text.trim().to_owned().into());
        }
        self.http.check_protection()?;
        self.http.derive_desk_url()?;
        self.identity_provider.check()?;
        self.malware.check()?;
        if !self.accounts.break_glass.is_empty() && !self.identity_provider.is_set() {
            bail!("`accounts.break_glass` needs `[identity_provider]`: without it, nobody else could log in");
        }
        self.routing.check()?;
        self.targets.check()?;
        self.retention.check()?;
        self.backup.check()?;
        crate::operation::check_times(&self.operation)?;
        self.abuse_material.check()?;
        if let Some(url) = &self.database.url {
            let known = ["sqlite:", "postgres:", "postgresql:"];
            if !known.iter().any(|scheme| url.expose().starts_with(scheme)) {
                bail!("`database.url` begins with sqlite:, postgres: or postgresql:");
            }
            database_url::check_protection(url.expose(), self.database.allow_unverified)?;
        }
        Ok(self)
    }

    /// Returns the centre with the texts in force. Every call returns the same shared value.
    pub fn centre_in_force(&self) -> CentreInForce {
        let shared = self
            .in_force
            .get_or_init(|| CentreInForce::new(self.centre.clone()));
        shared.clone()
    }

    /// Returns the URL of the database.
    pub fn database_url(&self) -> Private<String> {
        match &self.database.url {
            Some(url) => url.clone(),
            None => format!(
                "sqlite://{}?mode=rwc",
                self.data.folder.join("hotline.db").display()
            )
            .into(),
        }
    }
}

/// Adds two things to an error in the table `[lines.<name>]`: the position in the settings file and a suggestion.
pub fn explained_line(error: &anyhow::Error, settings: &Settings, line: &str) -> anyhow::Error {
    let text = settings
        .file
        .as_ref()
        .and_then(|file| std::fs::read_to_string(file).ok())
        .unwrap_or_default();
    let place = within(&text, &["lines", line], &named(&format!("{error:#}")));
    anyhow!(
        "{}line `{line}`: {error:#}{}",
        at(settings.file.as_deref(), place),
        meant(&format!("{error:#}"))
    )
}

fn explained(error: &config::ConfigError, file: Option<&Path>, text: &str) -> anyhow::Error {
    let said = error.to_string();
    let place = within(text, &[], &named(&said));
    anyhow!("{}{said}{}", at(file, place), meant(&said))
}

fn at(file: Option<&Path>, place: Option<usize>) -> String {
    match (file, place) {
        (Some(file), Some(line)) => format!("{}, line {line}: ", file.display()),
        (Some(file), None) => format!("{} or the environment: ", file.display()),
        (None, _) => "The environment: ".to_owned(),
    }
}

/// Returns the names between backticks or quotes in an error message. The rejected name comes first.
fn named(said: &str) -> Vec<String> {
    let quoted = said.split(['`', '"']).skip(1).step_by(2);
    quoted
        .flat_map(|name| name.split('.').rev().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Finds the first of `names` that is a key in the table, and returns the number of its line in `text`. If the table contains none of these
/// names, the result is the number of the line at which the table starts.
fn within(text: &str, table: &[&str], names: &[String]) -> Option<usize> {
    let document = toml_edit::Document::parse(text).ok()?;
    let mut item = document.as_item();
    for name in table {
        item = item.get(name)?;
    }
    let found = names.iter().find_map(|name| find(item, name));
    let start = found.or_else(|| item.span().map(|span| span.start).filter(|_| !table.is_empty()))?;
    Some(text.get(..start)?.lines().count() + usize::from(text.get(..start)?.ends_with('\n') || start == 0))
        .map(|line| line.max(1))
}

fn find(item: &toml_edit::Item, name: &str) -> Option<usize> {
    let table = item.as_table_like()?;
    if let Some((key, _)) = table.get_key_value(name) {
        return key.span().map(|span| span.start);
    }
    table.iter().find_map(|(_, item)| find(item, name))
}

/// Returns the suggestion "Did you mean …?" for an error message. It suggests the expected name that is most similar to the
/// rejected name. Returns an empty text if no expected name is similar.
fn meant(said: &str) -> String {
    let mut names = said.split('`').skip(1).step_by(2);
    let Some(wrong) = names.next() else {
        return String::new();
    };
    let likest =
        names.max_by(|a, b| strsim::jaro_winkler(wrong, a).total_cmp(&strsim::jaro_winkler(wrong, b)));
    match likest {
        Some(likest) if strsim::jaro_winkler(wrong, likest) > 0.7 => format!(". Did you mean `{likest}`?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hotline_core::text::locale::Locales;

    use super::*;

    fn refused(text: &str) -> String {
        let nothing = Environment::with_prefix("NOTHING_OF_THE_KIND");
        let error = Settings::read(text, nothing).unwrap_err();
        explained(&error, Some(Path::new("hotline.toml")), text).to_string()
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_a_suggestion() {
        let said = refused("[http]\npublic = \"127.0.0.1:1\"\npublik_url = \"x\"\n");
        assert!(said.starts_with("hotline.toml, line 3: "), "{said}");
        assert!(said.ends_with("Did you mean `public_url`?"), "{said}");
    }

    #[test]
    fn a_bad_value_is_refused_with_its_line() {
        let said = refused("[http]\n\npublic = \"not an address\"\n");
        assert!(said.starts_with("hotline.toml, line 3: "), "{said}");
    }

    #[test]
    fn a_desk_beside_https_pages_has_a_cookie_for_https_or_says_why_not() {
        let read = |text: &str| {
            let nothing = Environment::with_prefix("NOTHING_OF_THE_KIND");
            Settings::read(&format!("[http]\n{text}"), nothing)
                .unwrap()
                .checked()
        };
        let one = "public = \"127.0.0.1:1\"\ndesk = \"127.0.0.1:1\"\n";
        let two = "public = \"127.0.0.1:1\"\ndesk = \"127.0.0.1:2\"\n";
        for (text, desk_url) in [
            (
                format!("{one}public_url = \"https://example.org\""),
                "https://example.org",
            ),
            (
                format!("{one}public_url = \"https://example.org:8443/form/\""),
                "https://example.org:8443",
            ),
            (format!("{one}public_url = \"http://localhost:1\""), ""),
            (
                format!("{two}public_url = \"https://example.org\"\ndesk_url = \"https://desk.example.org\""),
                "https://desk.example.org",
            ),
        ] {
            let settings = read(&text).unwrap();
            assert_eq!(settings.http.desk_url, desk_url, "{text}");
            assert!(settings.http.warnings().is_none(), "{text}");
        }
        let refused = read(&format!("{two}public_url = \"https://example.org\"")).unwrap_err();
        assert!(refused.to_string().contains("http.desk_url"), "{refused}");
        let careless =
            format!("{two}public_url = \"https://example.org\"\ndesk_url = \"http://127.0.0.1:2\"");
        assert!(read(&careless).unwrap().http.warnings().is_some());
    }

    fn checked(text: &str) -> anyhow::Result<Settings> {
        let nothing = Environment::with_prefix("NOTHING_OF_THE_KIND");
        Settings::read(text, nothing).unwrap().checked()
    }

    #[test]
    fn other_machines_connect_only_if_the_settings_say_so() {
        for (address, permitted) in [
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("unix:/run/hotline/http.sock", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("192.0.2.10:1", false),
        ] {
            for key in ["public", "desk", "metrics"] {
                let text = format!("[http]\n{key} = \"{address}\"\n");
                let refused = checked(&text).err().map(|error| error.to_string());
                assert_eq!(refused.is_none(), permitted, "{text}");
                let names = refused.is_none_or(|refused| refused.contains(&format!("`http.{key}`")));
                assert!(names, "{text}");
                assert!(checked(&format!("{text}allow_plain = true\n")).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn metrics_have_an_address_of_their_own() {
        let with = |metrics: &str| {
            let own = "[http]\npublic = \"127.0.0.1:1\"\ndesk = \"127.0.0.1:2\"\n";
            checked(&format!("{own}metrics = \"{metrics}\"\n"))
        };
        for taken in ["127.0.0.1:1", "127.0.0.1:2"] {
            let refused = with(taken).unwrap_err().to_string();
            assert!(refused.contains("`http.metrics`"), "{refused}");
        }
        assert!(with("127.0.0.1:3").unwrap().http.metrics.is_some());
        assert!(checked("").unwrap().http.metrics.is_none());
    }

    #[test]
    fn pages_without_tls_are_on_this_machine_only() {
        for (url, permitted) in [
            ("https://example.org", true),
            ("http://127.0.0.1:8080", true),
            ("http://localhost:8080", true),
            ("http://example.org", false),
            ("http://10.0.0.7:8080", false),
            ("http://localhost.example.org", false),
            ("ftp://example.org", false),
            ("example.org", false),
        ] {
            for key in ["public_url", "desk_url"] {
                let refused = checked(&format!("[http]\n{key} = \"{url}\"\n"));
                assert_eq!(refused.is_ok(), permitted, "{key} {url}");
            }
        }
    }

    #[test]
    fn lines_of_the_file_connect_to_listed_hosts_only() {
        let open = |outgoing: &str| {
            let text = format!("{outgoing}[lines.bot]\nchannel = \"telegram\"\ntoken = \"4242:secret\"\n");
            let settings = checked(&text).unwrap();
            let opener = crate::lines::LineOpener::new(&settings, &Arc::new(Locales));
            let opened = crate::lines::open_lines(&settings, &opener);
            opened.err().map(|error| format!("{error:#}"))
        };
        assert_eq!(open(""), None);
        assert_eq!(open("[outgoing]\nhosts = [\"api.telegram.org\"]\n"), None);
        let refused = open("[outgoing]\nhosts = [\"discord.com\"]\n").unwrap();
        assert!(
            refused.contains("`outgoing.hosts` does not name the host api.telegram.org"),
            "{refused}"
        );
    }

    #[test]
    fn the_shipped_settings_are_read() {
        let text = include_str!("../../../config/hotline.toml");
        let nothing = Environment::with_prefix("NOTHING_OF_THE_KIND");
        Settings::read(text, nothing).unwrap();
        // The commented-out examples must also be valid.
        let is_key = |line: &&str| {
            let key = line.split(" = ").next().unwrap_or_default();
            line.starts_with('[')
                || line.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        let uncommented = |line| str::strip_prefix(line, "# ").filter(is_key).unwrap_or(line);
        let shown: String = text
            .lines()
            .map(|line| format!("{}\n", uncommented(line)))
            .collect();
        let read = || Settings::read(&shown, Environment::with_prefix("NOTHING_OF_THE_KIND")).unwrap();
        let mut channels = Vec::new();
        for (name, value) in read().lines {
            let table = value.clone().into_table().unwrap();
            channels.push(table.get("channel").unwrap().to_string());
            // Opening the lines may fail because files named in the examples do not exist. It must not fail because of an unknown key.
            let mut settings = read();
            settings.lines = BTreeMap::from([(name.clone(), value)]);
            let opener = crate::lines::LineOpener::new(&settings, &Arc::new(Locales));
            let opened = crate::lines::open_lines(&settings, &opener);
            let said = opened
                .err()
                .map_or_else(String::new, |error| format!("{error:#}"));
            assert!(
                !said.contains("unknown") && !said.contains("missing field"),
                "{name}: {said}"
            );
        }
        channels.sort();
        let mut kinds: Vec<_> = hotline_channels::KINDS.iter().map(|kind| kind.name).collect();
        kinds.sort_unstable();
        assert_eq!(channels, kinds, "an example of each");
    }
}
