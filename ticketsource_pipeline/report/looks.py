"""How the page looks: its own files, and all that decides it beside the figures."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files

# Raised when the same figures are told in another way than these files say.
CODE_VERSION = "1"
_FILES = ("page.css", "page.js", "page.html.jinja")
_LIBRARIES = ("altair", "vl-convert-python", "jinja2")


def text(name: str) -> str:
    """Return one of the page's own files."""
    return files("ticketsource_pipeline.report").joinpath(name).read_text("utf-8")


def made_with() -> str:
    """Return what decides, beside the figures, how a page looks; no library is loaded for it."""
    own = sha256("\n".join(text(name) for name in _FILES).encode()).hexdigest()
    return " ".join([CODE_VERSION, own, *(version(name) for name in _LIBRARIES)])
