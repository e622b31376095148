//! The settings: a file, then the environment (`HOTLINE__SECTION__KEY`). What is not known is refused.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use config::{Config, Environment, File, FileFormat, Value};
use hotline_core::{centre::Centre, identifiers::private::Private};
use serde::Deserialize;

/// Where settings are looked for without `--config`.
const USUAL: &str = "config/hotline.toml";

/// All settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where pages are served.
    #[serde(default)]
    pub http: Http,
    /// Where things are stored.
    #[serde(default)]
    pub database: Database,
    /// The folder of everything else.
    #[serde(default)]
    pub data: Data,
    /// What the centre says of itself.
    #[serde(default)]
    pub centre: Centre,
    /// How the desk works.
    #[serde(default)]
    pub desk: Desk,
    /// Figures, and who gets them.
    #[serde(default)]
    pub statistics: Statistics,
    /// The lines, by name. What stands in each belongs to its channel.
    #[serde(default)]
    pub lines: BTreeMap<String, Value>,
    /// The file they came from.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// `[http]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where the public pages are served.
    pub public: SocketAddr,
    /// Where the desk is served; the same address serves both.
    pub desk: SocketAddr,
    /// How the public pages are reached from outside. With `https` browsers are told to come no other way.
    pub public_url: String,
    /// How the desk is reached by its staff. With `https` its cookie goes nowhere else.
    pub desk_url: String,
}

impl Default for Http {
    fn default() -> Self {
        let local = SocketAddr::from(([127, 0, 0, 1], 8080));
        Self {
            public: local,
            desk: local,
            public_url: "http://127.0.0.1:8080".to_owned(),
            desk_url: String::new(),
        }
    }
}

impl Http {
    /// Without `desk_url` nothing says whether staff come by HTTPS, and the cookie of their log-ins would also go by HTTP. Where one address
    /// serves both it is reached like the public pages; else it has to be said.
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

    /// What is allowed and better avoided, in words.
    pub fn warnings(&self) -> Option<&'static str> {
        let careless = self.public_url.starts_with("https://") && self.desk_url.starts_with("http://");
        careless.then_some(
            "the public pages are reached by HTTPS and `http.desk_url` is not: passwords, and the cookie of a log-in, go by HTTP",
        )
    }
}

/// `[desk]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Desk {
    /// How long a reply can be taken back, in seconds.
    pub undo_seconds: u8,
    /// Whether a contact is closed only when it is classified.
    pub wrap_up: bool,
    /// A classification of the centre's own.
    pub scheme_file: Option<PathBuf>,
    /// Networks that no line reads, and on which counsellors log what came.
    pub networks: Vec<String>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            undo_seconds: 10,
            wrap_up: true,
            scheme_file: None,
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
        }
    }
}

/// `[statistics]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Statistics {
    /// Cells of figures about persons below this are hidden from whoever may not read what people wrote; 0 hides none.
    pub smallest: u16,
    /// Whether the total since the establishment is shown to everybody.
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

/// `[database]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://…`; without it SQLite in the data folder.
    pub url: Option<Private<String>>,
    /// A file with it.
    pub url_file: Option<PathBuf>,
}

/// `[data]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The folder.
    pub folder: PathBuf,
    /// The master key, if it lies elsewhere.
    pub key_file: Option<PathBuf>,
    /// MiB of disk that stay free: nothing is accepted beyond, and sources keep what they have.
    pub reserve_mib: u64,
    /// Messages that may wait to be registered: nothing is accepted beyond, and sources keep what they have.
    pub backlog: u64,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("data"),
            key_file: None,
            reserve_mib: 512,
            backlog: 100_000,
        }
    }
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Says the file, the line, and what was probably meant.
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
        Config::builder()
            .add_source(File::from_str(text, FileFormat::Toml))
            .add_source(environment)
            .build()?
            .try_deserialize()
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
        for (key, url) in [
            ("public_url", &self.http.public_url),
            ("desk_url", &self.http.desk_url),
        ] {
            let lawful = url.is_empty()
                || ["http://", "https://"]
                    .iter()
                    .any(|scheme| url.starts_with(scheme));
            if !lawful {
                bail!("`http.{key}` begins with http:// or https://");
            }
        }
        self.http.derive_desk_url()?;
        if let Some(url) = &self.database.url {
            let known = ["sqlite:", "postgres:", "postgresql:"];
            if !known.iter().any(|scheme| url.expose().starts_with(scheme)) {
                bail!("`database.url` begins with sqlite:, postgres: or postgresql:");
            }
        }
        Ok(self)
    }

    /// The database's address.
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

/// Explains an error of one line's own settings, with the place in the file.
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

/// The names an error message puts between backticks or quotes, the wrong one first.
fn named(said: &str) -> Vec<String> {
    let quoted = said.split(['`', '"']).skip(1).step_by(2);
    quoted
        .flat_map(|name| name.split('.').rev().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// The line of the file on which one of the named keys stands, below a table.
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

/// "Did you mean …?", from the list of expected names in the message.
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
            (format!("{one}public_url = \"http://example.org\""), ""),
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
        let careless = format!("{two}public_url = \"https://example.org\"\ndesk_url = \"http://10.0.0.1:2\"");
        assert!(read(&careless).unwrap().http.warnings().is_some());
    }

    #[test]
    fn the_shipped_settings_are_read() {
        let text = include_str!("../../../config/hotline.toml");
        let nothing = Environment::with_prefix("NOTHING_OF_THE_KIND");
        Settings::read(text, nothing).unwrap();
        // What is only shown is right as well.
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
            // Files that are named are not there; every key is known.
            let mut settings = read();
            settings.lines = BTreeMap::from([(name.clone(), value)]);
            let opened = crate::lines::open_lines(&settings, &Arc::new(Locales::load().unwrap()));
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
