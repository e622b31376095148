//! Somebody is writing an answer: told to whoever can show it to the person. Nothing is kept of it.

use hotline_core::identifiers::line::LineName;
use tokio::sync::broadcast;

use crate::{
    db::{entity::contacts, store::Store},
    error::StoreError,
    memory::typing::Typing,
    staff::accounts::Person,
};

impl Store {
    /// Tells that somebody who holds a contact writes an answer.
    pub(crate) async fn tell_typing(
        &self,
        who: &Person,
        contact: &contacts::Model,
    ) -> Result<(), StoreError> {
        let stopped = crate::intake::choices::choice_of(&self.reading, contact)
            .await?
            .stopped;
        if contact.assignee != Some(who.id) || stopped {
            return Ok(());
        }
        if let Some(to) = self.card(contact)?.answer_address(true) {
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
