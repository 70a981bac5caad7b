"""Every decoder takes what is good, and answers anything else with a named error, soon."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord_ledger.errors import AccordError
from fuzz.alter import altered
from fuzz.decoders import DECODERS, Decoder

CORPUS = Path(__file__).with_name("corpus")
SECONDS = 2.0
"""More processor time than any input of these sizes may take; the usual is below a millisecond."""

each = pytest.mark.parametrize("decoder", DECODERS, ids=[decoder.name for decoder in DECODERS])


def judge(decoder: Decoder, data: bytes) -> None:
    """A value or a named error, within the time."""
    begin, code = time.process_time(), "NONE"
    try:
        decoder.decode(data)
    except AccordError as error:
        code = error.code
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", code)
    assert time.process_time() - begin < SECONDS


@each
def test_samples_are_good(decoder: Decoder) -> None:
    samples = decoder.samples()
    assert samples
    for sample in samples:
        decoder.decode(sample)


@each
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_altered_ones_are_refused_by_name_or_read(decoder: Decoder, data: st.DataObject) -> None:
    judge(decoder, data.draw(altered(decoder.samples())))


@each
def test_what_is_kept_is_refused_by_name_or_read(decoder: Decoder) -> None:
    """Inputs that were findings once, and a few for each way in which the decoder refuses."""
    kept = sorted((CORPUS / decoder.folder).glob("*"))
    assert kept
    for path in kept:
        judge(decoder, path.read_bytes())
