//! The health of lines, as shown to staff.

/// The health of a line as its adapter reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The adapter can reach its source, such as a mailbox or a chat platform.
    Up,
    /// The adapter can reach its source but cannot read everything in it. The string is the reason. It never quotes a person's words.
    Ailing(String),
    /// The adapter cannot reach its source. The string is the reason. It never quotes a person's words.
    Down(String),
}
