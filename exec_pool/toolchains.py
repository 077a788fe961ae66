"""Which tools this machine has, where, and the words for what is missing."""

import os
from pathlib import Path

from exec_pool.bwrap_cell import inside
from exec_pool.languages import Language, LanguageInfo
from exec_pool.plans import Toolchain

FOLDERS = ("/usr/local/bin", "/usr/bin", "/usr/lib/go/bin", "/usr/local/go/bin")
GO_ARCHIVES = ("/usr/lib/go/pkg", "/usr/local/go/pkg")


def find_tools(languages: tuple[Language, ...], extra: tuple[str, ...]) -> Toolchain:
    """Every tool that exists: name → path in a cell. `extra` roots win: a folder, its `bin`, or the program itself."""
    names = {tool.name for language in languages for tool in language.tools}
    found = {name: path for name in sorted(names) if (path := _find(name, extra))}
    archives = any(list(Path(folder).glob("linux_*/fmt.a")) for folder in GO_ARCHIVES)
    return Toolchain(found, archives and found.get("go", "").startswith("/usr/"))


def _find(name: str, extra: tuple[str, ...]) -> str:
    for number, root in enumerate(extra):
        candidates = [root] if os.path.basename(root) == name else []
        for path in [*candidates, os.path.join(root, "bin", name), os.path.join(root, name)]:
            if _runs(path):
                return inside(number, root) + path.removeprefix(root)
    return next((path for folder in FOLDERS if _runs(path := os.path.join(folder, name))), "")


def _runs(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def hidden_paths(paths: tuple[str, ...]) -> list[str]:
    """Those of the paths that a cell's user cannot reach, or that do not exist."""
    return [path for path in paths if not _reachable(Path(path))]


def _reachable(path: Path) -> bool:
    try:
        return all(folder.stat().st_mode & 0o001 for folder in path.parents) and bool(path.stat().st_mode & 0o004)
    except OSError:
        return False


def describe(language: Language, toolchain: Toolchain, versions: dict[str, str] | None, off: str) -> LanguageInfo:
    """What clients learn. `versions` None: not asked yet; `off`: there is no sandbox, so nothing is available."""
    reason = off or _missing(language, toolchain)
    version = (versions or {}).get(language.id, "")
    if not reason and versions is not None and not version:
        path = toolchain.tools[language.version[0]]
        reason = f"{language.name} does not work in the sandbox of this server ({path} does not start there)."
    return LanguageInfo(
        id=language.id,
        name=language.name,
        version=version,
        available=not reason,
        reason=reason,
        extensions=language.extensions,
        file_name=language.file_name,
        sample=language.sample,
    )


def _missing(language: Language, toolchain: Toolchain) -> str:
    packages = [tool.package for tool in language.tools if tool.name not in toolchain.tools]
    if not packages:
        return ""
    wanted = " ".join(dict.fromkeys(packages))
    return (
        f"{language.name} is not installed on this server. An administrator can add it with: apt-get install {wanted}"
    )
