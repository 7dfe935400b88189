import librosa
import numpy as np
import pytest

from oneshots import spectrum
from tests.unit.audio.signals import noise


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize(("bands", "lowest_hz", "highest_hz"), [(20, 70, 16000), (64, 0, 8000)])
def test_given_a_rate_when_the_bands_are_laid_out_then_they_are_librosas_mel_bands(rate, bands, lowest_hz, highest_hz):
    expected = librosa.filters.mel(sr=rate, n_fft=1024, n_mels=bands, fmin=lowest_hz, fmax=highest_hz, norm=None)
    bank = spectrum.mel_bank(rate, 1024, bands=bands, lowest_hz=lowest_hz, highest_hz=highest_hz)
    np.testing.assert_allclose(bank, expected, atol=1e-5)


@pytest.mark.parametrize("length", [600, 5000, 3_000_001])
def test_given_a_sound_when_its_spectra_are_taken_in_batches_then_they_are_librosas(length):
    mono = noise(seconds=length / 44100, level_dbfs=-20)[0]
    expected = np.abs(librosa.stft(mono, n_fft=512, hop_length=300))[:100].T ** 2
    batches = list(spectrum.power_spectra(mono, n_fft=512, hop=300, bins=100))
    np.testing.assert_allclose(np.concatenate(batches), expected, rtol=1e-3, atol=1e-4)
