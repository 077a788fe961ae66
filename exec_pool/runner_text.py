"""The runner as one text: both engines hand it to the Python in the cell, so an image needs nothing of ours."""

from pathlib import Path

PARTS = ("link", "meter", "terminal", "filters", "program", "runner")


def runner_text() -> str:
    """The runner and its neighbours as one text for `python3 -c`: modules by name, then main."""
    folder = Path(__file__).with_name("cell")
    modules = {f"exec_pool.cell.{name}": (folder / f"{name}.py").read_text() for name in PARTS}
    return (
        "import sys,types\n"
        f"texts={{'exec_pool':'','exec_pool.cell':'',**{modules!r}}}\n"
        "for name,text in texts.items():\n"
        " module=sys.modules[name]=types.ModuleType(name)\n"
        " exec(compile(text,name,'exec'),module.__dict__)\n"
        "sys.modules['exec_pool.cell.runner'].main()\n"
    )
