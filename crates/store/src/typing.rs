//! Somebody is writing an answer: told to whoever can show it to the person. Nothing is kept of it.

use hotline_core::{line::LineName, private::Private};
use tokio::sync::broadcast;

use crate::{entity::contacts, error::StoreError, outgoing::goes_to, staff::Person, store::Store};

/// An answer is being written.
#[derive(Debug, Clone)]
pub struct Typing {
    /// The line it will leave by.
    pub line: LineName,
    /// Whom it is for.
    pub to: Private<String>,
    /// The ids of the thread, oldest first.
    pub thread: Vec<String>,
}

impl Store {
    /// Tells that somebody who holds a contact writes an answer.
    pub(crate) async fn tell_typing(
        &self,
        who: &Person,
        contact: &contacts::Model,
    ) -> Result<(), StoreError> {
        let stopped = crate::people::choice_of(&self.reading, contact).await?.stopped;
        if contact.holder != Some(who.id) || stopped {
            return Ok(());
        }
        if let Some(to) = goes_to(&self.card(contact)?, true) {
            // Where nobody listens there is nobody to tell.
            let _ = self.typing.send(Typing {
                line: LineName::stored(contact.line.clone()),
                to: to.into(),
                thread: self.thread_ids(contact).await?,
            });
        }
        Ok(())
    }

    /// Hears of every answer that is being written from now on, in this process.
    #[must_use]
    pub fn typings(&self) -> broadcast::Receiver<Typing> {
        self.typing.subscribe()
    }
}
