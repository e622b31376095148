//! A posted form while it arrives: what is typed is known before any file is read.

use axum::{
    RequestExt,
    body::{Body, Bytes},
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{StatusCode, header},
};
use multer::{Field, Multipart};

use super::{
    context::{PATIENCE_TO_DRAIN, drain},
    disposition::{self, Disposition},
    read::PostedFile,
    typed::{LARGEST, LARGEST_FILE, MOST_FILES, Typed},
};
use crate::clean;

/// Why a request holds no form.
pub enum RefusedUpload {
    /// It holds files, and none are taken.
    Files,
    /// It is too large.
    TooLarge,
    /// It is not what a form sends.
    Unreadable,
}

/// A form, read as far as its first file.
pub struct Arriving {
    typed: Typed,
    files: Option<Files>,
}

/// What was not read yet.
struct Files {
    name: String,
    first: Field<'static>,
    parts: Parts,
}

/// The parts of a form, and how many bytes of text there may still be.
struct Parts {
    parts: Multipart<'static>,
    left: usize,
}

impl Arriving {
    /// Reads a posted form as far as its first file. The body was limited before.
    pub async fn read(request: Request, takes_files: bool) -> Result<Self, RefusedUpload> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let mut typed = Typed::default();
        if !kind.to_ascii_lowercase().starts_with("multipart/") {
            let body = Bytes::from_request(request, &())
                .await
                .map_err(|error| of_body(&error))?;
            for (name, text) in form_urlencoded::parse(&body) {
                typed.set(&name, text.into_owned());
            }
            return Ok(Self {
                typed: typed.cleaned(),
                files: None,
            });
        }
        if !takes_files {
            drain(request.into_body()).await;
            return Err(RefusedUpload::Files);
        }
        let boundary = multer::parse_boundary(kind).map_err(|_| RefusedUpload::Unreadable)?;
        let body: Body = request.with_limited_body().into_body();
        let mut parts = Parts {
            parts: Multipart::new(body.into_data_stream(), boundary),
            left: LARGEST,
        };
        let first = parts.read_texts(&mut typed).await?;
        Ok(Self {
            typed: typed.cleaned(),
            files: first.map(|(name, first)| Files { name, first, parts }),
        })
    }

    /// What was typed before the first file.
    pub const fn typed(&self) -> &Typed {
        &self.typed
    }

    /// Reads the rest, with its files.
    pub async fn finish(self) -> Result<Typed, RefusedUpload> {
        let mut typed = self.typed;
        let Some(Files {
            name,
            first,
            mut parts,
        }) = self.files
        else {
            return Ok(typed);
        };
        let mut next = Some((name, first));
        while let Some((name, field)) = next {
            take_file(&mut typed, field, &name).await?;
            next = parts.read_texts(&mut typed).await?;
        }
        Ok(typed.cleaned())
    }

    /// What was typed before the first file, and whether files came. The rest is read and thrown away, up to so many bytes: a browser
    /// that is cut off while it sends shows its own error instead of our answer.
    pub async fn without_files(self, most: usize) -> (Typed, bool) {
        let Some(Files {
            name,
            first,
            mut parts,
        }) = self.files
        else {
            return (self.typed, false);
        };
        let mut left = most;
        let mut next = Some(first);
        let reading = async {
            while let Some(mut field) = next {
                while let Ok(Some(piece)) = field.chunk().await {
                    let Some(rest) = left.checked_sub(piece.len()) else {
                        return;
                    };
                    left = rest;
                }
                // Only one part is read at a time.
                drop(field);
                next = parts.parts.next_field().await.unwrap_or_default();
            }
        };
        let ended = tokio::time::timeout(PATIENCE_TO_DRAIN, reading).await;
        let came = !name.is_empty() || left < most || ended.is_err();
        (self.typed, came)
    }
}

impl Parts {
    /// Reads fields of text until a file comes: it is given with its name.
    async fn read_texts(
        &mut self,
        typed: &mut Typed,
    ) -> Result<Option<(String, Field<'static>)>, RefusedUpload> {
        while let Some(mut field) = self.parts.next_field().await.map_err(|error| of_parts(&error))? {
            let said = field.headers().get(header::CONTENT_DISPOSITION);
            let Disposition { field: name, file } =
                disposition::read(said.map_or(&[], |said| said.as_bytes()));
            if let Some(file) = file.or_else(|| unnamed_file(&field, &name)) {
                return Ok(Some((file, field)));
            }
            let mut text = Vec::new();
            while let Some(piece) = field.chunk().await.map_err(|error| of_parts(&error))? {
                self.left = self
                    .left
                    .checked_sub(piece.len())
                    .ok_or(RefusedUpload::TooLarge)?;
                text.extend_from_slice(&piece);
            }
            typed.set(&name, clean::decoded(&text).into_owned());
        }
        Ok(None)
    }
}

/// A part without a file's name is a file all the same if the form's field for files sent it, or if it is no text.
fn unnamed_file(field: &Field<'static>, name: &str) -> Option<String> {
    let is_text = field.content_type().is_none_or(|kind| kind.type_() == "text");
    (name == "file" || !is_text).then(String::new)
}

/// Reads a file to its end; keeps it unless there are too many or it is too large.
async fn take_file(typed: &mut Typed, mut field: Field<'static>, name: &str) -> Result<(), RefusedUpload> {
    let media_type = field.content_type().map(ToString::to_string).unwrap_or_default();
    let media_type = clean::media_type(&media_type);
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| of_parts(&error))? {
        if bytes.len() + piece.len() > LARGEST_FILE {
            typed.wrong_files = Some("mistake-file-large");
        } else {
            bytes.extend_from_slice(&piece);
        }
    }
    // A file field left alone is sent as a file without a name and without bytes.
    if name.is_empty() && bytes.is_empty() {
        return Ok(());
    }
    if typed.files.len() == MOST_FILES {
        typed.wrong_files = Some("mistake-files-many");
    } else {
        let file = PostedFile::new(clean::file_name(name), media_type, &bytes);
        typed.files.push(file);
    }
    Ok(())
}

fn of_body(error: &BytesRejection) -> RefusedUpload {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        RefusedUpload::TooLarge
    } else {
        RefusedUpload::Unreadable
    }
}

fn of_parts(error: &multer::Error) -> RefusedUpload {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(one) = cause {
        if one.to_string().contains("length limit exceeded") {
            return RefusedUpload::TooLarge;
        }
        cause = one.source();
    }
    RefusedUpload::Unreadable
}
