"""Frames for journal tests: any bytes that end in a SHA-256, as frames do."""

from __future__ import annotations

import hashlib
import random


def make_frame(number: int, rng: random.Random | None = None, size: int = 60) -> bytes:
    """Return a frame that names its number."""
    body = b"frame %06d " % number
    body += rng.randbytes(rng.randrange(size)) if rng else b"." * size
    return body + hashlib.sha256(body).digest()
