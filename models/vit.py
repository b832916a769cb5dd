"""The vision transformer: an image is cut into patches, which are read like the words of a sentence.

Dosovitskiy et al. (2021), 'An Image is Worth 16x16 Words', in the sizes tiny and small of Touvron et al.
(2021), 'Training data-efficient image transformers': a linear map of each patch, a class token before them,
learned positions, blocks that normalize first, and a linear classifier of what has become of the class token.

Weights have the names of timm's `vit_tiny_patch16_224` and its relatives, whose files load as they are;
`HUGGING_FACE` maps them to those of `ViTForImageClassification` in Hugging Face's transformers:

    model.load_state_dict(from_pytorch(mg.load("model.safetensors"), HUGGING_FACE))

The checkpoints' own image size, patch size and number of classes have to be given to the model.
"""

from typing import Any

import minigrad as mg
from minigrad import Tensor, nn
from minigrad.nn import functional as F
from models.keys import KeyMap
from models.stochastic_depth import DropPath, rates

_LAYER = "vit.encoder.layer.*."
_QKV = _LAYER + "attention.attention."
HUGGING_FACE: KeyMap = {
    "cls_token": "vit.embeddings.cls_token",
    "pos_embed": "vit.embeddings.position_embeddings",
    "patch_embed.proj": "vit.embeddings.patch_embeddings.projection",
    "blocks.*.norm1": _LAYER + "layernorm_before",
    "blocks.*.attn.qkv": (_QKV + "query", _QKV + "key", _QKV + "value"),
    "blocks.*.attn.proj": _LAYER + "attention.output.dense",
    "blocks.*.norm2": _LAYER + "layernorm_after",
    "blocks.*.mlp.fc1": _LAYER + "intermediate.dense",
    "blocks.*.mlp.fc2": _LAYER + "output.dense",
    "norm": "vit.layernorm",
    "head": "classifier",
}


class PatchEmbed(nn.Module):
    """Cuts images into square patches and maps each to a vector: a convolution whose windows do not overlap.

    Parameters
    ----------
    image_size, patch_size : int
        Height and width.
    in_channels : int
    dim : int
        The size of the vectors.

    Raises
    ------
    ValueError
        If images cannot be divided into patches.
    """

    def __init__(self, image_size: int, patch_size: int, in_channels: int, dim: int) -> None:
        super().__init__()
        if patch_size < 1 or image_size < 1 or image_size % patch_size:
            raise ValueError(
                f"ViT: patch_size={patch_size} does not divide images of image_size={image_size} pixels"
            )
        self.image_size = image_size
        self.num_patches = (image_size // patch_size) ** 2
        self.proj = nn.Conv2d(in_channels, dim, patch_size, stride=patch_size)

    def forward(self, x: Tensor) -> Any:
        """Images (N, C, H, W) to vectors (N, patches, dim), row by row."""
        expected = (self.proj.in_channels, self.image_size, self.image_size)
        if x.ndim != 4 or x.shape[1:] != expected:
            raise ValueError(
                f"ViT: expected images of shape (N, {', '.join(map(str, expected))}), got {x.shape}"
            )
        return self.proj(x).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Self-attention of several heads; queries, keys and values come from one linear layer.

    Parameters
    ----------
    dim : int
        The size of the vectors.
    num_heads : int
        It has to divide `dim`.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f"ViT: num_heads={num_heads} does not divide dim={dim}")
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Any:
        """Vectors (N, L, dim) to vectors of the same shape."""
        samples, length, _ = x.shape
        q, k, v = (
            part.reshape(samples, length, self.num_heads, -1).transpose(1, 2)
            for part in self.qkv(x).chunk(3, -1)
        )
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """Two linear layers with GELU between them.

    Parameters
    ----------
    dim : int
        The size of the vectors; between the layers they are four times as long.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Any:
        """Vectors (..., dim) to vectors of the same shape."""
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """Attention and a small network, each behind a layer norm and with a shortcut around it.

    Parameters
    ----------
    dim, num_heads : int
    drop_prob : float
        The probability with which a sample passes by one of the two in training.
    """

    def __init__(self, dim: int, num_heads: int, drop_prob: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLP(dim)
        self.drop_path = DropPath(drop_prob)

    def forward(self, x: Tensor) -> Any:
        """Vectors (N, L, dim) to vectors of the same shape."""
        x = x + self.drop_path(self.attn(self.norm1(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))


class ViT(nn.Module):
    """A vision transformer.

    Parameters
    ----------
    image_size, patch_size : int
        Height and width, in pixels.
    dim : int
        The size of the vectors.
    depth : int
        The number of blocks.
    num_heads : int
    num_classes : int
    in_channels : int
    drop_path_rate : float
        Stochastic depth: the probability of the last block, from 0 at the first.

    Raises
    ------
    ValueError
        If the patches do not fill the image, or the heads not the vectors; `forward` raises it for images of
        another size, since there are positions for this one only.
    """

    def __init__(
        self,
        image_size: int = 224,
        patch_size: int = 16,
        dim: int = 192,
        depth: int = 12,
        num_heads: int = 3,
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        patch_embed = PatchEmbed(image_size, patch_size, in_channels, dim)
        self.cls_token = nn.Parameter(mg.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(mg.zeros(1, patch_embed.num_patches + 1, dim))
        self.patch_embed = patch_embed
        self.blocks = nn.Sequential(
            *[Block(dim, num_heads, drop_prob) for drop_prob in rates(drop_path_rate, depth)]
        )
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes)
        self.apply(_initialize)
        for tokens in (self.cls_token, self.pos_embed):
            nn.init.trunc_normal_(tokens, std=0.02)

    def forward(self, x: Tensor) -> Any:
        """Logits, (N, num_classes), of images (N, in_channels, image_size, image_size)."""
        patches = self.patch_embed(x)
        tokens = mg.cat([self.cls_token.expand(x.shape[0], -1, -1), patches], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(tokens))[:, 0])


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def vit_tiny(
    num_classes: int = 1000,
    image_size: int = 224,
    patch_size: int = 16,
    depth: int = 12,
    drop_path_rate: float = 0.0,
) -> ViT:
    """ViT-Ti: vectors of 192 numbers, 3 heads, 5.7 million parameters.

    Examples
    --------
    >>> import minigrad as mg
    >>> vit_tiny(num_classes=10, image_size=32, patch_size=8, depth=2)(mg.zeros(1, 3, 32, 32)).shape
    (1, 10)
    """
    return ViT(image_size, patch_size, 192, depth, 3, num_classes, drop_path_rate=drop_path_rate)


def vit_small(
    num_classes: int = 1000,
    image_size: int = 224,
    patch_size: int = 16,
    depth: int = 12,
    drop_path_rate: float = 0.0,
) -> ViT:
    """ViT-S: vectors of 384 numbers, 6 heads, 22.1 million parameters."""
    return ViT(image_size, patch_size, 384, depth, 6, num_classes, drop_path_rate=drop_path_rate)
