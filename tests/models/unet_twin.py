"""The U-Net of DDPM in plain PyTorch: one loop over a list, after the authors' TensorFlow code.

The weights have the names of diffusers' UNet2DModel, with `to_out.0` as there.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F


def sines(t, size):
    half = size // 2
    angles = (
        t.double()[:, None] * torch.exp(torch.arange(half).double() * -math.log(10000) / (half - 1))[None]
    )
    return torch.cat([angles.sin(), angles.cos()], 1)


class Res(nn.Module):
    def __init__(self, before, after, size, groups, dropout):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, before, 1e-6)
        self.conv1 = nn.Conv2d(before, after, 3, 1, 1)
        self.time_emb_proj = nn.Linear(size, after)
        self.norm2 = nn.GroupNorm(groups, after, 1e-6)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1)
        if before != after:
            self.conv_shortcut = nn.Conv2d(before, after, 1)

    def forward(self, x, time):
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time_emb_proj(F.silu(time)).unsqueeze(-1).unsqueeze(-1)
        h = self.conv2(self.dropout(F.silu(self.norm2(h))))
        return h + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


class Attend(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, channels, 1e-6)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.Sequential(nn.Linear(channels, channels))

    def forward(self, x):
        n, c, h, w = x.shape
        y = self.group_norm(x).permute(0, 2, 3, 1).reshape(n, h * w, c)
        scores = torch.einsum("nic,njc->nij", self.to_q(y), self.to_k(y)) / math.sqrt(c)
        y = self.to_out(torch.einsum("nij,njc->nic", scores.softmax(-1), self.to_v(y)))
        return x + y.reshape(n, h, w, c).permute(0, 3, 1, 2)


class Half(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 2)

    def forward(self, x):
        return self.conv(nn.ZeroPad2d((0, 1, 0, 1))(x))


class Double(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x):
        return self.conv(x.repeat_interleave(2, 2).repeat_interleave(2, 3))


def holder(**lists):
    module = nn.Module()
    for name, modules in lists.items():
        setattr(module, name, nn.ModuleList(modules))
    return module


class UNet(nn.Module):
    def __init__(self, image_size, in_channels, channels, multipliers, attention, blocks, dropout, groups):
        super().__init__()
        self.channels, size = channels, 4 * channels
        self.conv_in = nn.Conv2d(in_channels, channels, 3, 1, 1)
        self.time_embedding = nn.Module()
        self.time_embedding.linear_1 = nn.Linear(channels, size)
        self.time_embedding.linear_2 = nn.Linear(size, size)
        down, up, stack, here = [], [], [channels], channels
        for i, multiplier in enumerate(multipliers):
            wide = channels * multiplier
            resnets, attentions, halvings = [], [], []
            for _ in range(blocks):
                resnets.append(Res(here, wide, size, groups, dropout))
                attentions += [Attend(wide, groups)] if image_size // 2**i in attention else []
                here = wide
                stack.append(here)
            if i + 1 < len(multipliers):
                halvings.append(Half(here))
                stack.append(here)
            down.append(holder(resnets=resnets, attentions=attentions, downsamplers=halvings))
        middle = [Res(here, here, size, groups, dropout) for _ in range(2)]
        self.mid_block = holder(attentions=[Attend(here, groups)], resnets=middle)
        for i, multiplier in reversed(list(enumerate(multipliers))):
            wide = channels * multiplier
            resnets, attentions = [], []
            for _ in range(blocks + 1):
                resnets.append(Res(here + stack.pop(), wide, size, groups, dropout))
                attentions += [Attend(wide, groups)] if image_size // 2**i in attention else []
                here = wide
            up.append(holder(resnets=resnets, attentions=attentions, upsamplers=[Double(here)] if i else []))
        self.down_blocks, self.up_blocks = nn.ModuleList(down), nn.ModuleList(up)
        self.conv_norm_out = nn.GroupNorm(groups, here, 1e-6)
        self.conv_out = nn.Conv2d(here, in_channels, 3, 1, 1)

    def forward(self, x, t):
        time = self.time_embedding.linear_1(sines(t, self.channels).to(x.dtype))
        time = self.time_embedding.linear_2(F.silu(time))
        stack = [x := self.conv_in(x)]
        for stage in self.down_blocks:
            for i, resnet in enumerate(stage.resnets):
                x = resnet(x, time)
                x = stage.attentions[i](x) if len(stage.attentions) else x
                stack.append(x)
            for halve in stage.downsamplers:
                stack.append(x := halve(x))
        x = self.mid_block.attentions[0](self.mid_block.resnets[0](x, time))
        x = self.mid_block.resnets[1](x, time)
        for stage in self.up_blocks:
            for i, resnet in enumerate(stage.resnets):
                x = resnet(torch.cat([x, stack.pop()], 1), time)
                x = stage.attentions[i](x) if len(stage.attentions) else x
            for double in stage.upsamplers:
                x = double(x)
        assert not stack
        return self.conv_out(F.silu(self.conv_norm_out(x)))
