"""What a run can be told, with its option, its environment variable, its name in a file and its default."""

from catalogue_pages import prose
from catalogue_pages import table as markdown

from mibench.settings import FIELDS, option


def table() -> str:
    """A line a setting, in the order of `mibench run --help`."""
    lines = []
    for name in FIELDS:
        asked = option(name)
        flags = ", ".join(f"`{flag}`" for flag in asked.flags)
        variable = "MIBENCH_PLUGINS" if name == "plugins" else asked.variable
        lines.append((flags, f"`{variable}`", f"`{name}`", asked.shown or "–", prose(asked.help)))
    return markdown(("option", "variable", "in a file", "default", "what it says"), lines)
