//! Rare behaviour of Discord that its documentation allows.

use std::time::{Duration, Instant};

use hotline_tests::{
    peers::{
        discord::{Discord, Fault, Refusal, content},
        wait_until,
    },
    service::Service,
    staff::{Staff, text},
};
use serde_json::{Value, json};

use crate::discord::{ANA, PETAR, lines, running, told};

/// A time shorter than the 30 seconds between the first and the second attempt to send a reply.
const NO_ATTEMPT_FAILED: Duration = Duration::from_secs(25);
const MORE: &str = "acknowledge = false";

fn refused(code: u16, number: u64, message: &str) -> Fault {
    Fault::Status {
        code,
        body: json!({ "code": number, "message": message }),
    }
}

fn threads_of(discord: &Discord) -> String {
    format!("POST /api/v10/channels/{}/threads", discord.room_id())
}

/// Presses the button as Ana, which shows her the form.
async fn opens_form(discord: &Discord) {
    let room = discord.room_id();
    wait_until(Duration::from_secs(30), || async {
        !discord.sent_to(room).is_empty()
    })
    .await
    .unwrap();
    let button = text(&discord.sent_to(room)[0], "/id").parse().unwrap();
    let pressed = discord.presses(ANA, button, "hotline-write").unwrap();
    wait_until(Duration::from_secs(20), || async {
        !discord.interaction_answers(pressed).is_empty()
    })
    .await
    .unwrap();
}

fn submits_form(discord: &Discord, words: &str) -> u64 {
    discord.submits(ANA, "hotline-form", &[("text", words)]).unwrap()
}

async fn sends_form(discord: &Discord, words: &str) -> u64 {
    opens_form(discord).await;
    submits_form(discord, words)
}

async fn first_reference(staff: &Staff) -> String {
    let contacts = staff.until_contacts(1).await.unwrap();
    text(&contacts[0], "/reference").to_owned()
}

/// Waits until a reply arrives in this channel. Fails if the reply needs a second attempt.
async fn arrives_soon(discord: &Discord, channel: u64, words: &str) {
    wait_until(NO_ATTEMPT_FAILED, || async {
        told(discord, channel).iter().any(|one| one == words)
    })
    .await
    .unwrap();
}

async fn the_thread(discord: &Discord) -> u64 {
    wait_until(Duration::from_secs(20), || async {
        let threads = discord.threads();
        threads
            .first()
            .is_some_and(|thread| discord.thread_members(*thread).contains(&ANA))
    })
    .await
    .unwrap();
    discord.threads()[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_whose_answer_fails_gets_its_thread_all_the_same() {
    for fault in [
        refused(404, 10_062, "Unknown interaction"),
        refused(500, 0, "Internal Server Error"),
    ] {
        let (discord, _service, staff) = running(MORE).await;
        opens_form(&discord).await;
        discord.fault("POST /api/v10/interactions", fault, 1);
        submits_form(&discord, "Imaju moje slike");
        let reference = first_reference(&staff).await;
        let thread = the_thread(&discord).await;
        staff.reply(&reference, "Tu smo.").await.unwrap();
        arrives_soon(&discord, thread, "Tu smo.").await;
        assert_eq!(discord.threads().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_discord_names_for_a_thread_is_no_failed_attempt() {
    let (discord, _service, staff) = running(MORE).await;
    let later = Fault::TooMany {
        retry_after_ms: 1_200,
        global: false,
    };
    discord.fault(&threads_of(&discord), later, 5);
    sends_form(&discord, "Imaju moje slike").await;
    let reference = first_reference(&staff).await;
    staff.reply(&reference, "Tu smo.").await.unwrap();
    let thread = the_thread(&discord).await;
    arrives_soon(&discord, thread, "Tu smo.").await;
    staff.until_reply_is(&reference, "sent").await.unwrap();
    assert_eq!(discord.threads().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_can_have_no_thread_is_answered_directly_or_the_reply_fails_in_words() {
    let (discord, _service, staff) = running(MORE).await;
    discord.fault(
        "PUT /api/v10/channels",
        refused(403, 50_013, "Missing Permissions"),
        1_000,
    );
    sends_form(&discord, "Imaju moje slike").await;
    let reference = first_reference(&staff).await;
    staff.reply(&reference, "Tu smo.").await.unwrap();
    let dm = discord.dm_of(ANA).unwrap();
    arrives_soon(&discord, dm, "Tu smo.").await;
    discord.forbids_dms(ANA);
    staff.reply(&reference, "Javi se.").await.unwrap();
    staff.until_reply_is(&reference, "failed").await.unwrap();
    let (_, said) = staff.last_reply(&reference).await.unwrap();
    assert!(said.contains("does not let us write to this person"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_in_a_thread_is_answered_directly_and_at_once() {
    let (discord, _service, staff) = running(MORE).await;
    sends_form(&discord, "Imaju moje slike").await;
    first_reference(&staff).await;
    let thread = the_thread(&discord).await;
    discord
        .sends(PETAR, thread, content::text("ja sam gost"))
        .unwrap();
    let contacts = staff.until_contacts(2).await.unwrap();
    let guest = contacts
        .iter()
        .find(|one| text(one, "/first_words") == "ja sam gost")
        .unwrap();
    staff
        .reply(text(guest, "/reference"), "Piši nam ovde.")
        .await
        .unwrap();
    let dm = discord.dm_of(PETAR).unwrap();
    arrives_soon(&discord, dm, "Piši nam ovde.").await;
    assert!(!told(&discord, thread).contains(&"Piši nam ovde.".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_form_is_told_the_reference_of_the_open_contact() {
    let (discord, _service, staff) = running(MORE).await;
    sends_form(&discord, "Imaju moje slike").await;
    let reference = first_reference(&staff).await;
    the_thread(&discord).await;
    let second = sends_form(&discord, "Javili su se opet").await;
    staff.until_messages(&reference, 2).await.unwrap();
    wait_until(Duration::from_secs(20), || async {
        !discord.interaction_answers(second).is_empty()
    })
    .await
    .unwrap();
    let answer = discord.interaction_answers(second).remove(0).to_string();
    assert!(answer.contains(&reference), "{answer}");
    assert_eq!(staff.contacts().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_answered_at_once_while_everything_else_is_limited() {
    let (discord, _service, staff) = running(MORE).await;
    let all = Fault::TooMany {
        retry_after_ms: 4_500,
        global: true,
    };
    opens_form(&discord).await;
    discord.fault("GET /api/v10/channels", all, 1);
    discord.says(PETAR, "zdravo").unwrap();
    wait_until(Duration::from_secs(20), || async {
        discord.calls().iter().any(|call| call.status == 429)
    })
    .await
    .unwrap();
    let begun = Instant::now();
    let form = submits_form(&discord, "Imaju moje slike");
    wait_until(Duration::from_secs(20), || async {
        !discord.interaction_answers(form).is_empty()
    })
    .await
    .unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    staff.until_contacts(2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_refused_are_begun_ever_more_rarely() {
    for refusal in [Refusal::Close(4000), Refusal::Invalid] {
        let (discord, _service, staff) = running(MORE).await;
        discord.refuse_sessions(Some(refusal));
        discord.close(4009);
        let before = discord.identifies();
        tokio::time::sleep(Duration::from_secs(40)).await;
        let begun = discord.identifies() - before;
        assert!((1..=4).contains(&begun), "{begun} sessions in 40 s");
        let page = staff.page("/desk/inbox").await.unwrap();
        assert!(page.contains("Line discord"), "nobody is told: {page}");
        discord.refuse_sessions(None);
        wait_until(Duration::from_secs(60), || async { discord.connected() > 0 })
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_is_begun_when_none_is_left_for_the_day() {
    let (discord, _service, staff) = running(MORE).await;
    discord.set_session_starts(0, Duration::from_secs(15));
    discord.close(4009);
    let before = discord.identifies();
    wait_until(Duration::from_secs(20), || async {
        let page = staff.page("/desk/inbox").await.unwrap();
        page.contains("Line discord")
    })
    .await
    .unwrap();
    assert_eq!(discord.identifies(), before);
    discord.set_session_starts(1_000, Duration::from_secs(86_400));
    wait_until(Duration::from_secs(60), || async { discord.connected() > 0 })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_nobody_can_read_rings_and_is_an_alarm_when_it_is_not_the_only_one() {
    let (discord, _service, staff) = running(MORE).await;
    discord.drop_events(1);
    discord.says(ANA, "prvi put pišem").unwrap();
    let dm = discord.dm_of(ANA).unwrap();
    let broken =
        format!(r#"{{"op":0,"t":"MESSAGE_CREATE","d":{{"id":"5","channel_id":"{dm}","content":"x",oops"#);
    discord.push_raw(&broken);
    let contacts = staff.until_contacts(1).await.unwrap();
    assert_eq!(text(&contacts[0], "/first_words"), "prvi put pišem");
    assert!(!staff.page("/desk/inbox").await.unwrap().contains("Line discord"));
    discord.push_raw(&broken);
    discord.push_event("MESSAGE_CREATE", &json!({ "content": "y", "channel_id": {} }));
    wait_until(Duration::from_secs(20), || async {
        staff.page("/desk/inbox").await.unwrap().contains("Line discord")
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_fields_hide_no_message() {
    let (discord, _service, staff) = running(MORE).await;
    discord.drop_events(1);
    let id = discord.says(ANA, "čuje li me neko").unwrap();
    let dm = discord.dm_of(ANA).unwrap();
    let mut odd = discord.messages(dm).remove(0);
    odd["author"]["public_flags"] = json!("1");
    odd["type"] = json!("0");
    odd["mentions"] = Value::Null;
    odd["flags"] = json!({ "new": true });
    discord.rewrite_message(dm, id, odd.clone());
    discord.push_event("MESSAGE_CREATE", &odd);
    let contacts = staff.until_contacts(1).await.unwrap();
    assert_eq!(text(&contacts[0], "/first_words"), "čuje li me neko");
    let reference = text(&contacts[0], "/reference");
    staff.reply(reference, "Čujemo te.").await.unwrap();
    arrives_soon(&discord, dm, "Čujemo te.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_is_put_into_the_room_until_it_is_there() {
    let discord = Discord::start().await.unwrap();
    let room = format!("POST /api/v10/channels/{}/messages", discord.room_id());
    discord.fault(&room, refused(403, 50_013, "Missing Permissions"), 2);
    let mut service = Service::with_lines(None, &lines(&discord, MORE)).unwrap();
    service.start().await.unwrap();
    wait_until(Duration::from_secs(40), || async {
        !discord.sent_to(discord.room_id()).is_empty()
    })
    .await
    .unwrap();
    assert_eq!(discord.sent_to(discord.room_id()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_opens_the_gateway() {
    let (discord, service, _staff) = running("").await;
    let before = discord.identifies();
    let checked = service.must(&["check"]).unwrap();
    assert!(checked.contains("the gateway lets it in"), "{checked}");
    assert_eq!(discord.identifies(), before + 1);
    for (refusal, words) in [
        (Refusal::Close(4004), "Discord refuses the token (4004)"),
        (
            Refusal::Close(4013),
            "does not know what the bot asks to hear (4013)",
        ),
        (Refusal::Invalid, "does not know the session"),
    ] {
        discord.refuse_sessions(Some(refusal));
        let printed = service.run(&["check"], "").unwrap();
        let printed_words = String::from_utf8_lossy(&printed.stdout).into_owned();
        assert!(
            !printed.status.success() && printed_words.contains(words),
            "{printed_words}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_an_id_in_it_is_taken() {
    let discord = Discord::start().await.unwrap();
    discord.person(ANA, "ana", Some("Ana"));
    discord.set_token("nekakav-token-bez-broja");
    let mut service = Service::with_lines(None, &lines(&discord, "")).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    wait_until(Duration::from_secs(30), || async { discord.connected() > 0 })
        .await
        .unwrap();
    discord.says(ANA, "zdravo").unwrap();
    let reference = first_reference(&staff).await;
    let dm = discord.dm_of(ANA).unwrap();
    wait_until(Duration::from_secs(40), || async {
        told(&discord, dm).len() == 1
    })
    .await
    .unwrap();
    // The service's own acknowledgement does not count as the person's message.
    discord.says(ANA, "čujete li").unwrap();
    assert_eq!(staff.until_messages(&reference, 2).await.unwrap().len(), 2);
}
