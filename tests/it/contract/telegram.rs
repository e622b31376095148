//! Telegram, with every update delivered twice.

use async_trait::async_trait;
use hotline_tests::{
    peers::telegram::{Fault, Telegram, content},
    service::Service,
    staff::text,
};
use serde_json::json;

use super::{NAME, Said, Who, World};

pub struct Chat {
    telegram: Telegram,
    said: Vec<(i64, i64)>,
}

fn id(who: Who) -> i64 {
    match who {
        Who::Ana => 7_331_173_317,
        Who::Other => 7_331_173_318,
    }
}

#[async_trait]
impl World for Chat {
    const CHANNEL: &'static str = "telegram";

    async fn start(_: &str) -> Self {
        let telegram = Telegram::start().await.unwrap();
        telegram.person(id(Who::Ana), NAME).username("ana_imenjakovicka");
        telegram.person(id(Who::Other), NAME);
        telegram.duplicate(true);
        Self {
            telegram,
            said: Vec::new(),
        }
    }

    fn set_up(&self, service: &mut Service) {
        let lines = format!(
            "[lines.telegram]\nchannel = \"telegram\"\nacknowledge = false\ntoken = \"{}\"\napi_url = \"{}\"\n",
            self.telegram.token(),
            self.telegram.api_url()
        );
        service.set_lines(&lines).unwrap();
    }

    async fn says(&mut self, who: Who, text: &str) -> Said {
        let message = self.telegram.sends(id(who), &content::text(text));
        self.said.push((id(who), message));
        Said::Kept
    }

    async fn sends_picture(&mut self, who: Who, name: &str) -> Said {
        let file = self.telegram.add_file(b"slika", name);
        let picture = content::captioned(content::document(&file, "image/png"), "slika");
        let message = self.telegram.sends(id(who), &picture);
        self.said.push((id(who), message));
        Said::Kept
    }

    /// The updates get new numbers, as after a week without updates.
    async fn repeats(&mut self) {
        for (chat, message) in &self.said {
            let message = self.telegram.message(*chat, *message).unwrap();
            self.telegram.push(&json!({ "message": message }));
        }
    }

    async fn told(&mut self, who: Who) -> Vec<String> {
        let sent = self.telegram.sent_to(id(who));
        sent.iter().map(|one| text(one, "/text").to_owned()).collect()
    }

    async fn files(&mut self, who: Who) -> Option<Vec<(String, usize)>> {
        let calls = self.telegram.calls_of("sendDocument").into_iter();
        let mine = calls.filter(|call| call.params.get("chat_id") == Some(&json!(id(who))));
        let files = mine.flat_map(|call| call.files);
        Some(files.map(|file| (file.name, file.bytes.len())).collect())
    }

    async fn sees_typing(&mut self, _: Who) -> Option<bool> {
        Some(!self.telegram.calls_of("sendChatAction").is_empty())
    }

    async fn echoes(&mut self, who: Who) -> bool {
        let last = self.telegram.sent_to(id(who)).pop().unwrap();
        self.telegram.push(&json!({ "message": last }));
        true
    }

    fn limits(&mut self) -> bool {
        self.telegram
            .fault("sendMessage", Fault::TooMany { retry_after: 2 }, 1);
        true
    }

    fn lets(&mut self) {}

    fn refuses(&mut self, who: Who) -> bool {
        self.telegram.blocks(id(who));
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![
            id(Who::Ana).to_string(),
            "ana_imenjakovicka".to_owned(),
            self.telegram.token().to_owned(),
        ]
    }
}
