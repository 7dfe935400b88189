"""The colour of a sound, from its short-time spectra."""

import librosa
import numpy as np

from oneshots import spectrum

BRIGHTNESS_HZ = 1500.0
ROLLOFF_SHARE = 0.85
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

    All but brightness are librosa's (of magnitudes; flatness of powers); means over time in which each frame weighs as
    much as its energy, so that the tail's noise does not colour the sound.
    """
    frequencies = _frequencies(power, rate)
    total = power.sum(axis=0)
    energy = power.sum(axis=1)
    heard = energy > 1e-6 * energy.sum()
    weights = energy[heard] / energy[heard].sum()
    magnitudes = np.sqrt(power[heard]).T
    centroid = librosa.feature.spectral_centroid(S=magnitudes, freq=frequencies)
    bandwidth = librosa.feature.spectral_bandwidth(S=magnitudes, freq=frequencies, centroid=centroid)
    rolloff = librosa.feature.spectral_rolloff(S=magnitudes, freq=frequencies, roll_percent=ROLLOFF_SHARE)
    flatness = librosa.feature.spectral_flatness(S=magnitudes)
    return {
        "spectralCentroidHz": float(centroid[0] @ weights),
        "spectralBandwidthHz": float(bandwidth[0] @ weights),
        "spectralRolloffHz": float(rolloff[0] @ weights),
        "spectralFlatness": float(min(flatness[0] @ weights, 1.0)),
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
    # float32 as the spectra: librosa computes in the wider of the two.
    return np.asarray(librosa.fft_frequencies(sr=rate, n_fft=2 * (power.shape[1] - 1)), np.float32)
