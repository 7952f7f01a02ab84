"""The documentation site: Markdown in, one folder of HTML out that asks nothing of any network."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

import mibench  # noqa: E402

project = "mibench"
version = release = mibench.__version__
copyright = "the mibench authors, MIT licence"
extensions = ["myst_parser", "sphinx_copybutton"]

source_suffix = {".md": "markdown"}
myst_heading_anchors = 4  # as the repository host numbers them
suppress_warnings = ["myst.xref_ambiguous"]
smartquotes = False  # a value in quotes is copied
highlight_language = "none"
pygments_style, pygments_dark_style = "default", "github-dark"
copybutton_prompt_text = "$ "  # of a session its commands alone are copied
python_maximum_signature_line_length = 88
python_display_short_literal_types = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"mibench {release}"
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5fa5", "color-brand-content": "#0b5fa5"},
    "dark_css_variables": {"color-brand-primary": "#7fb8ec", "color-brand-content": "#7fb8ec"},
    "navigation_with_keys": True,
}
