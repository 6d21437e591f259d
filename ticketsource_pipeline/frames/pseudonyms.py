"""Tokens that stand for what identifies a person: the same for the same value, by a secret key."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from hmac import compare_digest, digest

from ticketsource_pipeline.personal_data import Personal

TOKEN_KINDS = frozenset({Personal.NAME, Personal.COMPANY, Personal.EMAIL, Personal.TELEPHONE})

_BODY_DIGITS = 24
_PROOF_DIGITS = 8
# A domain of RFC 2606: it looks like an address to a check, and no mail ever gets there.
_TOKEN = re.compile(r"p-([0-9a-f]{32})|([0-9a-f]{32})@pseudonym\.invalid")


@dataclass(frozen=True)
class Pseudonyms:
    """Makes tokens under one secret key.

    A token carries its own proof, so that one is told from a value that only looks like it, and
    no token is ever made of a token.

    Attributes:
        secret: the key, random and known to this data directory alone.
    """

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """A short name of the key that does not give it away."""
        return self._hash("key", "")[:16]

    def token(self, kind: Personal, value: object) -> str | None:
        """Return what stands for a value; an empty text stays, what is no text gives none.

        Args:
            kind: what the value is; e-mail addresses are compared trimmed and case-folded,
                telephone numbers by their digits, names by their letters whatever their case.
            value: the value, or a token made of it before.
        """
        if value == "":
            return ""
        text = self._comparable(kind, value)
        if text is None or self.is_token(text):
            return text
        body = self._hash(kind, text)[:_BODY_DIGITS]
        whole = body + self._proof(body)
        return f"{whole}@pseudonym.invalid" if kind is Personal.EMAIL else f"p-{whole}"

    def is_token(self, text: str) -> bool:
        """Return whether a text is a token that this key made."""
        found = _TOKEN.fullmatch(text)
        if found is None:
            return False
        whole = found[1] or found[2]
        return compare_digest(self._proof(whole[:_BODY_DIGITS]), whole[_BODY_DIGITS:])

    def mark(self, kind: Personal, value: object) -> str | None:
        """Return the mark by which a person is known again without being named; none for nobody.

        A value and the token that stands for it give the same mark.

        Args:
            kind: EMAIL for an address, CUSTOMER for a customer's id.
            value: the address or the id.
        """
        known = self.token(kind, value) if kind in TOKEN_KINDS else value
        return self._hash(f"mark {kind}", known) if isinstance(known, str) and known else None

    def _comparable(self, kind: Personal, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        text = " ".join(unicodedata.normalize("NFC", str(value)).casefold().split())
        if kind is Personal.TELEPHONE and not self.is_token(text):
            text = re.sub(r"[^\d+]", "", text) or text
        return text or None

    def _proof(self, body: str) -> str:
        return self._hash("token", body)[:_PROOF_DIGITS]

    def _hash(self, purpose: str, text: str) -> str:
        # Half a character, which JSON can name, is hashed like any other.
        message = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return digest(self.secret, message, "sha256").hex()
