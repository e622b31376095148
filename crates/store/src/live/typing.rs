//! Typing: notifies subscribers that a counsellor is writing an answer. The subscribers can then show the person a typing indicator. Typing
//! reports are not stored.

use hotline_core::identifiers::line_name::LineName;
use tokio::sync::broadcast;

use crate::{
    db::{entity::contacts, store::Store},
    error::StoreError,
    memory::typing::Typing,
    staff::accounts::StaffMember,
};

impl Store {
    /// Reports that `who` is writing an answer, if the contact is assigned to `who` and the person accepts replies.
    pub(crate) async fn tell_typing(
        &self,
        who: &StaffMember,
        contact: &contacts::Model,
    ) -> Result<(), StoreError> {
        let stopped = crate::intake::choices::choice_of(&self.reading, contact)
            .await?
            .stopped;
        if contact.assignee != Some(who.id) || stopped {
            return Ok(());
        }
        if let Some(to) = self.contact_content(contact)?.answer_address(true) {
            // If there is no subscriber, sending fails. This failure is ignored.
            let _ = self.typing.send(Typing {
                line: LineName::stored(contact.line.clone()),
                to: to.into(),
                thread: self.thread_ids(contact).await?,
            });
        }
        Ok(())
    }

    /// Subscribes to all reports of typing in this process.
    #[must_use]
    pub fn typings(&self) -> broadcast::Receiver<Typing> {
        self.typing.subscribe()
    }
}
