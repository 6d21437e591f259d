"""The data dictionary: what every dataset and column means, written from the declarations."""

from ticketsource_pipeline.dictionary.page import dictionary_page

__all__ = ["dictionary_page"]
