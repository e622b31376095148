//! The readiness check: whether the store can accept messages.

use hotline_core::{
    identifiers::line_name::LineName,
    intake::{Cursor, Source},
};

use crate::{
    db::{store::Store, transactions::commit_measured},
    error::StoreError,
    intake::cursors,
};

impl Store {
    /// Checks that the database and the attachments folder can be written, and that the disk has at least the configured reserve of free
    /// space.
    ///
    /// # Errors
    /// Fails if the store cannot accept messages. The error gives the reason.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.check_place()?;
        self.files.room()?;
        self.files.probe().await?;
        let probe = Cursor {
            line: LineName::stored(String::new()),
            source: Source::Named("readiness".to_owned()),
            position: self.now().to_string(),
        };
        let transaction = self.begin().await?;
        cursors::write(&transaction, self.cursor_row(&probe)?).await?;
        commit_measured(transaction).await?;
        Ok(())
    }
}
