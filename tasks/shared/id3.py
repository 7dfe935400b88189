"""ID3v2 tags, which may stand before any kind of raw audio (id3.org, ID3v2.4.0 structure, 3.1)."""

ID3_HEADER_BYTES = 10


def id3_tag_bytes(block: bytes) -> int:
    """Return the size of the ID3v2 tag that `block` begins with, header and footer included; 0 if there is none."""
    if len(block) < ID3_HEADER_BYTES or block[:3] != b"ID3" or max(block[6:10]) > 0x7F:
        return 0
    size = block[6] << 21 | block[7] << 14 | block[8] << 7 | block[9]
    has_footer = block[3] >= 4 and block[5] & 0x10
    return ID3_HEADER_BYTES + size + (ID3_HEADER_BYTES if has_footer else 0)
