"""The colour of a sound, from its short-time spectra."""

import numpy as np

from oneshots import spectrum

BRIGHTNESS_HZ = 1500.0
ROLLOFF_SHARE = 0.85
_LEAST_POWER = 1e-10
_FRAME_SECONDS = 0.046
_SHORTEST_SAMPLES = 256
# Edges of bands in Hz, for the shares of the energy that say what kind of sound it is.
_BAND_EDGES_HZ = (0.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0)


def power_spectra(mono: np.ndarray, rate: int) -> np.ndarray:
    """Powers of half-overlapping Hann frames of about 46 ms (less for a shorter sound), shape (frames, bins)."""
    size = min(1 << round(np.log2(rate * _FRAME_SECONDS)), 1 << (max(len(mono), _SHORTEST_SAMPLES).bit_length() - 1))
    # The first and the last frame are centred on the ends, so that an attack at once counts as much as any other.
    return np.concatenate(list(spectrum.power_spectra(mono, n_fft=size, hop=size // 2, bins=size // 2 + 1)))


def describe_spectrum(power: np.ndarray, rate: int) -> dict[str, float]:
    """Centroid, bandwidth, rolloff (Hz), flatness and brightness (0..1) of spectra, shape (frames, bins), not silent.

    All but brightness are defined as librosa's are (of magnitudes; flatness of powers), in less than half its time.
    Means over time in which each frame weighs as much as its energy: the tail's noise does not colour the sound.
    """
    frequencies = _frequencies(power, rate)
    total = power.sum(axis=0)
    energy = power.sum(axis=1)
    heard = energy > 1e-6 * energy.sum()
    weights = energy[heard] / energy[heard].sum()
    magnitudes = np.sqrt(power[heard])
    centroid, bandwidth = _centre_and_width(magnitudes, frequencies)
    return {
        "spectralCentroidHz": float(centroid @ weights),
        "spectralBandwidthHz": float(bandwidth @ weights),
        "spectralRolloffHz": float(_rolloff(magnitudes, frequencies) @ weights),
        "spectralFlatness": float(min(_flatness(power[heard]) @ weights, 1.0)),
        "brightness": float(min(total[frequencies >= BRIGHTNESS_HZ].sum() / total.sum(), 1.0)),
    }


def _centre_and_width(magnitudes: np.ndarray, frequencies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the frequencies, weighted by `magnitudes`, shape (frames, bins)."""
    # In float64, for the variance is the small difference of large numbers.
    hertz = frequencies.astype(np.float64)
    sums = magnitudes.astype(np.float64) @ np.stack([np.ones(len(hertz)), hertz, hertz**2], axis=1)
    centroid, mean_square = (sums[:, 1:] / sums[:, :1]).T
    return centroid, np.sqrt(np.maximum(mean_square - centroid**2, 0))


def _rolloff(magnitudes: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Frequency under which 85% of each frame's magnitude lies, shape (frames,)."""
    below = np.cumsum(magnitudes, axis=1)
    return np.asarray(frequencies[np.argmax(below >= ROLLOFF_SHARE * below[:, -1:], axis=1)])


def _flatness(power: np.ndarray) -> np.ndarray:
    """Geometric over arithmetic mean of each frame's powers, shape (frames,)."""
    audible = np.maximum(power, _LEAST_POWER)
    return np.asarray(np.exp(np.log(audible).mean(axis=1)) / audible.mean(axis=1))


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
