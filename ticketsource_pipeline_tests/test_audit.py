"""The audit of the locked packages: a finding fails it, a database out of reach does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parent.parent / ".ci" / "audit.py"


def audit(*options: str, python_path: Path | None = None) -> tuple[int, str]:
    environment = {**os.environ, **({"PYTHONPATH": str(python_path)} if python_path else {})}
    done = subprocess.run(
        [sys.executable, str(AUDIT), *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def package(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": [], **more}


FINDING = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
UNKNOWN = {"name": "b", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([package("a")], 0, "nothing known against 1 packages"),
        ([package("a", vulns=[FINDING])], 1, "VULNERABLE: a 1.0: PYSEC-2026-1, fixed in 1.1"),
        ([package("a"), UNKNOWN], 0, "SKIPPED, packages were not looked up: the database does not"),
        ([UNKNOWN], 0, "does not know 1 of 1: b"),
        ([UNKNOWN, package("a", vulns=[{**FINDING, "fix_versions": []}])], 1, "no version yet"),
        (None, 0, "SKIPPED, packages were not looked up: no connection"),
    ],
)
def test_a_finding_fails_the_audit_and_what_was_not_looked_up_is_said(
    packages: list[dict[str, Any]] | None, code: int, said: str, tmp_path: Path
) -> None:
    answer = "" if packages is None else json.dumps({"dependencies": packages, "fixes": []})
    (tmp_path / "pip_audit.py").write_text(
        f"import sys\nprint({answer!r})\nsys.exit({code if answer else 'no connection'!r})\n"
    )
    got, text = audit(python_path=tmp_path)
    assert (got, said in text) == (code, True), text
    looked_up = [item for item in packages or [] if "version" in item]
    assert ("nothing known" in text) == (bool(looked_up) and code == 0)


def test_a_database_out_of_reach_is_said_and_fails_nothing() -> None:
    code, text = audit("--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:9/v1/query")
    assert code == 0
    assert "SKIPPED" in text
    assert "nothing known" not in text
