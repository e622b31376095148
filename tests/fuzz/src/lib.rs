//! What the fuzz targets share: a line of each channel, the form's pages with an intake that accepts everything, and what must hold for
//! every message that was read.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use chrono::DateTime;
use hotline_channels::{
    KINDS,
    channel::{Channel, LineAddresses, Opening},
};
use hotline_core::{
    centre::{Centre, CentreInForce},
    contact::message::{Content, Normalised, RawMessage},
    health::Health,
    identifiers::{line_name::LineName, private::Private, receipt::ReceiptCode, reference::Reference},
    intake::{Accepted, Conversation, Cursor, Intake, LineOpening, NotAccepted, Source, flood::Surge},
    network::OutgoingSettings,
    text::locale::{Language, Locales},
    time::clock::SystemClock,
};
use tower::ServiceExt;

const FORM: &str = "channel = \"webform\"\nattachments = \"always\"\nattachments_confirmed = true\n";

/// The line that reads the posts.
static READER: LazyLock<Arc<dyn Channel>> = LazyLock::new(|| line(FORM));

/// Opens a line with these settings.
pub fn line(settings: &str) -> Arc<dyn Channel> {
    let settings: config::Value = config::Config::builder()
        .add_source(config::File::from_str(settings, config::FileFormat::Toml))
        .build()
        .and_then(config::Config::try_deserialize)
        .expect("the settings are TOML");
    let table = settings.clone().into_table().expect("the settings are a table");
    let channel = table
        .get("channel")
        .cloned()
        .and_then(|name| name.into_string().ok());
    let channel = channel.expect("the settings name a channel");
    let kind = KINDS
        .iter()
        .find(|kind| kind.name == channel)
        .expect("the channel exists");
    let opening = Opening {
        name: LineName::parse("line").expect("the name is right"),
        settings,
        centre: CentreInForce::new(Centre::default()),
        addresses: LineAddresses::default(),
        outgoing: OutgoingSettings::default(),
        public_url: "https://centar.example.org".to_owned(),
        locales: Arc::new(Locales),
        clock: Arc::new(SystemClock),
    };
    (kind.open)(opening).expect("the line opens")
}

/// Reads the bytes as a message of the line, twice, and checks what must hold for every message.
pub fn read(line: &dyn Channel, bytes: &[u8]) {
    let raw = RawMessage {
        line: LineName::parse("line").expect("the name is right"),
        external_id: String::new(),
        received_at: DateTime::UNIX_EPOCH,
        bytes: bytes.to_vec(),
        cut_from: None,
    };
    let (first, second) = (line.normalise(&raw), line.normalise(&raw));
    let (Normalised::Message(first), Normalised::Message(second)) = (first, second) else {
        return;
    };
    assert_eq!(first.text, second.text, "reading twice gives the same text");
    assert!(!first.text.contains('\0'), "PostgreSQL stores no NUL");
    assert!(!first.quoted.contains('\0'));
    for part in &first.parts {
        assert!(
            !part.media_type.contains(['\0', '\r', '\n']),
            "a header of the answer"
        );
        if let Some(name) = &part.name {
            assert!(
                !name.contains(['\0', '/', '\\']),
                "a name of a file is no path: {name:?}"
            );
        }
        if let Content::Here(bytes) = &part.content {
            assert!(
                bytes.len() <= raw.bytes.len() * 4 + 1_024,
                "a part grows without limit"
            );
        }
    }
}

/// Posts the body to the form, whose intake accepts everything. The service may refuse it, but never fail.
pub fn post(path: &str, content_type: &str, body: &[u8]) {
    let routes = line(FORM)
        .routes(Arc::new(AcceptingIntake))
        .expect("the form has routes");
    let request = Request::post(path)
        .header("content-type", content_type)
        .body(Body::from(body.to_vec()))
        .expect("the request is right");
    // With a paused clock, the delays after wrong codes take no time.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let answer = runtime.expect("a runtime").block_on(routes.oneshot(request));
    let status = answer.expect("routes never fail").status();
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
}

/// An intake that accepts every message and stores none.
struct AcceptingIntake;

#[async_trait]
impl Intake for AcceptingIntake {
    async fn accept(
        &self,
        arrived: Vec<RawMessage>,
        _: Option<Cursor>,
    ) -> Result<Vec<Accepted>, NotAccepted> {
        for raw in &arrived {
            read(&**READER, &raw.bytes);
        }
        let accepted = arrived.iter().map(|_| Accepted {
            reference: Reference::from_number(1),
            fresh: true,
        });
        Ok(accepted.collect())
    }

    async fn accepted_before(&self, _: &LineName, _: &str) -> Result<Option<Vec<u8>>, NotAccepted> {
        Ok(None)
    }

    async fn cursor(&self, _: &LineName, _: &Source) -> Result<Option<String>, NotAccepted> {
        Ok(None)
    }

    async fn conversations(&self, _: &LineName) -> Result<Vec<Cursor>, NotAccepted> {
        Ok(Vec::new())
    }

    async fn chosen_language(
        &self,
        _: &LineName,
        _: &Private<String>,
    ) -> Result<Option<Language>, NotAccepted> {
        Ok(None)
    }

    async fn registered_in(
        &self,
        _: &LineName,
        _: &str,
        _: &Private<String>,
    ) -> Result<Option<Reference>, NotAccepted> {
        Ok(None)
    }

    async fn opening(&self, _: &LineName) -> Result<LineOpening, NotAccepted> {
        Ok(LineOpening::default())
    }

    async fn quarantine_surge(&self, _: &LineName, _: Surge) -> Result<(), NotAccepted> {
        Ok(())
    }

    async fn health(&self, _: &LineName, _: Health) {}

    fn receipt_code(&self, _: &LineName, external_id: &str) -> ReceiptCode {
        ReceiptCode::from_secret(external_id.as_bytes())
    }

    fn receipt_mark(&self, code: &ReceiptCode) -> String {
        code.expose().to_owned()
    }

    fn challenge_key(&self, _: &LineName) -> Vec<u8> {
        vec![7; 32]
    }

    async fn conversation(&self, _: &LineName, _: &ReceiptCode) -> Result<Option<Conversation>, NotAccepted> {
        Ok(None)
    }
}
