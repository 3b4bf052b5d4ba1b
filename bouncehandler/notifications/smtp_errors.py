"""Describes failures of the SMTP server: one sentence each, with a remedy."""

import smtplib
import ssl
from base64 import b64encode
from typing import NamedTuple

from bouncehandler.notifications.sanitize import one_line
from bouncehandler.notifications.smtp_server import SmtpServer

_UNREACHABLE_HINT = "does it run, is notify.smtp right?"
_MAX_ANSWER = 200
"""Characters of a server's answer that are quoted."""

_PERMANENT = 500  # RFC 5321 4.2.1

Refused = dict[str, tuple[int, bytes]]
"""Status and text of the server's refusal, by recipient."""


class SmtpFailure(NamedTuple):
    """A failed attempt to send a mail."""

    key: str
    """Identifies the failure across attempts, where the texts of servers differ."""
    sentence: str
    is_permanent: bool = False
    """Whether it needs the operator; a temporary one may pass."""


def describe_smtp_error(error: Exception, server: SmtpServer) -> SmtpFailure:
    """Describe an error; the password is redacted, even where the server repeats it."""
    key, sentence, is_permanent = _describe(error, server)
    return SmtpFailure(key, _redacted(sentence.format(server=f"the SMTP server {server.name}"), server), is_permanent)


def describe_refusals(refused: Refused, server: SmtpServer) -> str:
    """List the refused recipients: `a@example.com: 550 no such user`."""
    return _redacted(
        "; ".join(f"{recipient}: {_quoted(code, text)}" for recipient, (code, text) in sorted(refused.items())), server
    )


def _describe(error: Exception, server: SmtpServer) -> tuple[str, str, bool]:
    """Key, sentence with `{server}` in it, and whether it is permanent."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _recipients_refused(error.recipients, server)
        case smtplib.SMTPResponseException():
            return _rejected(error)
        case smtplib.SMTPNotSupportedError():
            return _unsupported(error)
        case smtplib.SMTPServerDisconnected():
            sentence = f"{{server}} hung up, or did not answer within {server.timeout:g} seconds: see its log"
            return "disconnected", sentence, False
    return _unreachable(error, server)


def _recipients_refused(refused: Refused, server: SmtpServer) -> tuple[str, str, bool]:
    key = f"recipients {sorted((recipient, code) for recipient, (code, _) in refused.items())}"
    is_permanent = any(code >= _PERMANENT for code, _ in refused.values())
    hint = "correct notify.to" if is_permanent else "see its log"
    return (
        key,
        f"{{server}} refuses every recipient ({_braced(describe_refusals(refused, server))}): {hint}",
        is_permanent,
    )


def _rejected(error: smtplib.SMTPResponseException) -> tuple[str, str, bool]:
    code, answer = error.smtp_code, _braced(_quoted(error.smtp_code, error.smtp_error))
    match error:
        case smtplib.SMTPSenderRefused() if code >= _PERMANENT:
            return f"sender {code}", f"{{server}} refuses the sender ({answer}): set notify.sender", True
        case smtplib.SMTPAuthenticationError():  # without its text: the answer to a login may contain secrets
            hint = "correct notify.username and notify.password"
            return f"login {code}", f"{{server}} refuses the login ({code}): {hint}", code >= _PERMANENT
    return f"answer {code}", f"{{server}} takes no mail ({answer}): see its log", False


def _unsupported(error: smtplib.SMTPNotSupportedError) -> tuple[str, str, bool]:
    text = str(error)
    if "STARTTLS" in text:
        return "no STARTTLS", '{server} offers no STARTTLS: set it up there, or notify.tls to "none" or "tls"', True
    if "AUTH" in text:
        return "no AUTH", "{server} offers no login: leave notify.username out, or choose another notify.tls", True
    return "no SMTPUTF8", "{server} takes no internationalised addresses: choose others for notify", True


def _unreachable(error: Exception, server: SmtpServer) -> tuple[str, str, bool]:
    match error:
        case ssl.SSLError():
            return _insecure(error)
        case smtplib.SMTPException():  # a subclass of OSError; smtplib's own words
            why = _braced(one_line(str(error))[:_MAX_ANSWER])
            return f"unusable {why}", f"{{server}} can't be used ({why}): does notify fit it?", True
        case TimeoutError():
            return "timeout", f"{{server}} did not answer within {server.timeout:g} seconds: does it run?", False
        case OSError():
            why = _braced(one_line(error.strerror or type(error).__name__))
            return f"unreached {error.errno}", f"{{server}} can't be reached ({why}): {_UNREACHABLE_HINT}", False
        case UnicodeError():
            return "name", f"{{server}} can't be reached (its name can't be one): {_UNREACHABLE_HINT}", True
    name = type(error).__name__
    return name, f"the notices can't be sent, which is a bug ({name}): please report it", False


def _insecure(error: ssl.SSLError) -> tuple[str, str, bool]:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _braced(one_line(error.verify_message))
        hint = "give it one for this name from an authority that this host trusts"
        return "certificate", f"the certificate of {{server}} is not to be trusted ({why}): {hint}", True
    why = _braced(one_line(error.reason or "no reason given"))
    return f"TLS {why}", f"{{server}} and this host can't agree on TLS ({why}): does notify.tls fit that port?", True


def _quoted(code: int, text: bytes | str) -> str:
    plain = one_line(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    return f"{code} {plain[:_MAX_ANSWER]}".strip()


def _braced(text: str) -> str:
    """Escape braces for `str.format`."""
    return text.replace("{", "{{").replace("}", "}}")


def _redacted(text: str, server: SmtpServer) -> str:
    if not server.password:
        return text
    user, password = (server.username or "").encode(), server.password.encode()
    secrets = (server.password, *(b64encode(b).decode() for b in (password, b"\0%b\0%b" % (user, password))))
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
