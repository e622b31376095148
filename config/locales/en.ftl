# English texts.
skip = Skip to content
exit = Leave this page now
languages = Language
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
ask-report-hint = Harmful, inappropriate or illegal content or conduct
promise-title = What happens with what you write
promise-who = Counsellors of the centre read your message. After sending you get a code with which you come back for the answer.
promise-limits = We show it to others only if a life is in danger or a child is being hurt. For example: somebody says they will harm themselves.
back = Back
mistake = Error
there-is-a-problem = There is a problem
url-label = Address of what you report (optional)
url-hint = Copy the address of the page, profile or group. Do not open it again for us.
message-label = What is happening?
message-report-label = What can be seen or is happening? (optional if you gave the address)
message-hint = Write as you can. You need not give names.
reply-to-label = Your e-mail address (optional)
reply-to-hint = Only if you also want the answer there. The answer waits here for your code in any case.
no-files = We take no pictures or videos. Send the address where they can be found instead.
send = Send
received-title = Your message was received
received-text = It is stored, and a counsellor will read it.
reference = Reference
receipt-code = Secret code
receipt-keep = Write the code down now: with it you read the answer and write again.
receipt-lost = We cannot repeat the code. If you lose it, send a new message. Show it to nobody you do not trust.
go-answer = The page for reading the answer
answer-title = Read the answer
code-hint = The sixteen digits from the receipt. Spaces do not matter.
read-answer = Read
conversation-title = Your conversation with us
you = You
write-again = Write something more
sent-again = Your message was received.
look-again = Look for a new answer
mistake-message-empty = Write what is happening
mistake-report-empty = Give the address or write what you report
mistake-message-long = The message is too long: at most 20,000 characters. Send the rest in another one.
mistake-url-long = The address is too long: at most 8,000 characters
mistake-reply-to = This is not an e-mail address such as ana@example.org
mistake-code = This code is not right. Check the digits.
mistake-code-later = Too many tries. Wait a minute and try again.
files-title = We take no pictures or files
files-text = Instead of a file, paste the address where it can be found. What you wrote is still there when you go back.
too-large-title = The message is too large
too-large-text = Nothing was sent. Go back and shorten the text, or send it in several parts.
bad-form-title = The message could not be read
bad-form-text = Nothing was sent. Go back and try again.
unavailable-title = The message cannot be stored now
unavailable-text = Go back and send it again in half a minute: what you wrote is still there. If it is urgent, call one of the numbers above.
pages = Pages
inbox = Inbox
statistics = Statistics
queue = Queue and lines
log-in = Log in
log-in-name = Log-in name
password = Password
log-in-refused = The log-in name or the password is wrong.
log-out = Log out
change = Change
on-duty = On duty
away = Away
duty-hint = Who is on duty is given new contacts
role-counsellor = counsellor
role-supervisor = supervisor
role-manager = manager
role-administrator = administrator
line-down = Line { $line } is down since { $since }. Messages wait at their server and will be fetched.
stale = The connection to the server is lost: this may not be the newest. What you type stays.
views = Views
view-unassigned = Unassigned
view-mine = Mine
view-all = All
list-empty = There are no contacts in this view.
more = More
erased = The content was erased
nobody = nobody
waits-since = Waiting since
just-now = just now
choose-one = Choose a contact from the list.
back-to-list = Back to the list
claim = Claim
give-back = Give back
close = Close
reopen = Reopen
marking = Marking
marking-none = none
marking-spam = spam
marking-test = test
marking-duplicate = duplicate
status-waiting = waiting for us
status-answered = answered
status-closed = closed
messages = Messages
the-person = The person
note = Note
acknowledgement = Acknowledgement
reported-address = Reported address
quoted = Quoted text
attachments = Attachments
attachment-warning = opening is logged; it may disturb
send-again = Send again
raw-source = Raw source
reply-label = Reply to the person
send-reply = Send reply (Ctrl+Enter)
note-label = Internal note
note-hint = Stays inside, is never sent
save-note = Save note
held-by-other = Somebody else holds this contact.
record = Record
name = Name
identifier = Identifier
answer-to = Answer to
anonymous-with-code = anonymous, with a code
channel = Channel
asks = Asks
language = Language
holder = Held by
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
channel-telephone = telephone
channel-social = social networks
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
remark-automatic = A machine or a list sent it.
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
since-establishment = Registered communications since establishment
of-which = Registered here { $registered }, opening balance { $balance }
by-channel = By channel
period = Period
from-start = since establishment
until-now = until today
as-of = as of
registered = Registered
opening-balance = Opening balance
opening-balances = Opening balances
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
