"""Adapter for Interspire Email Marketer; everything beside `Interspire` is private to it."""

from providers.interspire.adapter import Interspire

__all__ = ["Interspire"]
