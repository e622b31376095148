//! Discord: the real client, serenity, against a stand-in for Discord's REST API and gateway.

use std::time::Duration;

use hotline_tests::{
    peers::{
        discord::{Discord, Fault, content},
        wait_until,
    },
    service::Service,
    staff::{Staff, text},
};
use serde_json::json;

pub const ANA: u64 = 7_001;
pub const PETAR: u64 = 7_002;

pub fn lines(discord: &Discord, more: &str) -> String {
    format!(
        "[lines.discord]\nchannel = \"discord\"\ntoken = \"{}\"\napi_url = \"{}\"\nguild = {}\nroom = {}\n{more}\n",
        discord.token(),
        discord.api_url(),
        discord.guild_id(),
        discord.room_id()
    )
}

pub async fn running(more: &str) -> (Discord, Service, Staff) {
    let discord = Discord::start().await.unwrap();
    discord.person(ANA, "ana", Some("Ana"));
    discord.person(PETAR, "petar", None);
    let mut service = Service::with_lines(None, &lines(&discord, more)).unwrap();
    service.start().await.unwrap();
    let staff = service.hire("mila", "counsellor").await.unwrap();
    wait_until(Duration::from_secs(30), || async { discord.connected() > 0 })
        .await
        .unwrap();
    (discord, service, staff)
}

/// Returns the texts that the service wrote in a channel.
pub fn told(discord: &Discord, channel: u64) -> Vec<String> {
    let sent = discord.sent_to(channel);
    sent.iter()
        .map(|message| text(message, "/content").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_message_is_a_contact_its_edit_a_version_and_its_answer_arrives() {
    let (discord, service, staff) = running("").await;
    let id = discord.says(ANA, "Neko mi preti").unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let dm = discord.dm_of(ANA).unwrap();
    wait_until(Duration::from_secs(40), || async {
        told(&discord, dm).len() == 1
    })
    .await
    .unwrap();
    discord.edits(ANA, dm, id, "Neko mi preti slikama").unwrap();
    wait_until(Duration::from_secs(20), || async {
        let said = staff.messages(&reference).await.unwrap();
        text(&said[0], "/text") == "Neko mi preti slikama"
            && text(&said[0], "/versions/0/text") == "Neko mi preti"
    })
    .await
    .unwrap();
    // Discord carries out the request, but the response is lost. The retry must not show the message twice.
    discord.fault("POST /api/v10/channels", Fault::DropAfter, 1);
    staff.reply(&reference, "Tu smo, @everyone.").await.unwrap();
    staff.until_reply_is(&reference, "unknown").await.unwrap();
    wait_until(Duration::from_secs(60), || async {
        staff.last_reply(&reference).await.unwrap().0 == "sent"
    })
    .await
    .unwrap();
    assert_eq!(
        told(&discord, dm)
            .iter()
            .filter(|one| *one == "Tu smo, @everyone.")
            .count(),
        1
    );
    let checked = service.must(&["check"]).unwrap();
    assert!(
        checked.contains("it may do all that the button needs"),
        "{checked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_takes_a_form_and_opens_a_private_thread() {
    let (discord, _service, staff) = running("").await;
    let room = discord.room_id();
    wait_until(Duration::from_secs(20), || async {
        !discord.sent_to(room).is_empty()
    })
    .await
    .unwrap();
    let button = discord.sent_to(room).remove(0);
    let id = text(&button, "/id").parse().unwrap();
    let pressed = discord.presses(ANA, id, "hotline-write").unwrap();
    wait_until(Duration::from_secs(20), || async {
        !discord.interaction_answers(pressed).is_empty()
    })
    .await
    .unwrap();
    let form = discord
        .submits(ANA, "hotline-form", &[("text", "Imaju moje slike")])
        .unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    wait_until(Duration::from_secs(20), || async { discord.threads().len() == 1 })
        .await
        .unwrap();
    let thread = discord.threads()[0];
    wait_until(Duration::from_secs(20), || async {
        discord.interaction_answers(form).len() == 2
    })
    .await
    .unwrap();
    assert!(discord.thread_members(thread).contains(&ANA));
    staff.reply(&reference, "Tu smo.").await.unwrap();
    wait_until(Duration::from_secs(40), || async {
        told(&discord, thread).contains(&"Tu smo.".to_owned())
    })
    .await
    .unwrap();
    discord.sends(ANA, thread, content::text("Hvala")).unwrap();
    staff.until_messages(&reference, 2).await.unwrap();
    // A guest who writes in the thread gets a contact of their own.
    discord
        .sends(PETAR, thread, content::text("ja sam samo gost"))
        .unwrap();
    staff.until_contacts(2).await.unwrap();
    assert_eq!(staff.until_messages(&reference, 2).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_we_were_down_arrives_once_and_in_order() {
    let (discord, mut service, staff) = running("acknowledge = false").await;
    discord.says(ANA, "broj 0").unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    service.kill();
    for number in 1..=200 {
        discord.says(ANA, &format!("broj {number}")).unwrap();
    }
    discord.chaos(6);
    service.start().await.unwrap();
    let staff = service.log_in("mila").await.unwrap();
    let said = staff.until_messages(&reference, 201).await.unwrap();
    let said: Vec<_> = said.iter().map(|one| text(one, "/text").to_owned()).collect();
    let sent: Vec<_> = (0..=200).map(|number| format!("broj {number}")).collect();
    assert_eq!(said, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_we_were_not_let_into_for_a_while_is_read_again() {
    let (discord, _service, staff) = running("acknowledge = false").await;
    discord.says(ANA, "broj 0").unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let closed = Fault::Status {
        code: 403,
        body: json!({ "message": "Missing Access", "code": 50_001 }),
    };
    discord.fault("GET /api/v10/channels", closed, 1_000);
    discord.says(ANA, "broj 1").unwrap();
    wait_until(Duration::from_secs(20), || async {
        let page = staff
            .page(&format!("/desk/contacts/{reference}?view=all"))
            .await
            .unwrap();
        page.contains("Messages may be missing")
    })
    .await
    .unwrap();
    discord.no_faults();
    discord.says(ANA, "broj 2").unwrap();
    staff.until_messages(&reference, 3).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_whose_pieces_are_equal_arrives_whole() {
    let (discord, _service, staff) = running("acknowledge = false").await;
    discord.says(ANA, "Zdravo").unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let dm = discord.dm_of(ANA).unwrap();
    discord.fault("POST /api/v10/channels", Fault::Drop, 1);
    staff.reply(&reference, &"x".repeat(6_000)).await.unwrap();
    staff.until_reply_is(&reference, "unknown").await.unwrap();
    wait_until(Duration::from_secs(60), || async {
        staff.last_reply(&reference).await.unwrap().0 == "sent"
    })
    .await
    .unwrap();
    assert_eq!(told(&discord, dm), vec!["x".repeat(2_000); 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_fetched_when_asked_for_and_a_closed_door_is_told() {
    let (discord, _service, staff) = running("acknowledge = false").await;
    let file = discord.add_file(b"slika", "slika.png", "image/png");
    let dm = discord.dm_of(ANA).unwrap();
    discord
        .sends(ANA, dm, content::attachments("pogledaj", &[file]))
        .unwrap();
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    let said = staff.until_messages(&reference, 1).await.unwrap();
    let id = text(&said[0], "/attachments/0/id").to_owned();
    staff
        .post(
            &format!("/api/v1/contacts/{reference}/attachments/{id}/fetch"),
            &json!({}),
        )
        .await
        .unwrap();
    wait_until(Duration::from_secs(20), || async {
        text(
            &staff.messages(&reference).await.unwrap()[0],
            "/attachments/0/held",
        ) == "here"
    })
    .await
    .unwrap();
    let download = format!("/desk/contacts/{reference}/attachments/{id}");
    assert_eq!(staff.bytes(&download).await.unwrap(), b"slika");
    discord.forbids_dms(ANA);
    staff.reply(&reference, "Tu smo.").await.unwrap();
    staff.until_reply_is(&reference, "failed").await.unwrap();
    let (_, said) = staff.last_reply(&reference).await.unwrap();
    assert!(said.contains("does not let us write to this person"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_what_the_bot_lacks() {
    let (discord, service, _staff) = running("").await;
    // All permissions except creating private threads and attaching files.
    discord.set_permissions((1 << 10) | (1 << 11) | (1 << 16) | (1 << 38));
    let printed = service.run(&["check"], "").unwrap();
    let words = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(
        !printed.status.success() && words.contains("lacks: Create Private Threads, Attach Files"),
        "{words}"
    );
    discord.allow_message_content(false);
    let printed = service.run(&["check"], "").unwrap();
    let words = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(words.contains("switch on \"Message Content Intent\""), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_a_person_can_send_is_shown_as_it_was_meant() {
    let (discord, service, staff) = running("acknowledge = false").await;
    let first = discord.says(ANA, "Neko mi preti").unwrap();
    let dm = discord.dm_of(ANA).unwrap();
    let file = |name, kind| discord.add_file(b"x", name, kind);
    for sent in [
        content::attachments("pogledaj", &[file("slika.png", "image/png")]),
        content::voice(file("glas.ogg", "audio/ogg"), 3.0),
        content::sticker("Tuga"),
        content::forward("znam gde živiš"),
        content::poll("Da kažem mami?", &["da", "ne"]),
        discord.reply_to(first, "na ovo").unwrap(),
        content::attachments("", &[discord.add_huge_file(40 << 20)]),
    ] {
        discord.sends(ANA, dm, sent).unwrap();
    }
    let contacts = staff.until_contacts(1).await.unwrap();
    let reference = text(&contacts[0], "/reference").to_owned();
    staff.until_messages(&reference, 8).await.unwrap();
    let page = staff
        .page(&format!("/desk/contacts/{reference}?view=all"))
        .await
        .unwrap();
    for shown in [
        "pogledaj",
        "slika.png",
        "audio/ogg",
        "Tuga",
        "znam gde živiš",
        "Somebody else&#39;s words",
        "Da kažem mami?",
        "na ovo",
        "Quoted text",
        "larger than the platform gives out",
        "Fetch",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    discord.edits(ANA, dm, first, "Neko mi stalno preti").unwrap();
    wait_until(Duration::from_secs(20), || async {
        text(&staff.messages(&reference).await.unwrap()[0], "/text") == "Neko mi stalno preti"
    })
    .await
    .unwrap();
    staff
        .reply(&reference, "Tu smo. Ne šalji mu više ništa.")
        .await
        .unwrap();
    staff.until_reply_is(&reference, "sent").await.unwrap();
    let path = format!("/desk/contacts/{reference}?view=all");
    crate::chats::can_be_used(&service, &path, "discord").await;
}
