"""The Inception Score beside PyTorch's Kullback-Leibler divergence."""

import numpy as np
import pytest
import torch

from experiments.metrics.inception_score import inception_score


def test_score_is_torchs(rng):
    logits = (rng.standard_normal((50, 7)) * 3).astype(np.float32)
    scores = []
    for part in torch.tensor(logits).double().tensor_split(4):
        marginal = part.softmax(1).mean(0)
        divergence = torch.nn.functional.kl_div(
            marginal.log().expand_as(part), part.log_softmax(1), log_target=True, reduction="none"
        )
        scores.append(divergence.sum(1).mean().exp().item())
    assert inception_score(logits, splits=4) == pytest.approx((np.mean(scores), np.std(scores)), rel=1e-10)


def test_torchmetrics_itself(rng):
    inception = pytest.importorskip("torchmetrics.image.inception")
    logits = torch.tensor(rng.standard_normal((40, 5)))
    theirs = inception.InceptionScore(feature=torch.nn.Identity(), splits=1)
    theirs.update(logits)
    want = theirs.compute()[0].item()
    assert inception_score(logits.numpy(), splits=1)[0] == pytest.approx(want, rel=1e-5)


def test_best_and_worst():
    sure = np.tile(1e4 * np.eye(5), (4, 1))  # probabilities of exactly 0 and 1
    assert inception_score(sure, splits=2) == pytest.approx((5, 0))
    assert inception_score(sure[:1].repeat(8, 0), splits=2) == pytest.approx((1, 0))
    assert inception_score(np.zeros((8, 5)), splits=2) == pytest.approx((1, 0))


@pytest.mark.parametrize("shape", [(3, 5), (10,)])
def test_refusals(shape):
    with pytest.raises(ValueError, match=r"expected logits \(N, classes\) of at least 10 images"):
        inception_score(np.zeros(shape))
