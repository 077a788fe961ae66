"""Which languages there are here, and the words for what is missing; and the operator's own toolchain folders."""

import logging
from pathlib import Path

from exec_pool.language import Language, LanguageInfo
from exec_pool.probe import Survey

NOT_YET = "This language is being looked for; try again in a moment."

log = logging.getLogger(__name__)


def reachable(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the paths that exist and that a cell's user can reach."""
    found = tuple(path for path in paths if _is_reachable(Path(path)))
    for path in set(paths) - set(found):
        log.info("%s cannot be used for code execution: other users cannot reach it", path)
    return found


def _is_reachable(path: Path) -> bool:
    try:
        return all(folder.stat().st_mode & 0o001 for folder in path.parents) and bool(path.stat().st_mode & 0o004)
    except OSError:
        return False


def describe(language: Language, found: Survey | None, off: str) -> LanguageInfo:
    """What clients learn. `found` None: its image was not looked into yet; `off`: why nothing at all is available."""
    reason = off or (_missing(language, found) if found else NOT_YET)
    version = found.versions.get(language.id, "") if found else ""
    if not reason and found is not None and not version:
        path = found.tools.get(language.version[0], language.version[0])
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
        options=language.options,
    )


def _missing(language: Language, found: Survey) -> str:
    packages = [tool.package for tool in language.tools if tool.name not in found.tools]
    if not packages:
        return ""
    wanted = " ".join(dict.fromkeys(packages))
    return (
        f"{language.name} is not installed on this server. An administrator can add it with: apt-get install {wanted}"
    )
