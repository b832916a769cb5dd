import pytest

import minigrad as mg
import models


def test_mlp(device):
    assert models.mlp(8, hidden=(), num_classes=3).to(device)(mg.zeros(2, 2, 4, device=device)).shape == (
        2,
        3,
    )
    sizes = [tuple(p.shape) for p in models.mlp(8, hidden=(5, 4), num_classes=3).parameters()]
    assert sizes == [(5, 8), (5,), (4, 5), (4,), (3, 4), (3,)]


@pytest.mark.parametrize("size", [(4, 4), (9, 6)])
def test_convnet_takes_images_of_any_size(device, size):
    model = models.convnet(num_classes=3, in_channels=1, widths=(2, 4)).to(device)
    assert model(mg.zeros(2, 1, *size, device=device)).shape == (2, 3)
    assert [tuple(p.shape) for p in model.parameters() if p.ndim == 4] == [(2, 1, 3, 3), (4, 2, 3, 3)]
