"""Writes the settings table of the README from `api.settings`. Run by `make docs`."""

import re
from pathlib import Path

from api.settings import describe

README = Path(__file__).resolve().parent.parent / "README.md"
HEAD = "| name | default | what it does |\n|---|---|---|\n"


def rows() -> list[str]:
    """One Markdown row per setting, in the order of the code."""
    return [f"| `{name}` | {f'`{default}`' if default else 'none'} | {text} |" for name, default, text in describe()]


def main() -> None:
    """Replace the rows below the table's head."""
    text = README.read_text(encoding="utf-8")
    before, after = text.split(HEAD)
    rest = re.sub(r"\A(\|.*\n)*", "", after)
    README.write_text(before + HEAD + "\n".join(rows()) + "\n" + rest, encoding="utf-8")


if __name__ == "__main__":
    main()
