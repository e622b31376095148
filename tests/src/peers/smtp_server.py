"""A mail server for tests: accepts mail over SMTP and puts it into Maildirs.

Usage: smtp_server.py settings.json

The settings name the two ports, the certificate, the credentials, the Maildir of each address,
the journal and the file with the faults to show, which is read again at each command.
"""

import asyncio
import base64
import json
import os
import ssl
import sys
import time

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

LAST = 0


def unique_name():
    """A Maildir name that sorts after all names given before."""
    global LAST
    LAST = max(LAST + 1, time.time_ns() // 1000)
    return "%d.M%06dP%d.localhost" % (LAST // 1000000, LAST % 1000000, os.getpid())


def deliver(maildir, message):
    name = unique_name()
    written = os.path.join(maildir, "tmp", name)
    with open(written, "wb") as file:
        file.write(message)
    os.rename(written, os.path.join(maildir, "new", name))


class Handler:
    def __init__(self, settings):
        self.settings = settings

    async def faults(self):
        try:
            with open(self.settings["faults"]) as file:
                faults = json.load(file)
        except FileNotFoundError:
            faults = {}
        if faults.get("delay_ms"):
            await asyncio.sleep(faults["delay_ms"] / 1000)
        return faults

    def maildir(self, address):
        user, _, host = address.rpartition("@")
        plain = user.split("+", 1)[0] + "@" + host
        for name in (address, plain):
            if name.lower() in self.settings["maildirs"]:
                return self.settings["maildirs"][name.lower()]
        return None

    def still_to_drop(self, faults):
        """Whether this mail is one to drop; counts it. The count outlives a restart."""
        path = self.settings["dropped"]
        try:
            with open(path) as file:
                dropped = json.load(file)
        except FileNotFoundError:
            dropped = {}
        if dropped.get("serial") != faults.get("serial"):
            dropped = {"serial": faults.get("serial")}
        count = dropped.get("count", 0)
        if count >= faults.get("drop_before_250", 0):
            return False
        dropped["count"] = count + 1
        with open(path, "w") as file:
            json.dump(dropped, file)
        return True

    def journal(self, envelope, dropped):
        entry = {
            "mail_from": envelope.mail_from,
            "rcpt_to": envelope.rcpt_tos,
            "data_base64": base64.b64encode(envelope.original_content).decode(),
            "time": time.time(),
            "dropped": dropped,
        }
        with open(self.settings["journal"], "a") as file:
            file.write(json.dumps(entry) + "\n")

    async def auth_XOAUTH2(self, server, args):
        """Takes a token that names the user and looks like a JSON web token; Dovecot checks the signature of its like."""
        text = base64.b64decode(args[1]).decode()
        fields = dict(part.split("=", 1) for part in text.split("\x01") if "=" in part)
        kind, _, token = fields.get("auth", "").partition(" ")
        right = fields.get("user") == self.settings["user"] and kind == "Bearer" and token.count(".") == 2
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(self, server, session, envelope, address, options):
        faults = await self.faults()
        if faults.get("temporary"):
            return "451 4.3.0 Try again later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        faults = await self.faults()
        for refused, answer in faults.get("refuse_rcpt", {}).items():
            if refused.lower() == address.lower():
                return answer
        if self.maildir(address) is None:
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        faults = await self.faults()
        dropped = self.still_to_drop(faults)
        if not dropped or faults.get("deliver_dropped"):
            head = "Return-Path: <%s>\r\n" % (envelope.mail_from or "")
            message = head.encode(errors="surrogateescape") + envelope.original_content
            for maildir in dict.fromkeys(map(self.maildir, envelope.rcpt_tos)):
                deliver(maildir, message)
        self.journal(envelope, dropped)
        if dropped:
            server.transport.close()
            raise ConnectionResetError("dropped on purpose")
        return "250 2.0.0 OK"


async def main():
    with open(sys.argv[1]) as file:
        settings = json.load(file)
    handler = Handler(settings)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.load_cert_chain(settings["certificate"], settings["key"])

    def authenticate(server, session, envelope, mechanism, data):
        expected = (settings["user"].encode(), settings["password"].encode())
        right = isinstance(data, LoginPassword) and (data.login, data.password) == expected
        return AuthResult(success=right, handled=False)

    def common():
        try:
            with open(settings["faults"]) as file:
                ascii_only = json.load(file).get("ascii_only", False)
        except FileNotFoundError:
            ascii_only = False
        return {
            "hostname": "localhost",
            "enable_SMTPUTF8": not ascii_only,
            "data_size_limit": 50 << 20,
        }

    loop = asyncio.get_running_loop()
    relay = await loop.create_server(
        lambda: SMTP(handler, loop=loop, **common()), "127.0.0.1", settings["port"]
    )
    submission = await loop.create_server(
        lambda: SMTP(
            handler,
            loop=loop,
            tls_context=tls,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
            **common(),
        ),
        "127.0.0.1",
        settings["submission_port"],
    )
    await asyncio.gather(relay.serve_forever(), submission.serve_forever())


asyncio.run(main())
