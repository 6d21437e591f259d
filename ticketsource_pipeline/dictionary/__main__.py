"""Write the data dictionary to a file: `python -m ticketsource_pipeline.dictionary FILE`."""

import sys
from pathlib import Path

from ticketsource_pipeline.dictionary.page import dictionary_page

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(dictionary_page(), encoding="utf-8")
