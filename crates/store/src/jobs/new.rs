//! Rows for new jobs. The caller inserts a job in the same transaction as the record (outgoing message or attachment) that the job
//! processes.

use hotline_core::job::{Delivery, JobKind};
use sea_orm::ActiveValue::{NotSet, Set};
use uuid::Uuid;

use crate::db::{
    entity::{jobs, outbox},
    stored::Stored,
    values::JobState,
};

/// Builds the outbox row of a message that is to be sent by the line `line`. The row contains the delivery state of the message.
pub(crate) fn outbox_row(
    id: Uuid,
    message_id: Uuid,
    contact_id: Uuid,
    line: String,
    now: i64,
) -> outbox::ActiveModel {
    outbox::ActiveModel {
        id: Set(id),
        message_id: Set(message_id),
        contact_id: Set(contact_id),
        line: Set(line),
        state: Set(Stored(Delivery::Queued)),
        tries: Set(0),
        queued_at: Set(now),
        sent_at: Set(None),
        reason: Set(None),
        done: Set(0),
    }
}

/// Builds the job that fetches an attachment's file from its platform.
pub(crate) fn fetch_job(attachment: Uuid, now: i64) -> jobs::ActiveModel {
    jobs::ActiveModel {
        id: NotSet,
        kind: Set(Stored(JobKind::Fetch)),
        journal_id: Set(None),
        outbox_id: Set(None),
        attachment_id: Set(Some(attachment)),
        state: Set(JobState::Ready),
        attempt: Set(0),
        due_at: Set(now),
        made_at: Set(now),
        reason: Set(String::new()),
    }
}

/// Builds the job that sends an outgoing message. The job does not run before `due_at`.
pub(crate) fn deliver_job(outgoing: &outbox::ActiveModel, due_at: i64) -> jobs::ActiveModel {
    let now = *outgoing.queued_at.as_ref();
    jobs::ActiveModel {
        id: NotSet,
        kind: Set(Stored(JobKind::Deliver)),
        journal_id: Set(None),
        outbox_id: Set(Some(*outgoing.id.as_ref())),
        attachment_id: Set(None),
        state: Set(JobState::Ready),
        attempt: Set(0),
        due_at: Set(due_at),
        made_at: Set(now),
        reason: Set(String::new()),
    }
}
