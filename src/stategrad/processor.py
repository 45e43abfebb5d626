"""What the processor does well."""

from __future__ import annotations

import torch


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether products of bfloat16 matrices run at the speed of the hardware.

    Processors without AVX-512, or its like, take such products apart number by number, some fifty times slower than those of
    float32.
    """
    if device.type != "cpu":
        return True
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
