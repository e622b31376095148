# English texts.
skip = Skip to content
exit = Leave this page now
languages = Language
languages-hint = Of the desk, for you alone. What people write stays as it is.
danger-now = In danger right now? Call:
our-telephone = our telephone
hours = Opening hours: { $hours }. You can write at any time.
anonymous = You can stay anonymous. We do not keep the address of your device (IP).
have-code = Already have a code? Read the answer
home-title = How can we help?
home-lead = Write to us about anything that troubles you on the internet. Only counsellors read it.
ask-advice = Ask for advice
ask-advice-hint = For yourself, a child, a pupil
ask-report = Report something
ask-report-hint = A profile, a picture, a group or somebody who bothers people
promise-title = What happens with what you write
promise-who = Counsellors of the centre read your message. After sending you get a code with which you come back for the answer.
promise-limits = We show it to others only if a life is in danger or a child is being hurt. For example: somebody says they will harm themselves. What you report as illegal we may pass to the police or a prosecutor; your name only if you agree.
back = Back
mistake = Error
there-is-a-problem = Just this first
url-label = Link (address) of what you report (optional)
url-hint = Copy the address of the page, profile or group. Do not open it again for us.
message-label = What is happening?
message-report-label = What can be seen or is happening? (optional if you gave the address)
message-hint = Write it in your own words. You need not give names.
reply-to-label = Your e-mail (optional)
reply-to-hint = Only if you also want the answer there. The answer waits here for your code in any case.
no-files = We take no pictures or videos. Send the address where they can be found instead.
send = Send
received-title = Your message was received
received-text = It is stored, and a counsellor will read it.
reference = Reference
receipt-code = Secret code
receipt-keep = Write the code down now: with it you read the answer and write again.
receipt-lost = We cannot repeat the code. If you lose it, send a new message. Only show it to someone you trust.
go-answer = The page for reading the answer
answer-title = Read the answer
code-hint = The 16 digits you were given after sending. Spaces do not matter.
read-answer = Open the conversation
conversation-title = Your conversation with us
you = You
write-again = Write something more
sent-again = Your message was received.
no-answer-yet = There is no answer yet. You need not wait here: keep your code, and come back later.
look-again = Look for a new answer
mistake-message-empty = Write what is happening
mistake-report-empty = Give the address or write what you report
mistake-message-long = The message is too long: at most 20,000 characters. Send the rest in another one.
mistake-url-long = The address is too long: at most 8,000 characters
mistake-reply-to = The e-mail address is not complete. It looks like this: ana@example.org
mistake-code = This code is not right. Check the digits.
files-title = We take no pictures or files
files-text = Instead of a file, paste the address where it can be found. What you wrote is still there when you go back.
files-label = Pictures or files (optional)
files-hint = Up to 5, each at most 10 MB. Never send pictures of naked children, not even as proof: paste the address instead.
files-wanted = The counsellor asks you for a picture or file. Send only what was asked for.
mistake-file-large = A file is larger than 10 MB. Choose smaller ones.
mistake-files-many = More than 5 files. Choose at most 5 and send the rest in another message.
mistake-files-again = Choose the files again: the browser does not keep them.
mistake-files-not-wanted = Files are taken only when the counsellor asks for them. Send the text without them.
nothing-here-title = There is nothing at this address
nothing-here-text = Perhaps it was copied only in part. If you want to write to us or read an answer, begin at the first page.
print = Print or save this page
what-next-title = What happens now
what-next = A counsellor reads your message, during opening hours ({ $hours }) mostly the same day. The answer waits for you here: come back with your code.
too-large-title = The message is too large
too-large-text = Nothing was sent. Go back and shorten the text, or send it in several parts.
bad-form-title = The message could not be read
bad-form-text = Nothing was sent. Go back and try again.
unavailable-title = The message cannot be stored now
unavailable-text = Nothing was sent yet. Your text is below: send it again in half a minute. If it is urgent, call one of the numbers above.
pages = Pages
inbox = Inbox
statistics = Statistics
queue = Queue and lines
log-in = Log in
log-in-name = Log-in name
password = Password
log-in-refused = The log-in name or the password is wrong.
password-change = Change password
password-changed = Your password is changed. You are logged out everywhere else.
password-current = Your password until now
password-new = The new password
password-hint = 12 to { $most } characters. Best are four words that do not belong together.
error-current-password = This is not your password until now.
log-out = Log out
theme = Colours
theme-hint = Grey: no colours, in pictures either.
theme-system = as this device has them
theme-light = light
theme-dark = dark
theme-calm = calm, in shades of grey
prefer-compact = Show more contacts in the list
prefer-compact-hint = With fewer words of each.
prefer-sound = A short sound when somebody new waits
prefer-sound-hint = Only while this page is hidden.
prefer-notify = A notification when somebody new waits
canned = Canned replies
canned-hint = Type / while you write a reply, and the beginning of a name: the text stands in the language of the person, to be read and changed before it is sent.
canned-none = There are none yet. A supervisor writes them here.
canned-new = A new one
canned-name = Name
canned-sr = Serbian, Cyrillic
canned-en = English
canned-fields = {"{"}reference{"}"}, {"{"}counsellor{"}"} and {"{"}centre{"}"} are filled in.
canned-tip = / for a canned reply
change = Change
delete = Delete
conflict-no-field = only {"{"}reference{"}"}, {"{"}counsellor{"}"} and {"{"}centre{"}"} are filled in
conflict-name-taken = this name is taken
view-followed = Followed
follow = Follow
linked = Linked contacts
link = Link
link-to = Reference of the other contact
unlink = Take away the link to
event-linked = linked to
event-unlinked = link taken away
error-reference = This is no reference.
pick = Pick { $reference }
several = Picked:
several-claim = Claim
several-give-back = Give back
several-follow = Follow
several-close = Close
several-spam = Spam
several-release = Release
several-discard = Discard
several-done = { $n ->
    [one] { $n } contact done
   *[other] { $n } contacts done
}
save-as = Save as
urgency = Urgency
conflict-too-far = this time lies too far off
conflict-to-confirm = a proposal waits for a second person; confirm it or take it back first
conflict-nothing-sent = it does not say what is sent
leave-begun = What you began to write here is not kept. Leave all the same?
log-leave = The call is not registered yet. Leave it?
palette = Commands
palette-open = Commands
palette-hint = What do you want to do?
palette-search = Search for
quotes = “”
prefer-quiet-keys = Turn single keys off
prefer-quiet-keys-hint = For screen readers, and for whoever presses them by mistake. Ctrl+K still works.
close-window = Close
keys = Keys
key-palette = every command, by name
key-next = next contact of the list
key-previous = previous contact of the list
key-open = open the contact
key-reply = write a reply
key-send = send what is being written
key-undo = take back the reply just sent
key-note = write a note
key-claim = claim the contact
key-hand-over = hand over
key-snooze = snooze
key-wrap-up = wrap up
key-close = close the contact
key-log = log a call
key-search = search
key-keys = these keys
prefer-hint = Only while this page is hidden, and without a word of what was written.
notified = Somebody waits for an answer.
waits-for-you = wait for you or for somebody to take them
on-shift = On duty
on-shift-nobody = nobody
on-duty = On duty
duty-begin = Go on duty
duty-end = Go off duty
duty-hint = Who is on duty is given new contacts. Press to change.
role-counsellor = counsellor
role-supervisor = supervisor
role-manager = manager
role-administrator = administrator
line-ailing = Line { $line } cannot fetch some of its messages since { $since }. It asks for them again and again; see Queue.
line-down = Line { $line } is down since { $since }. Messages wait at their server and will be fetched.
stale = The connection to the server is lost: this may not be the newest. What you type stays.
views = Views
view-unassigned = Unassigned
view-mine = Mine
view-all = All
list-empty = There are no contacts in this view.
more = More
erased = The content was erased
line-silent = has said nothing yet
back-to-desk = Back to the desk
delivery-ready = Waiting: the person reads it with the code
error-channel = There is no such channel.
conflict-balance-overlaps = this channel has figures for some of these days already
mistake-code-empty = Enter the code
mistake-more-empty = Write something first
waits-since = Waiting since
just-now = just now
choose-one = Choose a contact from the list.
back-to-list = Back to the list
claim = Claim
give-back = Give back to the queue
close = Close
reopen = Reopen
marking = Marking
marking-none = none
marking-spam = spam
marking-test = test
marking-duplicate = duplicate
marking-quarantine = quarantine
status-waiting = waiting for us
status-answered = answered
status-closed = closed
messages = Messages
the-person = The person
person-unnamed = anonymous
unread = unread
note = Note
acknowledgement = Acknowledgement
reported-address = Reported address
claimed-at = The sender's date:
quoted = Quoted text
attachments = Attachments
look = Look at it
unveil = Show clearly, in colour
attachment-warning = opening is logged; it may disturb
reply-short = reply
attachment-not-kept = not kept: this line takes no files
attachment-elsewhere = lies with the platform
attachment-wanted = being fetched
attachment-failed = could not be fetched
attachment-too-large = larger than the platform gives out: ask the person for a smaller one
fetch-file = Fetch
reply-files = Attach files
edited = edited
earlier-versions = earlier versions
news-blocked = The person blocked us: nothing we write arrives.
news-unblocked = The person can be written to again.
news-stopped = The person asked us not to write. A reply is possible after their next message.
news-chose = The person chose the language of automatic texts.
news-gap = Messages may be missing here: this conversation could not be read. What is missing comes later if it can be read again.
event-news = the platform tells
event-edited = a message was edited
event-edited_earlier = a message of an earlier contact was edited
event-file_wanted = a file was asked for
event-file_fetched = a file was fetched
event-file_failed = a file could not be fetched
reason-blocked = the person blocked us: nothing can be sent until they take that back
reason-account-gone = the person's account does not exist any more: nothing can be sent there
reason-no-direct-messages = Discord does not let us write to this person directly: they take no direct messages, or left the server. They can press the button in the server's channel again; or answer another way.
reason-no-line = its line is not in the settings
reason-own-address = the address is one of our own
reason-letters-in-address = the part of the address before “@” has letters that the mail server cannot send to
reason-cannot-prepare = it could not be prepared, again and again
reason-cut-off = we were cut off while handing it over
reason-broke = the connection broke while it was handed over
reason-too-slow = the other side took too long to answer
reason-unreachable = the other side cannot be reached
reason-wait = the other side asks us to wait
reason-token-refused = the platform refuses the token of this line: tell the administrator
reason-given-up = given up on after five days
no-words = no text
file-picture = picture
file-sound = sound
file-video = video
file = file
undo-send = Take back
newer-came = Something came since you began this reply. Read it before you send.
look-first = Show me
send-anyway = Send as it is
draft-kept = Draft kept
draft-not-kept = The draft could not be kept
reads-here = { $name } is reading this
writes-here = { $name } is writing a reply
conflict-not-seen = something came that you have not seen yet; your text is kept as a draft
conflict-has-left = this reply has left already
conflict-not-yours = somebody else wrote this
event-unsent = reply taken back
wrap-up = Wrap-up
wrap-up-keep = Save
wrap-up-close = Save and close
wrap-up-all = All questions
messages-folded = { $n ->
    [one] Show { $n } more message
   *[other] Show { $n } more messages
}
wrap-up-missing = Answer what is marked * before you close.
no-counselling = Not counselling
no-counselling-hint = One key closes it: open this, press the key.
conflict-not-wrapped-up = complete the wrap-up first
conflict-unlawful-answer = the classification has no such question or answer
event-classified = wrapped up
event-classified_in_part = wrap-up begun
log = Log a call
log-title = Log a call
log-call = The call
log-network = Network
log-at = When
log-for = Call taken by
log-caller = Number or name
log-caller-hint = Only if the person gave it and it is needed.
log-text = What it was about
log-hint = If nothing marked * is missing, the contact is closed at once; else it stays yours.
log-save = Register (Ctrl+Enter)
log-done = Registered:
log-no-time = the day and the hour are missing
call-by = Call taken by
event-logged = logged
conflict-in-the-future = this time has not come yet
conflict-no-network = no such network is logged here
channel-viber = Viber
channel-whatsapp = WhatsApp
channel-instagram = Instagram
channel-facebook = Facebook
channel-in-person = in person
search = Search
search-hint = Words or a reference
search-nothing = Nothing was found. All words have to stand in one contact; accents, case and script make no difference.
search-more = There is more: add a word.
search-reading = The texts are still being read ({ $n } so far); there may be more.
view-urgent = Urgent
view-team = My team’s
view-waiting = Waiting for us
view-late = Late
reply-due-in = reply due in { $time }
reply-due-at = reply due { $at }
reply-late-by = reply late by { $time }
view-answered = Waiting for them
view-snoozed = Snoozed
view-closed = Closed
view-marked = Spam and the like
view-quarantine = Quarantine
filter = Filter
filter-apply = Show
filter-none = Everything
assigned-to = Assigned to
any = any
topic = Topic
teams = Teams
colleagues = Colleagues
from-day = From
to-day = To
urgency-urgent = urgent
urgency-danger = immediate danger
hand-over = Hand over
hand-to = To whom
hand-note = A note for them
ask-for = Ask to take over
asks-for = { $name } asks to take this over.
snooze = Snooze
wake = Bring back
snoozed-until = Out of sight until
conflict-has-passed = this time has passed
event-handed_over = handed over to
event-asked_for = asked to take over
event-snoozed = snoozed
event-woken = brought back
event-blocked = identifier blocked for a time
event-unblocked = identifier no longer blocked
event-kept_out = came from a blocked identifier: nobody was called
handed-by = Handed over by { $name }
block = Block this identifier…
block-hint = What it writes is registered, counted and kept, but out of sight, and nobody is called to it. For how long?
blocked-until = blocked until
unblock = Unblock
claim-anyway = { $name } is writing here right now. Claim it all the same?
taken-by-other = This contact is assigned to somebody else now. What you wrote is kept as your draft; it cannot be sent.
just-closed = Closed.
take-back = Take back
conflict-no-identifier = this contact has no identifier
cases = Cases
cases-none = There are no cases yet. A case is formed from an open contact.
case = Case
case-number = Number
case-kind = Kind
case-formed = Formed
case-summary = What it is about
case-contacts = Formed from
case-forwarded = forwarded
case-advisory = advisory
case-to-confirm = waits for a second person
case-form = Form a case
case-form-another = This contact is in a case already. Form another one?
case-close = Close the case
case-tell = Prepare a reply
referral-new = Forward to an institution
referral-institution = Institution
referral-basis = Legal basis
referral-sent = What is sent
referral-sent-on = Sent on
referral-number = Their number
referral-outcome = What came of it
referral-propose = Propose
referral-hint = Somebody else confirms before the case counts as forwarded.
referral-proposed = Proposed
referral-confirmed = Confirmed
referral-confirm = Confirm that it is forwarded
referral-confirm-hint = Read what is to be sent. From your confirmation on the case counts as forwarded.
referral-note = Add number and outcome
referral-withdraw = Take the proposal back
referral-withdraw-sure = Take this proposal back? What it said stays among the earlier versions.
referral-withdrawn = A proposal that was taken back
referral-waits = Waits for a second person to confirm.
tell-advisory = Thank you for writing to us. We have looked into what you reported under { $reference }.
tell-forwarded = Thank you for writing to us. What you reported under { $reference } was forwarded to: { $institution }.
conflict-second-person = somebody else has to confirm what you proposed
conflict-changed = it was changed since you opened it; read it again
conflict-confirmed = what was confirmed stays as it was
conflict-case-closed = this case is closed
event-in_case = in case
event-forwarded = forwarded with case
delivery-uncertain = may have arrived; sending it again could double it
conflict-stopped = this person asked not to be written to; answer after the next message
conflict-nothing-to-fetch = this file is here or being fetched already, or cannot be fetched
conflict-sends-no-files = no files can be sent on this line
error-form = The form could not be read.
error-file-large = A file is larger than 10 MB.
error-files-many = More than 5 files.
ask-for-files = Ask for a file
files-asked = A file was asked for
event-files_asked = a file was asked for
error-title = This did not work
error-not-logged-in = Log in first.
error-may-not = Your role has no right to this.
error-not-found = There is no such thing here.
error-conflict = It was not done: { $why }.
error-fault = Something is wrong on our side. Try again; if it stays, tell who runs this: fault { $number }.
error-marking = There is no such marking.
error-days-backwards = The first day is after the last.
error-day = A day is written such as 2026-01-31.
error-days-missing = Both days are needed.
error-view = There is no such view: unassigned, mine or all.
conflict-held = this contact is assigned to somebody else
conflict-no-address = this person left no address to answer to
conflict-not-asked-for = this person did not ask to be answered there
conflict-done = somebody did that already
conflict-newer = this person has a newer contact open; answer there
conflict-no-text = there is no text
conflict-long = the text is longer than 20,000 characters
conflict-not-failed = only a message that failed can be sent again
conflict-no-files = files cannot be asked for on this line
conflict-balance-source = an opening balance names its channel and its source
conflict-balance-backwards = an opening balance is not negative and its period does not run backwards
conflict-no-dimension = figures are cut by one or two of the dimensions there are
conflict-too-fine = figures about persons are shown by month and longer, and neither by hour or weekday nor by how soon they were answered
conflict-too-many-to-cross = by day or week two dimensions are crossed for at most 200,000 communications; choose a shorter period, or months
conflict-correction-twice = this very correction is entered already
conflict-day-entered = what was counted on this day was entered as a figure; ask a manager for a correction
conflict-too-many-lines = a register is entered in parts of at most 10,000 lines
conflict-named-twice = somebody is named twice
conflict-busy = too many are logging in; try again in a minute
conflict-short-password = A password has at least 12 characters.
conflict-long-password = A password has at most 128 characters.
conflict-weak-password = This password is easily guessed. Take four words that do not belong together.
conflict-other = it cannot be done as things stand
send-again = Send again
raw-source = Raw source
reply-label = Reply to the person
send-reply = Send reply (Ctrl+Enter)
note-label = Internal note
note-hint = Stays inside, is never sent
save-note = Save note
held-by-other = Assigned to: { $name }
record = Record
name = Name
identifier = Identifier
answer-to = Answer to
answer-at = Send the reply to
answered-so-far = used so far
came-from = It came from
anonymous-with-code = anonymous, with a code
channel = Channel
asks = Asks
language = Language
assignee = Assigned to
opened = Opened
counts-on = Counts on
counts-not = does not count
refers-to = Refers to
other-contacts = Other contacts of the same identifier
history = History
event-registered = registered
event-joined = a message joined
event-auto_reply = an automatic answer came
event-assigned = assigned
event-not_acknowledged = not acknowledged: too many in one day
event-claimed = claimed
event-given_back = given back
event-replied = replied
event-noted = noted
event-closed = closed
event-reopened = reopened
event-marked = marked
event-delivery = delivery
delivery-queued = queued
delivery-sending = sending
delivery-sent = sent
delivery-delayed = delayed, tried again
delivery-failed = failed
delivery-unknown = unknown, sent again
channel-email = e-mail
channel-webform = web form
channel-telegram = Telegram
channel-discord = Discord
channel-bridge = bridge
channel-telephone = telephone
channel-social = social networks
remark-forwarded = Somebody else's words, passed on.
remark-sticker = A sticker.
remark-location = A place on the map.
remark-contact-card = Somebody's name and number from an address book.
remark-poll = A poll.
remark-nameless-mention = It mentions somebody or something by number only: the platform gave no name.
remark-unknown-content = It holds something that cannot be shown here; it is in the raw source.
remark-too-large = The message is too large: only its head was fetched.
remark-text-cut = The text is longer than shown; all of it is in the raw source.
remark-parts-cut = There are more attachments; the rest is in the raw source.
remark-tnef = It holds a winmail.dat (TNEF), which is not opened.
remark-encrypted = The message is encrypted.
remark-from-html = The text was made from HTML.
remark-unreadable = The message could not be read. Look at the raw source.
remark-answer-elsewhere = It asks to be answered at another address.
remark-same-id = The same message id came before with other content.
remark-other-sender = It names another person's conversation, and was not joined to it.
remark-automatic = A machine sent it.
remark-mailing-list = It came by a mailing list or another mailing to many.
lines = Lines
line = Line
state = State
since = Since
line-up = working
line-is-down = down
parked = Parked
parked-hint = Jobs that failed again and again. Nothing is deleted.
nothing-parked = Nothing is parked.
job = Job
tries = Tries
reason = Reason
run-again = Run again
set-aside = Set aside
set-aside-hint = Accepted, but no contact: bounces, automatic answers, repeated deliveries.
nothing-aside = Nothing was set aside.
figures = Figures
figures-by = By
figures-and = and
figures-every = Every
figures-rest = Not classified
figures-rest-hidden = Not classified, or hidden
figures-registered-here = registered here, without opening balances
figures-bar = share
every-day = day
every-week = week
every-month = month
every-quarter = quarter
every-year = year
by-language = Language
by-hour = Hour of the day
by-weekday = Day of the week
by-counselling = Counselling
counselling-yes = counselling
counselling-no = not counselling
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
holiday-new_year = New Year
holiday-christmas = Orthodox Christmas
holiday-statehood_day = Statehood Day
holiday-good_friday = Orthodox Good Friday
holiday-holy_saturday = Orthodox Holy Saturday
holiday-easter = Orthodox Easter
holiday-easter_monday = Orthodox Easter Monday
holiday-labour_day = Labour Day
holiday-armistice_day = Armistice Day
error-nothing-chosen = Choose by what the figures are to be cut.
since-establishment = Registered communications since establishment
of-which = Registered here { $registered }, opening balance { $balance }
by-channel = By channel
period = Period
from-start = since establishment
until-now = until today
as-of = as of
registered = Registered
opening-balance = Opening balance
no-balances = There are no opening balances.
total = Total
by-day = By day
day = Day
from = From
to = To
show = Show
enter-balance = Enter an opening balance
balance-hint = Figures from before the software. Shown apart, and included since establishment.
source = Source
enter = Enter
contacts-waiting = { $n ->
    [one] { $n } contact waiting
   *[other] { $n } contacts waiting
}
minutes = { $n ->
    [one] { $n } min
   *[other] { $n } min
}
hours-long = { $n ->
    [one] { $n } hour
   *[other] { $n } hours
}
days = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
mail-acknowledgement =
    Hello,

    we received your message and a counsellor will read it. Your reference is { $reference }.

    Opening hours: { $hours }. Our telephone: { $telephone }.

    If you are in danger now, do not wait for an answer, call:
    { $emergency }

    This is an automatic acknowledgement. You can answer it if you want to add something.

    { $centre }
chat-acknowledgement =
    We received your message and a counsellor will read it. Your reference is { $reference }.

    We answer here. Opening hours: { $hours }. Our telephone: { $telephone }.

    In danger now? Do not wait, call:
    { $emergency }

    This platform itself can see what is written here. You can also write to us without it, and without giving a name: { $form }
telegram-command-start = Who reads this and what happens with it
telegram-command-help = Who reads this and what happens with it
telegram-command-language = Choose the language
telegram-command-stop = Do not write to me
telegram-greeting =
    Hello. This is { $centre }. Write what troubles you on the internet: about yourself, a child, a pupil. You need not say who you are.

    Who reads it: only our counsellors. They answer here. Opening hours: { $hours }. You can write at any time. Our telephone: { $telephone }.

    When we tell others: only if a life is in danger or a child is being hurt. For example: somebody says they will harm themselves.

    What is kept: what you write and your account here, sealed. Telegram itself can see this conversation. Without it and without a name you can write here: { $form }

    Never send pictures of naked children, not even as proof.

    In danger now? Do not wait, call:
    { $emergency }

    Other language: /language. If we should not write to you: /stop
telegram-stopped =
    We will not write to you here any more. If you write again, we answer again.

    You can delete this conversation in Telegram on your side.
telegram-choose-language = In which language shall this bot speak to you?
telegram-group = I serve people in private chats only, so that nobody else reads along. Write to me there, or here: { $form } I leave this group now.
discord-room =
    { $centre }

    Something troubles you on the internet? Press the button and write. Only our counsellors read it; nobody on this server does. You need not say who you are.

    When we tell others: only if a life is in danger or a child is being hurt. Opening hours: { $hours }. You can write at any time.

    In danger now? Do not wait, call:
    { $emergency }

    Discord itself, and who runs this server, can see the thread in which we answer. Without them, and without a name, you can write here: { $form }
discord-button = Write to us
discord-form-title = Write to a counsellor
discord-form-label = What is happening?
discord-form-hint = Write it in your own words. You need not give names.
discord-received = We received your message. Your reference is { $reference }. A counsellor will read it. Opening hours: { $hours }.
discord-received-only = We received your message. A counsellor will read it. Opening hours: { $hours }.
discord-thread = We answer you here, and you can write more there: { $thread }
discord-not-received =
    Your message could not be stored now. Nothing was sent. Copy it and try again in half a minute, or write here: { $form }

    { $text }
outreach = Outreach
outreach-register = The register of events
outreach-schools = By kind of school
outreach-presentation = presentation
outreach-webinar = webinar
outreach-seminar = seminar
outreach-workshop = workshop
outreach-campaign-stop = campaign stop
outreach-training = training of peer educators
outreach-other = other event
outreach-state = State
outreach-state-planned = planned
outreach-state-held = held
outreach-state-cancelled = cancelled
event-planned_event = an event was planned
event = Event
events = Events
event-new = New event
event-edit = Edit
event-where = Where
event-reached = Reached
event-presenter = Presenter
event-remarks = Remarks
event-asked-by = Asked for by
nothing-held = Nothing was held in this period.
presentations = Presentations
students = Students
parents = Parents
teachers = Teachers
others = Others
school = School or other institution
schools = Schools
school-primary = primary school
school-secondary = secondary school
school-preschool = kindergarten
school-faculty = faculty
school-other = other
school-kind = Kind
school-place = Place
school-new = or a new one
school-add = Add a school
school-merge = Merge two entries
school-merge-hint = Two entries of one school become one: it counts once, and what was held in either counts for it. This cannot be undone.
school-merge-one = This entry
school-merge-into = is the same as
educators = Peer educators
educators-hint = Young people who teach their peers. Write only what they want to be called; no other data of them is needed here.
educators-active = Peer educators now
educators-trainings = Trainings
educators-sessions = Sessions led
educators-reached = People reached
educator-led = led
educator-trained = was trained
educator-new = New
educator-add = Add
educator-left = No longer teaches
educator-again = Teaches again
communications = Registered communications
this-period = This period
period-before = Period before
a-year-before = A year before
against-before = against the period before
against-a-year-before = against the same days a year before
of-which-corrected = corrections { $count }
corrections = Corrections
correction = correction
is-correction = It corrects what was counted
correction-hint = A correction may be less than none and lie on days that are counted. It needs a reason.
entries = Opening balances and corrections
entry-what = What
withdraw = Withdraw
withdrawn = withdrawn
cases-advisory = cases, advisory
cases-forwarded-to = cases, forwarded: { $institution }
forwarded-to = forwarded: { $institution }
cases-all = All cases
import-register = Import an old register (CSV)
import-hint = A head and a line for each figure: of (contact or case), value (channel, advisory or institution), from, to, count, source, and perhaps correction and reason. Try first: nothing is entered unless every line is right.
import-try = Only try
import-enter = Enter all
import-empty = There is no line to enter.
import-would = This would be entered; nothing was yet
import-wrong = Nothing was entered: a line is wrong
tokens = Read-only tokens for programs
tokens-hint = With a token a program reads figures at /api/v1/statistics, with small cells hidden, and nothing else.
token-name = What it is for
token-make = Make a token
token-made = The token
token-once = Copy it now: it is not shown again.
token-end = End
token-ended = ended
token-used = last used
figure-hidden = hidden
cells-hidden = figures about persons cover whole months that are over; figures below { $least } are hidden, and further figures from which they could be derived
cover-use = Use
use-internal = exact figures for internal use, not for publication
use-publication = for publication: small figures about persons are hidden
use-return = exact figures for the organisation that collects this return, not for publication
purpose = What the figures are for
purpose-internal = Exact
purpose-publication = For publication
files-internal = Exact, for internal use
files-publication = For publication
over-time = Over time, by channel
over-time-said = { $count } registered here; the most, { $most }, in { $piece }.
topics = Topics
topics-said = Most often: { $topic }.
topics-none = No topic stands out.
topics-hidden = No topic can be shown: they are shown once a month is over, and never of few.
hours-said = Most often { $when }: { $count }.
funnel = From communications to cases
flow = Carried over, opened, closed, open
flow-carried-over = Carried over
flow-opened = Opened
flow-closed = Closed
flow-open = Open at the end
contacts = Contacts
first-reply = First reply
first-reply-answered = Were answered
first-reply-not = Not answered in writing
half-within-minutes = Half within, minutes
nine-within-minutes = Nine in ten within, minutes
first-reply-hint = From arrival to the reply that was sent first, of those registered in the period. Calls need none.
half-within = Half within
nine-within = Nine in ten within
within = within { $time }
within-later = later
urgent-read = Urgent, until read
urgent-read-all = Urgent and read
urgent-read-hint = From arrival until a member of staff first opened what was then found urgent.
standing = Now
standing-open = Open
standing-oldest = Oldest open
standing-oldest-minutes = Oldest open, minutes
standing-waiting = Longest waiting for us
standing-waiting-minutes = Longest waiting for us, minutes
standing-undelivered = Open, with a reply that did not get through
standing-quarantined = In quarantine, not counted
by-answered = How it was answered
answered-replied = Reply sent
answered-taken = Taken at once: calls, and what was logged
answered-unneeded = Closed, needed no reply
answered-missed = Missed: closed without a reply
answered-open = Open, no reply yet
missed-share = Missed, of those due an answer
by-urgent-read = Urgent: time until read
by-first-reply = Time to first reply
by-age-insafe = Age band (Insafe)
by-age-chi = Age band (Child Helpline International)
by-case-kind = Kind of case
by-institution = Institution
sentences = In sentences
sentence-ever = Since its establishment, the centre has registered { $communications } by telephone, by e-mail, over its site and in social networks.
sentence-period = From { $from } to { $to } { $communications } were registered
sentence-cases = Of these, { $cases } were formed: { $advisory } advisory and { $forwarded } forwarded to institutions.
sentence-primary = { $presentations } in { $schools } reached { $students } and { $parents }.
sentence-secondary = Events were held in { $schools }.
sentence-webinars = { $webinars } were held for teachers.
sentence-presentations = In all, { $presentations } reached { $students }, { $parents } and { $teachers }.
sentence-peers = Peer educators led { $sessions } sessions and reached { $reached } people.
definition = One registered communication is one contact on the local day on which its first message arrived, under its channel. Later messages of the same conversation, replies and automatic answers count nothing; spam, tests and duplicates are taken out. Opening balances and corrections are shown apart and summed.
cover = Cover
cover-title = Registered communications
cover-centre = Centre
cover-made-by = Made by
cover-definition = What counts as one
cover-left-out = Left out
time-zone = Time zone
cover-remark = Remark
cover-lines = Lines
csv-for-spreadsheets = CSV for spreadsheets
figures-of = Count
counted-contact = registered communications
counted-closing = closed contacts
counted-case = cases
counted-referral = referrals to institutions
figure-opened = What a figure counts
figure-any = any
figure-at = When
figure-status = Status
figure-more = Earlier ones
figure-none-here = Nothing was counted here.
figure-differs = The figure says another number than there are contacts here. Whoever runs the service finds why with “hotline statistics verify”.
channels-other = other channels
events-cut-off = Only the newest are listed; those of other days stand in a shorter period.
csv-table = table
csv-row = row
csv-column = column
csv-figure = figure
files-and-returns = Files and returns
rows-file = One row per contact, without names and texts (CSV)
print-page = Print
as-table = As a table
nothing-registered = Nothing was registered here in this period.
link-to-days = Link to just these days
period-ever = Since establishment
period-today = Today
period-week = This week
period-month = This month
period-last-month = Last month
period-quarter = This quarter
period-last-quarter = Last quarter
period-year = This year
period-last-year = Last year
error-period = There is no such period. There are month, last_quarter, 2024, 2024-Q1 and 2024-03.
error-format = There is no such format. There are json, csv and xlsx.
returns = Returns
return-version = mapping
return-check = Is it complete?
return-complete = Nothing is missing, and everything has its row.
return-other-period = The body asks for another period.
return-missing = { $table }: { $count } without an answer
return-unmapped = no row: { $value }
return-unmapped-said = { $table }: no row for { $value } ({ $count })
go-back = Back
total-title = Registered communications since establishment
total-until = until { $day }
conflict-correction-reason = a correction says why
conflict-no-such-figure = no figure of this name is counted here
conflict-event-day = what was held was held on a day
conflict-event-number = a number is below zero or too large
conflict-token-name = the name of a token has 1 to 60 characters
n-communications = { $n ->
    [one] { $number } communication
   *[other] { $number } communications
}
n-cases = { $n ->
    [one] { $number } case
   *[other] { $number } cases
}
cases-shown = { $n ->
   *[other] Only the { $number } newest are listed.
}
n-presentations = { $n ->
    [one] { $number } presentation
   *[other] { $number } presentations
}
n-primary-schools = { $n ->
    [one] { $number } primary school
   *[other] { $number } primary schools
}
n-secondary-schools = { $n ->
    [one] { $number } secondary school
   *[other] { $number } secondary schools
}
n-students = { $n ->
    [one] { $number } student
   *[other] { $number } students
}
n-parents = { $n ->
    [one] { $number } parent
   *[other] { $number } parents
}
n-teachers = { $n ->
    [one] { $number } teacher
   *[other] { $number } teachers
}
n-webinars = { $n ->
    [one] { $number } webinar
   *[other] { $number } webinars
}
left-out = { $n ->
    [one] { $number } entered figure is left out, because only a part of its days lies in the period
   *[other] { $number } entered figures are left out, because only a part of their days lies in the period
}
return-not-classified = { $n ->
    [one] { $number } contact is not classified
   *[other] { $number } contacts are not classified
}
hours-of-week = Hours of the week
event-erased = erased
conflict-still-open = it is open; close it first
conflict-case-open = a case of it is open; close the case first
report-promise = If it is illegal, we may pass the link and the description to the police or a prosecutor. Your name and address are passed on only if you agree.
wrap-up-read-only = Assigned to: { $name }. The wrap-up can only be read here.
forwarded-cases = forwarded
status-call-open = wrap-up unfinished
conflict-reason-needed = this person had no reply; give the reason for closing without one
conflict-so-already = it is so already
conflict-canned-not-chosen = after a slash choose a canned reply from the list, or write words
canned-none-to-choose = There are no canned replies yet. A supervisor writes them, on the page Canned replies.
canned-none-so-called = No canned reply is called that.
canned-which-language = The language of this person is not known: choose one.
why-title = Close without a reply?
why-hint = This person waits for a reply. Choose a reason: it stays in the history and among the notes.
why-elsewhere = Answered another way, for example by telephone
why-unwanted = The person wants no reply
why-unsafe = A reply could put the person in danger
why-no-way = There is no way to reply
why-others = Another service has taken over
why-own = Or in your own words
why-close = Close without a reply
why-back = Do not close
up-to = up to { $time }
job-receive = receiving a message
job-deliver = sending
job-fetch = fetching a file
outcome-ignored = not a contact
outcome-report = delivery report
problem-disk = the disk is nearly full; nothing is accepted until there is room
problem-moved = the database file was moved or deleted; nothing is accepted until it is back
problem-backlog = too many messages wait to be registered; new ones wait where they are
problem-not-fetched = some messages cannot be fetched; they are asked for again
problem-no-line = its line is not in the settings
problem-not-registered = it could not be registered, again and again
problem-gone = the raw message is gone
problem-key = it does not open with this master key
problem-log-in = the server refuses the log-in: check name, password or token in the settings
problem-certificate = no secure connection: the certificate of the server is not valid
problem-name = the address of the server does not exist or cannot be found
problem-refused = the server refused it
problem-too-slow = the server takes too long to answer
problem-unreachable = the server cannot be reached over the network
problem-broke = the connection broke
problem-folder = the folder of the mailbox cannot be opened
problem-other = an unexpected error; the log has the details
aside-own = our own message
aside-platform = a remark of the platform itself
aside-group = from a group or channel, where we serve nobody
aside-command = a command that the bot answers
aside-button = a button that means nothing any more
aside-begun = a chat was begun
aside-receipt = a read receipt
aside-news = news of somebody who has not written
aside-again = delivered again
aside-automatic = an automatic answer that belongs to nothing
aside-report = a report about nothing we sent
aside-other = the log has the reason
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
piece-year = { $year }
piece-month = { $month } { $year }
piece-quarter = Q{ $quarter } { $year }
piece-week = week { $week }, { $year }
files-chosen = Chosen:
problem-connection-refused = the server refuses the connection: it may be down, or the port is wrong
problem-no-such-address = there is no such address
problem-full-mailbox = the mailbox of the recipient is full
problem-nonsense = the server gives an answer that makes no sense
aside-abuse = a provider's report of abuse
problem-unread-events = some events of Discord could not be read; the conversations are looked into instead
problem-few-starts = Discord allows few more connections today: something connects again and again
problem-no-calls = Telegram cannot call us; messages wait there for at most 24 hours
problem-waited = a message waited for hours; Telegram forgets them after 24

# Routing

event-offered = offered
event-offer_declined = offer declined
event-offer_ended = offer not accepted in time
event-returned = returned to the queue, because the assignee was away
claimed-next = as the next contact
claimed-from = from { $name }, who was away
conflict-quarantined = this contact is in quarantine; a supervisor releases or discards it
conflict-not-available = go on duty first: only somebody who is available gets the next contact
chosen-knows-person = knows this person
chosen-language = speaks { $value }
chosen-topic = knows { $value }
chosen-channel = answers on { $value }
chosen-team = belongs to team { $value }
chosen-load = { $load } of { $capacity } points used
chosen-idle = idle { $long }
chosen-fallback = fallback group: nobody on shift could take it
relaxed-language = waited too long for the language
relaxed-topic = waited too long for the topic
relaxed-channel = waited too long for the channel
relaxed-team = waited too long for the team
relaxed-danger = waited too long for somebody who takes danger
spoken-serbian = Serbian
spoken-english = English
take-over = Take over
take-over-hint = The assignee is away. The history will say that you took the contact.
away-soon = In a minute you count as away, and what waits for you returns to the queue.
away-stay = I am here
away-now = You are on duty but count as away, because you did nothing here for some time. Nobody is assigned to you.
next-please = Next, please
next-hint = Take the most urgent contact that waits and that you can take
offered-to-you = Contact { $reference } is offered to you until { $until }
offer-accept = Accept
offer-decline = Decline
on-break = Break
break-begin = Begin a break
break-end = End the break
key-next-please = take the next contact

# Hours

opens-unknown = when we open again
opens-today = today from { $time }
opens-tomorrow = tomorrow from { $time }
opens-date = on { $date } from { $time }
opens-weekday-1 = on Monday from { $time }
opens-weekday-2 = on Tuesday from { $time }
opens-weekday-3 = on Wednesday from { $time }
opens-weekday-4 = on Thursday from { $time }
opens-weekday-5 = on Friday from { $time }
opens-weekday-6 = on Saturday from { $time }
opens-weekday-7 = on Sunday from { $time }
closed-now = Now closed. We read your message { $opens }.
conflict-schedule-changed = somebody changed it since you opened it; load the page again
conflict-invalid-schedule = these times cannot work: they overlap, end before they begin, or are never open
closed-answer =
    We are closed now. A counsellor will read your message { $opens }.

    If you are in danger now, do not wait for an answer, call:
    { $emergency }

# Urgency

in-danger = Are you in danger now?
in-danger-yes = Yes
in-danger-not_sure = I am not sure
in-danger-no = No
in-danger-hint = You need not answer. If yes, call one of the numbers above, and write to us as well: we read your message first.
event-raised = urgency raised by the rules

# Alarms

ringing = Somebody may be in danger, and nobody takes care of it:
alarm-path-fails = The alarm did not reach { $name } ({ $line }): { $problem }
alarms = Alarms
alarms-hint = Who was told when nobody took care of a contact in danger.
alarm-none = There was no alarm yet.
alarm-test = Send a test
alarm-test-hint = All recipients get a message that says it is a test.
alarm-kind-danger = danger
alarm-kind-test = test
alarm-kind-weekly_test = weekly test
alarm-raised = Raised
alarm-ended = Ended
alarm-goes-on = goes on
alarm-told = Told
alarm-contact = Contact
event-alarmed = alarm sent
event-target_missed = reply late
alarm-title = Alarm: somebody may be in danger
alarm-test-title = Test of the alarm
alarm-text =
    Contact { $reference } may be from somebody in danger. For { $minutes } minutes nobody has taken care of it.

    Open the desk: { $desk }

    This message is repeated until somebody takes the contact.
alarm-test-text =
    This is a test of the alarm of { $centre }. Nothing happened. You need not do anything.
# Supervisor's page, opening hours and shifts

routing = Routing
routing-now = Now
routing-hours = Opening hours
routing-shifts = Shifts
routing-waiting = People who wait
routing-nobody-waits = Nobody waits for a reply.
routing-quarantined = In quarantine: { $n }
routing-urgency = Urgency
routing-ordinary = ordinary
routing-people = Waiting
routing-unassigned = Without an assignee
routing-longest = Longest wait
routing-counsellors = Counsellors
routing-counsellor = Counsellor
routing-state = State
routing-shift = Shift
routing-load = Load
routing-skills = Skills
routing-actions = Change
routing-available = available until { $until }
routing-off-duty = off duty
routing-away = away
routing-away-since = away since { $since }
routing-planned-until = until { $until }
routing-not-planned = not now
routing-no-plan = no plan
routing-missing = planned but absent
routing-points = { $load } of { $capacity } points
routing-waits = wait for a reply
routing-week = given this week
routing-decisions = Recent decisions
routing-no-decisions = No contact was assigned or offered automatically yet.
routing-passed-over = Passed over
routing-changes = Change skills or move work
decided-assigned = assigned to { $name }
decided-offered = offered to { $name }
decided-assigned-once = assigned
decided-offered-once = offered
passed-away = away
passed-break = takes a break
passed-off_shift = not on shift
passed-pull = the team takes contacts itself
passed-declined = declined or did not accept in time
passed-language = does not speak the language
passed-topic = does not know the topic
passed-channel = does not answer on this channel
passed-team = belongs to another team
passed-danger = takes no contacts in danger
passed-capacity = has no capacity left
passed-severe_cap = had enough severe contacts in this shift
passed-not_first = could take it, but somebody else came first
skills-everything = everything
skills-languages = speaks { $list }
skills-topics = topics: { $list }
skills-channels = channels: { $list }
skills-no-danger = no immediate danger
skills-severe = at most { $most } severe contacts in a shift
skills-fallback = fallback group
skills-hint = Nothing ticked in a group means everything.
skills-of-languages = Languages
skills-of-topics = Topics
skills-of-channels = Channels
skills-of-work = Work
skills-takes-danger = Takes contacts in immediate danger
skills-in-fallback = Belongs to the fallback group, which gets what nobody on shift can take
skills-capacity = Capacity in points
skills-severe-cap = Severe contacts in a shift, at most
skills-save = Save skills
error-skills-number = Capacity and the most severe contacts are whole numbers from 0 to 65,535, or empty.
error-skills-unknown = There is no such topic or channel.
move-work = Move all open work
move-to-queue = back to the queue
move = Move
move-confirm = Move all open contacts of { $name }?
schedule-version = Version { $number }, { $date } by { $name }
schedule-changed = Somebody saved another version in the meantime. What you typed is still here; save again to replace that version.
times-unreadable = “{ $text }” is not a time. Write, for example, 07:30-15:30.
times-reversed = { $span } does not end after it begins. Write hours after midnight on the next day.
times-overlap = { $first } and { $second } overlap.
times-hint = For example 07:30-15:30, 17:00-19:00. Empty: closed.
hours-centre = Whole centre
hours-open = Open now.
hours-closed = Closed now. Opens { $opens }.
hours-open-always = Counts as always open.
hours-not-stored = No hours are stored yet. The fields show a proposal; it applies once you save it.
hours-not-own = This line has no hours of its own. Those of the whole centre apply until you save others here.
hours-none = No opening hours are stored for: { $lines }. These lines count as always open.
hours-unreadable = The stored opening hours of the line { $line } cannot be read.
hours-unreadable-centre = The stored opening hours of the whole centre cannot be read.
hours-weekly = Every week
hours-closed-day = closed
hours-holidays = Holidays
hours-serbia = Closed on the non-working days of Serbia
hours-coming-holidays = Coming non-working days
hours-exceptions = Exceptions
hours-never-open = With these hours it is never open. Give at least one time.
hours-save = Save hours
exceptions-hint = On a single date other times apply, also if it is a holiday. Without times it is closed all day.
exceptions-past = Past exceptions
exception-new = New exception
exception-date = Date
exception-times = Times
exception-sr = Reason, Serbian
exception-en = Reason, English
exception-remove = Remove when saving
exception-needs-date = Give the date.
exception-twice = This date has two exceptions. Keep one.
shifts-mine = Your shifts in the next 14 days
shifts-none-of-mine = You have no shift in the next 14 days.
shifts-everybody = Everybody in the next 14 days
shifts-planned = Planned
shifts-nobody = nobody
shifts-weekly = Weekly shifts
shifts-exceptions = Exceptions for single dates
shifts-none = There is no shift plan yet. Until there is one, everybody counts as planned at all times.
shifts-unreadable = The stored shift plan cannot be read. Everybody counts as planned at all times.
shift-now = now
shift-who = Who
shift-times = Times
shift-weekday = Weekday
shift-weekdays = Weekdays
shift-note = Reason
shift-free = free
shift-add = Add weekly shift
shift-exception-add = Add exception
shift-remove = Remove
shift-hint = For example 07:30-15:30. A shift that ends at or before its beginning ends on the next day: 22:00-06:00.
shift-exception-hint = These times replace all shifts of that date. Empty: free.
shift-incomplete = Tick at least one weekday and give the times.
shift-needs-who = Choose a person or a team.
shift-persons = Persons
shift-teams = Teams
shift-team = team { $name }
shift-disabled = { $name } (account disabled)
shift-unknown = unknown person
plan-too-long = The plan has too many entries.
plan-exception-twice = { $date }: there is an exception already: { $who }. Remove it first.
plan-zero-length = A shift begins and ends at the same time. Write a whole day as 00:00-24:00.
plan-begins-at-midnight = A shift begins at 24:00. Write it on the next day, from 00:00.
plan-overlap = { $who }, { $day }: { $first } and { $second } overlap.
plan-open-swap = On { $date } a swap is requested. Confirm or decline it first.
calendar-title = Shift
calendar-address = Address of your calendar
calendar-hint = Subscribe to this address in a calendar program. Whoever has it sees when you work, so do not pass it on.
swaps = Swaps
swap-ask = Ask for a swap
swap-to = Colleague
swap-send = Ask
swap-confirm = Confirm
swap-decline = Decline
swap-asked = requested
swap-confirmed = confirmed
swap-declined = declined
targets = Reply targets
target = Reply
target-first = first reply
target-next = later replies
target-urgency-danger = Immediate danger
target-urgency-urgent = Urgent
target-urgency-ordinary = Ordinary
target-kept = In time
target-missed = Late
target-kept-share = In time, of all
care = Who took care
care-what = What happened
care-times = Times
care-given-back = Contact given back to the queue
care-returned = Contact returned because its assignee was away
care-alarms = Alarm about somebody in danger
targets-today = Reply targets today
targets-none = No reply was due today yet.
routing-late = Late
late-yours = { $n ->
    [one] { $n } of your replies is late
   *[other] { $n } of your replies are late
}
severe-yours = Severe contacts in 12 hours: { $n }
severe-yours-hint = Urgent or dangerous contacts that you got. Only you see this number.
by-hand = Without an assignee
by-hand-hint = The most urgent come first. You can give a contact to a colleague, also to one who is not available.
by-hand-to = Give { $reference } to
by-hand-give = Give
by-hand-more = More
alike-sender = { $n ->
    [one] { $n } more from the same sender
   *[other] { $n } more from the same sender
}
alike-text = { $n ->
    [one] { $n } more with the same text
   *[other] { $n } more with the same text
}
pick-group = Select all of them
by-hand-choose = choose a colleague

# The demo.
log-in-personas = Demo: log in with one click
demo-title = Hotline demo: a sample centre. All people and messages are invented.
demo-step-centre = Preparing the sample centre: staff and shifts …
demo-step-past = Preparing the sample centre: 18 months of contacts …
demo-step-cases = Preparing the sample centre: cases and events …
demo-step-day = Preparing the sample centre: the working day …
demo-prepared = The sample centre is ready ({ $seconds } seconds).
demo-form = Write to the centre
demo-desk = The staff's desk
demo-sent = What the demo has sent
demo-accounts = Log in with one click, or type a name and the password:
demo-mila = mila    counsellor     contacts, replies, cases
demo-sara = sara    supervisor     also queues, shifts, quarantine, statistics
demo-petra = petra   manager        statistics without names or texts
demo-admin = admin   administrator  lines, jobs and settings
demo-password = Everybody's password
demo-nothing-leaves = Replies go to the page “What the demo has sent”; nothing leaves this machine.
demo-thrown-away = The data is deleted when the demo stops. To keep it: --keep FOLDER
demo-kept = The data is kept in
demo-stop = Stop with Ctrl+C.
demo-sent-none = Nothing yet. Reply to a contact at the desk; ten seconds later the reply is here.
