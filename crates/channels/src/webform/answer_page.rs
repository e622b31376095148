//! The answer page: asks for the receipt code, shows the conversation and receives further messages.

use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use hotline_core::{
    identifiers::{receipt::ReceiptCode, reference::Reference},
    intake::{Conversation, ConversationMessage},
};

use super::{
    context::{Chosen, FormContext, language_in, new_id, unavailable, with_retry_after},
    fields::{FormFields, Mistake},
    pages,
    stored_post::StoredPost,
    upload::{MOST_DRAINED, Upload, read_fields},
};
use crate::channel::Attachments;

/// If the receipt code is wrong, at most this many bytes of the posted files are read and discarded.
const DRAINED_UNKNOWN: usize = 256 << 10;

pub async fn ask_for_code(
    State(context): State<FormContext>,
    Query(chosen): Query<Chosen>,
    headers: HeaderMap,
) -> Response {
    let fields = FormFields {
        lang: chosen.lang.unwrap_or_default(),
        ..FormFields::default()
    };
    code_page(&context, &headers, &fields, None)
}

/// Shows the page that asks for the receipt code. If the visitor already wrote a message, the page contains it, so that it is posted
/// together with the code.
fn code_page(
    context: &FormContext,
    headers: &HeaderMap,
    fields: &FormFields,
    mistake: Option<&'static str>,
) -> Response {
    let page = context.page(&pages::Enter {
        words: context.words(headers, Some(&fields.lang)),
        centre: &context.centre(),
        closed: context.closed(context.words(headers, Some(&fields.lang))),
        mistake,
        typed: fields,
        challenge: context
            .code_challenge()
            .and_then(|challenge| serde_json::to_string(&challenge).ok()),
    });
    if mistake.is_some() {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    }
}

pub async fn show_conversation(
    State(context): State<FormContext>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let uri = request.uri().clone();
    let mut fields = match read_fields(request, false).await {
        Ok(fields) => fields,
        Err(refused) => return context.refused(context.words(&headers, language_in(&uri)), &refused),
    };
    if fields.switches_language() {
        return code_page(&context, &headers, &fields, None);
    }
    match find_conversation(&context, &headers, &fields).await {
        Ok((code, found)) => conversation_page(&context, &headers, &code, found, &fields, Written::Nothing),
        Err(answer) => *answer,
    }
}

pub async fn send_further_message(
    State(context): State<FormContext>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let may_have_files = context.line.attachments != Attachments::Never;
    let uri = request.uri().clone();
    let refused = |refused| context.refused(context.words(&headers, language_in(&uri)), &refused);
    let upload = match Upload::read(request, may_have_files).await {
        Ok(upload) => upload,
        Err(error) => return refused(error),
    };
    // The receipt code is checked before any file is read, so that only visitors with a valid code can send files.
    let (code, mut found) = match find_conversation(&context, &headers, upload.fields()).await {
        Ok(found) => found,
        Err(answer) => {
            upload.without_files(DRAINED_UNKNOWN).await;
            return *answer;
        }
    };
    let (mut fields, unwanted) = if takes_files(&context, &found) {
        match upload.finish().await {
            Ok(fields) => (fields, false),
            Err(error) => return refused(error),
        }
    } else {
        upload.without_files(MOST_DRAINED).await
    };
    if fields.switches_language() {
        let mistakes = fields.file_mistakes();
        return conversation_page(
            &context,
            &headers,
            &code,
            found,
            &fields,
            Written::Unsent(&mistakes),
        );
    }
    let mut mistakes = fields.mistakes_in_further_message();
    if unwanted {
        mistakes.push(("message", "mistake-files-not-wanted"));
    }
    if !mistakes.is_empty() {
        return conversation_page(
            &context,
            &headers,
            &code,
            found,
            &fields,
            Written::Wrong(&mistakes),
        );
    }
    let words = context.words(&headers, Some(&fields.lang));
    let posted = StoredPost::new(&fields, None, words.language());
    let id = if fields.id.is_empty() {
        new_id()
    } else {
        fields.id.clone()
    };
    let id = format!("{} {id}", context.intake.receipt_mark(&code));
    let accepted = match context.accept(&id, Some(&code), posted).await {
        Ok((accepted, _)) => accepted,
        Err(refused) => {
            return unavailable(
                &refused,
                code_page(&context, &headers, &fields, Some(context.refusal_title())),
            );
        }
    };
    // The new message is on disk but may not be part of the conversation yet. The page shows it anyway.
    let shown = found
        .messages
        .iter()
        .any(|said| said.text.expose() == &fields.message);
    if accepted.fresh || !shown {
        found.messages.push(ConversationMessage {
            by_us: false,
            automatic: false,
            at: context.line.clock.now(),
            text: fields.message.clone().into(),
        });
    }
    found.files_wanted &= fields.files.is_empty();
    conversation_page(&context, &headers, &code, found, &fields, Written::Sent)
}

/// Finds the conversation for the entered receipt code. Returns the page that asks for the code if the code is missing or wrong, or if the
/// conversation can't be loaded. Delays this response only if the code is wrong, or if so many codes are being guessed that each waits for its
/// turn.
async fn find_conversation(
    context: &FormContext,
    headers: &HeaderMap,
    fields: &FormFields,
) -> Result<(ReceiptCode, Conversation), Box<Response>> {
    let again = |mistake| Box::new(code_page(context, headers, fields, Some(mistake)));
    if fields.code.trim().is_empty() {
        return Err(again("mistake-code-empty"));
    }
    let Some(code) = ReceiptCode::parse(&fields.code) else {
        context.line.guess_limit.delay_wrong_code().await;
        // The receipt also shows the reference, which has letters.
        return Err(again(match Reference::parse(fields.code.trim()) {
            Ok(_) => "mistake-code-is-reference",
            Err(_) => "mistake-code",
        }));
    };
    let mark = context.intake.receipt_mark(&code);
    let has_proof = || context.is_code_proved(fields);
    if !context.line.guess_limit.permit_lookup(&mark, has_proof).await {
        let (mut parts, body) = (*again("mistake-codes-guessed")).into_parts();
        parts.status = StatusCode::TOO_MANY_REQUESTS;
        return Err(Box::new(with_retry_after(Response::from_parts(parts, body))));
    }
    match context.intake.conversation(&context.line.name, &code).await {
        Ok(Some(found)) => {
            context.line.guess_limit.remember_right(mark);
            Ok((code, found))
        }
        Ok(None) => {
            context.line.guess_limit.delay_wrong_code().await;
            Err(again("mistake-code"))
        }
        Err(refused) => Err(Box::new(unavailable(&refused, *again("unavailable-title")))),
    }
}

/// What happened to the message that a visitor wrote on the answer page.
enum Written<'a> {
    /// The visitor wrote no message.
    Nothing,
    /// The message was stored.
    Sent,
    /// The visitor chose another language instead of sending the message. The page shows the message again.
    Unsent(&'a [Mistake]),
    /// The message has mistakes and was not stored. The page shows it again.
    Wrong(&'a [Mistake]),
}

fn takes_files(context: &FormContext, found: &Conversation) -> bool {
    match context.line.attachments {
        Attachments::Never => false,
        Attachments::OnRequest => found.files_wanted,
        Attachments::Always => true,
    }
}

fn conversation_page(
    context: &FormContext,
    headers: &HeaderMap,
    code: &ReceiptCode,
    found: Conversation,
    fields: &FormFields,
    written: Written<'_>,
) -> Response {
    let (mistakes, text, id): (&[Mistake], _, _) = match written {
        Written::Nothing | Written::Sent => (&[], "", context.form_id()),
        Written::Unsent(mistakes) | Written::Wrong(mistakes) => {
            (mistakes, fields.message.as_str(), fields.id.clone())
        }
    };
    let wrong = matches!(written, Written::Wrong(_));
    let page = context.page(&pages::Conversation {
        words: context.words(headers, Some(&fields.lang)),
        centre: &context.centre(),
        closed: context.closed(context.words(headers, Some(&fields.lang))),
        reference: found.reference.to_string(),
        target: found.target,
        code: code.spoken(),
        said: pages::format_messages(&found.messages, context.line.centre.settings().time_zone),
        typed: text,
        id,
        sent: matches!(written, Written::Sent),
        mistakes,
        files: takes_files(context, &found),
        files_wanted: found.files_wanted,
    });
    if wrong {
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    } else {
        page
    }
}
