//! Forming a case from several contacts at once.

use hotline_core::identifiers::reference::Reference;
use hotline_store::{cases::CaseTarget, staff::accounts::StaffMember};
use uuid::Uuid;

use crate::{contact::open::check_readable, http::errors::PageError, state::Desk};

/// The largest number of contacts that are added to a new case besides the first.
const MOST_CONTACTS: usize = 200;

/// Forms a case from several contacts, or none if `me` may not read one of them or work on it. Returns the id of the case.
///
/// # Errors
/// Fails if there are no contacts or too many, and in the cases of [`Store::form_case`](hotline_store::db::store::Store::form_case).
pub(crate) async fn form_from_many(
    desk: &Desk,
    me: &StaffMember,
    references: &[Reference],
    summary: &str,
) -> Result<Uuid, PageError> {
    let (first, also) = references.split_first().ok_or(PageError::Bad("error-form"))?;
    if also.len() > MOST_CONTACTS {
        return Err(PageError::Bad("error-form"));
    }
    for reference in references {
        check_readable(desk, me, *reference).await?;
    }
    let target = CaseTarget::New { summary, also };
    Ok(desk.store.form_case(me, *first, target).await?)
}
