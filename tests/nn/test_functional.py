"""`functional` has everything that layers need, under PyTorch's names."""

import torch

from minigrad.nn import functional


def test_every_name_is_pytorchs():
    names = [name for name, value in vars(functional).items() if callable(value)]
    assert len(names) > 40
    for name in names:
        assert hasattr(torch.nn.functional, name), name


def test_functions_are_documented():
    for name, value in vars(functional).items():
        if callable(value):
            assert value.__doc__, name
            assert value.__name__ == name


def test_all_that_belongs_to_it_is_there():
    expected = """
        relu leaky_relu elu gelu silu softplus logsigmoid hardswish mish glu linear conv1d conv2d
        conv_transpose2d max_pool2d avg_pool2d adaptive_avg_pool2d batch_norm layer_norm group_norm rms_norm
        pad interpolate pixel_shuffle unfold embedding dropout scaled_dot_product_attention cross_entropy
        nll_loss mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy
        binary_cross_entropy_with_logits kl_div normalize cosine_similarity one_hot softmax log_softmax
    """
    assert set(expected.split()) <= set(vars(functional))
