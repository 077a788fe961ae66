"""The image of cells: what goes into it. That it works is tried by `make image`, which takes minutes."""

from pathlib import Path

import pytest

from exec_pool import image
from exec_pool.languages import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]


def test_X60_the_image_brings_the_packages_of_every_language() -> None:
    listed = set(image.packages(image.PACKAGES.read_text()))
    assert "bubblewrap" not in listed
    for row in LANGUAGES:
        for tool in row.tools:
            assert set(tool.package.split()) <= listed, row.id


def test_X5_the_image_is_made_without_set_user_bits_and_with_room_to_write() -> None:
    command = image.bootstrap(Path("/x/root.tar"), ["deb http://mirror bookworm main"], ["rustc"])
    assert command[-3:] == ["bookworm", "/x/root.tar", "deb http://mirror bookworm main"]
    text = " ".join(command)
    assert "chmod a-s" in text
    assert "1777" in text
    assert "rustc" not in text
    dockerfile = (ROOT / "deploy/sandbox/Dockerfile").read_text()
    assert "chmod a-s" in dockerfile
    assert "exec_pool/apt-packages.txt" in dockerfile


def test_X1_an_image_that_cannot_be_built_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert image.main(["build"]) == 1
    assert capsys.readouterr().err.startswith("The image was not built")
    assert image.main(["check", "--url", "unix:///no/such/socket"]) == 1
    assert "no Docker engine answers" in capsys.readouterr().out
