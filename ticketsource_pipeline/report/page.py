"""The page: one HTML file that holds everything it needs and may fetch nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from hashlib import sha256

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ticketsource_pipeline.report import words
from ticketsource_pipeline.report.figures import Figures
from ticketsource_pipeline.report.looks import text
from ticketsource_pipeline.report.sections import sections


def page(figures: Figures, made_at: datetime, library: str) -> str:
    """Return the report as one HTML page.

    Args:
        figures: what it tells.
        made_at: when it is made, aware.
        library: the JavaScript that gives the page `vegaEmbed`.
    """
    parts = sections(figures)
    script, style = _script(library), text("page.css")
    specs = {
        figure.chart.name: figure.chart.vega for section in parts for figure in section.figures
    }
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(text("page.html.jinja")).render(
        account=figures.account,
        made_at=words.moment(made_at),
        made_at_machine=made_at.isoformat(timespec="seconds"),
        period=words.days(figures.first_day, figures.last_day) if figures.first_day else "",
        policy=_policy(script),
        script=Markup(script),  # noqa: S704 - our own and the library's, no data in it
        sections=parts,
        specs=Markup(_harmless(specs)),  # noqa: S704 - no character that HTML knows is left in it
        style=Markup(style),  # noqa: S704 - our own
    )


def _script(library: str) -> str:
    """The library, and after it our own script, as one module."""
    script = f"{library}\n{text('page.js')}"
    # It stands in the page as it is, so nothing in it may end the element.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _policy(script: str) -> str:
    """What the page may do: run its one script, and fetch nothing at all."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _harmless(value: object) -> str:
    """JSON without a character that could end the element it stands in."""
    plain = json.dumps(value, separators=(",", ":"))
    for character in "<>&":
        plain = plain.replace(character, f"\\u{ord(character):04x}")
    return plain
