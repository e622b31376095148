//! The person to whom a counsellor is writing a reply. The line shows this person a typing indicator.

use hotline_core::identifiers::{line_name::LineName, private::Private};

/// A notice that a counsellor is writing a reply. The notice names the person who will receive the reply.
#[derive(Debug, Clone)]
pub struct Typing {
    /// The line on which the reply will be sent.
    pub line: LineName,
    /// Address of the person who will receive the reply.
    pub to: Private<String>,
    /// Ids of the messages in the thread to which the reply belongs, oldest first.
    pub thread: Vec<String>,
}
