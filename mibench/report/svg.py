"""A figure inside a page."""

import re
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def element(figure: "Figure", kind: str) -> str:
    """The figure as an element of the page: ids made its own, no header, no metadata, no address."""
    from mibench.plots.style import save

    buffer = BytesIO()
    save(figure, buffer, "svg", dots=120)
    text = buffer.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]*)"', rf'id="{kind}-\1"', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{kind}-", text)
    # In attributes, hundredths of a point are enough; what stands between tags is to be read.
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d{2})\d+", r"\1", tag[0]), text)
    text = re.sub(r">\s+<", "><", text)
    points = figure.get_figwidth() * 72
    size = f'style="min-width:{min(0.7 * points, 640):.0f}px;max-width:{1.6 * points:.0f}px"'
    return re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', size, text, count=1)
