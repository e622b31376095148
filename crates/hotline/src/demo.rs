//! `hotline demo`: the service with a sample centre, at least 18 months of contacts and a working day.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use hotline_core::text::locale::{Language, Locales};
use hotline_desk::state::Persona;
use hotline_store::{
    db::store::Store,
    staff::sessions::{Asker, SessionToken},
};

use self::{
    centre::{CentreData, PASSWORD},
    settings::SinkAddresses,
};
use crate::{
    arguments::{DemoLanguage, DemoOptions},
    service::{self, Additions, Durability, Listening},
    shutdown::{Lifecycle, Signals},
};

mod cases;
mod centre;
mod clock;
mod day;
mod dice;
mod outreach;
mod page;
mod past;
mod prepare;
mod raw;
mod samples;
mod script;
mod settings;
mod sink;
mod smtp;

/// How often the colleagues at the desk act. They would otherwise be away after ten minutes.
const COLLEAGUES_ACT: Duration = Duration::from_secs(240);

/// Runs the demo until it is stopped.
pub async fn demo(options: DemoOptions) -> anyhow::Result<()> {
    let started = Instant::now();
    let language = match options.language.unwrap_or_else(DemoLanguage::of_environment) {
        DemoLanguage::En => Language::En,
        DemoLanguage::Sr => Language::SrCyrl,
    };
    let thrown_away = tempfile::tempdir().context("Could not make a folder for the demo")?;
    let folder = options
        .keep
        .clone()
        .unwrap_or_else(|| thrown_away.path().to_owned());
    std::fs::create_dir_all(&folder).with_context(|| format!("Could not make {}", folder.display()))?;
    let signals = Signals::install()?;
    let lifecycle = Lifecycle::default();
    let locales = Locales;
    let words = locales.of(language);
    let sink = sink::Sink::start(words, &lifecycle).await?;
    if !prepare::is_prepared(&folder) {
        let progress = page::Progress::new(words);
        fill(&folder, &options, language, sink.addresses, |key| {
            progress.step(key)
        })
        .await?;
        progress.end(started.elapsed());
    }
    let settings = settings::settings(&folder, options.port, language, sink.addresses)?;
    let additions = Additions {
        personas: personas(language)?,
        routes: Some(sink.router()),
    };
    let store = service::start(settings, &lifecycle, Listening::None, additions).await?;
    let (colleagues, stopped) = (keep_colleagues(Arc::clone(&store)), lifecycle.stop.clone());
    lifecycle.run(async move {
        tokio::select! { () = colleagues => {}, () = stopped.cancelled() => {} }
    });
    print!("{}", page::page(words, options.port, options.keep.as_deref()));
    lifecycle.until_stopped(signals).await;
    store.disconnect().await;
    Ok(())
}

/// Prepares the data in a folder beside its final place, and moves it there when it is complete. An interrupted run therefore leaves no
/// half of a centre behind.
async fn fill(
    folder: &Path,
    options: &DemoOptions,
    language: Language,
    sinks: SinkAddresses,
    progress: impl Fn(&str),
) -> anyhow::Result<()> {
    let making = tempfile::tempdir_in(folder).context("Could not make a folder for the demo")?;
    let settings = settings::settings(making.path(), options.port, language, sinks)?;
    let durability = match options.keep {
        Some(_) => Durability::Kept,
        None => Durability::ThrownAway,
    };
    prepare::prepare(&settings, language, durability, options.contacts, progress)
        .await
        .context("Could not make the sample centre")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(making.path())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    // The database comes last, because its presence means that the data is complete.
    files.sort_by_key(|file| file.ends_with("hotline.db"));
    for file in files {
        let name = file.file_name().context("A file without a name")?;
        std::fs::rename(&file, folder.join(name))?;
    }
    Ok(())
}

/// The accounts that the log-in page of the demo offers.
fn personas(language: Language) -> anyhow::Result<Vec<Persona>> {
    let offered = ["mila", "sara", "petra", "admin", "vera"];
    let accounts = CentreData::read()?.accounts(language);
    let persona = |(login, name, role)| Persona {
        login,
        name,
        role,
        password: PASSWORD.to_owned().into(),
    };
    let accounts = accounts
        .into_iter()
        .filter(|(login, _, _)| offered.contains(&login.as_str()));
    Ok(accounts.map(persona).collect())
}

/// Keeps the colleagues at the desk, so that their contacts stay with them.
async fn keep_colleagues(store: Arc<Store>) {
    let mut tokens: Vec<SessionToken> = Vec::new();
    loop {
        let mut ended = tokens.is_empty();
        for token in &tokens {
            ended |= !matches!(store.logged_in(token.expose(), Asker::Person).await, Ok(Some(_)));
        }
        if ended {
            tokens = prepare::log_in_colleagues(&store).await.unwrap_or_default();
        }
        tokio::time::sleep(COLLEAGUES_ACT).await;
    }
}

/// Returns an address on this machine with a free port.
const fn free_address() -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
}
