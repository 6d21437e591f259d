"""Are there known vulnerabilities in the locked packages? Exit 1 when so, 0 when none is known.

Where the database cannot be asked, or does not know the packages, that is said and is no failure:
a build must not depend on somebody else's server. A vulnerability found is one, since a release
must not carry it unseen: raise the bound in pyproject.toml and run `make lock`, or, while there is
no fixed version or it does not concern us, add it to ACCEPTED with the reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCKS = ("requirements.lock", "requirements-test.lock")
SECONDS_AT_MOST = 180

ACCEPTED: dict[str, str] = {}
"""By id of the vulnerability (PYSEC-..., GHSA-..., CVE-...), why it may stay for now."""


def main(options: list[str]) -> int:
    """Audit the lock files; the options are passed on to pip-audit."""
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10", *options]
    for lock in LOCKS:
        command += ["--requirement", str(root / lock)]
    for name in ACCEPTED:
        command += ["--ignore-vuln", name]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, capture_output=True, text=True, timeout=SECONDS_AT_MOST, check=False
        )
        packages = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _skipped(f"no answer within {SECONDS_AT_MOST} s")
    except (ValueError, KeyError):
        said = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
        return _skipped(said[-1])
    found = [
        f"{package['name']} {package['version']}: {item['id']}, fixed in"
        f" {', '.join(item['fix_versions']) or 'no version yet'}"
        for package in packages
        for item in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    print(*(f"VULNERABLE: {line}" for line in found), sep="\n", end="\n" if found else "")
    if unknown:
        shown = f"{', '.join(unknown[:5])}{' and others' if len(unknown) > 5 else ''}"
        _skipped(f"the database does not know {len(unknown)} of {len(packages)}: {shown}")
    if found:
        print("What to do about it is said at the head of .ci/audit.py.")
    elif len(unknown) < len(packages):
        print(f"audit: nothing known against {len(packages) - len(unknown)} packages.")
    return 1 if found else 0


def _skipped(why: str) -> int:
    print(f"audit SKIPPED, packages were not looked up: {why}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
