//! Code shared by pages and API calls: access rights, extractors, errors, the page frame, the live stream and OpenAPI.

pub mod access;
pub(crate) mod answers;
pub(crate) mod danger;
pub(crate) mod errors;
pub(crate) mod extractors;
pub(crate) mod flash;
pub(crate) mod live;
pub(crate) mod page;
pub(crate) mod problems;
pub mod route;
pub(crate) mod style_sheet;
