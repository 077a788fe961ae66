"""The chart of a run: processor time per delivery of each server, as an SVG that suits light and dark pages."""

from html import escape

from loadtests.peers.report import TITLES, Result

WIDTH, LEFT, BAR, GAP = 760, 230, 18, 6
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #57606a; }
.head { font-weight: 600; }
.other { fill: #9aa4af; }
.ours { fill: #b4541a; }
.limit { fill: none; stroke: #9aa4af; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #a9b2bc; }
  .other { fill: #6b7682; }
  .ours { fill: #e08a4e; }
}
"""


def draw(results: list[Result]) -> str:
    """Bars for each scenario of steady typing, shorter is better; nothing but a title without any."""
    parts: list[str] = []
    y = 24
    for result in results:
        costs = {peer: figures for peer, figures in result.medians().items() if "ratio" in figures}
        if costs and result.name in ("class", "pairs", "crowd"):
            parts.append(_text(0, y, f"{result.name}: {result.text}", "head"))
            y += 12
            most = max(figures["us_per_delivery"] for figures in costs.values())
            for peer, figures in costs.items():
                parts += _bar(y, peer, figures["us_per_delivery"], figures["ratio"], most)
                y += BAR + GAP
            y += 26
    title = "Processor time of the server per delivery, µs (× the limit); shorter is better"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 8}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n{_text(0, y, title)}\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _bar(y: int, peer: str, cost: float, ratio: float, most: float) -> list[str]:
    width = max(2.0, cost / most * (WIDTH - LEFT - 110))
    kind = "ours" if peer.startswith("sangam") else "limit" if peer == "limit" else "other"
    return [
        _text(LEFT - 8, y + BAR - 5, TITLES[peer], anchor="end"),
        f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>',
        _text(LEFT + width + 6, y + BAR - 5, f"{cost:.1f} (× {ratio:.1f})"),
    ]


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
