"""What a phone hears besides the sounds: steady noise of several kinds, hum, crackle, thumps of its body, a room."""

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, sosfilt

RATE = 44100


def pink(rng: np.random.Generator, length: int) -> np.ndarray:
    """1/f noise, shape (length,), RMS 1: a quiet room."""
    return _coloured(rng, length, lambda frequency: frequency**-0.5)


def brown(rng: np.random.Generator, length: int) -> np.ndarray:
    """1/f^2 noise from 30 Hz up, shape (length,), RMS 1: wind, traffic behind a wall."""
    return _coloured(rng, length, lambda frequency: frequency**-1.0)


def hiss(rng: np.random.Generator, length: int) -> np.ndarray:
    """Noise that rises by 3 dB an octave, shape (length,), RMS 1: the microphone amplifier of a cheap phone."""
    return _coloured(rng, length, lambda frequency: frequency**0.5)


def machine(rng: np.random.Generator, length: int) -> np.ndarray:
    """Make a motor: harmonics of its wavering speed and a rush that beats with it; shape (length,), RMS 1."""
    speed = rng.uniform(22, 60) * (1 + 0.01 * _slow(rng, length, rate_hz=0.5))
    phase = 2 * np.pi * np.cumsum(speed) / RATE
    harmonics = np.arange(2, 40)
    weights = rng.uniform(0.2, 1, len(harmonics)) / harmonics
    tones = sum(
        weight * np.sin(harmonic * phase + offset)
        for harmonic, weight, offset in zip(harmonics, weights, rng.uniform(0, 2 * np.pi, len(harmonics)), strict=True)
    )
    rush = pink(rng, length) * (1 + 0.5 * np.sin(phase))
    return _unit(_unit(np.asarray(tones)) + _unit(rush))


def babble(rng: np.random.Generator, length: int) -> np.ndarray:
    """Ten synthetic talkers of some distance, shape (length,), RMS 1: buzz through formants, in syllables."""
    return _unit(np.sum([_talker(rng, length) for _ in range(10)], axis=0))


KINDS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "pink": pink,
    "brown": brown,
    "hiss": hiss,
    "machine": machine,
    "babble": babble,
}


def drift(rng: np.random.Generator, length: int, *, depth_db: float) -> np.ndarray:
    """Make a gain, shape (length,), that wanders by about `depth_db` either way within some ten seconds."""
    return 10 ** (depth_db / 20 * np.clip(_slow(rng, length, rate_hz=0.1), -1, 1))


def hum(rng: np.random.Generator, length: int) -> np.ndarray:
    """Mains hum of 50 or 60 Hz with odd and even harmonics, shape (length,), RMS 1."""
    mains = rng.choice([50.0, 60.0])
    time = np.arange(length) / RATE
    return _unit(
        np.sum([np.sin(2 * np.pi * mains * k * time + rng.uniform(0, 6.3)) / k for k in (1, 2, 3, 4, 5, 7)], axis=0)
    )


def crackle(rng: np.random.Generator, length: int, *, per_second: float) -> np.ndarray:
    """Single clicks of a loose contact, under a third of a millisecond each; shape (length,), loudest 1."""
    clicks = np.zeros(length)
    count = rng.poisson(per_second * length / RATE)
    for position in rng.integers(0, max(length - 32, 1), count):
        width = rng.integers(2, 14)
        clicks[position : position + width] += rng.uniform(-1, 1) * np.hanning(width + 2)[1:-1]
    return clicks / max(np.abs(clicks).max(), 1e-9)


def thump(rng: np.random.Generator) -> np.ndarray:
    """Make a knock on the phone's body: all under 150 Hz, softly begun, over in a quarter of a second; peak 1."""
    length = round(0.3 * RATE)
    time = np.arange(length) / RATE
    tone = np.sin(2 * np.pi * rng.uniform(35, 80) * time) + 0.4 * rng.standard_normal(length)
    shape = np.minimum(time / 0.006, 1) * np.exp(-time / rng.uniform(0.02, 0.05))
    low = sosfilt(butter(4, 120, fs=RATE, output="sos"), tone * shape)
    low[-441:] *= np.linspace(1, 0, 441)
    return low / np.abs(low).max()


def room_response(rng: np.random.Generator, *, rt60_seconds: float, wet_db: float) -> np.ndarray:
    """Make a room's impulse response, shape (n,): the direct sound, then noise that dies by 60 dB in `rt60_seconds`.

    The reverberation starts 5 ms after the direct sound and has `wet_db` of its energy. Highs die in half the time.
    """
    length = round(1.1 * rt60_seconds * RATE)
    time = np.arange(length) / RATE
    dark = sosfilt(butter(1, 2500, fs=RATE, output="sos"), rng.standard_normal(length))
    bright = rng.standard_normal(length)
    tail = dark * 10 ** (-3 * time / rt60_seconds) + 0.5 * bright * 10 ** (-6 * time / rt60_seconds)
    tail[: round(0.005 * RATE)] = 0
    tail *= 10 ** (wet_db / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def _coloured(rng: np.random.Generator, length: int, amplitude: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    weights = np.where(frequency >= 30, amplitude(np.maximum(frequency, 30)), 0)
    return _unit(np.fft.irfft(np.fft.rfft(rng.standard_normal(length)) * weights, length))


def _talker(rng: np.random.Generator, length: int) -> np.ndarray:
    pitch = rng.uniform(90, 230) * (1 + 0.15 * np.clip(_slow(rng, length, rate_hz=2.0), -2, 2))
    buzz = (np.cumsum(pitch) / RATE) % 1.0 - 0.5
    source = buzz + 0.1 * rng.standard_normal(length)
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    formants = [rng.uniform(*limits) for limits in ((300, 800), (900, 2200), (2300, 3200))]
    weights = np.sum([1 / (1 + ((frequency - formant) / 120) ** 2) for formant in formants], axis=0) + 0.02
    voiced = np.fft.irfft(np.fft.rfft(source) * weights * (frequency > 80), length)
    syllables = np.clip(_slow(rng, length, rate_hz=4.0) + 0.3, 0, None)
    return rng.uniform(0.4, 1) * _unit(voiced * syllables)


def _slow(rng: np.random.Generator, length: int, *, rate_hz: float) -> np.ndarray:
    """Make a smooth random curve, shape (length,), standard deviation about 1, that turns some `rate_hz` a second."""
    points = max(int(length / RATE * rate_hz * 2) + 3, 4)
    return np.interp(np.linspace(0, points - 1, length), np.arange(points), rng.standard_normal(points))


def _unit(samples: np.ndarray) -> np.ndarray:
    return samples / np.sqrt(np.mean(samples**2))
