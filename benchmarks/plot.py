"""Line plots with two logarithmic axes, written as SVG without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 90
COLOURS = ("#b45309", "#1d4ed8", "#047857", "#7c3aed")


@dataclass(frozen=True, slots=True)
class Series:
    """One line, with a value for each x."""

    name: str
    values: Sequence[float]


def write_plot(path: Path, title: str, x: Sequence[float], series: Sequence[Series]) -> None:
    """Write a plot. A straight line at 45 degrees means proportional growth."""
    path.write_text(svg(title, x, series), encoding="utf-8")


def svg(title: str, x: Sequence[float], series: Sequence[Series]) -> str:
    """Return the plot as SVG. Values of 0 and less are left out."""
    positive = [value for one in series for value in one.values if value > 0]
    across = _Axis.over(x, LEFT, WIDTH - RIGHT)
    up = _Axis.over(positive or [1.0], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>',
    ]
    for value in across.ticks():
        at = across.at(value)
        parts.append(f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{_short(value)}</text>'
        )
    for value in up.ticks():
        at = up.at(value)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_short(value)}</text>')
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        points = [(across.at(a), up.at(b)) for a, b in zip(x, one.values, strict=True) if b > 0]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        below = HEIGHT - BOTTOM + 38 + 16 * number
        parts.append(f'<rect x="{LEFT}" y="{below - 9}" width="12" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + 18}" y="{below}">{escape(one.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic scale between two powers of ten."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> _Axis:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(low, max(high, low + 1), start, end)

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _short(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"
