"""The options of a search and the keywords of `search` are one list with one set of defaults."""

import inspect
from dataclasses import fields

from spectral_core import search
from spectral_core.architecture.options import SearchOptions

OF_THE_DATA = {"X", "y", "task", "validation_data", "validation_fraction", "standardize"}


def test_search_has_the_keywords_and_defaults_of_its_options() -> None:
    keywords = {name: p.default for name, p in inspect.signature(search).parameters.items() if name not in OF_THE_DATA}
    assert keywords == {field.name: field.default for field in fields(SearchOptions)}
