//! The OpenAPI 3.1 description of the API (`GET /api/v1/openapi.json`). Parameters and bodies are described by the types that parse them.

use axum::Json;
use hotline_core::staff::preferences::Preferences;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    account::{login::LogInForm, password::Change, preferences::Saved},
    cases::{
        self,
        page::{Closing, Into, Known, Proposal, ReadReferral, Summary},
    },
    contact::{
        actions::{Block, Duty, Follow, HandOver, Link, Mark, Snooze},
        calls::ApiCall,
        canned::CannedForm,
        closing::WithReason,
        files::Reply,
        reply::{Draft, Here, Note},
        wrap_up::WrapUp,
    },
    http::extractors::{Back, Nothing},
    inbox::{self, bulk::BulkAction},
    outreach,
    statistics::{
        self, drill_down,
        entries::{Entered, Named, Register},
        files,
    },
};

/// An endpoint of the API.
pub(crate) struct DescribedRoute {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    what: &'static str,
    /// The JSON Schema of the body, or of the query parameters of a `GET`.
    asks: Value,
    /// Whether a successful response has a body.
    answers: bool,
    /// The media type of the response.
    kind: &'static str,
}

pub(crate) async fn openapi() -> Json<Value> {
    let mut paths: Map<String, Value> = Map::new();
    for one in all() {
        let path = paths.entry(one.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(one.method.to_lowercase(), described(&one));
        }
    }
    Json(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hotline", "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything the desk does. Log in with POST /api/v1/session and send the token with each request.",
        },
        "paths": paths,
        "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
        "security": [{ "token": [] }],
    }))
}

pub(crate) fn all() -> Vec<DescribedRoute> {
    vec![
        post::<LogInForm>("/api/v1/session", "Log in"),
        post::<Nothing>("/api/v1/session/end", "Log out").silent(),
        get::<Nothing>("/api/v1/openapi.json", "This description"),
        get::<Nothing>("/api/v1/me", "Who is logged in"),
        post::<Change>("/api/v1/me/password", "Change the password of who is logged in"),
        post::<Preferences>("/api/v1/preferences", "Choose language, colours, sound and keys"),
        post::<Saved>("/api/v1/saved", "Save a view with filters, or forget one"),
        post::<Duty>("/api/v1/duty", "Go on duty or off").silent(),
        get::<Nothing>(
            "/api/v1/colleagues",
            "Who works on contacts, and who of them is on duty",
        ),
        get::<inbox::api::ApiInboxQuery>("/api/v1/inbox", "A page of a view of the inbox"),
        post::<inbox::api::Looked>("/api/v1/search", "Contacts in which something was said"),
        get::<Nothing>("/api/v1/scheme", "The scheme of the classification"),
        get::<statistics::page::StatisticsQuery>(
            "/api/v1/statistics/totals",
            "The registered-communications total",
        ),
        get::<files::Cutting>("/api/v1/statistics/figures", "The same, by one or two dimensions"),
        get::<files::Wanted>("/api/v1/statistics/report", "A period in figures, whole"),
        get::<files::Wanted>(
            "/api/v1/statistics/sentences",
            "The sentences of an annual report",
        ),
        get::<drill_down::At>(
            "/api/v1/statistics/contacts",
            "The contacts a figure counts, for who may read them",
        ),
        get::<files::Wanted>(
            "/api/v1/statistics/rows",
            "Registered communications one by one, as CSV",
        )
        .file("text/csv"),
        get::<Nothing>("/api/v1/statistics/returns", "The returns there are"),
        get::<files::Wanted>("/api/v1/statistics/returns/{name}", "A return, filled in"),
        get::<Nothing>("/api/v1/statistics/entries", "Figures that were entered"),
        post::<Entered>(
            "/api/v1/statistics/entries",
            "Enter a figure from before, or a correction",
        ),
        post::<Nothing>(
            "/api/v1/statistics/entries/{id}/withdraw",
            "Withdraw what was entered",
        ),
        post::<Register>(
            "/api/v1/statistics/entries/import",
            "Enter an old register, or try to",
        ),
        get::<Nothing>("/api/v1/statistics/tokens", "ReadReferral-only tokens"),
        post::<Named>("/api/v1/statistics/tokens", "Make a read-only token"),
        post::<Nothing>("/api/v1/statistics/tokens/{id}/end", "End a token"),
        get::<outreach::Shown>("/api/v1/outreach", "Events of a period, and their totals"),
        post::<outreach::EventForm>("/api/v1/outreach", "Write an event"),
        get::<Nothing>("/api/v1/outreach/schools", "Schools and other institutions"),
        post::<outreach::AddedSchool>("/api/v1/outreach/schools", "Add a school"),
        post::<outreach::Merging>("/api/v1/outreach/merge", "Make one school of two"),
        get::<Nothing>("/api/v1/outreach/educators", "Peer educators"),
        post::<outreach::WrittenEducator>("/api/v1/outreach/educators", "Write a peer educator"),
        post::<ApiCall>("/api/v1/log", "Log a call"),
        get::<Nothing>("/api/v1/contacts/{reference}", "A contact, whole"),
        post::<Reply>("/api/v1/contacts/{reference}/reply", "Reply to the person"),
        post::<Note>("/api/v1/contacts/{reference}/note", "Write an internal note"),
        post::<Draft>("/api/v1/contacts/{reference}/draft", "Keep what is being written").silent(),
        post::<Here>(
            "/api/v1/contacts/{reference}/here",
            "Tell colleagues who reads or writes",
        )
        .silent(),
        post::<Back>(
            "/api/v1/contacts/{reference}/messages/{id}/undo",
            "Take a reply back before it leaves",
        ),
        post::<Back>(
            "/api/v1/contacts/{reference}/messages/{id}/again",
            "Send once more what failed",
        ),
        post::<Back>(
            "/api/v1/contacts/{reference}/attachments/{id}/fetch",
            "Fetch a file from its platform",
        ),
        post::<Back>("/api/v1/contacts/{reference}/claim", "Take a contact"),
        post::<Back>("/api/v1/contacts/{reference}/give-back", "Give a contact back"),
        post::<Back>(
            "/api/v1/contacts/{reference}/ask-for-files",
            "Ask the person for files",
        ),
        post::<WithReason>(
            "/api/v1/contacts/{reference}/close",
            "Close a contact, with a reason if its person waits for a reply",
        ),
        post::<Back>("/api/v1/contacts/{reference}/reopen", "Reopen a contact"),
        post::<HandOver>("/api/v1/contacts/{reference}/hand-over", "Hand a contact over"),
        post::<Back>(
            "/api/v1/contacts/{reference}/ask-for",
            "Ask whoever holds a contact for it",
        ),
        post::<Snooze>(
            "/api/v1/contacts/{reference}/snooze",
            "Put a contact out of sight for a time",
        ),
        post::<Block>(
            "/api/v1/contacts/{reference}/block",
            "Call nobody to what an identifier writes, for a time",
        ),
        post::<Link>(
            "/api/v1/contacts/{reference}/link",
            "Link two contacts, or take the link away",
        ),
        post::<Follow>(
            "/api/v1/contacts/{reference}/follow",
            "Follow a contact, or no longer",
        ),
        post::<BulkAction>("/api/v1/several", "Do the same to several contacts"),
        post::<Into>("/api/v1/contacts/{reference}/case", "Form a case, or add to one"),
        post::<Mark>(
            "/api/v1/contacts/{reference}/mark",
            "Mark as spam, test or duplicate, or take that back",
        ),
        post::<WrapUp>(
            "/api/v1/contacts/{reference}/wrap-up",
            "Classify a contact, and close it",
        ),
        get::<Nothing>(
            "/api/v1/contacts/{reference}/canned",
            "Canned replies, filled in for this person",
        ),
        get::<Nothing>("/api/v1/canned", "Every canned reply"),
        post::<CannedForm>("/api/v1/canned", "Write a canned reply"),
        post::<Nothing>("/api/v1/canned/{id}/delete", "Delete a canned reply"),
        get::<cases::list::CasesQuery>("/api/v1/cases", "Cases, the newest first"),
        get::<Nothing>("/api/v1/cases/{id}", "A case, whole"),
        post::<Summary>("/api/v1/cases/{id}/summary", "Say what a case is about"),
        post::<Closing>("/api/v1/cases/{id}/close", "Close a case, or reopen it"),
        post::<Nothing>(
            "/api/v1/cases/{id}/tell/{reference}",
            "Prepare a reply that tells what was done",
        ),
        post::<Proposal>(
            "/api/v1/cases/{id}/referrals",
            "Propose to forward a case to an institution",
        ),
        post::<Known>(
            "/api/v1/cases/{id}/referrals/{referral}",
            "Note what came of a referral",
        ),
        post::<ReadReferral>(
            "/api/v1/cases/{id}/referrals/{referral}/confirm",
            "Confirm what a colleague proposed",
        ),
        post::<Nothing>(
            "/api/v1/cases/{id}/referrals/{referral}/withdraw",
            "Take back what nobody has confirmed",
        ),
    ]
}

fn get<Query: JsonSchema>(path: &'static str, what: &'static str) -> DescribedRoute {
    told::<Query>("GET", path, what)
}

fn post<Body: JsonSchema>(path: &'static str, what: &'static str) -> DescribedRoute {
    told::<Body>("POST", path, what)
}

fn told<Asks: JsonSchema>(method: &'static str, path: &'static str, what: &'static str) -> DescribedRoute {
    let inline = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    DescribedRoute {
        method,
        path,
        what,
        asks: inline.into_generator().into_root_schema_for::<Asks>().to_value(),
        answers: true,
        kind: "application/json",
    }
}

impl DescribedRoute {
    /// Sets the media type of the response.
    fn file(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// Declares that a successful response is a 204 without a body.
    fn silent(mut self) -> Self {
        self.answers = false;
        self
    }
}

fn described(one: &DescribedRoute) -> Value {
    let mut parameters: Vec<Value> = one
        .path
        .split(['{', '}'])
        .skip(1)
        .step_by(2)
        .map(in_path)
        .collect();
    let mut said = json!({ "summary": one.what, "responses": answers(one) });
    if one.method == "GET" {
        let query = one.asks.get("properties").and_then(Value::as_object);
        parameters.extend(query.into_iter().flatten().map(|(name, schema)| {
            json!({ "name": name, "in": "query", "required": false, "schema": plain(schema) })
        }));
    } else if let Some(said) = said.as_object_mut() {
        let mut schema = one.asks.clone();
        if let Some(schema) = schema.as_object_mut() {
            // The API rejects unknown fields.
            schema.insert("additionalProperties".to_owned(), json!(false));
        }
        let body = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        said.insert("requestBody".to_owned(), body);
    }
    if let Some(said) = said.as_object_mut() {
        said.insert("parameters".to_owned(), Value::Array(parameters));
        if one.path == "/api/v1/session" || one.path == "/api/v1/openapi.json" {
            said.insert("security".to_owned(), json!([]));
        }
    }
    said
}

fn in_path(name: &str) -> Value {
    let schema = match name {
        "reference" => {
            json!({ "type": "string", "description": "As it stands on screen, such as 7K3M-2QX9." })
        }
        "name" => json!({ "type": "string", "description": "Such as insafe or chi." }),
        _ => json!({ "type": "string", "format": "uuid" }),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

/// Returns the schema of a query parameter, which is always an optional text.
fn plain(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("type".to_owned(), json!("string"));
        schema.remove("default");
    }
    schema
}

fn answers(one: &DescribedRoute) -> Value {
    let error = json!({ "application/json": { "schema": {
        "type": "object", "required": ["error"], "properties": { "error": { "type": "string" } },
    } } });
    let mut answers = Map::new();
    if one.answers {
        let what = if one.kind == "application/json" {
            "object"
        } else {
            "string"
        };
        let object = json!({ one.kind: { "schema": { "type": what } } });
        answers.insert(
            "200".to_owned(),
            json!({ "description": "Done, or found", "content": object }),
        );
    } else {
        answers.insert("204".to_owned(), json!({ "description": "Done" }));
    }
    for (status, what) in [
        ("401", "Not logged in"),
        ("403", "Not allowed to this person"),
        ("404", "There is no such thing"),
        ("409", "It cannot be done as things stand"),
        ("413", "Too large"),
        ("422", "It could not be read"),
        ("503", "Not now; later"),
    ] {
        answers.insert(
            status.to_owned(),
            json!({ "description": what, "content": error }),
        );
    }
    Value::Object(answers)
}
