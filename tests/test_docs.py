"""What the documents say is what the code does."""

import re
import tomllib
from pathlib import Path

from realtime.errors import CloseCode

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
API = (ROOT / "docs/api.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_readme_starts_with_the_two_commands() -> None:
    start = "\n".join(README.splitlines()[:12])
    assert "\nmake run " in start
    assert "\nmake test " in start


def test_every_make_target_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) | set(re.findall(r"`make ([a-z]+)", README))
    assert named - set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE)) == set()


def test_every_link_in_the_documents_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md"), *ROOT.glob("*/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_changelog_has_this_version_or_what_is_unreleased() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## (Unreleased|{re.escape(version)})\b", CHANGELOG, re.MULTILINE)


def test_every_close_code_is_documented_and_every_documented_one_exists() -> None:
    section = API[API.index("Close codes:") :].split("\n\n")[0]
    assert {int(code) for code in re.findall(r"\b([14]\d{3})\b", section)} == {int(code) for code in CloseCode}
