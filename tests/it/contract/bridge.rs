//! A network that is connected by signed requests.

use async_trait::async_trait;
use hotline_tests::{
    peers::bridge::{Bridge, call, now},
    service::Service,
    staff::text,
};
use serde_json::json;

use super::{NAME, Said, Who, World};

pub struct Other {
    bridge: Bridge,
    base: String,
    said: Vec<String>,
}

fn id(who: Who) -> &'static str {
    match who {
        Who::Ana => "sig:7331173317",
        Who::Other => "sig:7331173318",
    }
}

impl Other {
    async fn calls(&self, body: &str) -> Said {
        let id = uuid::Uuid::new_v4().to_string();
        match call(&self.base, &id, now(), body, body).await {
            Ok(202) => Said::Kept,
            Ok(503) => Said::Down,
            Ok(status) => panic!("{status}"),
            Err(_) => Said::Down,
        }
    }
}

#[async_trait]
impl World for Other {
    const CHANNEL: &'static str = "bridge";

    async fn start(base: &str) -> Self {
        Self {
            bridge: Bridge::start().await.unwrap(),
            base: base.to_owned(),
            said: Vec::new(),
        }
    }

    fn set_up(&self, service: &mut Service) {
        service.set_lines(&self.bridge.lines()).unwrap();
    }

    async fn says(&mut self, who: Who, text: &str) -> Said {
        let message = format!("m{}", self.said.len());
        let body =
            json!({ "id": message, "from": { "id": id(who), "name": NAME }, "text": text }).to_string();
        let said = self.calls(&body).await;
        if said == Said::Kept {
            self.said.push(body);
        }
        said
    }

    async fn sends_picture(&mut self, _: Who, _: &str) -> Said {
        Said::Never
    }

    async fn repeats(&mut self) {
        for body in &self.said {
            assert_eq!(self.calls(body).await, Said::Kept);
        }
    }

    async fn told(&mut self, who: Who) -> Vec<String> {
        let taken = self.bridge.taken();
        let mine = taken.iter().map(|call| call.body());
        let mine = mine.filter(|body| text(body, "/to") == id(who));
        mine.map(|body| text(&body, "/text").to_owned()).collect()
    }

    async fn files(&mut self, _: Who) -> Option<Vec<(String, usize)>> {
        None
    }

    async fn sees_typing(&mut self, _: Who) -> Option<bool> {
        None
    }

    async fn echoes(&mut self, who: Who) -> bool {
        let last = self.bridge.taken().last().unwrap().body();
        let echo =
            json!({ "id": text(&last, "/id"), "from": { "id": id(who) }, "text": text(&last, "/text") });
        self.calls(&echo.to_string()).await == Said::Kept
    }

    fn limits(&mut self) -> bool {
        self.bridge.answer_next(&[429]);
        true
    }

    fn lets(&mut self) {}

    fn refuses(&mut self, _: Who) -> bool {
        self.bridge.answer_next(&[410]);
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![id(Who::Ana).to_owned(), self.bridge.secret().to_owned()]
    }
}
