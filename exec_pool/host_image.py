"""The quick image: empty folders and links; what it runs is this machine's own `/usr`, bound read-only.

Made in a moment without a registry: for tests, for development, and where one machine does everything.
"""

import io
import tarfile

from exec_pool.view import GROUP, HOSTS, PASSWD, bound_etc, inside

HOST_IMAGE = "sangam-cells-host:1"
FOLDERS = {"usr": 0o755, "etc": 0o755, "proc": 0o755, "sys": 0o755, "dev": 0o755, "run": 0o755, "toolchains": 0o755}
SCRATCH = {"work": 0o1777, "tmp": 0o1777}
LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "sbin": "usr/sbin"}
FILES = {"etc/passwd": PASSWD, "etc/group": GROUP, "etc/hosts": HOSTS}


def host_image_tar() -> bytes:
    """The root file system as a tar archive."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name, mode in {**FOLDERS, **SCRATCH}.items():
            tar.addfile(_member(name, tarfile.DIRTYPE, mode))
        for name, target in LINKS.items():
            link = _member(name, tarfile.SYMTYPE, 0o777)
            link.linkname = target
            tar.addfile(link)
        for name, content in FILES.items():
            file = _member(name, tarfile.REGTYPE, 0o644)
            file.size = len(content)
            tar.addfile(file, io.BytesIO(content))
    return whole.getvalue()


def _member(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = kind, mode
    return member


def host_binds(toolchain_paths: tuple[str, ...]) -> tuple[str, ...]:
    """What of this machine the image shows: source:target:ro."""
    system = [f"{path}:{path}:ro" for path in ("/usr", *bound_etc())]
    extra = [f"{path}:{inside(number, path)}:ro" for number, path in enumerate(toolchain_paths)]
    return (*system, *extra)
