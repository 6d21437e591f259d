"""The charts' JavaScript, put together once for each machine and each version.

vl-convert takes two seconds of processor time to put it together, and gives the same each time.
"""

from __future__ import annotations

import contextlib
from functools import cache
from hashlib import sha256
from importlib.metadata import version

from platformdirs import user_cache_path
from upath import UPath

from ticketsource_pipeline.store import FileWriter
from ticketsource_pipeline.store.manifest import PACKAGE

_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def chart_library() -> str:
    """Return the JavaScript that gives a page `vegaEmbed`; it needs nothing else."""
    folder = user_cache_path(PACKAGE)
    begin = f"vega-embed-{version('vl-convert-python')}-"
    for path in sorted(folder.glob(f"{begin}*.js")):
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            # Half a file, or another, is not what its name says.
            if path.name == f"{begin}{sha256(content).hexdigest()}.js":
                return content.decode()
    # It is large, and loaded only where it is needed.
    import vl_convert  # noqa: PLC0415

    library = vl_convert.javascript_bundle(snippet=_SNIPPET)
    content = library.encode()
    # A home that cannot be written costs the two seconds again.
    with contextlib.suppress(OSError, RuntimeError):
        path = UPath(folder / f"{begin}{sha256(content).hexdigest()}.js")
        FileWriter().write(path, content, private=True)
    return library
