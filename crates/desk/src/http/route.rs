//! The declaration of a route. One declaration provides the handler, the access check and the description in the OpenAPI document.

use std::collections::BTreeMap;

use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{Operation, Parameter, ParameterSchemaOrContent, ReferenceOr, SecurityRequirement, StatusCode},
    operation::OperationHandler,
};
use axum::{
    handler::Handler,
    http::Method,
    routing::{MethodRouter, get, post, put},
};
use hotline_core::staff::rights::Role;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{
    http::{
        access::{self, Access, needs_only_token},
        errors::describe_errors,
    },
    limits::LimitedRequest,
    state::Desk,
};

/// A route of the desk or the API.
pub struct Route {
    /// `GET`, `POST` or `PUT`.
    pub method: Method,
    /// The path; the parts in braces are parameters.
    pub path: String,
    /// The access requirement of the route.
    pub access: Access,
    handler: MethodRouter<Desk>,
    /// The description in the OpenAPI document; `None` for a route of the desk.
    description: Option<Description>,
}

/// The description of a route of the API.
struct Description {
    summary: &'static str,
    /// Adds the parameters, body, responses and errors to the operation. They are derived from the signature of the handler.
    describe_signature: fn(&mut GenContext, &mut Operation),
}

pub(crate) fn desk<H, T>(method: Method, path: &str, access: Access, handler: H) -> Route
where
    H: Handler<T, Desk>,
    T: 'static,
{
    Route {
        handler: on(&method, handler),
        method,
        path: format!("/desk{path}"),
        access,
        description: None,
    }
}

/// Declares a route outside the desk and the API, which everyone may use without a log-in.
pub(crate) fn open<H, T>(method: Method, path: &str, access: Access, handler: H) -> Route
where
    H: Handler<T, Desk>,
    T: 'static,
{
    Route {
        handler: on(&method, handler),
        method,
        path: path.to_owned(),
        access,
        description: None,
    }
}

pub(crate) fn api<H, T, I, O>(
    method: Method,
    path: &str,
    access: Access,
    handler: H,
    summary: &'static str,
) -> Route
where
    H: Handler<T, Desk> + OperationHandler<I, O>,
    T: 'static,
    I: OperationInput,
    O: OperationOutput,
{
    Route {
        handler: on(&method, handler),
        method,
        path: format!("/api/v1{path}"),
        access,
        description: Some(Description {
            summary,
            describe_signature: describe_signature::<I, O>,
        }),
    }
}

fn on<H, T>(method: &Method, handler: H) -> MethodRouter<Desk>
where
    H: Handler<T, Desk>,
    T: 'static,
{
    if method == Method::GET {
        get(handler)
    } else if method == Method::PUT {
        put(handler)
    } else {
        post(handler)
    }
}

impl Route {
    pub(crate) fn guarded(self, desk: &Desk) -> MethodRouter<Desk> {
        access::guarded(self.handler, desk, self.access)
    }

    /// Describes the route for the OpenAPI document. Returns `None` for a route of the desk, because the document covers only the API.
    pub(crate) fn describe(&self, ctx: &mut GenContext) -> Option<Operation> {
        let description = self.description.as_ref()?;
        // Operations are grouped by the first part of their path: `/api/v1/contacts/…` is in `contacts`.
        let group = self.path.split('/').nth(3).unwrap_or_default();
        let mut operation = Operation {
            tags: vec![group.to_owned()],
            summary: Some(description.summary.to_owned()),
            ..Operation::default()
        };
        (description.describe_signature)(ctx, &mut operation);
        self.describe_access(ctx, &mut operation);
        Some(operation)
    }

    fn describe_access(&self, ctx: &mut GenContext, operation: &mut Operation) {
        let who = match self.access {
            Access::Open => {
                // The document requires authentication for all operations. An empty security requirement overrides this for one operation.
                operation.security = vec![SecurityRequirement::default()];
                "Open to everyone, without a log-in.".to_owned()
            }
            Access::Anyone => "Open to every member of staff who is logged in.".to_owned(),
            Access::Lacks(step) => {
                add_errors(ctx, operation, &[403]);
                format!(
                    "Open only to a session whose log-in lacks the step `{}`.",
                    step.as_str()
                )
            }
            Access::May(right) => {
                let roles = Role::ALL.iter().filter(|role| role.may(right));
                let roles: Vec<&str> = roles.map(|role| role.as_str()).collect();
                operation
                    .extensions
                    .insert("x-right".to_owned(), format!("{right:?}").into());
                operation.extensions.insert("x-roles".to_owned(), json!(roles));
                add_errors(ctx, operation, &[403]);
                format!("Needs the right `{right:?}`. Roles: {}.", roles.join(", "))
            }
        };
        if self.access != Access::Open {
            add_errors(ctx, operation, &[401, 500]);
        }
        if LimitedRequest::of_route(&self.method, &self.path).is_some() {
            add_errors(ctx, operation, &[429]);
        }
        let token = if needs_only_token(self.access, &self.method, &self.path) {
            " A read-only token suffices."
        } else {
            ""
        };
        operation.description = Some(format!("{who}{token}"));
    }
}

/// Returns the generator for the schemas of responses. The generator collects the schemas as components of the OpenAPI document.
pub(crate) fn response_schemas() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// Returns the generator for the schemas of requests. The schemas are inlined, because the schema of a type can differ between requests and
/// responses.
fn request_schemas() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator()
}

fn describe_signature<I: OperationInput, O: OperationOutput>(
    ctx: &mut GenContext,
    operation: &mut Operation,
) {
    let responses = std::mem::replace(&mut ctx.schema, request_schemas());
    I::operation_input(ctx, operation);
    ctx.schema = responses;
    operation.parameters.iter_mut().for_each(remove_null);
    let mut found = O::inferred_responses(ctx, operation);
    found.extend(I::inferred_early_responses(ctx, operation));
    let found = found
        .into_iter()
        .filter_map(|(status, response)| Some((StatusCode::Code(status?), ReferenceOr::Item(response))));
    // A `BTreeMap` sorts the responses by status.
    let found: BTreeMap<_, _> = found.collect();
    operation
        .responses
        .get_or_insert_default()
        .responses
        .extend(found);
}

/// Removes `null` and the default from the schema of a parameter. A URL cannot contain `null`; it can only omit the parameter.
fn remove_null(parameter: &mut ReferenceOr<Parameter>) {
    let Some(parameter) = parameter.as_item_mut() else {
        return;
    };
    let ParameterSchemaOrContent::Schema(schema) = &mut parameter.parameter_data_mut().format else {
        return;
    };
    schema.json_schema.remove("default");
    let kinds = schema.json_schema.get("type").and_then(Value::as_array);
    let kind = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null").cloned());
    if let Some(kind) = kind {
        schema.json_schema.insert("type".to_owned(), kind);
    }
}

fn add_errors(ctx: &mut GenContext, operation: &mut Operation, statuses: &[u16]) {
    let responses = &mut operation.responses.get_or_insert_default().responses;
    for (status, response) in describe_errors(ctx, statuses) {
        let status = status.unwrap_or_default();
        responses.insert(StatusCode::Code(status), ReferenceOr::Item(response));
    }
}
