"""Small PyTorch modules of each kind, each with the inputs of one call. Only for tests that have PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional
Module: Any = nn.Module

Case = tuple[Any, tuple[Any, ...]]


class Of(Module):
    """A function as a module, with parts."""

    def __init__(self, function: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)


def image(*shape: int) -> Any:
    return torch.zeros(shape or (1, 3, 12, 12))


def cases() -> dict[str, Case]:
    """The modules by what they cover."""
    return _images() | _sequences() | _others()


def _images() -> dict[str, Case]:
    block = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
    residual = Of(
        lambda m, x: functional.relu(m.second(functional.relu(m.first(x))) + m.short(x)),
        first=nn.Conv2d(3, 6, 3, stride=2, padding=1),
        second=nn.Conv2d(6, 6, 3, padding=1),
        short=nn.Conv2d(3, 6, 1, stride=2),
    )
    inverted = Of(
        lambda m, x: x + m.project(functional.relu6(m.depthwise(functional.relu6(m.expand(x))))),
        expand=nn.Conv2d(4, 12, 1),
        depthwise=nn.Conv2d(12, 12, 3, padding=1, groups=12),
        project=nn.Conv2d(12, 4, 1),
    )
    excited = Of(
        lambda m, x: x * torch.sigmoid(m.second(functional.silu(m.first(functional.adaptive_avg_pool2d(x, 1))))),
        first=nn.Conv2d(8, 2, 1),
        second=nn.Conv2d(2, 8, 1),
    )
    inception = Of(
        lambda m, x: torch.cat([m.one(x), m.two(x), functional.avg_pool2d(x, 3, 1, 1)], 1),
        one=nn.Conv2d(3, 4, (1, 5), padding=(0, 2)),
        two=nn.Conv2d(3, 4, 3, padding=2, dilation=2),
    )
    unet = Of(
        lambda m, x: m.last(torch.cat([x, functional.interpolate(m.up(m.down(x)), scale_factor=2, mode="nearest")], 1)),
        down=nn.Conv2d(4, 8, 3, stride=4, padding=1),
        up=nn.ConvTranspose2d(8, 4, 2, stride=2),
        last=nn.Conv2d(8, 2, 3, padding="same"),
    )
    classifier = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Hardswish(), nn.AdaptiveAvgPool2d(5), nn.Flatten(), nn.Dropout(), nn.Linear(100, 10)
    )
    upscale = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(3), nn.Conv2d(3, 3, 3))
    return {
        "conv_bn_relu_pool": (block, (image(),)),
        "residual": (residual, (image(),)),
        "inverted_residual": (inverted, (image(2, 4, 6, 6),)),
        "squeeze_excitation": (excited, (image(1, 8, 6, 6),)),
        "inception": (inception, (image(),)),
        "unet": (unet, (image(1, 4, 16, 16),)),
        "classifier": (classifier, (image(),)),
        "grouped": (nn.Conv2d(8, 12, 3, groups=4, padding=(1, 0), stride=(2, 1)), (image(1, 8, 9, 9),)),
        "conv1d": (nn.Sequential(nn.Conv1d(4, 8, 5, padding=2, stride=2), nn.GELU()), (image(1, 4, 30),)),
        "conv3d": (nn.Sequential(nn.Conv3d(2, 4, 3, padding=1), nn.MaxPool3d(2)), (image(1, 2, 4, 6, 6),)),
        "upscale": (upscale, (image(1, 3, 6, 6),)),
    }


def _attention(m: Any, x: Any) -> Any:
    b, t, d = x.shape
    q, k, v = (y.view(b, t, 2, d // 2).transpose(1, 2) for y in m.qkv(x).split(d, dim=2))
    weights = torch.softmax(q @ k.transpose(-2, -1) / (d // 2) ** 0.5, -1)
    return m.out((weights @ v).transpose(1, 2).reshape(b, t, d))


def _grouped_query(m: Any, x: Any) -> Any:
    b, t, _ = x.shape
    q = m.q(x).view(b, t, 4, 8).transpose(1, 2)
    k, v = (part(x).view(b, t, 2, 8).transpose(1, 2) for part in (m.k, m.v))
    y = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return m.o(y.transpose(1, 2).reshape(b, t, 32))


def _rms(m: Any, x: Any) -> Any:
    y = m.norm(x)
    return m.down(functional.silu(m.gate(y)) * m.up(y))


def _sequences() -> dict[str, Case]:
    qkv = {"qkv": nn.Linear(16, 48), "out": nn.Linear(16, 16)}
    heads = {"q": nn.Linear(32, 32, False), "k": nn.Linear(32, 16, False), "v": nn.Linear(32, 16, False)}
    mlp = Of(
        lambda m, x: x + m.second(functional.gelu(m.first(m.norm(x)))),
        norm=nn.LayerNorm(16),
        first=nn.Linear(16, 64),
        second=nn.Linear(64, 16),
    )
    llama = Of(
        _rms,
        norm=nn.RMSNorm(16),
        gate=nn.Linear(16, 24, False),
        up=nn.Linear(16, 24, False),
        down=nn.Linear(24, 16, False),
    )
    multi = Of(
        lambda m, x: m.heads(x, x, x, need_weights=False)[0], heads=nn.MultiheadAttention(16, 4, batch_first=True)
    )
    words = Of(lambda m, i: m.head(m.table(i)), table=nn.Embedding(50, 16), head=nn.Linear(16, 50, False))
    return {
        "mlp": (mlp, (torch.zeros(2, 7, 16),)),
        "linear": (nn.Sequential(nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 3)), (torch.zeros(5, 12),)),
        "attention_written_out": (Of(_attention, **qkv), (torch.zeros(1, 7, 16),)),
        "multihead": (multi, (torch.zeros(2, 7, 16),)),
        "grouped_query": (Of(_grouped_query, **heads, o=nn.Linear(32, 32, False)), (torch.zeros(1, 6, 32),)),
        "gated_mlp": (llama, (torch.zeros(1, 7, 16),)),
        "embedding": (words, (torch.zeros(1, 6, dtype=torch.int64),)),
    }


def _others() -> dict[str, Case]:
    return {
        "matmul_broadcast": (Of(lambda m, a, b: a @ b), (torch.zeros(2, 3, 4, 5), torch.zeros(5, 6))),
        "einsum": (
            Of(lambda m, a, b: torch.einsum("bij,bkj->bik", a, b)),
            (torch.zeros(2, 3, 4), torch.zeros(2, 5, 4)),
        ),
        "reductions": (Of(lambda m, x: (x.sum(1), x.mean((2, 3)), x.amax(-1, keepdim=True))), (image(2, 3, 4, 5),)),
        "elementwise": (
            Of(lambda m, a, b: torch.where(a > b, torch.exp(a) * 2, torch.maximum(a, b) / (b.abs() + 1))),
            (torch.zeros(3, 4), torch.zeros(4)),
        ),
        "layout": (
            Of(lambda m, x: torch.stack(x.permute(0, 2, 1)[:, 1:7:2, :].chunk(3, 1), 0).squeeze(2) + x.mean()),
            (torch.zeros(2, 5, 8),),
        ),
        "group_norm": (nn.Sequential(nn.GroupNorm(2, 6), nn.Conv2d(6, 4, 1)), (image(1, 6, 4, 5),)),
        "instance_norm": (nn.InstanceNorm2d(4, affine=True), (image(1, 4, 5, 6),)),
        "padded": (
            Of(lambda m, x: m.conv(functional.pad(x, (1, 2, 0, 1)))[..., 1:], conv=nn.Conv2d(3, 4, 3)),
            (image(),),
        ),
        "lstm": (Of(lambda m, x: m.lstm(x)[0], lstm=nn.LSTM(6, 5, 2, bidirectional=True)), (torch.zeros(4, 2, 6),)),
        "recurrent": (Of(lambda m, x: m.gru(x)[0], gru=nn.GRU(6, 5, batch_first=True)), (torch.zeros(1, 4, 6),)),
    }
