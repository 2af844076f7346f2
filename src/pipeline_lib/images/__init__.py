"""Images: decoding and converting raw files, the image index, and reading images by path."""
