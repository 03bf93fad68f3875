"""Settings of the documentation site: `make docs` builds it in build/site, without a network."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import spectral_core  # noqa: E402

project = "spectral-core"
author = "The spectral-core authors"
project_copyright = author
version = release = spectral_core.__version__

# The source is the repository, so that pages link to README, benchmarks and sources as they do on any other viewer.
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md", "benchmarks/*.md"]
exclude_patterns = [".*", "build", "results", "tests", "spectral_core", "derivations", "benchmarks/.data"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs.site.extension"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4
autodoc_typehints = "none"
napoleon_google_docstring = False
default_role = "literal"
suppress_warnings = [
    "misc.highlighting_failure"
]  # the grammar of formulas has a sign that the highlighter does not know

html_theme = "furo"
html_title = "spectral-core"
html_math_renderer = "mathml"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
