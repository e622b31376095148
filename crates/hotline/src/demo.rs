//! `hotline demo`: the service with sample staff and conversations.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chrono::{NaiveDate, Utc};
use hotline_core::{
    contact::{classification::Answers, message::RawMessage},
    identifiers::{ids, line_name::LineName},
    intake::Intake,
    staff::rights::Role,
    statistics::figures::Measure,
    text::locale::Language,
    time::clock::{Clock, SystemClock},
};
use hotline_store::{
    cases::Details,
    contacts::reply::NewReply,
    db::store::Store,
    inbox::list::{Filter, View},
    registration::register::NewCall,
    staff::accounts::StaffMember,
    statistics::adjustments::NewAdjustment,
};

use self::samples::{
    MAILS, OF_THE_CALL, OF_THE_PARENT, POSTS, THE_CALL, THE_CASE, TO_THE_PARENT, TO_THE_PROSECUTOR,
    TO_THE_SCHOOL,
};
use crate::{
    service,
    settings::Settings,
    shutdown::{Lifecycle, Signals},
};

mod samples;

/// The password of every account in the demo.
const PASSWORD: &str = "four blue paper boats";

/// Runs the demo until it is stopped.
pub async fn demo(folder: Option<PathBuf>, port: u16) -> anyhow::Result<()> {
    let thrown_away = tempfile::tempdir().context("Could not make a folder for the demo")?;
    let folder = folder.unwrap_or_else(|| thrown_away.path().to_owned());
    let signals = Signals::install()?;
    let lifecycle = Lifecycle::default();
    let store = service::start(settings(&folder, port)?, &lifecycle, service::Listening::None).await?;
    if store.staff().await?.is_empty() {
        fill(&store)
            .await
            .context("Could not make the sample conversations")?;
    }
    println!(
        "\nHotline demo, in {}\n\n  Write to the centre   http://127.0.0.1:{port}/\n  The staff's desk      http://127.0.0.1:{port}/desk\n",
        folder.display()
    );
    println!(
        "  Log in as             mila (counsellor), vuk (counsellor), sara (supervisor), petra (manager), admin"
    );
    println!("  Everybody's password  {PASSWORD}\n");
    println!(
        "  The form works whole. There is no mail server here, so answers to the sample mails stay delayed."
    );
    println!("  Stop with Ctrl+C.\n");
    lifecycle.until_stopped(signals).await;
    store.disconnect().await;
    Ok(())
}

fn settings(folder: &std::path::Path, port: u16) -> anyhow::Result<Settings> {
    let mut settings: Settings = config::Config::builder()
        .set_override("lines.form.channel", "webform")?
        .set_override("lines.form.answers_also_by", "mail")?
        .set_override("http.public", format!("127.0.0.1:{port}"))?
        .set_override("http.desk", format!("127.0.0.1:{port}"))?
        .set_override("http.public_url", format!("http://127.0.0.1:{port}"))?
        .set_override("data.reserve_mib", 16)?
        .set_override("data.folder", folder.to_string_lossy().into_owned())?
        .build()?
        .try_deserialize()?;
    // No mail server listens at this address. Replies by mail therefore remain in the outbox, where they are shown as delayed.
    let mail = config::Config::builder()
        .set_override("channel", "email")?
        .set_override("address", "kontakt@centar.example.org")?
        .set_override("acknowledge", false)?
        .set_override("imap.host", "127.0.0.1")?
        .set_override("imap.port", 1)?
        .set_override("imap.security", "plain")?
        .set_override("imap.user", "kontakt")?
        .set_override("imap.password", "kontakt")?
        .set_override("smtp.host", "127.0.0.1")?
        .set_override("smtp.port", 1)?
        .set_override("smtp.security", "plain")?
        .build()?
        .try_deserialize()?;
    settings.lines.insert("mail".to_owned(), mail);
    Ok(settings)
}

/// Adds sample staff and messages. All people are invented.
async fn fill(store: &Arc<Store>) -> anyhow::Result<()> {
    let password = PASSWORD.to_owned().into();
    let mila = store
        .add_staff("mila", "Мила", Role::Counsellor, &password)
        .await?;
    let vuk = store.add_staff("vuk", "Вук", Role::Counsellor, &password).await?;
    store
        .add_staff("sara", "Сара", Role::Supervisor, &password)
        .await?;
    let petra = store
        .add_staff("petra", "Петра", Role::Manager, &password)
        .await?;
    store
        .add_staff("admin", "Админ", Role::Administrator, &password)
        .await?;
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).context("No such day");
    let source = "Годишњи извештаји центра (пример)";
    for (channel, count) in [("telephone", 23_410), ("email", 3_105), ("social", 1_690)] {
        let balance = NewAdjustment {
            of: Measure::Contact,
            value: channel.to_owned(),
            correction: false,
            from: day(2017, 2, 27)?,
            to: day(2025, 12, 31)?,
            count,
            source: source.to_owned(),
            reason: String::new(),
        };
        store.enter_adjustment(Some(&petra), &balance).await?;
    }
    let now = SystemClock.now();
    for (number, (minutes, from, subject, text)) in MAILS.iter().enumerate() {
        accept_mail(
            store,
            now - chrono::Duration::minutes(*minutes),
            number,
            from,
            subject,
            text,
        )
        .await?;
    }
    for (number, (minutes, kind, url, text)) in POSTS.iter().enumerate() {
        accept_post(
            store,
            now - chrono::Duration::minutes(*minutes),
            number,
            kind,
            url,
            text,
        )
        .await?;
    }
    // These two raw messages open no contact: one is an automatic reply, and the other arrived on a line that is no longer configured.
    let hour = now - chrono::Duration::hours(1);
    let away = "From: <skola@example.org>\r\nSubject: Odsutni smo\r\nAuto-Submitted: auto-replied\r\n\r\nRadimo od ponedeljka.\r\n";
    accept(store, "mail", hour, "sample away".to_owned(), away.into()).await?;
    accept(
        store,
        "former-mail",
        hour,
        "sample of a former line".to_owned(),
        away.into(),
    )
    .await?;
    let expected = (MAILS.len() + POSTS.len()) as u64;
    for _ in 0..1_200 {
        if store.contacts_registered().await? >= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    work_a_little(store, &mila, &vuk).await
}

/// Assigns, answers, closes and refers some contacts, so that no screen of the demo is empty.
async fn work_a_little(store: &Store, mila: &StaffMember, vuk: &StaffMember) -> anyhow::Result<()> {
    let rows = store
        .inbox(View::Unassigned, &Filter::default(), mila.id, None, 50)
        .await?
        .rows;
    let [school, game, parent, ..] = rows.as_slice() else {
        bail!("the sample messages did not become contacts in time");
    };
    store.reply(mila, school.reference, reply(TO_THE_SCHOOL)).await?;
    store
        .note(
            mila,
            school.reference,
            ids::new(SystemClock.now()),
            "Питати колеге ко је слободан 10. децембра.",
        )
        .await?;
    store.take(vuk, game.reference).await?;
    let case = store.form_case(vuk, game.reference, None).await?;
    store.describe_case(vuk, case, THE_CASE).await?;
    let details = Details {
        sent: TO_THE_PROSECUTOR.to_owned(),
        ..Details::default()
    };
    store
        .propose_referral(vuk, case, "high_tech_crime", &details)
        .await?;
    store.reply(vuk, parent.reference, reply(TO_THE_PARENT)).await?;
    store
        .classify(vuk, parent.reference, answers(&OF_THE_PARENT))
        .await?;
    store.close(vuk, parent.reference, None).await?;
    let call = NewCall {
        id: ids::new(SystemClock.now()),
        network: "telephone".to_owned(),
        at: SystemClock.now() - chrono::Duration::hours(26),
        for_whom: None,
        caller: String::new(),
        text: THE_CALL.to_owned(),
        answers: answers(&OF_THE_CALL),
    };
    store.log_call(mila, call).await?;
    Ok(())
}

fn answers(given: &[(&str, &str)]) -> Answers {
    let one = |(question, answer): &(&str, &str)| ((*question).to_owned(), vec![(*answer).to_owned()]);
    given.iter().map(one).collect()
}

fn reply(text: &str) -> NewReply {
    NewReply {
        id: ids::new(SystemClock.now()),
        text: text.to_owned(),
        ..NewReply::default()
    }
}

async fn accept_mail(
    store: &Arc<Store>,
    at: chrono::DateTime<Utc>,
    number: usize,
    from: &str,
    subject: &str,
    text: &str,
) -> anyhow::Result<()> {
    let raw = format!(
        "From: <{from}>\r\nTo: <kontakt@centar.example.org>\r\nSubject: {subject}\r\nMessage-ID: <sample-{number}@example.org>\r\n\
         Date: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n",
        at.to_rfc2822()
    );
    accept(store, "mail", at, format!("sample {number}"), raw.into_bytes()).await
}

async fn accept_post(
    store: &Arc<Store>,
    at: chrono::DateTime<Utc>,
    number: usize,
    kind: &str,
    url: &str,
    text: &str,
) -> anyhow::Result<()> {
    let line = LineName::parse("form")?;
    let external_id = format!("sample {number}");
    let mark = store.receipt_mark(&store.receipt_code(&line, &external_id));
    let language = Language::guess(text).unwrap_or(Language::SrLatn);
    let raw = serde_json::json!({
        "kind": kind, "message": text, "url": url, "language": language, "reply_to": "", "receipt": mark,
    });
    accept(store, "form", at, external_id, serde_json::to_vec(&raw)?).await
}

async fn accept(
    store: &Arc<Store>,
    line: &str,
    received_at: chrono::DateTime<Utc>,
    external_id: String,
    bytes: Vec<u8>,
) -> anyhow::Result<()> {
    let raw = RawMessage {
        line: LineName::parse(line)?,
        external_id,
        received_at,
        bytes,
        cut_from: None,
    };
    store.accept(vec![raw], None).await?;
    Ok(())
}
