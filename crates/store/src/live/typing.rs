//! Typing reports: notifies subscribers in this process that a counsellor is writing a reply, so that a channel can show the person a
//! typing indicator. Typing reports are not stored.

use hotline_core::identifiers::line_name::LineName;
use tokio::sync::broadcast;

use crate::{
    db::{entity::contacts, store::Store},
    error::StoreError,
    memory::typing::Typing,
    staff::accounts::StaffMember,
};

impl Store {
    /// Reports that `who` is writing a reply. Does nothing if the contact is not assigned to `who`, or if the person sent `/stop`.
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
            // Sending fails only if there is no subscriber, so the error is ignored.
            let _ = self.typing.send(Typing {
                line: LineName::stored(contact.line.clone()),
                to: to.into(),
                thread: self.thread_ids(contact).await?,
            });
        }
        Ok(())
    }

    /// Subscribes to the typing reports in this process, for all contacts.
    #[must_use]
    pub fn typings(&self) -> broadcast::Receiver<Typing> {
        self.typing.subscribe()
    }
}
