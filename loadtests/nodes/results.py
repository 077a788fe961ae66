"""The page of results: parts under headings, each written anew by whoever measures it."""

from pathlib import Path

from loadtests.peers.machine import describe

RESULTS = Path(__file__).resolve().parents[1] / "results/nodes.md"
TITLE = "# Several nodes\n"


def write_part(title: str, text: str, path: Path = RESULTS) -> None:
    """Put `text` under `title`, in place of what was there; other parts stay."""
    old = path.read_text() if path.exists() else TITLE
    head, *parts = old.split("\n## ")
    machine = ", ".join(f"{name} {value}" for name, value in describe().items())
    part = f"{title}\n\n{text}\n\n{machine}."
    kept = [one.rstrip() for one in parts if one.partition("\n")[0] != title]
    path.write_text("\n\n## ".join([head.rstrip(), *sorted([*kept, part])]) + "\n")
