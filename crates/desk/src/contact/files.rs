//! The form of a reply: text, and files if the line can send them.

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, multipart::Field};
use hotline_core::contact::message::OutboundFile;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    http::{
        errors::PageError,
        extractors::{FormOrJson, unreadable},
    },
    state::Desk,
};

/// The largest number of files in a reply. Every platform accepts a message with `MOST` files of `LARGEST` bytes each.
const MOST: usize = 5;
/// The largest size of a file, in bytes.
const LARGEST: usize = 10 << 20;
/// The largest request body of a reply, in bytes.
const LARGEST_REPLY: usize = (1 << 20) + MOST * LARGEST;

/// The text of a reply, its files and its options.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct ReplyForm {
    /// Makes the request idempotent: repeated requests with the same id send the reply only once.
    pub id: Option<Uuid>,
    /// The value of the contact's field `newest` when the writer loaded the contact. If an event that can make the reply unsuitable is
    /// newer, the reply is refused. If `seen` is omitted, newer events are not checked.
    pub seen: Option<i64>,
    /// Whether to send the reply even if the contact has events newer than `seen`.
    #[serde(default)]
    pub anyway: bool,
    /// The address for this reply and all later replies: one of the contact's `other_addresses`. If omitted or empty, the current address
    /// is kept.
    #[serde(default)]
    pub to: Option<String>,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    #[schemars(skip)]
    pub view: String,
    #[serde(skip)]
    pub files: Vec<OutboundFile>,
}

impl FromRequest<Desk> for ReplyForm {
    type Rejection = PageError;

    async fn from_request(mut request: Request, desk: &Desk) -> Result<Self, PageError> {
        DefaultBodyLimit::max(LARGEST_REPLY).apply(&mut request);
        let kind = request.headers().get("content-type");
        let multipart = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
        if !multipart {
            let FormOrJson(reply) = FormOrJson::from_request(request, desk).await?;
            return Ok(reply);
        }
        let mut reply = Self::default();
        let mut parts = Multipart::from_request(request, desk)
            .await
            .map_err(|error| unreadable(error.status()))?;
        while let Some(field) = parts
            .next_field()
            .await
            .map_err(|error| unreadable(error.status()))?
        {
            if field.file_name().is_some() {
                reply.take(field).await?;
                continue;
            }
            let name = field.name().unwrap_or_default().to_owned();
            let text = field.text().await.map_err(|error| unreadable(error.status()))?;
            match name.as_str() {
                "id" => reply.id = Some(text.parse().map_err(|_| UNREADABLE)?),
                "seen" => reply.seen = Some(text.parse().map_err(|_| UNREADABLE)?),
                "anyway" => reply.anyway = text == "true",
                "to" => reply.to = Some(text),
                "text" => reply.text = text,
                "view" => reply.view = text,
                _ => {}
            }
        }
        Ok(reply)
    }
}

impl OperationInput for ReplyForm {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        FormOrJson::<Self>::operation_input(ctx, operation);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        FormOrJson::<Self>::inferred_early_responses(ctx, operation)
    }
}

const UNREADABLE: PageError = PageError::Bad("error-form");

impl ReplyForm {
    async fn take(&mut self, mut field: Field<'_>) -> Result<(), PageError> {
        let name = field.file_name().unwrap_or_default().to_owned();
        let media_type = field
            .content_type()
            .unwrap_or("application/octet-stream")
            .to_owned();
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|error| unreadable(error.status()))? {
            if bytes.len() + piece.len() > LARGEST {
                return Err(PageError::Bad("error-file-large"));
            }
            bytes.extend_from_slice(&piece);
        }
        // Browsers send an empty file field as a file without a name and without bytes.
        if name.is_empty() && bytes.is_empty() {
            return Ok(());
        }
        if self.files.len() == MOST {
            return Err(PageError::Bad("error-files-many"));
        }
        let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
        self.files.push(OutboundFile {
            name: last.chars().filter(|c| !c.is_control()).take(200).collect(),
            media_type,
            bytes,
        });
        Ok(())
    }
}
