"""Images as servers get them: the pixels that a local engine sees, as PNG, in the text of a request."""

import asyncio
import base64
import io
from collections import OrderedDict
from typing import Callable

from PIL import Image

KEPT = 64  # images whose text is kept for further questions about them


def data_url(image: Image.Image) -> str:
    """Return an image as a data URL of a PNG without metadata: no server turns or recolours it."""
    plain = image.copy()
    plain.info = {}
    file = io.BytesIO()
    plain.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


class DataUrls:
    """The data URLs of images by path, each made once while questions about it follow each other."""

    def __init__(self, open_image: Callable[[str], Image.Image]) -> None:
        self._open = open_image
        self._made: OrderedDict[str, asyncio.Task[str]] = OrderedDict()

    async def of(self, path: str) -> str:
        """Return the data URL of an image; it is read and encoded in a thread."""
        if path not in self._made:
            self._made[path] = asyncio.create_task(asyncio.to_thread(lambda: data_url(self._open(path))))
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        return await self._made[path]
