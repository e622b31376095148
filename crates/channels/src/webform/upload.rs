//! Reads a posted form in two steps: first the text fields, then the files. The text fields can be checked in between.

use std::time::Duration;

use axum::{
    RequestExt,
    body::{Body, Bytes},
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{StatusCode, header},
};
use futures::StreamExt;
use multer::{Field, Multipart};

use super::{
    content_disposition::{self, Disposition},
    fields::{FormFields, LARGEST, LARGEST_FILE, MOST_FILES, PostedFile, is_multipart},
};
use crate::clean;

/// How many bytes of a request are read and discarded at most before the request is refused.
pub const MOST_DRAINED: usize = 64 << 20;
/// The longest time for which a request is read and discarded before it is refused.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
/// Why a posted form was refused.
pub enum RefusedUpload {
    /// The request contains files, but the form accepts no files.
    Files,
    /// The request is too large.
    TooLarge,
    /// The request does not have the format of a form.
    Unreadable,
}

/// A posted form that was read up to its first file.
pub struct Upload {
    fields: FormFields,
    files: Option<Files>,
}

/// The unread rest of a form, which begins with its first file.
struct Files {
    name: String,
    first: Field<'static>,
    parts: Parts,
}

/// The unread parts of a multipart form, and how many bytes of text fields are still accepted.
struct Parts {
    parts: Multipart<'static>,
    left: usize,
}

impl Upload {
    /// Reads a posted form up to its first file. The router has already limited the size of the body.
    pub async fn read(request: Request, takes_files: bool) -> Result<Self, RefusedUpload> {
        let mut fields = FormFields::default();
        if !is_multipart(request.headers()) {
            let body = Bytes::from_request(request, &())
                .await
                .map_err(|error| body_error(&error))?;
            for (name, text) in form_urlencoded::parse(&body) {
                fields.set(&name, text.into_owned());
            }
            return Ok(Self {
                fields: fields.cleaned(),
                files: None,
            });
        }
        if !takes_files {
            drain(request.into_body()).await;
            return Err(RefusedUpload::Files);
        }
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(kind).map_err(|_| RefusedUpload::Unreadable)?;
        let body: Body = request.with_limited_body().into_body();
        let mut parts = Parts {
            parts: Multipart::new(body.into_data_stream(), boundary),
            left: LARGEST,
        };
        let first = parts.read_texts(&mut fields).await?;
        Ok(Self {
            fields: fields.cleaned(),
            files: first.map(|(name, first)| Files { name, first, parts }),
        })
    }

    /// Returns the text fields before the first file.
    pub const fn fields(&self) -> &FormFields {
        &self.fields
    }

    /// Reads the rest of the form, including its files.
    pub async fn finish(self) -> Result<FormFields, RefusedUpload> {
        let mut fields = self.fields;
        let Some(Files {
            name,
            first,
            mut parts,
        }) = self.files
        else {
            return Ok(fields);
        };
        let mut next = Some((name, first));
        while let Some((name, field)) = next {
            take_file(&mut fields, field, &name).await?;
            next = parts.read_texts(&mut fields).await?;
        }
        Ok(fields.cleaned())
    }

    /// Reads and discards the files, up to `most` bytes. Returns the text fields before the first file, and whether there were files.
    /// Without this, the connection would close while the browser is still sending, and the browser would show its own error page instead
    /// of our response.
    pub async fn without_files(self, most: usize) -> (FormFields, bool) {
        let Some(Files {
            name,
            first,
            mut parts,
        }) = self.files
        else {
            return (self.fields, false);
        };
        let mut left = most;
        let mut next = Some(first);
        let reading = async {
            while let Some(mut field) = next {
                while let Ok(Some(chunk)) = field.chunk().await {
                    let Some(rest) = left.checked_sub(chunk.len()) else {
                        return;
                    };
                    left = rest;
                }
                // multer reads only one part at a time, so this part must be dropped before the next part is read.
                drop(field);
                next = parts.parts.next_field().await.unwrap_or_default();
            }
        };
        let ended = tokio::time::timeout(DRAIN_TIMEOUT, reading).await;
        let came = !name.is_empty() || left < most || ended.is_err();
        (self.fields, came)
    }
}

impl Parts {
    /// Reads text fields up to the next file. Returns the file's name and the form part that contains the file.
    async fn read_texts(
        &mut self,
        fields: &mut FormFields,
    ) -> Result<Option<(String, Field<'static>)>, RefusedUpload> {
        while let Some(mut field) = self
            .parts
            .next_field()
            .await
            .map_err(|error| multipart_error(&error))?
        {
            let header_value = field.headers().get(header::CONTENT_DISPOSITION);
            let Disposition { field: name, file } =
                content_disposition::read(header_value.map_or(&[], |header_value| header_value.as_bytes()));
            if let Some(file) = file.or_else(|| unnamed_file(&field, &name)) {
                return Ok(Some((file, field)));
            }
            let mut text = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(|error| multipart_error(&error))? {
                self.left = self
                    .left
                    .checked_sub(chunk.len())
                    .ok_or(RefusedUpload::TooLarge)?;
                text.extend_from_slice(&chunk);
            }
            fields.set(&name, clean::decode(&text).into_owned());
        }
        Ok(None)
    }
}

/// A form part without a file name is nevertheless a file if its field is named `file` or its media type is not text. Returns an empty
/// file name for such a part, and `None` for any other part.
fn unnamed_file(field: &Field<'static>, name: &str) -> Option<String> {
    let is_text = field.content_type().is_none_or(|kind| kind.type_() == "text");
    (name == "file" || !is_text).then(String::new)
}

/// Reads all fields of a posted form.
pub async fn read_fields(request: Request, may_have_files: bool) -> Result<FormFields, RefusedUpload> {
    Upload::read(request, may_have_files).await?.finish().await
}

/// Reads a file to its end. Records a mistake if the file is too large or there are too many files.
async fn take_file(
    fields: &mut FormFields,
    mut field: Field<'static>,
    name: &str,
) -> Result<(), RefusedUpload> {
    let media_type = field.content_type().map(ToString::to_string).unwrap_or_default();
    let media_type = clean::media_type(&media_type);
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| multipart_error(&error))? {
        if bytes.len() + chunk.len() > LARGEST_FILE {
            fields.wrong_files = Some("mistake-file-large");
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    // If the visitor chose no file, the browser sends a file without a name and without content.
    if name.is_empty() && bytes.is_empty() {
        return Ok(());
    }
    if fields.files.len() == MOST_FILES {
        fields.wrong_files = Some("mistake-files-many");
    } else {
        let file = PostedFile::new(clean::file_name(name), media_type, &bytes);
        fields.files.push(file);
    }
    Ok(())
}

/// Reads and discards a body. Stops at the end of the body, after `MOST_DRAINED` bytes or after `DRAIN_TIMEOUT`.
pub async fn drain(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut left = MOST_DRAINED;
    let reading = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, reading).await;
}

fn body_error(error: &BytesRejection) -> RefusedUpload {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        RefusedUpload::TooLarge
    } else {
        RefusedUpload::Unreadable
    }
}

fn multipart_error(error: &multer::Error) -> RefusedUpload {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(one) = cause {
        if one.to_string().contains("length limit exceeded") {
            return RefusedUpload::TooLarge;
        }
        cause = one.source();
    }
    RefusedUpload::Unreadable
}
