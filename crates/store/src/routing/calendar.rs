//! The secret in the address of a person's shift calendar.

use hotline_core::staff::rights::Right;
use uuid::Uuid;

use crate::{db::store::Store, error::StoreError, staff::accounts::StaffMember};

impl Store {
    /// Returns the secret in the address of a person's calendar: a keyed hash of the person's id in hexadecimal. The secret stays the same
    /// as long as the master key does.
    #[must_use]
    pub fn calendar_token(&self, staff: Uuid) -> String {
        data_encoding::HEXLOWER.encode(&self.keys.lookup("calendar", &staff.to_string()))
    }

    /// Returns the active member of staff who takes duty and whose calendar has this secret.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn calendar_owner(&self, token: &str) -> Result<Option<StaffMember>, StoreError> {
        // Keyed hashes of both secrets are compared, so the time of the comparison reveals nothing about the secret.
        let compared = |token: &str| self.keys.lookup("calendar comparison", token);
        let wanted = compared(token);
        let all = self.staff().await?;
        Ok(all
            .into_iter()
            .filter(|one| one.active && one.role.may(Right::TakeDuty))
            .find(|one| compared(&self.calendar_token(one.id)) == wanted))
    }
}
