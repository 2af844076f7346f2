"""Whether a GIF has a single frame, from its blocks alone: Pillow needs a twentieth of the decoding's time to say so.

The blocks are those of the GIF89a specification: https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

HEADERS = (b"GIF87a", b"GIF89a")
SCREEN = 13  # bytes of the header and the logical screen descriptor
DESCRIPTOR = 10  # bytes of an image descriptor
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B


def has_one_frame(data: bytes) -> bool:
    """Return whether bytes are a GIF of one frame that ends with its trailer; False for whatever is unusual."""
    if not data.startswith(HEADERS):
        return False
    frames = 0
    try:
        place = SCREEN + _colours(data[SCREEN - 3])
        while data[place] != TRAILER:
            if data[place] == EXTENSION:
                place += 2
            elif data[place] == IMAGE and not frames:
                frames = 1
                place += DESCRIPTOR + _colours(data[place + DESCRIPTOR - 1]) + 1
            else:
                return False
            while data[place]:
                place += data[place] + 1
            place += 1
    except IndexError:  # the file ends early
        return False
    return frames == 1


def _colours(flags: int) -> int:
    """Return the bytes of the table of colours that follows, by the flags of a descriptor."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
