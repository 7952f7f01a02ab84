"""How a number is written, everywhere: fixed digits, a dash where it is missing, and no zero with a minus."""

import math
import re

ARROWS = {"higher": "↑", "lower": "↓"}
"""Which values of a score are better, beside its name."""


def number(value: float, digits: int = 3) -> str:
    """A value for reading: fixed digits, or an exponent where it would not fit; a dash for NaN."""
    if math.isnan(value):
        return "–"
    return _unsigned(f"{value:.{digits}f}" if abs(value) < 1e4 else f"{value:.3g}")


def short(value: float, digits: int = 3) -> str:
    """So many digits that say something, zeros behind them left out: seconds, the marks of an axis; a dash for NaN."""
    return "–" if math.isnan(value) else _unsigned(f"{value:.{digits}g}")


def signed(value: float) -> str:
    """A difference: `number` with its sign, which a zero has none of."""
    text = number(value)
    return text if value <= 0 or math.isnan(value) or not text.strip("0.") else f"+{text}"


def interval(low: float, high: float) -> str:
    """Both ends of an interval of a difference, a dash where there is none."""
    return "–" if math.isnan(low) else f"{signed(low)} to {signed(high)}"


def p_value(p: float, level: float) -> str:
    """Three digits, and more where these would put p on the other side of the level."""
    if math.isnan(p):
        return "–"
    digits = next((d for d in range(3, 9) if (round(p, d) <= level) == (p <= level) and round(p, d) != level), 3)
    return "<0.001" if p < 0.001 else f"{p:.{digits}f}"


def truth_text(truth: float, error: float) -> str:
    """A truth, and its own error where three digits show it."""
    return number(truth) + (f" ± {number(error)}" if error >= 0.0005 else "")


def _unsigned(text: str) -> str:
    """The text without the minus of a value that was rounded to zero."""
    return text[1:] if re.fullmatch(r"-0(\.0*)?", text) else text
