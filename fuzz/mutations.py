"""What is done to a healthy recording, each a function of its bytes and a seeded generator."""

from collections.abc import Callable
from random import Random

from fuzz.fields import FIELDS, with_ogg_checksums
from fuzz.healthy import FORMATS, recording

type Mutation = Callable[[bytes, str, Random], bytes]

# Part of what a header's first bytes are at stake for: the rest of a file is far longer.
_HEAD_BYTES = 200


def _truncate(content: bytes, audio_format: str, random: Random) -> bytes:
    # Half of them in the header, where there are more ways to go wrong.
    end = random.randrange(1, _HEAD_BYTES * 3) if random.random() < 0.5 else random.randrange(1, len(content))
    return content[:end]


def _flip_bits(content: bytes, audio_format: str, random: Random) -> bytes:
    return _flipped(content, random, count=random.choice((1, 4, 16, 64)), within=len(content))


def _flip_bits_of_the_header(content: bytes, audio_format: str, random: Random) -> bytes:
    return _flipped(content, random, count=random.choice((1, 2, 4, 8)), within=_HEAD_BYTES)


def _flipped(content: bytes, random: Random, *, count: int, within: int) -> bytes:
    flipped = bytearray(content)
    for _ in range(count):
        flipped[random.randrange(min(within, len(content)))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _splice(content: bytes, audio_format: str, random: Random) -> bytes:
    other = recording(random.choice(FORMATS))
    return content[: random.randrange(1, len(content))] + other[random.randrange(len(other)) :]


def _concatenate(content: bytes, audio_format: str, random: Random) -> bytes:
    return content + recording(random.choice(FORMATS))


def _grow_a_field(content: bytes, audio_format: str, random: Random) -> bytes:
    return _with_field(content, audio_format, random, (0x7F, 0xFF), (0xFF, 0xFF), (0x80, 0x00), (0x40, 0x00))


def _shrink_a_field(content: bytes, audio_format: str, random: Random) -> bytes:
    return _with_field(content, audio_format, random, (0x00, 0x00), (0x00, 0x01))


def _with_field(content: bytes, audio_format: str, random: Random, *values: tuple[int, int]) -> bytes:
    """Give one of the header's fields a value: its highest byte and all the others, or the lowest where it is 1."""
    places = [(field, field.position(content)) for field in FIELDS[audio_format]]
    field, start = random.choice([(field, position) for field, position in places if position is not None])
    highest, others = random.choice(values)
    value = bytes([highest]) + bytes([others]) * (field.size - 1)
    if (highest, others) == (0, 1):
        value = (1).to_bytes(field.size, "big")
    changed = content[:start] + (value[::-1] if field.is_little else value) + content[start + field.size :]
    return with_ogg_checksums(changed) if audio_format in ("ogg", "opus") else changed


def _block(content: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(content))
    return start, min(start + random.choice((16, 256, 4096)), len(content))


def _zero_a_block(content: bytes, audio_format: str, random: Random) -> bytes:
    start, end = _block(content, random)
    return content[:start] + bytes(end - start) + content[end:]


def _duplicate_a_block(content: bytes, audio_format: str, random: Random) -> bytes:
    start, end = _block(content, random)
    return content[:end] + content[start:end] * random.choice((1, 2, 50)) + content[end:]


def _drop_a_block(content: bytes, audio_format: str, random: Random) -> bytes:
    start, end = _block(content, random)
    return content[:start] + content[end:]


def _insert_noise(content: bytes, audio_format: str, random: Random) -> bytes:
    start = random.randrange(len(content))
    return content[:start] + random.randbytes(random.choice((1, 7, 256, 4096))) + content[start:]


MUTATIONS: dict[str, Mutation] = {
    "truncate": _truncate,
    "flip": _flip_bits,
    "flip header": _flip_bits_of_the_header,
    "splice": _splice,
    "concatenate": _concatenate,
    "grow field": _grow_a_field,
    "shrink field": _shrink_a_field,
    "zero block": _zero_a_block,
    "duplicate": _duplicate_a_block,
    "drop block": _drop_a_block,
    "insert noise": _insert_noise,
}
