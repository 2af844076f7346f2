"""Spreadsheets for evaluation servers: texts and numbers as they are, and equal bytes for equal content."""

import logging
from datetime import datetime
from io import BytesIO
from typing import Sequence

logger = logging.getLogger(__name__)

CREATED = datetime(2000, 1, 1)  # stands in the file; the time of writing would make every file another
LONGEST = 32_767  # characters that a cell can hold


def workbook(rows: Sequence[Sequence[str | int]]) -> bytes:
    """Return an xlsx with one sheet; no text becomes a formula or a link, an empty one no cell.

    A text longer than a cell holds is cut, with a warning.
    """
    from xlsxwriter import Workbook

    buffer = BytesIO()
    book = Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": CREATED})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(number, place, value)
            elif value:
                sheet.write_string(number, place, value[:LONGEST])
            if isinstance(value, str) and len(value) > LONGEST:
                logger.warning("row %d: a text of %d characters is cut to what a cell holds", number, len(value))
    book.close()
    return buffer.getvalue()
