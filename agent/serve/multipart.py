"""A form in the body of a request (RFC 7578), read in one pass; only small ones with few parts."""

from __future__ import annotations

from .message import Refused

MOST_PARTS = 8
_LONGEST_HEAD = 4096


def boundary(content_type: str) -> str:
    """What lies between the parts. Raises Refused (400) where the header names none."""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "boundary" and 0 < len(value) <= 200 and value.isascii():
            return value
    raise Refused(400, "bad_multipart", "multipart/form-data names its boundary in Content-Type")


def fields(body: bytes, content_type: str) -> dict[str, bytes]:
    """The parts by name, each as it came. Raises Refused (400)."""
    between = b"\r\n--" + boundary(content_type).encode("ascii")
    pieces = (b"\r\n" + body).split(between, MOST_PARTS + 2)
    if len(pieces) < 3 or not any(piece.startswith(b"--") for piece in pieces[2:]):
        raise Refused(400, "bad_multipart", f"the form is cut off, or has more than {MOST_PARTS} parts")
    found: dict[str, bytes] = {}
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        head, gap, content = piece.partition(b"\r\n\r\n")
        if not gap or len(head) > _LONGEST_HEAD:
            raise Refused(400, "bad_multipart", "each part has a head, an empty line and a body")
        found[_name(head.decode("latin-1"))] = content
    return found


def _name(head: str) -> str:
    for line in head.split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            for part in value.split(";"):
                name, _, quoted = part.strip().partition("=")
                if name.lower() == "name":
                    return quoted.strip().strip('"')
    raise Refused(400, "bad_multipart", "each part says its name in Content-Disposition")
