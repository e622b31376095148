//! Shifts as a calendar to which a calendar program can subscribe (iCalendar, RFC 5545).

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Class, Component, Event, EventLike, Property};
use uuid::Uuid;

use crate::time::shifts::PlannedShift;

/// The program that wrote a calendar (RFC 5545, section 3.7.3).
const PRODUCT: &str = "-//Hotline//Shift plan//EN";

/// Renders the shifts of a member of staff as a calendar. `name` is the title of the calendar and of each shift, `staff` the person's id,
/// and `now` the time of rendering. The calendar never contains anything else about the person.
///
/// The UID of a shift consists of the person's id and the beginning of the shift. A calendar program therefore recognises a shift whose end
/// changes. A shift whose beginning changes is a new one, and the program removes the old one.
#[must_use]
pub fn render_calendar(shifts: &[PlannedShift], name: &str, staff: Uuid, now: DateTime<Utc>) -> String {
    // A text must not contain control characters (RFC 5545, section 3.3.11). The library does not escape carriage returns.
    let name: String = name
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect();
    let mut calendar = Calendar::empty();
    calendar
        .append_property(("VERSION", "2.0"))
        .append_property(("PRODID", PRODUCT))
        .append_property(("CALSCALE", "GREGORIAN"))
        .append_property(("METHOD", "PUBLISH"))
        .append_property(text_property("NAME", &name))
        .append_property(("X-WR-CALNAME", name.as_str()));
    for shift in shifts {
        let event = Event::new()
            .uid(&format!(
                "{staff}-{}@hotline",
                shift.from.format("%Y%m%dT%H%M%SZ")
            ))
            .timestamp(now)
            .starts(shift.from)
            .ends(shift.to)
            .summary(&name)
            .class(Class::Private)
            .done();
        calendar.push(event);
    }
    calendar.to_string()
}

/// Returns a property whose value the library escapes as text. Without the parameter, the library does not escape `NAME` (RFC 7986).
fn text_property(key: &str, value: &str) -> Property {
    Property::new(key, value).add_parameter("VALUE", "TEXT").done()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAFF: Uuid = Uuid::from_u128(10);

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn shift(from: &str, to: &str) -> PlannedShift {
        PlannedShift {
            from: at(from),
            to: at(to),
        }
    }

    fn render(shifts: &[PlannedShift], name: &str) -> String {
        render_calendar(shifts, name, STAFF, at("2026-11-24T10:00:00.25Z"))
    }

    /// Joins folded lines (RFC 5545, section 3.1).
    fn unfolded(calendar: &str) -> Vec<String> {
        let joined = calendar.replace("\r\n ", "");
        joined.split_terminator("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn a_calendar_contains_each_shift_in_utc() {
        let calendar = render(
            &[shift("2026-12-31T21:00:00Z", "2027-01-01T05:00:00Z")],
            "Dežurstvo",
        );
        let expected = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Hotline//Shift plan//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "NAME;VALUE=TEXT:Dežurstvo",
            "X-WR-CALNAME:Dežurstvo",
            "BEGIN:VEVENT",
            "CLASS:PRIVATE",
            "DTEND:20270101T050000Z",
            "DTSTAMP:20261124T100000Z",
            "DTSTART:20261231T210000Z",
            "SUMMARY:Dežurstvo",
            "UID:00000000-0000-0000-0000-00000000000a-20261231T210000Z@hotline",
            "END:VEVENT",
            "END:VCALENDAR",
        ];
        assert_eq!(unfolded(&calendar), expected);
        assert_eq!(calendar.matches('\n').count(), calendar.matches("\r\n").count());
        assert!(calendar.ends_with("\r\n"));
    }

    #[test]
    fn a_long_name_is_folded_and_escaped() {
        let name = format!(
            "{}; {}, \\ {}",
            "дежурство ".repeat(20),
            "Ž".repeat(80),
            " ".repeat(90)
        );
        let calendar = render(&[shift("2026-11-24T06:30:00Z", "2026-11-24T14:30:00Z")], &name);
        assert!(
            calendar.split("\r\n").all(|line| line.len() <= 75),
            "at most 75 bytes a line: {calendar}"
        );
        let escaped = name.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;");
        for property in ["NAME;VALUE=TEXT:", "X-WR-CALNAME:", "SUMMARY:"] {
            assert!(
                unfolded(&calendar).contains(&format!("{property}{escaped}")),
                "{property}"
            );
        }
    }

    #[test]
    fn a_name_cannot_add_a_line_to_the_calendar() {
        let shifts = [shift("2026-11-24T06:30:00Z", "2026-11-24T14:30:00Z")];
        let plain = render(&shifts, "Shift");
        for name in [
            "Shift\r\nATTACH:x",
            "Shift\nEND:VEVENT",
            "Shift\rX:y",
            "Shift\u{85}\0",
        ] {
            let calendar = render(&shifts, name);
            assert_eq!(unfolded(&calendar).len(), unfolded(&plain).len(), "{name:?}");
            let mut ended = calendar.replace("\r\n", "");
            ended.retain(char::is_control);
            assert_eq!(ended, "", "{name:?}");
        }
    }

    #[test]
    fn the_uid_of_a_shift_stays_the_same_when_its_end_changes() {
        let uids = |shifts: &[PlannedShift]| {
            let mut lines = unfolded(&render(shifts, "Shift"));
            lines.retain(|line| line.starts_with("UID:"));
            lines
        };
        let early = uids(&[shift("2026-11-24T06:30:00Z", "2026-11-24T14:30:00Z")]);
        let late = uids(&[
            shift("2026-11-24T06:30:00Z", "2026-11-24T16:30:00Z"),
            shift("2026-11-25T06:30:00Z", "2026-11-25T14:30:00Z"),
        ]);
        assert_eq!(early[0], late[0]);
        assert_ne!(late[0], late[1]);
    }

    #[test]
    fn a_calendar_without_shifts_has_no_events() {
        assert!(!render(&[], "Shift").contains("VEVENT"));
    }
}
