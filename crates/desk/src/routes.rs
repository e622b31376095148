//! All routes of the desk and the API. The declaration of a route states its method, path, access requirement and handler. The declaration
//! of an API route also has a summary. The other parts of the API description are derived from the signature of the handler.

use std::sync::LazyLock;

use aide::openapi::OpenApi;
use axum::{
    Router,
    http::{HeaderName, Method, header},
    middleware,
    response::IntoResponse,
    routing::get,
};
use hotline_core::staff::{factors::LogInStep, rights::Right};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::{
    abuse_material,
    account::{
        self, factors, invitation, login, notices, passkeys, password, preferences, provider, push,
        second_step, sessions,
    },
    admin::{
        lines, links, public_text,
        scheme::{self, draft, review},
        settings, staff, system, teams, texts,
    },
    audit, cases,
    contact::{actions, api, attachments, calls, canned, locks, macros, preview, reply, reveal, wrap_up},
    http::{access::Access, answers::Answer, errors, live, route, style_sheet::STYLE_SHEET},
    inbox::{self, bulk},
    openapi, outreach, queue, retention,
    routing::{self, duty, schedules},
    state::Desk,
    statistics::{self, drill_down, entries, files, late, narrative, returns, rows},
};

pub use crate::http::route::Route;

/// Declares routes. The first word of a declaration decides what precedes the declared path. After `desk`, the route is at `/desk` followed
/// by the path. After `api`, the route is at `/api/v1` followed by the path. After `both`, the handler serves two routes, one at each of
/// these places. After `open`, nothing precedes the path.
macro_rules! routes {
    ($($place:ident $method:ident $path:literal $access:expr, $handler:expr $(, $summary:literal)?;)*) => {{
        let declared = [$(routes!(@$place Method::$method, $path, $access, $handler $(, $summary)?)),*];
        declared.into_iter().flatten().collect()
    }};
    (@desk $method:expr, $path:expr, $access:expr, $handler:expr) => {
        vec![route::desk($method, $path, $access, $handler)]
    };
    (@open $method:expr, $path:expr, $access:expr, $handler:expr) => {
        vec![route::open($method, $path, $access, $handler)]
    };
    (@api $method:expr, $path:expr, $access:expr, $handler:expr, $summary:expr) => {
        vec![route::api($method, $path, $access, $handler, $summary)]
    };
    (@both $method:expr, $path:expr, $access:expr, $handler:expr, $summary:expr) => {
        vec![
            route::desk($method, $path, $access, $handler),
            route::api($method, $path, $access, $handler, $summary),
        ]
    };
}

/// Returns all routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    [
        account_routes(),
        administration_routes(),
        routing_routes(),
        contact_routes(),
        case_routes(),
        statistics_routes(),
        outreach_routes(),
        retention_routes(),
        abuse_material_routes(),
        #[cfg(feature = "demo")]
        demo_routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn account_routes() -> Vec<Route> {
    use Access::{Anyone, Lacks, May, Open};
    use LogInStep::{Code, Enrol};
    use Right::{ReadContacts, RunAgain, SeeQueue, WorkOnContacts};

    routes! {
        desk GET "/login" Open, login::page;
        desk POST "/login" Open, login::log_in;
        desk POST "/login/provider" Open, provider::begin;
        desk GET "/login/provider/return" Open, provider::come_back;
        desk GET "/login/provider/finish" Open, provider::finish;
        desk POST "/login/provider/log-out" Open, provider::log_out;
        desk POST "/login/passkey" Open, passkeys::log_in;
        desk GET "/login/code" Lacks(Code), second_step::code_page;
        desk POST "/login/code" Lacks(Code), second_step::check_code;
        desk POST "/login/code/passkey" Lacks(Code), passkeys::check;
        desk GET "/login/enrol" Lacks(Enrol), second_step::enrol_page;
        desk POST "/login/enrol" Lacks(Enrol), second_step::enrol;
        desk POST "/login/enrol/passkey" Lacks(Enrol), passkeys::enrol;
        desk POST "/logout" Anyone, login::log_out;
        api POST "/session" Open, account::api::log_in, "Log in";
        api POST "/session/passkey/begin" Open, passkeys::begin_log_in_json, "Get a challenge for a passkey";
        api POST "/session/passkey" Open, passkeys::log_in_json, "Log in with a passkey alone";
        api POST "/session/code" Lacks(Code), second_step::check_code_json, "Complete a log-in with a code of the second factor";
        api POST "/session/code/passkey/begin" Lacks(Code), passkeys::begin_check_json, "Get a challenge for the passkeys of the account";
        api POST "/session/code/passkey" Lacks(Code), passkeys::check_json, "Complete a log-in with a passkey";
        api POST "/session/enrol/passkey/begin" Lacks(Enrol), passkeys::offer_json, "Get a challenge for a new passkey";
        api POST "/session/enrol/passkey" Lacks(Enrol), passkeys::enrol_json, "Add a passkey, and complete the log-in";
        api POST "/session/enrol/begin" Lacks(Enrol), second_step::offer_json, "Get a secret for an app, if the role needs a second factor";
        api POST "/session/enrol" Lacks(Enrol), second_step::enrol_json, "Set up the app, and complete the log-in";
        api POST "/session/end" Anyone, account::api::log_out, "Log out";
        api GET "/me" Anyone, preferences::show_me, "The member of staff who is logged in";
        desk GET "/invitation" Open, invitation::page;
        both POST "/invitation/open" Open, invitation::open, "A one-time link with which a person chooses a password";
        both POST "/invitation/accept" Open, invitation::accept, "Choose a password with a one-time link, and log in";
        desk GET "/invitation/{secret}" Open, invitation::explain_old_link;
        desk GET "/me" Anyone, sessions::page;
        api GET "/me/sessions" Anyone, sessions::list, "Your sessions";
        both POST "/me/sessions/{session}/end" Anyone, sessions::end, "End a session of yours";
        both POST "/me/sessions/end-others" Anyone, sessions::end_others, "End all your other sessions";
        desk GET "/me/password" Anyone, password::page;
        both POST "/me/password" Anyone, password::change, "Change your own password";
        api GET "/me/notices" Anyone, notices::show, "The address to which notices about your account go";
        both POST "/me/notices" Anyone, notices::set, "Change the address to which notices about your account go";
        both GET "/me/factors" Anyone, factors::show, "Your second factors";
        both POST "/me/factors/totp/begin" Anyone, factors::begin, "Get a secret for an authenticator app";
        both POST "/me/factors/totp" Anyone, factors::enrol, "Set up the app, in place of an earlier one";
        both POST "/me/factors/remove" Anyone, factors::remove, "Remove your authenticator app";
        both POST "/me/factors/passkeys/begin" Anyone, passkeys::begin, "Get a challenge for a new passkey";
        both POST "/me/factors/passkeys" Anyone, passkeys::add, "Add a passkey";
        both POST "/me/factors/passkeys/remove" Anyone, passkeys::remove, "Remove a passkey of yours";
        both POST "/me/factors/recovery-codes" Anyone, factors::renew_codes, "Make ten new recovery codes";
        desk POST "/me/identity/connect" Anyone, provider::connect;
        desk GET "/me/identity/finish" Anyone, provider::finish_connecting;
        both POST "/me/identity/disconnect" Anyone, provider::disconnect, "Disconnect the identity of the identity provider from your account";
        api GET "/me/push" May(WorkOnContacts), push::show, "Whether your device is notified while no page of the desk is open";
        api POST "/me/push" May(WorkOnContacts), push::subscribe, "Let your device be notified until your session ends";
        api POST "/me/push/end" May(WorkOnContacts), push::unsubscribe, "Notify your device no longer";
        both POST "/preferences" Anyone, preferences::set_preferences, "Choose language, colours, sound and keys";
        both POST "/saved" May(ReadContacts), preferences::save_view, "Save a view with filters, or delete one";
        desk GET "" Anyone, inbox::page::front;
        desk GET "/live" Anyone, live::live;
        desk GET "/queue" May(SeeQueue), queue::page;
        api GET "/queue" May(SeeQueue), queue::show, "Undelivered replies and parked jobs";
        desk POST "/queue/again" May(RunAgain), queue::run_again;
        desk GET "/{*nothing}" Anyone, errors::not_found;
        api GET "/openapi.json" Open, show_description, "This description";
        api GET "/docs" Open, openapi::show_page, "A page that shows this description";
    }
}

fn administration_routes() -> Vec<Route> {
    use Access::May;
    use Right::{EditScheme, ManageStaff, OperateService, ReadAudit};

    routes! {
        both GET "/audit" May(ReadAudit), audit::list, "The audit: who did what, newest first";
        both POST "/audit/verify" May(ReadAudit), audit::verify, "Look for entries of the audit that were changed, removed or added";
        both GET "/admin/staff" May(ManageStaff), staff::list, "All accounts";
        both POST "/admin/staff" May(ManageStaff), links::invite, "Add an account, and make the one-time link for its password";
        both GET "/admin/staff/{id}" May(ManageStaff), staff::show, "An account";
        both POST "/admin/staff/{id}" May(ManageStaff), staff::change, "Change the display name, the role or the team of an account";
        both POST "/admin/staff/{id}/reset" May(ManageStaff), links::reset, "Replace a password by a one-time link";
        both POST "/admin/staff/{id}/reset-factors" May(ManageStaff), staff::reset_factors, "Remove the second factors of an account";
        both POST "/admin/staff/{id}/disconnect-identity" May(ManageStaff), staff::disconnect_identity, "Disconnect the identity of the identity provider from an account";
        both POST "/admin/staff/{id}/disable" May(ManageStaff), staff::disable, "Disable an account";
        both POST "/admin/staff/{id}/enable" May(ManageStaff), staff::enable, "Enable a disabled account";
        both POST "/admin/staff/{id}/end-sessions" May(ManageStaff), staff::end_sessions, "End all sessions of an account";
        both POST "/admin/teams/rename" May(ManageStaff), teams::rename, "Rename a team, with its members, contacts and shifts";
        desk GET "/admin/system" May(OperateService), system::page;
        api GET "/admin/system" May(OperateService), system::show, "The lines, the disk, the queue and the versions";
        both POST "/admin/lines/{line}/test" May(OperateService), lines::test::test_line, "Test everything that a line needs";
        both GET "/admin/lines" May(OperateService), lines::list, "All lines, and the settings of each channel";
        desk POST "/admin/lines" May(OperateService), lines::change;
        desk GET "/admin/connect/{channel}" May(OperateService), lines::connect;
        both GET "/admin/lines/{line}" May(OperateService), lines::show, "A line with its settings, without secrets";
        api PUT "/admin/lines/{line}" May(OperateService), lines::put, "Connect a line, or change its settings";
        both POST "/admin/lines/{line}/pause" May(OperateService), lines::pause, "Pause a line: it receives nothing, but still sends replies";
        both POST "/admin/lines/{line}/resume" May(OperateService), lines::resume, "Resume a paused line";
        both GET "/admin/settings" May(OperateService), settings::show, "The settings in force, without secrets";
        both GET "/admin/scheme" May(EditScheme), scheme::show, "The wrap-up questions in force, with their versions";
        both POST "/admin/scheme/draft" May(EditScheme), draft::begin, "Begin a draft of the next version of the wrap-up questions";
        both GET "/admin/scheme/draft" May(EditScheme), draft::show, "The draft of the next version, with what it would change";
        both POST "/admin/scheme/draft/edit" May(EditScheme), draft::edit, "Change a question or an answer of the draft";
        both POST "/admin/scheme/draft/discard" May(EditScheme), draft::discard, "Discard the draft";
        both POST "/admin/scheme/draft/put-in-force" May(EditScheme), review::put_in_force, "Put the draft into force";
        desk GET "/admin/scheme/questions/{question}" May(EditScheme), draft::show_question;
        desk GET "/admin/scheme/review" May(EditScheme), review::show;
        both GET "/admin/texts" May(OperateService), texts::show, "The texts in force: the centre, canned replies, the classification";
        both GET "/admin/texts/{text}" May(OperateService), public_text::show, "A text for the public, with its versions";
        desk POST "/admin/texts/{text}" May(OperateService), public_text::change;
        api PUT "/admin/texts/{text}" May(OperateService), public_text::put, "Replace a text for the public, or put the text of the settings back";
        api POST "/admin/texts/{text}/preview" May(OperateService), public_text::preview, "A text for the public as people would see it";
    }
}

fn routing_routes() -> Vec<Route> {
    use Access::{May, Open};
    use Right::{SeeRouting, TakeDuty};
    use routing::{alarm, api, calendar, hours, page, reading, shifts, skills};

    routes! {
        both POST "/duty" May(TakeDuty), duty::set_duty, "Go on duty or off";
        both POST "/break" May(TakeDuty), duty::set_break, "Begin or end a break, in which you get no contacts automatically";
        both POST "/talk" May(TakeDuty), duty::want_talk, "Say that you want a talk with a supervisor, or want none any more";
        both POST "/contacts/next" May(TakeDuty), duty::take_next, "Take the next contact of the queue";
        both POST "/contacts/{reference}/decline" May(TakeDuty), duty::decline, "Decline a contact that is on offer to you";

        desk GET "/routing" May(SeeRouting), page::page;
        api GET "/routing" May(SeeRouting), api::show_routing, "The queue, the counsellors and the recent decisions";
        both POST "/routing/skills/{id}" May(SeeRouting), skills::set_skills, "Record what a counsellor can do";
        both POST "/routing/talks/{id}" May(SeeRouting), duty::note_talk, "Note that you talked with a colleague who wanted a talk";
        both POST "/routing/move" May(SeeRouting), skills::move_work, "Move the whole open work of a counsellor";

        both GET "/routing/reading" May(SeeRouting), reading::list, "What colleagues read in the last 24 hours, and what of it is unusual";
        desk GET "/alarms" May(SeeRouting), alarm::page;
        api GET "/alarms" May(SeeRouting), alarm::list, "The history of alarms, with everybody who was told";
        both POST "/alarms/test" May(SeeRouting), alarm::send_test, "Send a test alarm to all recipients";

        desk GET "/routing/hours" May(SeeRouting), hours::page;
        desk POST "/routing/hours" May(SeeRouting), hours::save;
        api GET "/hours" May(SeeRouting), schedules::show_hours, "The opening hours of a line or of the whole centre";
        api PUT "/hours" May(SeeRouting), schedules::put_hours, "Replace opening hours";

        desk GET "/routing/shifts" May(TakeDuty), shifts::page;
        desk POST "/routing/shifts" May(SeeRouting), shifts::change;
        api GET "/shifts" May(TakeDuty), schedules::show_shifts, "The shift plan";
        api PUT "/shifts" May(SeeRouting), schedules::put_shifts, "Replace the shift plan";
        both POST "/routing/swaps" May(TakeDuty), schedules::ask_swap, "Ask to give a shift of yours to a colleague";
        both POST "/routing/swaps/{id}" May(SeeRouting), schedules::decide_swap, "Confirm or decline a swap";
        both POST "/routing/calendar" May(TakeDuty), calendar::renew, "Make the address of your calendar, in place of an earlier one";
        both POST "/routing/calendar/revoke" May(TakeDuty), calendar::revoke, "Revoke the address of your calendar";
        open GET "/calendar/{file}" Open, calendar::feed;
    }
}

fn contact_routes() -> Vec<Route> {
    use Access::May;
    use Right::{ReadContacts, WorkOnContacts};
    let (read, work) = (May(ReadContacts), May(WorkOnContacts));

    routes! {
        desk GET "/inbox" read, inbox::page::list;
        api GET "/inbox" read, inbox::api::list, "A page of a view of the inbox";
        desk POST "/search" read, inbox::search::search;
        api POST "/search" read, inbox::search::search_json, "Search contacts by their messages, references or identifiers";
        api GET "/colleagues" read, inbox::api::list_colleagues, "Who works on contacts, and who of them is on duty";
        api GET "/scheme" read, wrap_up::show_scheme, "The classification scheme";
        both POST "/several" work, bulk::act_on_many, "Do the same to several contacts";

        desk GET "/log" work, calls::form;
        desk POST "/log" work, calls::save;
        api POST "/log" work, calls::log_call, "Log a call";

        both GET "/canned" read, canned::list, "The canned replies and macros that you may use";
        desk GET "/canned/{id}" work, canned::form;
        both POST "/canned" work, canned::write, "Write a canned reply or a macro";
        both POST "/canned/{id}/delete" work, canned::delete, "Delete a canned reply or a macro";
        api GET "/contacts/{reference}/canned" read, canned::fill_for_contact, "Canned replies, filled in for this contact";
        desk GET "/contacts/{reference}/macros/{id}" work, macros::preview;
        both POST "/contacts/{reference}/macros/{id}" work, macros::apply, "Apply a macro to a contact";

        desk GET "/contacts/{reference}" read, inbox::page::contact;
        api GET "/contacts/{reference}" read, api::show_contact, "A contact";
        desk GET "/contacts/{reference}/messages/{id}/source" read, attachments::download_source;
        desk GET "/contacts/{reference}/attachments/{id}" read, attachments::download_attachment;
        desk GET "/contacts/{reference}/attachments/{id}/look" read, attachments::preview;

        both POST "/contacts/{reference}/reply" work, reply::reply, "Reply to the person";
        both POST "/contacts/{reference}/note" work, reply::note, "Write an internal note";
        both POST "/contacts/{reference}/preview" work, preview::preview, "Show a reply as the person will see it";
        both POST "/contacts/{reference}/draft" work, reply::keep_draft, "Keep the draft of a reply or note";
        both POST "/contacts/{reference}/here" work, reply::report_presence, "Tell colleagues that you are reading or writing";
        both POST "/contacts/{reference}/messages/{id}/undo" work, reply::undo, "Take back a reply before it is sent";
        both POST "/contacts/{reference}/messages/{id}/again" work, actions::send_again, "Send a failed reply again";
        both POST "/contacts/{reference}/messages/{id}/pin" work, actions::pin, "Keep a note beside every contact of its person, or only here";
        both POST "/contacts/{reference}/attachments/{id}/fetch" work, actions::fetch_attachment, "Fetch a file from its platform";
        both POST "/contacts/{reference}/reveal" work, reveal::reveal, "Show the identifier and the name of the person for 15 minutes";
        both POST "/contacts/{reference}/attachments/{id}/lock" work, locks::lock, "Lock a file as suspected abuse material";
        both POST "/contacts/{reference}/claim" work, actions::claim, "Assign a contact to yourself";
        both POST "/contacts/{reference}/give-back" work, actions::give_back, "Give a contact back";
        both POST "/contacts/{reference}/ask-for-files" work, actions::ask_for_files, "Ask the person for files";
        both POST "/contacts/{reference}/close" work, actions::close, "Close a contact, with a reason if its person waits for a reply";
        both POST "/contacts/{reference}/reopen" work, actions::reopen, "Reopen a contact";
        both POST "/contacts/{reference}/hand-over" work, actions::hand_over, "Hand a contact over";
        both POST "/contacts/{reference}/ask-for" work, actions::ask_for, "Ask the assignee to hand a contact over to you";
        both POST "/contacts/{reference}/snooze" work, actions::snooze, "Hide a contact for a time";
        both POST "/contacts/{reference}/block" work, actions::block, "Block the identifier of a contact for a time, or unblock it";
        both POST "/contacts/{reference}/link" work, actions::link, "Link two contacts, or remove the link";
        both POST "/contacts/{reference}/follow" work, actions::follow, "Follow or unfollow a contact";
        both POST "/contacts/{reference}/mark" work, actions::mark, "Mark a contact as spam, test or duplicate, or remove the marking";
        both POST "/contacts/{reference}/wrap-up" work, wrap_up::wrap_up, "Classify a contact, and close it";
    }
}

fn case_routes() -> Vec<Route> {
    use Access::May;
    use Right::{ReadContacts, WorkOnContacts};
    use cases::{actions, letter, page};
    let (read, work) = (May(ReadContacts), May(WorkOnContacts));

    routes! {
        both GET "/cases" read, cases::list::list, "Cases, the newest first, and the referrals that wait for you";
        both GET "/cases/{id}" read, page::show_case, "A case";
        both POST "/contacts/{reference}/case" work, actions::form_case, "Form a case, or add to one";
        both POST "/cases/{id}/contacts" work, actions::add_contact, "Add a contact to a case";
        both POST "/cases/{id}/summary" work, actions::describe, "Write the summary of a case";
        both POST "/cases/{id}/additions" work, actions::add, "Add a signed text to a case";
        both POST "/cases/{id}/take-over" work, actions::take_over, "Become the owner of a case, with a reason";
        both POST "/cases/{id}/close" work, actions::close, "Close a case, or reopen it";
        both POST "/cases/{id}/tell/{reference}" work, actions::draft_news, "Draft a reply that tells what was done";
        both POST "/cases/{id}/referrals" work, actions::propose_referral, "Propose to forward a case to an institution";
        both POST "/cases/{id}/referrals/{referral}" work, actions::note_outcome, "Record the days and the outcome of a referral";
        both GET "/cases/{id}/referrals/{referral}/letter" read, letter::show_letter, "The letter to the institution";
        both GET "/cases/{id}/referrals/{referral}/letter/pdf" read, letter::download_letter, "The letter to the institution as a PDF";
        both POST "/cases/{id}/referrals/{referral}/confirm" work, actions::confirm_referral, "Confirm a referral that a colleague proposed";
        both POST "/cases/{id}/referrals/{referral}/return" work, actions::return_referral, "Return a referral for changes, with a reason";
        both POST "/cases/{id}/referrals/{referral}/withdraw" work, actions::withdraw_referral, "Withdraw a referral that is not confirmed";
    }
}

fn statistics_routes() -> Vec<Route> {
    use Access::May;
    use Right::{EnterAdjustments, ReadContacts, ReadStatistics};
    use statistics::page;

    routes! {
        desk GET "/statistics" May(ReadStatistics), page::page;
        api GET "/statistics/totals" May(ReadStatistics), page::totals, "The registered-communications total";
        api GET "/statistics/figures" May(ReadStatistics), files::breakdown, "The total by one or two dimensions";
        api GET "/statistics/report" May(ReadStatistics), files::report, "The report of a period";
        desk GET "/statistics/narrative" May(ReadStatistics), narrative::show_narrative;
        api GET "/statistics/narrative" May(ReadStatistics), narrative::download_narrative, "The report of a period as a document (DOCX)";
        api GET "/statistics/sentences" May(ReadStatistics), page::sentences, "The sentences of an annual report";
        api GET "/statistics/rows" May(ReadStatistics), rows::download_rows, "Registered communications one by one, as CSV";
        both GET "/statistics/late" May(ReadContacts), late::list, "The contacts whose reply missed its target";
        both GET "/statistics/contacts" May(ReadContacts), drill_down::list, "The contacts that a figure counts";
        api GET "/statistics/returns" May(ReadStatistics), returns::list, "The returns that can be filled in";
        desk GET "/statistics/returns/{name}" May(ReadStatistics), returns::show_return;
        api GET "/statistics/returns/{name}" May(ReadStatistics), returns::download_return, "A return, filled in";
        api GET "/statistics/entries" May(ReadStatistics), entries::list, "Figures that were entered";
        both POST "/statistics/entries" May(EnterAdjustments), entries::enter, "Enter an opening balance or a correction";
        both POST "/statistics/entries/{id}/withdraw" May(EnterAdjustments), entries::withdraw, "Withdraw an entered figure";
        both POST "/statistics/entries/import" May(EnterAdjustments), entries::import, "Import an old register, or check it first";
        api GET "/statistics/tokens" May(EnterAdjustments), entries::list_tokens, "Read-only tokens";
        both POST "/statistics/tokens" May(EnterAdjustments), entries::make_token, "Make a read-only token";
        both POST "/statistics/tokens/{id}/end" May(EnterAdjustments), entries::end_token, "Revoke a token";
    }
}

fn outreach_routes() -> Vec<Route> {
    use Access::May;
    use Right::{EditOutreach, ReadStatistics};

    routes! {
        both GET "/outreach" May(ReadStatistics), outreach::list, "Events of a period, and their totals";
        both POST "/outreach" May(EditOutreach), outreach::write_event, "Write an event";
        api GET "/outreach/schools" May(ReadStatistics), outreach::list_schools, "Schools and other institutions";
        both POST "/outreach/schools" May(EditOutreach), outreach::add_school, "Add a school";
        both POST "/outreach/merge" May(EditOutreach), outreach::merge_schools, "Merge two records of a school";
        api GET "/outreach/educators" May(EditOutreach), outreach::list_educators, "Peer educators";
        both POST "/outreach/educators" May(EditOutreach), outreach::write_educator, "Write a peer educator";
    }
}

fn retention_routes() -> Vec<Route> {
    use Access::May;
    use Right::{PlaceHolds, SeeRetention};
    use retention::{evidence, export, holds, person, record};

    routes! {
        // Administrators see the rules and the numbers, and no reference.
        desk GET "/retention" May(SeeRetention), retention::page;
        api GET "/retention" May(SeeRetention), retention::show, "The rules of retention, and what they erase in the next 30 days";
        both GET "/retention/record" May(SeeRetention), record::show, "The record of processing activities (GDPR article 30), from the settings";
        both GET "/retention/protocol" May(SeeRetention), retention::download_protocol, "The protocol of what was erased, as CSV";

        // A hold outranks the rules, and its reason is content, so only supervisors read and change holds.
        both GET "/contacts/{reference}/holds" May(PlaceHolds), holds::of_contact, "The legal holds on a contact";
        both POST "/contacts/{reference}/holds" May(PlaceHolds), holds::place_on_contact, "Place a legal hold on a contact";
        both POST "/contacts/{reference}/holds/{id}/lift" May(PlaceHolds), holds::lift_from_contact, "Lift a legal hold from a contact";
        both GET "/contacts/{reference}/erase-person" May(PlaceHolds), person::preview, "What erasing the person of a contact erases";
        both POST "/contacts/{reference}/export-person" May(PlaceHolds), export::export, "What is kept about the person of a contact, unmasked";
        both POST "/contacts/{reference}/erase-person" May(PlaceHolds), person::erase, "Erase all contacts of the person of a contact";
        // Evidence leaves the centre only with two supervisors.
        both GET "/contacts/{reference}/evidence" May(PlaceHolds), evidence::list, "The exports of the evidence in a contact";
        both POST "/contacts/{reference}/evidence" May(PlaceHolds), evidence::propose, "Propose to export the evidence in a contact";
        both POST "/contacts/{reference}/evidence/{id}/withdraw" May(PlaceHolds), evidence::withdraw, "Withdraw the proposed export";
        both POST "/contacts/{reference}/evidence/{id}/confirm" May(PlaceHolds), evidence::confirm, "Confirm the export that another supervisor proposed, and get the package";
        both GET "/cases/{id}/holds" May(PlaceHolds), holds::of_case, "The legal holds on a case";
        both POST "/cases/{id}/holds" May(PlaceHolds), holds::place_on_case, "Place a legal hold on a case and all its contacts";
        both POST "/cases/{id}/holds/{hold}/lift" May(PlaceHolds), holds::lift_from_case, "Lift a legal hold from a case";
    }
}

fn abuse_material_routes() -> Vec<Route> {
    use Access::May;
    use Right::{DecideLockedFiles, PlaceHolds};

    routes! {
        // Managers see what was locked and decide with a supervisor, and see no reference.
        both GET "/locked-files" May(DecideLockedFiles), abuse_material::list, "The files that are or were locked as suspected abuse material";
        both POST "/locked-files/{id}/propose" May(DecideLockedFiles), abuse_material::propose, "Propose what happens to a locked file";
        both POST "/locked-files/{id}/confirm" May(DecideLockedFiles), abuse_material::confirm, "Confirm the decision that another person proposed, and carry it out";
        both POST "/locked-files/{id}/withdraw" May(DecideLockedFiles), abuse_material::withdraw, "Withdraw the proposed decision";
        // The protocol names the contact, so readers also need the right to read contacts.
        both GET "/locked-files/{id}/protocol" May(PlaceHolds), abuse_material::download_protocol, "The protocol of a locked file, as PDF";
    }
}

#[cfg(feature = "demo")]
fn demo_routes() -> Vec<Route> {
    routes! {
        desk GET "/styleguide" Access::Anyone, crate::styleguide::show;
    }
}

/// The description of the API. All readers get the same description, so it is generated once.
static DESCRIPTION: LazyLock<OpenApi> = LazyLock::new(|| openapi::describe(&routes()));

/// `GET /api/v1/openapi.json`: returns the description of the API.
async fn show_description() -> Answer<DescriptionJson> {
    Answer::Json(DescriptionJson(&DESCRIPTION))
}

/// An OpenAPI document.
#[derive(Serialize)]
struct DescriptionJson(&'static OpenApi);

/// Describes the document only as a JSON object, because the authors of OpenAPI publish the full schema.
impl JsonSchema for DescriptionJson {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OpenApi".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "description": "An OpenAPI 3.1 document." })
    }
}

/// Pairs the URL of a file in `assets` with the text of the file. The URL contains the folders of the file, so that JavaScript modules can
/// import each other by relative path.
macro_rules! asset {
    ($path:literal) => {
        (
            concat!("/assets/", $path),
            include_str!(concat!("../assets/", $path)),
        )
    };
}

const ASSETS: [(&str, &str); 30] = [
    ("/assets/http/desk.css", STYLE_SHEET),
    asset!("http/desk.webmanifest"),
    asset!("http/icon.svg"),
    asset!("http/icons.svg"),
    asset!("http/desk.js"),
    asset!("http/navigation.js"),
    asset!("http/session.js"),
    asset!("http/parts.js"),
    asset!("http/refresh.js"),
    asset!("http/submit.js"),
    asset!("http/page.js"),
    asset!("http/morph.js"),
    asset!("http/keys.js"),
    asset!("routing/away.js"),
    asset!("http/dialog.js"),
    asset!("http/refusal.js"),
    asset!("http/api_docs.js"),
    asset!("contact/drafts.js"),
    asset!("admin/admin.js"),
    asset!("contact/wrap_up.js"),
    asset!("contact/clock.js"),
    asset!("contact/composer.js"),
    asset!("contact/canned.js"),
    asset!("contact/presence.js"),
    asset!("account/invitation.js"),
    asset!("account/passkeys.js"),
    asset!("account/push.js"),
    asset!("inbox/notification.js"),
    asset!("inbox/search.js"),
    asset!("statistics/index.js"),
];

/// The service worker, which shows notifications while no page of the desk is open. The address of a service worker limits the pages that
/// it serves, so it is not below `/assets`. The header lets it serve `/desk` itself.
async fn push_worker() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("service-worker-allowed"), "/desk"),
    ];
    (headers, include_str!("../assets/account/push_worker.js"))
}

/// Builds the router of the desk and the API.
pub fn router(desk: Desk) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let path = route.path.clone();
        router = router.route(&path, route.guarded(&desk));
    }
    let mut assets = openapi::assets().route("/desk/push.js", get(push_worker));
    for (path, text) in ASSETS {
        let kind = match path.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml; charset=utf-8",
            Some("webmanifest") => "application/manifest+json",
            Some(_) | None => "text/javascript; charset=utf-8",
        };
        let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
        assets = assets.route(path, get(move || async move { (headers, text) }));
    }
    router
        .layer(middleware::from_fn_with_state(desk.clone(), errors::render_error))
        .with_state(desk)
        .merge(assets)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::limits::{LIMITED_ROUTES, LimitedRequest};

    fn description() -> Value {
        serde_json::to_value(&*DESCRIPTION).unwrap()
    }

    #[test]
    fn every_address_of_the_api_is_described_and_no_other() {
        let description = description();
        let paths = description["paths"].as_object().unwrap().iter();
        let described: BTreeSet<_> = paths
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        let served: BTreeSet<_> = routes()
            .into_iter()
            .map(|route| (route.method.to_string(), route.path))
            .filter(|(_, path)| path.starts_with("/api/"))
            .collect();
        assert_eq!(described, served);
    }

    #[test]
    fn every_limited_route_is_declared_and_describes_its_refusal() {
        let description = description();
        for (method, path, _) in &LIMITED_ROUTES {
            let found = routes().into_iter().filter(|route| {
                let is_limited = LimitedRequest::of_route(&route.method, &route.path).is_some();
                is_limited && route.method == *method && route.path.ends_with(path)
            });
            let found: Vec<String> = found.map(|route| route.path).collect();
            assert!(!found.is_empty(), "{method} {path}");
            for path in found.iter().filter(|path| path.starts_with("/api/")) {
                let operation = &description["paths"][path][method.as_str().to_lowercase()];
                assert!(operation["responses"]["429"].is_object(), "{method} {path}");
            }
        }
    }

    #[test]
    fn every_operation_describes_its_response_its_errors_and_its_right() {
        let description = description();
        for route in routes().iter().filter(|route| route.path.starts_with("/api/")) {
            let method = route.method.as_str().to_lowercase();
            let operation = &description["paths"][&route.path][&method];
            let place = format!("{method} {}", route.path);
            let responses = operation["responses"].as_object().unwrap();
            let success = responses.get("200").map(|response| &response["content"]);
            assert!(success.is_some() != responses.contains_key("204"), "{place}");
            for content in success
                .into_iter()
                .flat_map(|content| content.as_object().unwrap().values())
            {
                let schema = resolve(&description, &content["schema"]);
                assert!(
                    schema["type"] == "object" || schema["type"] == "string",
                    "{place}: {schema}"
                );
            }
            match route.access {
                Access::Open => assert_eq!(operation["security"], serde_json::json!([{}]), "{place}"),
                Access::Anyone => assert!(responses.contains_key("401"), "{place}"),
                Access::Lacks(_) => {
                    assert!(
                        responses.contains_key("401") && responses.contains_key("403"),
                        "{place}"
                    );
                }
                Access::May(right) => {
                    assert_eq!(operation["x-right"], format!("{right:?}"), "{place}");
                    assert!(
                        responses.contains_key("401") && responses.contains_key("403"),
                        "{place}"
                    );
                }
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|one| one["in"] == "path").count();
            assert_eq!(in_path, route.path.matches('{').count(), "{place}");
            if route.method != Method::GET {
                let body = &operation["requestBody"]["content"]["application/json"]["schema"];
                assert_eq!(body["additionalProperties"], false, "{place}");
                assert!(responses.contains_key("413"), "{place}");
            }
        }
    }

    fn resolve<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(place) => description.pointer(place.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    #[test]
    fn every_schema_is_found_where_it_is_named() {
        let description = description();
        let text = description.to_string();
        let named: BTreeSet<_> = text.split("\"$ref\":\"").skip(1).collect();
        assert!(named.len() > 20, "schemas are shared");
        for place in named {
            let place = place.split('"').next().unwrap();
            assert!(
                description.pointer(place.trim_start_matches('#')).is_some(),
                "{place}"
            );
        }
    }
}
