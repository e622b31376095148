//! The extractor for actions on a contact, and the response to an action.

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{Operation, Response},
};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use hotline_core::identifiers::reference::Reference;
use hotline_store::{inbox::list::View, staff::accounts::StaffMember};

use crate::{
    contact::{
        api::ContactJson,
        open::{open_contact, parse_reference},
    },
    http::{
        access::{Arrival, Who},
        answers::Answer,
        errors::PageError,
        extractors::{ContactPath, ResponseFormat},
        flash::Flash,
    },
    state::Desk,
};

/// The response to an action on a contact. An API request gets the contact as JSON, and a form gets a redirect to the contact's page.
pub(crate) type ContactAnswer = Result<Answer<ContactJson>, PageError>;

/// An action of a member of staff on a contact. `Body` is the extractor for the request body.
pub(crate) struct ContactAction<Body> {
    pub desk: Desk,
    pub me: StaffMember,
    pub format: ResponseFormat,
    pub reference: Reference,
    pub form: Body,
}

impl<Body> ContactAction<Body> {
    /// Returns the response to the action: the contact as JSON or, for a form, a redirect to the contact's page. The page shows the inbox
    /// view `view` beside the contact, and the message.
    pub(crate) async fn respond(&self, view: &str, flash: Flash) -> ContactAnswer {
        answer_with_contact(&self.desk, &self.me, self.format, self.reference, view, flash).await
    }
}

/// Returns the contact as JSON or, for a form, a redirect to the contact's page. The page shows the inbox view `view` beside the contact,
/// and the message.
pub(crate) async fn answer_with_contact(
    desk: &Desk,
    me: &StaffMember,
    format: ResponseFormat,
    reference: Reference,
    view: &str,
    flash: Flash,
) -> ContactAnswer {
    match format {
        ResponseFormat::Json => {
            let contact = open_contact(desk, me, reference, Arrival::Own).await?;
            Ok(Answer::Json(ContactJson::new(desk, contact)))
        }
        ResponseFormat::Page => {
            let view = View::parse(view).unwrap_or(View::Mine);
            // A counsellor who handed the contact to another team may not read it any more.
            let page = match desk.store.may_read_contact(me, reference).await? {
                true => format!("/desk/contacts/{reference}?view={}", view.as_str()),
                false => format!("/desk/inbox?view={}", view.as_str()),
            };
            Ok(Answer::redirect(&page, flash))
        }
    }
}

impl<Body: FromRequest<Desk, Rejection = PageError>> FromRequest<Desk> for ContactAction<Body> {
    type Rejection = PageError;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let Who(me) = Who::from_request_parts(&mut parts, desk)
            .await
            .map_err(|_| PageError::NotLoggedIn)?;
        let Ok(format) = ResponseFormat::from_request_parts(&mut parts, desk).await;
        let Path(ContactPath { reference }) = Path::from_request_parts(&mut parts, desk)
            .await
            .map_err(|_| PageError::NotFound)?;
        let form = Body::from_request(Request::from_parts(parts, body), desk).await?;
        Ok(Self {
            desk: desk.clone(),
            me,
            format,
            reference: parse_reference(&reference)?,
            form,
        })
    }
}

impl<Body: OperationInput> OperationInput for ContactAction<Body> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Path::<ContactPath>::operation_input(ctx, operation);
        Body::operation_input(ctx, operation);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<u16>, Response)> {
        Body::inferred_early_responses(ctx, operation)
    }
}
