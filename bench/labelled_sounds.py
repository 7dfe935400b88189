"""Sounds whose kind is known (percussive, tonal, voice, noise): to fit the engine's model of it, and to judge it.

Percussive and tonal: the bench's own sounds by their names, and instruments of a General MIDI sound font. Voice:
espeak-ng. Noise: made here. The two sides share no sound, instrument, drum, voice, language, text or seed. Needs
Debian's `espeak-ng`, `fluidsynth` and `fluid-soundfont-gm`.
"""

import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from scipy.signal import butter, resample_poly, sosfilt

from bench import noise
from bench.sound_library import library

RATE = 44100
SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
SLOT_SECONDS = 4.0

# The bench's sounds by the beginnings of their names; None: no one can say.
FAMILIES = (
    (("ambi_choir", "misc_crow"), None),
    (("ambi_swoosh", "ambi_dark_woosh", "vinyl", "perc_swash"), "noise"),
    (("ambi", "bass", "guit"), "tonal"),
    (("elec_beep", "elec_bell", "elec_chime", "elec_ping", "elec_twang", "elec_triangle", "elec_blip"), "tonal"),
    (("perc_bell",), "tonal"),
    (("bd", "drum", "sn", "perc", "tabla", "elec"), "percussive"),
)
VOICES = {
    "tuning": [
        f"{language}+{variant}" for language in ("en", "en-us", "de", "fr") for variant in ("m1", "m3", "f1", "f2")
    ],
    "reporting": [f"{language}+{variant}" for language in ("es", "it", "nl") for variant in ("m5", "m7", "f4")],
}
TEXTS = {
    "tuning": ("yes", "hello", "one two three", "ah", "oh no", "listen to this", "boom", "la la la", "stop", "what"),
    "reporting": ("hola", "no", "oo", "e", "uno dos", "come on now", "ciao a tutti", "hm", "ta", "seven"),
}
# General MIDI programs: instruments with a pitch (no voices, no effects), and the drums of channel 10 (no whistles).
PROGRAMS = {"tuning": (*range(0, 52, 2), *range(56, 112, 2)), "reporting": (*range(1, 52, 2), *range(57, 112, 2))}
DRUMS = tuple(note for note in range(35, 82) if note not in (71, 72, 73, 74, 78, 79))
NOISE_PROGRAMS = {"tuning": (121,), "reporting": (122, 126)}


class Labelled(NamedTuple):
    """A mono sound at 44.1 kHz, shape (n,), as a one-shot: alone, with a little noise, faded."""

    kind: str
    name: str
    samples: np.ndarray


def labelled_sounds(side: str) -> Iterator[Labelled]:
    """Yield the sounds of `side`, always the same ones."""
    rng = np.random.default_rng({"tuning": 101, "reporting": 202}[side])
    sources = (_library(side, rng), _instruments(side), _voices(side), _noises(side, rng))
    for source in sources:
        for kind, name, sound in source:
            # Some instruments are silent at some pitches.
            if np.abs(sound).max() > 1e-4:
                yield Labelled(kind, name, _as_one_shot(sound, rng))


def _library(side: str, rng: np.random.Generator) -> Iterator[Labelled]:
    for name, sound in library(side).items():
        kind = next(kind for names, kind in FAMILIES if name.startswith(names))
        if kind is None:
            continue
        yield Labelled(kind, name, sound)
        # 46 sounds are few: to fit on, each is also played faster and slower.
        for _ in range(5 if side == "tuning" else 0):
            speed = round(100 * 2 ** rng.uniform(-0.4, 0.4))
            yield Labelled(kind, name, resample_poly(sound, 100, speed))


def _voices(side: str) -> Iterator[Labelled]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.wav"
        for index, voice in enumerate(VOICES[side]):
            for text in TEXTS[side]:
                pitch = str(35 + 7 * (index % 5))
                subprocess.run(["espeak-ng", "-v", voice, "-p", pitch, "-w", str(path), text], check=True)
                samples, rate = soundfile.read(path)
                yield Labelled("voice", f"{voice} {text}", resample_poly(samples, RATE, rate))


def _instruments(side: str) -> Iterator[Labelled]:
    odd = int(side == "reporting")
    notes = [
        ("tonal", 0, program, pitch) for program in PROGRAMS[side] for pitch in (38 + odd, 52 + odd, 66 + odd, 81 + odd)
    ]
    notes += [("percussive", 9, 0, drum) for drum in DRUMS if drum % 2 == odd]
    notes += [("noise", 0, program, pitch) for program in NOISE_PROGRAMS[side] for pitch in (48, 60, 72)]
    rendered = _render([note[1:] for note in notes])
    slot = round(SLOT_SECONDS * RATE)
    for index, (kind, _, program, pitch) in enumerate(notes):
        yield Labelled(kind, f"program {program} note {pitch}", rendered[index * slot : (index + 1) * slot])


def _render(notes: list[tuple[int, int, int]]) -> np.ndarray:
    """Play notes (channel, program, pitch), one every 4 s, of 0.2 to 1.4 s; without reverb and chorus, mono."""
    # A MIDI file with one track and 1000 ticks a second: 500 a beat at 120 beats a minute.
    events, waited = b"", 0
    for index, (channel, program, pitch) in enumerate(notes):
        held = 200 + 400 * (index % 4)
        events += _delta(waited) + bytes([0xC0 | channel, program])
        events += _delta(0) + bytes([0x90 | channel, pitch, 70 + 15 * (index % 3)])
        events += _delta(held) + bytes([0x80 | channel, pitch, 0])
        waited = round(SLOT_SECONDS * 1000) - held
    events += _delta(waited) + b"\xff\x2f\x00"
    midi = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 500) + b"MTrk" + struct.pack(">I", len(events)) + events
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "notes.mid", Path(folder) / "notes.wav"
        score.write_bytes(midi)
        command = ["fluidsynth", "-niq", "-R", "0", "-C", "0", "-r", str(RATE), "-F", str(sound), str(SOUND_FONT)]
        subprocess.run([*command, str(score)], check=True, capture_output=True)
        return np.asarray(soundfile.read(sound)[0].mean(axis=1))


def _delta(ticks: int) -> bytes:
    """MIDI's variable-length number: seven bits a byte, all but the last marked."""
    digits = [ticks & 0x7F]
    while ticks := ticks >> 7:
        digits.insert(0, 0x80 | ticks & 0x7F)
    return bytes(digits)


def _noises(side: str, rng: np.random.Generator) -> Iterator[Labelled]:
    kinds = ("pink", "brown", "hiss") if side == "tuning" else ("pink", "brown", "hiss", "machine")
    for index in range(160 if side == "tuning" else 60):
        length = round(rng.uniform(0.3, 3.0) * RATE)
        name = kinds[index % len(kinds)]
        sound = noise.KINDS[name](rng, length)
        if index % 2:
            low = rng.uniform(100, 3000)
            sound = sosfilt(
                butter(2, (low, min(low * rng.uniform(2, 8), 20_000)), "bandpass", fs=RATE, output="sos"), sound
            )
        yield Labelled("noise", name, sound * _swell(rng, length))


def _swell(rng: np.random.Generator, length: int) -> np.ndarray:
    """Make a slow rise and fall, or steady with soft edges: wind, breath, surf, a rustle."""
    time = np.arange(length) / length
    if rng.random() < 0.5:
        return np.asarray(np.sin(np.pi * time ** rng.uniform(0.5, 2)) ** rng.uniform(0.5, 2))
    edge = rng.uniform(0.05, 0.3)
    return np.minimum(1, np.minimum(time, time[::-1]) / edge)


def _as_one_shot(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As the engine cuts: to 40 dB under its peak, with a noise 30 to 60 dB under it, and short fades; peak 0.3."""
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    cut = sound[max(loud[0] - 200, 0) : loud[-1] + 500]
    cut = cut / np.abs(cut).max() + 10 ** (-rng.uniform(40, 70) / 20) * noise.pink(rng, len(cut))
    fade = np.minimum(1, np.arange(len(cut)) / 130) * np.minimum(1, np.arange(len(cut))[::-1] / 530)
    return np.asarray(0.3 * cut * fade, np.float32)
