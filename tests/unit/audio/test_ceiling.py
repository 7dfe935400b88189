import numpy as np
import pytest

from oneshots.ceiling import Written, excess_when_decoded, write_under_ceiling
from oneshots.decode import decode
from oneshots.encode import Encoding, encode
from tests.unit.audio.signals import RATE, noise

MP3 = Encoding(format="mp3", subtype="libmp3lame")


class Coder:
    """Writes files whose decoded peaks are over the ceiling by `excesses_db`, one writing after the other."""

    def __init__(self, *excesses_db):
        self.gains_db = []
        self._excesses_db = iter(excesses_db)

    def write(self, gain_db):
        self.gains_db.append(gain_db)
        return Written(gain_db=gain_db, sample_rate=RATE, excess_db=next(self._excesses_db))


def test_given_a_writing_under_the_ceiling_when_written_then_it_stays():
    coder = Coder(0.0)
    assert write_under_ceiling(coder.write, -3.0).gain_db == -3.0
    assert coder.gains_db == [-3.0]


def test_given_a_softer_writing_still_over_the_ceiling_when_written_then_it_is_written_anew():
    coder = Coder(0.5, 0.02, 0.0)
    written = write_under_ceiling(coder.write, 2.0)
    assert coder.gains_db == pytest.approx([2.0, 1.45, 1.38])
    assert written.gain_db == coder.gains_db[-1]
    assert written.excess_db == 0


def test_given_a_coder_that_never_comes_under_when_written_then_the_gain_told_is_that_of_the_file():
    coder = Coder(*[0.1] * 9)
    assert write_under_ceiling(coder.write, 0.0).gain_db == coder.gains_db[-1]
    assert len(coder.gains_db) == 4


def test_given_a_one_shot_longer_than_any_upload_may_be_when_measured_then_it_is_decoded_whole(tmp_path, monkeypatch):
    monkeypatch.setitem(decode.__kwdefaults__, "max_seconds", 0.5)
    samples = noise(seconds=1, level_dbfs=-40)
    samples[0, -2000:-1900] = np.float32(0.95)
    encode(tmp_path / "a.mp3", samples, RATE, encoding=MP3)
    assert excess_when_decoded(tmp_path / "a.mp3", samples, RATE, encoding=MP3) > 0
