//! One contact: its detail page, replies, assignment, closing, wrap-up, drafts, links, attachments, legal holds and erasure.

pub(crate) mod addresses;
pub mod assignment;
pub mod attachments;
pub(crate) mod closing;
pub mod detail;
pub mod drafts;
pub mod erase;
pub mod evidence;
pub mod evidence_files;
pub mod holds;
pub mod links;
pub(crate) mod masked;
pub mod pinned_notes;
pub mod reading;
pub mod reply;
pub(crate) mod response_times;
pub mod reveal;
pub mod wrap_up;
