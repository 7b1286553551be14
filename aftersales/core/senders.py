"""Where notices are sent to, as an administrator writes it; what could not work is refused when the process starts."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import EmailValidator

_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}  # smtp+tls: STARTTLS; smtp+ssl: TLS from the first byte
_HERE = ("localhost", "127.0.0.1", "::1")


def smtp(url: str) -> dict[str, Any]:
    """Read `smtp+tls://user:password@host:port` as the arguments of Django's SMTP backend; {} for no address.

    Raises ImproperlyConfigured, without the address in it: it holds a password.
    """
    if not url.strip():
        return {}
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ImproperlyConfigured("EMAIL_URL has a host or a port that cannot be.") from error
    if parts.scheme not in _PORTS:
        raise ImproperlyConfigured("EMAIL_URL must begin with smtp://, smtp+tls:// (STARTTLS) or smtp+ssl://.")
    if not host or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ImproperlyConfigured("EMAIL_URL must be scheme://user:password@host:port, with / and @ written %2F, %40.")
    return {
        "host": host,
        "port": port or _PORTS[parts.scheme],
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": parts.scheme == "smtp+tls",
        "use_ssl": parts.scheme == "smtp+ssl",
    }


def from_address(text: str, *, needed: bool) -> str:
    """Check `Aftersales <service@example.com>`; "" is one when none is needed. Raises ImproperlyConfigured."""
    text = text.strip()
    if not text and not needed:
        return ""
    try:
        EmailValidator()(parseaddr(text)[1])
    except ValidationError as error:
        raise ImproperlyConfigured("EMAIL_FROM must be the address from which notices come.") from error
    return text


def gateway(name: str, url: str) -> str:
    """Check a gateway's address: https, or http within this machine or its container network.

    Raises ImproperlyConfigured, without the address in it: it may hold a key.
    """
    url = url.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} has a host or a port that cannot be.") from error
    near = host in _HERE or (host and "." not in host and ":" not in host)
    if not host or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not near):
        raise ImproperlyConfigured(f"{name} must be an https:// address; http:// only within this machine or network.")
    return url


def token(name: str, text: str) -> str:
    """Check a bearer token, which may come from a file with a line's end. Raises ImproperlyConfigured."""
    text = text.strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ImproperlyConfigured(f"{name} must be one word of ASCII characters.")
    return text
