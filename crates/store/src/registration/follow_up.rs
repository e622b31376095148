//! The steps after a contact was opened: a counsellor on duty is assigned, and the person gets an acknowledgement.

use std::collections::HashMap;

use hotline_core::{
    contact::{
        lifecycle::Status,
        message::{Incoming, Origin, Remark},
        routing::{OnDuty, Route, route},
    },
    identifiers::ids,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, messages, staff},
        store::{LineSettings, Store, time},
        values::{Direction, HistoryKind},
    },
    error::StoreError,
    inbox::list::reference_of,
    jobs::new::outbox_row,
    registration::changes::Changes,
    sealing::{
        bodies::{MessageContent, seal},
        places::message_content_place,
    },
};

/// Maximum number of acknowledgements to one identifier on one line in 24 hours. The limit ends a loop with a program that answers each
/// acknowledgement.
const ACKNOWLEDGEMENTS_A_DAY: usize = 3;
impl Store {
    /// Assigns a new contact to the counsellor on duty whom routing selects. Does nothing if no counsellor is on duty.
    pub(super) async fn assign(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        contact: Uuid,
    ) -> Result<(), StoreError> {
        if changes.on_duty.is_none() {
            let (there, teams) = on_duty(transaction).await?;
            (changes.on_duty, changes.teams) = (Some(there), teams);
        }
        let Some(on_duty) = &mut changes.on_duty else {
            return Ok(());
        };
        let Route::To { staff, because } = route(on_duty) else {
            return Ok(());
        };
        let now = self.now();
        if let Some(one) = on_duty.iter_mut().find(|one| one.staff == staff) {
            one.open_contacts += 1;
            one.last_given = Some(time(now));
        }
        let team = changes.teams.get(&staff).cloned();
        let row = changes.state.contact_mut(contact)?;
        row.assignee = Some(staff);
        row.team = team;
        changes.given.insert(staff, now);
        changes.event(contact, now, Some(staff), HistoryKind::Assigned, because.as_str());
        Ok(())
    }

    /// Queues the acknowledgement of the message that opened the contact. Does nothing if the line has no acknowledgement text, or if the
    /// contact has no identifier. If the identifier received [`ACKNOWLEDGEMENTS_A_DAY`] acknowledgements in the last 24 hours, only records
    /// in the contact's history that no acknowledgement was sent.
    pub(super) async fn acknowledge(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        contact: Uuid,
    ) -> Result<(), StoreError> {
        let contact = changes.state.contact(contact)?;
        let Some(settings) = self.line(&contact.line) else {
            return Ok(());
        };
        let Some(template) = acknowledgement(settings, contact.language.map(|language| language.0.tag()))
        else {
            return Ok(());
        };
        let Some(identifier) = contact.identifier_hash.clone() else {
            return Ok(());
        };
        let now = self.now();
        let since = now.saturating_sub(86_400_000_000);
        let recent = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(&contact.line))
            .filter(contacts::Column::IdentifierHash.eq(identifier.clone()))
            .filter(contacts::Column::AcknowledgedAt.gt(since))
            .select_only()
            .column(contacts::Column::Id)
            .limit(ACKNOWLEDGEMENTS_A_DAY as u64)
            .into_tuple::<Uuid>()
            .all(transaction)
            .await?
            .len();
        let pending = changes.state.opened().filter(|other| {
            other.acknowledged_at.is_some()
                && other.identifier_hash.as_ref() == Some(&identifier)
                && other.line == contact.line
        });
        if recent + pending.count() >= ACKNOWLEDGEMENTS_A_DAY {
            changes.event(contact.id, now, None, HistoryKind::NotAcknowledged, "");
            return Ok(());
        }
        let (contact_id, line) = (contact.id, contact.line.clone());
        let reference = reference_of(contact).to_string();
        let key = self.contact_key(contact)?;
        let id = ids::new(self.clock.now());
        let body = MessageContent {
            text: template.replace("{reference}", &reference),
            ..MessageContent::default()
        };
        changes.messages.push(messages::Model {
            id,
            contact_id,
            direction: Direction::Automatic,
            author: None,
            at: now,
            journal_id: None,
            body: Some(seal(&key, &message_content_place(id), &body)?),
            message_id_hash: None,
            digest: None,
        });
        changes
            .outbox
            .push(outbox_row(ids::new(self.clock.now()), id, contact_id, line, now));
        changes.state.contact_mut(contact_id)?.acknowledged_at = Some(now);
        Ok(())
    }
}

/// Returns whether a message may be acknowledged. The message must come from a person, be readable, and not forbid automatic replies. A
/// message that asks for replies at another address is not acknowledged; otherwise anyone could direct acknowledgements to other people's
/// addresses.
pub(super) fn may_be_acknowledged(incoming: &Incoming) -> bool {
    incoming.origin == Origin::Person
        && !incoming.unacknowledged
        && !incoming.remarks.contains(&Remark::Unreadable)
        && incoming.answer_to.is_none()
}

/// Loads the counsellors on duty, each with the number of open contacts that are assigned to the counsellor. Also returns the teams of the
/// counsellors, by id of the counsellor.
async fn on_duty(
    transaction: &DatabaseTransaction,
) -> Result<(Vec<OnDuty>, HashMap<Uuid, String>), StoreError> {
    #[derive(FromQueryResult)]
    struct Load {
        assignee: Uuid,
        open_contacts: i64,
    }
    let people = staff::Entity::find()
        .filter(staff::Column::Active.eq(true))
        .filter(staff::Column::OnDuty.eq(true))
        .all(transaction)
        .await?;
    if people.is_empty() {
        return Ok(Default::default());
    }
    let open_contacts: Vec<Load> = contacts::Entity::find()
        .select_only()
        .column(contacts::Column::Assignee)
        .column_as(contacts::Column::Id.count(), "open_contacts")
        .filter(contacts::Column::Assignee.is_in(people.iter().map(|one| one.id)))
        .filter(contacts::Column::Status.ne(Status::Closed.as_str()))
        .group_by(contacts::Column::Assignee)
        .into_model()
        .all(transaction)
        .await?;
    let held = |id: Uuid| {
        open_contacts
            .iter()
            .find(|one| one.assignee == id)
            .map_or(0, |one| one.open_contacts)
    };
    let on_duty = people.iter().map(|one| OnDuty {
        staff: one.id,
        open_contacts: u64::try_from(held(one.id)).unwrap_or_default(),
        last_given: one.last_given.map(time),
    });
    let on_duty = on_duty.collect();
    let team = |one: staff::Model| Some((one.id, one.team?));
    Ok((on_duty, people.into_iter().filter_map(team).collect()))
}

fn acknowledgement<'a>(settings: &'a LineSettings, language: Option<&str>) -> Option<&'a String> {
    let texts = &settings.acknowledgement;
    let in_language = texts.iter().find(|(tag, _)| Some(tag.as_str()) == language);
    in_language.or(texts.first()).map(|(_, text)| text)
}
