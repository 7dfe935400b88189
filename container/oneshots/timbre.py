"""The colour of a sound, from its short-time spectra."""

import numpy as np

BRIGHTNESS_HZ = 1500.0
ROLLOFF_SHARE = 0.85
_FRAME_SECONDS = 0.046
_SHORTEST_SAMPLES = 256
# Edges of bands in Hz, for the shares of the energy that say what kind of sound it is.
_BAND_EDGES_HZ = (0.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0)


def power_spectra(mono: np.ndarray, rate: int) -> np.ndarray:
    """Powers of half-overlapping Hann frames of about 46 ms (less for a shorter sound), shape (frames, bins)."""
    size = min(1 << round(np.log2(rate * _FRAME_SECONDS)), 1 << (max(len(mono), _SHORTEST_SAMPLES).bit_length() - 1))
    hop = size // 2
    # The first and the last frame are centred on the ends, so that an attack at once counts as much as any other.
    padded = np.pad(mono, (hop, hop + size))
    count = max(len(mono), 1) // hop + 1
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(frames.astype(np.float32, copy=False) * window)
    return np.asarray(spectrum.real**2 + spectrum.imag**2)


def describe_spectrum(power: np.ndarray, rate: int) -> dict[str, float]:
    """Centroid, bandwidth, rolloff (Hz), flatness and brightness (0..1) of spectra, shape (frames, bins), not silent.

    Definitions as in librosa (on magnitudes; flatness on powers); means over time in which each frame weighs as much
    as its energy, so that the tail's noise does not colour the sound.
    """
    frequencies = _frequencies(power, rate)
    energy = power.sum(axis=1)
    weights = energy / energy.sum()
    # Frames without energy weigh nothing; the least number keeps their divisions harmless.
    power = power[weights > 1e-6]
    weights = weights[weights > 1e-6]
    magnitudes = np.sqrt(power)
    totals = magnitudes.sum(axis=1)
    centroid = magnitudes @ frequencies / totals
    spread = np.maximum(magnitudes @ frequencies**2 / totals - centroid**2, 0)
    cumulative = np.cumsum(magnitudes, axis=1)
    rolloff = frequencies[np.argmax(cumulative >= ROLLOFF_SHARE * cumulative[:, -1:], axis=1)]
    floored = np.maximum(power, 1e-10)
    flatness = np.exp(np.log(floored).mean(axis=1)) / floored.mean(axis=1)
    total = power.sum(axis=0)
    return {
        "spectralCentroidHz": float(weights @ centroid),
        "spectralBandwidthHz": float(weights @ np.sqrt(spread)),
        "spectralRolloffHz": float(weights @ rolloff),
        "spectralFlatness": float(min(weights @ flatness, 1.0)),
        "brightness": float(min(total[frequencies >= BRIGHTNESS_HZ].sum() / total.sum(), 1.0)),
    }


def band_shares(power: np.ndarray, rate: int) -> np.ndarray:
    """Share of the energy in six bands from 0 Hz to the Nyquist frequency, shape (6,)."""
    frequencies = _frequencies(power, rate)
    total = power.sum(axis=0, dtype=np.float64)
    edges = np.minimum(np.searchsorted(frequencies, _BAND_EDGES_HZ), len(total))
    cumulative = np.concatenate(([0.0], np.cumsum(total)))
    sums = np.diff(np.append(cumulative[edges], cumulative[-1]))
    return np.asarray(sums / max(cumulative[-1], 1e-20))


def centroid_motion(power: np.ndarray, rate: int) -> float:
    """How far the centroid moves, in octaves: its standard deviation over the frames, by their magnitude."""
    magnitudes = np.sqrt(power)
    totals = magnitudes.sum(axis=1)
    heard = totals > 0.03 * totals.max()
    if np.count_nonzero(heard) < 2:
        return 0.0
    octaves = np.log2(magnitudes[heard] @ _frequencies(power, rate) / totals[heard] + 20)
    weights = totals[heard] / totals[heard].sum()
    mean = weights @ octaves
    return float(np.sqrt(weights @ (octaves - mean) ** 2))


def _frequencies(power: np.ndarray, rate: int) -> np.ndarray:
    return np.linspace(0, rate / 2, power.shape[1], dtype=np.float32)
