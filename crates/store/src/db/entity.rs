//! The tables as sea-orm entities, with one module for each table. The migrations document the meaning of each column.

mod casework;
mod chats;
mod evidence;
mod factors;
mod masking;
mod operation;
mod push;
mod retention;
mod routing;
mod statistics;

pub use casework::{
    canned, case_contacts, case_entries, case_versions, cases, drafts, follows, links, pinned_notes, records,
    referrals,
};
pub use chats::{conversations, people, versions};
pub use evidence::{evidence_exports, locked_files};
pub use factors::{account_notices, identities, log_out_tokens, passkeys, recovery_codes, totp_secrets};
pub use masking::reveals;
pub use operation::operation_alarms;
pub use push::{push_devices, push_keys};
pub use retention::{backup_runs, erasures, holds, retention_runs};
pub use routing::{
    alarm_notices, alarms, calendar_secrets, offers, reply_targets, schedules, scheme_drafts, schemes,
    stored_lines, surges, texts,
};
pub use statistics::{educators, event_educators, outreach, schools, tokens};

/// The journal: all raw messages as they were received.
pub mod journal {
    use sea_orm::entity::prelude::*;

    use crate::db::values::Outcome;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "journal")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub line: String,
        pub external_hash: Vec<u8>,
        pub received_at: i64,
        pub size: i64,
        pub cut_from: Option<i64>,
        pub data_key: Option<Vec<u8>>,
        pub sealed: Option<Vec<u8>>,
        pub file: Option<Uuid>,
        pub outcome: Outcome,
        pub reason: String,
        pub reference: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Links from contacts to raw messages that are not stored as messages of their own, such as edits, delivery reports, and repeated
/// deliveries.
pub mod journal_contacts {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "journal_contacts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub journal_id: i64,
        pub contact_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A sealed (encrypted) value with which the store checks at start-up that the master key belongs to this database.
pub mod key_proofs {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "key_proofs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub sealed: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The job queue.
pub mod jobs {
    use hotline_core::job::JobKind;
    use sea_orm::entity::prelude::*;

    use crate::db::{stored::Stored, values::JobState};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "jobs")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub kind: Stored<JobKind>,
        pub journal_id: Option<i64>,
        pub outbox_id: Option<Uuid>,
        pub attachment_id: Option<Uuid>,
        pub state: JobState,
        pub attempt: i32,
        pub due_at: i64,
        pub made_at: i64,
        pub reason: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The position up to which each source of a line, such as a mail folder, was read.
pub mod cursors {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "cursors")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub line: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub source: String,
        pub position: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The connection state of each line.
pub mod lines {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "lines")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub line: String,
        pub channel: String,
        pub up: bool,
        pub since: i64,
        pub problem: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Staff accounts.
pub mod staff {
    use sea_orm::entity::prelude::*;

    use crate::db::stored::Stored;
    use hotline_core::staff::rights::Role;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub login: String,
        pub name: String,
        pub role: Stored<Role>,
        pub password: String,
        pub active: bool,
        pub on_duty: bool,
        pub preferences: String,
        pub team: Option<String>,
        pub last_given: Option<i64>,
        pub made_at: i64,
        pub last_action_at: Option<i64>,
        pub skills: String,
        pub notice_address: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Sessions of staff.
pub mod sessions {
    use hotline_core::staff::factors::{LogInProof, LogInStep};
    use sea_orm::entity::prelude::*;

    use crate::db::stored::Stored;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_hash: Vec<u8>,
        pub staff_id: Uuid,
        pub made_at: i64,
        pub seen_at: i64,
        pub step: Stored<LogInStep>,
        pub proof: Stored<LogInProof>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One-time links with which people choose the password of their account. `hash` is a keyed hash of the secret in the link.
pub mod invitations {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub staff_id: Uuid,
        pub hash: Vec<u8>,
        pub made_by: Option<Uuid>,
        pub made_at: i64,
        pub expires_at: i64,
        pub used_at: Option<i64>,
        pub replaced_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Contacts: one row for each registered communication.
pub mod contacts {
    use sea_orm::entity::prelude::*;

    use crate::db::stored::Stored;
    use hotline_core::{
        contact::{
            lifecycle::{Marking, Status},
            message::Asks,
        },
        text::locale::Language,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contacts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub reference: i64,
        pub line: String,
        pub channel: String,
        pub day: String,
        pub status: Stored<Status>,
        #[sea_orm(column_name = "holder")]
        pub assignee: Option<Uuid>,
        pub marking: Option<Stored<Marking>>,
        pub asks: Option<Stored<Asks>>,
        pub language: Option<Stored<Language>>,
        pub identifier_hash: Option<Vec<u8>>,
        pub thread_hash: Vec<u8>,
        pub open_key: Vec<u8>,
        pub data_key: Option<Vec<u8>>,
        pub card: Option<Vec<u8>>,
        pub opened_at: i64,
        pub last_in_at: i64,
        pub waiting_since: Option<i64>,
        pub closed_at: Option<i64>,
        pub acknowledged_at: Option<i64>,
        pub earlier: Option<Uuid>,
        pub refers_to: Option<Uuid>,
        pub files_wanted: bool,
        pub urgency: i16,
        pub snoozed_until: Option<i64>,
        pub team: Option<String>,
        pub topic: Option<String>,
        pub first_reply_at: Option<i64>,
        pub first_read_at: Option<i64>,
        pub read_at: Option<i64>,
        pub danger_seen_at: Option<i64>,
        pub without_form: bool,
        pub talk_seconds: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The messages of contacts: messages from the person, replies, automatic texts, internal notes, logged calls and platform notices.
pub mod messages {
    use sea_orm::entity::prelude::*;

    use crate::db::values::Direction;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "messages")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub contact_id: Uuid,
        pub direction: Direction,
        pub author: Option<Uuid>,
        pub at: i64,
        pub journal_id: Option<i64>,
        pub body: Option<Vec<u8>>,
        #[sea_orm(column_name = "their_id_hash")]
        pub message_id_hash: Option<Vec<u8>>,
        pub digest: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Files that came with a message or go out with a reply.
pub mod attachments {
    use sea_orm::entity::prelude::*;

    use crate::db::values::FetchState;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "attachments")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub contact_id: Uuid,
        pub message_id: Uuid,
        pub journal_id: i64,
        pub position: i32,
        pub name: Option<Vec<u8>>,
        pub media_type: String,
        pub inline: bool,
        pub size: i64,
        pub kept: bool,
        pub remote: Option<Vec<u8>>,
        pub fate: FetchState,
        /// The keyed hash of the SHA-256 hash of the bytes. `None` if the bytes were not stored, or were stored by an older version.
        pub file_hash: Option<Vec<u8>>,
        /// Whether the first bytes did not fit the name or the media type.
        pub misnamed: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The delivery state of each outgoing message on each line.
pub mod outbox {
    use sea_orm::entity::prelude::*;

    use crate::db::stored::Stored;
    use hotline_core::job::Delivery;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub message_id: Uuid,
        pub contact_id: Uuid,
        pub line: String,
        pub state: Stored<Delivery>,
        pub tries: i32,
        pub queued_at: i64,
        pub sent_at: Option<i64>,
        #[sea_orm(column_name = "said")]
        pub reason: Option<Vec<u8>>,
        pub done: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The history of contacts: one row for each event.
pub mod events {
    use sea_orm::entity::prelude::*;

    use crate::db::values::HistoryKind;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub contact_id: Uuid,
        pub at: i64,
        pub actor: Option<Uuid>,
        pub kind: HistoryKind,
        pub detail: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Opening balances (counts from before Hotline was used) and corrections of the statistics.
pub mod balances {
    use sea_orm::entity::prelude::*;

    use crate::db::stored::Stored;
    use hotline_core::statistics::figures::Measure;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "balances")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub of: Stored<Measure>,
        pub value: String,
        pub correction: bool,
        pub from_day: String,
        pub to_day: String,
        pub count: i64,
        pub source: String,
        pub reason: String,
        pub entered_by: Option<Uuid>,
        pub entered_at: i64,
        pub withdrawn_by: Option<Uuid>,
        pub withdrawn_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The audit log: who did what, when, and to which object.
pub mod audit {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub at: i64,
        pub actor: Option<Uuid>,
        pub action: String,
        pub object: String,
        /// A random id, so that no two entries state the same.
        pub entry: Option<Uuid>,
        /// The keyed hash of what the entry states.
        pub mac: Option<Vec<u8>>,
        /// The position in the chain, from 1. `None` until the entry becomes part of the chain.
        pub position: Option<i64>,
        /// The hash of this entry and of all entries before it.
        pub hash: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where the chain of the audit begins and ends. The only row has the id 1.
pub mod audit_chain {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_chain")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        /// The position before the first entry.
        pub first: i64,
        /// The hash that the first entry includes.
        pub first_hash: Vec<u8>,
        /// Signs `first` and `first_hash`.
        pub signature: Vec<u8>,
        pub last: i64,
        pub last_hash: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The stored counts of the statistics: totals and breakdowns.
pub mod figures {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "figures")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub of: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub one: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub other: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub span: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub value: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub other_value: String,
        pub count: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
