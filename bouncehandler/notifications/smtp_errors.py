"""What an SMTP server's failures mean to an operator: one sentence each, with how to mend it."""

import smtplib
import ssl
from base64 import b64encode
from typing import NamedTuple

from bouncehandler.notifications.sanitize import one_line
from bouncehandler.notifications.smtp_server import SmtpServer

_LOOK_THERE = "does it run, is notify.smtp right?"
_SHOWN = 200
"""Characters of a server's answer that are repeated."""

_PERMANENT = 500  # RFC 5321 4.2.1

Refused = dict[str, tuple[int, bytes]]
"""By recipient: the status and the text of the server's refusal."""


class SmtpFailure(NamedTuple):
    """Why a mail can't be sent."""

    key: str
    """The same as long as the trouble is: texts of servers differ from try to try."""
    sentence: str
    is_lasting: bool = False
    """Whether the operator has to mend it; else time may."""


def explained(error: Exception, server: SmtpServer) -> SmtpFailure:
    """The error in words; the password is in none of them, even where the server repeats it."""
    key, sentence, is_lasting = _explained(error, server)
    return SmtpFailure(key, _hidden(sentence.format(server=f"the SMTP server {server.name}"), server), is_lasting)


def refusals(refused: Refused, server: SmtpServer) -> str:
    """Who was refused and why: `a@example.com: 550 no such user`."""
    return _hidden("; ".join(f"{who}: {_said(code, text)}" for who, (code, text) in sorted(refused.items())), server)


def _explained(error: Exception, server: SmtpServer) -> tuple[str, str, bool]:
    """Key, sentence with `{server}` in it, and whether it is lasting."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _nobody(error.recipients, server)
        case smtplib.SMTPResponseException():
            return _answered(error)
        case smtplib.SMTPNotSupportedError():
            return _lacking(error)
        case smtplib.SMTPServerDisconnected():
            sentence = f"{{server}} hung up, or did not answer within {server.timeout:g} seconds: its log says why"
            return "disconnected", sentence, False
    return _unreached(error, server)


def _nobody(refused: Refused, server: SmtpServer) -> tuple[str, str, bool]:
    key = f"recipients {sorted((who, code) for who, (code, _) in refused.items())}"
    is_lasting = any(code >= _PERMANENT for code, _ in refused.values())
    hint = "correct notify.to" if is_lasting else "its log says why"
    return key, f"{{server}} refuses every recipient ({_braced(refusals(refused, server))}): {hint}", is_lasting


def _answered(error: smtplib.SMTPResponseException) -> tuple[str, str, bool]:
    code, said = error.smtp_code, _braced(_said(error.smtp_code, error.smtp_error))
    match error:
        case smtplib.SMTPSenderRefused() if code >= _PERMANENT:
            return f"sender {code}", f"{{server}} refuses the sender ({said}): set notify.sender", True
        case smtplib.SMTPAuthenticationError():  # its text is left out: what a login's answer repeats is secret
            hint = "correct notify.username and notify.password"
            return f"login {code}", f"{{server}} refuses the login ({code}): {hint}", code >= _PERMANENT
    return f"answer {code}", f"{{server}} takes no mail ({said}): its log says why", False


def _lacking(error: smtplib.SMTPNotSupportedError) -> tuple[str, str, bool]:
    text = str(error)
    if "STARTTLS" in text:
        return "no STARTTLS", '{server} offers no STARTTLS: set it up there, or notify.tls to "none" or "tls"', True
    if "AUTH" in text:
        return "no AUTH", "{server} offers no login: leave notify.username out, or choose another notify.tls", True
    return "no SMTPUTF8", "{server} takes no internationalised addresses: choose others for notify", True


def _unreached(error: Exception, server: SmtpServer) -> tuple[str, str, bool]:
    match error:
        case ssl.SSLError():
            return _insecure(error)
        case smtplib.SMTPException():  # which is an OSError; smtplib's own words
            why = _braced(one_line(str(error))[:_SHOWN])
            return f"unusable {why}", f"{{server}} can't be used ({why}): does notify fit it?", True
        case TimeoutError():
            return "timeout", f"{{server}} did not answer within {server.timeout:g} seconds: does it run?", False
        case OSError():
            why = _braced(one_line(error.strerror or type(error).__name__))
            return f"unreached {error.errno}", f"{{server}} can't be reached ({why}): {_LOOK_THERE}", False
        case UnicodeError():
            return "name", f"{{server}} can't be reached (its name can't be one): {_LOOK_THERE}", True
    name = type(error).__name__
    return name, f"the notices can't be sent, which is a bug ({name}): please report it", False


def _insecure(error: ssl.SSLError) -> tuple[str, str, bool]:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _braced(one_line(error.verify_message))
        hint = "give it one for this name from an authority that this host trusts"
        return "certificate", f"the certificate of {{server}} is not to be trusted ({why}): {hint}", True
    why = _braced(one_line(error.reason or "no reason given"))
    return f"TLS {why}", f"{{server}} and this host can't agree on TLS ({why}): does notify.tls fit that port?", True


def _said(code: int, text: bytes | str) -> str:
    plain = one_line(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    return f"{code} {plain[:_SHOWN]}".strip()


def _braced(text: str) -> str:
    """The text safe from `str.format`."""
    return text.replace("{", "{{").replace("}", "}}")


def _hidden(text: str, server: SmtpServer) -> str:
    if not server.password:
        return text
    user, password = (server.username or "").encode(), server.password.encode()
    secrets = (server.password, *(b64encode(b).decode() for b in (password, b"\0%b\0%b" % (user, password))))
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
