//! Administration: accounts, lines, the state of the service and its settings, the texts that people read, and the wrap-up questions. No
//! page shows the content of a contact.

pub(crate) mod lines;
pub(crate) mod links;
pub(crate) mod public_text;
pub(crate) mod schedules;
pub(crate) mod scheme;
pub(crate) mod settings;
pub(crate) mod staff;
pub(crate) mod system;
pub(crate) mod teams;
pub(crate) mod texts;
