//! The web form, whose visitors return with their receipt codes.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use hotline_tests::service::Service;
use reqwest::multipart;
use serde_json::{Value, json};

use super::{Said, Who, World};

pub struct Form {
    base: String,
    client: reqwest::Client,
    codes: HashMap<Who, String>,
    said: Vec<Post>,
}

/// A post: the receipt code of a returning visitor, the form's id, the text, and the name of a file.
#[derive(Clone)]
struct Post {
    code: Option<String>,
    id: String,
    text: String,
    file: Option<String>,
}

impl Form {
    async fn posts(&self, post: &Post) -> Result<reqwest::Response, reqwest::Error> {
        let Some(code) = &post.code else {
            let body = json!({ "kind": "advice", "message": post.text });
            let request = self.client.post(format!("{}/api/v1/contacts", self.base));
            return request
                .header("idempotency-key", &post.id)
                .json(&body)
                .send()
                .await;
        };
        let mut form = multipart::Form::new()
            .text("code", code.clone())
            .text("id", post.id.clone())
            .text("lang", "sr-Latn")
            .text("message", post.text.clone());
        if let Some(name) = &post.file {
            let part = multipart::Part::bytes(b"slika".to_vec()).file_name(name.clone());
            form = form.part("files", part);
        }
        self.client
            .post(format!("{}/answer/write", self.base))
            .multipart(form)
            .send()
            .await
    }

    async fn sends(&mut self, who: Who, text: &str, file: Option<&str>) -> Said {
        let post = Post {
            code: self.codes.get(&who).cloned(),
            id: uuid::Uuid::new_v4().simple().to_string(),
            text: text.to_owned(),
            file: file.map(str::to_owned),
        };
        let answer = match self.posts(&post).await {
            Ok(answer) => answer,
            Err(_) => return Said::Down,
        };
        match answer.status().as_u16() {
            200 | 201 => {
                if post.code.is_none() {
                    let answer: Value = answer.json().await.unwrap();
                    let code = hotline_tests::staff::text(&answer, "/receipt_code").to_owned();
                    self.codes.insert(who, code);
                }
                self.said.push(post);
                Said::Kept
            }
            422 => Said::Refused,
            503 => Said::Down,
            status => panic!("{status}"),
        }
    }
}

#[async_trait]
impl World for Form {
    const CHANNEL: &'static str = "webform";

    async fn start(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            client: reqwest::Client::builder()
                .timeout(Duration::from_secs(30))
                .build()
                .unwrap(),
            codes: HashMap::new(),
            said: Vec::new(),
        }
    }

    fn set_up(&self, service: &mut Service) {
        let files = "attachments = \"always\"\nattachments_confirmed = true";
        service.set_form_keys(files).unwrap();
    }

    async fn says(&mut self, who: Who, text: &str) -> Said {
        self.sends(who, text, None).await
    }

    async fn sends_picture(&mut self, who: Who, name: &str) -> Said {
        self.sends(who, "slika", Some(name)).await
    }

    async fn repeats(&mut self) {
        for post in self.said.clone() {
            assert!(self.posts(&post).await.unwrap().status().is_success());
        }
    }

    /// Returns the items of the page that the receipt code opens.
    async fn told(&mut self, who: Who) -> Vec<String> {
        let code = self.codes.get(&who).cloned().unwrap_or_default();
        let form = [("code", code.as_str()), ("lang", "sr-Latn")];
        let request = self.client.post(format!("{}/answer", self.base)).form(&form);
        let page = request.send().await.unwrap().text().await.unwrap();
        page.split("<li").map(str::to_owned).collect()
    }

    async fn files(&mut self, _: Who) -> Option<Vec<(String, usize)>> {
        None
    }

    async fn sees_typing(&mut self, _: Who) -> Option<bool> {
        None
    }

    async fn echoes(&mut self, _: Who) -> bool {
        false
    }

    fn limits(&mut self) -> bool {
        false
    }

    fn lets(&mut self) {}

    fn refuses(&mut self, _: Who) -> bool {
        false
    }

    fn secrets(&self) -> Vec<String> {
        self.codes.values().cloned().collect()
    }
}
