//! Discord, by direct messages, with every event sent twice.

use std::time::Duration;

use async_trait::async_trait;
use hotline_tests::{
    peers::{
        discord::{Discord, Fault, content},
        wait_until,
    },
    service::Service,
    staff::text,
};
use serde_json::Value;

use super::{NAME, Said, Who, World};

pub struct Chat {
    discord: Discord,
}

fn id(who: Who) -> u64 {
    match who {
        Who::Ana => 73_311_733_171_234,
        Who::Other => 73_311_733_171_235,
    }
}

impl Chat {
    fn conversation(&self, who: Who) -> u64 {
        self.discord.dm_of(id(who)).unwrap()
    }

    fn tells(&self, messages: &[Value]) {
        for message in messages {
            self.discord.push_event("MESSAGE_CREATE", message);
        }
    }
}

#[async_trait]
impl World for Chat {
    const CHANNEL: &'static str = "discord";

    async fn start(_: &str) -> Self {
        let discord = Discord::start().await.unwrap();
        discord.person(id(Who::Ana), "ana_imenjakovicka", Some(NAME));
        discord.person(id(Who::Other), "druga", Some(NAME));
        discord.duplicate_events(true);
        Self { discord }
    }

    fn set_up(&self, service: &mut Service) {
        let lines = format!(
            "[lines.discord]\nchannel = \"discord\"\nacknowledge = false\ntoken = \"{}\"\napi_url = \"{}\"\n",
            self.discord.token(),
            self.discord.api_url()
        );
        service.set_lines(&lines).unwrap();
    }

    async fn ready(&self) {
        wait_until(Duration::from_secs(30), || async { self.discord.connected() > 0 })
            .await
            .unwrap();
    }

    async fn says(&mut self, who: Who, text: &str) -> Said {
        self.discord.says(id(who), text).unwrap();
        Said::Kept
    }

    async fn sends_picture(&mut self, who: Who, name: &str) -> Said {
        let file = self.discord.add_file(b"slika", name, "image/png");
        let picture = content::attachments("slika", &[file]);
        self.discord
            .sends(id(who), self.conversation(who), picture)
            .unwrap();
        Said::Kept
    }

    async fn repeats(&mut self) {
        for who in [Who::Ana, Who::Other] {
            self.tells(&self.discord.messages(self.conversation(who)));
        }
    }

    async fn told(&mut self, who: Who) -> Vec<String> {
        let sent = self.discord.sent_to(self.conversation(who));
        sent.iter().map(|one| text(one, "/content").to_owned()).collect()
    }

    async fn files(&mut self, who: Who) -> Option<Vec<(String, usize)>> {
        let path = format!("/channels/{}/messages", self.conversation(who));
        let calls = self.discord.calls().into_iter();
        let mine = calls.filter(|call| call.method == "POST" && call.path.ends_with(&path));
        let files = mine.flat_map(|call| call.files);
        Some(files.map(|file| (file.name, file.bytes.len())).collect())
    }

    async fn sees_typing(&mut self, who: Who) -> Option<bool> {
        let path = format!("/channels/{}/typing", self.conversation(who));
        Some(self.discord.calls().iter().any(|call| call.path.ends_with(&path)))
    }

    async fn echoes(&mut self, who: Who) -> bool {
        self.tells(&self.discord.sent_to(self.conversation(who)));
        true
    }

    fn limits(&mut self) -> bool {
        let later = Fault::TooMany {
            retry_after_ms: 2_000,
            global: false,
        };
        self.discord.fault("POST /api/v10/channels", later, 1);
        true
    }

    fn lets(&mut self) {}

    fn refuses(&mut self, who: Who) -> bool {
        self.discord.forbids_dms(id(who));
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![
            id(Who::Ana).to_string(),
            "ana_imenjakovicka".to_owned(),
            self.discord.token(),
        ]
    }
}
