"""What a session costs is measured in a process of its own, and the machine is named."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.machine import about_host, measure
from pipeline.errors import HocketError

BUNDLE = Path(__file__).resolve().parents[2] / "model" / "bundled" / "model.safetensors"


def test_the_machine_is_described():
    told = about_host()
    assert told["cores"] >= 1 and told["cpu"] and told["python"].startswith("3.")


@pytest.mark.skipif(not BUNDLE.exists(), reason="the bundled brain is not here")
@pytest.mark.skipif(find_spec("espeakng_loader") is None, reason="espeakng-loader is not installed")
def test_a_session_that_listens_to_silence_is_started_and_watched():
    found = measure(0.5, ("--voice", "espeak:en-us"))
    assert 0.05 < found["start"] < 60
    assert 0.2 < found["seconds"] < 3.0, "half a second, as a busy machine counts it"
    assert 0.0 <= found["cpu"] < 1.5
    assert 30e6 < found["rss"] < 2e9


def test_a_child_that_fails_is_quoted():
    with pytest.raises(HocketError, match=r"could not be measured: .*argument --seconds"):
        measure(0.5, ("--seconds", "many"))
